"""Where our own time goes: a question and a draw in parts, and counting beside integrating."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.measure import in_turns, median, paired
from benchmarks.peers import our_designed, our_question, our_summary, read_question
from benchmarks.stages import FEW, WrongAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.stages import Mode

__all__ = [
    "COUNTED",
    "DRAWING",
    "EACH_DRAW",
    "INTEGRATED",
    "counted",
    "each_draw",
    "slider",
    "split",
]

INTEGRATED, COUNTED, DRAWING = "integrated", "counted", "drawing"
EACH_DRAW = ("points", "quantile functions", "equations", "counting")


def counted(mode: Mode) -> dict[str, float]:
    """Time 8,192 draws with their summaries: integrated out, and counted as before.

    Raises
    ------
    WrongAnswerError
        What should be counted is integrated out.
    """
    if any(our_summary(FEW, 1, counted=True)["pivot"].values):
        raise WrongAnswerError("bare outputs are not counted: nothing to compare with")
    calls: dict[str, Callable[[], object]] = {
        INTEGRATED: partial(our_summary, FEW, 1),
        COUNTED: partial(our_summary, FEW, 1, counted=True),
    }
    times = in_turns(calls, 3 * mode.rounds, mode.budget("counted"))
    found = {name: median(one) for name, one in times.items()}
    return found | {"ratio": paired(times[INTEGRATED], times[COUNTED])}


def slider(mode: Mode) -> float:
    """Return the processor's seconds of the answer to a slider of `explore`, at its server."""
    from benchmarks.explore import processor_seconds

    return median(list(processor_seconds(mode.budget("slider"))))


def split(mode: Mode, draws: int) -> dict[str, float]:
    """Return where our time goes: reading, drawing with the model, summaries."""
    import uncertain_scale as us

    our_summary(draws, 1)  # tables are made, and modules imported, once
    budget = mode.budget("split")
    question, design = our_question(), our_designed(draws, 1)
    parts: dict[str, list[float]] = {"reading": [], DRAWING: [], "summaries": []}
    for _ in range(mode.rounds):
        marks = [time.perf_counter()]
        read_question()
        marks.append(time.perf_counter())
        tree = us.sample(*question, design)
        marks.append(time.perf_counter())
        us.summarize(tree, probs=[0.9])
        marks.append(time.perf_counter())
        for part, start, end in zip(parts, marks[:-1], marks[1:], strict=True):
            parts[part].append(end - start)
        if not budget.left:
            break
    return {part: median(times) for part, times in parts.items()}


def each_draw(mode: Mode) -> dict[str, float]:
    """Return nanoseconds of one thread for a draw: points, inputs, model, and counting on top."""
    import uncertain_scale as us
    from uncertain_scale.sampling.engine import Simulation, propagate

    asked = our_question()
    design = us.Design(draws=1 << 16, chains=16)
    simulation = Simulation.of(*asked, design)
    sampler = simulation.sampler()
    budget = mode.budget("each draw")
    parts: dict[str, list[float]] = {part: [] for part in EACH_DRAW}
    for _ in range(mode.rounds):
        marks = dict.fromkeys(EACH_DRAW, 0.0)
        for chain in range(design.chains):
            start = time.perf_counter()
            for points in design.blocks(sampler.moving, chain=chain):
                made = time.perf_counter()
                inputs = sampler.draw(points, chain)
                drawn = time.perf_counter()
                propagate(simulation.plan, inputs)
                done = time.perf_counter()
                for part, spent in zip(
                    EACH_DRAW, (made - start, drawn - made, done - drawn), strict=False
                ):
                    marks[part] += spent
                start = time.perf_counter()
        start = time.perf_counter()
        us.stream(*asked, design, threads=1)
        marks["counting"] = time.perf_counter() - start - sum(marks.values())
        for part, spent in marks.items():
            parts[part].append(spent)
        if not budget.left:
            break
    return {
        part: 1e9 * median(times) / (design.draws * design.chains) for part, times in parts.items()
    }
