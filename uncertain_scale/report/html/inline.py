"""Figures as SVG inside a page: they take the page's colours and font, and say what they show.

Text stays text, so that it can be searched and copied and follows the reader's own font size;
colours become the page's variables, which a dark page sets otherwise; what a figure's parts tell on
hovering stands in `<title>` elements, which need no script.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from uncertain_scale.report.figures import style
from uncertain_scale.report.figures.axes import with_powers
from uncertain_scale.report.figures.sheet import TIP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["VARIABLES", "inline"]

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


def inline(figure: Figure, number: int, *, least: float = 0.0, zoom: float = 1.3) -> Markup:
    """Return a figure as an SVG element.

    Parameters
    ----------
    figure
        Its label becomes the text alternative.
    number
        Told apart by it from the page's other figures.
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
