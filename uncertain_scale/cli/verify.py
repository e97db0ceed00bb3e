"""`uncertain-scale verify`: run a saved result again and tell whether it is the same."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.showing import Form, Format, show
from uncertain_scale.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uncertain_scale.cli.record import Record
    from uncertain_scale.report.document import Document

__all__ = ["verify"]

_KEPT_IN = ("priors", "inputs", "equations")
_READING = ("--scenario", "--priors", "--evidence", "--equations")


def verify(
    folder: Annotated[Path, typer.Argument(help="Folder that --output wrote.", metavar="DIR")],
    form: Form = Format.terminal,
    *,
    run_equations: Annotated[
        bool,
        typer.Option(
            "--run-equations", help="Run the Python files of equations that the folder holds."
        ),
    ] = False,
) -> None:
    """Run a saved result again from its record, and tell whether the answers are the same.

    The exit code is 0 where they are, to the bit or within Monte Carlo error; 1 where they are not.

    Example: uncertain-scale verify reports/100M
    """
    from uncertain_scale.cli.record import read_record
    from uncertain_scale.report.csv_tables import csv_difference
    from uncertain_scale.report.replaying import (
        difference_document,
        markdown_difference,
        terminal_difference,
    )
    from uncertain_scale.report.stopping import UNREPEATED

    record = read_record(folder)
    saved = record.document()
    if not record.intact:
        typer.echo(
            f"warning: {folder / record.result} is not what the run wrote; it was changed since",
            err=True,
        )
    if record.equations and not run_equations:
        raise DataError(
            f"{folder} was made with equations of its own ({', '.join(record.equations)}), which "
            "are Python code: look at them, then say --run-equations"
        )
    saved = {key: part for key, part in saved.items() if key not in UNREPEATED}
    document = difference_document(saved, _replay(record))
    document["intact"] = record.intact
    show(
        document,
        form,
        terminal=terminal_difference,
        markdown=markdown_difference,
        csv=csv_difference,
    )
    if document["grade"] == "different" or not record.intact:
        raise typer.Exit(1)


def _replay(record: Record) -> Document:
    """Return the result of running a record's command again."""
    from typer.main import get_command

    from uncertain_scale.cli.main import RECORDED, app

    if not record.command or record.command[0] not in RECORDED:
        raise DataError(f"{record.folder} holds no result that can be run again; it was changed")
    name, *words = record.command
    with tempfile.TemporaryDirectory(prefix="verify-") as scratch:
        asked = [name, "--output", scratch, *_in_folder(words, record.folder)]
        with contextlib.redirect_stdout(io.StringIO()):
            get_command(app).main(asked, standalone_mode=False)
        found: Document = json.loads((Path(scratch) / record.result).read_text(encoding="utf-8"))
        return found


def _in_folder(words: list[str], folder: Path) -> Iterator[str]:
    """Yield a record's words, with the files that it names where they are, in its folder."""
    positional = False
    for before, word in zip(["", *words], words, strict=False):
        positional |= before == "--"
        reads = positional or before in _READING
        path = Path(word)
        if reads and path.parent != Path():
            if len(path.parts) != 2 or path.parts[0] not in _KEPT_IN:
                raise DataError(f"{folder}: its record names '{word[:60]}', which is not in it")
            yield str(folder / path)
        elif word.partition("=")[0] == "--output":
            raise DataError(f"{folder}: its record holds '{word[:60]}'; it was changed")
        else:
            yield word
