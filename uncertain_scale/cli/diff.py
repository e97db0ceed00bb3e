"""`uncertain-scale diff`: what changed between two saved results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from uncertain_scale.cli.showing import Form, Format, show
from uncertain_scale.cli.verify import tell_files
from uncertain_scale.errors import DataError

__all__ = ["diff"]


def diff(
    before: Annotated[Path, typer.Argument(help="A folder that --output wrote.", metavar="A")],
    after: Annotated[Path, typer.Argument(help="Another, of the same command.", metavar="B")],
    form: Form = Format.terminal,
) -> None:
    """Tell what changed between two saved results: inputs, equations, versions, answers.

    The exit code is 1 where the answers differ by more than Monte Carlo error or anything else
    but versions does, else 0.

    Example: uncertain-scale diff reports/100M reports/1B
    """
    from uncertain_scale.cli.integrity import Files, digest_of
    from uncertain_scale.cli.record import read_record
    from uncertain_scale.report.differences import difference_blocks, difference_document
    from uncertain_scale.report.render.csv import csv_difference

    records = [read_record(folder) for folder in (before, after)]
    commands = [record.command[0] for record in records if record.command]
    if len(set(commands)) != 1:
        raise DataError(
            f"{before} and {after} hold results of different commands ({', '.join(commands)}); "
            "compare like with like"
        )
    for record in records:
        if digest_of(record.folder / record.result) != record.digest:
            tell_files(record.folder, Files(changed=(record.result,)))
    results: list[dict[str, Any]] = [record.document() for record in records]
    document = difference_document(*results)
    show(document, form, difference_blocks, csv_difference)
    if document["grade"] == "different":
        raise typer.Exit(1)
