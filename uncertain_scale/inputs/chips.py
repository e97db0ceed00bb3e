"""Chips that runs were trained on: the table that travels with the prior files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError, nearest
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.tables import Faults, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OTHER", "Chip", "chips", "families", "family_of_peak", "find_chip"]

OTHER = "other"
"""The family of chips of which no published run is known."""

_SAME_PEAK = 0.02  # ratings of one chip differ by rounding


@dataclass(frozen=True)
class Chip:
    """A kind of chip.

    Parameters
    ----------
    name
        As its maker calls it.
    family
        Chips whose runs tell about one another, by its best known member.
    peak_flops
        Dense BF16 peak, FLOP/s/gpu.
    fp8, sparsity
        Whether it computes in FP8, and whether a peak with 2:4 sparsity is printed for it.
    """

    name: str
    family: str
    peak_flops: float
    fp8: bool
    sparsity: bool


@cache
def chips() -> Mapping[str, Chip]:
    """Read the shipped table of chips, by name.

    Raises
    ------
    DataError
        The table has faults.

    Examples
    --------
    >>> chips()["NVIDIA H800 SXM"].family
    'H100'
    """
    path = shipped_folder() / "evidence" / "chips.csv"
    columns = ["name", "family", "peak_flops", "fp8", "sparsity"]
    table = read_table(path, required=columns, shown="evidence/chips.csv")
    found, wrong = {}, list(table.faults)
    for row in table.rows:
        cells = Faults(table, row, row.cells["name"])
        peak = cells.positive("peak_flops", "FLOP/s/gpu")
        flags = [cells.one_of(column, ("yes", "no")) == "yes" for column in ("fp8", "sparsity")]
        wrong += cells.found
        if peak is not None:
            found[cells.name] = Chip(cells.name, cells.text("family"), peak, *flags)
    if wrong:
        raise DataError("\n".join(map(str, wrong)))
    return found


def families() -> tuple[str, ...]:
    """Return the families of chips, in the order of the table, and `OTHER`."""
    return (*dict.fromkeys(chip.family for chip in chips().values()), OTHER)


def family_of_peak(peak_flops: float) -> str:
    """Return the family of the chips with this dense BF16 peak, or `OTHER`.

    Examples
    --------
    >>> family_of_peak(989.4e12), family_of_peak(1.0)
    ('H100', 'other')
    """
    same = (c.family for c in chips().values() if abs(peak_flops / c.peak_flops - 1) < _SAME_PEAK)
    return next(same, OTHER)


def find_chip(name: str) -> Chip:
    """Return a chip by its name, with or without its maker, whatever the case.

    Raises
    ------
    DataError
        There is no such chip.

    Examples
    --------
    >>> find_chip("h100 sxm").name
    'NVIDIA H100 SXM'
    """
    wanted = name.casefold()
    for chip in chips().values():
        if wanted in {chip.name.casefold(), chip.name.partition(" ")[2].casefold()}:
            return chip
    raise DataError(f"'{name[:40]}' is not a known chip; {nearest(name, chips())}")
