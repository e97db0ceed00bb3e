"""Runs that go on until every interval end is as sure as was asked: each larger than the last.

What is found is what a run of the design that was reached gives, to the bit: nothing is left of the
way there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from uncertain_scale.analysis.precision import worst
from uncertain_scale.analysis.streamed import Streamed, stream
from uncertain_scale.errors import QuestionError
from uncertain_scale.model.problem import takes_problem
from uncertain_scale.sampling.chains import ArrayTree
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.limits import StoppedError, memory_for
from uncertain_scale.sampling.sample import sample
from uncertain_scale.statistics.outputs import draws_of
from uncertain_scale.statistics.summary import summarize_each
from uncertain_scale.statistics.tally import PILOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.precision import End, Goal
    from uncertain_scale.analysis.reduction import Part
    from uncertain_scale.model import Problem
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.sampling.limits import Stop, Why
    from uncertain_scale.statistics.sketch import AnyDraws

__all__ = [
    "PrecisionResult",
    "Stage",
    "Step",
    "better",
    "check_search",
    "facts_of",
    "larger",
    "seek",
]

Outcome: TypeAlias = Literal["reached", "max-draws", "max-time", "interrupted"]

_FEWEST_CHAINS = 8  # of a step that was stopped, for its errors to be trusted
_LONGEST = 1 << 20
"""Draws up to which a Sobol' chain is doubled."""
# The worst end's error falls like a power of the draws: measured, between 0.54 and 0.73 as Sobol'
# chains are doubled. Steps go as far as the steeper says, which never draws much more than is
# needed; the time left is foretold by the usual.
_STEEP = {"sobol": 0.75, "lhs": 0.5, "random": 0.5}
_USUAL = {"sobol": 0.65, "lhs": 0.5, "random": 0.5}


@dataclass(frozen=True, eq=False)
class Step:
    """One run of a search, with the end that is least sure; None where all outputs are constant."""

    answer: xr.DataTree | Streamed
    summary: xr.Dataset
    design: Design
    end: End | None

    @property
    def error(self) -> float:
        """Relative error of the worst end."""
        return self.end.error if self.end else 0.0


@dataclass(frozen=True)
class Stage:
    """Where a search is.

    Parameters
    ----------
    design
        What is being drawn.
    chains
        How many of its chains are finished.
    end
        The worst end of the run before, where there was one.
    total
        Draws that will have been made at the end, as far as can be foretold.
    before
        Draws of the runs before.
    """

    design: Design
    chains: int
    end: End | None
    total: float
    before: int

    @property
    def draws(self) -> int:
        """Draws that have been made."""
        return self.before + self.chains * self.design.draws


@dataclass(frozen=True, eq=False)
class PrecisionResult:
    """What a search came to.

    Parameters
    ----------
    step
        The last run that counts: the same bits as any run of its design.
    why
        Why it was the last.
    tried
        Draws of a chain, chains and the worst end's error of each run.
    """

    step: Step
    goal: Goal
    why: Outcome
    tried: tuple[tuple[int, int, float], ...]


@takes_problem
def seek(  # noqa: PLR0913 (what `sample` takes, and how it is gone about)
    problem: Problem,
    design: Design,
    goal: Goal,
    *,
    events: Sequence[Event] = (),
    stop: Stop | None = None,
    progress: Callable[[Stage], object] | None = None,
    keep: Callable[[Design, Part], object] | None = None,
    done: Part | None = None,
    cluster: Cluster | None = None,
) -> PrecisionResult:
    """Answer a question with as many draws as make every interval end sure.

    Parameters
    ----------
    problem
        As in `sample`.
    design
        What is begun with. Sobol' chains are doubled while they are short: the error falls faster
        than with more chains, and never slower. Long ones, and other designs, are given more
        chains, since those that are finished count on.
    goal
        When to stop.
    events
        Events whose draws are counted where draws are not held.
    stop
        Ends the search early.
    progress
        Called when a run begins, and after each of its chains where draws are not held.
    keep
        Called with the design and with what is there of its chains, where draws are not held.
    done
        Chains of `design` that were kept by an earlier search.
    cluster
        Draws the chains instead of this process; it changes no bit.

    Returns
    -------
    PrecisionResult
        Its answer is what a run of its design gives, to the bit.

    Raises
    ------
    QuestionError
        The question cannot be answered, there is one chain, or fewer draws are allowed than the
        design has.
    StoppedError
        `stop` came before any chain was finished.

    Examples
    --------
    >>> from uncertain_scale import Design, ask, default_model, load_priors
    >>> from uncertain_scale.analysis.precision import Goal
    >>> model = default_model()
    >>> priors = load_priors("base", variables=model.variables)
    >>> question = ask(model, {"budget": "100M"}, outputs=["gpu_hours"])
    >>> found = seek(model, priors, question, Design(draws=64), Goal(0.01))
    >>> found.why, found.step.error <= 0.01
    ('reached', True)
    """
    check_search(design, goal)
    search = _Search(problem, goal, events, stop, progress, keep, cluster)
    return search.run(design, done)


@dataclass
class _Search:
    """Runs one after another, each larger than the one before."""

    problem: Problem
    goal: Goal
    events: Sequence[Event]
    stop: Stop | None
    progress: Callable[[Stage], object] | None
    keep: Callable[[Design, Part], object] | None
    cluster: Cluster | None
    best: Step | None = None
    before: int = 0
    tried: list[tuple[int, int, float]] = field(default_factory=list)

    def run(self, design: Design | None, done: Part | None) -> PrecisionResult:
        last: Step | None = None
        while design is not None:
            last = self._step(design, done)
            if last is None or last.design != design:
                return self._found(self._why())
            if last.error <= self.goal.precision:
                return self._found("reached")
            if self._why():
                return self._found(self._why())
            self.before += design.chains * design.draws
            design = larger(design, last.error / self.goal.precision, self.goal.most)
            done = _reusable(last, design)
        return self._found("max-draws")

    def _step(self, design: Design, done: Part | None) -> Step | None:
        """Run a design; return what came of it, with fewer chains where it was stopped."""
        self._tell(design, 0)
        try:
            answer = self._draw(design, done)
        except StoppedError:
            if self.best is None:
                raise
            return None
        step = _judge(answer, design, self.goal)
        self.tried.append((step.design.draws, step.design.chains, step.error))
        if step.design == design or self.best is None or better(step.design, self.best.design):
            self.best = step
        return step

    def _draw(self, design: Design, done: Part | None) -> xr.DataTree | Streamed:
        """Answer the question as `report` does: draws are held where they are few."""
        if done is None and not memory_for(Simulation.of(self.problem, design)).streams:
            return sample(
                self.problem,
                design,
                stop=self.stop,
                cluster=self.cluster,
                progress=lambda chains: self._tell(design, chains),
            )

        def tell(part: Part) -> None:
            if self.keep is not None:
                self.keep(design, part)
            self._tell(design, len(part.chains))

        return stream(
            self.problem,
            design,
            events=self.events,
            cluster=self.cluster,
            stop=self.stop,
            progress=tell,
            done=done,
        )

    def _tell(self, design: Design, chains: int) -> None:
        if self.progress is not None:
            self.progress(_stage(design, self.goal, chains, self.best, self.before))

    def _why(self) -> Why:
        return self.stop.why if self.stop is not None else ""

    def _found(self, why: Outcome | Literal[""]) -> PrecisionResult:
        if self.best is None:  # a run without a step raises
            raise StoppedError(why)
        return PrecisionResult(self.best, self.goal, why or "interrupted", tuple(self.tried))


def facts_of(sought: PrecisionResult) -> dict[str, Any]:
    """Return what a search was asked, what it reached and why it stopped, as plain data."""
    end = sought.step.end
    finite = end is not None and np.isfinite([end.error, end.mcse]).all()
    return {
        "precision": sought.goal.precision,
        "max_draws": sought.goal.most,
        "why": sought.why,
        "reached": sought.step.error if finite or end is None else None,
        "worst": None
        if end is None
        else {
            "output": end.output,
            "kind": end.kind,
            "prob": end.prob,
            "bound": end.bound,
            "value": end.value,
            "standard_error": end.mcse if finite else None,
            "relative_to": end.measure,
        },
        "tried": [
            {"draws": draws, "chains": chains, "error": error if np.isfinite(error) else None}
            for draws, chains, error in sought.tried
        ],
    }


def check_search(design: Design, goal: Goal) -> None:
    """Refuse a search that cannot tell its error, or is not allowed its first run.

    Raises
    ------
    QuestionError
        One chain, or more draws than are allowed.
    """
    if design.chains < 2:
        raise QuestionError(
            "a precision needs at least two chains, whose spread tells the error; draw 16, say"
        )
    if design.chains * design.draws > goal.most:
        raise QuestionError(
            f"max-draws = {goal.most:,} is below the {design.chains:,} chains x {design.draws:,} "
            "draws that the search begins with; allow more, or begin with fewer draws"
        )


def _judge(answer: xr.DataTree | Streamed, design: Design, goal: Goal) -> Step:
    if isinstance(answer, Streamed):
        tree = answer.tree
        draws: Mapping[str, AnyDraws] = answer.sketches
    else:
        tree = ArrayTree.of(answer)
        draws = draws_of(tree)
    attributes = {name: one.attrs for name, one in tree.outputs.items()}
    chains = int(tree.attrs["chains"])
    summary = summarize_each(
        draws, probs=tuple(goal.probs), attributes=attributes, draws=design.draws
    ).to_xarray()
    end = worst(summary, draws, chains)
    return Step(answer, summary, replace(design, chains=chains), end)


def better(stopped: Design, whole: Design) -> bool:
    """Say whether a run that was stopped tells more than the whole one before it.

    Parameters
    ----------
    stopped, whole
        What was drawn of each.
    """
    return (
        stopped.chains >= min(_FEWEST_CHAINS, whole.chains)
        and stopped.chains * stopped.draws > whole.chains * whole.draws
    )


def larger(design: Design, ratio: float, most: int) -> Design | None:
    """Return the design to go on with: as much larger as the error is surely too large.

    Parameters
    ----------
    design
        Of the run before.
    ratio
        Its error over what is wanted.
    most
        Draws of all chains that are allowed; None is returned where they do not suffice.
    """
    steps = np.log2(min(ratio, 1e6)) / _STEEP[design.kind]
    doublings = max(int(steps), 1)
    room = most // (design.chains * design.draws)
    doublings = min(doublings, room.bit_length() - 1)
    if doublings < 1:
        return None
    if design.kind == "sobol":
        full = (_LONGEST // design.draws).bit_length() - 1
        if full > 0:
            return replace(design, draws=design.draws << min(doublings, full))
    return replace(design, chains=design.chains << doublings)


def _reusable(last: Step, design: Design | None) -> Part | None:
    """Return the chains of the last run where they are chains of the next, too."""
    if design is None or not isinstance(last.answer, Streamed):
        return None
    same = replace(last.design, chains=design.chains) == design
    # With fewer draws, the bins are not laid by the same ones.
    enough = last.design.chains * last.design.draws >= PILOT
    return last.answer.part if same and enough else None


def _stage(design: Design, goal: Goal, chains: int, last: Step | None, before: int) -> Stage:
    """Foretell how many draws a search will make."""
    total = float(design.chains * design.draws)
    if last is not None and np.isfinite(last.error):
        drawn = last.design.chains * last.design.draws
        needed = drawn * (last.error / goal.precision) ** (1 / _USUAL[design.kind])
        total = max(total, min(needed, goal.most))
    end = last.end if last else None
    return Stage(design, chains, end, before + total, before)
