"""ArviZ's statistics of plain arrays, imported when first used."""

from __future__ import annotations

from typing import Any

__all__ = ["array_stats"]


def array_stats() -> Any:
    """Return the object with ArviZ's array functions: `eti`, `hdi`, `quantile` and others."""
    from arviz_stats.base.array import BaseArray

    return BaseArray()
