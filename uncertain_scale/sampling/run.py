"""From names and values as people type them to draws: the whole main road in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.files import input_names
from uncertain_scale.model import ask, believe
from uncertain_scale.model.own import OwnEquations
from uncertain_scale.sampling.design import Design
from uncertain_scale.sampling.sample import sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from uncertain_scale.inputs import Priors
    from uncertain_scale.model import Model
    from uncertain_scale.units import Quantity

__all__ = ["prepare", "run"]


def run(  # noqa: PLR0913 (each is one option of the command line)
    scenario: str | Path | None = None,
    *,
    given: Mapping[str, str | float | Quantity] | None = None,
    believed: Mapping[str, str | float] | None = None,
    free: Sequence[str] = (),
    outputs: Sequence[str] = (),
    equations: Sequence[str | Path] = (),
    priors: Sequence[str | Path] = (),
    design: Design | None = None,
) -> xr.DataTree:
    """Answer a question: read priors, build the model, draw, and carry the draws through.

    Parameters
    ----------
    scenario
        Name of a shipped scenario or path of a prior file; `base` unless `priors` stand alone.
    given
        What is taken as known, by variable, such as `{"budget": "100M USD"}`.
    believed
        Inputs whose priors are replaced, such as `{"mfu": "0.3 to 0.5"}`.
    free
        Inputs to be solved for.
    outputs
        Variables wanted; the model's headline by default, everything reachable for `["all"]`.
    equations
        Files of further equations. With priors of their variables alone they are a model of another
        subject, without the built-in equations.
    priors
        Prior files laid over the scenario.
    design
        How draws are made; 16 Sobol' chains of 4,096 draws by default.

    Returns
    -------
    xarray.DataTree
        As `sample` returns it.

    Raises
    ------
    UncertainScaleError
        Anything that is wrong with the files, the values or the question.

    Examples
    --------
    >>> tree = run("post-2024-07", given={"budget": "100M", "gpus": "25k"})
    >>> round(float(tree["prior_predictive/training_time"][0, 0]), 2)
    83.33
    """
    model, scenario_priors = prepare(
        scenario,
        equations=equations,
        priors=priors,
        known=(*(given or {}), *(believed or {})),
        asked=outputs,
        free=free,
    )
    question = ask(model, given or {}, outputs=outputs, free=free)
    scenario_priors = believe(scenario_priors, model, believed or {}, question=question)
    return sample(model, scenario_priors, question, design or Design())


def prepare(  # noqa: PLR0913 (all that the model hangs on)
    scenario: str | Path | None = None,
    *,
    equations: Sequence[str | Path] | OwnEquations = (),
    priors: Sequence[str | Path] = (),
    known: Iterable[str] = (),
    asked: Iterable[str] = (),
    free: Iterable[str] = (),
    beside: Iterable[str] = (),
) -> tuple[Model, Priors]:
    """Return the model and the scenario's priors in its units.

    Parameters
    ----------
    scenario, equations, priors
        As in `run`.
    known, asked, free
        Variables of a question: those given or replaced, those wanted, and those solved for.
    beside
        Other scenarios for the same model, the prior files laid over each.
    """
    own = equations if isinstance(equations, OwnEquations) else OwnEquations.read(equations)
    source, overlays = _files(scenario, priors)
    stated = set(known)
    if own.equations:
        for files in ((source, overlays), *(_files(one, priors) for one in beside)):
            stated |= input_names(*files)
    model = own.model(sorted(stated.difference(free)), (*asked, *free))
    return model, load_priors(source, overlays=overlays, variables=model.variables)


def _files(
    scenario: str | Path | None, priors: Sequence[str | Path]
) -> tuple[str | Path, list[str | Path]]:
    """Return the file that a scenario begins with, and those laid over it."""
    first, *others = [*([scenario or "base"] if scenario or not priors else []), *priors]
    return first, others
