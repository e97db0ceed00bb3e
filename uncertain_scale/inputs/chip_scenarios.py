"""Scenarios of the catalogue: what its tables know of a chip, as a prior file's tables would state.

A scenario is called CHIP-dense-FORMAT, such as `gb300-dense-fp8`, and is laid over `base`, which is
the H100's. An input that the catalogue has no interval of is `lacking`: it has no prior, and a
question that needs it asks for it.
"""

from __future__ import annotations

import datetime as dt
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from uncertain_scale.errors import DataError, QuestionError
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.chips import KINDS, OTHER, chips, find_chip, place_of, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from uncertain_scale.inputs.chips import Chip, Price, Rating

LISTED = ("gb200-dense-fp8", "h100-dense-bf16", "h100-dense-fp8")
"""The scenarios that stand in lists of scenarios; there is one for each chip and format."""

PRICED = ("hourly_rate", "gpu_price")
"""The inputs whose intervals are taken from prices by date."""

_OF_BASE = "H100"  # the chip that base.toml is about
_NAME = re.compile(r"(?P<chip>.+)-dense-(?P<format>\w+)")
_READ = dt.date(2026, 11, 29)  # when the facts and peaks were read
_YEARS = 2  # prices that are older than the newest by more do not count
_CONTRACTS = ("rent_large", "rent_1yr")
_RENTS = ("owner_cost", *_CONTRACTS, "rent_on_demand")
_OWN_NOTE = "A fact about this chip, and not about another."
_OWN = {"coupling": "independent", "coupling_note": _OWN_NOTE}


class End(NamedTuple):
    """An end of an interval, and the row that it is from."""

    value: float
    price: Price

    def __str__(self) -> str:
        """Return the figure with its kind, date and source."""
        kind, date = KINDS[self.price.kind], self.price.date
        return f"{kind} {self.value:,g} ({date}, {self.price.confidence}; {self.price.source})"


def chip_scenario(chip: str, number_format: str | None = None) -> str:
    """Return the name of a chip's scenario.

    Parameters
    ----------
    chip
        As `find_chip` takes it.
    number_format
        What it trains in: bf16 (fp16 where there is none), fp8 or fp4; 16 bits by default.

    Raises
    ------
    QuestionError
        There is no such chip, or it does not compute in that format.

    Examples
    --------
    >>> chip_scenario("GB300", "fp8"), chip_scenario("TPU-v7")
    ('gb300-dense-fp8', 'tpu-v7-dense-bf16')
    """
    try:
        found = find_chip(chip)
    except DataError as error:
        raise QuestionError(f"chip {error} (`uncertain-scale chips` lists them)") from None
    wanted = (number_format or found.formats[0]).casefold()
    if wanted not in found.formats:
        raise QuestionError(
            f"number format '{wanted[:20]}': the {found.name} has no peak in it; "
            f"it has {', '.join(found.formats)}"
        )
    return _name(found, wanted)


def chip_scenarios() -> list[str]:
    """Return the names of all scenarios of the catalogue."""
    return [_name(chip, one) for chip in chips().values() for one in chip.formats]


def chip_file(name: str) -> Path | None:
    """Return the file that a scenario of the catalogue would be, or None where there is none.

    Nothing is written: `parse_toml` reads what the tables say in its place.
    """
    if not _NAME.fullmatch(name) or name not in chip_scenarios():
        return None
    return shipped_folder() / "chips" / f"{name}.toml"


def chip_document(name: str) -> tuple[dict[tuple[str | int, ...], str], dict[str, Any]]:
    """Return a scenario of the catalogue as a prior file would hold it.

    Returns
    -------
    places, document
        The row that each input is from, and the parsed tables.
    """
    chip = next(one for one in chips().values() for f in one.formats if _name(one, f) == name)
    number_format = name.rpartition("-")[2]
    inputs: dict[str, dict[str, Any]] = {}
    places: dict[tuple[str | int, ...], str] = {}
    lacking: dict[str, str] = {}
    stated = [_precision(chip, number_format)]
    if chip.name != _OF_BASE:
        stated = [_peak(chip), *stated, *_mfu(chip), _power(chip), _bandwidth(chip)]
        stated += [_price(chip, name) for name in PRICED]
    for variable, place, table in stated:
        places["inputs", variable] = place
        if isinstance(table, str):
            lacking[variable] = table
        else:
            inputs[variable] = table
    when = ", mid-2024" if chip.name == _OF_BASE else ""
    announced = ", announced only" if chip.announced else ""
    document: dict[str, Any] = {
        "schema_version": 1,
        "title": f"{chip.name} at scale{when}, trained in {number_format.upper()}, dense peak"
        f"{announced}",
        "extends": "base",
        "inputs": inputs,
    }
    return places, document | ({"lacking": lacking} if lacking else {})


def interval_of(chip: Chip, variable: str) -> tuple[End, End] | None:
    """Return the ends of the interval of a chip's price or rent; None where there is none.

    Rows count that are not older than the newest by more than two years. Of prices, the lowest and
    the highest all in. Of rents, the lowest of any kind, and the highest of a contract; where no
    contract lies above the lowest, the lowest on demand, or the highest.
    """
    kinds = ("all_in",) if variable == "gpu_price" else _RENTS
    rows = [one for one in chip.prices if one.kind in kinds and one.counts]
    newest = max((one.day for one in rows), default=dt.date.min)
    rows = [one for one in rows if (newest - one.day).days <= 366 * _YEARS]
    if not rows:
        return None
    low = min((End(one.low, one) for one in rows), key=itemgetter(0))
    agreed = [End(one.high, one) for one in rows if one.kind in {"all_in", *_CONTRACTS}]
    listed = [one for one in rows if one.kind == "rent_on_demand"]
    highs = sorted(agreed, key=itemgetter(0))[-1:]
    highs += sorted((End(one.low, one) for one in listed), key=itemgetter(0))[:1]
    highs += sorted((End(one.high, one) for one in listed), key=itemgetter(0))[-1:]
    return next(((low, high) for high in highs if high.value > low.value), None)


def bare(figure: float) -> str:
    """Return a figure as tables write it, such as 5e15."""
    return f"{figure:.5g}".replace("e+", "e")


def _name(chip: Chip, number_format: str) -> str:
    return f"{chip.name.casefold().replace(' ', '-')}-dense-{number_format}"


_Stated = tuple[str, str, dict[str, Any] | str]
"""An input, the row it is from, and its table, or why it has none."""


def _peak(chip: Chip) -> _Stated:
    rating = chip.ratings[chip.formats[0]]
    if rating.low == rating.high:
        belief: dict[str, Any] = {"kind": "constant", "value": rating.dense}
    else:
        belief = {"kind": "uniform", "lower": rating.low, "upper": rating.high}
    words = f"Dense {chip.formats[0].upper()} peak of a {chip.name}"
    note = " ".join(filter(None, (_printed(rating), rating.note and f"{rating.note}.")))
    table = {**belief, "units": "FLOP/s/gpu", "long_name": words, "note": note}
    table |= {"source": f"{rating.source} ({rating.confidence})", "as_of": _READ, "ages": False}
    return "peak_flops", rating.where, table


def _printed(rating: Rating) -> str:
    if rating.sparsity == "none":
        return ""
    return f"{bare(rating.printed)} is printed, with {rating.sparsity} sparsity."


def _precision(chip: Chip, number_format: str) -> _Stated:
    gain = chip.gain(number_format)
    rating = chip.ratings[number_format]
    table: dict[str, Any] = {"units": "1", "long_name": "Realised speed-up over 16 bits"}
    if number_format == chip.formats[0] or gain <= 1:
        table |= {"kind": "constant", "value": 1.0, "long_name": "Realised speed-up: none"}
        said = "16 bits" if number_format == chip.formats[0] else f"{number_format} at their rate"
        table |= {"source": f"By definition of the scenario: {said}. {rating.source}"}
        table |= {"as_of": _READ, "ages": False}
        return "precision_factor", rating.where, table
    row = next(one for one in rows_of("formats", "format", "kind") if one.name == number_format)
    kind = row.text("kind")
    table |= {"kind": kind} | {
        key: float(row.text(key)) for key in ("alpha", "beta", "q05", "q95") if row.text(key)
    }
    table |= {"lower": 1.0, "upper": gain} if kind == "beta" else {"truncate": [1.0, gain]}
    table |= {
        "long_name": f"Realised speed-up of {number_format.upper()} over BF16",
        "source": row.text("source"),
        "as_of": dt.date.fromisoformat(row.text("as_of")),
        "note": row.text("note"),
        "coupling": "shared",
        "coupling_note": "What a number format gains is one belief, whatever the chip.",
    }
    return "precision_factor", place_of(row), table


def _mfu(chip: Chip) -> list[_Stated]:
    """Return the utilisation where the kind of model is open, and that of a dense model."""
    ends = ("mfu_q05", "mfu_q95"), ("dense_q05", "dense_q95")
    rows = {row.name: row for row in rows_of("families", "family", *ends[0], *ends[1])}
    row = rows.get(chip.family, rows[OTHER])
    table = {
        "kind": "logitnormal",
        "units": "1",
        "long_name": "Whole-run utilisation of the dense BF16 peak",
        "source": f"{chip.name}, family {chip.family}: {row.text('source')}",
        "as_of": dt.date.fromisoformat(row.text("as_of")),
    } | _OWN
    kinds = {"unless": "moe"}, {"long_name": f"{table['long_name']} by a dense model"}
    return [
        (
            variable,
            place_of(row),
            table | kind | {"q05": float(row.text(low)), "q95": float(row.text(high))},
        )
        for variable, (low, high), kind in zip(("mfu", "dense_model_mfu"), ends, kinds, strict=True)
    ]


def _power(chip: Chip) -> _Stated:
    said = chip.facts["it_power"]
    if not said:
        return "gpu_power", chip.facts["where"], f"no source gives the power of a {chip.name}"
    low, high = (float(end) / 1000 for end in said.split(" to "))
    table = {
        "kind": "lognormal",
        "q05": low,
        "q95": high,
        "units": "kW/gpu",
        "long_name": f"IT power of a {chip.name} with its share of server, network and storage",
        "source": chip.facts["it_source"],
        "as_of": _READ,
        "coupling": 0.5,
        "coupling_note": "Judgement: the widths rest on one estimate of IT overhead, and each "
        "machine has its own.",
    }
    return "gpu_power", chip.facts["where"], table


def _bandwidth(chip: Chip) -> _Stated:
    said = chip.facts["bandwidth"]
    if not said:
        return "memory_bandwidth", chip.facts["where"], f"no source gives it for a {chip.name}"
    low, high = (float(end) for end in (said.split(" to ") * 2)[:2])
    belief: dict[str, Any] = {"kind": "constant", "value": low}
    if low < high:
        belief = {"kind": "uniform", "lower": low, "upper": high}
    table = belief | {
        "units": "TB/s/gpu",
        "long_name": f"Memory bandwidth of a {chip.name}",
        "source": chip.facts["memory_source"],
        "as_of": _READ,
        "ages": False,
    }
    return "memory_bandwidth", chip.facts["where"], table


def _price(chip: Chip, variable: str) -> _Stated:
    what, units, name = {
        "hourly_rate": (
            "rent",
            "USD/gpu/hour",
            f"What is paid for an hour of a {chip.name} at scale: rent, or an owner's full cost",
        ),
        "gpu_price": (
            "all-in price",
            "USD/gpu",
            f"All-in price of a {chip.name}: server, network, share of the building",
        ),
    }[variable]
    ends = interval_of(chip, variable)
    if ends is None:
        return variable, chip.facts["where"], _no_price(chip, variable, what)
    low, high = ends
    table = {
        "kind": "lognormal",
        "q05": low.value,
        "q95": high.value,
        "units": units,
        "long_name": name,
        "source": f"{low}; {high}",
        "as_of": max(low.price.day, high.price.day),
        "note": f"Judgement: the {what}s between these two as an interval from 5% to 95%.",
    }
    return variable, low.price.where, table | _OWN


def _no_price(chip: Chip, variable: str, what: str) -> str:
    kinds = ("server", "all_in") if variable == "gpu_price" else _RENTS
    rows = [one for one in chip.prices if one.kind in kinds]
    if not rows:
        return f"no source gives the {what} of a {chip.name}"
    last = max(rows, key=lambda one: one.day)
    known = End(last.high, last)
    return f"the sources give no interval for the {what} of a {chip.name}, only {known}"
