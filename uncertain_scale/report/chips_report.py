"""The catalogue of chips as plain data and as blocks: all in a table, or one with sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.inputs.chip_scenarios import PRICED, bare, chip_scenario, interval_of
from uncertain_scale.inputs.chips import KINDS
from uncertain_scale.report.blocks import Form, Gap, Heading, Table, Text
from uncertain_scale.report.render.csv import as_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uncertain_scale.inputs.chips import Chip, Price, Rating
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document

_HEADER = ("chip", "date", "16 bit", "FP8", "FP4", "GB", "kW", "USD/hour", "kUSD")
_ABOUT = (
    "Dense peaks in PFLOP/s (~: sources disagree). kW: IT power with its share of server and "
    "network. USD/hour and kUSD: rent and all-in price at scale, 5% to 95%, by the newest figures; "
    "the H100's scenario keeps those of base, of mid-2024. An empty cell: no source gives an "
    "interval."
)
_PETA = 1e15
_FACTS = (
    ("memory", "GB", "memory_source"),
    ("bandwidth", "TB/s", "memory_source"),
    ("link", "GB/s", "link_source"),
    ("board_power", "W", "board_source"),
    ("it_power", "W", "it_source"),
)
_COLUMNS = ("chip", "figure", "value", "units", "date", "source", "note", "where")


def chips_document(chips: Iterable[Chip]) -> Document:
    """Return chips of the catalogue as plain data, a row for each figure."""
    return {
        "chips": {
            chip.name: {
                "product": chip.product,
                "family": chip.family,
                "announced": chip.announced,
                "date": chip.facts["date"],
                "ratios": {name: chip.ratings[name].ratio for name in chip.formats},
                "scenarios": [chip_scenario(chip.name, one) for one in chip.formats],
                "summary": _summary(chip),
                "figures": list(_figures(chip)),
            }
            for chip in chips
        }
    }


def chips_blocks(document: Document) -> Iterator[Block]:
    """Yield all chips as a table."""
    rows = [
        (name, "announced" if chip["announced"] else chip["date"][:7], *chip["summary"])
        for name, chip in document["chips"].items()
    ]
    yield Heading("Chips", 1, only=Form.markdown)
    yield Table(_HEADER, rows, (0, 1), tight=True)
    yield Text(_ABOUT, "how")
    yield Text(
        "`uncertain-scale chips show GB300` shows sources, and which scenarios a chip has.", "how"
    )


def chip_blocks(document: Document) -> Iterator[Block]:
    """Yield one chip, each figure with its source."""
    for name, chip in document["chips"].items():
        status = "announced only" if chip["announced"] else f"{chip['date']}".strip()
        title = f"{name}: {chip['product']}, family {chip['family']}, {status}".removesuffix(", ")
        yield Heading(title, 1, only=Form.full)
        yield Text(title, "bold", only=Form.brief)
        yield Text(f"Scenarios: {', '.join(chip['scenarios'])}", indent=4)
        header = ("figure", "value", "units", "date", "source", "note")
        rows = [tuple(one[key] for key in header) for one in chip["figures"]]
        yield Table(header, rows, (0, 1, 2, 3, 4, 5), only=Form.full)
        for figure, value, units, date, source, note in rows:
            yield Gap(only=Form.terminal)
            head = f"{figure}  {value} {units}".rstrip() + (f"  ({date})" if date else "")
            yield Text(head, "bold", only=Form.terminal)
            words = [text for text in (source, note) if text]
            yield Text(words or ["no source"], indent=4, only=Form.terminal)


def csv_chips(document: Document) -> str:
    """Return the figures of chips as CSV, a row each."""
    rows = (
        {"chip": name, **figure}
        for name, chip in document["chips"].items()
        for figure in chip["figures"]
    )
    return as_csv(_COLUMNS, rows)


def _summary(chip: Chip) -> list[str]:
    """Return the cells of a chip's row in the table of all."""
    ratings = [chip.ratings.get(name) for name in (chip.formats[0], "fp8", "fp4")]
    power = [f"{float(end) / 1000:.2f}" for end in chip.facts["it_power"].split(" to ") if end]
    rent, price = (interval_of(chip, name) for name in PRICED)
    return [
        *("" if one is None else _peta(one) for one in ratings),
        chip.facts["memory"],
        "-".join(power),
        "" if rent is None else f"{rent[0].value:.2f}-{rent[1].value:.2f}",
        "" if price is None else f"{price[0].value / 1000:.0f}-{price[1].value / 1000:.0f}",
    ]


def _peta(rating: Rating) -> str:
    about = "~" if rating.low != rating.high else ""
    return f"{about}{rating.dense / _PETA:.3g}"


def _figures(chip: Chip) -> Iterator[dict[str, Any]]:
    for rating in chip.ratings.values():
        yield _peak(rating)
    for column, units, source in _FACTS:
        if value := chip.facts[column]:
            yield _figure(
                column.replace("_", " "),
                value,
                units,
                "",
                chip.facts[source],
                "",
                chip.facts["where"],
            )
    for price in chip.prices:
        yield _price(price)
    facts = chip.facts
    if facts["date"]:
        said = (facts["date_source"], facts["note"], facts["where"])
        yield _figure("date", facts["date"], "", facts["date_is"], *said)


def _peak(rating: Rating) -> dict[str, Any]:
    span = f"{bare(rating.low)} to {bare(rating.high)}" if rating.low != rating.high else ""
    printed = "none printed sparse" if rating.sparsity == "none" else f"{rating.sparsity} sparsity"
    note = f"printed {bare(rating.printed)}, {rating.ratio:g} x dense ({printed})"
    source = f"{rating.source} ({rating.confidence})"
    about = f"{note}. {rating.note}" if rating.note else note
    name = f"{rating.format.upper()} dense peak"
    value = span or bare(rating.dense)
    return _figure(name, value, "FLOP/s/gpu", "", source, about, rating.where)


def _price(price: Price) -> dict[str, Any]:
    span = f"{price.low:,g}" + (f" to {price.high:,g}" if price.high != price.low else "")
    rent = price.kind not in {"chip", "server", "all_in"}
    units = "USD/gpu/hour" if rent else "USD/gpu"
    kind = "rent" if price.kind.startswith("rent") else "" if rent else "price"
    unused = "" if price.counts else "does not count"
    note = "; ".join(filter(None, (price.scope, price.note, unused)))
    source = f"{price.source} ({price.confidence})"
    name = f"{kind} {KINDS[price.kind]}".strip()
    return _figure(name, span, units, price.date, source, note, price.where)


def _figure(*cells: str) -> dict[str, Any]:
    return dict(zip(_COLUMNS[1:], cells, strict=True))
