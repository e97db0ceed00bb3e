"""`verify` runs a saved result again and compares the two; `diff` compares two saved ones.

`verify` also says whether the folder holds the files that the run wrote, and no others.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.command import Argument, Option, declared, spelt_out
from uncertain_scale.cli.output import Form, Format, present, print_json
from uncertain_scale.errors import (
    DataError,
    ModelError,
    QuestionError,
    UncertainScaleError,
    printable,
)
from uncertain_scale.reading import FOLDERS, FORMAT, RECORD, digest_of, is_inside, read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from uncertain_scale.report.document import Document

_MOST_SHOWN = 20
_MOST = 10_000  # files of a record
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Files:
    """How the files of a folder differ from those that its record lists.

    Parameters
    ----------
    changed, missing, added
        Names: of other bytes than the run wrote, not there, not in the record.
    unlisted
        Whether the record, of an earlier version, lists digests of none but the result.
    """

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    unlisted: bool = False

    @property
    def intact(self) -> bool:
        """Whether all files that the record lists are there as they were written."""
        return not self.changed and not self.missing


@dataclass(frozen=True)
class Record:
    """What a folder's record says.

    Parameters
    ----------
    folder
        Where the result is.
    command
        Words of the command line that makes the result again, files in it relative to the folder.
    result
        Name of the JSON file with the result.
    digest
        SHA-256 of that file when it was written.
    digests
        SHA-256 of each file but that and the record, by name; None in records of earlier versions.
    versions, platform
        What it was made with.
    """

    folder: Path
    command: tuple[str, ...]
    result: str
    digest: str
    digests: Mapping[str, str] | None
    versions: Mapping[str, str]
    platform: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """Return the saved result.

        Raises DataError: it is not there, or no JSON object.
        """
        return read_object(self.folder / self.result)

    def files(self) -> Files:
        """Compare the files of the folder with what the run wrote, to the byte.

        Raises DataError: a file leads out of the folder, or cannot be read.
        """
        from uncertain_scale.report.checkpoint import CHECKPOINT

        listed = {**(self.digests or {}), self.result: self.digest}
        found = check_files(self.folder, listed, ours=(RECORD, CHECKPOINT))
        return found if self.digests is not None else replace(found, added=(), unlisted=True)


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
    from uncertain_scale.report.completeness import UNREPEATED
    from uncertain_scale.report.differences import difference_document

    record = read_record(folder)
    saved = record.document()
    files = record.files()
    if not record.command:
        return _unrepeated(folder, files, form)
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
    try:
        again = _replay(record, program, spelt_out(command, arguments, {}))
    except ModelError:
        if arguments.get("extends_builtin") is not False or not equations:
            raise
        # A record of before there was the option had the built-in equations where it named them.
        extended = spelt_out(command, {**arguments, "extends_builtin": True}, {})
        again = _replay(record, program, extended)
    document = difference_document(saved, again)
    document["intact"] = files.intact
    document["files"] = asdict(files)
    present("difference", document, form)
    if document["grade"] == "different" or not files.intact:
        raise typer.Exit(1)
    return None


def _unrepeated(folder: Path, files: Files, form: Format) -> None:
    """Tell of a result that no command line makes whether its files are as they were written."""
    report_files(folder, files)
    if form == "json":
        print_json({"grade": "not run", "intact": files.intact, "files": asdict(files)})
    else:
        said = "are as they were written" if files.intact else "are not as they were written"
        why = "it was made in Python as no command line makes it, so that it is not run again"
        typer.echo(printable(f"{folder}: {why}; its files {said}"))
    if not files.intact:
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
    from uncertain_scale.report.differences import difference_document

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
    present("difference", document, form)
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


def read_record(folder: Path) -> Record:
    """Return the record of a saved result.

    Raises DataError: there is none, or it is not a record of this format.
    """
    from uncertain_scale.report.atomic import finish

    path = folder / RECORD
    finish(folder)
    refuse_links_out(folder, [RECORD])
    found = read_object(path)
    if found.get("format") != FORMAT:
        raise DataError(
            f"{path} is a record of format {found.get('format')!r:.20}; expected {FORMAT}"
        )
    command, result, digest = (found.get(key) for key in ("command", "result", "sha256"))
    texts = [result, digest, *(command if isinstance(command, list) else [None])]
    if not all(isinstance(text, str) for text in texts) or Path(str(result)).name != result:
        raise DataError(f"{path} does not say which command made which result; it was changed")
    tables = [found.get(key) for key in ("versions", "platform")]
    if not all(isinstance(table, dict) for table in tables):
        raise DataError(f"{path} does not say what the result was made with; it was changed")
    refuse_links_out(folder, [str(result)])
    digests = read_digests(path, found.get("digests"))
    return Record(folder, tuple(command), str(result), str(digest), digests, *tables)  # type: ignore[arg-type]


def read_digests(path: Path, found: Any) -> dict[str, str] | None:
    """Return the digests that a record holds by file; None of a record without them.

    Raises DataError: they are no digests of files in the record's folder.
    """
    if found is None:
        return None
    if not isinstance(found, dict) or len(found) > _MOST:
        raise DataError(f"{path} holds no digests of files; it was changed")
    for name, digest in found.items():
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or not name or "\0" in name:
            raise DataError(f"{path} lists '{name[:60]}', which is not in its folder")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise DataError(f"{path} holds no digest of '{name[:60]}'; it was changed")
    return found


def refuse_links_out(folder: Path, names: Iterable[str]) -> None:
    """Refuse files that lie outside the folder by a link.

    Raises DataError: naming the first.
    """
    for name in names:
        if os.path.lexists(folder / name) and not is_inside(folder / name, folder):
            raise DataError(
                f"{folder / name} leads out of the folder by a link; put the file itself there"
            )


def check_files(folder: Path, digests: Mapping[str, str], *, ours: Iterable[str]) -> Files:
    """Compare the files of a folder with their digests, but for `ours`, which have none.

    Raises DataError: a file leads out of the folder, or cannot be read.
    """
    refuse_links_out(folder, digests)
    missing = [name for name in digests if not os.path.lexists(folder / name)]
    changed = [
        name
        for name, digest in digests.items()
        if name not in missing and digest_of(folder / name) != digest
    ]
    known = {*digests, *ours}
    added = [name for name in _names_in(folder) if name not in known]
    return Files(tuple(changed), tuple(missing), tuple(added))


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
    except UncertainScaleError as error:
        if not isinstance(error, QuestionError):
            raise
        raise DataError(
            f"{folder}: its record is no command: {error!s:.120}; it was changed"
        ) from None
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
    if path.parent == Path() and not path.suffix:
        return word
    if path.parent.as_posix() not in FOLDERS or not is_inside(folder / path, folder):
        raise DataError(f"{folder}: its record names '{word[:60]}', which is not in it")
    return str(folder / path)


def _names_in(folder: Path) -> list[str]:
    """Return the names of all that lies in a folder but hidden files; links are not followed."""
    found = []
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(place, name).relative_to(folder).as_posix()
            for name in (*files, *links)
            if not name.startswith(".")
        ]
    return sorted(found)
