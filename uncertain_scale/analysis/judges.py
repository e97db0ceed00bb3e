"""The scenarios that a claim is judged under: its own first, then those that are asked for.

A document is judged by its own scenario, without what it assumes in place of it: an assumption is
part of what is judged. Where this scenario gives one number, there are no intervals to judge by,
and what it extends judges in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uncertain_scale.analysis.questions import Whole
from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.inputs.catalog import find_prior_file
from uncertain_scale.inputs.toml import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from uncertain_scale.analysis.questions import Desk
    from uncertain_scale.inputs.claims import Claim

__all__ = ["Judge", "assumed_facts", "judges_of"]


@dataclass(frozen=True)
class Judge:
    """A scenario that a claim is judged under.

    Parameters
    ----------
    scenario, name
        Prior file, and what it is called.
    own
        Whether it is the document's own.
    without_assumptions
        Whether the document assumes inputs in place of some of its own scenario's.
    in_place_of
        Name of the document's own scenario, in whose place it judges; "" where it does not.
    """

    scenario: Path
    name: str
    own: bool = False
    without_assumptions: bool = False
    in_place_of: str = ""


def judges_of(claim: Claim, asked: Sequence[Path], desk: Desk) -> tuple[Judge, ...]:
    """Return the scenarios that a claim is judged under, each once and its own first.

    Parameters
    ----------
    claim
        Not one on a ratio.
    asked
        Scenarios that all claims are judged under besides.
    desk
        Reads the scenarios.
    """
    paths: dict[Path, Path] = {}
    for path in (_first(claim, desk), *asked):
        paths.setdefault(path.resolve(), path)
    ordered = list(paths.values())
    stems = [path.stem for path in ordered]
    names = [shown(p) if stems.count(p.stem) > 1 else p.stem for p in ordered]
    first = Judge(ordered[0], names[0])
    if claim.reading is not None:
        own = claim.reading.scenario
        same = own.resolve() == ordered[0].resolve()
        first = replace(
            first,
            own=same,
            without_assumptions=same and bool(claim.reading.assuming),
            in_place_of="" if same else own.stem,
        )
    return first, *map(Judge, ordered[1:], names[1:])


def assumed_facts(claim: Claim, judge: Judge, desk: Desk) -> str:
    """Return a warning where a document assumes what its own scenario holds for certain, or "".

    A chip's peak is no belief to judge by: the claim may be of another chip than the scenario's.
    """
    if not judge.without_assumptions or claim.reading is None:
        return ""
    whole = Whole(judge.scenario, given=tuple(claim.given.items()), free=claim.free)
    uncertain = desk.uncertain(whole, claim.variable)
    facts = [name for name in claim.reading.assuming if uncertain.get(name) is False]
    if not facts:
        return ""
    return (
        f"{judge.name} holds {', '.join(facts)} for certain, and judges without what the document "
        "assumes instead; if that is so, give it in the claims, or name a scenario that holds it"
    )


def _first(claim: Claim, desk: Desk) -> Path:
    """Return the scenario that the claim names, else the document's or what judges in its place.

    Of the document's scenario, what that extends in turn, and base, this is the first under which
    the claim's answer is uncertain; where it is one number under all of them, as the peak of a chip
    is, the first that holds any uncertain input. A document without a scenario is judged by base.
    """
    base = find_prior_file("base")
    if claim.scenario is not None:
        return claim.scenario
    if claim.reading is None:
        return base
    return _first_uncertain(claim, claim.reading.scenario, base, desk)


def _first_uncertain(claim: Claim, own: Path, base: Path, desk: Desk) -> Path:
    given = tuple(claim.given.items())
    beliefs = None
    for path in _line(own, base, desk):
        try:
            whole = Whole(path, given=given, free=claim.free)
            if any(desk.uncertain(whole, claim.variable).values()):
                return path
            if beliefs is None and desk.believes(path):
                beliefs = path
        except UncertainScaleError:
            if path == own:  # what is wrong with it is reported where it is asked
                return own
    return beliefs or own


def _line(own: Path, base: Path, desk: Desk) -> list[Path]:
    """Return a scenario, what it extends in turn, and base; itself alone where it has faults."""
    try:
        extended = desk.priors(own).files[::-1]
    except UncertainScaleError:
        return [own]
    line = {path.resolve(): path for path in (own, *extended[1:], base)}
    return list(line.values())
