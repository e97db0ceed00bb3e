"""What evidence tells: about each input, about scenarios, and which inputs drive the answer then.

The information gained about an input is the divergence of its posterior from its prior, in bits.

Draws of two posteriors are no twins, so scenarios are not compared draw by draw: medians are, and
how likely each scenario makes the evidence.

Given evidence inputs depend on one another in ways that no copula describes. Sobol' indices are
then not defined, and neither is moving one input alone; the draws give the share of an answer's
variance that would go if an input were known, and rank correlations.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uncertain_scale.analysis.held_against import has_ratio
from uncertain_scale.analysis.sensitivity.methods import HIDDEN, UNSETTLED, average_ranks
from uncertain_scale.errors import QuestionError, nearest
from uncertain_scale.sampling.chains import answer_groups
from uncertain_scale.sampling.rare_values import hidden_moment, rare_of
from uncertain_scale.statistics.intervals import spread
from uncertain_scale.statistics.outputs import read_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import xarray as xr

    from uncertain_scale.analysis.sensitivity.study import Scale
    from uncertain_scale.units.aliases import FloatArray

_CELLS = 48

_INPUT_CELLS = 64  # an input with no more values than this is taken value by value
_LEAST_DRAWS = 20  # of a row of a joint sample, or of a cell


def information_gained(levels: FloatArray, rows: int = 0) -> tuple[float, float]:
    """Return the Kullback-Leibler divergence of a posterior from a prior, in bits, and its error.

    Parameters
    ----------
    levels
        Posterior draws as levels of the prior, which is uniform on them: shape (chain, draw).
    rows
        Number of rows, for a joint sample whose rows are what is learnt about.

    Notes
    -----
    Draws are counted in cells that hold equal shares of an even mixture of prior and posterior, so
    that they are fine where either is. What cells lose falls with the square of their width, which
    halving them shows and takes off; the bias of counting, of the order of the cells over the
    draws, is taken off by leaving one chain out at a time, which also gives the error (nan for one
    chain). The cells of a joint sample are its rows.

    Examples
    --------
    >>> u = (np.arange(4096) + 0.5).reshape(64, 64).T / 4096
    >>> round(abs(information_gained(u)[0]), 2), round(information_gained(u / 2)[0], 2)
    (0.0, 1.0)
    """
    if rows:
        return jackknife(_counts(levels, np.arange(rows + 1) / rows), np.full(rows, 1 / rows))
    fine = _edges(levels, 2 * _CELLS)
    counts, masses = _counts(levels, fine), np.diff(fine)
    coarse = counts.reshape(len(counts), -1, 2).sum(axis=2), masses.reshape(-1, 2).sum(axis=1)
    return jackknife(counts, masses, coarse)


def effective_rows(levels: FloatArray, rows: int) -> float:
    """Return how many rows of a joint sample posterior draws amount to.

    Examples
    --------
    >>> effective_rows(np.array([[0.1, 0.3, 0.6, 0.9]]), 2)
    2.0
    """
    counts = np.bincount((levels.ravel() * rows).astype(np.intp), minlength=rows)
    return float(counts.sum() ** 2 / (counts**2).sum())


def _edges(levels: FloatArray, cells: int) -> FloatArray:
    """Return edges of cells that hold equal shares of half the prior and half the posterior."""
    pooled = np.sort(levels, axis=None)
    grid = np.concatenate([[0.0], pooled, [1.0]])
    below = np.concatenate([[0.0], (np.arange(pooled.size) + 0.5) / pooled.size, [1.0]])
    edges = np.interp(np.arange(1, cells) / cells, (below + grid) / 2, grid)
    return np.concatenate([[0.0], edges, [1.0]])


def _counts(levels: FloatArray, edges: FloatArray) -> FloatArray:
    return np.array([np.histogram(chain, edges)[0] for chain in levels], dtype=float)


def jackknife(
    counts: FloatArray,
    masses: FloatArray,
    coarse: tuple[FloatArray, FloatArray] | None = None,
) -> tuple[float, float]:
    """Return the divergence of counts from masses, in bits, without bias to first order.

    Parameters
    ----------
    counts
        Draws by cell, shape (chain, cell).
    masses
        Probability of each cell under the prior.
    coarse
        The same in cells of twice the width, from which the cells' own loss is extrapolated.
    """

    def divergence(kept: FloatArray) -> float:
        fine = _divergence(kept @ counts, masses)
        if coarse is None:
            return fine
        return fine + (fine - _divergence(kept @ coarse[0], coarse[1])) / 3

    chains = len(counts)
    whole = divergence(np.ones(chains))
    if chains < 2:
        return whole, float("nan")
    without = np.array([divergence(1.0 - np.eye(chains)[k]) for k in range(chains)])
    estimate = chains * whole - (chains - 1) * float(without.mean())
    error = float(np.sqrt((chains - 1) * without.var()))
    return max(estimate, 0.0), error


def _divergence(counts: FloatArray, masses: FloatArray) -> float:
    shares = counts / counts.sum()
    held = shares > 0
    return float((shares[held] * np.log2(shares[held] / masses[held])).sum())


class Estimate(NamedTuple):
    """A number and its Monte Carlo standard error."""

    value: float
    mcse: float


def ratios_of_medians(base: xr.DataTree, other: xr.DataTree) -> dict[str, Estimate]:
    """Return other over base of each answer's median, where both are above 0 and so are all draws.

    The error comes from the chains, each scenario's own against the base's of the same number:
    they share the streams of what evidence does not touch.
    """
    one, two = (tree[answer_groups(tree.children)[1]].to_dataset() for tree in (base, other))
    found = {}
    for name in map(str, one.data_vars):
        pair = [np.asarray(draws[name].values, dtype=float) for draws in (one, two)]
        by_chain = np.array([np.median(draws, axis=1) for draws in pair])
        if (by_chain > 0).all() and has_ratio(*pair, units=str(one[name].attrs["units"])):
            ratio = float(np.median(pair[1]) / np.median(pair[0]))
            found[name] = Estimate(
                ratio, ratio * float(spread(np.diff(np.log(by_chain), axis=0)[0]))
            )
    return found


def evidence_ratio(base: xr.DataTree, other: xr.DataTree) -> Estimate:
    """Return the logarithm of the Bayes factor: how much likelier `other` makes the evidence."""
    one, two = (json.loads(tree.attrs["conditioning"]) for tree in (base, other))
    errors = [
        math.nan if r["log_evidence_mcse"] is None else r["log_evidence_mcse"] for r in (one, two)
    ]
    return Estimate(two["log_evidence"] - one["log_evidence"], math.hypot(*errors))


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
        sample; each with `_mcse`. nan where an output does not vary or has no logarithm. `reason`
        (output): why they are not to be trusted, as of a value that few draws hold; else "".

    Raises
    ------
    QuestionError
        An output that the tree does not hold.
    """
    import xarray as xr

    inputs, outputs = (tree[group].to_dataset() for group in answer_groups(tree.children))
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
    reasons = [_not_shown(outputs[name]) for name in wanted]
    return xr.Dataset(
        {
            **{name: (("output", "input"), table) for name, table in found.items()},
            "reason": ("output", reasons),
        },
        coords={"output": wanted, "input": list(players)},
        attrs={"on": on},
    )


def _not_shown(output: xr.DataArray) -> str:
    """Say which rare value the draws miss that an output's variance may rest on."""
    draws = read_draws(output)
    hidden, reason = hidden_moment(2, rare_of(output.attrs), draws.size)
    return f"{UNSETTLED}: {reason}" if hidden > HIDDEN * draws.values.var() else ""


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
    most = max(2, min(_INPUT_CELLS, draws.size // _LEAST_DRAWS))
    edges = np.quantile(draws, np.arange(1, most) / most)
    return np.searchsorted(np.unique(edges), draws, side="right")


def _standardised(draws: FloatArray) -> FloatArray:
    """Return ranks within each chain, with mean 0 and standard deviation 1."""
    ranks = np.array([average_ranks(chain) for chain in draws])
    about = ranks - ranks.mean(axis=1, keepdims=True)
    sd = about.std(axis=1, keepdims=True)
    return np.asarray(np.divide(about, sd, out=np.zeros_like(about), where=sd > 0))
