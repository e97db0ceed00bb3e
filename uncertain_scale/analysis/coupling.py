"""How two scenarios depend on one another: input by input, and why.

Two beliefs about one fact are read at the same quantile: what differs is then what the assumption
does. Beliefs about two facts (utilisation on one chip and on another) are not: read at the same
quantile, their ratio would look far surer than it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from uncertain_scale.errors import QuestionError, nearest
from uncertain_scale.inputs.document import COUPLINGS, read_coupling
from uncertain_scale.sampling.dependence import Coupled
from uncertain_scale.units import SpellingError, check_spelling

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from uncertain_scale.inputs import Prior, Priors
    from uncertain_scale.model import Plan

STATED, SHARED, INDEPENDENT = "stated", "shared", "independent"
Couple: TypeAlias = "str | float | Mapping[str, str | float] | Sequence[str]"
"""How inputs depend on one another, as people state it: see `as_ranks`."""
_CHIP = "peak_flops"  # what tells one chip from another
_ALL = ""


@dataclass(frozen=True)
class Coupling:
    """How an input of one scenario depends on the same input of another.

    Parameters
    ----------
    inputs
        The input, or those of a joint sample.
    rank
        Rank correlation: 1 where both are one belief, 0 where they are independent. Of an input
        that is correlated with others it is that of the residuals, given these.
    reason
        Who says so: a file, the option, or the rule that applies without a statement.
    asked
        Whether an answer depends on it; others count where they are correlated with such inputs.
    fixed
        Whether nothing else is possible.
    given
        Inputs that it is correlated with in one of the scenarios, directly or by way of others, and
        that are coupled more closely: those that are alike in both, and those of a larger rank.
    """

    inputs: tuple[str, ...]
    rank: float
    reason: str
    asked: bool = True
    fixed: bool = False
    given: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`shared`, `independent`, or `correlated`."""
        return {1.0: SHARED, 0.0: INDEPENDENT}.get(self.rank, "correlated")


def changed_inputs(plan: Plan, base: Priors, other: Priors) -> dict[str, tuple[Prior, Prior]]:
    """Return the inputs that the outputs depend on and that the two believe differently.

    Equal distributions of two different facts count, too: where a coupling is stated and the
    sources differ.
    """
    names = plan.known("prior", "fallback")
    pairs = {name: (base.inputs[name], other.inputs[name]) for name in names}
    return {name: (a, b) for name, (a, b) in pairs.items() if not _same(a, b)}


def changed_correlations(plan: Plan, base: Priors, other: Priors) -> list[tuple[str, str]]:
    """Return the pairs of inputs that the outputs depend on and that the two tie differently."""
    known = set(plan.known("prior", "fallback"))
    ranks: list[dict[tuple[str, str], float]] = [
        {(min(tie.inputs), max(tie.inputs)): tie.rank for tie in one.correlations}
        for one in (base, other)
    ]
    pairs = [pair for pair in dict.fromkeys([*ranks[0], *ranks[1]]) if known.issuperset(pair)]
    return [pair for pair in pairs if ranks[0].get(pair, 0.0) != ranks[1].get(pair, 0.0)]


def refuse_idle_couplings(
    stated: Mapping[str, float], found: Sequence[Mapping[str, Coupling]]
) -> None:
    """Refuse couplings that are asked for of inputs that have none in any comparison.

    Raises
    ------
    QuestionError
        An input is believed alike in all scenarios, or is constant in one of two.
    """
    coupled = {name for ties in found for one in ties.values() for name in one.inputs}
    for name in stated:
        if name != _ALL and name not in coupled:
            raise QuestionError(
                f"couple: '{name}' has nothing to couple: the scenarios believe it alike, or one "
                "of them holds it constant; drop it"
            )


def couplings(
    plan: Plan, base: Priors, other: Priors, stated: Mapping[str, float] | None = None
) -> dict[str, Coupling]:
    """Return how the inputs that differ between two scenarios depend on one another.

    Parameters
    ----------
    plan
        How a question is answered.
    base, other
        The two, in either order: the result is the same.
    stated
        Rank correlation by input that overrides the files', as `as_ranks` returns it.

    Returns
    -------
    dict
        By coordinate, which is an input or a joint sample's name. Inputs that are constant in one
        of the two have nothing to share and are left out.

    Raises
    ------
    QuestionError
        `stated` names an input that is no input of the two.

    Notes
    -----
    What the command line says counts first, then what a prior file states for the input
    (`coupling`); where both files state one, the weaker. Without a statement an input is

    1. independent where the two scenarios are of different chips: their `peak_flops` differ;
    2. shared where both beliefs are of one kind and name the same source;
    3. independent otherwise.
    """
    stated = stated or {}
    for name in stated:
        if name not in {_ALL, *base.inputs, *other.inputs}:
            raise QuestionError(
                f"couple: '{name[:60]}' is not an input; {nearest(name, base.inputs)}"
            )
    chips = _CHIP in base.inputs and not _same(*(one.inputs[_CHIP] for one in (base, other)))
    found: dict[str, Coupling] = {}
    known = plan.known("prior", "fallback")
    overridden = plan.reached.keys() - set(known)
    for name, a in base.inputs.items():
        b = other.inputs.get(name)
        if b is None or name in overridden or _same(a, b) or not (a.varies and b.varies):
            continue
        asked = name in known
        if a.joint != b.joint:
            reason = "drawn by rows with others in one of the two alone"
            found[name] = Coupling((name,), 0.0, reason, asked=asked, fixed=True)
            continue
        coordinate = a.joint or name
        before = found.get(coordinate)
        inputs = (*before.inputs, name) if before else (name,)
        option = next((stated[one] for one in (*inputs, _ALL) if one in stated), None)
        if option is not None:
            rank, reason = option, "as asked for"
        else:
            rank, reason = _by_files((base.name, a), (other.name, b), chips=chips)
        asked = asked or (before is not None and before.asked)
        found[coordinate] = Coupling(inputs, rank, reason, asked=asked)
    return {
        name: replace(one, given=_given(name, found, base, other, overridden))
        for name, one in found.items()
    }


def _given(
    name: str, found: Mapping[str, Coupling], base: Priors, other: Priors, unused: Collection[str]
) -> tuple[str, ...]:
    """Return the correlated inputs that are coupled more closely than one of them."""
    pairs = [set(tie.inputs) for one in (base, other) for tie in one.ties]
    pairs = [pair for pair in pairs if pair.isdisjoint(unused)]
    cluster = {name}
    while grown := {one for pair in pairs if pair & cluster for one in pair} - cluster:
        cluster |= grown
    ranks = {one: abs(found[one].rank) if one in found else 1.0 for one in cluster}
    return tuple(
        one
        for one, prior in base.inputs.items()
        if one in cluster and prior.varies and ranks[one] > ranks[name]
    )


def coupled(
    plan: Plan, base: Priors, other: Priors, ranks: Mapping[str, float], *, which: int = 0
) -> Coupled | None:
    """Return what the draws of `other` need so as to depend on those of `base` by these ranks.

    Parameters
    ----------
    plan
        How `other` answers.
    base, other
        The scenarios.
    ranks
        Rank correlation by coordinate; None is returned where all are 1.
    which
        Number of `other` among several that are held against one base: their own draws differ.
    """
    if all(rank == 1 for rank in ranks.values()):
        return None
    first = max(len(base.coordinates), len(other.coordinates)) * (which + 1)
    unused = {*plan.reached} - {*plan.known("prior", "fallback")}
    return Coupled(dict(ranks), first, frozenset(unused), str(which or ""))


def readings(found: Mapping[str, Coupling]) -> dict[str, dict[str, float]]:
    """Return the rank correlations of each way to read two scenarios together.

    Returns
    -------
    dict
        By the way's name, by coordinate: first what `couplings` found, "stated"; then the extremes
        that are not the same, "shared" and "independent".
    """
    asked = {name: one.rank for name, one in found.items() if one.asked}
    ways = {STATED: {name: one.rank for name, one in found.items()}}
    for kind, rank in ((SHARED, 1.0), (INDEPENDENT, 0.0)):
        extreme = {name: 0.0 if one.fixed else rank for name, one in found.items()}
        if any(extreme[name] != stated for name, stated in asked.items()):
            ways[kind] = extreme
    return ways


def as_ranks(stated: Couple) -> dict[str, float]:
    """Read how inputs are coupled, as people state it.

    Parameters
    ----------
    stated
        `shared`, `independent` or a rank correlation for every input that differs; or one of them
        by input; or texts such as `mfu=independent`.

    Raises
    ------
    QuestionError
        It is none of these, or names an input twice.

    Examples
    --------
    >>> as_ranks({"mfu": "independent", "hourly_rate": 0.5})
    {'mfu': 0.0, 'hourly_rate': 0.5}
    >>> as_ranks(["shared", "mfu=0.5"])
    {'': 1.0, 'mfu': 0.5}
    """
    if isinstance(stated, str | int | float):
        pairs: Iterable[tuple[str, str | float]] = [(_ALL, stated)]
    elif isinstance(stated, Mapping):
        pairs = stated.items()
    else:
        split = [text.rpartition("=") for text in stated]
        pairs = [(name.strip(), value.strip()) for name, _, value in split]
        if any(sign and not name.strip() for name, sign, _ in split):
            raise QuestionError(f"couple names no input before '='; {COUPLINGS}, or as INPUT=…")
    ranks: dict[str, float] = {}
    for name, value in pairs:
        rank = _rank(name, value)
        if ranks.setdefault(name, rank) != rank:
            raise QuestionError(f"couple names {name or 'all inputs'} twice; keep one")
    return ranks


def _rank(name: str, value: str | float) -> float:
    said = value
    shown = f"couple '{f'{name}={value}'.removeprefix('=')[:80]}'"
    if isinstance(value, str) and value not in {SHARED, INDEPENDENT}:
        try:
            check_spelling(value)
            said = float(value)
        except SpellingError as error:
            raise QuestionError(f"{shown}: {error}") from None
        except ValueError:
            said = value
    try:
        rank = read_coupling(said)
    except ValueError:
        rank = None
    if rank is None:
        raise QuestionError(f"{shown}: {COUPLINGS}, for all inputs that differ or as INPUT=…")
    return rank


def _by_files(*sides: tuple[str, Prior], chips: bool) -> tuple[float, str]:
    """Return the rank correlation of two beliefs by what their files say, and who says so."""
    said = [
        (prior.coupling, prior.provenance.coupling_note or f"stated by {scenario}")
        for scenario, prior in sides
        if prior.coupling is not None
    ]
    if said:
        return min(said, key=lambda one: abs(one[0]))
    if chips:
        return 0.0, "the scenarios are of different chips"
    a, b = (prior for _, prior in sides)
    alike = a.distribution.kind == b.distribution.kind
    if alike and a.provenance.source and a.provenance.source == b.provenance.source:
        return 1.0, "both beliefs are of one kind and from the same source"
    return 0.0, "the beliefs name different sources, or none"


def _same(a: Prior, b: Prior) -> bool:
    if (a.distribution, a.factor, a.joint) != (b.distribution, b.factor, b.joint):
        return False
    stated = a.coupling is not None or b.coupling is not None
    return not stated or (a.provenance.source, a.coupling) == (b.provenance.source, b.coupling)
