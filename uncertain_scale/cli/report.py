"""`uncertain-scale report`, `update` and `sample`: draws for a question, and intervals of them.

Draws are given evidence where there is any, and on a cluster where one is named.
"""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.effort import Effort, answer
from uncertain_scale.cli.options import RunOptions, Scheduler, belief, with_options
from uncertain_scale.cli.output import (
    PageForm,
    PageFormat,
    Probs,
    Wide,
    behind,
    end_with_faults,
    present,
    print_json,
    saves,
)
from uncertain_scale.cli.progress import INTERRUPTED, Bar, interrupts
from uncertain_scale.cli.record import note_reached
from uncertain_scale.errors import QuestionError, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import xarray as xr

    from uncertain_scale.model import Problem
    from uncertain_scale.report import Document
    from uncertain_scale.sampling import Design
    from uncertain_scale.sampling.chains import ArrayTree
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


@with_options
def report(
    options: RunOptions,
    evidence: Evidence = [],  # noqa: B006 (typer reads a default, nobody changes it)
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    scheduler: Scheduler = None,
    output: Annotated[Path | None, saves("report.html, .md, .json and draws.nc")] = None,
    *,
    effort: Effort,
) -> None:
    """Answer a question, such as what 100M USD buy, with intervals.

    Example: uncertain-scale report --budget 100M --gpus 25k
    """
    from uncertain_scale.report import report_document

    output = output or effort.resume
    design = options.checked_design()
    interrupted = False
    if evidence:
        effort.refuse_with_evidence()
        options, problem = options.answerable()
        with on_cluster(scheduler, evidence):  # refuses
            posterior = draw(problem, design, evidence)
        document = report_document(
            posterior,
            probs=prob,
            events=options.events(problem.model),
            intervals=effort.intervals.value,
        )
        tree: xr.DataTree | ArrayTree | None = posterior
    else:
        effort.check(prob)
        options, problem = options.answerable()
        with on_cluster(scheduler) as cluster:
            found = answer(
                problem,
                design,
                events=options.events(problem.model),
                probs=prob,
                effort=effort,
                output=output,
                cluster=cluster,
            )
        document, tree, interrupted = found.document, found.tree, found.interrupted
        note_reached(draws=found.design.draws, chains=found.design.chains, no_draws=tree is None)
    kept = None if effort.no_draws else tree
    shown = {"wide": wide, "behind": behind(problem, design, document)}
    _present("report", document, kept, form, output, **shown)
    if interrupted:
        raise typer.Exit(INTERRUPTED)


@with_options
def update(
    options: RunOptions,
    evidence: Annotated[
        list[str] | None,
        Argument("Evidence files, or shipped names.", "EVIDENCE.toml...", reads="evidence"),
    ] = None,  # click 8.1 takes no other default of arguments that repeat
    method: Annotated[
        Method, Option("How the posterior is found: by weights where they can be trusted.")
    ] = Method.auto,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    form: PageForm = PageFormat.terminal,
    wide: Wide = False,
    output: Annotated[Path | None, saves("report.html, .md, .json and draws.nc")] = None,
    *,
    schema: Annotated[
        bool,
        Option("Print the JSON Schema of evidence files.", None, "--schema", replay="dropped"),
    ] = False,
) -> None:
    """Update the priors by observed facts, and tell what moved.

    Observations with a fault are kept apart and told, the others used; the exit code is then 2.

    Example: uncertain-scale update h100-clusters --gpus 100k
    """
    if schema:
        from uncertain_scale.inputs.document import EvidenceFile

        print_json(EvidenceFile.editor_schema())
        return
    if not evidence:
        from uncertain_scale.inputs.catalog import evidence_names

        shipped = ", ".join(evidence_names())
        raise QuestionError(f"update takes an evidence file; shipped: {shipped}")
    from uncertain_scale.report import report_document

    design = options.checked_design()
    problem = options.prepare()
    tree = draw(problem, design, evidence, method, keep_sound=True)
    document = report_document(tree, probs=prob, events=options.events(problem.model))
    shown = {"wide": wide, "behind": behind(problem, design, document)}
    _present("update", document, tree, form, output, **shown)
    end_with_faults(document["evidence"]["left_out"], "evidence")


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


def _present(
    kind: str,
    document: Document,
    tree: xr.DataTree | ArrayTree | None,
    form: PageFormat,
    output: Path | None,
    **shown: Any,
) -> None:
    """Print a report, and keep it with its draws in a folder, if one is wanted."""

    def keep(page: str, folder: Path) -> None:
        from uncertain_scale.report.store import save_report
        from uncertain_scale.sampling.chains import ArrayTree

        drawn = tree.to_xarray() if isinstance(tree, ArrayTree) else tree
        save_report(document, drawn, folder, page=page)

    present(kind, document, form, folder=output, keep=keep, **shown)


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
