"""`uncertain-scale claims`: what a document asserts, held against its own inputs and ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.options import (  # noqa: TC001 (typer reads the annotations)
    AsOf,
    Chains,
    DesignName,
    Draws,
    Equations,
    NumberFormat,
    Seed,
)
from uncertain_scale.cli.output import (
    PageForm,
    PageFormat,
    Probs,
    end_with_faults,
    present,
    print_json,
    saves,
)
from uncertain_scale.cli.progress import Bar
from uncertain_scale.cli.record import note_files, note_reached
from uncertain_scale.errors import QuestionError, counted

if TYPE_CHECKING:
    from uncertain_scale.analysis.claims import CheckedClaims
    from uncertain_scale.cli.command import StandIns
    from uncertain_scale.report.document import Document
    from uncertain_scale.sampling import Design

SHIPPED = "post-2024-07"
Source = Annotated[
    str, Argument("Shipped claims or a claims file.", "[NAME|FILE.toml]", reads="claims")
]
Scenarios = Annotated[
    list[str],
    Option("Judge under this scenario besides; repeatable.", "NAME|FILE", reads="scenario"),
]
Judged = Annotated[
    list[str],
    Option("Judge under this chip's scenario besides; repeatable.", "CHIP", replay="merged"),
]
Names = Annotated[list[str], Option("Only this claim; repeatable.", "NAME")]


def claims(
    source: Source = SHIPPED,
    scenario: Scenarios = [],  # noqa: B006 (typer reads a default, nobody changes it)
    chip: Judged = [],  # noqa: B006
    number_format: NumberFormat = None,
    claim: Names = [],  # noqa: B006
    prob: Probs = [0.5, 0.9, 0.95],  # noqa: B006
    equations: Equations = [],  # noqa: B006
    as_of: AsOf = None,
    draws: Draws = 4096,
    chains: Chains = 16,
    design: DesignName = "sobol",
    seed: Seed = 0,
    form: PageForm = PageFormat.terminal,
    output: Annotated[Path | None, saves("claims.html, .md, .json and .csv")] = None,
    *,
    list_: Annotated[
        bool, Option("List the shipped claims.", None, "--list", replay="dropped")
    ] = False,
    schema: Annotated[
        bool, Option("Print the JSON Schema of claims files.", None, "--schema", replay="dropped")
    ] = False,
) -> None:
    """Tell whether a document's claims follow from its own inputs, and where they fall in ours.

    Claims with a fault are kept apart and told, the others reported; the exit code is then 2.

    Example: uncertain-scale claims post-2024-07 --scenario base --scenario h100-sparse-fp8
    """
    if schema:
        from uncertain_scale.inputs.claim_files import ClaimsFile

        print_json(ClaimsFile.editor_schema())
        return
    if list_:
        _print_list()
        return
    from uncertain_scale.report.claims_report import claims_blocks, csv_claims
    from uncertain_scale.sampling import Design

    drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)  # type: ignore[arg-type]
    scenario = with_judges(scenario, chip, number_format)
    document = checked(
        source,
        claim,
        drawn,
        scenarios=scenario,
        probs=prob,
        equations=equations,
        as_of=as_of,
    )
    present(document, form, claims_blocks, csv_claims, folder=output, name="claims", keep_csv=True)
    end_with_faults(document["faults"], "claim")


def with_judges(scenarios: list[str], chips: list[str], number_format: str | None) -> list[str]:
    """Return the scenarios that claims are judged under besides, those of chips behind others."""
    from uncertain_scale.inputs.chip_scenarios import chip_scenario

    if number_format and not chips:
        raise QuestionError("--number-format says how a chip trains; name it by --chip")
    named = [chip_scenario(one, number_format) for one in chips]
    if named:
        note_reached(scenario=[*scenarios, *named], chip=[], number_format=None)
    return [*scenarios, *named]


def checked(
    source: str,
    names: list[str],
    design: Design,
    *,
    scenarios: list[str],
    probs: list[float],
    equations: list[Path],
    as_of: str | None,
) -> Document:
    """Check claims, all or those of some names, as plain data."""
    from uncertain_scale.analysis.claims import check_claims, model_for
    from uncertain_scale.inputs.claim_files import load_claims
    from uncertain_scale.model.model import OwnEquations
    from uncertain_scale.report.claims_report import claims_document

    own = OwnEquations.read(equations)
    stated = load_claims(source, own.variables).only(names)
    model = model_for(own, stated, scenarios)
    with Bar() as bar:
        counted = bar.counting(len(stated.claims), "claims")
        found = check_claims(
            model, stated, design, scenarios=scenarios, probs=probs, progress=counted
        )
    _note(source, scenarios, found)
    return claims_document(stated, found, model, design, probs, as_of=as_of)


def _note(source: str, scenarios: list[str], found: CheckedClaims) -> None:
    """Remember the claims and the scenarios they were judged under, for the run's record."""
    from uncertain_scale.inputs.catalog import find_claims_file, find_prior_file
    from uncertain_scale.inputs.writing import claims_files

    def made() -> tuple[dict[str, str], StandIns]:
        path = find_claims_file(source)
        texts, places = claims_files(path, found.priors, found.judged_by)
        stand_ins: StandIns = {("scenario", one): places[find_prior_file(one)] for one in scenarios}
        return texts, {**stand_ins, ("claims", source): path.name}

    note_files(made)


def _print_list() -> None:
    from uncertain_scale.inputs.catalog import claims_names
    from uncertain_scale.inputs.claim_files import load_claims
    from uncertain_scale.model import default_model

    for name in claims_names():
        stated = load_claims(name, default_model().variables)
        typer.echo(f"{name:<18} {stated.title}: {counted(len(stated.claims), 'claim')}")
