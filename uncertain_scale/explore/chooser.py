"""The part of the page in which options are typed and chosen among."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import panel as pn
from markupsafe import escape

from uncertain_scale.errors import UncertainScaleError, printable
from uncertain_scale.explore.choice import Asked, choice_of, choice_part
from uncertain_scale.explore.widgets import STRETCH, CopyBox, control, html
from uncertain_scale.sampling.limits import Stop, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from uncertain_scale.explore.view import Scenarios, View

_DIRECTIONS = ("maximise", "minimise")


class Chooser:
    """Fields for options, goals and limits, and the choice.

    Parameters
    ----------
    scenarios
        Returns where scenarios are read, which equations that are added move.
    view
        Returns what the page looks at; raises where that cannot be asked.
    command
        Returns the command line of a choice.
    drawing
        A lock, under which figures are drawn.
    """

    def __init__(
        self,
        scenarios: Callable[[], Scenarios],
        view: Callable[[], View],
        command: Callable[[View, Asked], str],
        drawing: AbstractContextManager[Any],
    ) -> None:
        self._scenarios, self._view, self._command = scenarios, view, command
        self._drawing, self._stop = drawing, Stop()
        lines = partial(control, pn.widgets.TextAreaInput, rows=3)
        text = partial(control, pn.widgets.TextInput)
        self._fields = {
            "options": lines(name="Options, one a line", placeholder="chip=H100,GB200"),
            "goal": text(name="Goal, or two with a comma", placeholder="training_flop"),
            "limits": lines(
                name="Limits, one a line", placeholder="facility_power <= 150 MW with 90%"
            ),
            "pilots": text(name="Measurement to weigh", placeholder="mfu +- 10%"),
            "file": text(name="Or a file of options", placeholder="plan.toml"),
        }
        self._direction = control(
            pn.widgets.Select, name="Direction", options=list(_DIRECTIONS), value=_DIRECTIONS[0]
        )
        self._button = control(pn.widgets.Button, name="Choose")
        self._button.on_click(self._choose)
        self._answer = html()
        self._box = CopyBox(title="Choice", text="", file="")
        options, goal, limits, *others = self._fields.values()
        asking = (options, self._direction, goal, limits, *others, self._button)
        self.column = pn.Column(*asking, self._answer, self._box, **STRETCH)

    def end(self) -> None:
        """Break off what is being drawn."""
        self._stop.interrupt()

    async def _choose(self, _: Any) -> None:
        """Answer what is typed, in a thread of its own."""
        typed = {name: field.value.strip() for name, field in self._fields.items()}
        asked = Asked(**typed, maximise=self._direction.value == _DIRECTIONS[0])
        self._button.param.update(disabled=True, name="Choosing…")
        self._stop = Stop()
        try:
            view = self._view()
            self._answer.object = await asyncio.to_thread(self._answered, view, asked)
            self._box.text = self._command(view, asked)
        except UncertainScaleError as error:
            self._box.text = ""
            words = escape(printable(str(error)))
            self._answer.object = f"<div class='fault' role='alert'><p>{words}</p></div>"
        except StoppedError:
            pass  # the visitor has gone
        finally:
            self._button.param.update(disabled=False, name="Choose")

    def _answered(self, view: View, asked: Asked) -> str:
        document = choice_of(view, self._scenarios(), asked, stop=self._stop)
        with self._drawing:
            return choice_part(document)
