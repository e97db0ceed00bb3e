"""The page: Panel's widgets over an `Explorer`; each change asks for another view."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
from bokeh.models import CustomJS
from markupsafe import Markup, escape

from uncertain_scale.errors import QuestionError, UncertainScaleError, printable
from uncertain_scale.explore.edits import GIVENS, Given, as_pairs, as_typed, names_in, pairs_in
from uncertain_scale.explore.explorer import DRAWING, PARTS, Explorer, Shown, Worker
from uncertain_scale.explore.graph import graph_of
from uncertain_scale.explore.panels import Additions, Chooser
from uncertain_scale.explore.session import MOST_BYTES, SESSION, opened, packed, unpacked, written
from uncertain_scale.explore.view import EDITS, View
from uncertain_scale.explore.widgets import (
    STRETCH,
    CopyBox,
    Editor,
    Field,
    Graph,
    Quiet,
    SessionBar,
    control,
    html,
    style,
    template,
)
from uncertain_scale.report.html.templating import stylesheet
from uncertain_scale.units.dates import DATE, DATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uncertain_scale.inputs import Prior

_MOST_UNDONE = 200
_ALL_OVER = "Lay my changes over these too"
# Nothing but this server is asked for anything; Panel's scripts are made of strings in part.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self' blob: {socket}; base-uri 'none'; form-action 'none'"
)


def make_page(explorer: Explorer, scenarios: Sequence[str], socket: str, folder: Path) -> Any:
    """Return a page for one visitor.

    Parameters
    ----------
    explorer
        What answers; its view is where the visitor begins.
    scenarios
        Names of the scenarios that can be chosen.
    socket
        Address of the server's websocket, the only one that the page may talk to.
    folder
        Where files of sessions are put.
    """
    page = _Page(explorer, scenarios, folder)
    made = pn.Template(template("page.html"))
    made.add_variable("style", Markup(f"{stylesheet()}\n{style('page')}"))  # noqa: S704 (our own)
    made.add_variable("policy", _POLICY.format(socket=socket))
    for name, root in page.roots.items():
        made.add_panel(name, root)
    page.begin()
    if explorer.session:
        page.open(explorer.session)
    return made


class _Page(Quiet):
    """The widgets of one visitor, and what they ask for."""

    def __init__(self, explorer: Explorer, scenarios: Sequence[str], folder: Path) -> None:
        start = explorer.shown.view
        self._explorer = explorer
        self._start: View = start
        self._past: list[View] = []
        self._looked_at: str | None = None  # also while a question has no such answer
        self._refused = False
        self._worker: Worker | None = None
        self._document: Any = None
        self._loop: Any = None
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        self._givens = {one.name: self._given(one) for one in GIVENS}
        text = partial(control, pn.widgets.TextInput)
        also, events = "facility_power=150 MW; mfu=0.4", "training_flop >= 1e26"
        self._also = text(name="Anything else that is known", placeholder=also)
        self._free = text(name="Inputs to solve for", placeholder="none; such as hourly_rate")
        self._outputs = text(name="Answers wanted", placeholder="the usual ones; all, or names")
        self._events = text(name="How likely is it?", placeholder=events)
        self._known = list(scenarios)
        choices = partial(control, pn.widgets.CheckBoxGroup)
        self._scenario = control(pn.widgets.Select, name="Scenario", options={})
        self._others = choices(options={})
        self._all_over = choices(options=[_ALL_OVER])
        self._editor = Editor(explorer.scenarios.model, self._in_file, start.edits, self._ask)
        self._of = control(pn.widgets.Select, name="Answer looked at", options=[])
        self._chooser = Chooser(
            lambda: explorer.scenarios, self._wanted, explorer.choice_command, DRAWING
        )
        self._panes = {name: html() for name in PARTS}
        self._fault, self._notice = html(), html()
        self._boxes = pn.Column(**STRETCH)
        self._graph = Graph(sizing_mode="stretch_width")
        self._bar = SessionBar(file=SESSION, most=MOST_BYTES, sizing_mode="stretch_width")
        self._additions = Additions(
            self._folder, self._wanted, self._take, self._tell, start.equations
        )
        asking = (self._also, self._free, self._outputs, self._events, self._others, self._all_over)
        for widget in asking:
            widget.param.watch(self._ask, "value")
        self._scenario.param.watch(self._other_scenario, "value")
        self._of.param.watch(self._other_answer, "value")
        self._graph.param.watch(self._picked, "picks")
        self._bar.param.watch(self._opened, "opened")
        self._bar.param.watch(self._undo, "undone")
        self._put(start)

    @property
    def roots(self) -> dict[str, Any]:
        """The parts that the template places."""
        fields = [self._givens[one.name].column for one in GIVENS]
        question = (*fields, self._also, self._free, self._outputs, self._events)
        heading = html("Compare with", tag="h3")
        scenarios = (self._scenario, heading, self._others, self._all_over)
        return {
            **self._panes,
            "fault": pn.Column(self._fault, self._notice, self._additions.question, **STRETCH),
            "session": self._bar,
            "graph": self._graph,
            "add": self._additions.column,
            "question": pn.Column(*question, **STRETCH),
            "scenarios": pn.Column(*scenarios, **STRETCH),
            "input": self._editor.column(self._panes["input"]),
            "of": self._of,
            "choose": self._chooser.column,
            "again": self._boxes,
        }

    def begin(self) -> None:
        """Answer the first view coarsely, so that the page is there at once, and listen."""
        self._document, self._loop = pn.state.curdoc, asyncio.get_running_loop()
        self._show(self._explorer.show(self._start, coarse=True))
        self._worker = Worker(self._explorer, self._deliver)
        pn.state.on_session_destroyed(lambda _: self._end())
        for event, hidden in (("connection_lost", "false"), ("client_reconnected", "true")):
            script = CustomJS(code=f"document.getElementById('gone').hidden = {hidden}")
            self._document.js_on_event(event, script)
        pn.state.onload(self._ask)  # what came before the browser listens could be lost

    def _end(self) -> None:
        self._chooser.end()
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    # --- from a view to the widgets

    def _put(self, view: View) -> None:
        """Set all widgets to a view, which asks for nothing."""
        with self._quietly():
            self._start, self._looked_at = view, view.of
            for one in GIVENS:
                self._put_given(one, view.given.get(one.name, ""))
            rest = {k: v for k, v in view.given.items() if k not in self._givens}
            self._also.value, self._free.value = as_pairs(rest), ", ".join(view.free)
            self._outputs.value = ", ".join(view.outputs)
            self._events.value = "; ".join(view.events)
            known = dict.fromkeys([*self._known, view.scenario, *view.others])
            options = {self._plain(name): name for name in known}
            self._scenario.param.update(options=options, value=view.scenario)
            self._others.param.update(options=options, value=list(view.others))
            self._all_over.param.update(
                value=[_ALL_OVER] if view.lays_over_all else [], disabled=bool(view.overlays)
            )
            self._editor.restore(view.edits, view.at)
            self._additions.put(view)

    def _plain(self, text: str) -> str:
        """Return a text without the folder of this visitor's files."""
        return re.sub(re.escape(str(self._folder)) + r"/\w+/", "", text)

    def _take(self, view: View) -> None:
        self._put(view)
        self._ask()

    def _tell(self, words: str, kind: str = "fault") -> None:
        """Show a message that stays until something else is asked."""
        role = "alert" if kind == "fault" else "status"
        text = escape(self._plain(printable(words)))
        self._notice.object = f"<div class='{kind}' role='{role}'><p>{text}</p></div>"

    def open(self, text: str) -> None:
        """Open a session, or say what is wrong with it."""
        try:
            view, news = opened(text, self._folder)
        except UncertainScaleError as error:
            self._tell(f"The session is not opened. {error}")
            return
        self._notice.object = ""
        self._additions.offer(view)
        if news:
            self._tell(news, "note")

    def _opened(self, _: Any) -> None:
        said = str(self._bar.opened[1])
        if said == "large":
            self._tell(f"The session is not opened. It is larger than {MOST_BYTES / 1e6:g} MB.")
        elif said.startswith("#"):
            try:
                self.open(unpacked(said))
            except UncertainScaleError as error:
                self._tell(f"The session is not opened: {error}")
        else:
            self.open(said.partition("\n")[2])

    def _undo(self, _: Any) -> None:
        if len(self._past) > 1 and not self._refused:
            self._past.pop()
        self._take(self._past[-1])

    def _picked(self, _: Any) -> None:
        name = self._graph.picked
        if name in self._of.options:
            self._of.value = name
        else:
            self._editor.look_at(name)
            self._ask()

    # --- from the widgets to a view

    def _given(self, one: Given) -> Field:
        return Field(one.label, "not given", self._ask)

    def _put_given(self, one: Given, text: str) -> None:
        units = {DATE: DATES, **self._explorer.scenarios.model.variables}.get(one.name, "1")
        self._givens[one.name].put(text, one.track, units, partial(as_typed, units=units))

    def _in_file(self, name: str) -> Prior | None:
        """Return an input as the scenario's files state it."""
        date = self._givens[DATE].text.value.strip()
        given = {**self._start.given, DATE: date}
        if not date:
            del given[DATE]
        view = replace(self._start, scenario=self._scenario.value, given=given)
        try:
            return view.unedited(self._explorer.scenarios).inputs.get(name)
        except UncertainScaleError:
            return None  # reported when the view is asked for

    def _wanted(self) -> View:
        given = pairs_in(self._also.value)
        for name, field in self._givens.items():
            text = field.text.value.strip()
            if text and given.setdefault(name, text) != text:
                raise QuestionError(f"{name} is given twice; keep one")
        if self._editor.faults:
            raise QuestionError("\n".join(self._editor.faults.values()))
        return replace(
            self._start,
            given=given,
            free=names_in(self._free.value),
            outputs=names_in(self._outputs.value),
            events=tuple(filter(None, map(str.strip, self._events.value.split(";")))),
            scenario=self._scenario.value,
            others=tuple(self._others.value),
            edits=dict(self._editor.edits),
            everywhere=bool(self._all_over.value),
            of=self._looked_at,
            at=self._editor.at,
        )

    def _ask(self, *_: Any, settled: bool = True) -> None:
        if self._quiet or self._worker is None:
            return
        try:
            view = self._wanted()
        except UncertainScaleError as error:
            self._refused = True  # what the worker is at answers another question
            self._bar.can_undo = bool(self._past)
            self._show(self._explorer.refuse(str(error)))
            return
        self._refused = False
        if settled and view not in self._past[-1:]:
            self._past = [*self._past[-_MOST_UNDONE:], view]
            self._notice.object = ""
        self._bar.can_undo = len(self._past) > 1
        self._worker.ask(view, settled=settled)

    def _other_scenario(self, _: Any) -> None:
        self._editor.take_up()
        self._ask()

    def _other_answer(self, _: Any) -> None:
        if not self._quiet:
            self._looked_at = self._of.value
            self._ask()

    # --- from an answer to what is seen

    def _deliver(self, shown: Shown) -> None:
        """Bring an answer from the worker's thread to the page's."""
        with contextlib.suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(self._arrived, shown)

    def _arrived(self, shown: Shown) -> None:
        if self._worker is not None and not self._refused:
            self._document.add_next_tick_callback(partial(self._unless_refused, shown))

    def _unless_refused(self, shown: Shown) -> None:
        if not self._refused:
            self._show(shown)

    def _show(self, shown: Shown) -> None:
        with self._at_once(), self._quietly():
            self._fault.object = self._plain(_fault_words(shown))
            for name, part in shown.parts.items():
                if self._panes[name].object != part:
                    self._panes[name].object = part
            if shown.answer is None:
                return
            document, of = shown.answer.document, shown.answer.of
            self._of.param.update(options=list(document["outputs"]), value=of)
            inputs = document["inputs"].items()
            self._editor.offer(
                [name for name, one in inputs if one["origin"] != "given" and not one["joint"]],
                shown.answer.ranking["outputs"][of]["ranking"],
            )
            if not (shown.coarse or shown.error):
                self._see_again(shown)
                self._graph.graph = graph_of(shown.answer)
                self._editor.model = self._explorer.scenarios.model

    def _see_again(self, shown: Shown) -> None:
        """Show the command lines and the file that they read, in boxes that stay in place."""
        texts = {title: (self._plain(text), "") for title, text in shown.commands.items()}
        texts[f"{EDITS}: save it where you run these"] = (shown.overlay, EDITS)
        view = shown.view
        files = (*view.equations, *view.overlays, Path(view.scenario), *map(Path, view.others))
        for path in files:
            if self._folder in path.parents:
                text = path.read_text(encoding="utf-8")
                texts[f"{path.name}: save it where you run these"] = (text, path.name)
        try:
            session = written(view)
        except UncertainScaleError as error:
            session = ""
            self._tell(f"There is no link to this and no session of it: {error}", "note")
        self._bar.param.update(text=session, address=packed(session) if session else "")
        boxes = {box.title: box for box in self._boxes}
        for title, (text, file) in texts.items():
            if title not in boxes:
                self._boxes.append(CopyBox(title=title, text=text, file=file))
            else:
                boxes[title].text = text
        for title in boxes.keys() - texts.keys():
            boxes[title].text = ""  # which hides it

    @contextlib.contextmanager
    def _at_once(self) -> Iterator[None]:
        """Send what is changed in one go."""
        self._document.hold("combine")
        try:
            yield
        finally:
            self._document.unhold()


def _fault_words(shown: Shown) -> str:
    """Return the message of a view without an answer, and what stands below it."""
    if not shown.error:
        return ""
    words = "Nothing was answered yet."
    if shown.answer is not None:
        words = "What is shown is the last answer; its question stands at the top."
    return f"<div class='fault' role='alert'><p>{escape(shown.error)}</p><p>{words}</p></div>"
