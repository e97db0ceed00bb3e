"""Parts that the page is made of: text fields with sliders, boxes to copy, panes of HTML.

Panel's own sliders tell a listener neither what they move nor where it is: `Slider` says in words
what its place stands for, in the units of what is moved.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

import panel as pn
import param
from markupsafe import escape

from uncertain_scale.explore.edits import Track, as_number, position_of
from uncertain_scale.report.html.templating import stylesheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


class Slider(pn.custom.JSComponent):  # type: ignore[misc]
    """A slider over whole positions, whose place is written in words."""

    label = param.String(doc="What it moves; not shown, but read to who cannot see.")
    position = param.Integer(doc="Where it is, while it is dragged too.")
    steps = param.Integer(400, doc="The last position; the first is 0.")
    words = param.String(doc="What its place stands for.")
    released = param.Integer(doc="How often it was let go.")

    _stylesheets: ClassVar[list[str]] = [template("widgets.css")]
    _esm = template("slider.js")


class CopyBox(pn.custom.JSComponent):  # type: ignore[misc]
    """Text to copy, or to save as a file where it has a file's name."""

    title = param.String(doc="What the text is.")
    text = param.String(doc="The text, shown as it is.")
    file = param.String(doc="Name of the file that it is saved as; empty for none.")

    _stylesheets: ClassVar[list[str]] = [template("widgets.css")]
    _esm = template("copy_box.js")


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
