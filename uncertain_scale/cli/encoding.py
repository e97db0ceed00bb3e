"""Streams in other encodings than UTF-8: what they lack is written in characters that they have.

A report on a terminal or in a redirected file of Windows (cp1252), in Latin-1 or in ASCII says the
same with `x` for the sign of multiplication and `_.:-=+*#` for bars. JSON and pages say exactly the
same: they have escapes of their own.
"""
# ruff: noqa: RUF001 (characters that look like others are what this is about)

from __future__ import annotations

import codecs
import json
import re
import sys
from typing import Any
from unicodedata import normalize

__all__ = [
    "cut_for_stdout",
    "degraded",
    "json_for_stdout",
    "mend_streams",
    "page_for_stdout",
    "text_for_stdout",
]

_CUT = "…"
_PREFIX = "uncertain_scale_"
_LIKE = {
    **dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)),
    **dict.fromkeys("─━╌┄‐‑‒–—―−", "-"),
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝", "+"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″«»", '"'),
    **dict.fromkeys("•●·", "*"),
    **dict.fromkeys("µμ", "u"),
    "×": "x",
    "±": "+/-",
    "÷": "/",
    "⁄": "/",
    "…": "...",
    "═": "=",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "∼": "~",
    "→": "->",
    "←": "<-",
    "∞": "inf",
    "√": "sqrt",
    "°": "deg",
    "€": "EUR",
    "ß": "ss",
}
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_OTHER = re.compile(r"[^\x00-\x7f]")


def mend_streams() -> None:
    """Let stdout and stderr write any text, whatever their encoding."""
    codecs.register(_codec)
    for stream in (sys.stdout, sys.stderr):
        encoding = getattr(stream, "encoding", None) or "utf-8"
        if not _is_unicode(encoding) and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=f"{_PREFIX}{encoding}")


def json_for_stdout(text: str) -> str:
    """Return JSON in characters that stdout has."""
    if _is_unicode(getattr(sys.stdout, "encoding", None) or "utf-8"):
        return text
    return _OTHER.sub(lambda found: json.dumps(found[0])[1:-1], text)


def page_for_stdout(text: str) -> str:
    """Return a page in HTML in characters that stdout has."""
    if _is_unicode(getattr(sys.stdout, "encoding", None) or "utf-8"):
        return text
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def text_for_stdout(text: str) -> str:
    """Return a text in characters that stdout has."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    encoding = encoding.removeprefix(_PREFIX)
    return text if _is_unicode(encoding) else degraded(text, encoding)


def cut_for_stdout(page: str) -> str:
    """Return a page that is laid out with its marks of what was cut no wider than they were."""
    mark = text_for_stdout(_CUT)
    return re.sub(rf"[^\n\x1b]{{{len(mark) - 1}}}{_CUT}", lambda _: mark, page)


def degraded(text: str, encoding: str) -> str:
    """Return a text in characters that an encoding has, as near as they come.

    Examples
    --------
    >>> degraded("1.2×10²⁶ ± 3% ▁▃█ für …", "ascii"), degraded("m², ±3 → 10²⁶", "latin-1")
    ('1.2x10^26 +/- 3% _:# fur ...', 'm², ±3 -> 10^26')
    """

    def power(found: re.Match[str]) -> str:
        whole = found[0]
        return whole if _has(encoding, whole) else f"^{whole.translate(_POWERS)}"

    text = _POWER.sub(power, text)
    if _has(encoding, text):
        return text
    return "".join(one if _has(encoding, one) else _like(one) for one in text)


def _like(character: str) -> str:
    """Return what stands for a character in ASCII; ? for one that nothing is like."""
    if character in _LIKE:
        return _LIKE[character]
    parts = normalize("NFKD", character)
    return "".join(_LIKE.get(one, one) for one in parts if one.isascii() or one in _LIKE) or "?"


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_unicode(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith("utf")


def _codec(name: str) -> codecs.CodecInfo | None:
    """Return the codec that degrades what another lacks, for `codecs.register`."""
    if not name.startswith(_PREFIX):
        return None
    encoding = name.removeprefix(_PREFIX)
    base = codecs.lookup(encoding)

    class Encoder(codecs.IncrementalEncoder):
        def encode(self, text: str, final: bool = False) -> bytes:  # noqa: ARG002, FBT001 (as Python calls it)
            return degraded(text, encoding).encode(encoding)

    def encode(text: str, errors: str = "strict") -> tuple[Any, int]:  # noqa: ARG001 (none is left)
        return degraded(text, encoding).encode(encoding), len(text)

    return codecs.CodecInfo(
        encode,
        base.decode,
        incrementalencoder=Encoder,
        incrementaldecoder=base.incrementaldecoder,
        name=name,
    )
