"""How commands that read tables tell of rows with faults: all of them, on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.errors import printable

if TYPE_CHECKING:
    from uncertain_scale.inputs.runs import RunsTable

__all__ = ["Runs", "SkipBadRows", "tell_faults"]

Runs = Annotated[
    Path | None,
    Argument("Table of runs; the shipped one by default.", "RUNS.csv", reads="runs"),
]
SkipBadRows = Annotated[
    bool, Option("Exit with 0 although rows have faults.", None, "--skip-bad-rows")
]


def tell_faults(table: RunsTable, *, allowed: bool) -> None:
    """Tell the faults of a table's rows, after what the good rows gave has been shown.

    Raises
    ------
    typer.Exit
        With code 2: there are faults, and they are not allowed.
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
    typer.echo(printable(f"error: {summary} ({hint}):\n{faults}"), err=True)
    raise typer.Exit(2)
