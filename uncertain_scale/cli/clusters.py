"""How commands draw on a cluster, where `--scheduler` names one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uncertain_scale.sampling.cluster import Cluster

__all__ = ["on_cluster"]


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
