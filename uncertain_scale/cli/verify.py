"""`uncertain-scale verify`: run a saved result again and tell whether it is the same."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.record import spelt_out
from uncertain_scale.cli.showing import Form, Format, show
from uncertain_scale.errors import DataError, UncertainScaleError, printable
from uncertain_scale.reading import is_inside

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.cli.integrity import Files
    from uncertain_scale.cli.record import Record
    from uncertain_scale.report.document import Document

__all__ = ["verify"]

_KEPT_IN = tuple(map(Path, ("priors", "inputs", "inputs/priors", "equations")))
_READING = ("scenario", "scenarios", "priors", "evidence", "equations", "source", "runs")
_MOST_TOLD = 20
_FORBIDDEN = ("output", "scheduler", "resume", "figure")


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

    The exit code is 0 where they are, to the bit or within Monte Carlo error, and the folder holds
    every file as the run wrote it; else 1.

    Example: uncertain-scale verify reports/100M
    """
    from uncertain_scale.cli.record import read_record
    from uncertain_scale.report.differences import difference_blocks, difference_document
    from uncertain_scale.report.render.csv import csv_difference
    from uncertain_scale.report.stopping import UNREPEATED

    record = read_record(folder)
    saved = record.document()
    files = record.files()
    name, arguments = _arguments(record)
    _refuse_other_code(record, files, arguments.get("equations") or [])
    tell_files(folder, files)
    if (equations := arguments.get("equations")) and not run_equations:
        raise DataError(
            f"{folder} was made with equations of its own ({', '.join(map(str, equations))}), "
            "which are Python code: look at them, then say --run-equations"
        )
    saved = {key: part for key, part in saved.items() if key not in UNREPEATED}
    document = difference_document(saved, _replay(record, name, arguments))
    document["intact"] = files.intact
    document["files"] = asdict(files)
    show(document, form, difference_blocks, csv_difference)
    if document["grade"] == "different" or not files.intact:
        raise typer.Exit(1)


def tell_files(folder: Path, files: Files) -> None:
    """Tell, on stderr, the files of a folder that are not those that the run wrote."""
    for names, fault in (
        (files.changed, "is not what the run wrote; it was changed since"),
        (files.missing, "is not there, which the run wrote"),
        (files.added, "is in no record: the run did not write it"),
    ):
        for name in names[:_MOST_TOLD]:
            typer.echo(printable(f"warning: {folder / name} {fault}"), err=True)
        if more := len(names) - len(names[:_MOST_TOLD]):
            typer.echo(f"warning: and {more:,} more files of {folder} like these", err=True)


def _refuse_other_code(record: Record, files: Files, equations: Sequence[str]) -> None:
    """Refuse equations that are not those that the run used, before they are run.

    Raises
    ------
    DataError
        A file of equations is not what the run wrote, or is not in its record.
    """
    for path in equations:
        name = Path(path).relative_to(record.folder).as_posix()
        if name in files.changed or (record.digests is not None and name not in record.digests):
            raise DataError(
                f"{path} is Python code, and not what the run wrote: it is not run; put back the "
                "file that the run wrote, or make the result anew"
            )


def _arguments(record: Record) -> tuple[str, dict[str, Any]]:
    """Return a record's command and its arguments, as the program itself reads them.

    Only what was read so is run, with the files that it names where they are, in the folder.

    Raises
    ------
    DataError
        There is no such command, it would not be taken, or it writes, connects or reads elsewhere.
    """
    from typer.main import get_command

    from uncertain_scale.cli.main import RECORDED, app

    folder = record.folder
    if not record.command or record.command[0] not in RECORDED:
        raise DataError(f"{folder} holds no result that can be run again; it was changed")
    name, *words = record.command
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            arguments = dict(command.make_context(name, words).params)
    except UncertainScaleError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever kind the parser raises, nothing ran)
        said = getattr(error, "message", "") or "it asks for help"
        raise DataError(
            f"{folder}: its record is no command: {said!s:.120}; it was changed"
        ) from None
    for key in _FORBIDDEN:
        if arguments.get(key):
            raise DataError(f"{folder}: its record holds '--{key}'; it was changed")
    for key in _READING:
        if (value := arguments.get(key)) is not None:
            many = isinstance(value, list | tuple)
            kept = [_in_folder(str(one), folder) for one in (value if many else [value])]
            arguments[key] = kept if many else kept[0]
    return name, arguments


def _replay(record: Record, name: str, arguments: Mapping[str, Any]) -> Document:
    """Return the result of running a record's command again."""
    from typer.main import get_command

    from uncertain_scale.cli.main import app

    try:
        made = tempfile.TemporaryDirectory(prefix="verify-")
    except OSError as error:
        raise DataError(
            f"no folder for temporary files: {error.strerror or error}; set TMPDIR to one"
        ) from error
    with made as scratch:
        asked = [name, "--output", scratch, *spelt_out(name, arguments, {}, {})]
        with contextlib.redirect_stdout(io.StringIO()):
            get_command(app).main(asked, standalone_mode=False)
        found: Document = json.loads((Path(scratch) / record.result).read_text(encoding="utf-8"))
        return found


def _in_folder(word: str, folder: Path) -> str:
    """Return the path of a file that a record names, or the name of something shipped."""
    path = Path(word)
    if path.parent == Path():
        if path.suffix:
            raise DataError(f"{folder}: its record names '{word[:60]}', which is not in it")
        return word
    if path.parent not in _KEPT_IN or not is_inside(folder / path, folder):
        raise DataError(f"{folder}: its record names '{word[:60]}', which is not in it")
    return str(folder / path)
