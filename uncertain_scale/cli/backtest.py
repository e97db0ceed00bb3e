"""`uncertain-scale backtest`: forecasts of published runs, held against what was published.

Rows of a table with faults are reported on stderr, all of them.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.options import (
    AsOf,
    Chains,
    Changes,
    ChipName,
    DesignName,
    Draws,
    NumberFormat,
    Overlays,
    RunOptions,
    Scenario,
    Seed,
    belief,
)
from uncertain_scale.cli.output import PageForm, PageFormat, present, saves
from uncertain_scale.cli.progress import Bar
from uncertain_scale.cli.refusals import refuse
from uncertain_scale.errors import DataError, QuestionError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uncertain_scale.inputs.runs import RunsTable

Runs = Annotated[
    Path | None,
    Argument("Table of runs; the shipped one by default.", "RUNS.csv", reads="runs"),
]
SkipBadRows = Annotated[
    bool, Option("Exit with 0 although rows have faults.", None, "--skip-bad-rows")
]


def backtest(
    runs: Runs = None,
    scenario: Scenario = None,
    chip: ChipName = None,
    number_format: NumberFormat = None,
    believed: Changes = [],  # noqa: B006 (typer reads a default, nobody changes it)
    priors: Overlays = [],  # noqa: B006
    one_prior: Annotated[
        bool,
        belief(
            "Use the scenario's mfu on every chip, not the fit of the chip's family.",
            None,
            "--one-prior",
        ),
    ] = False,
    as_of: AsOf = None,
    draws: Draws = 1024,
    chains: Chains = 16,
    design: DesignName = "sobol",
    seed: Seed = 0,
    form: PageForm = PageFormat.terminal,
    output: Annotated[Path | None, saves("backtest.html, .md, .json and .csv")] = None,
    figure: Annotated[
        Path | None,
        Option("Also draw it: a file in .svg, .png or .pdf.", "FILE", replay="dropped"),
    ] = None,
    skip_bad_rows: SkipBadRows = False,
    trends: Annotated[
        bool,
        Option("Test forecasts of the shipped trends, in place of the runs.", None, "--trends"),
    ] = False,
    columns: Annotated[
        bool,
        Option(
            "List the columns of a table of runs, and stop.", None, "--columns", replay="dropped"
        ),
    ] = False,
) -> None:
    """Test the priors: forecast published runs and score the forecasts.

    Rows with faults are kept apart and told on stderr; the others are tested and shown, and the
    exit code is 2 unless --skip-bad-rows allows them. With --trends, each shipped series of dated
    values is fitted to what was known at the end of 2020 to 2023, and later values are forecast.

    Example: uncertain-scale backtest my-runs.csv --scenario h100-dense-bf16
    """
    from uncertain_scale.analysis.backtest import backtest as test_priors
    from uncertain_scale.inputs.runs import COLUMNS, read_runs, shipped_runs
    from uncertain_scale.report.backtest_report import (
        backtest_blocks,
        backtest_document,
        csv_backtest,
    )

    if columns:
        typer.echo("\n".join(f"{name:<20} {meaning}" for name, meaning in COLUMNS.items()))
        return
    if trends:
        if runs is not None or figure is not None:
            raise QuestionError("--trends tests the shipped series; drop the table and --figure")
        backtest_of_trends(form, output)
        return
    options = RunOptions(
        scenario=scenario,
        chip=chip,
        number_format=number_format,
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
        from uncertain_scale.report.figures.style import check_figure

        check_figure(figure)
    with naming_faults(table), Bar() as bar:
        counted = bar.counting(len(table.runs), "runs")
        found = test_priors(model, beliefs, table, checked, one_prior=one_prior, progress=counted)
    document = backtest_document(found, model, as_of=as_of)
    if figure is not None:
        from uncertain_scale.report.figures import plot_backtest, save_figure

        save_figure(plot_backtest(document), figure)
    present(
        document,
        form,
        backtest_blocks,
        csv_backtest,
        folder=output,
        name="backtest",
        keep_csv=True,
    )
    report_faults(table, allowed=skip_bad_rows)


def backtest_of_trends(form: PageFormat, output: Path | None) -> None:
    """Test forecasts of the shipped series of dated values."""
    from uncertain_scale.analysis.trend_backtest import backtest_shipped
    from uncertain_scale.report.trend_report import csv_trends, trends_blocks, trends_document

    present(
        trends_document(backtest_shipped()),
        form,
        trends_blocks,
        csv_trends,
        folder=output,
        name="backtest",
        keep_csv=True,
    )


@contextmanager
def naming_faults(table: RunsTable) -> Iterator[None]:
    """Report the faults of a table's rows too where the good rows are not enough.

    Raises DataError: as what runs inside does, the faults behind it.
    """
    try:
        yield
    except DataError as error:
        raise DataError("\n".join([str(error), *map(str, table.faults)])) from None


def report_faults(table: RunsTable, *, allowed: bool) -> None:
    """Report the faults of a table's rows, after what the good rows gave has been shown.

    Raises typer.Exit with code 2 where there are faults, and they are not allowed.
    """
    if not table.faults:
        return
    kept_apart = table.rows - len(table.runs)
    summary = f"{table.file}: {kept_apart} of {table.rows} rows have faults and were kept apart"
    faults = "\n".join(map(str, table.faults))
    if allowed:
        typer.echo(printable(f"warning: {summary}:\n{faults}"), err=True)
        return
    hint = "--skip-bad-rows allows them"
    listed = [f"{summary}; {hint}", *map(str, table.faults)]
    refuse(f"error: {summary} ({hint}):\n{faults}", "data", listed)
    raise typer.Exit(2)
