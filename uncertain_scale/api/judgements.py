"""What is judged without a question: a document's claims, and the priors by published runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from uncertain_scale.api.analyses import SCENARIOS, warn
from uncertain_scale.api.results import Result
from uncertain_scale.api.words import FILES, ask
from uncertain_scale.errors import QuestionError, several
from uncertain_scale.inputs.chip_scenarios import chip_scenario
from uncertain_scale.sampling import Design

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

__all__ = ["backtest", "claims"]


def claims(  # noqa: PLR0913 (each is one option of the command line)
    source: str | Path = "post-2024-07",
    *,
    scenario: str | Path | Sequence[str | Path] = (),
    chip: str | Sequence[str] = (),
    claim: str | Sequence[str] = (),
    equations: str | Path | Sequence[str | Path] = (),
    prob: Sequence[float] = (0.5, 0.9, 0.95),
    as_of: str | dt.date | None = None,
    draws: int = 4096,
    chains: int = 16,
    design: Literal["sobol", "lhs", "random"] = "sobol",
    seed: int = 0,
) -> Result:
    """Tell whether a document's claims follow from its own inputs, and where they fall in ours.

    Claims with a fault are left out with a warning.

    Parameters
    ----------
    source
        Shipped claims, or a claims file.
    scenario, chip
        Scenarios, and chips' scenarios, to judge under besides.
    claim
        Names of claims; all by default.
    equations
        Files of equations of one's own.
    prob, as_of, draws, chains, design, seed
        As in `ask` and `Problem.run`.

    Returns
    -------
    Result
        `data` is what `check_claims` returns.

    Raises
    ------
    UncertainScaleError
        The files have faults, or there is no such claim.

    Examples
    --------
    >>> held = claims("post-2024-07", claim="flop-bf16", draws=64, chains=4)
    >>> [one["name"] for one in held.to_dict()["claims"]]
    ['flop-bf16']
    """
    from uncertain_scale.analysis.claims import check_claims, model_for
    from uncertain_scale.inputs.claim_files import load_claims
    from uncertain_scale.model.model import OwnEquations
    from uncertain_scale.report.claims_report import claims_document

    own = OwnEquations.read(several("equations", equations, (str, Path), FILES))
    chips = several("chip", chip, str, 'chips, such as ["GB200"]')
    scenarios = several("scenario", scenario, (str, Path), SCENARIOS)
    judges = [*scenarios, *map(chip_scenario, chips)]
    names = several("claim", claim, str, "names of claims")
    stated = load_claims(source, own.variables).only(names)
    model = model_for(own, stated, judges)
    drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)
    found = check_claims(model, stated, drawn, scenarios=judges, probs=prob)
    document = claims_document(stated, found, model, drawn, prob, as_of=as_of)  # type: ignore[arg-type]
    warn("left out", document["faults"])
    return Result("claims", document, found)


def backtest(  # noqa: PLR0913 (each is one option of the command line)
    runs: str | Path | None = None,
    *,
    scenario: str | Path | None = None,
    chip: str | None = None,
    number_format: str | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the command's word)
    priors: str | Path | Sequence[str | Path] = (),
    one_prior: bool = False,
    trends: bool = False,
    as_of: str | dt.date | None = None,
    draws: int = 1024,
    chains: int = 16,
    design: Literal["sobol", "lhs", "random"] = "sobol",
    seed: int = 0,
) -> Result:
    """Test the priors: forecast published runs and score the forecasts.

    Rows of the table with a fault are left out with a warning.

    Parameters
    ----------
    runs
        A table of runs; the shipped one by default.
    one_prior
        Whether the scenario's mfu is used on every chip, not the fit of the chip's family.
    trends
        Test forecasts of the shipped trends, in place of the runs.
    scenario, chip, number_format, set, priors, as_of, draws, chains, design, seed
        As in `ask`.

    Returns
    -------
    Result
        `data` is what `analysis.backtest.backtest` returns.

    Raises
    ------
    UncertainScaleError
        The table or the priors have faults, or there is nothing to test.
    """
    if trends:
        from uncertain_scale.analysis.trend_backtest import backtest_shipped
        from uncertain_scale.report.trend_report import trends_document

        if runs or scenario or chip or set or priors or one_prior:
            raise QuestionError("trends tests the shipped series; drop all else")
        studied = backtest_shipped()
        return Result("backtest of trends", trends_document(studied), studied)
    from uncertain_scale.analysis.backtest import backtest as test_priors
    from uncertain_scale.inputs.runs import read_runs, shipped_runs
    from uncertain_scale.report.backtest_report import backtest_document

    table = shipped_runs() if runs is None else read_runs(Path(runs))
    problem = ask(
        scenario=scenario,
        chip=chip,
        number_format=number_format,
        set=set,
        priors=priors,
        draws=draws,
        chains=chains,
        design=design,
        seed=seed,
    )
    found = test_priors(problem.model, problem.priors, table, problem.design, one_prior=one_prior)
    warn(f"{table.file}: rows left out", table.faults)
    document = backtest_document(found, problem.model, as_of=as_of)
    return Result("backtest", document, found)
