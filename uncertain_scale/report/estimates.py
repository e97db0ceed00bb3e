"""Estimates of a labelled result as plain data: numbers that JSON knows, or none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["estimate", "number"]


def estimate(found: xr.Dataset, name: str) -> dict[str, Any]:
    """Return an estimate with its error, its 95% interval, and whether that holds 0."""
    return {
        name: number(found[name]),
        f"{name}_mcse": number(found[f"{name}_mcse"]),
        f"{name}_low": number(found[f"{name}_low"]),
        f"{name}_high": number(found[f"{name}_high"]),
        f"{name}_unresolved": str(found[f"{name}_unresolved"].item()),
    }


def number(value: Any) -> float | None:
    """Return a finite number, or none."""
    found = float(value)
    return found if math.isfinite(found) else None
