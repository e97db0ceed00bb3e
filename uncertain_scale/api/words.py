"""What Python users call first, in the words of the command line: `ask`, `claims`, `backtest`.

The last two judge without a question: a document's claims, and the priors by published runs.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from uncertain_scale import model as models
from uncertain_scale.analysis.query import Query
from uncertain_scale.api.analyses import (
    SCENARIOS,
    UNWATCHED,
    Problem,
    Watch,
    problem_of,
    warn,
)
from uncertain_scale.api.results import Result
from uncertain_scale.errors import QuestionError, by_name, nearest, several
from uncertain_scale.inputs.chip_scenarios import chip_scenario
from uncertain_scale.model.question import BELIEVED, NAMES
from uncertain_scale.sampling import Design

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from uncertain_scale.inputs.runs import RunsTable

__all__ = [
    "ask",
    "backtest",
    "checked",
    "claims",
    "names_stated",
    "refuse_misspelt",
    "tested",
    "tested_trends",
]

_GIVENS = ("budget", "gpus", "training_time", "training_flop", "date")
_EVENTS = 'events, such as ["training_flop >= 1e26"]'
_FILES = 'files, such as ["my.toml"]'


def refuse_misspelt(names: Iterable[str], words: Iterable[str], error: QuestionError) -> None:
    """Refuse a name that is no variable and was meant for a word.

    Raises QuestionError: naming the word, in the place of an error that names a variable.
    """
    for name in names:
        hint = nearest(name, words)
        if str(error).startswith(f"'{name}' is not a variable") and hint.startswith("did"):
            raise QuestionError(f"'{name}' is neither a variable nor an option; {hint}") from None


@overload
def ask(
    model: models.Model,
    given: Mapping[str, Any],
    *,
    outputs: Iterable[str] = (),
    free: Iterable[str] = (),
    also: Iterable[str] = (),
    as_of: str | dt.date | None = None,
) -> models.Question: ...


@overload
def ask(
    *,
    budget: Any = None,
    gpus: Any = None,
    training_time: Any = None,
    training_flop: Any = None,
    date: Any = None,
    given: Mapping[str, Any] | None = None,
    set: Mapping[str, Any] | None = None,
    free: str | Sequence[str] = (),
    outputs: str | Sequence[str] = (),
    event: str | Sequence[str] = (),
    scenario: str | Path | None = None,
    chip: str | None = None,
    number_format: str | None = None,
    priors: str | Path | Sequence[str | Path] = (),
    equations: str | Path | Sequence[str | Path] = (),
    extends_builtin: bool = False,
    as_of: str | dt.date | None = None,
    draws: int = 4096,
    chains: int = 16,
    design: Literal["sobol", "lhs", "random"] = "sobol",
    seed: int = 0,
    **variables: Any,
) -> Problem: ...


def ask(  # noqa: PLR0913 (each is one option of the command line)
    model: Any = None,
    given: Mapping[str, Any] | None = None,
    *,
    budget: Any = None,
    gpus: Any = None,
    training_time: Any = None,
    training_flop: Any = None,
    date: Any = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the command's word)
    free: Any = (),
    outputs: Any = (),
    also: Iterable[str] = (),
    event: Any = (),
    scenario: str | Path | None = None,
    chip: str | None = None,
    number_format: str | None = None,
    priors: Any = (),
    equations: Any = (),
    extends_builtin: bool = False,
    as_of: str | dt.date | None = None,
    draws: int = 4096,
    chains: int = 16,
    design: Literal["sobol", "lhs", "random"] = "sobol",
    seed: int = 0,
    **variables: Any,
) -> Problem | models.Question:
    """Ask, in the words of the command line: `ask(budget="100M", scenario="base")`.

    With a model and givens in front it reads a `Question` to that model alone, as
    `uncertain_scale.model.ask` does.

    Parameters
    ----------
    budget, gpus, training_time, training_flop, date
        What is known, as people type it: "100M", "25k", 8e7, "80M to 120M", `to(80, 120, "day")`.
    given, **variables
        Any other variable that is known.
    set
        Inputs whose priors are replaced, such as `{"mfu": "0.3 to 0.5"}`; values as in `Model`.
    free
        Inputs to be solved for.
    outputs
        Variables wanted; the model's headline by default, everything reachable for "all".
    event
        Events whose probabilities are wanted, such as "training_flop >= 1e26".
    scenario
        A shipped scenario or a prior file; `base` unless `priors` stand alone.
    chip, number_format
        The scenario of a chip such as "GB300", in "bf16", "fp8" or "fp4".
    priors
        Prior files laid over the scenario.
    equations, extends_builtin
        Files of equations of one's own, which with priors of their own are free of the built-in
        ones unless `extends_builtin`.
    as_of
        Day to which the ages of figures are counted.
    draws, chains, design, seed
        As in `Design`.

    Returns
    -------
    Problem
        On which `run`, `sensitivity`, `compare`, `sweep`, `update` and `decide` are asked for.

    Raises
    ------
    UncertainScaleError
        Anything that is wrong with the names, the values or the files.

    Examples
    --------
    >>> answer = ask(budget="100M", set={"mfu": "0.3 to 0.5"}, draws=512).run()
    >>> float(answer.probability("training_flop >= 1e24"))
    1.0
    """
    if model is not None:
        if not isinstance(model, models.Model):
            found = f"{type(model).__name__} {model!r:.40}"
            raise QuestionError(f'ask: found {found}; expected words, such as budget="100M"')
        return models.ask(model, given or {}, outputs=outputs, free=free, also=also, as_of=as_of)
    if chip is not None and scenario is not None:
        raise QuestionError(f"chip {chip[:40]} is a scenario of its own; drop it or {scenario}")
    if number_format is not None and chip is None:
        raise QuestionError("number_format says how a chip trains; name it by chip")
    own = zip(_GIVENS, (budget, gpus, training_time, training_flop, date), strict=True)
    named = {name: value for name, value in own if value is not None}
    other = {**by_name("given", given), **variables}
    for name in named.keys() & other.keys():
        raise QuestionError(f"{name} is given twice; keep one")
    asked = Query(
        given={**other, **named},
        changes=by_name("set", set, BELIEVED),
        free=several("free", free, str, NAMES),
        outputs=names_stated(outputs),
        events=several("event", event, str, _EVENTS),
        scenario=scenario if chip is None else chip_scenario(chip, number_format),
        priors=several("priors", priors, (str, Path), _FILES),
        equations=several("equations", equations, (str, Path), _FILES),
        extends_builtin=extends_builtin,
        as_of=as_of,
    )
    drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)
    try:
        return problem_of(asked, drawn)
    except QuestionError as error:
        refuse_misspelt(variables, inspect.signature(ask).parameters, error)
        raise


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
    own = several("equations", equations, (str, Path), _FILES)
    chips = several("chip", chip, str, 'chips, such as ["GB200"]')
    scenarios = several("scenario", scenario, (str, Path), SCENARIOS)
    judges = [*scenarios, *map(chip_scenario, chips)]
    names = several("claim", claim, str, "names of claims")
    drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)
    held = checked(source, names, drawn, judges=judges, equations=own, probs=prob, as_of=as_of)
    warn("left out", held.document["faults"])
    return held


def checked(  # noqa: PLR0913 (what is checked, and how)
    source: str | Path,
    names: Sequence[str],
    design: Design,
    *,
    judges: Sequence[str],
    equations: Sequence[str | Path],
    probs: Sequence[float],
    as_of: str | dt.date | None,
    watch: Watch = UNWATCHED,
) -> Result:
    """Check claims, all or those of some names; the document lists those with a fault."""
    from uncertain_scale.analysis.claims import check_claims, model_for
    from uncertain_scale.inputs.claim_files import load_claims
    from uncertain_scale.model.model import OwnEquations
    from uncertain_scale.report.claims_report import claims_document

    own = OwnEquations.read(equations)
    stated = load_claims(source, own.variables).only(names)
    model = model_for(own, stated, judges)
    counted = watch.counting(len(stated.claims), "claims")
    found = check_claims(model, stated, design, scenarios=judges, probs=probs, progress=counted)
    document = claims_document(stated, found, model, design, probs, as_of=as_of)  # type: ignore[arg-type]
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
        if runs or scenario or chip or set or priors or one_prior:
            raise QuestionError("trends tests the shipped series; drop all else")
        return tested_trends()
    from uncertain_scale.inputs.runs import runs_of

    table = runs_of(runs)
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
    found = tested(problem, table, one_prior=one_prior, as_of=as_of)
    warn(f"{table.file}: rows left out", table.faults)
    return found


def tested(
    problem: Problem, table: RunsTable, *, one_prior: bool, as_of: str | dt.date | None
) -> Result:
    """Test a question's priors by the rows of a table that have no fault."""
    from uncertain_scale.analysis.backtest import backtest as test_priors
    from uncertain_scale.report.backtest_report import backtest_document

    found = test_priors(
        problem.model,
        problem.priors,
        table,
        problem.design,
        one_prior=one_prior,
        progress=problem.watch.counting(len(table.runs), "runs"),
    )
    return Result("backtest", backtest_document(found, problem.model, as_of=as_of), found)


def tested_trends() -> Result:
    """Test forecasts of the shipped series of dated values."""
    from uncertain_scale.analysis.trend_backtest import backtest_shipped
    from uncertain_scale.report.trend_report import trends_document

    found = backtest_shipped()
    return Result("backtest of trends", trends_document(found), found)


def names_stated(stated: str | Sequence[str]) -> tuple[str, ...]:
    """Return names in a list, or in text with commas between them."""
    if isinstance(stated, str):
        return tuple(name.strip() for name in stated.split(",") if name.strip())
    return several("outputs", stated, str, NAMES)
