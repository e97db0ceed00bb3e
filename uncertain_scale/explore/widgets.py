"""Parts that the page is made of: fields with sliders, the editor of inputs, boxes to copy.

Panel's own sliders tell a listener neither what they move nor where it is: `Slider` says in words
what its place stands for, in the units of what is moved.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

import panel as pn
import param
from markupsafe import escape

from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.explore.edits import (
    Track,
    as_number,
    edited,
    handle_of,
    position_of,
    track_of,
    typed,
)
from uncertain_scale.report.html.templating import stylesheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from uncertain_scale.explore.edits import Handle
    from uncertain_scale.inputs import Prior
    from uncertain_scale.model import Model

STRETCH: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}


def template(name: str) -> str:
    """Return the text of one of the page's templates."""
    folder = files("uncertain_scale.explore") / "templates"
    return (folder / name).read_text(encoding="utf-8")


@cache
def style(name: str) -> str:
    """Return one of the page's own styles."""
    return template(f"{name}.css")


def control(kind: Any, **options: Any) -> Any:
    """Return one of Panel's widgets in the page's style."""
    return kind(stylesheets=[style("control")], sizing_mode="stretch_width", **options)


def html(words: str = "", *, tag: str = "") -> Any:
    """Return a pane of HTML: empty, or an element such as `h3` with words, which are escaped."""
    text = f"<{tag}>{escape(words)}</{tag}>" if tag else ""
    return pn.pane.HTML(text, stylesheets=[stylesheet(), style("part")], **STRETCH)


class Quiet:
    """A part that listens to its widgets but for a while."""

    _quiet = False

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Hear nothing until the end; a while within another ends with the outer one."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before


class _Part(pn.custom.JSComponent):  # type: ignore[misc]
    """A part with a script of its own, in the style of all of them."""

    _stylesheets: ClassVar[list[str]] = [template("widgets.css")]


class Slider(_Part):
    """A slider over whole positions, whose place is written in words."""

    label = param.String(doc="What it moves; not shown, but read to who cannot see.")
    position = param.Integer(doc="Where it is, while it is dragged too.")
    steps = param.Integer(400, doc="The last position; the first is 0.")
    words = param.String(doc="What its place stands for.")
    released = param.Integer(doc="How often it was let go.")

    _esm = template("slider.js")


class CopyBox(_Part):
    """Text to copy, or to save as a file where it has a file's name."""

    title = param.String(doc="What the text is.")
    text = param.String(doc="The text, shown as it is.")
    file = param.String(doc="Name of the file that it is saved as; empty for none.")

    _esm = template("copy_box.js")


class SessionBar(_Part):
    """Buttons for undo, a link, and sessions; the address of the page follows `address`."""

    address = param.String(doc="The session behind the # of the address; empty where too long.")
    text = param.String(doc="The session, to be saved.")
    file = param.String(doc="Name of the file that it is saved as.")
    most = param.Integer(doc="Bytes of a file that is opened.")
    opened = param.List(doc="A count, and what was opened: an address, `file` and a text, `large`.")
    can_undo = param.Boolean(doc="Whether there is something to undo.")
    undone = param.Integer(doc="How often undo was asked for.")

    _esm = template("session.js")


class Graph(_Part):
    """The graph of a question; a click picks an input or an answer."""

    graph = param.Dict({}, doc="As `graph_of` returns it.")
    picked = param.String(doc="The variable that was clicked on.")
    picks = param.Integer(doc="How often one was.")

    _esm = template("graph.js")


class Field(Quiet):
    """A text field with a slider below it.

    Parameters
    ----------
    label
        What it is.
    hint
        What stands in the field while it is empty.
    changed
        Called with `settled`, whether the hand rests.
    """

    def __init__(self, label: str, hint: str, changed: Callable[..., None]) -> None:
        self.track = Track(0.0, 1.0, log=False)
        self.units = "1"
        self.write: Callable[[float], str] = as_number
        self._changed = changed
        self.text = pn.widgets.TextInput(
            name=label, placeholder=hint, stylesheets=[style("control")]
        )
        self.slider = Slider(label=f"{label}: slider")
        self.text.param.watch(self._typed, "value")
        self.slider.param.watch(self._dragged, "position")
        self.slider.param.watch(self._let_go, "released")

    def _let_go(self, _: Any) -> None:
        if not self._quiet:
            self._changed(settled=True)

    @property
    def column(self) -> pn.Column:
        """The two, one above the other."""
        return pn.Column(self.text, self.slider, sizing_mode="stretch_width", margin=(0, 0, 8, 0))

    def put(self, text: str, track: Track, units: str, write: Callable[[float], str]) -> None:
        """Set field and slider, without a word to who watches them."""
        self.track, self.units, self.write = track, units, write
        with self._quietly():
            self.text.value = text
            self._follow()

    def _follow(self) -> None:
        """Move the slider to where the text says."""
        place = position_of(self.text.value, self.units, self.track)
        middle = self.track.steps // 2
        self.slider.param.update(
            steps=self.track.steps,
            position=middle if place is None else place,
            words=self.text.value or self.text.placeholder,
        )

    def _typed(self, _: Any) -> None:
        if not self._quiet:
            with self._quietly():
                self._follow()
            self._changed(settled=True)

    def _dragged(self, _: Any) -> None:
        if not self._quiet:
            with self._quietly():
                self.text.value = self.write(self.track.value(self.slider.position))
                self.slider.words = self.text.value
            self._changed(settled=False)


class Editor(Quiet):
    """Chooses an input, moves its handles, and keeps what was changed.

    Parameters
    ----------
    model
        Whose variables the inputs are.
    in_file
        Gives an input as the scenario's files state it, None where they state none.
    edits
        What is changed at first.
    changed
        Called with `settled`, whether the hand rests.
    """

    def __init__(
        self,
        model: Model,
        in_file: Callable[[str], Prior | None],
        edits: Mapping[str, Prior],
        changed: Callable[..., None],
    ) -> None:
        self.edits = dict(edits)
        self.faults: dict[str, str] = {}
        self.model = model
        self._in_file = in_file
        self._changed = changed
        self._fields: dict[str, Field] = {}
        self._at = control(pn.widgets.Select, name="Input", options=[])
        self._handles = pn.Column(**STRETCH)
        self._restated = control(
            pn.widgets.TextInput,
            name="Or as a distribution",
            placeholder="0.3 to 0.5, or lognormal(q05=…, q95=…)",
        )
        self._reset = control(pn.widgets.Button, name="As in its file", disabled=True)
        self._reset_all = control(pn.widgets.Button, name="All as in their files", disabled=True)
        self._list = html()
        self._at.param.watch(self._other, "value")
        self._restated.param.watch(self._restate, "value")
        self._reset.on_click(lambda _: self._as_in_file(self.at))
        self._reset_all.on_click(lambda _: self._as_in_file(*self.edits))

    @property
    def at(self) -> str:
        """Name of the input that is looked at; "" for none."""
        return self._at.value or ""

    def column(self, *below: Any) -> Any:
        """Return the editor with something below it."""
        buttons = pn.Row(self._reset, self._reset_all, **STRETCH)
        parts = (self._at, self._handles, self._restated, buttons, self._list)
        return pn.Column(*parts, *below, **STRETCH)

    def offer(self, names: list[str], first: list[str]) -> None:
        """Offer the inputs of an answer to be changed, some of them first; the chosen one stays."""
        options = list(dict.fromkeys([*names, *self.edits, *filter(None, [self.at])]))
        chosen = self.at or next((name for name in [*first, *options] if name in options), None)
        if self._at.options != options:
            with self._quietly():
                self._at.param.update(options=options, value=chosen)
            if not self._fields:
                self.take_up()

    def restore(self, edits: Mapping[str, Prior], at: str) -> None:
        """Take up other changes, and look at another input."""
        self.edits = dict(edits)
        self.look_at(at or self.at)

    def look_at(self, name: str) -> None:
        """Look at an input."""
        with self._quietly():
            options = list(dict.fromkeys([*self._at.options, *filter(None, [name])]))
            self._at.param.update(options=options, value=name or None)
        self.take_up()

    def take_up(self) -> None:
        """Show the handles of the input that is looked at, where they are now."""
        prior = self._now()
        self._fields = {}
        self.faults.clear()
        with self._quietly():
            self._restated.value = ""
        self._list_edits()
        if prior is None:
            self._handles[:] = []
            return
        handle = handle_of(prior)
        track = track_of(self._in_file(self.at) or prior, handle)
        units = "" if prior.units == "1" else f", {prior.units}"
        for name, value in zip(handle.names, handle.values, strict=True):
            words = prior.name if name == "value" else f"{prior.name} at {handle.label(name)}"
            field = Field(f"{words}{units}", "a number", partial(self._move, handle))
            field.put(as_number(value), track, prior.units, as_number)
            self._fields[name] = field
        words_above = [html(handle.words, tag="p")] if handle.words else []
        self._handles[:] = [*words_above, *(field.column for field in self._fields.values())]

    def _now(self) -> Prior | None:
        return self.edits.get(self.at) or self._in_file(self.at)

    def _move(self, handle: Handle, *, settled: bool) -> None:
        prior = self._now()
        if prior is not None:
            texts = {name: field.text.value for name, field in self._fields.items()}
            self._keep(lambda: edited(prior, handle, texts))
            self._changed(settled=settled)

    def _restate(self, _: Any) -> None:
        prior, text = self._now(), self._restated.value.strip()
        if self._quiet or prior is None or not text:
            return
        if self._keep(lambda: typed(prior, text, self.model)):
            self.take_up()
        self._changed()

    def _keep(self, make: Callable[[], Prior]) -> bool:
        """Keep a changed input, or the word of what is wrong with it."""
        try:
            prior = make()
        except UncertainScaleError as error:
            self.faults[self.at] = str(error)
            return False
        self.edits[prior.name] = prior
        self.faults.pop(prior.name, None)
        self._list_edits()
        return True

    def _as_in_file(self, *names: str) -> None:
        for name in names:
            self.edits.pop(name, None)
        self.take_up()
        self._changed()

    def _other(self, _: Any) -> None:
        if not self._quiet:
            self.take_up()
            self._changed()

    def _list_edits(self) -> None:
        """List what is changed."""
        self._reset.disabled = self.at not in self.edits
        self._reset_all.disabled = not self.edits
        rows = "".join(
            f"<li><b>{escape(name)}</b> {escape(prior.distribution.describe(longest=8))}</li>"
            for name, prior in self.edits.items()
        )
        words = f"<p class='what'>Changed:</p><ul class='remarks'>{rows}</ul>" if rows else ""
        self._list.object = words
