"""Draws taken out of an answer: checked, named, and with inputs integrated out where one serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from uncertain_scale.errors import DataError
from uncertain_scale.sampling.chains import ArrayTree, answer_groups, by_chain
from uncertain_scale.statistics.conditional import Conditional
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.pivot_attributes import hides_nothing, leaves, pivots_of
from uncertain_scale.statistics.sketch import GROUPS, ROUGHLY, Table
from uncertain_scale.statistics.tally import BINS, MOST_BINS, PILOT, choose_binning

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from typing import Any

    import xarray as xr

    from uncertain_scale.sampling.chains import Labelled
    from uncertain_scale.statistics.integrated import Pivot
    from uncertain_scale.units.aliases import FloatArray

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_ROUNDING = 1e-11  # of a pivot's width


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
        many = "every draw" if share == 1 else f"{share:.2%} of the draws"
        why = "no value meets what is given, or an equation breaks down (as 0/0 does)"
        if np.isinf(example):
            why = "an equation leaves the range of numbers (1.8e308), or divides by 0"
        self.reason = (
            f"{example} in {many}, no finite number: there {why}; give what can be met, or "
            "truncate a prior"
        )
        super().__init__(f"output '{name}' is {self.reason}")
