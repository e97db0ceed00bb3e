"""Distributions as text, in the notation that people type and `parse_distribution` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from typing import Any

__all__ = ["call_text", "number_text"]


@runtime_checkable
class _Described(Protocol):
    def describe(self, longest: int | None = None) -> str: ...


def number_text(value: float) -> str:
    """Return the shortest text that reads back to the same number.

    Examples
    --------
    >>> number_text(8.2e24), number_text(3.0), number_text(0.1)
    ('8.2e24', '3', '0.1')
    """
    text = repr(float(value))
    if "e" in text:
        text = text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return text.removesuffix(".0")


def call_text(kind: str, stated: Mapping[str, Any], longest: int | None) -> str:
    """Return `kind(name=value, …)`."""
    parts = (f"{name}={_value_text(value, longest)}" for name, value in stated.items())
    return f"{kind}({', '.join(parts)})"


def _value_text(value: object, longest: int | None) -> str:
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, Sequence):
        shown = value if longest is None or len(value) <= longest else value[:longest]
        texts = [
            number_text(item) if type(item) is float else _value_text(item, longest)
            for item in shown  # of thousands
        ]
        if len(shown) < len(value):
            texts.append(f"… {len(value)} in all")
        return f"[{', '.join(texts)}]"
    return value.describe(longest) if isinstance(value, _Described) else repr(value)
