"""How figures look: colours that the colour-blind distinguish, and files that are reproducible.

Figures are made of `matplotlib.figure.Figure` without pyplot, so that no window, no global state
and no display is needed.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from uncertain_scale.errors import QuestionError
from uncertain_scale.report.atomic import check_place, save_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.figure import Figure

# Okabe and Ito (2008), Color universal design, https://jfly.uni-koeln.de/color/, and greys.
BLUE = "#0072b2"
SKY = "#56b4e9"
GREEN = "#009e73"
ORANGE = "#e69f00"
VERMILLION = "#d55e00"
INK = "#16191d"
MUTED = "#59616b"
RULE = "#c9ced6"
PAPER = "#ffffff"
LINES = (BLUE, VERMILLION, GREEN, "#cc79a7", ORANGE, SKY, INK)

ENDINGS = (".svg", ".png", ".pdf")
_DPI = 200
_SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same layout everywhere
    "font.size": 9,
    "svg.hashsalt": "uncertain-scale",
    "svg.fonttype": "path",  # a figure in a paper looks the same on every machine
    "pdf.fonttype": 42,
    "axes.formatter.use_mathtext": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "legend.frameon": False,
}


_rendering: ContextVar[bool] = ContextVar("rendering", default=False)
_Options = ParamSpec("_Options")
_Result = TypeVar("_Result")


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, its size in points of 1/72 inch."""
    from uncertain_scale.report.figures.drawn import DrawnFigure

    return DrawnFigure(figsize=(width / 72, height / 72))


@contextmanager
def rendering(**settings: Any) -> Iterator[None]:
    """Draw and write with the project's settings, whatever a user's own are.

    Within another one, only what is asked for here is set anew: resetting all of them takes as long
    as drawing a small figure.
    """
    import matplotlib as mpl

    if _rendering.get() and not settings:
        yield
        return
    with mpl.rc_context():
        own: dict[Any, Any] = settings
        if not _rendering.get():
            mpl.rcdefaults()
            own = _SETTINGS | settings
        mpl.rcParams.update(own)
        token = _rendering.set(True)
        try:
            yield
        finally:
            _rendering.reset(token)


def styled(function: Callable[_Options, _Result]) -> Callable[_Options, _Result]:
    """Run a function that draws under the project's settings."""

    @wraps(function)
    def drawn(*arguments: _Options.args, **options: _Options.kwargs) -> _Result:
        with rendering():
            return function(*arguments, **options)

    return drawn


def check_figure(path: Path) -> None:
    """Refuse a path that no figure can be written to, before one is drawn.

    Raises
    ------
    QuestionError
        Its ending is not that of a format that figures are written in.
    DataError
        The file cannot be written.
    """
    _check_ending(path)
    check_place(path)


def _check_ending(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise QuestionError(
            f"{path}: figures are written as {', '.join(ENDINGS)}; "
            f"found '{path.suffix or 'no ending'}'"
        )


def save_figure(figure: Figure, path: Path | str) -> Path:
    """Write a figure as SVG, PNG or PDF, by the path's ending; the same bytes every time.

    Parameters
    ----------
    figure
        What a function of this package returns.
    path
        With the ending .svg, .png or .pdf.

    Raises
    ------
    QuestionError
        The path has another ending.
    DataError
        The file cannot be written.
    """
    path = Path(path)
    _check_ending(path)
    form = path.suffix.lower()[1:]
    undated: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
        "png": {"Software": None},
    }
    with rendering():
        write = partial(figure.savefig, format=form, dpi=_DPI, metadata=undated[form])
        return save_whole(path, write)
