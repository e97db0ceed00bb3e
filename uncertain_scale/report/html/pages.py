"""Pages: what templates show, made of the same plain data and rows as the other views."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from uncertain_scale.report import figures
from uncertain_scale.report.comparing import (
    comparison_rows,
    comparison_words,
    coupling_rows,
    otherwise_table,
)
from uncertain_scale.report.figures.axes import with_powers
from uncertain_scale.report.figures.style import styled
from uncertain_scale.report.figures.words import percent
from uncertain_scale.report.html.headline import compared, driven, headline
from uncertain_scale.report.html.inline import inline
from uncertain_scale.report.html.marks import STALE_MONTHS, marks_of
from uncertain_scale.report.html.parts import (
    evidence_parts,
    input_card,
    output_rows_of,
    ranking_parts,
    ratio_figure,
    swing_rows,
)
from uncertain_scale.report.html.templating import environment
from uncertain_scale.report.rows import (
    design_in_words,
    error_rows,
    event_rows,
    input_rows,
    question_in_words,
    remarks,
    run_in_words,
    sufficient_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uncertain_scale.report.document import Document
    from uncertain_scale.report.html.background import Background

__all__ = ["html_comparison", "html_report", "html_sensitivity", "page"]

_GRAPH_WIDTH = 720.0


@styled
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
    return page(
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
        outputs=list(output_rows_of(document)),
        errors=list(error_rows(document)),
        events=list(event_rows(document)),
        sufficient=list(sufficient_rows(document)),
        drivers=ranking_parts(background.drivers, number)
        if background and background.drivers
        else None,
        no_drivers=background.reason if background else "Not ranked in this page.",
        inputs=[
            input_card(document, row, marks[row.name], background, number)
            for row in input_rows(document)
        ],
        evidence=evidence_parts(document),
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


@styled
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
    return page(
        "comparison.html",
        document,
        command,
        headline=compared(document),
        run=design_in_words(document),
        comparisons=[
            {
                "other": one["other"],
                "figure": ratio_figure(document, one["other"], next(number)),
                "words": comparison_words(one, document["base"]),
                "rows": list(comparison_rows(one, document["probs"][0])),
                "otherwise": otherwise_table(one, document["probs"][0]),
                "coupled": coupling_rows(one),
                "changed": one["changed_inputs"],
            }
            for one in document["comparisons"]
        ],
    )


@styled
def html_sensitivity(document: Document, *, command: str = "") -> str:
    """Return a ranking of inputs as one self-contained HTML page.

    Parameters
    ----------
    document
        What `sensitivity_document` returns.
    command
        The command line that makes it again.
    """
    return page(
        "sensitivity.html",
        document,
        command,
        headline=driven(document),
        run=design_in_words(document),
        drivers=ranking_parts(document, count(1)),
        swings=list(swing_rows(document)),
    )


def page(template: str, document: Document, command: str, **parts: Any) -> str:
    """Return a template filled in with parts, and with the record of the run.

    Parameters
    ----------
    template
        Its file.
    document
        What a report's function returns.
    command
        The command line that makes it again.
    parts
        What else the template names.
    """
    hashes = {f"SHA-256 of {name}": digest for name, digest in _hashes(document)}
    record = {
        "Design": document["design"],
        "Seed": document["seed"],
        "Chains": document["chains"],
        "Draws of each": f"{document['draws']:,}",
        **{f"{name} version": version for name, version in document["versions"].items()},
        **hashes,
    }
    return (
        environment()
        .get_template(template)
        .render(
            document=document,
            question=with_powers(question_in_words(document)) if "question" in document else "",
            command=command,
            record=record,
            prob=percent(document["probs"][0]) if document["probs"] else "",
            **parts,
        )
    )


def _hashes(document: Document) -> Iterator[tuple[str, str]]:
    """Yield what was hashed; where there are several priors, each by its name."""
    for name, found in document["hashes"].items():
        yield from found.items() if isinstance(found, dict) else [(name, found)]
