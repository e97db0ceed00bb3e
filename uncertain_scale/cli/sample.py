"""`uncertain-scale sample`: draws for a question, as a file that ArviZ opens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uncertain_scale.cli.options import RunOptions, with_run_options

__all__ = ["sample"]


@with_run_options
def sample(
    options: RunOptions,
    output: Annotated[Path, typer.Option(help="NetCDF file to write.", metavar="DRAWS.nc")],
) -> None:
    """Save the draws behind an answer, for xarray.open_datatree and ArviZ.

    Example: uncertain-scale sample --budget 100M --output draws.nc
    """
    from uncertain_scale.report.saving import save_draws

    tree = options.run()
    save_draws(tree, output)
    variables = [*tree["prior"].data_vars, *tree["prior_predictive"].data_vars]
    typer.echo(
        f"{output}: {options.chains} chains x {options.draws:,} draws of {len(variables)} "
        f"variables: {', '.join(map(str, variables))}"
    )
