"""What was observed and what it moved: as plain data, and as rows and sentences for every view."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.report.blocks import Block, Form, Gap, Heading, Items, Part, Table, Text
from uncertain_scale.report.numbers import (
    digits,
    number,
    percent,
    scale_for,
    scale_of,
    share_in_words,
)
from uncertain_scale.statistics.intervals import quantiles
from uncertain_scale.statistics.outputs import read_draws
from uncertain_scale.units.labels import label_of, shown_units, with_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.report.document import Document
    from uncertain_scale.report.numbers import Scale
    from uncertain_scale.sampling.chains import ArrayTree, Labelled

_LEVELS = {"q05": 0.05, "q50": 0.5, "q95": 0.95}
_HOW = (
    "What was observed, and what it moved: the answers above hold given this evidence. The inputs "
    "below are as believed before it."
)
_LED = "; it allows too few draws of the prior to weight them, so they were led to it (no fault)"
_P = (
    "p: probability, under the priors, of a measured value as far out, or the share of the "
    "predictions that the observation allows, if that is larger."
)
_OBSERVED = {
    "name": "observation",
    "variable": "variable",
    "stated": "stated",
    "given": "given",
    "own": "its own inputs",
    "prior_predictive": "by the priors (90%)",
    "p_value": "p",
    "posterior_predictive": "now (90%)",
    "units": "units",
    "as_of": "as of",
    "source": "source",
    "note": "note",
}


def evidence_document(tree: ArrayTree, probs: Sequence[float]) -> dict[str, Any]:
    """Return `evidence`: how a posterior was found and what moved.

    Answers before the evidence have an interval of the first of the probabilities.
    """
    record = json.loads(tree.attrs["conditioning"])
    information = record.pop("information")
    inputs, outputs = tree.groups["prior"], tree.groups["prior_predictive"]
    return {
        "evidence": {
            **record,
            "bits": information["in_all"]["bits"],
            "bits_mcse": information["in_all"]["mcse"],
            "moved": {
                name: _moved(tree, name, learnt) for name, learnt in information["inputs"].items()
            },
            "before": {
                name: {"units": one.attrs["units"]} | _ends(one, probs[0] if probs else 0.9, inputs)
                for name, one in outputs.items()
            },
        }
    }


def _moved(tree: ArrayTree, name: str, learnt: Mapping[str, Any]) -> dict[str, Any]:
    prior, posterior = (tree.groups[group][name] for group in ("prior", "posterior"))
    return {
        "units": prior.attrs["units"],
        "joint": learnt["joint"],
        "bits": learnt["bits"],
        "bits_mcse": learnt["mcse"],
        "prior": {level: number(prior.attrs[level]) for level in _LEVELS},
        "posterior": _quantiles(posterior, _LEVELS),
    }


def _ends(draws: Labelled, prob: float, inputs: Mapping[str, Labelled]) -> dict[str, float | None]:
    levels = {"median": 0.5, "low": (1 - prob) / 2, "high": (1 + prob) / 2}
    return _quantiles(draws, levels, inputs)


def _quantiles(
    draws: Labelled, levels: Mapping[str, float], inputs: Mapping[str, Labelled] | None = None
) -> dict[str, float | None]:
    """Return quantiles with their Monte Carlo errors."""
    read = read_draws(draws, inputs)
    if read.constant:
        values, errors = np.full((2, len(levels)), [[read.values.flat[0]], [0.0]])
    else:
        values, errors = quantiles(read, np.array(list(levels.values())))
    found: dict[str, float | None] = {}
    for name, value, error in zip(levels, values, errors, strict=True):
        found[name], found[f"{name}_mcse"] = float(value), number(error)
    return found


def method_in_words(document: Document) -> str:
    """Say how the posterior was found, and whether weights could be trusted."""
    evidence = document["evidence"]
    counted = ""
    if evidence["effective"] is not None:
        share = share_in_words(evidence["effective"] / evidence["draws_weighted"])
        k_hat = evidence["k_hat"]
        shape = "" if k_hat is None else f", k-hat {k_hat:.2f} (trusted up to 0.7)"
        counted = f"{share} of the prior's draws count by weight{shape}"
    if evidence["method"] == "importance":
        return f"found by importance weights, Pareto-smoothed: {counted}"
    why = f"; {counted}" if counted else _LED
    stages = evidence["stages"]
    return f"found by sequential Monte Carlo in {stages} stage{'s' * (stages != 1)}{why}"


def learnt_in_words(document: Document) -> str:
    """Say how much was learnt in all."""
    evidence = document["evidence"]
    own = any(one["own"] for one in document["evidence"]["observations"])
    beside = ", with what the observations own" if own else ""
    bits, error = evidence["bits"], evidence["bits_mcse"]
    return f"learnt about all inputs together{beside}: {bits_in_words(bits, error)} bits"


def bits_in_words(bits: float, error: float | None) -> str:
    """Write an amount of information with the digits that its error supports."""
    if error and bits < 2 * error:
        return f"<{3 * error:.1g}"
    return scale_for([bits], "1").write(bits, error)


def p_in_words(p_value: float, error: float | None = None) -> str:
    """Write a p-value with the digits that its error supports, at most two.

    Examples
    --------
    >>> p_in_words(4.58e-6, 9e-8), p_in_words(4.58e-6, 1e-6), p_in_words(0.0)
    ('4.6e-06', '5e-06', '0')
    """
    if not p_value:
        return "0"
    places = math.floor(math.log10(p_value)) - digits(p_value, error, most=2)
    return f"{p_value:.{places + 1}g}"


def observation_rows(document: Document) -> Iterator[dict[str, str]]:
    """Yield each observation in words, what was predicted for it before and now among them."""
    for one in document["evidence"]["observations"]:
        scale = scale_for([_middle(one), *(one["observed"] or ())], one["units"])
        spans = {
            key: _span(scale, one[key], one[f"{key}_mcse"])
            for key in ("prior_predictive", "posterior_predictive")
        }
        joined = "=" if one["observed"] else ""  # "at least 15 day" joins by itself
        given = [f"{name} = {_plain(value)}" for name, value in one["given"].items()]
        own = [f"{name} (rank {rank:g})" if rank else name for name, rank in one["own"].items()]
        yield {
            **{key: one[key] for key in ("name", "variable", "stated", "source", "as_of", "note")},
            **spans,
            "fact": " ".join(filter(None, (one["variable"], joined, one["stated"]))),
            "units": scale.units,
            "given": ", ".join(given),
            "own": ", ".join(own),
            "p_value": p_in_words(one["p_value"], one.get("p_value_mcse")),
        }


def observation_lines(document: Document) -> Iterator[tuple[str, str]]:
    """Yield each observation as a headline and a line below it."""
    for row in observation_rows(document):
        given = f", given {row['given']}" if row["given"] else ""
        own = f"; its own {row['own']}" if row["own"] else ""
        yield (
            f"{row['name']}: {row['fact']}{given}{own}",
            f"{row['prior_predictive']} by the priors (90%, p = {row['p_value']}), "
            f"now {row['posterior_predictive']} {row['units']}".rstrip(),
        )


def moved_rows(document: Document) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield each input that moved: name, 5/50/95% before, the same now, units, bits."""
    shown: set[str] = set()
    for name, one in document["evidence"]["moved"].items():
        prior, posterior = one["prior"], one["posterior"]
        units = shown_units(name, one["units"])
        scale = scale_for([posterior[level] for level in ("q50", *_LEVELS)], units)
        before = [scale.write(prior[level]) for level in _LEVELS]
        now = [scale.write(posterior[level], posterior[f"{level}_mcse"]) for level in _LEVELS]
        bits = "" if one["joint"] in shown else bits_in_words(one["bits"], one["bits_mcse"])
        if one["joint"]:
            shown.add(one["joint"])
        yield name, ", ".join(before), ", ".join(now), scale.units, bits


def before_rows(document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield each answer before the evidence: name, median, interval, in the answers' scale."""
    for name, one in document["evidence"]["before"].items():
        scale = scale_of(document["outputs"][name], name)
        exact = one["low"] == one["high"]
        median, low, high = (
            scale.write(one[key], one[f"{key}_mcse"], exact=exact)
            for key in ("median", "low", "high")
        )
        yield name, median, low if exact else f"{low} to {high}"


def evidence_blocks(document: Document) -> Iterator[Block]:
    """Yield the observations, how the posterior was found, and what moved."""
    evidence = document["evidence"]
    method, learnt = method_in_words(document), learnt_in_words(document)
    moved = list(moved_rows(document))
    before, now = "5%, 50%, 95% before", "5%, 50%, 95% now"
    yield Gap()
    yield Heading("Evidence", id="evidence")
    for headline, below in observation_lines(document):
        yield Text(headline, indent=1, only=Form.terminal)
        yield Text(below, "dim", indent=4, only=Form.terminal)
    yield Text(("", method, learnt), indent=1, only=Form.terminal)
    head = ("what moved", "name", before, now, "units", "bits")
    rows = [(label_of(name), name, *cells) for name, *cells in moved]
    yield Table(head, rows, (0, 1, 4), tight=True, named=True, only=Form.terminal)
    yield Text(_HOW, "how", only=Form.html)
    yield Part("observations", (list(observation_rows(document)),))
    yield Items((method, learnt), only=Form.html)
    caption = "Inputs that moved: their 5%, 50% and 95% before and now"
    header = ("Input", "Before", "Now", "Units", "Bits learnt")
    long = [(with_name(name), *cells) for name, *cells in moved]
    yield Table(header, long, (0, 3), caption=caption, only=Form.html)
    seen = [[row[key] for key in _OBSERVED] for row in observation_rows(document)]
    yield Table(list(_OBSERVED.values()), seen, only=Form.markdown)
    error = evidence["log_evidence_mcse"]
    text = "" if error is None else f" ± {error:.1g}"
    weighed = f"Log marginal likelihood of the evidence: {evidence['log_evidence']:.4g}{text}. {_P}"
    yield Text((f"Posterior {method}; {learnt}.", weighed), only=Form.markdown)
    yield Heading("What moved", only=Form.markdown)
    header = ("input", before, now, "units", "bits learnt")
    yield Table(header, long, only=Form.markdown)
    if evidence["before"]:
        caption = "Answers before the evidence"
        prob = f"{percent(document['probs'][0])} interval"
        priors = [(with_name(name), *cells) for name, *cells in before_rows(document)]
        yield Table(("Answer", "Median", prob), priors, caption=caption, only=Form.html)
        yield Heading(caption, only=Form.markdown)
        yield Table(("answer", "median", prob), priors, only=Form.markdown)


def _middle(one: Mapping[str, Any]) -> float:
    """Return the value observed, or a bound of it."""
    if one["observed"]:
        return float(one["observed"][1])
    return float(one["upper"] if one["lower"] is None else one["lower"])


def _span(scale: Scale, ends: Sequence[float], errors: Sequence[float | None]) -> str:
    """Write a 90% interval, with a digit more where its ends would look alike."""
    low, high = (scale.write(ends[k], errors[k]) for k in (0, 2))
    if low == high:
        low, high = (scale.write(ends[k], exact=True) for k in (0, 2))
    return f"{low} to {high}"


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
