"""How far a run goes: to which precision, how long, on from where, and until it is interrupted."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.command import DRAWS, Option, whole_number
from uncertain_scale.cli.output import refuse
from uncertain_scale.cli.progress import INTERRUPTED, Bar, interrupts
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.precision import Goal
    from uncertain_scale.analysis.precision_search import Stage
    from uncertain_scale.analysis.reduction import Part
    from uncertain_scale.analysis.streamed import Streamed
    from uncertain_scale.model import Problem
    from uncertain_scale.report import Document
    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.chains import ArrayTree
    from uncertain_scale.sampling.cluster import Cluster
    from uncertain_scale.sampling.engine import Simulation
    from uncertain_scale.sampling.limits import Stop
    from uncertain_scale.units.aliases import FloatArray

_SECONDS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}
_LONGEST = 1e9
_searched = partial(Option, panel=DRAWS, replay="dropped")
EVERY = 15.0
"""Seconds between checkpoints."""
_SHARE = 20.0  # of the time goes to what is drawn, for one that goes to writing checkpoints


class IntervalsBy(StrEnum):
    """How intervals come about."""

    conditional = "conditional"
    arviz = "arviz"


@dataclass(frozen=True)
class Search:
    """How far draws are made, as it was typed."""

    precision: Annotated[
        str | None, _searched("Draw until each interval end or goal is as sure (95%).", "1%")
    ] = None
    max_time: Annotated[
        str | None, _searched("Stop looking for the precision then.", "90s|10min|2h")
    ] = None
    max_draws: Annotated[str | None, _searched("Make no more draws than these (1B).", "N")] = None

    def goal(self, probs: Sequence[float]) -> Goal | None:
        """Return the precision that is sought, if any.

        Raises QuestionError: an option cannot be read, or makes no sense without --precision.
        """
        if self.precision is None:
            for name in ("max_time", "max_draws"):
                if getattr(self, name) is not None:
                    option = name.replace("_", "-")
                    raise QuestionError(f"--{option} stops a --precision that is sought; add one")
            return None
        from uncertain_scale.analysis.precision import MOST, Goal

        most = MOST if self.max_draws is None else _count(self.max_draws)
        return Goal(_share(self.precision), tuple(dict.fromkeys(probs)), most)

    @property
    def seconds(self) -> float | None:
        """How long a precision is sought, in seconds.

        Raises QuestionError: it cannot be read.
        """
        if self.max_time is None:
            return None
        _refuse_ambiguous("--max-time", self.max_time)
        found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(s|min|h|)\s*", self.max_time)
        seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
        if not 0 < seconds <= _LONGEST:
            raise QuestionError(
                f"--max-time '{self.max_time[:40]}' is no length of time; expected one such as "
                "90s, 10min or 2h"
            )
        return seconds


@dataclass(frozen=True)
class Effort(Search):
    """How far a run goes, as it was typed."""

    resume: Annotated[
        Path | None,
        _searched("Go on with the unfinished run that --output DIR left.", "DIR", reads="result"),
    ] = None
    no_draws: Annotated[
        bool,
        Option(
            "Save no draws with --output, which then holds checkpoints.",
            None,
            "--no-draws",
            panel=DRAWS,
            replay="recorded",
        ),
    ] = False
    intervals: Annotated[
        IntervalsBy, Option("With inputs integrated out, or ArviZ's of the draws.", panel=DRAWS)
    ] = IntervalsBy.conditional

    def check(self, probs: Sequence[float]) -> None:
        """Refuse options that cannot be used, before any file is read.

        Raises QuestionError: an option cannot be read, or makes no sense beside another.
        """
        self.goal(probs)
        _ = self.seconds
        if self.intervals == "arviz" and (self.precision is not None or self.no_draws):
            option = "--no-draws" if self.no_draws else "--precision"
            raise QuestionError(
                f"--intervals arviz takes all draws, and does not go with {option}; leave one out"
            )

    def refuse_with_evidence(self) -> None:
        """Refuse what has no meaning where priors are updated.

        Raises QuestionError: naming the option.
        """
        for name in ("precision", "max_time", "max_draws", "resume"):
            if getattr(self, name) is not None:
                raise QuestionError(
                    f"--{name.replace('_', '-')} does not go with --evidence, whose draws are "
                    "weighted together; choose --draws and --chains instead"
                )
        if self.no_draws:
            raise QuestionError("--no-draws does not go with --evidence, which holds its draws")


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer as a report, and how it came about.

    Parameters
    ----------
    document
        The report.
    tree
        The draws, where they are held.
    design
        What was reached.
    interrupted
        Whether a signal ended it before its goal.
    """

    document: Document
    tree: ArrayTree | None
    design: Design
    interrupted: bool


def answer(
    problem: Problem,
    design: Design,
    *,
    events: Sequence[Event],
    probs: Sequence[float],
    effort: Effort,
    output: Path | None,
    cluster: Cluster | None = None,
) -> Answer:
    """Answer a question with draws, as far as was asked and as long as nobody interrupts.

    Raises
    ------
    QuestionError
        It cannot be answered so, or not a chain was finished in the time allowed.
    typer.Exit
        A signal ended it before the first chain was finished.
    """
    from uncertain_scale.sampling.limits import Stop

    stop = Stop(effort.seconds)
    run = _Run(problem, design, events, effort.goal(probs), stop, output, cluster)
    with drawing(stop, effort) as bar:
        return run.report(probs, effort, bar)


@contextmanager
def drawing(stop: Stop, search: Search) -> Iterator[Bar]:
    """Show a run as it goes, and let a signal or the time allowed end it.

    Raises
    ------
    QuestionError
        Not a chain was finished in the time allowed.
    typer.Exit
        A signal ended it before the first chain was finished.
    """
    from uncertain_scale.sampling.limits import StoppedError

    try:
        with interrupts.drawing(stop), Bar() as bar:
            yield bar
    except StoppedError:
        if stop.why == "interrupted":
            refuse("interrupted before the first chain was finished: no answer", "interrupted")
            raise typer.Exit(INTERRUPTED) from None
        raise QuestionError(
            f"--max-time {search.max_time} was up before the first chain was finished; allow "
            "more, or begin with fewer --draws"
        ) from None


@dataclass
class _Run:
    """One run of the program, which may be part of a longer one."""

    problem: Problem
    design: Design
    events: Sequence[Event]
    goal: Goal | None
    stop: Stop
    folder: Path | None
    cluster: Cluster | None
    latest: tuple[Design, Part] | None = None
    due: float = field(default_factory=lambda: time.monotonic() + EVERY)

    def report(self, probs: Sequence[float], effort: Effort, bar: Bar) -> Answer:
        """Draw, and say what was found and how far it went."""
        from uncertain_scale.report import report_document
        from uncertain_scale.sampling.chains import ArrayTree

        done, held = self._begun(effort)
        complete = True
        extra: dict[str, Any] = {}
        summary = None
        if self.goal is None:
            large = self.folder is None and self._large()
            if effort.intervals == "arviz" and (large or done is not None):
                raise QuestionError(
                    "--intervals arviz takes all draws, which do not fit in memory; ask for fewer"
                )
            streams = effort.no_draws or done is not None or large
            found: ArrayTree | Streamed
            found = self._streamed(bar, done) if streams else self._held(bar, held)
        else:
            from uncertain_scale.analysis.precision_search import facts_of, seek
            from uncertain_scale.analysis.streamed import Streamed

            sought = seek(
                self.problem,
                self.design,
                self.goal,
                events=self.events,
                stop=self.stop,
                progress=lambda stage: bar.show(stage.draws, stage.total, self._stage(stage)),
                keep=self._keep,
                done=done,
                cluster=self.cluster,
            )
            answer, summary = sought.step.answer, sought.step.summary
            found = answer if isinstance(answer, Streamed) else ArrayTree.of(answer)
            extra["search"] = facts_of(sought)
            complete = sought.why in {"reached", "max-draws"}
        interrupts.drawn()
        tree = found if isinstance(found, ArrayTree) else found.tree
        finished = int(tree.attrs["chains"])
        reached = replace(self.design, draws=int(tree.attrs["draws"]), chains=finished)
        if self.goal is None and finished < self.design.chains:
            from uncertain_scale.report.completeness import incomplete_document

            extra["incomplete"] = incomplete_document(self.stop.why, finished, self.design.chains)
            complete = False
        self._leave(found, reached, complete=complete)
        document = report_document(
            found,
            probs=probs,
            events=self.events,
            summary=summary,
            intervals=effort.intervals.value,
        )
        return Answer(
            document | extra,
            found if isinstance(found, ArrayTree) else None,
            reached,
            interrupted=not complete and self.stop.why == "interrupted",
        )

    def _large(self) -> bool:
        from uncertain_scale.sampling.limits import memory_for

        return memory_for(self._simulation()).streams

    def _simulation(self) -> Simulation:
        from uncertain_scale.sampling.engine import Simulation

        return Simulation.of(self.problem, self.design)

    def _held(self, bar: Bar, done: dict[str, FloatArray] | None) -> ArrayTree:
        from uncertain_scale.sampling.sample import sample_arrays

        return sample_arrays(
            self.problem,
            self.design,
            stop=self.stop,
            cluster=self.cluster,
            progress=bar.chains_of(self.design),
            done=done,
        )

    def _streamed(self, bar: Bar, done: Part | None) -> Streamed:
        from uncertain_scale.analysis.streamed import stream

        show = bar.chains_of(self.design)

        def note(part: Part) -> None:
            self._keep(self.design, part)
            show(len(part.chains))

        return stream(
            self.problem,
            self.design,
            events=self.events,
            cluster=self.cluster,
            stop=self.stop,
            progress=note,
            done=done,
        )

    def _begun(self, effort: Effort) -> tuple[Part | None, dict[str, FloatArray] | None]:
        """Return what an unfinished run that this one goes on from left: counts, or draws."""
        if effort.resume is None:
            return None, None
        from uncertain_scale.report.checkpoint import identity_of, read_checkpoint

        saved = read_checkpoint(effort.resume)
        saved.refuse_other(identity_of(self._simulation(), self.events))
        if saved.held is not None:
            if effort.no_draws:
                raise QuestionError(
                    f"{saved.path} is of a run that keeps its draws; go on without --no-draws"
                )
            if self.goal is None:
                return None, saved.draws(self.design)
        if self.goal is not None:  # goes on from the size that it came to
            self.design = saved.design
        if saved.held is not None:
            return None, None
        return saved.part(self._simulation(), self.events), None

    def _keep(self, design: Design, part: Part) -> None:
        """Write a checkpoint, if there is a folder for it and the last one is old."""
        self.latest = (design, part)
        begun = time.monotonic()
        if self.folder is not None and begun >= self.due:
            self._save(self.folder)
            self.due = begun + max(EVERY, _SHARE * (time.monotonic() - begun))

    def _save(self, folder: Path) -> None:
        from uncertain_scale.report.checkpoint import identity_of, save_checkpoint

        if self.latest is not None:
            identity = identity_of(self._simulation(), self.events)
            save_checkpoint(folder, identity, *self.latest)

    def _leave(self, found: ArrayTree | Streamed, reached: Design, *, complete: bool) -> None:
        """Leave a checkpoint of a run that is to be gone on with, and none of one that is done."""
        if self.folder is None:
            return
        from uncertain_scale.report import checkpoint
        from uncertain_scale.report.atomic import remove_file
        from uncertain_scale.sampling.chains import ArrayTree

        if complete:
            remove_file(self.folder / checkpoint.CHECKPOINT)
        elif isinstance(found, ArrayTree):
            identity = checkpoint.identity_of(self._simulation(), self.events)
            design = self.design if self.goal is None else reached
            checkpoint.save_held_checkpoint(self.folder, identity, design, found.to_xarray())
        else:
            self._save(self.folder)

    def _stage(self, stage: Stage) -> str:
        from uncertain_scale.report.completeness import end_in_words, percent

        goal = self.goal
        if stage.end is None or goal is None:
            return f"{stage.design.chains:,} chains x {stage.design.draws:,} draws"
        end = stage.end
        name = end_in_words(end.output, end.kind, end.prob, end.bound)
        return f"{name} ±{percent(end.error)}, wanted {percent(goal.precision)}"


def _share(text: str) -> float:
    _refuse_ambiguous("--precision", text)
    found = re.fullmatch(r"\s*(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)\s*(%?)\s*", text)
    if found is None:
        raise QuestionError(
            f"--precision '{text[:40]}' is no relative error; expected one such as 1% or 0.001"
        )
    return float(found[1]) / (100 if found[2] else 1)


def _count(text: str) -> int:
    _refuse_ambiguous("--max-draws", text)
    with suppress(ValueError):
        if 1 <= (found := whole_number(text)) <= 1e18:
            return found
    raise QuestionError(
        f"--max-draws '{text[:40]}' is no number of draws; expected one such as 10M or 1e9"
    )


def _refuse_ambiguous(option: str, text: str) -> None:
    from uncertain_scale.units import SpellingError, check_spelling

    try:
        check_spelling(text)
    except SpellingError as error:
        raise QuestionError(f"{option} {error}") from None
