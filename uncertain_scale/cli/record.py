"""The record that a saved result carries, from which `verify` runs it again.

`run.json` holds the command with every option spelt out, and names the merged priors of each
scenario, a file beside it: a replay depends neither on shipped priors nor on defaults, which may
change.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from uncertain_scale.cli.command import files_read, spelt_out, typed
from uncertain_scale.cli.progress import interrupts
from uncertain_scale.reading import FOLDERS, RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from uncertain_scale.cli.command import Reads, StandIns
    from uncertain_scale.inputs import Priors
    from uncertain_scale.report.atomic import Staging


@dataclass
class _Session:
    """A command that is running, and what its record will need.

    Parameters
    ----------
    command, arguments
        The command, and its arguments by name.
    priors
        Merged priors by scenario as it was typed, None where none was.
    files
        Makes further texts by name, and says which file stands for which word.
    reached
        Options whose values the run found out.
    recorded
        Options that a replay needs, and the run did not.
    """

    command: Callable[..., None]
    arguments: Mapping[str, Any]
    priors: dict[str | None, Priors] = field(default_factory=dict)
    files: Callable[[], tuple[dict[str, str], StandIns]] = lambda: ({}, {})
    reached: dict[str, Any] = field(default_factory=dict)
    recorded: dict[str, Any] = field(default_factory=dict)

    def all_arguments(self) -> dict[str, Any]:
        """Return the arguments as the run came to have them."""
        return {**self.arguments, **self.reached}


_session: ContextVar[_Session | None] = ContextVar("session", default=None)


def _current() -> _Session:
    """Return the command that is running, or one that leaves no record."""
    return _session.get() or _Session(lambda: None, {})


def note_priors(typed: str | None, priors: Priors) -> None:
    """Remember what a scenario came to, for the record of the command that is running."""
    _current().priors[typed] = priors


def note_files(make: Callable[[], tuple[dict[str, str], StandIns]]) -> None:
    """Remember what makes files for the record, if there is one: texts by name, and stand-ins.

    The stand-ins are names of files by the kind and word of the command line that they stand for.
    """
    _current().files = make


def note_reached(**options: Any) -> None:
    """Remember options whose values a run found out, for its record: a replay does not look."""
    _current().reached |= options


def note_recorded(**options: Any) -> None:
    """Remember options that a replay needs although the run did without them."""
    _current().recorded |= options


def typed_command() -> str:
    """Return the command line that is running, without how its result is written.

    Options that are as they would be without asking are left out, and those whose values the run
    found out are as they became; "" outside of a command.
    """
    session = _session.get()
    return "" if session is None else typed(session.command, session.all_arguments())


def recorded(command: Callable[..., None], result: str) -> Callable[..., None]:
    """Let a command leave a record beside RESULT.json, which it saves with `--output DIR`."""

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        session = _Session(command, arguments)
        token = _session.set(session)
        ended: BaseException | None = None
        try:
            folder = arguments.get("output") or arguments.get("resume")
            interrupts.folder = folder
            with contextlib.ExitStack() as last, _staged(folder, result) as staging:
                try:
                    command(**arguments)
                except (typer.Exit, BrokenPipeError) as error:  # after all was saved
                    ended = error
                if staging is not None and staging.holds(staging.folder / f"{result}.json"):
                    from uncertain_scale.report.run_record import write_record

                    texts, stand_ins = _files(session)
                    replayed = {**session.all_arguments(), **session.recorded}
                    words = spelt_out(command, replayed, stand_ins)
                    write_record(staging, words, f"{result}.json", texts)
                last.enter_context(interrupts.writing())
        finally:
            _session.reset(token)
        if ended is not None:
            raise ended

    return run


def _staged(folder: Path | None, result: str) -> AbstractContextManager[Staging | None]:
    """Let what a block saves appear together; without a folder nothing is saved."""
    if folder is None:
        return contextlib.nullcontext()
    from uncertain_scale.report.atomic import staged

    return staged(folder, _names(result))


def _names(result: str) -> list[str]:
    """Return names of files that a command saves, one in each folder that it fills."""
    ends = ("json", "md", "html", "csv", "nc")
    files = [RECORD, "draws.nc", *(f"{result}.{end}" for end in ends)]
    return [*files, *(f"{part}/{RECORD}" for part in FOLDERS)]


def _files(session: _Session) -> tuple[dict[str, str], StandIns]:
    """Return the texts of the files that a run read, by name, and the words that they stand for."""
    from uncertain_scale.inputs.writing import scenario_files

    texts, scenarios = scenario_files(session.priors)
    made, others = session.files()
    texts |= {f"inputs/{name}": text for name, text in made.items()}
    stand_ins: StandIns = {("scenario", word): name for word, name in scenarios.items()}
    stand_ins |= {key: f"inputs/{name}" for key, name in others.items()}
    read = files_read(session.command, session.all_arguments(), stand_ins)
    for kind, path in dict.fromkeys(read):
        name = _free_name(kind, Path(path), texts)
        texts[name] = Path(path).read_text(encoding="utf-8")
        stand_ins[kind, path] = name
    return texts, stand_ins


def _free_name(kind: Reads, path: Path, taken: Mapping[str, str]) -> str:
    """Return where the copy of a file goes: files of one name from two folders are two."""
    folder = "equations" if kind == "equations" else "inputs"
    name = f"{folder}/{path.name}"
    while name in taken:
        name = f"{folder}/_{Path(name).name}"
    return name
