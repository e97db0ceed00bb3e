"""Pivots that the attributes of an answer tell of: which inputs can be integrated out of an output.

`sampling.pivots` writes the attributes; whoever summarises draws has them with the draws alone.
"""

from __future__ import annotations

import json
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from uncertain_scale.inputs.distributions import Mixture, parse_distribution
from uncertain_scale.sampling.pivots import FACTOR, INPUTS, LAW, PIVOTS, TIED
from uncertain_scale.sampling.rare_values import rare_masses
from uncertain_scale.statistics.integrated import Part, Pivot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.statistics.integrated import Facts

_NO_POWER = 1e-9  # what rounding leaves where powers cancel
_RARE = 0.01  # of values that may be in none of the draws
_WIDEST = 4.0  # times what is smooth beside it that such a law may reach


def pivot_inputs(facts: Facts) -> set[str]:
    """Return the inputs that an output's attributes say it rests on."""
    return set(_listed(facts, INPUTS))


def pivots_of(facts: Facts, inputs: Mapping[str, Facts]) -> list[Pivot]:
    """Return the pivots that an output's attributes tell of.

    Parameters
    ----------
    facts
        The attributes that `sample` gives the output.
    inputs
        Those of inputs by name.

    Returns
    -------
    list of Pivot
        Of inputs that are independent of all else that the output rests on. First all that can be
        integrated out together; then each that serves alone, powers before lines, and of each
        first those that move the output farthest.
    """
    rests_on = pivot_inputs(facts)
    parts = []
    for name, form, exponent in _listed(facts, PIVOTS):
        known = inputs.get(name, {})
        if LAW in known:
            ties = json.loads(known.get(TIED, "{}"))
            kept = tuple((one, rho) for one, rho in ties.items() if one in rests_on)
            power, factor = form == "power", float(known[FACTOR])
            parts.append(_part(name, str(known[LAW]), factor, power, float(exponent), kept))
    parts = [part for part in parts if 0 < part.width < np.inf]
    parts.sort(key=lambda part: (not part.power, -part.width))
    alone = [_alone(part) for part in parts if part.law.continuous and not part.ties]
    forms = ([part for part in parts if part.power is power] for power in (True, False))
    wholes = (_whole(tuple(_untied(some))) for some in forms)
    return [*filter(None, wholes), *alone]


def leaves(pivot: Pivot, facts: Facts, inputs: Mapping[str, Facts]) -> set[str]:
    """Return the inputs that vary and that are left of an output without a pivot.

    Parameters
    ----------
    pivot
        One of `pivots_of`.
    facts, inputs
        As in `pivots_of`.
    """
    names = pivot_inputs(facts) - {part.name for part in pivot.parts}
    return {name for name in names if inputs.get(name, {}).get("varies", True)}


def hides_nothing(pivot: Pivot, facts: Facts, inputs: Mapping[str, Facts]) -> bool:
    """Tell whether nothing in what is left can have escaped all draws.

    It is a product of powers, or a sum, of inputs none of which has rare values.

    Parameters
    ----------
    pivot, facts, inputs
        As in `leaves`.
    """
    form = "power" if pivot.power else "line"
    known = {name for name, kind, _ in _listed(facts, PIVOTS) if kind == form}
    left = leaves(pivot, facts, inputs)
    laws = [inputs.get(name, {}).get(LAW) for name in left]
    return left <= known and not any(law is None or _has_rare(str(law)) for law in laws)


@lru_cache(maxsize=256)
def _has_rare(law: str) -> bool:
    """Tell whether some values, or a component, come so rarely that draws may have none."""
    masses = parse_distribution(law)[0].masses()
    return any(together < _RARE for together, _ in rare_masses(masses))


def _untied(parts: Sequence[Part]) -> list[Part]:
    """Return the parts that are tied to none but normal ones that are left, too."""
    kept = list(parts)
    while True:
        normal = {part.name for part in kept if part.normal is not None}
        fit = [
            part
            for part in kept
            if not part.ties
            or (
                part.name in normal
                and all(one in normal and rho is not None for one, rho in part.ties)
            )
        ]
        if len(fit) == len(kept):
            return kept
        kept = fit


@lru_cache(maxsize=256)
def _alone(part: Part) -> Pivot:
    """Return one input as a pivot; what is tabled of it serves every output that has it."""
    return Pivot((part,))


@lru_cache(maxsize=256)
def _whole(parts: tuple[Part, ...]) -> Pivot | None:
    """Return all that can be integrated out together; None where that is no more than one."""
    continuous = [part for part in parts if part.law.continuous]
    if not continuous:
        return None
    base = tuple(part for part in parts if part.normal is not None)
    width = Pivot(base).spread if base else 0.0
    if base and not width > 0:  # what is tied so that it cancels
        return None
    loose = [part for part in continuous if not part.ties]
    if loose and loose[0].width > _WIDEST * width and not any(part.ties for part in base):
        base, width = (loose[0],), loose[0].width
    others = []
    for part in parts:
        discrete = not part.law.continuous and not isinstance(part.law, Mixture)
        if part not in base and (discrete or len(base) > 1 or base[0].normal is not None):
            nodes = part.nodes(width)
            if nodes is not None:
                others.append((part, nodes))
    return Pivot(base, tuple(others)) if others or len(base) > 1 else None


def joined_pivots(
    over: Facts,
    under: Facts,
    form: Literal["power", "line"],
    *,
    over_names: Mapping[str, str] = MappingProxyType({}),
    under_names: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the attributes of the ratio of two outputs, or of their difference.

    Parameters
    ----------
    over, under
        The attributes that `sample` gives the outputs.
    form
        "power" for a ratio, "line" for a difference.
    over_names, under_names
        Other names of inputs of either that are not shared.
    """
    known = _joined(((over, over_names), (under, under_names)), form)
    kept = [(name, form, power) for name, power in known.items() if abs(power) > _NO_POWER]
    behind = {
        names.get(name, name)
        for facts, names in ((over, over_names), (under, under_names))
        for name in _listed(facts, INPUTS)
    }
    return {PIVOTS: json.dumps(kept), INPUTS: json.dumps(sorted(behind))}


def cancelled_inputs(
    over: Facts, under: Facts, form: Literal["power", "line"], over_names: Mapping[str, str]
) -> set[str]:
    """Return the inputs of which the ratio or the difference of two outputs is free.

    Parameters
    ----------
    over, under, form, over_names
        As in `joined_pivots`.
    """
    known = _joined(((over, over_names), (under, {})), form)
    return {name for name, power in known.items() if abs(power) <= _NO_POWER}


def _joined(
    sides: tuple[tuple[Facts, Mapping[str, str]], tuple[Facts, Mapping[str, str]]],
    form: Literal["power", "line"],
) -> dict[str, float]:
    """Return the powers or slopes of inputs in a ratio or a difference, where both are known."""
    exponents, rests_on = [], []
    for facts, names in sides:
        pivots = _listed(facts, PIVOTS)
        exponents.append({names.get(n, n): d for n, kind, d in pivots if kind == form})
        rests_on.append({names.get(name, name) for name in _listed(facts, INPUTS)})
    above, below = exponents
    return {
        name: above.get(name, 0.0) - below.get(name, 0.0)
        for name in {**above, **below}
        if all(name in one or name not in on for one, on in zip(exponents, rests_on, strict=True))
    }


def _listed(facts: Facts, attribute: str) -> list[Any]:
    found: list[Any] = json.loads(facts.get(attribute, "[]"))
    return found


@lru_cache(maxsize=256)
def _part(  # noqa: PLR0913, PLR0917 (a part's own)
    name: str,
    law: str,
    factor: float,
    power: bool,  # noqa: FBT001
    exponent: float,
    ties: tuple[tuple[str, float | None], ...] = (),
) -> Part:
    """Return a part; what is computed of one that several outputs or points share is so once."""
    return Part(name, parse_distribution(law)[0], factor, power, exponent, ties)
