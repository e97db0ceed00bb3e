"""The catalogue of chips: facts, peaks by number format, and prices by date, of `priors/chips/`.

Each figure stands in a row with its source. Where sources disagree, a cell holds an interval.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError, nearest
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.tables import Cells, read_table, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = ("bf16", "fp16", "fp8", "fp4")
"""Number formats; `fp16` stands for chips without BF16 only."""
KINDS = {
    "chip": "chip alone",
    "server": "server or rack",
    "all_in": "all in",
    "owner_cost": "owner's cost",
    "rent_large": "large contract",
    "rent_1yr": "one-year contract",
    "rent_on_demand": "on demand",
}
"""Kinds of prices (USD/gpu) and of rents (USD/gpu/hour), the cheapest first."""
OTHER = "other"
"""The family of chips of which no published run is known."""

_SAME_PEAK = 0.02  # ratings of one chip differ by rounding
_PEAK = "FLOP/s/gpu"
_SPARSE = ("none", "2:4", "4:1", "compression")


@dataclass(frozen=True)
class Row:
    """What stands beside a figure in its table, and the line that it is on."""

    confidence: str
    source: str
    note: str
    where: str


@dataclass(frozen=True)
class Rating(Row):
    """The peak of a chip in one number format.

    Parameters
    ----------
    format
        One of `FORMATS`.
    dense, low, high
        Dense peak in FLOP/s/gpu, and between what it lies where sources disagree.
    printed, ratio
        The peak as its maker prints it, and that over the dense one.
    sparsity
        What the printed peak takes for granted: "2:4" or "4:1" sparsity, "compression", or "none".
    """

    format: str
    dense: float
    low: float
    high: float
    printed: float
    ratio: float
    sparsity: str


@dataclass(frozen=True)
class Price(Row):
    """A price of a chip in USD/gpu, or a rent in USD/gpu/hour.

    Parameters
    ----------
    kind
        One of `KINDS`.
    date
        As the source has it: a day, a month or a year.
    low, high
        Ends of an interval, or one figure twice.
    counts
        Whether priors rest on it.
    scope
        What it is a price of.
    """

    kind: str
    date: str
    low: float
    high: float
    counts: bool
    scope: str

    @property
    def day(self) -> dt.date:
        """The last day that the date can mean."""
        year, month, day = (*map(int, self.date.split("-")), 0, 0)[:3]
        if day:
            return dt.date(year, month, day)
        following = dt.date(year + (month in {0, 12}), month % 12 + 1 if month else 1, 1)
        return following - dt.timedelta(days=1)


@dataclass(frozen=True)
class Chip:
    """A kind of chip.

    Parameters
    ----------
    name
        Short name, or what a table of runs calls it.
    family
        Chips whose runs are evidence for one another, by the best known member.
    peak_flops
        Dense BF16 peak, FLOP/s/gpu; FP16 where there is no BF16.
    fp8
        FP8 peak over BF16 peak; 0 where it does not compute in FP8.
    sparsity
        Whether a peak with sparsity is printed for it.
    product
        Name with the maker.
    facts
        Cells of the catalogue by column; `where` is its line.
    ratings
        By number format.
    """

    name: str
    family: str
    peak_flops: float
    fp8: float
    sparsity: bool
    product: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    ratings: Mapping[str, Rating] = field(default_factory=dict)

    @property
    def prices(self) -> tuple[Price, ...]:
        """Its prices, in the order of the table, which is read where they are asked for."""
        return _prices().get(self.name, ())

    @property
    def full_name(self) -> str:
        """Its name with the maker, where that is known."""
        return self.product or self.name

    @property
    def announced(self) -> bool:
        """Whether nothing but an announcement stands behind its figures."""
        return self.facts.get("status") == "announced"

    def gain(self, number_format: str) -> float:
        """Return the peak in a format over that in 16 bits."""
        return round(self.ratings[number_format].dense / self.ratings[self.formats[0]].dense, 2)

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that it computes in, that of 16 bits first."""
        return tuple(self.ratings)


@cache
def chips() -> Mapping[str, Chip]:
    """Read the catalogue, by short name.

    Raises
    ------
    DataError
        A table has faults.

    Examples
    --------
    >>> chip = chips()["GB300"]
    >>> chip.family, chip.gain("fp8"), chip.ratings["fp4"].ratio
    ('B200', 2.0, 1.333)
    """
    rated = rows_of("peaks", "chip", "format", "dense", "printed", "ratio", "sparsity")
    ratings: dict[str, dict[str, Rating]] = {}
    for cells in rated:
        rating = _rating(cells)
        ratings.setdefault(cells.name, {})[rating.format] = rating
    refuse(fault for cells in rated for fault in cells.found)
    found = {}
    for cells in rows_of("chips", "name", "product", "family"):
        own = ratings[cells.name]
        by_width = {name: own[name] for name in FORMATS if name in own}
        dense = next(iter(by_width.values()))
        found[cells.name] = Chip(
            name=cells.name,
            family=cells.text("family"),
            peak_flops=(dense.low + dense.high) / 2,
            fp8=round(own["fp8"].dense / dense.dense, 2) if "fp8" in own else 0.0,
            sparsity=any(one.sparsity != "none" for one in own.values()),
            product=cells.text("product"),
            facts={**cells.row.cells, "where": place_of(cells)},
            ratings=by_width,
        )
    return found


@cache
def _prices() -> Mapping[str, tuple[Price, ...]]:
    """Read the prices, by chip; raises DataError where the table has faults."""
    priced = rows_of("prices", "chip", "kind", "date", "source")
    prices: dict[str, tuple[Price, ...]] = {}
    for cells in priced:
        prices[cells.name] = (*prices.get(cells.name, ()), _price(cells))
    refuse(fault for cells in priced for fault in cells.found)
    return prices


@cache
def rows_of(table: str, *required: str) -> tuple[Cells, ...]:
    """Return the rows of a table of the catalogue, named by the first of the required columns.

    Raises DataError: a row has too few or too many cells.
    """
    shown = f"chips/{table}.csv"
    read = read_table(shipped_folder() / shown, required=required, shown=shown)
    refuse(read.faults)
    return tuple(Cells(read, row, row.cells[required[0]]) for row in read.rows)


def place_of(cells: Cells) -> str:
    """Return the file and line of a row, as reports show it."""
    return f"priors/{cells.table.file}:{cells.row.line}"


def families() -> tuple[str, ...]:
    """Return the families of chips, in the order of the catalogue, and `OTHER`."""
    return (*dict.fromkeys(chip.family for chip in chips().values()), OTHER)


def same_peak(peak_flops: float) -> list[Chip]:
    """Return the chips with this dense 16-bit peak, the nearest first."""
    near = {
        chip.name: max(rating.low / peak_flops, peak_flops / rating.high) - 1
        for chip in chips().values()
        for rating in [chip.ratings[chip.formats[0]]]
    }
    return [chips()[name] for name in sorted(near, key=near.__getitem__) if near[name] < _SAME_PEAK]


def family_of_peak(peak_flops: float) -> str:
    """Return the family of the chips with this dense 16-bit peak, or `OTHER`.

    Examples
    --------
    >>> family_of_peak(989.4e12), family_of_peak(1.0)
    ('H100', 'other')
    """
    return next((chip.family for chip in same_peak(peak_flops)), OTHER)


def find_chip(name: str) -> Chip:
    """Return a chip by its name, with or without its maker, whatever the case and the marks.

    Raises
    ------
    DataError
        There is no such chip.

    Examples
    --------
    >>> find_chip("NVIDIA h100-sxm").name, find_chip("Ironwood").name
    ('H100', 'TPU v7')
    """
    if chip := _by_letters().get(_letters(name)):
        return chip
    known = [one for chip in chips().values() for one in _names(chip)]
    raise DataError(f"'{name[:40]}' is not a known chip; {nearest(name, known)}")


@cache
def _by_letters() -> Mapping[str, Chip]:
    """Return the chips by each of their names; of several with one, the first."""
    named = [(_letters(name), chip) for chip in chips().values() for name in _names(chip)]
    return dict(reversed(named))


def _names(chip: Chip) -> list[str]:
    also = [one.strip() for one in chip.facts["also"].split(";") if one.strip()]
    return [chip.name, chip.product, chip.product.partition(" ")[2], *also]


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _rating(cells: Cells) -> Rating:
    dense = cells.positive("dense", _PEAK) or 1.0
    return Rating(
        *_beside(cells),
        format=cells.one_of("format", FORMATS),
        dense=dense,
        low=cells.positive("dense_low", _PEAK) or dense,
        high=cells.positive("dense_high", _PEAK) or dense,
        printed=cells.positive("printed", _PEAK) or dense,
        ratio=cells.positive("ratio", "1") or 1.0,
        sparsity=cells.one_of("sparsity", _SPARSE),
    )


def _price(cells: Cells) -> Price:
    figures = [float(text) for key in ("low", "mid", "high") if (text := cells.text(key))]
    if not figures:
        cells.add("low", "is empty, as mid and high are; state a figure")
    return Price(
        *_beside(cells),
        kind=cells.one_of("kind", KINDS),
        date=cells.text("date"),
        low=min(figures, default=1.0),
        high=max(figures, default=1.0),
        counts=cells.one_of("counts", ("yes", "no")) != "no",
        scope=cells.text("scope"),
    )


def _beside(cells: Cells) -> tuple[str, str, str, str]:
    confidence, source, note = (cells.text(key) for key in ("confidence", "source", "note"))
    return confidence, source, note, place_of(cells)
