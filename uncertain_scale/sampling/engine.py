"""Chains of draws, made block by block and carried through the equations: what every engine runs.

A `Simulation` says how draws are made, and is a plain picklable value: this process's threads and a
cluster's workers ask it for the same chains and get the same bits. What is done with the blocks of
a chain is up to the caller: `sample` keeps them, a streaming summary reduces them.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, fields
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from uncertain_scale.errors import ModelError
from uncertain_scale.model.calls import CHANGES, call, call_shared
from uncertain_scale.model.problem import Problem, takes_problem
from uncertain_scale.sampling.cancellation import grains
from uncertain_scale.sampling.dependence import CoupledSampler, InputSampler
from uncertain_scale.sampling.design import BLOCK, Block, Design
from uncertain_scale.sampling.limits import StoppedError
from uncertain_scale.sampling.pivots import dependences, pivot_facts, settled_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.model import Plan
    from uncertain_scale.model.equation import Equation
    from uncertain_scale.sampling.dependence import Coupled
    from uncertain_scale.sampling.limits import Stop
    from uncertain_scale.sampling.pivots import Dependence
    from uncertain_scale.units.aliases import FloatArray

# Rounding differs with where a draw stands, by 1e-7 in single precision, and an iteration that
# stops when all draws have converged may go one step further for some.
_SAME = 1e-6
_AGAIN = 1e-9

_TRIED = "on trial draws"
_FEW = 32  # draws by which equations are tried
_RARE = 1e-6  # the level of the farthest of them
_TAILS = 1 / (1 + np.exp(-np.linspace(-13, 13, 16)))  # levels by decades: several are far out
_SPREAD = 0.8, 1.25  # times what is one number, as if it varied
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_ALONE = 1 << 14  # draws of all chains up to which threads cost more than they give
_KEPT = 31 << 20  # bytes: the largest array that glibc looks at so
_POLL = 0.1  # seconds after which a stop is noticed though no item is finished


def propagate(
    plan: Plan,
    inputs: Mapping[str, FloatArray],
    settled: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, FloatArray]:
    """Carry draws of the inputs through a plan's equations.

    Parameters
    ----------
    plan
        Which equations, in which order.
    inputs
        Draws by input, of one shape, in the model's units.
    settled
        Values of variables that only rounding moves, as `Simulation.settled` has them.

    Returns
    -------
    dict
        Draws by variable, the inputs among them.

    Raises
    ------
    ModelError
        An equation fails, writes into an argument, or does not give a number for each draw.
    """
    values = dict(inputs)
    for equation in plan.steps:
        result = call(equation, [values[a] for a in equation.arguments])
        if equation.target in settled:
            result = np.full(result.shape, settled[equation.target])
        values[equation.target] = result
    return values


def settled_value(draws: FloatArray) -> float:
    """Return what draws are that differ by rounding alone."""
    return float(f"{float(np.median(draws[np.isfinite(draws)])):.14e}")


def refuse_mixing(plan: Plan, inputs: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Refuse equations in which a draw's result depends on more than that draw.

    Draws are made in blocks, by several threads or machines, so what `x / x.max()` gives would
    depend on the blocks, and what a random equation gives on chance. The built-in equations are
    tested for that once and for all, in `tests/equations`.

    Parameters
    ----------
    plan, inputs
        As in `propagate`; a few dozen different draws are enough.

    Returns
    -------
    dict
        As `propagate` returns it, each of shape (draw,).

    Raises
    ------
    ModelError
        All equations that fail or are such, a line each.
    """
    values = {name: draws.reshape(-1) for name, draws in inputs.items()}
    faults = []
    for equation in plan.steps:
        if not all(name in values for name in equation.arguments):
            continue  # of an equation that fails
        arguments = [values[name] for name in equation.arguments]
        try:
            values[equation.target] = call(equation, arguments)
            fault = _fault_of_own(equation, arguments)
        except ModelError as error:
            faults.append(str(error))
        else:
            faults += [f"{equation.where} {equation} {fault}"] if fault else []
    if faults:
        raise ModelError("\n".join(faults))
    return values


def _fault(equation: Equation, arguments: Sequence[FloatArray]) -> str:
    """Say what a draw's result depends on besides the draw; "" where it is on nothing."""
    found = call_shared(equation, arguments)
    whole = found.copy()
    if not _close(call(equation, arguments), whole, _AGAIN):
        return CHANGES
    turned = call(equation, [draws[::-1].copy() for draws in arguments])
    if not np.array_equal(found, whole, equal_nan=True):
        return "writes into a result that it gave before; give a new array each time"
    if not _close(turned[::-1], whole, _SAME):
        how = "the others stand in another order"
    elif not all(
        _close(call(equation, [draws[rows] for draws in arguments]), whole[rows], _SAME)
        for rows in _parts(arguments)
    ):
        how = "other draws stand beside it"
    else:
        return ""
    return (
        f"gives a draw another result where {how}; expected each draw's result from that alone: "
        "drop what it takes from all draws (a mean, a maximum, their order or number), or take it "
        "as an argument with a prior"
    )


def _fault_of_own(equation: Equation, arguments: Sequence[FloatArray]) -> str:
    """Say the same of an equation that is not built in, with what is one number spread, too.

    Whether it mixes draws does not show where all are alike; another given would be wrong.
    """
    if equation.builtin:
        return ""
    fault = _fault(equation, arguments)
    if fault or all(np.ptp(draws) > 0 for draws in arguments):
        return fault
    spread = [
        draws if np.ptp(draws) > 0 else draws * np.linspace(*_SPREAD, draws.size)
        for draws in arguments
    ]
    try:
        return _fault(equation, spread)
    except ModelError:
        return ""  # it may not bear other values


def _parts(arguments: Sequence[FloatArray]) -> Iterator[slice | np.ndarray]:
    """Yield rows of parts of the draws: every other, and the low and high ones of each argument.

    Half of the low ones are above a mean or median of theirs, and none above that of all.
    """
    yield slice(None, None, 2)
    yield slice(1, None, 2)
    for draws in arguments:
        if draws.min() < draws.max():
            yield from np.array_split(np.argsort(draws, kind="stable"), 2)


def _close(some: FloatArray, others: FloatArray, tolerance: float) -> bool:
    if np.array_equal(some, others):  # as nearly always
        return True
    finite = np.abs(others[np.isfinite(others)])
    least = 1e-12 * float(finite.max(initial=0))  # of rounding where large numbers cancel
    return bool(np.allclose(some, others, rtol=tolerance, atol=least, equal_nan=True))


@dataclass(frozen=True)
class Simulation:
    """A problem times a design: an answer that is ready to be drawn.

    Parameters
    ----------
    problem
        What is asked of what.
    design
        How draws fill the unit cube.
    coupled
        What does not share its quantile with another scenario; by default everything does.
    """

    problem: Problem
    design: Design
    coupled: Coupled | None = None

    @staticmethod
    @takes_problem
    def of(problem: Problem, design: Design, coupled: Coupled | None = None) -> Simulation:
        """Solve a problem and try its equations.

        Parameters
        ----------
        problem
            A `Problem`, or the model, the priors and the question that make one.
        design, coupled
            As in `Simulation`.

        Raises
        ------
        QuestionError
            The question cannot be answered, or is over-determined.
        ModelError
            Equations that fail on arrays, or give a draw a result that depends on other draws.
        """
        simulation = Simulation(problem, design, coupled)
        if coupled is not None or _TRIED not in problem.tried:
            # A torn joint sample is refused before anything is drawn.
            vars(simulation)["_trial"] = try_equations(simulation.plan, simulation.sampler())
            problem.tried.add(_TRIED)
        return simulation

    def __getstate__(self) -> dict[str, object]:
        """Go to other processes without what follows from the fields."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @cached_property
    def dependences(self) -> list[Dependence]:
        """How variables rest on inputs, where that is one power or slope."""
        return dependences(self.plan, self.sampler(), self._trial)

    @cached_property
    def settled(self) -> Mapping[str, float]:
        """Values of variables in which all that varies cancels.

        Their draws differ by rounding, which is no spread: `a * b / b` is a.
        """
        names = settled_variables(self.plan, self.sampler(), self.dependences)
        finite = {name: np.isfinite(self._trial[name]).any() for name in names}
        return {name: settled_value(self._trial[name]) for name in names if finite[name]}

    def trial_facts(self) -> dict[str, dict[str, str | float]]:
        """Return the attributes that tell a summary of pivots and of rounding, by variable."""
        pivots = pivot_facts(self.plan, self.sampler(), self.dependences)
        rounding = grains(self.plan, self._trial, self.settled)
        return {name: {**facts, **rounding.get(name, {})} for name, facts in pivots.items()}

    @cached_property
    def _trial(self) -> dict[str, FloatArray]:
        return propagate(self.plan, trial_draws(self.sampler()))

    @property
    def plan(self) -> Plan:
        """The equations, in an order in which they can be computed."""
        return self.problem.plan

    @property
    def priors(self) -> Priors:
        """The scenario, with what is given in its place."""
        return self.problem.believed

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that are drawn."""
        return self.plan.inputs

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the inputs and the outputs, each once."""
        return tuple(dict.fromkeys((*self.inputs, *self.plan.outputs)))

    def sampler(self) -> InputSampler:
        """Return what draws the inputs."""
        return self._sampler

    @cached_property
    def _sampler(self) -> InputSampler:
        given = tuple(self.problem.question.given)
        if self.coupled is not None:
            return CoupledSampler(self.priors, self.inputs, given, self.coupled)
        return InputSampler(self.priors, self.inputs, given)

    def blocks(self, chain: int, *, size: int = BLOCK) -> Iterator[dict[str, FloatArray]]:
        """Yield a chain's draws by variable, block by block.

        Parameters
        ----------
        chain
            Number of the chain, from 0.
        size
            Draws of a block, the last one apart. It changes no draw.

        Raises
        ------
        ModelError
            An equation fails, or does not give a number for each draw.
        """
        keep_memory()
        sampler = self.sampler()
        for points in self.design.blocks(sampler.moving, chain=chain, size=size):
            yield propagate(self.plan, sampler.draw(points, chain), self.settled)

    def whole(self, chain: int) -> dict[str, FloatArray]:
        """Return all of a chain's draws by variable, each of shape (draw,).

        Raises
        ------
        ModelError
            An equation fails, or does not give a number for each draw.
        """
        draws = {name: np.empty(self.design.draws) for name in self.variables}
        self.fill(chain, draws)
        return draws

    def fill(
        self, chain: int, arrays: Mapping[str, FloatArray], *, stop: Stop | None = None
    ) -> None:
        """Write a chain's draws into arrays by variable, until it is stopped."""
        start = 0
        for block in self.blocks(chain):
            if stop is not None:
                stop.check()
            end = start + next(iter(block.values())).size
            for name, array in arrays.items():
                array[start:end] = block[name]
            start = end


def try_equations(plan: Plan, sampler: InputSampler) -> dict[str, FloatArray]:
    """Try a plan's equations on a few dozen draws before any others are made, and return these.

    Raises
    ------
    ModelError
        All that fail, or in which a draw's result depends on other draws.
    """
    return refuse_mixing(plan, trial_draws(sampler))


def have_been_tried(plan: Plan, problem: Problem) -> bool:
    """Tell whether a problem's equations have been tried, and a plan's are all among them."""
    known = problem.plan.steps if _TRIED in problem.tried else []
    return all(any(step is one for one in known) for step in plan.steps)


def trial_draws(sampler: InputSampler) -> dict[str, FloatArray]:
    """Return a few dozen draws by input, some of them as far out as draws reach."""
    few = Design(kind="random", draws=_FEW, chains=1)
    block = next(few.blocks(sampler.positions, chain=0))
    columns = {name: column.copy() for name, column in block.columns.items()}
    for number, column in enumerate(columns.values()):
        # All low, all high, and each in turn: what depends on a rare value sees one.
        low, high = np.array([1, 10]) * _RARE, 1 - np.array([1, 10]) * _RARE
        ends = (low[0], high[0], low[1], high[1])
        column[:4] = ends if number % 2 else np.array(ends)[[0, 1, 3, 2]]
        column[4 : 4 + _TAILS.size] = np.random.default_rng(number).permutation(_TAILS)
    return sampler.draw(Block(columns), 0)


@cache
def keep_memory() -> None:
    """Have memory that is freed kept for the next block, where the C library can be had to.

    Glibc returns what is free beyond twice the largest array freed so far, and arrays of a block
    come and go: a page that is returned and taken again costs as much as hundreds of draws.
    """
    np.empty(_KEPT, dtype=np.uint8)  # never written, so that it takes none


def each(
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    *,
    threads: int | None = None,
    stop: Stop | None = None,
) -> Iterator[_Result]:
    """Yield what some work makes of each item, in the order of the items.

    Parameters
    ----------
    work
        Called with an item, such as the number of a chain, from several threads at once.
    items
        What is worked on.
    threads
        How many; by default one for each processor. They change no result. With one the work is
        done here.
    stop
        Ends the results early, without waiting for items that have begun.

    Notes
    -----
    Few items are begun before their results are taken, so that memory stays bounded. A caller who
    stops taking results, or is interrupted, waits only for those that have begun.
    """
    count = threads or processors()
    if count == 1 and stop is None:
        yield from map(work, items)
        return
    begun: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(max_workers=count)
    try:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) > 2 * count:
                yield _result(begun.popleft(), stop)
        while begun:
            yield _result(begun.popleft(), stop)
    except StoppedError:
        return
    finally:
        stopped = stop is not None and bool(stop.why)
        pool.shutdown(wait=not stopped, cancel_futures=True)


def _result(future: Future[_Result], stop: Stop | None) -> _Result:
    """Wait for a result, or for the word that nobody wants it any more."""
    if stop is None:
        return future.result()
    while True:
        try:
            return future.result(timeout=_POLL)
        except NotYet:
            if future.done():  # the work's own
                raise
            stop.check()


def threads_for(design: Design) -> int | None:
    """Return how many threads to draw a design's chains in; None for one a processor."""
    return 1 if design.draws * design.chains <= _ALONE else None


def processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1
