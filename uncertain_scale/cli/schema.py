"""`uncertain-scale schema`: the JSON Schema of what commands print with `--format json`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from uncertain_scale.cli.command import Argument

__all__ = ["schema"]


def schema(
    command: Annotated[
        list[str],
        Argument("Such as report or priors show; all of them by default.", "COMMAND"),
    ] = [],  # noqa: B006 (typer reads a default, nobody changes it)
) -> None:
    """Print the JSON Schema of what a command prints with --format json.

    Example: uncertain-scale schema report
    """
    from uncertain_scale.report.schema import json_schema

    typer.echo(json.dumps(json_schema(" ".join(command)), indent=2))
