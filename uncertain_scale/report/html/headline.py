"""The answer in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.report.comparison_report import comparison_rows
from uncertain_scale.report.figures.axes import with_powers
from uncertain_scale.report.figures.intervals import ratio_in_words
from uncertain_scale.report.figures.sensitivity import input_label, shares_of
from uncertain_scale.report.numbers import percent, scale_of, share_in_words
from uncertain_scale.report.rows import intervals_of, question_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.report.document import Document

_MOST = 3
# What people ask a run for, in the order in which it is told.
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


def headline_outputs(document: Document) -> list[str]:
    """Return the outputs that the sentence tells: what was solved for, then what people ask for."""
    outputs = document["outputs"]
    free = [name for name in document["question"]["free"] if name in outputs]
    known = [name for name in _PHRASES if name in outputs]
    return list(dict.fromkeys([*free, *known, *outputs]))[:_MOST]


def headline(document: Document) -> str:
    """Answer the question of what `report_document` returns in one sentence, with intervals."""
    given = document["question"]["given"]
    parts = [_phrase(document, name) for name in headline_outputs(document)]
    said = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    if list(given) == ["budget"] and not document["question"]["free"]:
        return f"{with_powers(given['budget']['stated'])} buy {said}."
    if not given:
        return f"The priors alone imply {said}."
    return f"With {with_powers(question_in_words(document))}: {said}."


def _phrase(document: Document, name: str) -> str:
    output = document["outputs"][name]
    scale = scale_of(output)
    exact = output["constant"]
    middle = scale.write(output["median"], output["median_mcse"], exact=exact)
    value = f"{middle} {scale.units}".rstrip()
    told = _PHRASES.get(name, f"{name} of {{}}").format(with_powers(value))
    if exact:
        return told
    return f"{told} ({_interval(document, output)})"


def _interval(document: Document, output: dict[str, Any]) -> str:
    prob = document["probs"][0]
    piece = intervals_of(output, "eti", prob)[0]
    scale = scale_of(output)
    low, high = (scale.write_end(piece, end) for end in ("low", "high"))
    return with_powers(f"{percent(prob)}: {low} to {high}")


def compared(document: Document) -> str:
    """Say in a sentence what each scenario makes of the answers that move."""
    sentences, probs = [], document["probs"]
    for one in document["comparisons"]:
        moved = [
            f"{name} {ratio_in_words(output['ratio'], probs)}{_otherwise(output, probs)}"
            for name, output in one["outputs"].items()
            if output["ratio"] and not _same(output["ratio"])
        ]
        moved += [
            "{} {} ({}: {})".format(label, *cells[:1], percent(probs[0]), *cells[1:])
            for label, *cells, _ in comparison_rows(one, probs[0])
            if label not in one["outputs"]
        ]
        said = ", ".join(moved[:2]) or "no answer moves"
        sentences.append(f"{one['other']} over {document['base']}: {said}.")
    return " ".join(sentences)


def _otherwise(output: dict[str, Any], probs: Sequence[float]) -> str:
    """Write what the extreme couplings give, where they give something else."""
    told = [
        f"; all {kind}: {ratio_in_words(one['ratio'], probs)}"
        for kind, one in output["otherwise"].items()
        if one["ratio"] and not one["ratio"]["constant"]
    ]
    return "".join(told)


def _same(ratio: dict[str, Any]) -> bool:
    return bool(ratio["constant"]) and abs(ratio["median"] - 1) < 1e-9


def driven(document: Document) -> str:
    """Say in a sentence what drives each answer most."""
    said = []
    for name, output in list(document["outputs"].items())[:3]:
        shares = [] if output["reason"] else shares_of(output)[:2]
        told = " and ".join(f"{input_label(n)} ({share_in_words(s['shapley'])})" for n, s in shares)
        said.append(f"{name}: {told or 'no input moves it'}")
    return f"What drives the answers most: {'; '.join(said)}."
