"""Choices on as many draws as make them sure: each run larger than the one before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.decide import decide
from uncertain_scale.analysis.precision_search import better, check_search, larger
from uncertain_scale.sampling.limits import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.analysis.decide import Choice
    from uncertain_scale.analysis.option_grid import Stated
    from uncertain_scale.analysis.precision import Goal
    from uncertain_scale.analysis.precision_search import Outcome
    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.limits import Stop

__all__ = ["ChoiceSearch", "choose", "seek_choice"]


@dataclass(frozen=True)
class ChoiceSearch:
    """What a search came to.

    Parameters
    ----------
    choice
        Of the last run that counts: the same bits as any run of its design.
    goal, why
        What was asked, and why the run was the last.
    tried
        Draws of a chain, chains and the error of each run.
    """

    choice: Choice
    goal: Goal
    why: Outcome
    tried: tuple[tuple[int, int, float], ...]

    def facts(self) -> dict[str, Any]:
        """Return what was asked, reached and tried, as plain data."""
        finite = (
            {"draws": draws, "chains": chains, "error": error if np.isfinite(error) else None}
            for draws, chains, error in self.tried
        )
        error = self.choice.error
        return {
            "precision": self.goal.precision,
            "max_draws": self.goal.most,
            "why": self.why,
            "reached": error if np.isfinite(error) else None,
            "tried": list(finite),
        }


def choose(
    asked: Stated,
    design: Design,
    *,
    stop: Stop | None = None,
    progress: Callable[[int], object] | None = None,
) -> Choice:
    """Choose as `decide` does, by what `read_choice` returns."""
    return decide(
        asked.options,
        asked.goals,
        design,
        limits=asked.limits,
        pilots=asked.pilots,
        groups=asked.groups,
        progress=progress,
        stop=stop,
    )


def _silent(*_: object, **__: object) -> None:
    """Tell nobody."""


def seek_choice(
    asked: Stated,
    design: Design,
    goal: Goal,
    *,
    stop: Stop | None = None,
    progress: Callable[..., object] | None = None,
) -> ChoiceSearch:
    """Choose on as many draws as tell the goals of the best option, and its lead, to a precision.

    Parameters
    ----------
    asked
        The options, goals, limits and pilots.
    design
        What is begun with, as `seek` makes it larger.
    goal
        The precision, as `Choice.error` measures it, and the draws that are allowed.
    stop
        Ends the search early.
    progress
        Told the design of a run, how many of its chains are finished, each counted twice, and by
        `error=` that of the run before.

    Raises
    ------
    QuestionError
        As `decide`; or there is one chain, or fewer draws are allowed than the design has.
    StoppedError
        `stop` came before two chains were finished.
    """
    check_search(design, goal)
    best: Choice | None = None
    tried: list[tuple[int, int, float]] = []
    error = np.inf
    while True:
        tell = partial(progress or _silent, design, error=error)
        tell(0)
        try:
            found = choose(asked, design, stop=stop, progress=tell)
        except StoppedError:
            if best is None:
                raise
            found = best
        else:
            error = found.error
            tried.append((found.design.draws, found.design.chains, error))
            if found.design == design or best is None or better(found.design, best.design):
                best = found
        if found.design == design and error <= goal.precision:
            return ChoiceSearch(best, goal, "reached", tuple(tried))
        if stop is not None and stop.why:
            return ChoiceSearch(best, goal, stop.why, tuple(tried))
        wanted = larger(design, error / goal.precision, goal.most)
        if wanted is None:
            return ChoiceSearch(best, goal, "max-draws", tuple(tried))
        design = wanted
