"""A report's tables as rows of text, which each view frames in its own way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import counted, listed
from uncertain_scale.inputs.distributions import KINDS
from uncertain_scale.report.ages import age_in_words
from uncertain_scale.report.blocks import Block, Form, Heading, Table, Text
from uncertain_scale.report.numbers import (
    Scale,
    error_in_words,
    percent,
    probability_in_words,
    scale_for,
    scale_of,
    share_in_words,
)
from uncertain_scale.units.labels import label_of, shown_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.report.document import Document

_FEW = 3  # answers that are named, though all are meant
_BEYOND = {
    "low": "beyond the draws: at most this, with 95%",
    "high": "beyond the draws: at least this, with 95%",
}
_TOO_FAR = (
    "fewer than three draws are expected beyond an end of its intervals, so only a bound of it is "
    "given (95%); more draws, or a narrower interval, would give the end"
)
_TYPED = ("--set", "given")
_BLOCKS = "▁▂▃▄▅▆▇█"

PATHS = (
    "Bands are the intervals of each date, the thick line their medians. Thin lines are {} draws, "
    "each one path through all dates. A dashed line is the day of reading, circles are published."
)
"""What a figure of a sweep over dates shows, by how many paths it has."""


@dataclass(frozen=True)
class OutputRow:
    """One output, its numbers written with the digits they can bear."""

    name: str
    label: str
    units: str
    median: str
    low: str
    high: str
    mean: str
    sd: str
    shape: str

    @property
    def interval(self) -> str:
        """The interval, or the one value of a constant."""
        return self.low if self.low == self.high else f"{self.low} to {self.high}"


def output_rows(document: Document, prob: float) -> Iterator[OutputRow]:
    """Yield a row an output, with its equal-tailed interval of probability `prob`."""
    for name, output in document["outputs"].items():
        interval = intervals_of(output, "eti", prob)[0]
        scale = scale_of(output, name)
        yield OutputRow(
            name=name,
            label=label_of(name),
            units=scale.units,
            median=_write(scale, output, "median"),
            low=_end(scale, output, interval, "low"),
            high=_end(scale, output, interval, "high"),
            mean=_write(scale, output, "mean"),
            sd=_write(scale, output, "sd"),
            shape="" if output["constant"] else sparkline(output["histogram"]["counts"]),
        )


def intervals_of(output: dict[str, Any], kind: str, prob: float) -> list[dict[str, Any]]:
    """Return an output's intervals of one kind and probability; several for a split region."""
    return [
        interval
        for interval in output["intervals"]
        if interval["kind"] == kind and interval["prob"] == prob
    ]


def region_in_words(output: dict[str, Any], prob: float, scale: Scale | None = None) -> str:
    """Write the highest-density region of an output: one interval, or several."""
    pieces = intervals_of(output, "hdi", prob)
    scale = scale or scale_of(output)
    if output["constant"]:
        return _write(scale, output, "median")
    return " and ".join(_piece_in_words(scale, output, piece) for piece in pieces)


def _piece_in_words(scale: Scale, output: dict[str, Any], piece: dict[str, Any]) -> str:
    """Write an interval by its ends, or by its value where it is one."""
    low, high = (_end(scale, output, piece, end) for end in ("low", "high"))
    return low if piece["low"] == piece["high"] else f"{low} to {high}"


@dataclass(frozen=True)
class InputRow:
    """One input: its median, its 5% to 95% interval, and where it comes from."""

    name: str
    label: str
    units: str
    median: str
    interval: str
    distribution: str
    source: str
    as_of: str
    note: str


def input_rows(document: Document) -> Iterator[InputRow]:
    """Yield a row an input."""
    for name, prior in document["inputs"].items():
        low, median, high = prior["q05"], prior["q50"], prior["q95"]
        scale = scale_for([median, low, high], shown_units(name, prior["units"]))
        joint = f"drawn with {prior['joint'].replace('+', ', ')}" if prior["joint"] else ""
        low, median, high = (scale.write(value, exact=True) for value in (low, median, high))
        yield InputRow(
            name=name,
            label=label_of(name),
            units=scale.units,
            median=median,
            interval="" if low == high else f"{low} to {high}",
            distribution=joint or "; ".join([distribution_in_words(prior), *_mu_in_words(prior)]),
            source=prior["source"] or "no source given",
            as_of=prior["as_of"],
            note=prior["note"],
        )


def opening(document: Document, title: str, *lines: str) -> Iterator[Block]:
    """Yield a result's first lines: the question, the scenario; a title and more in Markdown."""
    scenario = scenario_in_words(document)
    yield Text(f"Given {question_in_words(document)}", "bold", only=Form.brief)
    yield Text(scenario, only=Form.brief)
    yield Heading(title, 1, only=Form.markdown)
    yield Text((f"{scenario}.", *lines), only=Form.markdown)


def scenario_in_words(document: Document) -> str:
    """Name the scenario, and its title where its file states one.

    Examples
    --------
    >>> scenario_in_words({"scenario": "base", "title": ""})
    'Scenario base'
    """
    return titled(f"Scenario {document['scenario']}", document["title"])


def titled(name: str, title: str) -> str:
    """Return a name with the title behind it, where there is one."""
    return f"{name}: {title}" if title else name


def inputs_table(document: Document) -> Table:
    """Return all that is believed about each input as a table."""
    rows = [
        (r.label, r.name, r.median, r.interval, r.units, r.distribution, r.as_of, r.source, r.note)
        for r in input_rows(document)
    ]
    header = ("input", "name", "median", "5% to 95%", "units", "distribution")
    return Table((*header, "as of", "source", "note"), rows, only=Form.markdown)


def record_table(document: Document) -> Table:
    """Return how a result was made as a table."""
    rows = [(key, str(document[key])) for key in ("design", "seed", "chains", "draws")]
    rows += [(f"{name} version", version) for name, version in document["versions"].items()]
    rows += [(f"SHA-256 of {name}", digest) for name, digest in document["hashes"].items()]
    return Table(("what", "value"), rows, only=Form.markdown)


def versions_in_words(document: Document) -> str:
    """Say which program, priors and equations a result is of."""
    hashes = document["hashes"]
    return (
        f"uncertain-scale {document['versions']['uncertain-scale']}, priors "
        f"{hashes['priors'][:12]}, equations {hashes['equations'][:12]}"
    )


def remarks(document: Document) -> Iterator[str]:
    """Yield what a reader should know: how the question was read, and what does not exist."""
    if document.get("incomplete") or document.get("search"):
        from uncertain_scale.report.completeness import completeness_in_words

        yield from completeness_in_words(document)
    yield from (f"warning: {warning}" for warning in document["warnings"])
    yield from document["notes"]
    if document.get("evidence") is not None:
        yield from document["evidence"]["notes"]
    yield from input_remarks(document["inputs"])
    yield from age_in_words(document)
    alike: dict[str, list[str]] = {}
    for name, output in document["outputs"].items():
        as_shown = {**output, "units": shown_units(name, output["units"])}
        for reason in dict.fromkeys(reasons_in_words(as_shown)):
            alike.setdefault(reason, []).append(name)
    for reason, names in alike.items():
        everywhere = len(names) == len(document["outputs"]) > _FEW
        yield f"{'all answers' if everywhere else listed(names)}: {reason}"
    for name, output in document["outputs"].items():
        yield from _mostly_one_value(name, output)
        if any(one.get("low_beyond") or one.get("high_beyond") for one in output["intervals"]):
            yield f"{name}: {_TOO_FAR}"
        for prob in document["probs"]:
            if len(intervals_of(output, "hdi", prob)) > 1:
                region = region_in_words(output, prob, scale_of(output, name))
                yield f"{name} has separate likely regions ({percent(prob)}): {region}"
                break


def _mostly_one_value(name: str, output: dict[str, Any]) -> Iterator[str]:
    """Say of an answer whose interval is one value that it is not constant."""
    one = next((piece for piece in output["intervals"] if piece["kind"] == "eti"), None)
    if output["constant"] or one is None or one["low"] != one["high"] or output["mean"] is None:
        return
    scale = scale_of(output, name)
    about = scale.write(output["mean"], output["mean_mcse"])
    yield (
        f"{name} is {scale.write(one['low'], exact=True)} in most draws, so that its "
        f"{percent(one['prob'])} interval is that one value; it is not constant: its mean is "
        f"{about} {scale.units}".rstrip()
    )


def distribution_in_words(prior: dict[str, Any]) -> str:
    """Write a distribution with the units that it is stated in, where they are not the model's."""
    units = prior["stated_units"]
    return f"{prior['distribution']}{'' if units in {'1', prior['units']} else f' {units}'}"


def input_remarks(inputs: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """Say how inputs were read, and which stand in for what nothing given determines."""
    for name, prior in inputs.items():
        if prior["where"] in _TYPED:
            yield from (f"{name}: {words}" for words in _mu_in_words(prior))
        if prior["interpreted"]:
            yield f"{name}: {prior['source']} is read as {distribution_in_words(prior)}"
    assumed = [name for name, prior in inputs.items() if prior["origin"] == "fallback"]
    if assumed:
        are, priors = ("is", "its prior is") if len(assumed) == 1 else ("are", "their priors are")
        yield f"{listed(assumed)} {are} not determined by what is given; {priors} used"


def event_rows(document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield each event with its probability and standard error in words."""
    for event in document["events"]:
        yield event["event"], *chance_in_words(event, document)


def chances_in_words(document: Document) -> list[str]:
    """Say how likely each event is, with the standard error."""
    return [
        f"P({event}) = {share}{f' ± {error}' if error else ''}"
        for event, share, error in event_rows(document)
    ]


def chance_in_words(event: dict[str, Any], document: Document) -> tuple[str, str]:
    """Return an event's probability and its standard error in words.

    Of what happens in no draw, or in all, draws tell no error, but their number and a bound.
    """
    share, mcse = event["probability"], event["mcse"]
    if share in {0, 1}:
        draws = document["chains"] * document["draws"]
        bound = probability_in_words(event)
        if event.get("low") == event.get("high"):
            return ("100%, certain" if share else "0%, impossible"), ""
        return f"{'all' if share else 'none'} of {draws:,} draws: {bound} (95%)", ""
    return share_in_words(share, mcse), error_in_words(mcse, share)


def sufficient_rows(document: Document) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Yield each resource asked for, its units, and how much suffices at each probability."""
    for name, levels in document["suffices"].items():
        output = document["outputs"][name]
        scale = scale_of(output, name)
        exact = output["constant"]
        amounts = [
            (percent(one["prob"]), scale.write(one["value"], one["mcse"], exact=exact))
            for one in levels
        ]
        yield name, scale.units, amounts


def error_rows(document: Document) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield each estimate of each output that is not constant with its standard error and units."""
    for name, output in document["outputs"].items():
        scale = scale_of(output, name)
        found = [(s, output[s], output[f"{s}_mcse"]) for s in ("median", "mean", "sd")]
        for prob in document["probs"]:
            for kind in ("eti", "hdi"):
                for piece in intervals_of(output, kind, prob):
                    for end in ("low", "high"):
                        label = f"{percent(prob)} {kind} {end}"
                        found.append((label, piece[end], piece[f"{end}_mcse"]))
        for label, value, error in found:
            if value is not None and error is not None and not output["constant"]:
                written = scale.write(value, error), scale.write_error(error)
                yield name, label, *written, scale.units


def design_in_words(document: Document) -> str:
    """Say how the draws were made."""
    return (
        f"{counted(document['chains'], 'chain')} x {counted(document['draws'], 'draw')} "
        f"({document['design']}), "
        f"seed {document['seed']}"
    )


def run_in_words(document: Document, kinds: Sequence[str] = ("eti",)) -> str:
    """Say how the draws were made, and the largest Monte Carlo error of an interval's end.

    Parameters
    ----------
    document
        What a report holds.
    kinds
        Of the intervals that stand beside it: equal-tailed, highest-density.
    """
    made = design_in_words(document)
    errors = [
        interval[f"{end}_mcse"] / (interval["high"] - interval["low"])
        for output in document["outputs"].values()
        for interval in output["intervals"]
        for end in ("low", "high")
        if interval["kind"] in kinds
        and interval[f"{end}_mcse"] is not None
        and interval["high"] > interval["low"]
    ]
    if not errors:
        return made
    most = max(errors)
    if most > 1:
        return f"{made}; the Monte Carlo error of an end is larger than its interval: not settled"
    share = f"{most:.1%}" if most >= 0.0005 else f"{100 * most:.1g}%"
    return f"{made}; Monte Carlo error of an end at most {share} of its interval"


def question_in_words(document: Document) -> str:
    """Say what was asked: the givens as they were typed."""
    given = document["question"]["given"]
    parts = [f"{name} = {one['stated']}" for name, one in given.items()]
    parts += [f"{name} solved for" for name in document["question"]["free"]]
    return ", ".join(parts) or "the priors alone"


def sparkline(counts: list[float], width: int = 12) -> str:
    """Draw counts as a line of block characters, `width` of them at most.

    Examples
    --------
    >>> sparkline([1, 4, 8, 4, 1])
    '▁▄█▄▁'
    """
    heights = np.asarray(counts, dtype=float)
    if len(heights) > width:
        heights = np.array([part.sum() for part in np.array_split(heights, width)])
    top = heights.max(initial=0.0)
    if top == 0:
        return ""
    levels = np.ceil(heights / top * len(_BLOCKS)).astype(int)
    return "".join(_BLOCKS[max(level - 1, 0)] if level else " " for level in levels)


def figure_note(one: Mapping[str, Any], key: str) -> str:
    """Return what a reader should know of one figure: that it is not settled, or a bound."""
    if key in {"low", "high"}:
        if one.get(f"{key}_unsettled"):
            return "not settled by these draws"
        return _BEYOND[key] if one.get(f"{key}_beyond") else ""
    return str(one.get("reason", {}).get(key, "")) if key in {"mean", "sd"} else ""


def figure_notes(output: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader should know of each figure of an output."""
    yield from filter(None, (figure_note(output, key) for key in ("mean", "sd")))
    for piece in output["intervals"]:
        for end in ("low", "high"):
            if note := figure_note(piece, end):
                yield f"{percent(piece['prob'])} {piece['kind']} {end}: {note}"


def unsettled(output: Mapping[str, Any], name: str) -> bool:
    """Say whether the draws do not bear a mean or a standard deviation."""
    return bool(output.get("state", {}).get(name) == "unsettled")


def reasons_in_words(output: Mapping[str, Any]) -> Iterator[str]:
    """Yield what there is to know of an output's figures, with what the draws give of them."""
    scale = scale_for([output["median"]], output["units"])
    for name, reason in output["reason"].items():
        value, error = output.get(name), output.get(f"{name}_mcse")
        if value is None or not unsettled(output, name):
            yield reason
            continue
        about = "" if error is None else f" ± {scale.write_error(error)}"
        head, _, tail = reason.partition(": ")
        yield f"{head}: {scale.write(value, error)}{about} {scale.units}".rstrip() + f"; {tail}"


def _mu_in_words(prior: dict[str, Any]) -> list[str]:
    """Say what mu and sigma are in the kinds that a distribution is stated by."""
    kinds = dict.fromkeys(re.findall(r"\b(\w+)\(mu=", prior["distribution"]))
    return [
        f"mu and sigma of this {kind} are {KINDS[kind].mu_is}"
        for kind in kinds
        if kind in KINDS and KINDS[kind].mu_is
    ]


def _write(scale: Scale, output: dict[str, Any], name: str) -> str:
    if output[name] is None:
        return "not settled" if unsettled(output, name) else "none"
    text = scale.write(output[name], output[f"{name}_mcse"], exact=output["constant"])
    return f"{text} (not settled)" if unsettled(output, name) else text


def _end(scale: Scale, output: dict[str, Any], interval: dict[str, Any], end: str) -> str:
    return scale.write_end(interval, end, exact=output["constant"])
