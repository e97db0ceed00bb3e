"""A document in a bounded number of characters: its figures first, and where the rest stands."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["abridged"]

# Keys that go first, in this order: what figures are drawn from, other readings, detail.
_FIRST_TO_GO = ("histogram", "figures", "otherwise", "in_sample", "groups", "note")
_WHOLE = {"ages", "warnings", "probs"}
_PROB, _DIGITS, _MARK = 0.9, 6, "…"


def abridged(document: dict[str, Any], most: int, whole: str) -> dict[str, Any]:
    """Return a document as it is where it is short, otherwise what fits, and where the whole is.

    Numbers stay, with six digits, and so do their errors; intervals are equal-tailed ones of one
    probability, 0.9 where the document has it; long texts are cut and long lists end early, each
    with a mark.

    Parameters
    ----------
    document
        Plain data.
    most
        Characters of JSON, about.
    whole
        The address of the whole document, behind which the path of a part may stand.

    Examples
    --------
    >>> abridged({"seed": 0, "note": "x" * 900}, 300, "at://1")["note"]
    '…'
    """
    about = (
        f"Shortened: {_MARK} stands for what is cut or left out, numbers have {_DIGITS} digits. "
        f"The whole is at {whole}; a path such as /inputs behind that address is a part."
    )
    probs = document.get("probs") or [_PROB]
    prob = _PROB if _PROB in probs else probs[0]
    shown, gone, entries = document, -1, 256
    while _size(shown) > most and entries > 1:
        gone, entries = gone + 1, entries if gone < len(_FIRST_TO_GO) else entries * 3 // 4
        shown = {"abridged": about, **_cut(document, prob, _FIRST_TO_GO[:gone], entries)}
    return shown


def _cut(value: Any, prob: float, gone: tuple[str, ...], entries: int) -> Any:
    """Return a value without some keys, with so many entries of a list, and texts in proportion."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, str):
        end = max(24, 4 * entries)
        return value if len(value) <= end else value[:end].rstrip() + _MARK
    if isinstance(value, list):
        kept = [one for one in value if not isinstance(one, dict) or _stays(one, prob)] or value
        shown = [_cut(one, prob, gone, entries) for one in kept[:entries]]
        return shown + [f"{_MARK} the first {entries} of {len(kept)}"] * (len(kept) > entries)
    if isinstance(value, dict):
        alike = len(value) > entries and all(isinstance(one, dict) for one in value.values())
        more = {_MARK: f"the first {entries} of {len(value)}"} if alike else {}
        return more | {
            key: one if key in _WHOLE else _MARK if key in gone else _cut(one, prob, gone, entries)
            for key, one in list(value.items())[: entries if alike else None]
        }
    return value


def _stays(entry: dict[str, Any], prob: float) -> bool:
    return bool(entry.get("prob", prob) == prob and entry.get("kind") != "hdi")


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False))
