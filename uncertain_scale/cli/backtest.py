"""`uncertain-scale backtest`: forecasts of published runs, held against what was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uncertain_scale.cli.options import Chains, DesignName, Draws, RunOptions, Seed
from uncertain_scale.cli.progress import Bar
from uncertain_scale.cli.showing import PageForm, PageFormat, keep, show
from uncertain_scale.cli.tables import SkipBadRows, tell_faults
from uncertain_scale.errors import DataError

__all__ = ["backtest"]

_BELIEFS = "Beliefs"


def backtest(
    runs: Annotated[
        Path | None,
        typer.Argument(help="Table of runs; the shipped one by default.", metavar="RUNS.csv"),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="Shipped scenario or prior file (.toml).",
            metavar="NAME|FILE",
            rich_help_panel=_BELIEFS,
        ),
    ] = None,
    believed: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="Replace a prior, as in report; repeatable.",
            metavar="INPUT=DIST",
            rich_help_panel=_BELIEFS,
        ),
    ] = [],  # noqa: B006 (typer reads a default, nobody changes it)
    priors: Annotated[
        list[Path],
        typer.Option(
            help="Lay a prior file over the scenario.",
            metavar="FILE.toml",
            rich_help_panel=_BELIEFS,
        ),
    ] = [],  # noqa: B006
    one_prior: Annotated[
        bool,
        typer.Option(
            "--one-prior",
            help="Use the scenario's mfu on every chip, not the fit of the chip's family.",
            rich_help_panel=_BELIEFS,
        ),
    ] = False,
    draws: Draws = 1024,
    chains: Chains = 16,
    design: DesignName = "sobol",
    seed: Seed = 0,
    form: PageForm = PageFormat.terminal,
    output: Annotated[
        Path | None,
        typer.Option(help="Also write backtest.html, .md, .json and .csv there.", metavar="DIR"),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="Also draw it: a file in .svg, .png or .pdf.", metavar="FILE"),
    ] = None,
    skip_bad_rows: SkipBadRows = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="List the columns of a table of runs, and stop.")
    ] = False,
) -> None:
    """Test the priors: forecast published runs and score the forecasts.

    Rows with faults are kept apart and told on stderr; the others are tested and shown, and the
    exit code is 2 unless --skip-bad-rows allows them.

    Example: uncertain-scale backtest my-runs.csv --scenario h100-dense-bf16
    """
    from uncertain_scale.analysis.backtest import backtest as test_priors
    from uncertain_scale.inputs.evidence import COLUMNS, read_runs, shipped_runs
    from uncertain_scale.report.backtest_document import backtest_document, csv_backtest
    from uncertain_scale.report.backtesting import backtest_blocks

    if columns:
        typer.echo("\n".join(f"{name:<20} {meaning}" for name, meaning in COLUMNS.items()))
        return
    options = RunOptions(
        scenario=scenario,
        believed=believed,
        priors=priors,
        draws=draws,
        chains=chains,
        design=design,
        seed=seed,
    )
    checked = options.checked_design()
    table = shipped_runs() if runs is None else read_runs(runs)
    problem = options.prepare()
    model, beliefs = problem.model, problem.priors
    if figure is not None:
        from uncertain_scale.report.backtest_figure import check_figure

        check_figure(figure)
    try:
        with Bar() as bar:
            counted = bar.counting(len(table.runs), "runs")
            found = test_priors(
                model, beliefs, table, checked, one_prior=one_prior, progress=counted
            )
    except DataError as error:
        raise DataError("\n".join([str(error), *map(str, table.faults)])) from None
    document = backtest_document(found, model)
    html = keep(document, output, "backtest", backtest_blocks, csv_backtest)
    if figure is not None:
        from uncertain_scale.report.backtest_figure import save_figure

        save_figure(document, figure)
    show(document, form, backtest_blocks, csv_backtest, html)
    tell_faults(table, allowed=skip_bad_rows)
