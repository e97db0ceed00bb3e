"""The program `uncertain-scale`: its commands, and how it ends."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.main import get_command

from uncertain_scale.cli.command import Command, Group
from uncertain_scale.cli.output import mend_streams, refuse, refuse_error
from uncertain_scale.cli.progress import INTERRUPTED, end_at_once, interrupts
from uncertain_scale.cli.record import recorded
from uncertain_scale.errors import CommandLineError, Interrupted, UncertainScaleError

# A command or a group of commands by name: its module here, and what it is called there.
_PLACES = {
    "report": "report:report",
    "compare": "analyses:compare",
    "sensitivity": "analyses:sensitivity",
    "sweep": "analyses:sweep",
    "decide": "analyses:decide",
    "claims": "judgements:claims",
    "update": "report:update",
    "backtest": "judgements:backtest",
    "verify": "verify:verify",
    "diff": "verify:diff",
    "sample": "report:sample",
    "explore": "explore:explore",
    "model": "shipped:model",
    "schema": "output:schema",
    "docs": "shipped:docs",
    "mcp": "mcp:mcp",
    "plot": "plot:app",
    "priors": "priors:app",
    "chips": "shipped:app",
}

RESULTS = {
    "report": "report",
    "compare": "comparison",
    "sensitivity": "sensitivity",
    "sweep": "sweep",
    "decide": "decision",
    "claims": "claims",
    "update": "report",
    "backtest": "backtest",
}
"""Commands that leave a record beside the results they save, and the names of these results."""


@cache
def _command(name: str) -> Any:
    """Import a command or a group of commands, as typer makes it."""
    module, _, found = _PLACES[name].partition(":")
    group = getattr(import_module(f"uncertain_scale.cli.{module}"), found)
    if not isinstance(group, typer.Typer):
        alone = recorded(group, RESULTS[name]) if name in RESULTS else group
        group = typer.Typer(add_completion=False)
        group.command(name)(alone)
    for registered in group.registered_commands:
        registered.cls = Command
    made = get_command(group)
    made.name = name
    return made


class _Commands(Mapping[str, Any]):
    """The program's commands, each imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        return _command(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


class _Program(Group):
    """The program, which imports no command but the one that runs."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = cast("dict[str, Any]", _Commands())  # nothing writes to it


app = typer.Typer(
    name="uncertain-scale",
    cls=_Program,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "obj": RESULTS},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (as typer calls it)
    if wanted:
        from importlib.metadata import version

        typer.echo(f"uncertain-scale {version('uncertain-scale')}")
        raise typer.Exit


@app.callback()
def _program(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Intervals for the scale of LLM training: what a budget buys, and how sure that is."""


def main() -> None:
    """Run the program. Bad input ends it with one message and exit code 2."""
    try:
        interrupts.listen()
        mend_streams()
        code = _run()
    except BaseException as error:
        if not _is_interruption(error):
            raise
        refuse(interrupts.message(), "interrupted")
        code = INTERRUPTED
    if code == INTERRUPTED:
        end_at_once(code)
    interrupts.leave(code if isinstance(code, int) else 1)
    gc.freeze()  # the interpreter's end would search all that was loaded for garbage
    sys.exit(code)


def _is_interruption(error: BaseException | None) -> bool:
    """Tell whether somebody ended the program, also in the middle of what wraps any exception.

    So does Python, up to 3.11, where a class is made of what another module declares.
    """
    while error is not None:
        if isinstance(error, Interrupted | KeyboardInterrupt):
            return True
        error = error.__cause__
    return False


def _run() -> Any:
    """Run the command that the words ask for, and return the exit code."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where it cannot cache is no news
    try:
        _refuse_other_encodings(sys.argv[1:])
        app()
    except UncertainScaleError as error:
        refuse_error(error)
        return 2
    except SystemExit as end:
        return end.code
    except BrokenPipeError:
        # The reader of a pipe has gone (`| head`); keep Python from failing on the last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        refuse("error: there is not enough memory; ask for fewer draws or outputs", "memory")
        return 2
    except OSError as error:  # such as a full disk under standard output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = f"{error.filename}: " if error.filename else ""
        refuse(f"error: {where}{error.strerror or error}", "system")
        return 2
    return 0


def _refuse_other_encodings(words: list[str]) -> None:
    """Refuse words that are no text in UTF-8, which no report could be saved with."""
    for number, word in enumerate(words, 1):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise CommandLineError(
                f"word {number} of the command line, '{word[:60]}', is not UTF-8; write it so"
            ) from None
