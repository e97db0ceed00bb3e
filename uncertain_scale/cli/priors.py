"""`uncertain-scale priors`: list, show, check, copy, import and fit prior files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.command import Argument, Group, Option, complete_scenario, whole_number
from uncertain_scale.cli.judgements import Runs, SkipBadRows, naming_faults, report_faults
from uncertain_scale.cli.options import (
    ChipName,
    NumberFormat,
    keep_for_answers,
    scenario_of_chip,
)
from uncertain_scale.cli.output import (
    Form,
    Format,
    end_with_faults,
    json_for_stdout,
    present,
    print_json,
)
from uncertain_scale.errors import PriorError, QuestionError, counted, listed

if TYPE_CHECKING:
    from uncertain_scale.inputs.series import Series

app = typer.Typer(
    cls=Group,
    help="List, show, check, copy, import and fit prior files.",
    no_args_is_help=True,
    add_completion=False,
)
Equations = Annotated[
    list[Path],
    Option(
        "Equations of your own whose variables they are, a Python file, which is run.",
        "FILE.py",
        reads="equations",
        callback=keep_for_answers,
    ),
]
Scenario = Annotated[
    str | None,
    Argument(
        "Shipped scenario or prior file (.toml).",
        reads="scenario",
        autocompletion=complete_scenario,
    ),
]


@app.command("list")
def list_(form: Form = Format.terminal) -> None:
    """List the shipped scenarios."""
    from uncertain_scale.inputs import load_priors
    from uncertain_scale.inputs.catalog import scenario_names
    from uncertain_scale.report.blocks import Table
    from uncertain_scale.report.render.csv import as_csv
    from uncertain_scale.report.render.markdown import markdown
    from uncertain_scale.report.store import as_json

    titles = {name: load_priors(name).title for name in scenario_names()}
    header = ("scenario", "title")
    if form is Format.csv:
        rows = ({"scenario": name, "title": title} for name, title in titles.items())
        typer.echo(as_csv(header, rows), nl=False)
    elif form is Format.md:
        typer.echo(markdown([Table(header, list(titles.items()))]), nl=False)
    elif form is Format.json:
        typer.echo(json_for_stdout(as_json({"scenarios": titles})))
    else:
        typer.echo("\n".join(f"{name:<18} {title}" for name, title in titles.items()))


@app.command()
def show(
    scenario: Scenario = None,
    chip: ChipName = None,
    number_format: NumberFormat = None,
    equations: Equations = [],  # noqa: B006 (typer reads a default, nobody changes it)
    form: Form = Format.terminal,
) -> None:
    """Show a scenario's inputs: intervals, distributions, sources."""
    from uncertain_scale.report import priors_document
    from uncertain_scale.sampling.sample import prepare

    scenario = scenario_shown(scenario, chip, number_format)
    _, priors = prepare(scenario, equations=equations, extends_builtin=True)
    present("priors", priors_document(priors), form)


def scenario_shown(scenario: str | None, chip: str | None, number_format: str | None) -> str:
    """Return the scenario that is named, by itself or by a chip."""
    if chip is not None:
        return scenario_of_chip(scenario, chip, number_format)
    if scenario is None or number_format is not None:
        raise QuestionError("name a scenario, or a chip and its number format")
    return scenario


@app.command()
def check(
    files: Annotated[list[Path], Argument("Prior files to check.", "FILE...", reads="scenario")],
    equations: Equations = [],  # noqa: B006
) -> None:
    """Check prior files, and tell everything that is wrong with them at once."""
    from uncertain_scale.inputs.trends import WHEN
    from uncertain_scale.sampling.sample import prepare
    from uncertain_scale.units.dates import DATE

    faults: list[str] = []
    for file in files:
        try:
            _, priors = prepare(file, equations=equations, extends_builtin=True)
            moving = [name for name, why in priors.lacking.items() if why == WHEN]
            if moving and not equations:  # a trend without a level is laid over the scenario's
                prepare("base", priors=[file], known=[DATE])
        except PriorError as error:
            faults += error.faults
        else:
            count = len(priors.inputs) + len(moving)
            trends = f", {counted(len(moving), 'trend')} among them" if moving else ""
            typer.echo(f"{file}: {counted(count, 'input')}{trends}, all well")
    if faults:
        raise PriorError(list(dict.fromkeys(faults)))


@app.command()
def copy(
    folder: Annotated[Path, Argument("Folder to copy into.", "DIR", replay="dropped")],
    chip: ChipName = None,
    number_format: NumberFormat = None,
) -> None:
    """Copy the shipped prior files into a folder, to edit them there.

    Scenarios of the catalogue of chips become files, and so does that of --chip.
    """
    from uncertain_scale.inputs.catalog import shipped_files
    from uncertain_scale.inputs.chip_scenarios import LISTED
    from uncertain_scale.inputs.writing import chip_text
    from uncertain_scale.report.store import copy_files

    named = [] if chip is None else [scenario_of_chip(None, chip, number_format)]
    texts = {f"{name}.toml": chip_text(name) for name in (*LISTED, *named)}
    for path in copy_files(shipped_files(), folder, texts):
        typer.echo(path)


@app.command("import")
def import_(
    file: Annotated[
        Path,
        Argument("A SIPmath library or a Guesstimate space, in JSON.", "FILE", reads="import"),
    ],
    output: Annotated[
        Path | None, Option("Folder to write into; printed otherwise.", "DIR", replay="dropped")
    ] = None,
    trials: Annotated[
        int | None,
        Option(
            "Draw so many of a SIPmath library's own trials, as rows, by its streams and copula.",
            "N",
            parser=whole_number,
        ),
    ] = None,
) -> None:
    """Turn a file of another program into a prior file, and equations where it has formulas.

    What cannot be carried over is left out and named; the exit code is then 2.

    Example: uncertain-scale priors import demand.SIPmath > demand.toml
    """
    from uncertain_scale.inputs.imports import read_import
    from uncertain_scale.model import default_model
    from uncertain_scale.report.store import copy_files

    texts, lost = read_import(file, trials=trials, taken=default_model().variables)
    if output is not None:
        for path in copy_files([], output, texts):
            typer.echo(path)
    elif len(texts) > 1:
        raise QuestionError(f"{file} becomes {listed(list(texts))}; name a folder with --output")
    else:
        typer.echo(next(iter(texts.values())), nl=False)
    end_with_faults([f"not carried over: {one}" for one in lost], "data")


@app.command("fit-mfu")
def fit_mfu(
    runs: Runs = None,
    family: Annotated[str, Option("Chip family that the prior is for.", "NAME")] = "H100",
    smallest: Annotated[float, Option("FLOP from which a run counts.", "FLOP")] = 0.0,
    moe: Annotated[
        float, Option("Probability of a mixture of experts, where mfu leaves that open.", "P")
    ] = 0.5,
    skip_bad_rows: SkipBadRows = False,
) -> None:
    """Fit mfu to published runs and print it as a prior file, to lay over a scenario.

    It states utilisation alone: name the scenario for the other priors beside --priors.

    The shipped priors of utilisation are what this prints without arguments.

    Example: uncertain-scale priors fit-mfu my-runs.csv > my-mfu.toml
    """
    from uncertain_scale.analysis import backtest
    from uncertain_scale.inputs.runs import runs_of
    from uncertain_scale.report.model_views import mfu_prior_file

    if not smallest >= 0:
        raise QuestionError(f"--smallest {smallest} is not a number of FLOP; give 0 or more")
    if not 0 <= moe <= 1:
        raise QuestionError(f"--moe {moe} is not a probability; give 0 to 1")
    table = runs_of(runs)
    with naming_faults(table):
        fit = backtest.fit_mfu(backtest.fitted_runs(table.runs, smallest))
    typer.echo(
        mfu_prior_file(fit, family=family, file=table.file, smallest=smallest, moe=moe), nl=False
    )
    report_faults(table, allowed=skip_bad_rows)


@app.command("fit-trend")
def fit_trend(
    data: Annotated[
        str,
        Argument(
            "Table of dated values, or the name of a shipped one.", "DATA.csv", reads="series"
        ),
    ],
    of: Annotated[str | None, Option("Variable that the values are of.", "VARIABLE")] = None,
    until: Annotated[
        str | None, Option("Fit to what was known on this day; today's by default.", "YYYY-MM-DD")
    ] = None,
) -> None:
    """Fit a trend to dated values and print it as a prior file, to lay over a scenario.

    Its note says how fits to earlier years forecast the later values of the same table.

    Example: uncertain-scale priors fit-trend my-prices.csv --of gpu_price > my-trend.toml
    """
    from uncertain_scale.analysis.trend_backtest import backtest_trends, year_ends
    from uncertain_scale.analysis.trend_fit import TrendFit
    from uncertain_scale.inputs.series import find_series
    from uncertain_scale.model.question import as_day
    from uncertain_scale.report.trend_views import trend_prior_file

    day = as_day(until, "--until")
    series = find_series(data)
    variable = variable_of(series, of)
    series = series.until(day)
    fit = TrendFit(series.known_at())
    found = backtest_trends([series], year_ends(series))
    typer.echo(trend_prior_file(fit, variable, found.forecasts, until=day), nl=False)


def variable_of(series: Series, named: str | None) -> str:
    """Return the variable that a series is of, its units checked where the model has it.

    Raises QuestionError: none is named, it is no name, or its units are others.
    """
    from uncertain_scale.errors import UnitError
    from uncertain_scale.model import default_model
    from uncertain_scale.units import conversion_factor

    variable = named or series.variable
    if not variable.isidentifier():
        found = (
            f"--of '{variable[:60]}' is not a name" if variable else f"{series.file} has no name"
        )
        raise QuestionError(f"{found} of a variable; name it with --of, such as --of gpu_price")
    if expected := default_model().variables.get(variable):
        try:
            conversion_factor(series.units, expected)
        except UnitError as error:
            raise QuestionError(
                f"{series.file} has values in {series.units}, and {variable} is in {expected}: "
                f"{error}; name another variable with --of, or correct the units in the header"
            ) from None
    return variable


@app.command()
def schema() -> None:
    """Print the JSON Schema of prior files, which editors complete and check them with."""
    from uncertain_scale.inputs.document import PriorFile

    print_json(PriorFile.editor_schema())
