"""`uncertain-scale sample`: draws for a question, as a file that ArviZ opens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uncertain_scale.cli.options import RunOptions, with_run_options
from uncertain_scale.cli.update import Evidence, draw

__all__ = ["sample"]


@with_run_options
def sample(
    options: RunOptions,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    *,
    output: Annotated[Path, typer.Option(help="NetCDF file to write.", metavar="DRAWS.nc")],
) -> None:
    """Save the draws behind an answer, for xarray.open_datatree and ArviZ.

    Example: uncertain-scale sample --budget 100M --output draws.nc
    """
    from uncertain_scale.report.saving import save_draws

    design = options.checked_design()  # a wrong option is told before any file is read
    tree = draw(options.prepare(), design, evidence)
    save_draws(tree, output)
    variables = [*tree["prior"].data_vars, *tree["prior_predictive"].data_vars]
    typer.echo(
        f"{output}: {options.chains} chains x {options.draws:,} draws of {len(variables)} "
        f"variables: {', '.join(map(str, variables))}"
    )
