"""A person's way through views: each answered, or told why it cannot be; nothing ends it.

No page and no server is known here. A page shows what `Explorer.show` returns.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from uncertain_scale.errors import UncertainScaleError, printable
from uncertain_scale.explore.answer import answer_to
from uncertain_scale.explore.sections import sections
from uncertain_scale.sampling.limits import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uncertain_scale.explore.answer import Answer
    from uncertain_scale.explore.view import Scenarios, View
    from uncertain_scale.sampling.limits import Stop

__all__ = ["COARSE", "Explorer", "Shown"]

COARSE = (512, 8)
"""Draws of a chain, and chains, while something is being moved."""


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
    """

    def __init__(
        self, view: View, scenarios: Scenarios, commands: Callable[[View], Mapping[str, str]]
    ) -> None:
        self.scenarios = scenarios
        self._commands = commands
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
            told = f"a fault of the program itself: {type(error).__name__}: {error}"
            self.shown = replace(self.shown, error=printable(told), coarse=False)
        return self.shown

    def _answered(self, view: View, *, coarse: bool, stop: Stop | None) -> Shown:
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
        """Say why there is nothing to answer, and keep the last answer.

        Parameters
        ----------
        fault
            What is wrong with what was typed.
        """
        self.shown = replace(self.shown, error=printable(fault), coarse=False)
        return self.shown
