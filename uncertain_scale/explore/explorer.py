"""Answers to views, one after another: nothing that is asked ends an `Explorer`.

No page and no server is known here. A page shows what `Explorer.show` returns, and asks for it
through a `Worker`, which drops or breaks off what a newer view has overtaken. The parts of the page
are made of the plain data, rows and figures of the reports. Text of others is escaped, as
everywhere: only web addresses in sources become links.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from threading import Condition, Lock, Thread
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import UncertainScaleError, printable
from uncertain_scale.explore.answer import Answer, answer_to
from uncertain_scale.explore.graph import equation_rows
from uncertain_scale.explore.view import scenarios_for
from uncertain_scale.report import figures
from uncertain_scale.report.figures.axes import interval_in_words
from uncertain_scale.report.figures.style import rendering
from uncertain_scale.report.html.parts import (
    comparison_parts,
    marks_of,
    output_rows_of,
    ranking_parts,
)
from uncertain_scale.report.html.templating import environment, inline
from uncertain_scale.report.interval_report import headline
from uncertain_scale.report.numbers import percent, with_powers
from uncertain_scale.report.rows import (
    event_rows,
    question_in_words,
    remarks,
    run_in_words,
    sufficient_rows,
)
from uncertain_scale.report.spoken import names_of, spoken
from uncertain_scale.sampling.limits import Stop, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup

    from uncertain_scale.explore.choice import Asked
    from uncertain_scale.explore.view import Scenarios, View
    from uncertain_scale.inputs import Prior

COARSE = (256, 4)
"""Draws of a chain, and chains, while something is being moved."""
PARTS = ("head", "now", "input", "answers", "drivers", "comparison", "equations")
"""Names of the parts of the page that an answer fills."""
_PACKAGE = "uncertain_scale.explore"
_INPUT_FIGURE = 900  # beyond the numbers of the other figures
DRAWING = Lock()
"""Figures are drawn under settings that a process has once."""


@dataclass(frozen=True)
class Shown:
    """What is to be seen of a view.

    Parameters
    ----------
    view
        The view that the answer is to.
    answer
        The answer; that of the last view that had one, where `error` is not empty.
    parts
        The answer's parts as HTML, by name.
    commands
        Command lines that give the same figures, by what they give.
    overlay
        Text of the prior file that the commands need, or "".
    error
        Why the view that was asked for has no answer, or "".
    coarse
        Whether a fuller answer is to follow.
    """

    view: View
    answer: Answer | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    overlay: str = ""
    error: str = ""
    coarse: bool = False


class Explorer:
    """Answers views one after another.

    Parameters
    ----------
    view
        Where a person begins.
    scenarios
        Where scenarios are read.
    commands
        Gives the command lines that ask for a view, by what they give.
    choice_command
        Gives the one that asks for a choice among options of a view.
    session
        Text of a session that is to be opened; "" for none.
    """

    def __init__(
        self,
        view: View,
        scenarios: Scenarios,
        commands: Callable[[View], Mapping[str, str]],
        choice_command: Callable[[View, Asked], str] = lambda *_: "",
        session: str = "",
    ) -> None:
        self.scenarios, self.session = scenarios, session
        self.choice_command = choice_command
        self._commands = commands
        self._key = view.model_key
        self.shown = Shown(view)

    def show(self, view: View, *, coarse: bool = False, stop: Stop | None = None) -> Shown:
        """Answer a view, or say why not and keep the last answer.

        Parameters
        ----------
        view
            What is to be looked at.
        coarse
            Whether few draws do for the moment. Files are read again where they do not.
        stop
            Ends the work early.

        Raises
        ------
        StoppedError
            `stop` came.
        """
        try:
            self.shown = self._answered(view, coarse=coarse, stop=stop)
        except StoppedError:
            raise
        except UncertainScaleError as error:
            self.shown = replace(self.shown, error=printable(error), coarse=False)
        except Exception as error:  # noqa: BLE001 (a fault of the program must not end the page)
            words = f"a fault of the program itself: {type(error).__name__}: {error}"
            self.shown = replace(self.shown, error=printable(words), coarse=False)
        return self.shown

    def _answered(self, view: View, *, coarse: bool, stop: Stop | None) -> Shown:
        if view.model_key != self._key:
            self.scenarios, self._key = scenarios_for(view), view.model_key
        drawn = view.coarse(*COARSE) if coarse else view
        brief = drawn != view
        if not brief:
            self.scenarios.forget()
        answer = answer_to(drawn, self.scenarios, stop=stop, brief=brief)
        ranked = answer.of if answer.ranking["outputs"][answer.of]["ranking"] else None
        return Shown(
            view,
            answer,
            sections(answer, at=view.at, coarse=brief),
            self._commands(replace(view, of=ranked, on=answer.ranking["on"])),
            view.overlay(self.scenarios),
            coarse=brief,
        )

    def refuse(self, fault: str) -> Shown:
        """Return the last answer with the fault of what was typed, for which there is none."""
        self.shown = replace(self.shown, error=printable(fault), coarse=False)
        return self.shown


@dataclass(frozen=True)
class _Wish:
    view: View
    settled: bool


class Worker:
    """Answers views in a thread of its own, coarsely first and then fully.

    Parameters
    ----------
    explorer
        What answers.
    deliver
        Called in the worker's thread with each answer.

    Notes
    -----
    A hand that drags wishes for more views than can be answered: of those that have piled up the
    latest is answered, coarsely, so that something is always seen to move. The full answer is begun
    once the hand rests, and broken off where it moves again.
    """

    def __init__(self, explorer: Explorer, deliver: Callable[[Shown], None]) -> None:
        self._explorer = explorer
        self._deliver = deliver
        self._news = Condition()
        self._wish: _Wish | None = None
        self._full: Stop | None = None
        self._closed = False
        self._thread = Thread(target=self._work, name="explorer", daemon=True)
        self._thread.start()

    def ask(self, view: View, *, settled: bool) -> None:
        """Ask for a view; its full answer is wanted where the hand is settled."""
        with self._news:
            self._wish = _Wish(view, settled)
            if self._full is not None:
                self._full.interrupt()
            self._news.notify()

    def close(self) -> None:
        """End the thread; what it is at is broken off."""
        with self._news:
            self._closed = True
            if self._full is not None:
                self._full.interrupt()
            self._news.notify()

    def _work(self) -> None:
        coarse: View | None = None
        while True:
            with self._news:
                while self._wish is None and not self._closed:
                    self._news.wait()
                if self._closed or self._wish is None:
                    return
                wish, self._wish = self._wish, None
            if wish.view != coarse:
                shown = self._explorer.show(wish.view, coarse=True)
                coarse = wish.view
                self._deliver(shown)
                if not shown.coarse:  # all there is to say, or an error
                    continue
            if wish.settled:
                self._fully(wish)
                coarse = None

    def _fully(self, wish: _Wish) -> None:
        with self._news:
            if self._wish is not None or self._closed:
                return
            stop = self._full = Stop()
        try:
            shown = self._explorer.show(wish.view, stop=stop)
        except StoppedError:
            return
        finally:
            with self._news:
                self._full = None
        self._deliver(shown)


def sections(answer: Answer, *, at: str = "", coarse: bool = False) -> dict[str, str]:
    """Return the parts of the page that an answer fills, by name.

    `at` names the input that is looked at by itself; a fuller answer follows a `coarse` one.
    """
    with DRAWING, rendering():
        return _sections(answer, at, coarse=coarse)


def _sections(answer: Answer, at: str, *, coarse: bool) -> dict[str, str]:
    document, number = answer.document, count(1)
    prob, looked_at = document["probs"][0], document["outputs"][answer.of]
    compared, names = answer.comparison, names_of(document)
    return {
        "head": _render(
            "head",
            question=with_powers(spoken(question_in_words(document), names)),
            headline=headline(document),
            document=document,
            run=run_in_words(document),
            coarse=coarse,
        ),
        "now": _render("now", of=answer.of, words=interval_in_words(looked_at, prob)),
        "input": _input(answer, at),
        "answers": _render(
            "answers",
            prob=prob,
            outputs=list(output_rows_of({**document, "probs": [prob]})),
            events=list(event_rows(document)),
            sufficient=list(sufficient_rows(document)),
            remarks=[spoken(one, names) for one in remarks(document)],
        ),
        "drivers": _render(
            "drivers",
            of=answer.of,
            density=None
            if looked_at["constant"]
            else inline(figures.plot_density(document, [answer.of], columns=1), next(number)),
            drivers=ranking_parts(answer.ranking, number),
        ),
        "comparison": _render(
            "comparison",
            base=document["scenario"],
            prob=percent(prob),
            refused=answer.refused,
            given=with_powers(spoken(question_in_words(document), names)),
            comparisons=[
                {**comparison_parts(compared, one, number), "common": one["common"]}
                for one in compared["comparisons"]
            ]
            if compared
            else [],
        ),
        "equations": _render("equations", rows=equation_rows(answer.problem)),
    }


def _input(answer: Answer, name: str) -> str:
    """Return the part of an input that can be moved: its density, belief, source and marks."""
    prior = answer.inputs.get(name)
    if prior is None:
        return ""
    facts = answer.document["inputs"].get(name) or {**prior.facts(), "origin": "prior"}
    drawn = None if facts["q05"] == facts["q95"] else _density(name, prior)
    marks = marks_of(answer.document).get(name, [])
    return _render("input", input=facts, marks=marks, figure=drawn)


@lru_cache(maxsize=64)
def _density(name: str, prior: Prior) -> Markup:
    """Return the density of an input, drawn once: most of what is moved is something else."""
    return inline(
        figures.plot_priors({name: prior}, [name], columns=1, titles=False), _INPUT_FIGURE
    )


def _render(part: str, **values: Any) -> str:
    macros = environment(_PACKAGE).get_template("parts.html").module
    return str(getattr(macros, part)(**values))
