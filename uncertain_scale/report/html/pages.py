"""Pages: what templates show, made of the same plain data and rows as the other views."""

from __future__ import annotations

import re
from functools import cache, partial
from itertools import count
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from uncertain_scale.report import figures
from uncertain_scale.report.comparing import comparison_rows, comparison_words
from uncertain_scale.report.evidence import (
    before_rows,
    learnt_in_words,
    moved_rows,
    observation_rows,
    road_in_words,
)
from uncertain_scale.report.figures.axes import with_powers
from uncertain_scale.report.figures.compare import ratio_in_words
from uncertain_scale.report.figures.sensitivity import LEAST, input_label, share_in_brief, shares_of
from uncertain_scale.report.figures.words import percent
from uncertain_scale.report.html.headline import headline
from uncertain_scale.report.html.inline import inline
from uncertain_scale.report.html.marks import STALE_MONTHS, marks_of
from uncertain_scale.report.html.text import linked, worded
from uncertain_scale.report.numbers import Scale, scale_for, share_in_words, units_in_words
from uncertain_scale.report.rows import (
    design_in_words,
    error_rows,
    event_rows,
    input_rows,
    intervals_of,
    output_rows,
    question_in_words,
    remarks,
    run_in_words,
    sufficient_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from uncertain_scale.report.document import Document
    from uncertain_scale.report.html.background import Background

__all__ = ["html_comparison", "html_report", "html_sensitivity"]

_GRAPH_WIDTH = 720.0
_COMPARE_WIDTH = 440.0


def html_report(
    document: Document, background: Background | None = None, *, command: str = ""
) -> str:
    """Return a report as one self-contained HTML page.

    Parameters
    ----------
    document
        What `report_document` returns.
    background
        What `background_of` returns: without it the page has no prior densities, no graph and no
        ranking.
    command
        The command line that makes the report again.
    """
    number = count(1)
    marks = marks_of(document["inputs"])
    return _page(
        "report.html",
        document,
        command,
        headline=headline(document),
        remarks=list(remarks(document)),
        run=run_in_words(document),
        panels=[
            inline(figures.plot_density(document, [name], columns=1), next(number))
            for name, output in document["outputs"].items()
            if not output["constant"]
        ],
        outputs=list(_outputs(document)),
        errors=list(error_rows(document)),
        events=list(event_rows(document)),
        sufficient=list(sufficient_rows(document)),
        drivers=_drivers(background.drivers, number) if background and background.drivers else None,
        no_drivers=background.reason if background else "Not ranked in this page.",
        inputs=[
            _input(document, row, marks[row.name], background, number)
            for row in input_rows(document)
        ],
        evidence=_evidence(document),
        stale_months=STALE_MONTHS,
        equations=[
            (name, output["long_name"], output["equation"] or "prior", output["rests_on"])
            for name, output in document["outputs"].items()
        ],
        graph=inline(
            figures.plot_graph(background.plan), next(number), least=_GRAPH_WIDTH, zoom=1.6
        )
        if background
        else None,
    )


def html_comparison(document: Document, *, command: str = "") -> str:
    """Return comparisons of scenarios as one self-contained HTML page.

    Parameters
    ----------
    document
        What `comparison_document` returns.
    command
        The command line that makes it again.
    """
    number = count(1)
    return _page(
        "comparison.html",
        document,
        command,
        headline=_compared(document),
        run=design_in_words(document),
        comparisons=[
            {
                "other": one["other"],
                "figure": _ratios(document, one["other"], next(number)),
                "words": comparison_words(one, document["base"]),
                "rows": list(comparison_rows(one, document["probs"][0])),
                "changed": one["changed_inputs"],
            }
            for one in document["comparisons"]
        ],
    )


def html_sensitivity(document: Document, *, command: str = "") -> str:
    """Return a ranking of inputs as one self-contained HTML page.

    Parameters
    ----------
    document
        What `sensitivity_document` returns.
    command
        The command line that makes it again.
    """
    return _page(
        "sensitivity.html",
        document,
        command,
        headline=_driven(document),
        run=design_in_words(document),
        drivers=_drivers(document, count(1)),
        swings=list(_swings(document)),
    )


def _page(template: str, document: Document, command: str, **parts: Any) -> str:
    hashes = {f"SHA-256 of {name}": digest for name, digest in document["hashes"].items()}
    record = {
        "Design": document["design"],
        "Seed": document["seed"],
        "Chains": document["chains"],
        "Draws of each": f"{document['draws']:,}",
        **{f"{name} version": version for name, version in document["versions"].items()},
        **hashes,
    }
    return (
        _environment()
        .get_template(template)
        .render(
            document=document,
            question=with_powers(question_in_words(document)),
            command=command,
            record=record,
            prob=percent(document["probs"][0]) if document["probs"] else "",
            **parts,
        )
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("uncertain_scale.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else worded(value),
    )
    environment.filters |= {
        "linked": linked,
        "powers": with_powers,
        "units": units_in_words,
        "percent": percent,
        "label": input_label,
        "times": _times,
    }
    return environment


def _outputs(document: Document) -> Iterator[dict[str, Any]]:
    """Yield a row an output; each number as text and as it stands in the document."""
    for row in output_rows(document, document["probs"][0]):
        output = document["outputs"][row.name]
        scale = scale_for([output["median"]], output["units"])
        write = partial(_number, scale, exact=output["constant"])
        ends = [intervals_of(output, "eti", prob)[0] for prob in document["probs"]]
        yield {
            "name": row.name,
            "long_name": output["long_name"],
            "units": row.units,
            "median": write(output["median"], output["median_mcse"]),
            "intervals": [
                [write(piece[end], piece[f"{end}_mcse"]) for end in ("low", "high")]
                for piece in ends
            ],
        }


def _number(scale: Scale, value: float, error: float | None, *, exact: bool) -> tuple[str, str]:
    """Return a number as text and at full precision."""
    return with_powers(scale.write(value, error, exact=exact)), repr(value)


def _input(
    document: Document, row: Any, marks: list[Any], background: Background | None, number: Any
) -> dict[str, Any]:
    prior = document["inputs"][row.name]
    picture = None
    if background and row.interval and row.name in background.inputs:
        drawn = figures.plot_priors(background.inputs, [row.name], columns=1, titles=False)
        picture = inline(drawn, next(number))
    return {
        "name": row.name,
        "long_name": prior["long_name"],
        "median": with_powers(f"{row.median} {row.units}".rstrip()),
        "interval": with_powers(row.interval),
        "distribution": row.distribution,
        "source": row.source,
        "as_of": row.as_of,
        "note": row.note,
        "marks": marks,
        "figure": picture,
    }


def _drivers(document: Document, number: Any) -> dict[str, Any]:
    """Return the figures and tables of a ranking."""
    outputs = document["outputs"]
    return {
        "measure": "log-variance" if document["on"] == "log" else "variance",
        "least": f"{LEAST:.1%}",
        "run": design_in_words(document),
        "panels": [
            inline(figures.plot_sensitivity(document, [name], columns=1), next(number))
            for name in outputs
        ],
        "rows": [
            (
                name,
                input_name,
                share_in_brief(share),
                _held(output["rank_share"][input_name], document["chains"]),
            )
            for name, output in outputs.items()
            for input_name, share in (() if output["reason"] else shares_of(output))
        ],
        "reasons": {name: output["reason"] for name, output in outputs.items() if output["reason"]},
    }


def _times(text: str) -> str:
    """Write x3.2, a factor in plain text, with a multiplication sign; the mark ! as a word."""
    return re.sub(r"(?<![\w.])x(?=\d)", "×", text).replace("! ", "warning: ", 1)


def _held(share: float, chains: int) -> str:
    return f"{round(share * chains)} of {chains}"


def _swings(document: Document) -> Iterator[tuple[str, str, str, str, str]]:
    for name, output in document["outputs"].items():
        if output["median"] is None:
            continue
        scale = scale_for([output["median"]], output["units"])
        for input_name, swing in output["swing"].items():
            ends = [swing[end]["median"] for end in ("low", "high")]
            known = [with_powers(scale.write(end)) for end in ends if end is not None]
            if len(known) == len(ends):
                yield name, input_name, known[0], known[1], scale.units


def _evidence(document: Document) -> dict[str, Any] | None:
    """Return what was observed, how the posterior was found and what moved."""
    if document.get("evidence") is None:
        return None
    return {
        "observations": list(observation_rows(document)),
        "words": [road_in_words(document), learnt_in_words(document)],
        "moved": list(moved_rows(document)),
        "before": list(before_rows(document)),
    }


def _ratios(document: Document, other: str, number: int) -> Markup | None:
    from uncertain_scale.errors import DataError

    try:
        return inline(
            figures.plot_compare(document, [other], titles=False), number, least=_COMPARE_WIDTH
        )
    except DataError:
        return None


def _compared(document: Document) -> str:
    """Say in a sentence what each scenario makes of the answers that move."""
    sentences = []
    for one in document["comparisons"]:
        moved = [
            f"{name} {ratio_in_words(output['ratio'], document['probs'])}"
            for name, output in one["outputs"].items()
            if output["ratio"] and not _same(output["ratio"])
        ]
        said = ", ".join(moved[:2]) or "no answer moves"
        sentences.append(f"{one['other']} over {document['base']}: {said}.")
    return " ".join(sentences)


def _same(ratio: dict[str, Any]) -> bool:
    return bool(ratio["constant"]) and abs(ratio["median"] - 1) < 1e-9


def _driven(document: Document) -> str:
    """Say in a sentence what drives each answer most."""
    said = []
    for name, output in list(document["outputs"].items())[:3]:
        shares = [] if output["reason"] else shares_of(output)[:2]
        told = " and ".join(f"{input_label(n)} ({share_in_words(s['shapley'])})" for n, s in shares)
        said.append(f"{name}: {told or 'no input moves it'}")
    return f"What drives the answers most: {'; '.join(said)}."
