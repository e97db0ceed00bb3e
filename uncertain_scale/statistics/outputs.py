"""Draws taken out of an answer: checked, named, and with inputs integrated out where one serves.

Which inputs can be the attributes of the draws tell, which `sampling.pivots` writes: whoever
summarises draws has them with the draws alone.
"""

from __future__ import annotations

import json
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from uncertain_scale.errors import DataError
from uncertain_scale.inputs.distributions import Mixture, parse_distribution
from uncertain_scale.sampling.chains import ArrayTree, answer_groups, by_chain
from uncertain_scale.sampling.pivots import FACTOR, INPUTS, LAW, PIVOTS, TIED
from uncertain_scale.sampling.rare_values import rare_masses
from uncertain_scale.statistics.conditional import Conditional
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.integrated import Part, Pivot
from uncertain_scale.statistics.sketch import GROUPS, ROUGHLY, Table
from uncertain_scale.statistics.tally import BINS, MOST_BINS, PILOT, choose_binning

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.sampling.chains import Labelled
    from uncertain_scale.statistics.integrated import Facts
    from uncertain_scale.units.aliases import FloatArray

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_ROUNDING = 1e-11  # of a pivot's width
_NO_POWER = 1e-9  # what rounding leaves where powers cancel
_LEAST_SHARE = 1e-4  # of draws, that is written as a number
_RARE = 0.01  # of values that may be in none of the draws
_WIDEST = 4.0  # times what is smooth beside it that such a law may reach


def may_vary(attributes: Mapping[str, Any]) -> bool:
    """Tell whether the model lets a variable vary, by the attributes that `sample` gives its draws.

    Where they do not tell, equal draws are taken for a constant.
    """
    return bool(attributes.get("varies", False))


def all_draws(tree: xr.DataTree | ArrayTree) -> Mapping[str, Labelled]:
    """Return an answer's inputs and outputs together, as they were drawn."""
    return ArrayTree.of(tree).variables


def read_outputs(outputs: object) -> xr.Dataset:
    """Return outputs as a dataset, from one or from an answer's tree.

    Raises
    ------
    DataError
        It is something else, or holds no output.
    """
    import xarray as xr

    wanted = "expected what run or sample return, or a dataset with a variable an output"
    if isinstance(outputs, xr.DataTree):
        group = answer_groups(outputs.children)[1]
        known = group in outputs.children or not outputs.children
        found = (outputs[group] if group in outputs.children else outputs).to_dataset()
        if not known or not found.data_vars:
            groups = ", ".join(map(str, outputs.children)) or "none"
            raise DataError(f"the tree has no outputs in {group} (its groups: {groups}); {wanted}")
        return found
    if isinstance(outputs, xr.DataArray) and outputs.name is not None:
        return outputs.to_dataset()
    if callable(getattr(outputs, "summarize", None)):
        raise DataError(f"found {type(outputs).__name__}, which has no draws; ask its summarize()")
    if not isinstance(outputs, xr.Dataset):
        raise DataError(f"found {type(outputs).__name__}; {wanted}")
    if not outputs.data_vars:
        raise DataError(f"the dataset holds no variable; {wanted}")
    return outputs


def read_draws(output: Labelled, inputs: Mapping[Any, Labelled] | None = None) -> Draws:
    """Take the draws out of an output, or say what is wrong with them.

    Parameters
    ----------
    output
        Dims `chain` and `draw` in any order.
    inputs
        Draws of the inputs by name, where statistics may rest on them too.

    Raises
    ------
    DataError
        Other dims, no draws, or draws that are not finite numbers.

    Examples
    --------
    >>> import xarray as xr
    >>> read_draws(xr.DataArray([[1.0, 2.0]], dims=("chain", "draw"), name="budget")).chains
    1
    """
    if set(output.dims) != {"chain", "draw"}:
        raise DataError(
            f"output '{output.name}' has dims {tuple(map(str, output.dims))}; "
            "expected ('chain', 'draw')"
        )
    values = by_chain(output)
    if values.size == 0:
        raise DataError(f"output '{output.name}' has no draws; expected at least one")
    draws = Draws(values)
    if not (np.isfinite(draws.low) and np.isfinite(draws.high)):
        bad = ~np.isfinite(values)
        refuse_bad(str(output.name), float(bad.mean()), float(values[bad][0]))
    return draws if inputs is None else integrated(draws, output, inputs)


def integrated(draws: Draws, output: Labelled, inputs: Mapping[Any, Labelled]) -> Draws:
    """Return an output's draws with the best of its pivots integrated out, where one serves.

    Parameters
    ----------
    draws, output, inputs
        As in `conditionals_of`.
    """
    draws.conditional = next(conditionals_of(draws, output, inputs), None)
    return draws


def conditionals_of(
    draws: Draws, output: Labelled, inputs: Mapping[Any, Labelled]
) -> Iterator[Conditional]:
    """Yield an output's distribution with each pivot that serves integrated out, the best first.

    Parameters
    ----------
    draws
        The output's draws, as `read_draws` reads them.
    output, inputs
        As in `read_draws`.
    """
    facts = {str(name): one.attrs for name, one in inputs.items()}
    for pivot in pivots_of(output.attrs, facts):
        if draws.constant or (pivot.power and draws.low <= 0):
            continue
        table = _table_of_rest(pivot, draws, output, inputs)
        if table is None:
            continue
        plain = hides_nothing(pivot, output.attrs, facts)
        found = Conditional.of(pivot, table, draws, plain=plain)
        if found is not None:
            yield found


def _table_of_rest(
    pivot: Pivot, draws: Draws, output: Labelled, inputs: Mapping[Any, Labelled]
) -> Table | None:
    """Return the draws of what a pivot leaves, by bin and group; None where they are no numbers.

    Where it is all that varies, what it leaves is one number, to rounding.
    """
    facts = {str(name): one.attrs for name, one in inputs.items()}
    whole = not leaves(pivot, output.attrs, facts)

    def rest(part: slice) -> FloatArray:
        known = {one.name: by_chain(inputs[one.name])[:, part] for one in pivot.parts}
        return pivot.rest(draws.values[:, part], known)

    if whole and draws.chains > 1:
        few = rest(slice(max(ROUGHLY // draws.chains, 1)))
        if np.ptp(few) <= _ROUNDING * pivot.width:
            return _one_place((few.min() + few.max()) / 2, draws.values)
    values = rest(slice(None))
    return _table(values) if np.isfinite(values).all() else None


def _one_place(value: float, draws: FloatArray) -> Table:
    groups = min(len(draws), GROUPS)
    counts = [len(draws[first::GROUPS]) * draws.shape[1] for first in range(groups)]
    return Table.at_one(value, counts)


def _table(values: FloatArray) -> Table:
    """Return draws by bin and group of chains, in one pass where none repeat."""
    pilot = values.reshape(-1)[:: values.size // PILOT | 1]
    binning = choose_binning(pilot, BINS)
    numbers = binning.numbers(binning.standard(values))
    first, last = int(numbers.min()), int(numbers.max())
    groups = len(values)
    if binning.atoms.size or not 1 < groups <= GROUPS or last - first >= MOST_BINS:
        return Draws(values).table
    count = last - first + 1
    numbers += count * np.arange(groups)[:, None] - first
    counts = np.bincount(numbers.ravel(), minlength=groups * count).reshape(groups, count)
    edges = np.clip(binning.edges(np.arange(first, last + 2)), values.min(), values.max())
    return Table(edges, counts, np.zeros(0), np.zeros((groups, 0), dtype=np.int64))


def draws_of(tree: xr.DataTree | ArrayTree) -> dict[str, Draws]:
    """Return the draws of each output of an answer, with the inputs that they rest on.

    Raises
    ------
    DataError
        Draws that are not finite numbers.
    """
    answer = ArrayTree.of(tree)
    inputs = answer.integrable
    return read_each(lambda _, output: read_draws(output, inputs), answer.outputs.items())


def inputs_of(answer: object) -> Mapping[str, Labelled] | None:
    """Return the draws of an answer's inputs; None where it has none, or evidence weighs them."""
    import xarray as xr

    return ArrayTree.of(answer).integrable if isinstance(answer, xr.DataTree) else None


def read_each(
    read: Callable[[str, _Item], _Result], items: Iterable[tuple[Hashable, _Item]]
) -> dict[str, _Result]:
    """Return what is read of each of some outputs, by name, or tell what is wrong with all of them.

    Parameters
    ----------
    read
        From an output's name and draws.
    items
        Names and draws.

    Raises
    ------
    DataError
        All faults, a line each.
    """
    found, faults = {}, []
    alike: dict[str, list[str]] = {}
    for name, item in items:
        try:
            found[str(name)] = read(str(name), item)
        except _NotFiniteError as error:
            alike.setdefault(error.reason, []).append(f"'{name}'")
        except DataError as error:
            faults.append(str(error))
    for reason, names in alike.items():
        told = f"output {names[0]} is" if len(names) == 1 else f"outputs {', '.join(names)} are"
        faults.append(f"{told} {reason}")
    if faults:
        raise DataError("\n".join(faults))
    return found


def refuse_bad(name: str, share: float, example: float) -> None:
    """Raise the error that says how many draws of an output are no finite numbers."""
    raise _NotFiniteError(name, share, example)


class _NotFiniteError(DataError):
    def __init__(self, name: str, share: float, example: float) -> None:
        self.name = name
        some = f"{share:.2%}" if share >= _LEAST_SHARE else f"under {_LEAST_SHARE:.2%}"
        many = "every draw" if share == 1 else f"{some} of the draws"
        why = "no value meets what is given, or an equation breaks down (as 0/0 does)"
        if np.isinf(example):
            why = "an equation leaves the range of numbers (1.8e308), or divides by 0"
        self.reason = (
            f"{example} in {many}, no finite number: there {why}; give what can be met, or "
            "truncate a prior"
        )
        super().__init__(f"output '{name}' is {self.reason}")


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
