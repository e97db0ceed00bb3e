"""Independent groups of inputs, which is what Sobol' indices are defined for.

Inputs that are correlated, or drawn by whole rows, fall into one group. A user may merge groups,
never tear what hangs together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uncertain_scale.analysis.sensitivity.study import bits
from uncertain_scale.errors import QuestionError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uncertain_scale.analysis.sensitivity.study import Study

__all__ = ["group_sets", "known_sets", "parse_groups", "partition"]


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
    movers = study.movers[output]
    found = {name: players & movers for name, players in merged.items() if players & movers}
    rest = movers
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
            for component in study.components(study.movers[output]):
                if component & players and component & ~players:
                    inside, outside = (
                        ", ".join(study.names[k] for k in bits(part))
                        for part in (component & players, component & ~players)
                    )
                    raise QuestionError(
                        f"group '{name}' tears {inside} from {outside}, which {output} rests on "
                        f"too and which hang together; add {outside} to the group"
                    )
