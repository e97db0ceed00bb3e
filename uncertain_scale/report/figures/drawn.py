"""A figure that a notebook displays by itself, with the project's settings."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from uncertain_scale.report.figures.style import rendering

_DPI = 110


class DrawnFigure(Figure):
    """A figure whose picture is its representation in a notebook, with or without pyplot."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # `%matplotlib inline` takes a figure without axes and lines for an empty one.
        nothing = Line2D([], [], visible=False)
        nothing.set_figure(self)
        self.lines.append(nothing)

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        with rendering():
            self.savefig(picture, format="png", dpi=_DPI, metadata={"Software": None})
        return picture.getvalue()
