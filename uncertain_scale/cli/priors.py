"""`uncertain-scale priors`: list, show, check and copy prior files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uncertain_scale.errors import PriorError

__all__ = ["app"]

app = typer.Typer(help="List, show, check and copy prior files.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List the shipped scenarios."""
    from uncertain_scale.inputs import load_priors
    from uncertain_scale.inputs.catalog import scenario_names

    for name in scenario_names():
        typer.echo(f"{name:<18} {load_priors(name).title}")


@app.command()
def show(
    scenario: Annotated[str, typer.Argument(help="Shipped scenario or prior file (.toml).")],
) -> None:
    """Show a scenario's inputs: intervals, distributions, sources."""
    from rich.console import Console

    from uncertain_scale.inputs import load_priors
    from uncertain_scale.model import default_model
    from uncertain_scale.report import priors_document
    from uncertain_scale.report.terminal import terminal_priors

    priors = load_priors(scenario, variables=default_model().variables)
    Console().print(terminal_priors(priors_document(priors)))


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Prior files to check.", metavar="FILE...")],
    equations: Annotated[
        list[Path],
        typer.Option(help="Check against these equations too.", metavar="FILE.py"),
    ] = [],  # noqa: B006 (typer reads a default, nobody changes it)
) -> None:
    """Check prior files, and tell everything that is wrong with them at once."""
    from uncertain_scale.sampling.run import prepare

    faults: list[str] = []
    for file in files:
        try:
            _, priors = prepare(file, equations=equations)
        except PriorError as error:
            faults += error.faults
        else:
            typer.echo(f"{file}: {len(priors.inputs)} inputs, all well")
    if faults:
        raise PriorError(list(dict.fromkeys(faults)))


@app.command()
def copy(
    folder: Annotated[Path, typer.Argument(help="Folder to copy into.", metavar="DIR")],
) -> None:
    """Copy the shipped prior files into a folder, to edit them there."""
    from uncertain_scale.inputs.catalog import copy_priors

    for path in copy_priors(folder):
        typer.echo(path)


@app.command()
def schema() -> None:
    """Print the JSON Schema of prior files, which editors complete and check them with."""
    import json

    from uncertain_scale.inputs.document import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
