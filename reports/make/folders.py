"""The reports that are kept: the question of each, and what its folder holds.

A folder holds the result (`report.json` or the like), the same in Markdown, a picture where one
helps, and the record (`run.json`, `priors/`) from which `uncertain-scale verify` runs it again.
Everything but the result and its record is written from the result alone, so that a picture or a
page says the same wherever it is made.
"""

from __future__ import annotations

import json
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from board import best_of_each
from examples import AS_OF
from program import run_program

from uncertain_scale.cli.main import RESULTS
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.claim_files import load_claims
from uncertain_scale.model import default_model
from uncertain_scale.report import figures
from uncertain_scale.report.backtest_report import backtest_blocks
from uncertain_scale.report.claims_report import claims_blocks
from uncertain_scale.report.comparison_report import comparison_blocks
from uncertain_scale.report.decide_report import choice_blocks
from uncertain_scale.report.figures.charts import gpt4_guides
from uncertain_scale.report.interval_report import report_blocks
from uncertain_scale.report.render import html
from uncertain_scale.report.render.markdown import markdown
from uncertain_scale.report.sensitivity_report import sensitivity_blocks
from uncertain_scale.report.sweep_report import sweep_blocks
from uncertain_scale.units import parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uncertain_scale.report.blocks import Block

    Document = dict[str, Any]

__all__ = [
    "BOARD",
    "PICTURE",
    "RECORD",
    "REPORTS",
    "Report",
    "page_of",
    "pages_in",
    "picture_of",
    "ran",
    "read",
]

PICTURE = "figure.svg"
RECORD = "run.json"

BOARD = "decide/README.md"
"""The board's page, which is written into the folder of the choice that it is about."""

_PAGES: dict[str, Callable[[Document], Iterator[Block]]] = {
    "report": report_blocks,
    "compare": comparison_blocks,
    "sensitivity": sensitivity_blocks,
    "sweep": sweep_blocks,
    "claims": claims_blocks,
    "backtest": backtest_blocks,
    "decide": choice_blocks,
}


@dataclass(frozen=True)
class Report:
    """One report.

    Parameters
    ----------
    name
        Of its folder.
    command
        What makes its result, as it is typed, without `uncertain-scale` and `--output`.
    draw
        Draws its picture from its result into a file; None where there is no picture.
    """

    name: str
    command: str
    draw: Callable[[Document, Path], object] | None = None

    @property
    def words(self) -> list[str]:
        """The command's words; the first is its name."""
        return shlex.split(self.command)

    @property
    def stem(self) -> str:
        """Name of the result, without its ending."""
        return RESULTS[self.words[0]]

    @property
    def result(self) -> str:
        """Name of the result."""
        return f"{self.stem}.json"

    @property
    def page(self) -> str:
        """Name of the page in Markdown."""
        return f"{self.stem}.md"


def _claims(document: Document, path: Path) -> object:
    names = [one["name"] for one in document["claims"] if one["name"] not in _TWICE]
    return figures.save_figure(figures.plot_claims(document, names), path)


def _ratios(document: Document, path: Path) -> object:
    return figures.save_figure(figures.plot_compare(document), path)


def _forecasts(document: Document, path: Path) -> object:
    return figures.save_figure(figures.plot_backtest(document), path)


def _options(document: Document, path: Path) -> object:
    """Draw the best option of each chip."""
    found = {**document, "options": best_of_each(document)}
    return figures.save_figure(figures.plot_decision(found), path)


def _shares(document: Document, path: Path) -> object:
    return figures.save_figure(figures.plot_sensitivity(document, columns=2), path)


def _fan(document: Document, path: Path) -> object:
    """Draw FLOP for budgets, with what the post has for them."""
    guides = gpt4_guides(document["inputs"]["gpt4_flop"]["q50"])
    stated = load_claims("post-2024-07", default_model().variables).claims
    points = [
        (
            f"the post, {_PRECISIONS[claim.name]}",
            parse_quantity(claim.given["budget"]).to("USD"),
            claim.asserted.value,
        )
        for claim in stated
        if claim.name in _PRECISIONS and claim.asserted is not None
    ]
    figure = figures.plot_sweep(document, "training_flop", guides=guides, points=points)
    return figures.save_figure(figure, path)


def _costs(document: Document, path: Path) -> object:
    """Draw the cost of the largest run by date, with what the post expects."""
    guides = {f"{size} billion USD": size * 1e9 for size in COSTS}
    points = [("the post, end of 2026", 2027.0, cost) for cost in (1e10, 1e11)]
    figure = figures.plot_sweep(document, "largest_run_cost", guides=guides, points=points)
    return figures.save_figure(figure, path)


def _frontier(document: Document, path: Path) -> object:
    """Draw the trend of frontier models' FLOP over the published ones."""
    guides = gpt4_guides(_gpt4_flop())
    return figures.save_figure(figures.plot_sweep(document, "frontier_flop", guides=guides), path)


def _gpt4_flop() -> float:
    median: float = load_priors("base").inputs["gpt4_flop"].ppf(np.array([0.5]))[0]
    return median


COSTS = (1, 10, 100)
"""Costs of runs whose dates are asked for, in billions of USD."""
# Claims that say what another says, the other way round or of what the post has from itself.
_TWICE = {
    *("days-for-100m", "days-for-1b", "flop-bf16-100m", "flop-fp8-100m"),
    *("gpt4-multiple-of-fp8-figure", "gpt4-multiple-of-bf16-figure"),
}
# Claims of the post on the FLOP of a budget, by name.
_PRECISIONS = {"flop-bf16-100m": "BF16", "flop-fp8-100m": "FP8", "flop-10b": "FP8"}
_SPEED = "gpu_hours,effective_flops,training_flop,gpt4_multiple,gpus,facility_power,cost_per_flop"
_SITE = "--given 'facility_power=150 MW'"
REPORTS = (
    Report(
        "budget-100M",
        "report --budget 100M --event 'training_flop >= 9e25' --event 'training_flop >= 2e26' "
        "--event 'gpt4_multiple >= 10' --no-draws",
    ),
    Report("budget-1B", "report --budget 1B --event 'gpt4_multiple >= 100' --no-draws"),
    Report(
        "budget-10B",
        "report --budget 10B --event 'training_flop >= 2e28' --event 'gpt4_multiple >= 1000' "
        "--no-draws",
    ),
    Report(
        "fp8",
        "compare h100-dense-fp8 h100-sparse-fp8 post-reading --budget 100M",
        _ratios,
    ),
    Report(
        "blackwell",
        "compare post-2024-07 h100-dense-fp8 gb200-dense-fp8 --budget 100M "
        f"--outputs {_SPEED},flop_per_joule,gpus_purchasable",
        _ratios,
    ),
    Report(
        "sensitivity",
        "sensitivity --budget 100M --of training_flop,gpt4_multiple,facility_power,cluster_price",
        _shares,
    ),
    Report(
        "sweep",
        "sweep --budget 10M..100B --points 25 --outputs training_flop "
        "--event 'gpt4_multiple >= 10' --event 'gpt4_multiple >= 1000' "
        "--prob 0.5 --prob 0.9 --prob 0.95",
        _fan,
    ),
    Report("claims", "claims post-2024-07", _claims),
    Report("backtest", "backtest", _forecasts),
    Report(
        "budget-100M-2026",
        "report --budget 100M --scenario frontier-2026 --event 'training_flop >= 9e25' "
        "--event 'training_flop >= 2e26' --event 'gpt4_multiple >= 10' --no-draws",
    ),
    Report(
        "beliefs-2026",
        "compare base frontier-2026 --budget 100M "
        f"--outputs {_SPEED},training_energy,cluster_price,hyperscaler_share",
        _ratios,
    ),
    Report(
        "when/cost",
        "sweep --date 2020..2032 --points 13 "
        "--outputs frontier_flop,spending_limit,largest_run,largest_run_cost "
        "--event 'largest_run_cost >= 1B' --event 'largest_run_cost >= 10B' "
        "--event 'largest_run_cost >= 100B' --event 'frontier_flop <= largest_run' "
        "--prob 0.5 --prob 0.9 --prob 0.95",
        _costs,
    ),
    Report("when/dates", "sweep --given largest_run_cost=1B,10B,100B --outputs date"),
    Report(
        "when/site",
        "report --given 'largest_site_power=5 GW' --outputs date,first_date "
        "--event 'date <= 2028' --event 'date <= 2030' --no-draws",
    ),
    Report(
        "when/frontier",
        "sweep --date 2018..2030 --points 13 --outputs frontier_flop "
        "--prob 0.5 --prob 0.9 --prob 0.95",
        _frontier,
    ),
    Report("when/claims", "claims post-when"),
    Report(
        "decide",
        f"decide {_SITE} --option chip=H100,H200,B200,GB200,GB300,MI355X "
        "--option 'training_time=60..360 day:11' --maximise training_flop "
        "--limit 'budget <= 1B USD with 90%' --pilot 'mfu +- 20%' --pilot 'mfu +- 10%' "
        "--pilot 'mfu +- 5%'",
        _options,
    ),
    Report(
        "decide-run",
        f"report {_SITE} --training-time 300 --chip MI355X --outputs gpus,training_flop,"
        "gpt4_multiple,budget,programme_cost --no-draws",
    ),
)


def pages_in(report: Report) -> set[str]:
    """Return the pages over several reports that lie in the folder of one."""
    folder, _, page = BOARD.partition("/")
    return {page} if report.name == folder else set()


def ran(report: Report, folder: Path) -> None:
    """Run a report's command into a folder, which holds its result and its record then.

    Raises
    ------
    RuntimeError
        The command fails.
    """
    # Pages in HTML are not kept, and take as long as the rest.
    with patch.object(html, "html", lambda *_, **__: ""):
        code, _, err = run_program(*report.words, "--as-of", AS_OF, "--output", str(folder))
    if code != 0:
        raise RuntimeError(f"uncertain-scale {report.command}: exit code {code}\n{err}")
    for path in folder.iterdir():
        if path.is_file() and path.name not in {report.result, RECORD}:
            path.unlink()


def read(report: Report, folder: Path) -> Document:
    """Return a report's result."""
    document: Document = json.loads((folder / report.result).read_text(encoding="utf-8"))
    return document


def page_of(report: Report, document: Document) -> str:
    """Return a report's page, from its result."""
    return markdown(_PAGES[report.words[0]](document))


def picture_of(report: Report, document: Document) -> str | None:
    """Return a report's picture as SVG, from its result, where it has one."""
    if report.draw is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PICTURE
        report.draw(document, path)
        return path.read_text(encoding="utf-8")
