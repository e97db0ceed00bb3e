"""Draws of commands: given evidence where there is any, on a cluster where one is named.

`uncertain-scale sample` saves them as a file that ArviZ opens.
"""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.command import Option
from uncertain_scale.cli.options import RunOptions, Scheduler, belief, with_options
from uncertain_scale.cli.progress import Bar, interrupts
from uncertain_scale.errors import QuestionError, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

    from uncertain_scale.model import Problem
    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.cluster import Cluster

Evidence = Annotated[
    list[str],
    belief(
        "Update the priors by observed facts: a file or a shipped name; repeatable.",
        "FILE.toml",
        reads="evidence",
    ),
]


class Method(StrEnum):
    """How the posterior is computed."""

    auto = "auto"
    importance = "importance"
    smc = "smc"


@contextmanager
def on_cluster(scheduler: str | None, evidence: Sequence[str] = ()) -> Iterator[Cluster | None]:
    """Connect while a block runs; say afterwards if workers compute other last digits.

    Raises
    ------
    QuestionError
        There is evidence, which is not weighed on a cluster.
    ClusterError
        The cluster cannot be reached.
    """
    if scheduler is None:
        yield None
        return
    if evidence:
        raise QuestionError(
            "evidence is weighed in this process alone; leave out --scheduler or --evidence"
        )
    from uncertain_scale.sampling.cluster import connect

    with connect(scheduler) as cluster:
        yield cluster
    if cluster is not None and (others := sorted(cluster.other_digits)):
        more = f" and {len(others) - 1} more workers compute" if others[1:] else " computes"
        typer.echo(
            f"warning: {others[0]}{more} other last digits than this machine, perhaps on another "
            "processor; the figures are those of a run here but for rounding",
            err=True,
        )


def draw(
    problem: Problem,
    design: Design,
    evidence: Sequence[str],
    method: Method = Method.auto,
    *,
    keep_sound: bool = False,
    cluster: Cluster | None = None,
) -> xr.DataTree:
    """Answer a question with draws, given evidence where there is any."""
    if evidence:
        from uncertain_scale.analysis.conditioning import condition

        with Bar() as bar:
            return condition(
                problem,
                design,
                evidence,
                method=method.value,
                keep_sound=keep_sound,
                progress=bar.chains_of(design),
            )
    from uncertain_scale.sampling import sample

    drawn = sample(problem, design, cluster=cluster)
    interrupts.drawn()
    return drawn


@with_options
def sample(
    options: RunOptions,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    scheduler: Scheduler = None,
    *,
    output: Annotated[
        Path,
        Option(
            "NetCDF file to write, a Zarr store where it ends in .zarr, or a SIPmath library.",
            "DRAWS.nc|.zarr|.sipmath",
            replay="dropped",
        ),
    ],
    metalogs: Annotated[
        bool,
        Option(
            "In a SIPmath library, metalogs and a copula in the place of draws, where they fit.",
            None,
            "--metalogs",
        ),
    ] = False,
) -> None:
    """Save the draws behind an answer, for xarray.open_datatree and ArviZ.

    A Zarr store is written chain by chain, so that draws need not fit in memory.

    Example: uncertain-scale sample --budget 100M --output draws.nc
    """
    from uncertain_scale.report.store import (
        check_draws,
        is_sipmath,
        is_store,
        save_chains,
        save_draws,
        save_sipmath,
    )
    from uncertain_scale.sampling.chains import draw_chains

    design = options.checked_design()  # a wrong option is reported before any file is read
    check_draws(output)
    if metalogs and not is_sipmath(output):
        raise QuestionError("--metalogs are of a SIPmath library: --output NAME.sipmath")
    problem = options.prepare()
    with on_cluster(scheduler, evidence) as cluster:
        if is_store(output) and not evidence:
            tree, chains = draw_chains(problem, design, cluster=cluster)
            save_chains(tree, chains, output)
        else:
            tree = draw(problem, design, evidence, cluster=cluster)
            if is_sipmath(output):
                save_sipmath(tree, output, metalogs=metalogs)
            else:
                save_draws(tree, output)
    variables = [*tree["prior"].data_vars, *tree["prior_predictive"].data_vars]
    typer.echo(
        f"{output}: {counted(options.chains, 'chain')} x {options.draws:,} draws of "
        f"{counted(len(variables), 'variable')}: {', '.join(map(str, variables))}"
    )
