"""Parts of the page as HTML, made of the same plain data, rows and figures as the reports.

Text of others is escaped here, as everywhere: only web addresses in sources become links.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from uncertain_scale.report import figures
from uncertain_scale.report.figures.axes import interval_in_words
from uncertain_scale.report.figures.style import rendering
from uncertain_scale.report.html.parts import (
    comparison_parts,
    marks_of,
    output_rows_of,
    ranking_parts,
)
from uncertain_scale.report.html.templating import environment, inline
from uncertain_scale.report.interval_report import headline
from uncertain_scale.report.numbers import percent, with_powers
from uncertain_scale.report.rows import (
    event_rows,
    question_in_words,
    remarks,
    run_in_words,
    sufficient_rows,
)

if TYPE_CHECKING:
    from markupsafe import Markup

    from uncertain_scale.explore.answer import Answer
    from uncertain_scale.inputs import Prior

PARTS = ("head", "now", "input", "answers", "drivers", "comparison")
"""Names of the parts of the page that an answer fills."""
_PACKAGE = "uncertain_scale.explore"
_INPUT_FIGURE = 900  # beyond the numbers of the other figures
_DRAWING = Lock()  # figures are drawn under settings that a process has once


def sections(answer: Answer, *, at: str = "", coarse: bool = False) -> dict[str, str]:
    """Return the parts of the page that an answer fills, by name.

    `at` names the input that is looked at by itself; a fuller answer follows a `coarse` one.
    """
    with _DRAWING, rendering():
        return _sections(answer, at, coarse=coarse)


def _sections(answer: Answer, at: str, *, coarse: bool) -> dict[str, str]:
    document, number = answer.document, count(1)
    prob, looked_at = document["probs"][0], document["outputs"][answer.of]
    compared = answer.comparison
    return {
        "head": _render(
            "head",
            question=with_powers(question_in_words(document)),
            headline=headline(document),
            document=document,
            run=run_in_words(document),
            coarse=coarse,
        ),
        "now": _render("now", of=answer.of, words=interval_in_words(looked_at, prob)),
        "input": _input(answer, at),
        "answers": _render(
            "answers",
            prob=prob,
            outputs=[
                {**row, "intervals": row["intervals"][:1]} for row in output_rows_of(document)
            ],
            events=list(event_rows(document)),
            sufficient=list(sufficient_rows(document)),
            remarks=list(remarks(document)),
        ),
        "drivers": _render(
            "drivers",
            of=answer.of,
            density=None
            if looked_at["constant"]
            else inline(figures.plot_density(document, [answer.of], columns=1), next(number)),
            drivers=ranking_parts(answer.ranking, number),
        ),
        "comparison": _render(
            "comparison",
            base=document["scenario"],
            prob=percent(prob),
            refused=answer.refused,
            comparisons=[comparison_parts(compared, one, number) for one in compared["comparisons"]]
            if compared
            else [],
        ),
    }


def _input(answer: Answer, name: str) -> str:
    """Return the part of an input that can be moved: its density, belief, source and marks."""
    prior = answer.inputs.get(name)
    if prior is None:
        return ""
    facts = answer.document["inputs"].get(name) or {**prior.facts(), "origin": "prior"}
    drawn = None if facts["q05"] == facts["q95"] else _density(name, prior)
    marks = marks_of(answer.document["inputs"]).get(name, [])
    return _render("input", input=facts, marks=marks, figure=drawn)


@lru_cache(maxsize=64)
def _density(name: str, prior: Prior) -> Markup:
    """Return the density of an input, drawn once: most of what is moved is something else."""
    return inline(
        figures.plot_priors({name: prior}, [name], columns=1, titles=False), _INPUT_FIGURE
    )


def _render(part: str, **values: Any) -> str:
    macros = environment(_PACKAGE).get_template("parts.html").module
    return str(getattr(macros, part)(**values))
