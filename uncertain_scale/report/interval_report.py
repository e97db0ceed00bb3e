"""An interval report in blocks, its headline, an update by evidence, and priors alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from uncertain_scale.errors import counted
from uncertain_scale.report.blocks import (
    Figure,
    Form,
    Gap,
    Heading,
    Items,
    Page,
    Part,
    Table,
    Text,
    shown,
)
from uncertain_scale.report.numbers import percent, quantity_text, scale_of, with_powers
from uncertain_scale.report.rows import (
    chances_in_words,
    error_rows,
    event_rows,
    input_rows,
    inputs_table,
    intervals_of,
    opening,
    output_rows,
    question_in_words,
    record_table,
    region_in_words,
    remarks,
    run_in_words,
    sufficient_rows,
    titled,
    versions_in_words,
)
from uncertain_scale.units.labels import label_of, with_name, within_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.figure import Figure as Drawing

    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document
    from uncertain_scale.report.html.parts import Background

    Behind = Callable[[], Background]

_CURVES = (
    "Each curve is the density of an answer; below it lie its {} intervals, the widest drawn "
    "thinnest, with a line at the median. Axes are logarithmic where answers spread over decades."
)
_CONSTANT = "All inputs are constant, and so is every answer: there is no spread to draw."
_ERRORS = (
    "Estimates with the simulation's standard errors, from the spread between independent chains; "
    "eti: equal-tailed interval, hdi: highest-density region"
)
_MOST_OUTPUTS = 3
# What people ask a run for, in the order of the headline.
_PHRASES = {
    "budget": "a cost of {}",
    "training_time": "a run of {}",
    "gpu_hours": "{}",
    "training_flop": "{} of training compute",
    "gpt4_multiple": "{} times the compute of GPT-4",
    "gpus": "{}",
    "facility_power": "{} of facility power",
    "cluster_price": "a cluster worth {}",
}


def report_blocks(document: Document, behind: Behind | None = None) -> Iterator[Block]:
    """Yield the blocks of what `report_document` returns: answers, remarks, drivers, inputs.

    Without `behind`, which returns what `background_of` does, a page has no prior densities, graph
    or ranking.
    """
    given, run = question_in_words(document), run_in_words(document)
    long_run = run_in_words(document, ("eti", "hdi"))  # both stand in the long forms
    notes, events = list(remarks(document)), list(event_rows(document))
    sufficient = list(sufficient_rows(document))
    yield Page(partial(headline, document), long_run, f"What follows from {given}?")
    yield from opening(document, given, f"{long_run}.")
    yield Gap()
    if notes:
        yield Items(notes, only=Form.markdown)
    if notes or events or sufficient:
        yield Heading("To know first", short=None, id="remarks", only=Form.html)
        yield Part("first", (events, sufficient, notes))
    yield from _answers(document)
    yield from _events(document)
    for name, units, amounts in sufficient:
        text = ", ".join(f"{share}: {amount}" for share, amount in amounts)
        yield Text(
            f" {label_of(name)} that suffices, by probability, in {units}: {text}", only=Form.brief
        )
        yield Heading(f"{label_of(name)} ({name}) that suffices", only=Form.markdown)
        yield Table(("with probability", units), amounts, only=Form.markdown)
    yield Items(notes, "! ", only=Form.brief)
    yield Heading("What drives it", id="drivers", only=Form.html)
    yield Part("driven", (behind,))
    yield from _evidence(document)
    yield from shown(_errors(document), Form.markdown)
    yield from _inputs(document, behind)
    yield from _equations(document, behind)
    yield Heading("Run", only=Form.markdown)
    yield record_table(document)
    yield Heading("Run record", id="run", only=Form.html)
    yield from shown(_errors(document), Form.html)
    yield Text(run, "dim", only=Form.brief)
    views = "--format md or json shows every name, interval, error and source in full"
    yield Text((versions_in_words(document), views), "dim", only=Form.terminal)


def _evidence(document: Document) -> Iterator[Block]:
    if document.get("evidence") is not None:
        from uncertain_scale.report.evidence import evidence_blocks

        yield from evidence_blocks(document)


def update_blocks(document: Document, behind: Behind | None = None) -> Iterator[Block]:
    """Yield the blocks of what evidence moved; in the long forms, of the whole report."""
    yield from shown(report_blocks(document, behind), Form.full)
    from uncertain_scale.report.evidence import before_rows

    prob = percent(document["probs"][0])
    before = {name: interval for name, _, interval in before_rows(document)}
    rows = [
        (row.label, row.name, before[row.name], row.median, row.interval, row.units)
        for row in output_rows(document, document["probs"][0])
    ]
    lines = [
        *opening(document, ""),
        *_evidence(document),
        Table(
            ("answer", "name", f"{prob} before", "median", f"{prob} now", "units"),
            rows,
            (0, 1, 5),
            tight=True,
            named=True,
        ),
        *_events(document),
        Items(list(remarks(document)), "! "),
        Gap(),
        Text(
            (run_in_words(document), "--format md or json shows every interval, error and source"),
            "dim",
        ),
    ]
    yield from shown(lines, Form.terminal)


def priors_blocks(document: Document) -> Iterator[Block]:
    """Yield a scenario's inputs alone, each with its distribution and source in full."""
    title = titled(document["scenario"], document["title"])
    yield Text(title, "bold", only=Form.brief)
    yield Heading(title, 1, only=Form.markdown)
    yield inputs_table(document)
    yield _cited(document)
    for row in input_rows(document):
        spread = f" ({row.interval})" if row.interval else ""
        cited = f"{row.source}{f', as of {row.as_of}' if row.as_of else ''}"
        words = [row.distribution, document["inputs"][row.name]["long_name"], cited, row.note]
        yield Gap()
        head = f"{row.label} ({row.name})  {quantity_text(row.median, row.units)}" + spread
        yield Text(head, "bold", only=Form.terminal)
        yield Text([text for text in words if text], indent=4, raw=True, only=Form.terminal)


def headline_outputs(document: Document) -> list[str]:
    """Return the outputs of the headline: what was solved for, then what people ask for."""
    outputs = document["outputs"]
    free = [name for name in document["question"]["free"] if name in outputs]
    known = [name for name in _PHRASES if name in outputs]
    return list(dict.fromkeys([*free, *known, *outputs]))[:_MOST_OUTPUTS]


def headline(document: Document) -> str:
    """Answer the question of what `report_document` returns in one sentence, with intervals."""
    given = document["question"]["given"]
    parts = [_phrase(document, name) for name in headline_outputs(document)]
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    if list(given) == ["budget"] and not document["question"]["free"]:
        return f"{with_powers(given['budget']['stated'])} buy {text}."
    if not given:
        return f"The priors alone imply {text}."
    return f"With {with_powers(question_in_words(document))}: {text}."


def _answers(document: Document) -> Iterator[Block]:
    probs, outputs = document["probs"], document["outputs"]
    rows = list(output_rows(document, probs[0]))
    yield Heading("Answers", id="outputs", only=Form.full)
    header = ["answer", "name", "median", f"{percent(probs[0])} interval", "units", "shape"]
    brief = [(r.label, r.name, r.median, r.interval, r.units, r.shape) for r in rows]
    narrow = [
        (r.label, r.name, r.median, quantity_text(r.interval, r.units), r.shape) for r in rows
    ]
    short = [*header[:4], header[5]]
    yield Table(short, narrow, (0, 1, 3, 4), tight=True, named=True, drawn=(4,), only=Form.terminal)
    named = [(*row, outputs[row[1]]["long_name"]) for row in brief]
    yield Table((*header, "what it is"), named, (0, 1, 4, 5, 6), only=Form.notebook)
    header = ["answer", "name", "units", "median", "mean", "sd"]
    full = [[row.label, row.name, row.units, row.median, row.mean, row.sd] for row in rows]
    for prob in probs:
        header += [f"{percent(prob)} equal-tailed", f"{percent(prob)} highest density"]
        for cells, row in zip(full, output_rows(document, prob), strict=True):
            cells += [
                row.interval,
                region_in_words(outputs[row.name], prob, scale_of(outputs[row.name], row.name))
                or "none",
            ]
    yield Table(header, full, only=Form.markdown)
    if all(output["constant"] for output in outputs.values()):
        yield Text(_CONSTANT, "how", only=Form.html)
    else:
        yield Text(_CURVES.format(", ".join(map(percent, sorted(probs)))), "how", only=Form.html)
        yield Part("panels", (document,))
    yield Part("answers", (document,))


def _events(document: Document) -> Iterator[Block]:
    for text in chances_in_words(document):
        yield Text(f" {text}", "bold", only=Form.terminal)
        yield Text(text, only=Form.notebook)
    if events := list(event_rows(document)):
        yield Heading("How likely", only=Form.markdown)
        header = ("event", "probability", "standard error")
        yield Table(header, events, only=Form.markdown)


def _errors(document: Document) -> Iterator[Block]:
    rows = list(error_rows(document))
    yield Heading("Monte Carlo errors", only=Form.markdown)
    text = "Standard errors, from the spread between independent chains."
    yield Text(text, only=Form.markdown)
    header = ("answer", "statistic", "estimate", "standard error", "units")
    yield Table(header, rows, only=Form.markdown)
    yield Table(
        [name.capitalize() for name in header],
        rows,
        (0, 1, 4),
        caption=_ERRORS,
        fold=f"Every figure with its Monte Carlo error ({counted(len(rows), 'row')})",
        code=(3,),
        only=Form.html,
    )


def _inputs(document: Document, behind: Behind | None) -> Iterator[Block]:
    yield Gap()
    before = document.get("evidence") is not None
    header = ("input, before" if before else "input", "name", "median", "5% to 95%", "source")
    rows = [
        # The first clause of a citation; the long forms have the whole.
        (
            row.label,
            row.name,
            quantity_text(row.median, row.units),
            row.interval,
            _clause(row.source),
        )
        for row in input_rows(document)
    ]
    yield Table(header, rows, (0, 1, 4), fill=True, tight=True, named=True, only=Form.terminal)
    yield _cited(document, fold="Inputs and their sources")
    yield Heading("Inputs", id="inputs", only=Form.full)
    yield inputs_table(document)
    yield Part("believed", (document, behind))


def _cited(document: Document, fold: str = "") -> Table:
    header = ("input", "name", "median", "5% to 95%", "units", "distribution", "source")
    rows = [
        (r.label, r.name, r.median, r.interval, r.units, r.distribution, r.source)
        for r in input_rows(document)
    ]
    return Table(header, rows, (0, 1, 4, 5, 6), fold=fold, only=Form.notebook)


def _clause(source: str) -> str:
    return source.partition("\n")[0].partition(";")[0]


def _equations(document: Document, behind: Behind | None) -> Iterator[Block]:
    caption = "How each answer is reached"
    header = ("answer", "meaning", "equation", "rests on", "integrated out")
    rows = [
        (
            with_name(name),
            one["long_name"],
            one["equation"],
            one["rests_on"] or "priors alone",
            one["pivot"] or "nothing",
        )
        for name, one in document["outputs"].items()
    ]
    yield Heading(caption, only=Form.markdown)
    yield Table(header, rows, only=Form.markdown)
    yield Heading("Equations used", id="equations", short="Equations", only=Form.html)
    if behind is not None:
        yield Figure(partial(_graph, behind), 720.0, 1.6, "Graph of the equations")
    yield Table(
        [name.capitalize() for name in header],
        [(name, meaning, equation or "prior", *rest) for name, meaning, equation, *rest in rows],
        range(5),
        caption=caption,
        code=(2,),
        only=Form.html,
    )


def _graph(behind: Behind) -> Drawing:
    from uncertain_scale.report.figures import plot_graph

    return plot_graph(behind().plan)


def _phrase(document: Document, name: str) -> str:
    output = document["outputs"][name]
    scale = scale_of(output, name)
    exact = output["constant"]
    middle = scale.write(output["median"], output["median_mcse"], exact=exact)
    value = quantity_text(middle, scale.units)
    words = _PHRASES.get(name, f"{within_text(name)} of {{}}").format(with_powers(value))
    if exact:
        return words
    prob = document["probs"][0]
    piece = intervals_of(output, "eti", prob)[0]
    ends = " to ".join(scale.write_end(piece, end) for end in ("low", "high"))
    return f"{words} ({with_powers(f'{percent(prob)}: {ends}')})"
