"""`uncertain-scale sample`: draws for a question, as a file that ArviZ opens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uncertain_scale.cli.command import Option
from uncertain_scale.cli.draws import Evidence, draw, on_cluster
from uncertain_scale.cli.options import RunOptions, Scheduler, with_run_options

__all__ = ["sample"]


@with_run_options
def sample(
    options: RunOptions,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    scheduler: Scheduler = None,
    *,
    output: Annotated[
        Path,
        Option(
            "NetCDF file to write, or a Zarr store where it ends in .zarr.",
            "DRAWS.nc|.zarr",
            replay="dropped",
        ),
    ],
) -> None:
    """Save the draws behind an answer, for xarray.open_datatree and ArviZ.

    A Zarr store is written chain by chain, so that draws need not fit in memory.

    Example: uncertain-scale sample --budget 100M --output draws.nc
    """
    from uncertain_scale.report.store import check_draws, is_store, save_chains, save_draws
    from uncertain_scale.sampling.chains import draw_chains

    design = options.checked_design()  # a wrong option is told before any file is read
    check_draws(output)
    problem = options.prepare()
    with on_cluster(scheduler, evidence) as cluster:
        if is_store(output) and not evidence:
            tree, chains = draw_chains(problem, design, cluster=cluster)
            save_chains(tree, chains, output)
        else:
            tree = draw(problem, design, evidence, cluster=cluster)
            save_draws(tree, output)
    variables = [*tree["prior"].data_vars, *tree["prior_predictive"].data_vars]
    typer.echo(
        f"{output}: {options.chains} chains x {options.draws:,} draws of {len(variables)} "
        f"variables: {', '.join(map(str, variables))}"
    )
