"""Sobol' indices of first, total and second order for independent groups of inputs.

Inputs that are correlated, or drawn by whole rows, fall into one group. A user may merge groups,
never tear what hangs together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import ratio
from uncertain_scale.analysis.sensitivity.methods import Findings
from uncertain_scale.analysis.sensitivity.separable import Nearly
from uncertain_scale.analysis.sensitivity.study import bits
from uncertain_scale.errors import QuestionError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.sensitivity.estimates import Chains
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

_ALL_SUBSETS = 4  # groups of an output, up to which all subsets are run
_LEAST = 1e-14  # of the variance: less is rounding


def parse_groups(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Read groups as people type them.

    Parameters
    ----------
    texts
        Such as `price=gpu_price,hourly_rate`.

    Raises
    ------
    QuestionError
        A text of another form, or two groups of one name.

    Examples
    --------
    >>> parse_groups(["price=gpu_price,hourly_rate"])
    {'price': ('gpu_price', 'hourly_rate')}
    """
    groups: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        members = tuple(part.strip() for part in rest.split(","))
        if not equals or not name.strip() or not all(members):
            raise QuestionError(f"group '{text[:60]}' is not of the form name=input,input,…")
        if name.strip() in groups:
            raise QuestionError(f"group '{name.strip()}' is named twice; give each its own name")
        groups[name.strip()] = members
    return groups


def group_sets(study: Study, groups: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return users' groups as sets of players, by name.

    Raises
    ------
    QuestionError
        A member that is no input of this question or is constant, groups that overlap, a group that
        takes an input's name, or one that tears dependent inputs apart.
    """
    sets: dict[str, int] = {}
    for name, members in groups.items():
        players = 0
        for member in members:
            players |= 1 << _player(study, name, member)
        for other, taken in sets.items():
            if both := bits(taken & players):
                raise QuestionError(
                    f"groups '{other}' and '{name}' overlap in {study.names[both[0]]}; "
                    "put it into one of them"
                )
        if name in study.names and study.names.index(name) not in bits(players):
            raise QuestionError(f"group '{name}' has the name of an input; choose another")
        sets[name] = players
    _refuse_torn(study, sets)
    return sets


def known_sets(
    study: Study, groups: Mapping[str, Sequence[str]], names: Iterable[str]
) -> dict[str, int]:
    """Return users' groups as sets of players that would be known together, by name.

    Parameters
    ----------
    study
        What is analysed.
    groups
        Members by name; those that the study's outputs do not rest on add nothing.
    names
        All that may be a member.

    Raises
    ------
    QuestionError
        A member that is no input, or a group that takes an input's name.
    """
    sets = {}
    for name, members in groups.items():
        sets[name] = 0
        for member in members:
            if member in study.player_of or member in study.names:
                sets[name] |= 1 << _player(study, name, member)
            elif member not in names:
                raise QuestionError(
                    f"group '{name}' holds '{member[:60]}', which is no input; "
                    f"{nearest(member, names)}"
                )
        if name in study.names:
            raise QuestionError(f"group '{name}' has the name of an input; choose another")
    return sets


def partition(study: Study, output: str, merged: Mapping[str, int]) -> dict[str, int]:
    """Return the independent groups of the players that move an output, by name.

    Parameters
    ----------
    study
        What is analysed.
    output
        Name of the output.
    merged
        Users' groups, as `group_sets` returns them.
    """
    drivers = study.drivers[output]
    found = {name: players & drivers for name, players in merged.items() if players & drivers}
    rest = drivers
    for players in found.values():
        rest &= ~players
    for component in study.components(rest):
        found["+".join(study.names[k] for k in bits(component))] = component
    return found


def _player(study: Study, group: str, member: str) -> int:
    if member in study.player_of:
        return study.player_of[member]
    if member in study.names:
        return study.names.index(member)
    if member in study.sampler.names:
        raise QuestionError(f"group '{group}' holds '{member}', which is constant; drop it")
    raise QuestionError(
        f"group '{group}' holds '{member[:60]}', which is no input of this question; "
        f"{nearest(member, {*study.names, *study.player_of})}"
    )


def _refuse_torn(study: Study, sets: Mapping[str, int]) -> None:
    for name, players in sets.items():
        for output in study.outputs:
            for component in study.components(study.drivers[output]):
                if component & players and component & ~players:
                    inside, outside = (
                        ", ".join(study.names[k] for k in bits(part))
                        for part in (component & players, component & ~players)
                    )
                    raise QuestionError(
                        f"group '{name}' tears {inside} from {outside}, which {output} rests on "
                        f"too and which hang together; add {outside} to the group"
                    )


@dataclass(frozen=True)
class Sobol:
    """Sobol' indices: from the structure of an output, or from two samples and their hybrids.

    Parameters
    ----------
    study
        What is analysed.
    groups
        Members by name of groups to be merged.
    second_order
        Whether pairs of groups are looked at too.

    Notes
    -----
    Of an output that is a product or a sum over its independent components (`separable`), indices
    follow from two moments of each factor or term. For any other, columns are exchanged between two
    samples A and B; where it nearly is a product or a sum, only for the rest.

    With f_A, f_B the output on the two samples, f_AB on A with the group's columns from B and f_BA
    on B with them from A, the variance that the group explains by itself is
    E[(f_B - f_BA)(f_AB - f_A)] / 2, its total is E[(f_A - f_AB)^2 + (f_B - f_BA)^2] / 4, and the
    variance is E[(f_A - f_B)^2 + (f_AB - f_BA)^2] / 4. No mean is subtracted, and the noise of an
    index shrinks with the index: for 2 d + 2 runs instead of d + 2, a half to a quarter of the
    error. Where an output has few groups, the other groups' columns are exchanged in all ways too,
    and all 2^d runs are averaged over. A run costs only what lies downstream of the group. A pair's
    index is what both explain together less what each does alone.

    References
    ----------
    Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018. Jansen (1999),
    doi:10.1016/S0010-4655(98)00154-4. Owen (2013), Better estimation of small Sobol' sensitivity
    indices, doi:10.1145/2457459.2457460. Azzini, Mara and Rosati (2021),
    doi:10.1016/j.envsoft.2021.105167. Janon et al. (2014), doi:10.1051/ps/2013040.
    """

    study: Study
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    second_order: bool = False
    partitions: dict[str, dict[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        merged = group_sets(self.study, self.groups)
        parts = {name: partition(self.study, name, merged) for name in self.study.outputs}
        object.__setattr__(self, "partitions", parts)

    @cached_property
    def names(self) -> list[str]:
        """Names of the groups of all outputs, users' groups first, then as their inputs stand."""
        sets = self._sets
        own = [name for name in self.groups if name in sets]
        return own + sorted(
            (name for name in sets if name not in self.groups),
            key=lambda name: (min(bits(sets[name])), len(bits(sets[name]))),
        )

    @property
    def _sets(self) -> dict[str, int]:
        return {k: players for part in self.partitions.values() for k, players in part.items()}

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return variances: closed, total and whole by output, group (pair of groups) and scale."""
        names, scales = self.names, self.study.scales
        shape = (len(chains.numbers), 3, len(self.study.outputs), len(names))
        single = np.zeros((*shape, len(scales)))
        pairs = np.zeros((*shape, len(names) if self.second_order else 0, len(scales)))
        for o, output in enumerate(self.study.outputs):
            # In an order that does not hang on who is named how: equal sets, equal last bits.
            part = dict(sorted(self.partitions[output].items(), key=lambda one: one[1]))
            own = [names.index(name) for name in part]
            for s, scale in enumerate(scales):
                varies = chains.variance(output, scale) != 0
                if not varies.any():
                    continue
                found = self._variances(chains, output, scale, list(part.values()))
                found = np.where(varies[:, None, None], _settled(found), 0.0)
                single[:, :, o, own, s] = found[:, : len(part)].swapaxes(1, 2)
                for k, (i, j) in enumerate(combinations(own, 2) if self.second_order else ()):
                    both = found[:, len(part) + k]
                    both[:, 0] -= single[:, 0, o, i, s] + single[:, 0, o, j, s]
                    pairs[:, :, o, i, j, s] = pairs[:, :, o, j, i, s] = _settled(both)
        return {"single": single, "pairs": pairs}

    def _variances(
        self, chains: Chains, output: str, scale: Scale, groups: Sequence[int]
    ) -> FloatArray:
        subsets, weights = _contrasts(len(groups), pairs=self.second_order)
        kept = [_union(groups, subset) for subset in subsets]
        found = chains.split(output, scale)
        if found is None:
            runs = [chains.by_chain(chains.hybrids.on(scale, output, one)) for one in kept]
            return _moments(np.stack(runs, axis=1), weights)
        known = found.near if isinstance(found, Nearly) else found
        sets = [_union(groups, one) for one in _sets(len(groups), pairs=self.second_order)]
        rows = [[*known.explained(players), known.whole] for players in sets]
        parts = np.array(rows).transpose(2, 0, 1)
        if isinstance(found, Nearly):
            own, near = (_moments(runs, weights) for runs in found.runs(kept))
            parts += own - near
        return parts

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `first`, `total` and, if asked, `second`, with their errors."""
        closed, total, whole = np.moveaxis(collected["single"], 1, 0)
        defined = self._defined()
        dims = ("output", "group", "scale")
        variables: dict[str, xr.Variable] = {}
        for name, part in (("first", closed), ("total", total)):
            index = ratio(np.where(defined[..., None], part, np.nan), whole)
            variables |= index.variables(name, dims)
        if self.second_order:
            apart = ~np.eye(len(self.names), dtype=bool)
            mask = (defined[:, :, None] & defined[:, None] & apart)[..., None]
            more, _, whole = np.moveaxis(collected["pairs"], 1, 0)
            index = ratio(np.where(mask, more, np.nan), whole)
            variables |= index.variables("second", ("output", "group", "group_2", "scale"))
        coords: dict[str, object] = {
            "output": list(study.outputs),
            "group": self.names,
            "scale": list(study.scales),
            "members": ("group", [self._members(name) for name in self.names]),
        }
        if self.second_order:
            coords["group_2"] = self.names
        return Findings(variables, coords=coords)

    def _defined(self) -> np.ndarray:
        """Return where an output has an index for a group: its own, or one that cannot move it."""
        sets, drivers = self._sets, self.study.drivers
        return np.array(
            [
                [name in part or not sets[name] & drivers[output] for name in self.names]
                for output, part in self.partitions.items()
            ]
        ).reshape(len(self.study.outputs), len(self.names))

    def _members(self, name: str) -> str:
        players = 0
        for part in self.partitions.values():
            players |= part.get(name, 0)
        return ",".join(self.study.inputs_of(players))


def _moments(runs: FloatArray, weights: FloatArray) -> FloatArray:
    """Return what sets of an output's groups explain alone, with all others, and the variance.

    Parameters
    ----------
    runs
        The output with subsets of groups as in the first sample, shape (chain, subset, draw).
    weights
        As `_contrasts` returns them.

    Returns
    -------
    array of shape (chain, set, 3)
    """
    # Every index is a difference of products that no shift changes, but for rounding.
    runs = runs - runs[:, :1].mean(axis=2, keepdims=True)
    chains, _, draws = runs.shape
    products = (runs @ runs.transpose(0, 2, 1)).reshape(chains, -1) / draws
    return np.asarray((products @ weights).reshape(chains, -1, 3))


def _settled(parts: FloatArray) -> FloatArray:
    """Return closed, total and whole variances, the last axis, without what is rounding."""
    return np.where(np.abs(parts) <= _LEAST * parts[..., 2:], 0.0, parts)


def _sets(count: int, *, pairs: bool) -> list[int]:
    """Return the sets to be judged, of an output's own groups, as bit masks.

    Singles stand first, in their order, then pairs in that of combinations.
    """
    single = [1 << g for g in range(count)]
    return single + ([a | b for a, b in combinations(single, 2)] if pairs else [])


def _union(groups: Sequence[int], chosen: int) -> int:
    return sum(groups[g] for g in bits(chosen))


@lru_cache(maxsize=64)
def _contrasts(count: int, *, pairs: bool) -> tuple[list[int], FloatArray]:
    """Return which subsets of groups are kept in a run, sets to be judged, and how they are.

    Sets are bit masks of the output's own groups. The average product of two runs that differ in a
    set of groups is the variance that the other groups explain together, but for a constant.

    Returns
    -------
    subsets
        Of groups, as bit masks.
    weights
        Shape (subsets * subsets, 3 * sets), which a table of average products is multiplied by.
    """
    full = (1 << count) - 1
    sets = _sets(count, pairs=pairs)
    some = [0, full, *sets, *(full & ~one for one in sets)]
    subsets = list(range(full + 1)) if count <= _ALL_SUBSETS else list(dict.fromkeys(some))
    row = {subset: k for k, subset in enumerate(subsets)}
    weights = np.zeros((len(subsets), len(subsets), len(sets), 3))
    for k, one in enumerate(sets):
        among = subsets if count <= _ALL_SUBSETS else {0, full, one, full & ~one}
        itself, others, shared, anew = 0, one, full & ~one, full
        for p, (plus, minus) in enumerate(((shared, anew), (itself, others), (itself, anew))):
            for kept in among:
                weights[row[kept], row[kept ^ plus], k, p] += 1 / len(among)
                weights[row[kept], row[kept ^ minus], k, p] -= 1 / len(among)
    return subsets, weights.reshape(len(subsets) ** 2, -1)
