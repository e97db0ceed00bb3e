"""Panels of the page that stand by themselves: what a visitor adds, and a choice among options.

Added inputs and equations are pasted as text; equations are run once it is agreed to.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import panel as pn
from markupsafe import escape

from uncertain_scale.errors import UncertainScaleError, printable
from uncertain_scale.explore.choice import Asked, choice_of, choice_part
from uncertain_scale.explore.session import kept
from uncertain_scale.explore.widgets import STRETCH, CopyBox, control, html
from uncertain_scale.sampling.limits import Stop, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from uncertain_scale.explore.view import Scenarios, View

EQUATIONS, INPUTS = "added.py", "added.toml"
"""Names of the files that pasted texts become."""
_EXAMPLE = """from typing import Annotated

def full_cost(budget: Annotated[float, "USD"], overhead) -> Annotated[float, "USD"]:
    return budget * overhead"""
_HEAD = "schema_version = 1\n"
_WARNING = (
    "This is a Python program. It would be run on this machine as you, with all that you may do: "
    "read and change files, use the network. Nothing checks what it does. Run it only if you have "
    "read it and trust where it comes from."
)
_DATA = "Inputs are read as data; equations are shown again, and run only when you say so."
_DIRECTIONS = ("maximise", "minimise")


class Additions:
    """The part of the page where texts are added, and where equations wait for a yes.

    Parameters
    ----------
    folder
        Where texts are written as files.
    current, take
        Give the view that texts are added to, and show the one with them.
    tell
        Called with what is wrong.
    trusted
        Equations that the program was started with.
    """

    def __init__(
        self,
        folder: Path,
        current: Callable[[], View],
        take: Callable[[View], None],
        tell: Callable[[str], None],
        trusted: tuple[Path, ...],
    ) -> None:
        self._folder, self._current, self._take, self._tell = folder, current, take, tell
        self._trusted = set(trusted)
        self._waits: View | None = None
        area = partial(control, pn.widgets.TextAreaInput, max_length=100_000, auto_grow=True)
        self._inputs = area(
            name="Inputs, as in a prior file",
            placeholder='[inputs.overhead]\nkind = "lognormal"\nq05 = 1.1\nq95 = 1.4',
        )
        self._equations = area(
            name="Equations, in Python",
            placeholder=_EXAMPLE,
        )
        button = partial(control, pn.widgets.Button)
        add, run, leave = (button(name=n) for n in ("Add these", "Run them", "Leave them out"))
        self._answer = pn.Row(run, leave, visible=False, **STRETCH)
        self._code = html()
        add.on_click(self._add)
        run.on_click(self._agreed)
        leave.on_click(lambda _: self._wait(None))
        self.question = pn.Column(self._code, self._answer, **STRETCH)
        self.column = pn.Column(html(_DATA, tag="p"), self._inputs, self._equations, add, **STRETCH)

    def put(self, view: View) -> None:
        """Show what a view has of such texts."""
        for area, name, paths in (
            (self._inputs, INPUTS, view.overlays),
            (self._equations, EQUATIONS, view.equations),
        ):
            texts = [path.read_text(encoding="utf-8") for path in paths if path.name == name]
            area.value = "".join(texts).removeprefix(_HEAD)

    def offer(self, view: View) -> None:
        """Show a view, after a question where it has equations that nobody has agreed to run."""
        self._wait(None)
        if self._trusted.issuperset(view.equations):
            self._take(view)
        else:
            self._wait(view)

    def _wait(self, view: View | None) -> None:
        self._waits = view
        self._answer.visible = view is not None
        codes = [
            f"<p><b>{escape(path.name)}</b></p>"
            f"<pre tabindex='0' role='region' aria-label='{escape(path.name)}'>"
            f"<code>{escape(path.read_text(encoding='utf-8', errors='replace'))}</code></pre>"
            for path in (view.equations if view else ())
            if path not in self._trusted
        ]
        words = f"<p><b>Run these equations?</b> {_WARNING}</p>"
        asked = f"<div class='fault' role='alert'>{words}</div>{''.join(codes)}"
        self._code.object = asked if codes else ""

    def _agreed(self, _: Any) -> None:
        if self._waits is not None:
            self._trusted.update(self._waits.equations)
            self.offer(self._waits)

    def _add(self, _: Any) -> None:
        """Offer the view with the texts in the place of those that were added before."""
        inputs, equations = self._inputs.value.strip(), self._equations.value.strip()
        head = "" if "schema_version" in inputs else _HEAD
        texts = {INPUTS: f"{head}{inputs}\n"} if inputs else {}
        texts |= {EQUATIONS: f"{equations}\n"} if equations else {}
        try:
            view = self._current()
        except UncertainScaleError as error:
            self._tell(str(error))
            return
        place = kept(texts, self._folder)
        overlays = [one for one in view.overlays if one.name != INPUTS]
        others = [one for one in view.equations if one.name != EQUATIONS]
        overlays += [place / INPUTS] if inputs else []
        others += [place / EQUATIONS] if equations else []
        self.offer(replace(view, overlays=tuple(overlays), equations=tuple(others)))


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
