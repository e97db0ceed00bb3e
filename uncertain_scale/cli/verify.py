"""`verify` runs a saved result again and compares the two; `diff` compares two saved ones."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.command import Argument, Option, declared, spelt_out
from uncertain_scale.cli.output import Form, Format, present
from uncertain_scale.cli.record import FOLDERS, read_record
from uncertain_scale.errors import DataError, UncertainScaleError, printable
from uncertain_scale.reading import is_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.cli.integrity import Files
    from uncertain_scale.cli.record import Record
    from uncertain_scale.report.document import Document

_MOST_SHOWN = 20


def verify(
    context: typer.Context,
    folder: Annotated[Path, Argument("Folder that --output wrote.", "DIR", reads="result")],
    form: Form = Format.terminal,
    *,
    run_equations: Annotated[
        bool,
        Option("Run the Python files of equations that the folder holds.", None, "--run-equations"),
    ] = False,
) -> None:
    """Run a saved result again from its record, and tell whether the answers are the same.

    The exit code is 0 where they are, to the bit or within Monte Carlo error, and the folder holds
    every file as the run wrote it; else 1.

    Example: uncertain-scale verify reports/100M
    """
    from uncertain_scale.report.differences import difference_blocks, difference_document
    from uncertain_scale.report.render.csv import csv_difference
    from uncertain_scale.report.stopping import UNREPEATED

    record = read_record(folder)
    saved = record.document()
    files = record.files()
    program: Any = context.find_root()
    command, arguments = _arguments(record, program)
    equations = _equations(command, arguments)
    _refuse_other_code(record, files, equations)
    report_files(folder, files)
    if equations and not run_equations:
        raise DataError(
            f"{folder} was made with equations of its own ({', '.join(equations)}), "
            "which are Python code: look at them, then say --run-equations"
        )
    saved = {key: part for key, part in saved.items() if key not in UNREPEATED}
    again = _replay(record, program, spelt_out(command, arguments, {}))
    document = difference_document(saved, again)
    document["intact"] = files.intact
    document["files"] = asdict(files)
    present(document, form, difference_blocks, csv_difference)
    if document["grade"] == "different" or not files.intact:
        raise typer.Exit(1)


def diff(
    before: Annotated[Path, Argument("A folder that --output wrote.", "A", reads="result")],
    after: Annotated[Path, Argument("Another, of the same command.", "B", reads="result")],
    form: Form = Format.terminal,
) -> None:
    """Tell what changed between two saved results: inputs, equations, versions, answers.

    The exit code is 1 where the answers differ by more than Monte Carlo error or anything else
    but versions does, else 0.

    Example: uncertain-scale diff reports/100M reports/1B
    """
    from uncertain_scale.cli.integrity import Files, digest_of
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
            report_files(record.folder, Files(changed=(record.result,)))
    results: list[dict[str, Any]] = [record.document() for record in records]
    document = difference_document(*results)
    present(document, form, difference_blocks, csv_difference)
    if document["grade"] == "different":
        raise typer.Exit(1)


def report_files(folder: Path, files: Files) -> None:
    """Report, on stderr, the files of a folder that are not those that the run wrote."""
    for names, fault in (
        (files.changed, "is not what the run wrote; it was changed since"),
        (files.missing, "is not there, which the run wrote"),
        (files.added, "is in no record: the run did not write it"),
    ):
        for name in names[:_MOST_SHOWN]:
            typer.echo(printable(f"warning: {folder / name} {fault}"), err=True)
        if more := len(names) - len(names[:_MOST_SHOWN]):
            typer.echo(f"warning: and {more:,} more files of {folder} like these", err=True)


def _refuse_other_code(record: Record, files: Files, equations: Sequence[str]) -> None:
    """Refuse equations that are not those that the run used, before they are run.

    Raises DataError: a file of equations is not what the run wrote, or is not in its record.
    """
    for path in equations:
        name = Path(path).relative_to(record.folder).as_posix()
        if name in files.changed or (record.digests is not None and name not in record.digests):
            raise DataError(
                f"{path} is Python code, and not what the run wrote: it is not run; put back the "
                "file that the run wrote, or make the result anew"
            )


def _equations(command: Callable[..., None], arguments: Mapping[str, Any]) -> list[str]:
    """Return the files of Python code that a command would run."""
    names = [one.name for one in declared(command) if one.info.reads == "equations"]
    return [str(path) for name in names for path in arguments.get(name) or []]


def _arguments(record: Record, program: Any) -> tuple[Callable[..., None], dict[str, Any]]:
    """Return a record's command and its arguments, as the program itself reads them.

    Only what was read so is run, with the files that it names where they are, in the folder.

    Raises DataError: there is no such command, it would not be taken, or it writes, connects or
    reads elsewhere.
    """
    folder = record.folder
    if not record.command or record.command[0] not in program.obj:
        raise DataError(f"{folder} holds no result that can be run again; it was changed")
    name, *words = record.command
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            parser = program.command.get_command(program, name)
            arguments = dict(parser.make_context(name, words).params)
    except UncertainScaleError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever kind the parser raises, nothing ran)
        said = getattr(error, "message", "") or "it asks for help"
        raise DataError(
            f"{folder}: its record is no command: {said!s:.120}; it was changed"
        ) from None
    command = parser.callback
    for parameter in declared(command):
        value = arguments.get(parameter.name)
        if parameter.info.replay == "dropped" and not parameter.usual(value):
            raise DataError(f"{folder}: its record holds '{parameter.option}'; it was changed")
        if parameter.info.reads and value is not None:
            many = isinstance(value, list | tuple)
            kept = [_in_folder(str(one), folder) for one in (value if many else [value])]
            arguments[parameter.name] = kept if many else kept[0]
    return command, arguments


def _replay(record: Record, program: Any, words: Sequence[str]) -> Document:
    """Return the result of running a record's command again."""
    try:
        made = tempfile.TemporaryDirectory(prefix="verify-")
    except OSError as error:
        raise DataError(
            f"no folder for temporary files: {error.strerror or error}; set TMPDIR to one"
        ) from error
    with made as scratch:
        asked = [words[0], "--output", scratch, *words[1:]]
        with contextlib.redirect_stdout(io.StringIO()):
            program.command.main(asked, standalone_mode=False)
        found: Document = json.loads((Path(scratch) / record.result).read_text(encoding="utf-8"))
        return found


def _in_folder(word: str, folder: Path) -> str:
    """Return the path of a file that a record names, or the name of something shipped."""
    path = Path(word)
    if path.parent == Path():
        if path.suffix:
            raise DataError(f"{folder}: its record names '{word[:60]}', which is not in it")
        return word
    if path.parent.as_posix() not in FOLDERS or not is_inside(folder / path, folder):
        raise DataError(f"{folder}: its record names '{word[:60]}', which is not in it")
    return str(folder / path)
