"""Which inputs drive an answer once evidence has tied them together: from the draws alone.

Given evidence inputs depend on one another in ways that no copula describes. Sobol' indices are
then not defined, and neither is moving one input alone; what can be read off the draws is how much
of an answer's variance would go if an input were known, and rank correlations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.sensitivity.ranks import average_ranks
from uncertain_scale.errors import QuestionError, nearest
from uncertain_scale.statistics.draws import answer_groups, read_draws
from uncertain_scale.statistics.monte_carlo_error import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import xarray as xr

    from uncertain_scale.analysis.sensitivity.study import Scale
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["posterior_sensitivity", "variance_reduction"]

_CELLS = 64  # an input with no more values than this is taken value by value
_LEAST_DRAWS = 20  # of a row of a joint sample, or of a cell


def posterior_sensitivity(
    tree: xr.DataTree, *, of: Sequence[str] = (), on: Scale = "value"
) -> xr.Dataset:
    """Say how much of the answers' variance goes with each input, given evidence.

    Parameters
    ----------
    tree
        What `condition` returns.
    of
        The outputs looked at; all by default.
    on
        Whether variance is that of the value or of its logarithm.

    Returns
    -------
    xarray.Dataset
        Dims (output, input), a joint sample being one input: `variance_reduction`, the share of
        variance that would go if the input were known, with all that it tells of the others, so
        that the shares need not add up to 1; `rank_correlation`, Spearman's, nan for a joint
        sample; each with `_mcse`. nan where an output does not vary or has no logarithm.

    Raises
    ------
    QuestionError
        An output that the tree does not hold.
    """
    import xarray as xr

    inputs, outputs = (tree[group].to_dataset() for group in answer_groups(tree))
    for name in of:
        if name not in outputs:
            hint = nearest(name, map(str, outputs.data_vars))
            raise QuestionError(f"'{name[:60]}' is not among the answers; {hint}")
    wanted = [str(name) for name in of or outputs.data_vars]
    players = _players(inputs)
    shape = (len(wanted), len(players))
    found = {
        name: np.full(shape, np.nan)
        for one in ("variance_reduction", "rank_correlation")
        for name in (one, f"{one}_mcse")
    }
    cells = {player: _cells(inputs[first].values) for player, first in players.items()}
    ranks = {
        player: _standardised(inputs[first].values)
        for player, first in players.items()
        if not inputs[first].attrs["joint"]
    }
    for row, name in enumerate(wanted):
        values = read_draws(outputs[name]).values
        own = _standardised(values)
        if on == "log":
            values = np.log(values) if (values > 0).all() else np.zeros_like(values)
        if values.min() == values.max():
            continue
        for column, player in enumerate(players):
            share, error = variance_reduction(values, cells[player])
            found["variance_reduction"][row, column] = share
            found["variance_reduction_mcse"][row, column] = error
            if player in ranks:
                by_chain = (own * ranks[player]).mean(axis=1)
                found["rank_correlation"][row, column] = by_chain.mean()
                found["rank_correlation_mcse"][row, column] = float(spread(by_chain))
    return xr.Dataset(
        {name: (("output", "input"), table) for name, table in found.items()},
        coords={"output": wanted, "input": list(players)},
        attrs={"on": on},
    )


def variance_reduction(values: FloatArray, cells: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Return the share of variance between cells, and its Monte Carlo error.

    Parameters
    ----------
    values
        Draws of shape (chain, draw).
    cells
        The cell that each draw falls in, same shape, from 0.

    Notes
    -----
    1 - (variance within cells) / (variance), each without bias (Kelley's epsilon squared), so that
    an input that says nothing gets 0 on average. The error is the jackknife's over chains.

    References
    ----------
    Kelley (1935), doi:10.1073/pnas.21.9.554. Plischke, Borgonovo and Smith (2013),
    doi:10.1016/j.ejor.2012.11.047, for sensitivity from given data.
    """
    about = values - values.mean()
    count = int(cells.max()) + 1
    sums = np.array(
        [
            [np.bincount(cell, weight, count) for weight in (np.ones_like(one), one, one**2)]
            for cell, one in zip(cells, about, strict=True)
        ]
    )
    whole = _share(sums.sum(axis=0))
    if len(values) < 2:
        return whole, float("nan")
    without = np.array([_share(sums.sum(axis=0) - sums[k]) for k in range(len(sums))])
    return whole, float(np.sqrt((len(without) - 1) * without.var()))


def _share(sums: FloatArray) -> float:
    """Return Kelley's epsilon squared from counts, sums and sums of squares by cell."""
    numbers, totals, squares = sums
    held = numbers > 0
    draws, cells = numbers.sum(), int(held.sum())
    within = (squares[held] - totals[held] ** 2 / numbers[held]).sum() / (draws - cells)
    variance = (squares.sum() - totals.sum() ** 2 / draws) / (draws - 1)
    return float(1 - within / variance) if variance > 0 else float("nan")


def _players(inputs: xr.Dataset) -> dict[str, str]:
    """Return the uncertain inputs, with the first of a joint sample for all of it."""
    found: dict[str, str] = {}
    for name, draws in inputs.data_vars.items():
        if draws.values.min() != draws.values.max():
            found.setdefault(str(draws.attrs["joint"]) or str(name), str(name))
    return found


def _cells(draws: FloatArray) -> npt.NDArray[np.intp]:
    """Return the cell of each draw: its value where values repeat, else one of equal shares."""
    values, place = np.unique(draws, return_inverse=True)
    place = place.reshape(draws.shape)
    if values.size * _LEAST_DRAWS <= draws.size:
        return place
    most = max(2, min(_CELLS, draws.size // _LEAST_DRAWS))
    edges = np.quantile(draws, np.arange(1, most) / most)
    return np.searchsorted(np.unique(edges), draws, side="right")


def _standardised(draws: FloatArray) -> FloatArray:
    """Return ranks within each chain, with mean 0 and standard deviation 1."""
    ranks = np.array([average_ranks(chain) for chain in draws])
    about = ranks - ranks.mean(axis=1, keepdims=True)
    sd = about.std(axis=1, keepdims=True)
    return np.asarray(np.divide(about, sd, out=np.zeros_like(about), where=sd > 0))
