"""The two widgets that Panel has none of that a listener can use: a slider, and a box to copy.

Panel's own sliders tell a listener neither what they move nor where it is. What a handle stands for
is said in words here, in the units of what is moved.
"""

from __future__ import annotations

from importlib.resources import files
from typing import ClassVar

import panel as pn
import param

__all__ = ["CopyBox", "Slider"]


def _text(name: str) -> str:
    return (files("uncertain_scale.explore") / "templates" / name).read_text(encoding="utf-8")


class Slider(pn.custom.JSComponent):  # type: ignore[misc]
    """A slider over whole positions, whose place is told in words."""

    label = param.String(doc="What it moves; not shown, but told to who cannot see.")
    position = param.Integer(doc="Where it is, while it is dragged too.")
    steps = param.Integer(400, doc="The last position; the first is 0.")
    words = param.String(doc="What its place stands for.")
    released = param.Integer(doc="How often it was let go.")

    _stylesheets: ClassVar[list[str]] = [_text("widgets.css")]
    _esm = _text("slider.js")


class CopyBox(pn.custom.JSComponent):  # type: ignore[misc]
    """Text to copy, or to save as a file where it has a file's name."""

    title = param.String(doc="What the text is.")
    text = param.String(doc="The text, shown as it is.")
    file = param.String(doc="Name of the file that it is saved as; empty for none.")

    _stylesheets: ClassVar[list[str]] = [_text("widgets.css")]
    _esm = _text("copy_box.js")
