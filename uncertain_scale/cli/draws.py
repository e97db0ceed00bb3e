"""How commands draw: given evidence where there is any, on a cluster where one is named."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.interrupts import interrupts
from uncertain_scale.cli.options import belief
from uncertain_scale.cli.progress import Bar
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

    from uncertain_scale.model import Problem
    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.cluster import Cluster

__all__ = ["Evidence", "Way", "draw", "on_cluster"]

Evidence = Annotated[
    list[str],
    belief(
        "Update the priors by observed facts: a file or a shipped name; repeatable.",
        "FILE.toml",
        reads="evidence",
    ),
]


class Way(StrEnum):
    """How the posterior is found."""

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
    method: Way = Way.auto,
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
