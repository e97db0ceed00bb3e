"""Templates of pages, and how they write what they are given."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from uncertain_scale.report.figures.axes import with_powers
from uncertain_scale.report.figures.sensitivity import input_label
from uncertain_scale.report.figures.words import percent
from uncertain_scale.report.html.text import linked, worded
from uncertain_scale.report.numbers import units_in_words

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment", "stylesheet"]

_OWN = "uncertain_scale.report.html"


@cache
def environment(*packages: str) -> Environment:
    """Return what renders templates: text is escaped, and shown on one line.

    Parameters
    ----------
    *packages
        Further packages whose folder `templates` holds some; they are looked in first.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, _OWN)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else worded(value),
    )
    found.filters |= {
        "linked": linked,
        "powers": with_powers,
        "units": units_in_words,
        "percent": percent,
        "label": input_label,
        "times": _times,
    }
    return found


def stylesheet() -> str:
    """Return the style of pages: colours, light and dark, and typography."""
    return (files(_OWN) / "templates" / "style.css").read_text(encoding="utf-8")


def _times(text: str) -> str:
    """Write x3.2, a factor in plain text, with a multiplication sign; the mark ! as a word."""
    return re.sub(r"(?<![\w.])x(?=\d)", "×", text).replace("! ", "warning: ", 1)
