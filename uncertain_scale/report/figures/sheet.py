"""A sheet to draw on in points: texts, lines, bars and areas, put straight into a figure.

The origin is at the top left and y grows downward, as on a page. matplotlib's axes are left out:
many small panels are drawn in a fraction of the time, and every label stands where it fits.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from uncertain_scale.errors import printable
from uncertain_scale.report.figures.style import INK, PAPER, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

_Align = Literal["left", "center", "right"]
TIP = "tip "
_MARGIN = 6.0
_SLACK = 0.1  # of rounding, where a width was made for the words
_NO_GLYPH = "\N{WHITE SQUARE}"


class Sheet:
    """A figure, or a part of it with an origin of its own.

    Parameters
    ----------
    width, height
        In points, without the margin around it.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.transforms import Affine2D

        tall = height + 2 * _MARGIN
        self.figure: Figure = new_figure(width + 2 * _MARGIN, tall)
        self.width, self.height = width, height
        self._left = self._top = _MARGIN
        flip = Affine2D().scale(1 / 72, -1 / 72).translate(0, tall / 72)
        self._transform = flip + self.figure.dpi_scale_trans
        self._order = count()

    def part(self, left: float, top: float, width: float, height: float) -> Sheet:
        """Return a part of the sheet, whose coordinates start at its own top left."""
        found = object.__new__(Sheet)
        found.__dict__.update(self.__dict__)
        found._left, found._top = self._left + left, self._top + top
        found.width, found.height = width, height
        return found

    def text(  # noqa: PLR0913 (a text's look)
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 9,
        colour: str = INK,
        bold: bool = False,
        align: _Align = "left",
        tip: str = "",
    ) -> None:
        """Write words, their baseline at y; nothing in them is read as mathematics."""
        from matplotlib.text import Text

        self._add(
            Text(
                self._left + x,
                self._top + y,
                shown(words),
                fontsize=size,
                color=colour,
                fontweight="bold" if bold else "normal",
                horizontalalignment=align,
                verticalalignment="baseline",
                parse_math=False,
            ),
            tip,
        )

    def line(  # noqa: PLR0913 (a line's look)
        self,
        xs: npt.ArrayLike,
        ys: npt.ArrayLike,
        *,
        colour: str = INK,
        width: float = 1.0,
        dashes: tuple[float, float] | None = None,
        tip: str = "",
    ) -> None:
        """Draw a line through points."""
        import numpy as np
        from matplotlib.lines import Line2D

        style: Any = (0, dashes) if dashes else "-"
        self._add(
            Line2D(
                self._left + np.asarray(xs, dtype=float),
                self._top + np.asarray(ys, dtype=float),
                color=colour,
                linewidth=width,
                linestyle=style,
                solid_capstyle="butt",
            ),
            tip,
        )

    def area(
        self,
        xs: npt.ArrayLike,
        ys: npt.ArrayLike,
        *,
        colour: str,
        opacity: float = 1.0,
        tip: str = "",
    ) -> None:
        """Fill a polygon."""
        import numpy as np
        from matplotlib.patches import Polygon

        corners = np.column_stack(
            [
                self._left + np.asarray(xs, dtype=float),
                self._top + np.asarray(ys, dtype=float),
            ]
        )
        self._add(Polygon(corners, facecolor=colour, alpha=opacity, linewidth=0), tip)

    def bar(  # noqa: PLR0913 (its corners and its look)
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        *,
        colour: str,
        opacity: float = 1.0,
        tip: str = "",
    ) -> None:
        """Fill a rectangle between two corners."""
        self.area([x0, x1, x1, x0], [y0, y0, y1, y1], colour=colour, opacity=opacity, tip=tip)

    def dot(self, x: float, y: float, *, colour: str, radius: float = 3.0, tip: str = "") -> None:
        """Draw a dot with a rim in the colour of the paper."""
        from matplotlib.patches import Circle

        centre = (self._left + x, self._top + y)
        self._add(Circle(centre, radius, facecolor=colour, edgecolor=PAPER, linewidth=1.0), tip)

    def curve(
        self, start: Sequence[float], end: Sequence[float], *, colour: str, width: float
    ) -> None:
        """Draw a smooth curve that leaves and arrives level."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        (x0, y0), (x1, y1) = ((self._left + x, self._top + y) for x, y in (start, end))
        middle = (x0 + x1) / 2
        path = Path(
            [(x0, y0), (middle, y0), (middle, y1), (x1, y1)],
            [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
        )
        self._add(PathPatch(path, edgecolor=colour, facecolor="none", linewidth=width), "")

    def _add(self, artist: Artist, tip: str) -> None:
        artist.set_transform(self._transform)
        artist.set_zorder(next(self._order))  # what is drawn later lies above
        if tip:
            artist.set_gid(f"{TIP}{shown(tip)}")
        self.figure.add_artist(artist)


def shown(words: str) -> str:
    """Return words that the font can draw: control characters and missing glyphs replaced."""
    return "".join(c if ord(c) in _glyphs() else _NO_GLYPH for c in printable(words))


def text_width(words: str, size: float, *, bold: bool = False) -> float:
    """Return how wide words are, in points."""
    return size * _width(words, bold=bold)


@lru_cache(maxsize=4096)
def _width(words: str, *, bold: bool) -> float:
    """Return how wide words are in a font of one point."""
    from matplotlib.textpath import text_to_path

    font = _font(bold=bold)
    width, _, _ = text_to_path.get_text_width_height_descent(shown(words), font, ismath=False)
    return float(width / font.get_size_in_points())


def fitted(words: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return words shortened to a width, with an ellipsis where something is left out."""
    width += _SLACK
    if text_width(words, size, bold=bold) <= width:
        return words
    while words and text_width(f"{words}…", size, bold=bold) > width:
        words = words[:-1]
    return f"{words.rstrip()}…"


@cache
def _font(*, bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=100)


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(_font(bold=False))).get_charmap()) | {ord("\n")}
