"""Renderers: blocks as something that rich prints, as Markdown, as a page, in a notebook.

Which blocks and which comma-separated values a kind of result has is said here, once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.document import Document

__all__ = ["VIEWS", "View"]


class View(NamedTuple):
    """How a kind of result is shown: what makes its blocks and its CSV, its files, its figures.

    Commands keep the CSV beside the other files of a result where `kept`.
    """

    blocks: str
    csv: str
    file: str = ""
    figures: tuple[str, ...] = ()
    kept: bool = False

    def blocks_of(self, document: Document, **more: Any) -> Iterable[Block]:
        """Return the blocks of a document, which put its variables into words."""
        from uncertain_scale.report.spoken import in_words

        return in_words(_find(f"{self.blocks}_blocks")(document, **more), document)

    def csv_of(self, document: Document) -> str:
        """Return a document as comma-separated values."""
        return str(_find(self.csv)(document))

    def files_of(
        self, document: Document, page: str, *, table: bool, **more: Any
    ) -> dict[str, str]:
        """Return the texts of a document's files by name: its page, and the CSV as a `table`."""
        from uncertain_scale.report.render.markdown import markdown
        from uncertain_scale.report.store import as_json

        text = markdown(self.blocks_of(document, **more))
        texts = {"md": text, "json": as_json(document) + "\n", "html": page}
        texts |= {"csv": self.csv_of(document)} if table else {}
        return {f"{self.file}.{ending}": text for ending, text in texts.items()}


def _find(place: str) -> Callable[..., Any]:
    module, _, name = place.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(f"uncertain_scale.report.{module}"), name)
    return found


_DRAWS = ("density", "intervals", "priors", "graph")
VIEWS = {
    "report": View("interval_report.report", "render.csv.csv_report", "report", _DRAWS),
    "update": View("interval_report.update", "render.csv.csv_report", "report", _DRAWS),
    "sensitivity": View(
        "sensitivity_report.sensitivity",
        "render.csv.csv_sensitivity",
        "sensitivity",
        ("sensitivity", "tornado"),
    ),
    "sensitivity given evidence": View(
        "posterior_reports.dependent", "render.csv.csv_dependent", "sensitivity"
    ),
    "compare": View(
        "comparison_report.comparison", "render.csv.csv_comparison", "comparison", ("compare",)
    ),
    "compare given evidence": View(
        "posterior_reports.evidence_comparison", "render.csv.csv_evidence_comparison", "comparison"
    ),
    "sweep": View("sweep_report.sweep", "sweep_report.csv_sweep", "sweep", ("sweep",), kept=True),
    "decide": View(
        "decide_report.choice", "decide_report.csv_choice", "decision", ("decision",), kept=True
    ),
    "claims": View(
        "claims_report.claims", "claims_report.csv_claims", "claims", ("claims",), kept=True
    ),
    "backtest": View(
        *("backtest_report.backtest", "backtest_report.csv_backtest", "backtest", ("backtest",)),
        kept=True,
    ),
    "backtest of trends": View(
        "trend_report.trends", "trend_report.csv_trends", "backtest", kept=True
    ),
    "difference": View("differences.difference", "render.csv.csv_difference"),
    "priors": View("interval_report.priors", "render.csv.csv_priors"),
    "chips": View("chips_report.chips", "chips_report.csv_chips"),
    "chip": View("chips_report.chip", "chips_report.csv_chips"),
}
"""By kind of result."""
