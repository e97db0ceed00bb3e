"""`uncertain-scale chips`: the catalogue of chips, all of it or one chip with its sources."""

from __future__ import annotations

from typing import Annotated

import typer

from uncertain_scale.cli.command import Argument
from uncertain_scale.cli.output import Form, Format, present
from uncertain_scale.errors import DataError, QuestionError

app = typer.Typer(invoke_without_command=True, add_completion=False)


@app.callback()
def chips(context: typer.Context, form: Form = Format.terminal) -> None:
    """List the chips of the catalogue: peaks, memory, power, rents and prices.

    Example: uncertain-scale chips show GB300
    """
    if context.invoked_subcommand is not None:
        return
    from uncertain_scale.inputs.chips import chips as catalogue
    from uncertain_scale.report.chips_report import chips_blocks, chips_document, csv_chips

    present(chips_document(catalogue().values()), form, chips_blocks, csv_chips)


@app.command()
def show(
    chip: Annotated[str, Argument("A chip, such as GB300.", "CHIP")],
    form: Form = Format.terminal,
) -> None:
    """Show one chip, each figure with its source.

    Example: uncertain-scale chips show GB300
    """
    from uncertain_scale.inputs.chips import find_chip
    from uncertain_scale.report.chips_report import chip_blocks, chips_document, csv_chips

    try:
        found = find_chip(chip)
    except DataError as error:
        raise QuestionError(f"{error} (`uncertain-scale chips` lists them)") from None
    present(chips_document([found]), form, chip_blocks, csv_chips)
