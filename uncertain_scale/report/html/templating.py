"""Templates of pages; texts and figures as they stand in them.

Texts are shown as they are, with only web addresses made into links. Figures are SVG that takes the
page's colours and font; its text stays text, and the tips of its parts stand in `<title>` elements,
which need no script.
"""

from __future__ import annotations

import io
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from uncertain_scale.errors import printable
from uncertain_scale.report.figures import style
from uncertain_scale.report.figures.sensitivity import input_label
from uncertain_scale.report.figures.sheet import TIP
from uncertain_scale.report.numbers import percent, units_in_words, with_powers
from uncertain_scale.units.labels import with_name

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure

_OWN = "uncertain_scale.report.html"
_ADDRESS = re.compile(r"https?://[^\s<>\"'`|\\^{}]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]"
_LINK = Markup('<a href="{0}" rel="noopener noreferrer external">{0}</a>')
VARIABLES = {
    style.INK: "--ink",
    style.MUTED: "--muted",
    style.RULE: "--rule",
    style.PAPER: "--card",
    style.BLUE: "--blue",
    style.SKY: "--sky",
    style.GREEN: "--green",
    style.ORANGE: "--orange",
    style.VERMILLION: "--vermillion",
}
_PLACES = re.compile(r'(?<=\s)(d|x|y|transform|points)="([^"]*)"')
_LONG = re.compile(r"(\.\d)\d+")
_FONT = re.compile(r"font: [^;\"]*?([\d.]+px)[^;\"]*")
_BACKGROUND = re.compile(r'<g id="patch_1">.*?</g>\s*', re.DOTALL)


@cache
def environment(*packages: str) -> Environment:
    """Return what renders templates: text is escaped, and shown on one line.

    The folders `templates` of further packages are searched first.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, _OWN)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else on_one_line(value),
    )
    found.filters |= {
        "linked": linked,
        "powers": with_powers,
        "units": units_in_words,
        "percent": percent,
        "label": input_label,
        "with_name": with_name,
        "times": _times,
    }
    return found


def stylesheet() -> str:
    """Return the style of pages: colours, light and dark, and typography."""
    return (files(_OWN) / "templates" / "style.css").read_text(encoding="utf-8")


def _times(text: str) -> str:
    """Write x3.2, a factor in plain text, with a multiplication sign; the mark ! as a word."""
    return re.sub(r"(?<![\w.])x(?=\d)", "×", text).replace("! ", "warning: ", 1)


def on_one_line(text: object) -> str:
    r"""Return text on one line, control and direction characters shown as escapes.

    Examples
    --------
    >>> on_one_line("right-to-left \u202e override")
    'right-to-left \\u202e override'
    """
    return printable(" ".join(str(text).split()))


def linked(text: object) -> Markup:
    """Return text in which http and https addresses are links, and nothing else is.

    Examples
    --------
    >>> str(linked("<b> javascript:alert(1)"))
    '&lt;b&gt; javascript:alert(1)'
    """
    words = on_one_line(text)
    parts: list[Markup] = []
    end = 0
    for found in _ADDRESS.finditer(words):
        address = found[0].rstrip(_TRAILING)
        if ")" in found[0] and "(" in address:  # an address such as …/Scale_(disambiguation)
            address = found[0].rstrip(_TRAILING.replace(")", ""))
        parts += [escape(words[end : found.start()]), _LINK.format(address)]
        end = found.start() + len(address)
    return Markup("").join([*parts, escape(words[end:])])


def inline(figure: Figure, number: int, *, least: float = 0.0, zoom: float = 1.3) -> Markup:
    """Return a figure as an SVG element.

    Parameters
    ----------
    figure
        Its label becomes the text alternative.
    number
        Distinguishes it from the page's other figures.
    least
        Width in CSS pixels under which it is not shrunk, but scrolls in its own box.
    zoom
        CSS pixels for a point, at most.
    """
    text = io.StringIO()
    with style.rendering(**{"svg.fonttype": "none"}):
        figure.savefig(
            text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
    body = text.getvalue()
    body = body[body.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = _BACKGROUND.sub("", body, count=1)
    width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)[0])
    body = re.sub(r"<svg[^>]*>", "", body, count=1)
    body = re.sub(rf'<g id="{TIP}([^"]*)">', r"<g><title>\1</title>", body)
    body = re.sub(r'<g id="(?:figure|patch|line2d|text|axes|PathCollection)_\d+">', "<g>", body)
    body = re.sub(r'(\sid="|url\(#|href="#)', rf"\1f{number}-", body)
    body = _PLACES.sub(_shortened, body)
    body = re.sub(r"<!--.*?-->\s*|<defs>\s*<style.*?</defs>\s*", "", body, flags=re.DOTALL)
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    body = re.sub(r"font-family: [^;\"]*;?\s*", "", body)
    body = _FONT.sub(lambda found: f"font-size: {found[1]}{_weight(found[0])}", body)
    head = (
        f'<svg role="img" aria-label="{escape(with_powers(str(figure.get_label())))}" '
        f'viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width: {zoom * width:.0f}px; min-width: {least:.0f}px">'
    )
    return Markup(head + re.sub(r">\s*\n\s*", ">", body).strip())  # noqa: S704 (matplotlib escapes)


def _shortened(attribute: re.Match[str]) -> str:
    """Cut the places of a drawing to a tenth of a point."""
    places = _LONG.sub(r"\1", " ".join(attribute[2].split()))
    return f'{attribute[1]}="{places}"'


def _weight(font: str) -> str:
    return "; font-weight: 700" if re.search(r"\b(700|bold)\b", font) else ""
