"""Words of others in a page: shown as they are, with only web addresses made into links."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from uncertain_scale.errors import printable

__all__ = ["linked", "worded"]

_ADDRESS = re.compile(r"https?://[^\s<>\"'`|\\^{}]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]"


def worded(text: object) -> str:
    r"""Return text on one line, control and direction characters shown as escapes.

    Examples
    --------
    >>> worded("right-to-left \u202e override")
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
    words = worded(text)
    parts: list[Markup] = []
    end = 0
    for found in _ADDRESS.finditer(words):
        address = found[0].rstrip(_TRAILING)
        if ")" in found[0] and "(" in address:  # an address such as …/Scale_(disambiguation)
            address = found[0].rstrip(_TRAILING.replace(")", ""))
        parts += [escape(words[end : found.start()]), _link(address)]
        end = found.start() + len(address)
    return Markup("").join([*parts, escape(words[end:])])


def _link(address: str) -> Markup:
    return Markup('<a href="{0}" rel="noopener noreferrer external">{0}</a>').format(address)
