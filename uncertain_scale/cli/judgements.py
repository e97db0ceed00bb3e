"""`uncertain-scale claims` and `backtest`: a document, and the priors, held against what is known.

Rows of a table of runs with faults are reported on stderr, all of them.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.options import (
    AsOf,
    Chains,
    Changes,
    ChipName,
    DesignName,
    Draws,
    Equations,
    NumberFormat,
    Overlays,
    RunOptions,
    Scenario,
    Seed,
    belief,
)
from uncertain_scale.cli.output import (
    PageForm,
    PageFormat,
    Probs,
    end_with_faults,
    present,
    print_json,
    refuse,
    saves,
)
from uncertain_scale.cli.progress import Bar
from uncertain_scale.cli.record import note_files, note_reached
from uncertain_scale.errors import DataError, QuestionError, counted, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uncertain_scale.analysis.claims import CheckedClaims
    from uncertain_scale.api import Result
    from uncertain_scale.cli.command import StandIns
    from uncertain_scale.inputs.runs import RunsTable
    from uncertain_scale.report.document import Document

SHIPPED = "post-2024-07"
Source = Annotated[
    str, Argument("Shipped claims or a claims file.", "[NAME|FILE.toml]", reads="claims")
]
Scenarios = Annotated[
    list[str],
    Option("Judge under this scenario besides; repeatable.", "NAME|FILE", reads="scenario"),
]
Judged = Annotated[
    list[str],
    Option("Judge under this chip's scenario besides; repeatable.", "CHIP", replay="merged"),
]
Names = Annotated[list[str], Option("Only this claim; repeatable.", "NAME")]
Runs = Annotated[
    Path | None,
    Argument("Table of runs; the shipped one by default.", "RUNS.csv", reads="runs"),
]
SkipBadRows = Annotated[
    bool, Option("Exit with 0 although rows have faults.", None, "--skip-bad-rows")
]


def claims(
    source: Source = SHIPPED,
    scenario: Scenarios = [],  # noqa: B006 (typer reads a default, nobody changes it)
    chip: Judged = [],  # noqa: B006
    number_format: NumberFormat = None,
    claim: Names = [],  # noqa: B006
    prob: Probs = [0.5, 0.9, 0.95],  # noqa: B006
    equations: Equations = [],  # noqa: B006
    as_of: AsOf = None,
    draws: Draws = 4096,
    chains: Chains = 16,
    design: DesignName = "sobol",
    seed: Seed = 0,
    form: PageForm = PageFormat.terminal,
    output: Annotated[Path | None, saves("claims.html, .md, .json and .csv")] = None,
    *,
    list_: Annotated[
        bool, Option("List the shipped claims.", None, "--list", replay="dropped")
    ] = False,
    schema: Annotated[
        bool, Option("Print the JSON Schema of claims files.", None, "--schema", replay="dropped")
    ] = False,
) -> None:
    """Tell whether a document's claims follow from its own inputs, and where they fall in ours.

    Claims with a fault are kept apart and told, the others reported; the exit code is then 2.

    Example: uncertain-scale claims post-2024-07 --scenario base --scenario h100-sparse-fp8
    """
    if schema:
        from uncertain_scale.inputs.claim_files import ClaimsFile

        print_json(ClaimsFile.editor_schema())
        return
    if list_:
        _print_list()
        return
    drawn = {"draws": draws, "chains": chains, "kind": design, "seed": seed}
    judges = with_judges(scenario, chip, number_format)
    more = {"probs": prob, "equations": equations, "as_of": as_of}
    document = checked(source, claim, judges, drawn, **more)
    present("claims", document, form, folder=output)
    end_with_faults(document["faults"], "claim")


def with_judges(scenarios: list[str], chips: list[str], number_format: str | None) -> list[str]:
    """Return the scenarios that claims are judged under besides, those of chips behind others."""
    from uncertain_scale.inputs.chip_scenarios import chip_scenario

    if number_format and not chips:
        raise QuestionError("--number-format says how a chip trains; name it by --chip")
    named = [chip_scenario(one, number_format) for one in chips]
    if named:
        note_reached(scenario=[*scenarios, *named], chip=[], number_format=None)
    return [*scenarios, *named]


def checked(
    source: str, names: list[str], judges: list[str], drawn: Mapping[str, Any], **more: Any
) -> Document:
    """Check claims, all or those of some names, as plain data."""
    from uncertain_scale.api import words
    from uncertain_scale.sampling import Design

    design = Design(**drawn)
    with Bar() as bar:
        found = words.checked(source, names, design, judges=judges, watch=bar, **more)
    _note(source, judges, found.data)
    return found.document


def _note(source: str, scenarios: list[str], found: CheckedClaims) -> None:
    """Remember the claims and the scenarios they were judged under, for the run's record."""
    from uncertain_scale.inputs.catalog import find_claims_file, find_prior_file
    from uncertain_scale.inputs.writing import claims_files

    def made() -> tuple[dict[str, str], StandIns]:
        path = find_claims_file(source)
        texts, places = claims_files(path, found.priors, found.judged_by)
        stand_ins: StandIns = {("scenario", one): places[find_prior_file(one)] for one in scenarios}
        return texts, {**stand_ins, ("claims", source): path.name}

    note_files(made)


def _print_list() -> None:
    from uncertain_scale.inputs.catalog import claims_names
    from uncertain_scale.inputs.claim_files import load_claims
    from uncertain_scale.model import default_model

    for name in claims_names():
        stated = load_claims(name, default_model().variables)
        typer.echo(f"{name:<18} {stated.title}: {counted(len(stated.claims), 'claim')}")


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
    from uncertain_scale.inputs.runs import COLUMNS

    if columns:
        typer.echo("\n".join(f"{name:<20} {meaning}" for name, meaning in COLUMNS.items()))
        return
    if trends:
        if runs is not None or figure is not None:
            raise QuestionError("--trends tests the shipped series; drop the table and --figure")
        from uncertain_scale.api.words import tested_trends

        present("backtest of trends", tested_trends().document, form, folder=output)
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
    if figure is not None:
        from uncertain_scale.report.figures.style import check_figure

        check_figure(figure)
    table, found = tested(options, runs, one_prior=one_prior, as_of=as_of)
    if figure is not None:
        from uncertain_scale.report.figures import plot_backtest, save_figure

        save_figure(plot_backtest(found.document), figure)
    present("backtest", found.document, form, folder=output)
    report_faults(table, allowed=skip_bad_rows)


def tested(
    options: RunOptions, runs: Path | None, *, one_prior: bool, as_of: str | None
) -> tuple[RunsTable, Result]:
    """Test priors by a table of runs, the shipped one by default: the table, and the result."""
    from uncertain_scale.api import words
    from uncertain_scale.inputs.runs import runs_of

    options.checked_design()
    table = runs_of(runs)
    with Bar() as bar:
        problem = options.problem(bar)
        with naming_faults(table):
            return table, words.tested(problem, table, one_prior=one_prior, as_of=as_of)


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
