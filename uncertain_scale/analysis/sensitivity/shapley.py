"""Shapley effects: shares of variance that add up to 1, for dependent inputs as for independent.

The worth of a set J of inputs is Var(E[Y | X_J]); the players are the inputs that the output is
computed from, a joint sample being one. A game is an array: entry J is the worth of the set of
players whose bits are those of J.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from math import factorial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import Chains, ratio
from uncertain_scale.analysis.sensitivity.methods import Findings
from uncertain_scale.analysis.sensitivity.separable import Nearly, Product, Sum
from uncertain_scale.analysis.sensitivity.study import bits
from uncertain_scale.sampling.design import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import xarray as xr

    from uncertain_scale.analysis.sensitivity.evaluation import PickFreeze
    from uncertain_scale.analysis.sensitivity.separable import Structure
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

_BLOCK = 1 << 20  # numbers in memory at a time, of one output
_MOST_NEARLY = 6  # players of what is nearly a product or sum, whose exchanges are all kept


def shapley_values(worth: FloatArray) -> FloatArray:
    """Return each player's Shapley value.

    Parameters
    ----------
    worth
        Worth of every set of d players along the first axis, shape (2^d, ...).

    Returns
    -------
    array of shape (d, ...)
        Which add up to the worth of all less that of none.

    References
    ----------
    Shapley (1953), A value for n-person games, doi:10.1515/9781400881970-018.

    Examples
    --------
    >>> shapley_values(np.array([0.0, 1.0, 3.0, 6.0])).tolist()
    [2.0, 4.0]
    """
    count = worth.shape[0].bit_length() - 1
    sets = np.arange(worth.shape[0])
    size = np.bitwise_count(sets).astype(int)
    weight = np.array(
        [factorial(k) * factorial(count - k - 1) / factorial(count) for k in range(count)]
    )
    values = np.empty((count, *worth.shape[1:]))
    for player in range(count):
        without = sets[sets >> player & 1 == 0]
        gain = worth[without | 1 << player] - worth[without]
        values[player] = np.tensordot(weight[size[without]], gain, axes=1)
    return values


def walsh(values: FloatArray) -> FloatArray:
    """Return the Walsh-Hadamard transform along the first axis, not normalised.

    Parameters
    ----------
    values
        Shape (2^d, ...).

    Examples
    --------
    >>> walsh(np.array([1.0, 2.0])).tolist()
    [3.0, -1.0]
    """
    shape = values.shape
    step = 1
    while step < shape[0]:
        pairs = values.reshape(-1, 2, step, *shape[1:])
        low, high = pairs[:, 0], pairs[:, 1]
        values = np.stack([low + high, low - high], axis=1).reshape(shape)
        step *= 2
    return values


class _Effects(NamedTuple):
    """Averages over draws: worth added by each player, worth alone, and the variance in between."""

    added: FloatArray
    alone: FloatArray


@dataclass(frozen=True)
class Shapley:
    """Shapley effects, exact over all sets of players or over sampled orders of them.

    Parameters
    ----------
    study
        What is analysed.
    most
        The largest number of players for which all sets are run through.
    orders
        Pairs of opposite orders that a chain samples where there are more players.

    Attributes
    ----------
    active
        By output, the players whose effects are sought. Where an output has more than `most`, those
        whose redrawing changes no draw of the first chain are left out.

    Notes
    -----
    For a set J kept from sample A and the others drawn given J, Var(E[Y | X_J]) is
    Var(Y) - E(f_A - f_J)^2 / 2, with Var(Y) = E(f_A - f_B)^2 / 2. So the effects add up to 1 by
    construction; `shapley_sum`, their sum over the variance as Sobol' indices take it, says how far
    both estimates of the variance agree. Independent players are exchanged between A and B in all
    ways, which gives 2^k pairs for each set from the runs there are; the sums over pairs are
    correlations over the group of exclusive or, hence Walsh-Hadamard transforms. Of an output that
    is a product or a sum over independent players (`separable`), what sets explain follows from two
    moments of each factor or term; of one that nearly is, so does all but a small rest.

    References
    ----------
    Owen (2014), Sobol' indices and Shapley value, doi:10.1137/130936233. Song, Nelson and Staum
    (2016), Shapley effects for global sensitivity analysis, doi:10.1137/15M1048070. Castro, Gomez
    and Tejada (2009), doi:10.1016/j.cor.2008.04.004 (sampled orders).
    """

    study: Study
    most: int = 10
    orders: int = 8
    active: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        points = Chains(self.study, [0]).hybrids
        active = {
            output: drivers if len(bits(drivers)) <= self.most else _active(points, output)
            for output, drivers in ((name, self.study.drivers[name]) for name in self.study.outputs)
        }
        object.__setattr__(self, "active", active)

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return worth added and worth alone by output, player and scale."""
        study = self.study
        shape = (len(chains.numbers), len(study.outputs), len(study.players), len(study.scales))
        added, alone = np.zeros(shape), np.zeros(shape)
        whole = np.zeros((*shape[:2], shape[3]))
        follows = np.zeros(whole.shape, dtype=bool)
        for o, output in enumerate(study.outputs):
            players = self.active[output]
            for s, scale in enumerate(study.scales):

                def run(kept: int, output: str = output, scale: Scale = scale) -> FloatArray:
                    return chains.by_chain(chains.hybrids.on(scale, output, kept))

                whole[:, o, s] = chains.variance(output, scale)
                follows[:, o, s] = isinstance(chains.split(output, scale), Product | Sum)
                if not whole[:, o, s].any():
                    continue
                for k in bits(study.reach[output] & ~players):
                    alone[:, o, k, s] = _worth_alone(run(players), run(1 << k), run(0))
                if len(bits(players)) > self.most:
                    effects = self._by_orders(chains, output, scale)
                else:
                    effects = _exact(chains, output, players, scale)
                added[:, o, bits(players), s], alone[:, o, bits(players), s] = effects
        return {"added": added, "alone": alone, "variance": whole, "follows": follows}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `shapley`, `shapley_sum`, `log_variance_share` and `variance_reduction`."""
        added, alone = collected["added"], collected["alone"]
        whole = added.sum(axis=2)
        effects = ratio(added, whole[:, :, None])
        dims = ("output", "input", "scale")
        variables = effects.variables("shapley", dims)
        variables |= ratio(alone, whole[:, :, None]).variables("variance_reduction", dims)
        total = ratio(whole, collected["variance"]).variables("shapley_sum", ("output", "scale"))
        variables |= {name: total[name] for name in ("shapley_sum", "shapley_sum_mcse")}
        # Where shares follow by algebra from moments, their ratio is sure and each chain's is not.
        follows = np.asarray(collected["follows"].all(axis=0))[:, None]
        by_chain = np.where(follows, effects.linear, effects.by_chain)
        variables |= _ranking(effects.value, by_chain)
        if "log" in study.scales:
            at = study.scales.index("log")
            for name in ("", "_mcse", "_low", "_high"):
                share = variables[f"shapley{name}"]
                variables[f"log_variance_share{name}"] = share.isel(scale=at)
        return Findings(
            variables,
            coords={
                "output": list(study.outputs),
                "input": study.names,
                "scale": list(study.scales),
            },
        )

    def _by_orders(self, chains: Chains, output: str, scale: Scale) -> _Effects:
        """Go through sampled orders, each chain through its own, so that they share no error."""
        effects = []
        for one in chains.one_by_one():

            def run(kept: int, one: Chains = one) -> FloatArray:
                return one.by_chain(one.hybrids.on(scale, output, kept))

            orders = self._orders(one.numbers[0], output)
            effects.append(_sampled(run, self.active[output], orders))
        added, alone = (np.concatenate(parts) for parts in zip(*effects, strict=True))
        return _Effects(added, alone)

    def _orders(self, chain: int, output: str) -> list[list[int]]:
        """Return orders of an output's players, each followed by its opposite."""
        players = bits(self.active[output])
        generator = stream(self.study.design.seed, chain, f"{output}\0orders")
        orders = [generator.permutation(players).tolist() for _ in range(self.orders)]
        return [way for order in orders for way in (order, order[::-1])]


def _active(points: PickFreeze, output: str) -> int:
    """Return the drivers of an output whose redrawing changes any draw, and their partners."""
    study = points.study
    drivers = study.drivers[output]
    whole = points.value(output, drivers)
    found = 0
    for component in study.components(drivers):
        if not np.array_equal(points.value(output, drivers & ~component), whole, equal_nan=True):
            found |= component
    return found


def _sampled(run: Callable[[int], FloatArray], players: int, orders: list[list[int]]) -> _Effects:
    """Go through sampled orders, the players becoming known one after another."""
    whole, anew = run(players), run(0)
    loss = {players: np.zeros(whole.shape[0])}
    for order in orders:
        for known in accumulate((1 << k for k in order), initial=0):
            if known not in loss:
                loss[known] = ((whole - run(known)) ** 2).mean(axis=1) / 2
    added = {k: np.zeros(whole.shape[0]) for k in bits(players)}
    for order in orders:
        known = 0
        for k in order:
            added[k] += (loss[known] - loss[known | 1 << k]) / len(orders)
            known |= 1 << k
    alone = [_worth_alone(whole, run(1 << k), anew) for k in added]
    return _Effects(np.stack(list(added.values()), axis=1), np.stack(alone, axis=1))


def _exact(chains: Chains, output: str, players: int, scale: Scale) -> _Effects:
    """Run through all sets of players, in blocks of draws."""
    draws = chains.study.design.draws
    loose, tied = _loose_and_tied(chains.study, players)
    order = [*loose, *tied]
    found = None if tied else chains.split(output, scale)
    if found is not None and not (isinstance(found, Nearly) and len(loose) > _MOST_NEARLY):
        worth = _worth(found, loose)
        return _Effects(shapley_values(worth).T, worth[1 << np.arange(len(loose))].T)
    blocks = min(-(-(len(chains.numbers) * draws << len(order)) // _BLOCK), draws)
    edges = np.linspace(0, draws, blocks + 1).astype(int)
    loss = np.zeros((1 << len(order), len(chains.numbers)))
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        points = chains.block(start, stop)
        rows = [
            [points.on(scale, output, own | kept) for kept in _subsets(loose)]
            for own in _subsets(tied)
        ]
        values = np.array(rows).reshape(len(rows), len(rows[0]), len(chains.numbers), -1)
        loss += (stop - start) / draws * _loss(values)
    worth = loss[0] - loss
    back = np.argsort(order)
    added, alone = shapley_values(worth), worth[1 << np.arange(len(order))]
    return _Effects(added[back].T, alone[back].T)


def _worth(found: Structure, players: list[int]) -> FloatArray:
    """Return the variance that sets of players explain, shape (set, chain)."""
    sets = list(_subsets(players))
    known = found.near if isinstance(found, Nearly) else found
    worth = np.array([known.explained(players)[0] for players in sets])
    if isinstance(found, Nearly):
        for runs, sign in zip(found.runs(sets).swapaxes(1, 2), (1, -1), strict=True):
            loss = _loss(runs[None])
            worth += sign * (loss[0] - loss)
    return worth


def _loss(values: FloatArray) -> FloatArray:
    """Return E Var(Y | X_J) for every set J of the players, loose ones on the low bits.

    Parameters
    ----------
    values
        Output by set of tied players kept, set of loose players kept, chain and draw.

    Returns
    -------
    array of shape (set, chain)
    """
    values = values - values[-1, -1].mean(axis=-1)[:, None]
    tied, loose, chains, draws = values.shape
    squares = np.einsum("pmcn,pmcn->pc", values, values) / (loose * draws)
    transformed = walsh(np.moveaxis(values, 1, 0))
    power = np.einsum("wpcn,wcn->wpc", transformed, transformed[:, -1]) / draws
    # products[d, p]: the average of f(loose m, tied all) f(loose m xor d, tied p) over m and draws.
    products = walsh(power) / loose**2
    changed = (squares + squares[-1]) / 2 - products
    kept = changed[::-1]  # what is not exchanged is kept
    return np.asarray(np.moveaxis(kept, 1, 0).reshape(tied * loose, chains))


def _loose_and_tied(study: Study, players: int) -> tuple[list[int], list[int]]:
    parts = [bits(part) for part in study.components(players)]
    loose = [part[0] for part in parts if len(part) == 1]
    return loose, [k for part in parts if len(part) > 1 for k in part]


def _subsets(players: list[int]) -> Iterator[int]:
    for chosen in range(1 << len(players)):
        yield sum(1 << player for k, player in enumerate(players) if chosen >> k & 1)


def _worth_alone(whole: FloatArray, kept: FloatArray, anew: FloatArray) -> FloatArray:
    """Return Var(E[Y | X]) from Y, Y given X again, and Y anew; its noise shrinks with it."""
    centred = whole - whole.mean(axis=1, keepdims=True)
    return np.asarray((centred * (kept - anew)).mean(axis=1))


def _ranking(effects: FloatArray, by_chain: FloatArray) -> dict[str, xr.Variable]:
    """Return ranks by effect and the share of chains in which each holds; nan where there is none.

    Parameters
    ----------
    effects, by_chain
        Shapes (output, input, scale) and (chain, output, input, scale).
    """
    import xarray as xr

    def ranks(values: FloatArray) -> FloatArray:
        order = np.argsort(np.argsort(-values, axis=-2, kind="stable"), axis=-2, kind="stable")
        return np.where(values == 0, np.nan, order + 1.0)

    rank = ranks(effects)
    holds = (ranks(by_chain) == rank).mean(axis=0)
    dims = ("output", "input", "scale")
    return {
        "rank": xr.Variable(dims, np.where(np.isnan(effects), np.nan, rank)),
        "rank_share": xr.Variable(dims, np.where(np.isnan(rank), np.nan, holds)),
    }
