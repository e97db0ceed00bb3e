"""Claims held against draws: does each follow from its own inputs, and where does it fall in ours.

Every claim is a question to the same engine: once under the document's own inputs, once more for
each further reading of them, and once for each scenario that it is judged under (`judges_of`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.analysis.coupling import INDEPENDENT, SHARED, STATED
from uncertain_scale.analysis.questions import Asked, QuestionCache, Whole
from uncertain_scale.analysis.verdict import (
    Found,
    Judge,
    RankVerdict,
    assumed_facts,
    find,
    judges_of,
    stand,
)
from uncertain_scale.errors import DataError, UncertainScaleError, several
from uncertain_scale.inputs.assertion import Assertion
from uncertain_scale.inputs.catalog import find_prior_file, scenario_labels, trend_units
from uncertain_scale.inputs.files import input_names
from uncertain_scale.statistics.summary import read_probs
from uncertain_scale.units.dates import DATE, DATES
from uncertain_scale.units.domain import domain_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from uncertain_scale.inputs import Prior, Priors
    from uncertain_scale.inputs.assertion import Claim, Claims, Reading
    from uncertain_scale.model import Model
    from uncertain_scale.model.model import OwnEquations
    from uncertain_scale.sampling import Design

__all__ = ["Checked", "CheckedClaims", "Judged", "Own", "check_claims", "model_for"]

_SCENARIOS = 'scenarios, such as ["base"]'
_PROBS = (0.5, 0.9, 0.95)


@dataclass(frozen=True)
class Own:
    """What the document's own inputs give, as one reading takes them.

    Parameters
    ----------
    reading
        In words.
    found
        In the variable's units; a ratio is a number.
    follows
        Whether their median is what is asserted; None where nothing is.
    excess
        Median over what is asserted, less 1; nan where one of them is not positive.
    """

    reading: str
    found: Found
    follows: bool | None
    excess: float


@dataclass(frozen=True)
class Judged:
    """Where a claim falls in the draws of one scenario, or of the ratio of two.

    A ratio is judged with its two sides coupled as in a comparison of scenarios; then with all that
    they believe differently shared, and with all of it independent, where that is not the same.

    Parameters
    ----------
    scenario
        Its name, or those of a ratio's two sides.
    standing
        Where the claim falls.
    judge
        The scenario; None of a ratio, which has two.
    """

    scenario: str
    standing: RankVerdict
    judge: Judge | None = None


@dataclass(frozen=True)
class Checked:
    """One claim, held against its own inputs and against scenarios.

    Parameters
    ----------
    claim, units
        The claim, and the units of all its numbers.
    asserted
        What is asserted; of an implied claim, what its own inputs give.
    own, others
        What its own inputs give, None where the document states none, and under other readings.
    judged
        A scenario each.
    """

    claim: Claim
    units: str
    asserted: Assertion
    own: Own | None
    others: tuple[Own, ...]
    judged: tuple[Judged, ...]


@dataclass(frozen=True)
class CheckedClaims:
    """All claims of a document.

    Parameters
    ----------
    checked
        Those that could be judged, in the order of the file.
    faults
        Why the others could not, a line each, those that the file was read with first.
    warnings
        What is doubtful about the peak and utilisation of the scenarios, and what a document
        assumes of facts that its own scenario holds for certain.
    priors
        What each scenario that was read came to, by its file.
    judged_by
        The scenario that each claim is judged under first, by its name; not of ratios.
    in_use
        The priors that judge the claims, by input, of each scenario.
    """

    checked: tuple[Checked, ...]
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    priors: Mapping[Path, Priors]
    judged_by: Mapping[str, Path]
    in_use: tuple[Mapping[str, Prior], ...] = ()


@dataclass(frozen=True)
class _Case:
    """A claim with all that is drawn for it."""

    claim: Claim
    own: Asked | None
    others: tuple[Asked, ...]
    judged: tuple[Asked, ...]
    judges: tuple[Judge, ...] = ()

    def asked(self) -> Iterator[tuple[Asked, bool]]:
        """Yield everything drawn, and whether it judges the claim."""
        yield from ((one, False) for one in (self.own, *self.others) if one is not None)
        yield from ((one, True) for one in self.judged)


def model_for(own: OwnEquations, claims: Claims, scenarios: Sequence[str] = ()) -> Model:
    """Return the model of a user's equations that claims are about.

    Parameters
    ----------
    own
        The equations.
    claims
        Read with `own.variables`.
    scenarios
        As in `check_claims`.

    Raises
    ------
    ModelError
        Units do not agree or do not work out.
    PriorError
        A scenario that there is not.
    """
    scenarios = several("scenarios", scenarios, (str, Path), _SCENARIOS)
    known: set[str] = set()
    asked: dict[str, None] = {}
    files: dict[Path, None] = dict.fromkeys(map(find_prior_file, scenarios))
    for claim in claims.claims:
        asked |= dict.fromkeys((claim.variable, *claim.free))
        known |= claim.given.keys()
        files |= dict.fromkeys(filter(None, (claim.scenario, claim.against)))
        for reading in (claim.reading, claim.against_reading, *claim.others):
            if reading is not None:
                known |= reading.given.keys() | reading.assuming.keys()
                files[reading.scenario] = None
    filed = {name for path in files if own.equations for name in input_names(path)}
    return own.model(sorted(known), tuple(asked), sorted(filed))


def check_claims(  # noqa: PLR0913 (what is checked, and how)
    model: Model,
    claims: Claims,
    design: Design,
    *,
    scenarios: Sequence[str | Path] = (),
    probs: Sequence[float] = _PROBS,
    progress: Callable[[int], object] | None = None,
) -> CheckedClaims:
    """Hold the claims of a document against its own inputs and against scenarios.

    Parameters
    ----------
    model
        The equations.
    claims
        As `load_claims` returns them.
    design
        How draws are made.
    scenarios
        Scenarios to judge all claims under but those on ratios, which name theirs; besides the
        one that a claim or its document names, as `judges_of` has it.
    probs
        Probabilities of the intervals that an assertion is held against.
    progress
        Told how many claims are finished.

    Raises
    ------
    QuestionError
        A probability that is not between 0 and 1.
    PriorError
        A scenario that there is not, or that has faults.

    Examples
    --------
    >>> from uncertain_scale.inputs.claim_files import load_claims
    >>> from uncertain_scale.model import default_model
    >>> from uncertain_scale.sampling import Design
    >>> model = default_model()
    >>> claims = load_claims("post-2024-07", model.variables)
    >>> found = check_claims(model, claims, Design(draws=64, chains=4))
    >>> bf16 = next(one for one in found.checked if one.claim.name == "flop-bf16")
    >>> bf16.own.follows, f"{bf16.own.found.median:.3g}"
    (False, '1.04e+26')
    """
    probs = read_probs(probs)
    scenarios = several("scenarios", scenarios, (str, Path), _SCENARIOS)
    desk = QuestionCache(model, design)
    chosen = [find_prior_file(scenario) for scenario in scenarios]
    for path in chosen:
        desk.priors(path)
    faults = list(claims.faults)
    cases = []
    laid_out = [_case(claim, chosen, desk) for claim in claims.claims]
    for case in laid_out:
        if found := _refusals(case, desk):
            faults += found
            continue
        cases.append(case)
        for asked, warn in case.asked():
            desk.want(asked, case.claim.variable, warn=warn)
    assumed = [assumed_facts(one.claim, judge, desk) for one in cases for judge in one.judges]
    checked = []
    for number, case in enumerate(cases):
        if progress is not None:
            progress(len(claims.claims) - len(cases) + number)
        try:
            checked.append(_check(case, desk, probs))
        except _ImpossibleError as error:
            faults.append(case.claim.fault("value", str(error)))
        except DataError as error:
            faults.append(case.claim.fault("given", f"cannot be judged: {error}"))
    return CheckedClaims(
        checked=tuple(checked),
        faults=tuple(faults),
        warnings=tuple(dict.fromkeys([*desk.warnings, *filter(None, assumed)])),
        priors=desk.stated(),
        judged_by={case.claim.name: case.judges[0].scenario for case in laid_out if case.judges},
        in_use=tuple(desk.in_use.values()),
    )


class _ImpossibleError(UncertainScaleError):
    """A figure that its variable cannot take."""


def _case(claim: Claim, chosen: Sequence[Path], desk: QuestionCache) -> _Case:
    """Lay out what is drawn for a claim."""
    same = claim.reading == claim.against_reading  # over itself a reading gives 1 for any claim
    own = _own(claim, claim.reading) if claim.reading and not same else None
    others = tuple(_own(claim, reading) for reading in claim.others)
    given = tuple(claim.given.items())
    if claim.against is not None and claim.scenario is not None:
        over, under = (
            Whole(path, given=given, free=claim.free) for path in (claim.scenario, claim.against)
        )
        label = " / ".join(scenario_labels([claim.scenario, claim.against]))
        ways = (Asked(label, over, under, reading) for reading in (STATED, SHARED, INDEPENDENT))
        return _Case(claim, own, others, tuple(ways))
    judging = judges_of(claim, chosen, desk)
    judged = (Asked(one.name, Whole(one.scenario, given=given, free=claim.free)) for one in judging)
    return _Case(claim, own, others, tuple(judged), judging)


def _own(claim: Claim, reading: Reading) -> Asked:
    """Return the question to the document's own inputs."""

    def under(one: Reading) -> Whole:
        given = {**claim.given, **one.given}
        return Whole(
            one.scenario, tuple(one.assuming.items()), tuple(given.items()), tuple(claim.free)
        )

    against = claim.against_reading
    if against is None:
        return Asked(reading.title, under(reading))
    lower = against.title if against.name else "its inputs as stated"
    return Asked(f"{reading.title}, over {lower}", under(reading), under(against))


def _refusals(case: _Case, desk: QuestionCache) -> list[str]:
    """Return why a claim cannot be asked: a line each, none where all is well."""
    told: dict[str, str] = {}
    for asked, judges in case.asked():
        try:
            desk.check(asked, case.claim.variable, judges=judges)
        except UncertainScaleError as error:
            told.setdefault(" ".join(str(error).split()), asked.over.scenario.stem)
    return [case.claim.fault("given", f"under {name}: {text}") for text, name in told.items()]


def _check(case: _Case, desk: QuestionCache, probs: Sequence[float]) -> Checked:
    claim, variable = case.claim, case.claim.variable
    found = find(desk.draws(case.own, variable), probs) if case.own else None
    asserted = claim.asserted or _implied(found)
    known = {**trend_units(), **desk.model.variables, DATE: DATES}
    units = "1" if claim.against else known[variable]
    domain = domain_of(units)
    if domain is not None and not domain.touches(asserted.low, asserted.high):
        must = f"{variable} must be {domain.words(units)}"
        raise _ImpossibleError(f"{asserted.text} is not possible: {must}")
    judges = {judge.name: judge for judge in case.judges}
    judged: list[Judged] = []
    for one in case.judged:
        manner = desk.manner(one, variable) if one.under else ""
        if manner is None:
            continue
        draws = desk.draws(one, variable)
        if asserted.high <= 0 < draws.pooled[0]:  # of a ratio, or where no domain is declared
            raise _ImpossibleError(
                f"{asserted.text} is not possible: {variable} is above 0 in every draw"
            )
        label = f"{one.label}, {manner}" if manner else one.label
        judged.append(Judged(label, stand(asserted, draws, probs), judges.get(one.label)))
    return Checked(
        claim=claim,
        units=units,
        asserted=asserted,
        own=_held(case.own.label, found, claim.asserted) if case.own and found else None,
        others=tuple(
            _held(one.label, find(desk.draws(one, variable), probs), claim.asserted)
            for one in case.others
        ),
        judged=tuple(judged),
    )


def _implied(found: Found | None) -> Assertion:
    """Take what the document's inputs give for asserted, where it asserts nothing."""
    if found is None:  # the reader lets nothing be implied by no inputs
        raise DataError("nothing is asserted, and nothing implied")
    return Assertion("figure", found.median, found.median, found.median, "")


def _held(reading: str, found: Found, asserted: Assertion | None) -> Own:
    """Hold what a reading of the document's inputs gives against what it asserts."""
    if asserted is None:
        return Own(reading, found, None, float("nan"))
    nearest = asserted.nearest_to(found.median)
    ratio = found.median / nearest if nearest > 0 and found.median > 0 else float("nan")
    return Own(reading, found, asserted.covers(found.median), ratio - 1)
