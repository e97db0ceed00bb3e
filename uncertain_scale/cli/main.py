"""The program `uncertain-scale`: its commands, and how it ends."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from uncertain_scale.cli import (
    backtest,
    claims,
    compare,
    explore,
    model,
    plot,
    priors,
    report,
    sample,
    schema,
    sensitivity,
    sweep,
    update,
    verify,
)
from uncertain_scale.cli.command import Command
from uncertain_scale.cli.encoding import mend_streams
from uncertain_scale.cli.interrupts import INTERRUPTED, Interrupted, end_at_once, interrupts
from uncertain_scale.cli.record import recorded
from uncertain_scale.errors import QuestionError, UncertainScaleError, printable

__all__ = ["RECORDED", "app", "main"]

# Commands that leave a record beside the results they save, and what these results are called.
RECORDED: dict[str, tuple[Callable[..., None], str]] = {
    "report": (report.report, "report"),
    "compare": (compare.compare, "comparison"),
    "sensitivity": (sensitivity.sensitivity, "sensitivity"),
    "sweep": (sweep.sweep, "sweep"),
    "claims": (claims.claims, "claims"),
    "update": (update.update, "report"),
    "backtest": (backtest.backtest, "backtest"),
}

app = typer.Typer(
    name="uncertain-scale",
    help="Intervals for the scale of LLM training: what a budget buys, and how sure that is.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "obj": RECORDED},
)
for _name, _command in RECORDED.items():
    app.command(_name)(recorded(*_command))
app.command("verify")(verify.verify)
app.command("diff")(verify.diff)
app.command("sample")(sample.sample)
app.command("explore")(explore.explore)
app.command("model")(model.model)
app.command("schema")(schema.schema)
for _group in (app, plot.app, priors.app):
    for _registered in _group.registered_commands:
        _registered.cls = Command
app.add_typer(plot.app, name="plot")
app.add_typer(priors.app, name="priors")


def main() -> None:
    """Run the program. Bad input ends it with one message and exit code 2."""
    try:
        interrupts.listen()
        mend_streams()
        code = _run()
    except Interrupted:
        typer.echo(interrupts.told(), err=True)
        code = INTERRUPTED
    if code == INTERRUPTED:
        end_at_once(code)
    interrupts.leave(code if isinstance(code, int) else 1)
    sys.exit(code)


def _run() -> Any:
    """Run the command that the words ask for, and return the exit code."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where it cannot cache is no news
    try:
        _refuse_other_encodings(sys.argv[1:])
        app()
    except UncertainScaleError as error:
        typer.echo(f"error: {printable(error)}", err=True)
        return 2
    except SystemExit as end:
        return end.code
    except BrokenPipeError:
        # The reader of a pipe has gone (`| head`); keep Python from failing on the last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        typer.echo("error: there is not enough memory; ask for fewer draws or outputs", err=True)
        return 2
    except OSError as error:  # such as a full disk under standard output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"error: {printable(f'{where}{error.strerror or error}')}", err=True)
        return 2
    return 0


def _refuse_other_encodings(words: list[str]) -> None:
    """Refuse words that are no text in UTF-8, which no report could be saved with."""
    for number, word in enumerate(words, 1):
        try:
            word.encode()
        except UnicodeEncodeError:
            raise QuestionError(
                f"word {number} of the command line, '{word[:60]}', is not UTF-8; write it so"
            ) from None
