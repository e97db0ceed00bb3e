"""Draws carried through the equations, a chain at a time, into a tree in ArviZ's schema.

`run` goes all the way in one call, from names and values as people type them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import by_name, several
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.files import extends_shipped, input_names
from uncertain_scale.model import ask, believe
from uncertain_scale.model.model import OwnEquations
from uncertain_scale.model.problem import Problem, takes_problem
from uncertain_scale.model.question import BELIEVED, NAMES
from uncertain_scale.sampling.chains import ArrayTree, as_tree, chains_of
from uncertain_scale.sampling.design import Design
from uncertain_scale.sampling.engine import Simulation, each, threads_for
from uncertain_scale.sampling.limits import StoppedError, refuse_to_hold
from uncertain_scale.units.dates import DATE, FIRST_DATE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model import Model
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.dependence import Coupled
    from uncertain_scale.sampling.limits import Stop
    from uncertain_scale.units import Quantity
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["prepare", "run", "sample", "sample_arrays"]


@takes_problem
def sample(  # noqa: PLR0913 (what is asked, and how it is gone about)
    problem: Problem,
    design: Design,
    *,
    stop: Stop | None = None,
    cluster: Cluster | None = None,
    progress: Callable[[int], object] | None = None,
    done: Mapping[str, FloatArray] | None = None,
    coupled: Coupled | None = None,
) -> xr.DataTree:
    """Answer a question with draws.

    Parameters
    ----------
    problem
        A `Problem`, or the model, the priors and the question that make one, in this order.
    design
        How the draws fill the unit cube.
    stop
        Ends the run early: the tree then holds the chains that were finished, in their order.
    cluster
        Draws the chains instead of this process; it changes no bit.
    progress
        Called after each chain with the number of those that are finished.
    done
        Draws of the first chains by variable, each of shape (chain, draw), which are not drawn
        again.
    coupled
        What does not share its quantile with the scenario that this one is compared with.

    Returns
    -------
    xarray.DataTree
        `prior`, the inputs, and `prior_predictive`, the outputs, each variable with dims
        (chain, draw) and attributes `units` and `long_name`; `constant_data`, what was given. The
        root's attributes record how it was made.

    Raises
    ------
    QuestionError
        The question cannot be answered, or is over-determined, or the draws do not fit in memory.
    StoppedError
        `stop` came before the first chain was finished.
    ClusterError
        The cluster cannot do it.

    Examples
    --------
    >>> from uncertain_scale.model import ask, default_model
    >>> from uncertain_scale.inputs import load_priors
    >>> from uncertain_scale.sampling import Design
    >>> model = default_model()
    >>> priors = load_priors("post-2024-07", variables=model.variables)
    >>> question = ask(model, {"budget": "100M"}, outputs=["gpu_hours"])
    >>> tree = sample(model, priors, question, Design(draws=2, chains=2))
    >>> tree["prior_predictive/gpu_hours"].values.tolist()
    [[50000000.0, 50000000.0], [50000000.0, 50000000.0]]
    """
    return sample_arrays(
        problem, design, stop=stop, cluster=cluster, progress=progress, done=done, coupled=coupled
    ).to_xarray()


def sample_arrays(  # noqa: PLR0913 (as above)
    problem: Problem,
    design: Design,
    *,
    stop: Stop | None = None,
    cluster: Cluster | None = None,
    progress: Callable[[int], object] | None = None,
    done: Mapping[str, FloatArray] | None = None,
    coupled: Coupled | None = None,
) -> ArrayTree:
    """Answer a question with draws in plain arrays, for who needs no xarray; see `sample`."""
    simulation = Simulation.of(problem, design, coupled)
    refuse_to_hold(simulation)
    shape = (design.chains, design.draws)
    arrays = {name: np.empty(shape) for name in simulation.variables}
    there = np.zeros(design.chains + 1, dtype=bool)
    begun = min(len(next(iter(done.values()))), design.chains) if done else 0
    there[:begun] = True
    for name, array in (done or {}).items():
        arrays[name][:begun] = array[:begun]
    for chain in _fill(arrays, simulation, range(begun, design.chains), stop, cluster):
        there[chain] = True
        if progress is not None:
            progress(int(there.sum()))
    finished = int(there.argmin())  # a cluster's chains come in any order
    if finished < design.chains:
        if not finished:
            raise StoppedError(stop.why if stop else "")
        simulation = replace(simulation, design=replace(design, chains=finished))
        arrays = {name: array[:finished] for name, array in arrays.items()}
    return as_tree(simulation, arrays)


def _fill(
    arrays: Mapping[str, FloatArray],
    simulation: Simulation,
    chains: Sequence[int],
    stop: Stop | None,
    cluster: Cluster | None,
) -> Iterator[int]:
    """Draw chains into arrays; yield the number of each that is finished."""
    if cluster is not None:
        for chain, draws in chains_of(simulation, chains, cluster=cluster, stop=stop):
            for name, array in arrays.items():
                array[chain] = draws[name]
            yield chain
        return

    def keep(chain: int) -> int:
        rows = {name: array[chain] for name, array in arrays.items()}
        simulation.fill(chain, rows, stop=stop)
        return chain

    yield from each(keep, chains, threads=threads_for(simulation.design), stop=stop)


def run(  # noqa: PLR0913 (each is one option of the command line)
    scenario: str | Path | None = None,
    *,
    given: Mapping[str, str | float | Quantity] | None = None,
    believed: Mapping[str, str | float] | None = None,
    free: Sequence[str] = (),
    outputs: Sequence[str] = (),
    equations: Sequence[str | Path] = (),
    priors: Sequence[str | Path] = (),
    extends_builtin: bool = False,
    design: Design | None = None,
    as_of: str | dt.date | None = None,
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
        Files of further equations. With priors of their own they are a model of another subject,
        without the built-in equations.
    priors
        Prior files laid over the scenario.
    extends_builtin
        Whether the built-in equations are there beside equations that have priors of their own.
    design
        How draws are made; 16 Sobol' chains of 4,096 draws by default.
    as_of
        The reader's day, such as "2026-11-30", on which reports tell how old figures are; the day
        of the report by default.

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
    given, believed = by_name("given", given), by_name("believed", believed, BELIEVED)
    model, scenario_priors = prepare(
        scenario,
        equations=equations,
        priors=priors,
        known=(*given, *believed),
        asked=outputs,
        free=free,
        extends_builtin=extends_builtin,
    )
    question = ask(model, given, outputs=outputs, free=free, as_of=as_of)
    scenario_priors = believe(scenario_priors, model, believed, question=question)
    return sample(Problem(model, scenario_priors, question), design or Design())


def prepare(  # noqa: PLR0913 (all that the model hangs on)
    scenario: str | Path | None = None,
    *,
    equations: Sequence[str | Path] | OwnEquations = (),
    priors: Sequence[str | Path] = (),
    known: Iterable[str] = (),
    asked: Iterable[str] = (),
    free: Iterable[str] = (),
    beside: Iterable[str | Path] = (),
    extends_builtin: bool = False,
) -> tuple[Model, Priors]:
    """Return the model and the scenario's priors in its units.

    Parameters
    ----------
    scenario, equations, priors, extends_builtin
        As in `run`.
    known, asked, free
        Variables of a question: those given or replaced, those wanted, and those solved for.
    beside
        Other scenarios for the same model, the prior files laid over each.
    """
    own = equations if isinstance(equations, OwnEquations) else OwnEquations.read(equations)
    priors = several("priors", priors, (str, Path), 'prior files, such as ["my.toml"]')
    asked, free = several("outputs", asked, str, NAMES), several("free", free, str, NAMES)
    source, overlays = _files(scenario, priors)
    filed: set[str] = set()
    if own.equations:
        for first, more in ((source, overlays), *(_files(one, priors) for one in beside)):
            filed |= input_names(first, more)
            extends_builtin |= extends_shipped([first, *more])
    known = set(known)
    stated = sorted(known.difference(free, {DATE}))
    model = own.model(
        stated,
        (*asked, *free),
        sorted(filed.difference(free)),
        extends_builtin=extends_builtin,
    )
    has_date = not {DATE, FIRST_DATE}.isdisjoint({*known, *asked, *free})
    found = load_priors(
        source, overlays=overlays, variables=model.variables, with_date=has_date or None
    )
    return model.with_trends(found) if found.trends or found.sums else model, found


def _files(
    scenario: str | Path | None, priors: Sequence[str | Path]
) -> tuple[str | Path, list[str | Path]]:
    """Return the file that a scenario begins with, and those laid over it."""
    first, *others = [*([scenario or "base"] if scenario or not priors else []), *priors]
    return first, others
