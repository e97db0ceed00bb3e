"""Methods of sensitivity analysis, run together over the same draws, and those that are short.

These are the outlook (which outputs can be analysed, and why not), the swing (the tornado: an
output with one input held low and held high, the others as they are), the narrower interval that
knowing an input would give, and Spearman's rank correlation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import Chains, average, ratio
from uncertain_scale.analysis.sensitivity.separable import Product, Sum
from uncertain_scale.sampling.branches import rare_facts
from uncertain_scale.sampling.moment_facts import moment_facts
from uncertain_scale.sampling.rare_values import hidden_moment, rare_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt
    import xarray as xr

    from uncertain_scale.analysis.sensitivity.separable import Structure
    from uncertain_scale.analysis.sensitivity.study import Scale, Study
    from uncertain_scale.units.aliases import FloatArray

UNSETTLED = "shares of variance are not settled at these draws"
HIDDEN = 0.1  # of the variance, which draws may miss
CONSTANT = "constant: no input moves it"
_NO_VARIANCE = 0.49  # an index found by asking the model is exact to about a hundredth
_FEWEST_LEVELS = 16
_MOST_AT_ONCE = 2**20  # draws of a variable that are held in memory

ENDS = ("low", "high")
QUANTILES = (0.05, 0.5, 0.95)


class Findings(NamedTuple):
    """What a method found: the variables and coordinates of a dataset to come."""

    variables: Mapping[str, xr.Variable]
    coords: Mapping[str, Any]
    attrs: Mapping[str, Any] = MappingProxyType({})


class Method(Protocol):
    """A method: what it collects from each chain, and what it makes of all of them."""

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return averages by names of the method's own, the chains along their first axis."""

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return what the averages, with chains along their first axis, amount to."""


class _Collected(NamedTuple):
    parts: list[dict[str, FloatArray]]
    structure: frozenset[tuple[str, Scale, type[Structure] | None]]


def run_methods(
    study: Study, methods: Sequence[Method], progress: Callable[[int], object] | None = None
) -> xr.Dataset:
    """Return the results of several methods in one dataset, from one pass over the chains.

    Parameters
    ----------
    study
        What is analysed.
    methods
        Those wanted; they share the samples and the evaluations of the model.
    progress
        Told how many chains are finished, now and then.
    """
    import xarray as xr

    batches = _collect(study, methods, progress)
    results = []
    for k, method in enumerate(methods):
        parts = [batch[k] for batch in batches]
        collected = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        results.append(method.summarise(study, collected))
    # All methods name what is analysed in the same order, so that nothing needs to be aligned.
    return xr.Dataset(
        {name: variable for result in results for name, variable in result.variables.items()},
        coords={name: coord for result in results for name, coord in result.coords.items()},
        attrs={
            **{name: value for result in results for name, value in result.attrs.items()},
            "design": study.design.kind,
            "draws": study.design.draws,
            "chains": study.design.chains,
            "seed": study.design.seed,
        },
    )


def _collect(
    study: Study, methods: Sequence[Method], progress: Callable[[int], object] | None
) -> list[list[dict[str, FloatArray]]]:
    """Return what methods collect, by batch of chains, all of which see the same structure."""

    def collect(numbers: Sequence[int]) -> _Collected:
        chains = Chains(study, numbers)
        # Numbers that are not finite, or too large to square, end as nan and with a reason.
        with np.errstate(all="ignore"):
            return _Collected([method.collect(chains) for method in methods], chains.structure)

    batches = study.over_chains(collect, progress)
    found = [batch.structure for batch in batches]
    disputed = frozenset.union(*found) - frozenset.intersection(*found)
    if disputed:  # what only some points show is no structure, to any of them
        others = {(output, scale) for output, scale, _ in disputed}
        study = replace(study, nonseparable=study.nonseparable | others)
        return _collect(study, methods, progress)
    return [batch.parts for batch in batches]


@dataclass(frozen=True)
class VarianceCheck:
    """The reasons why an output's shares of variance are zero, nan or not to be trusted."""

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return the variance by output and scale, and whether it follows from a structure.

        The variance is nan where there is none.
        """
        study = chains.study
        found = np.empty((len(chains.numbers), len(study.outputs), len(study.scales)))
        whole = np.zeros(found.shape, dtype=bool)
        for o, output in enumerate(study.outputs):
            for s, scale in enumerate(study.scales):
                found[:, o, s] = chains.variance(output, scale)
                whole[:, o, s] = isinstance(chains.split(output, scale), Product | Sum)
        return {"variance": found, "whole": whole}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `reason` by output and scale, "" where all is well."""
        found = collected["variance"].mean(axis=0)
        moments = moment_facts(study.plan, study.sampler) if "value" in study.scales else {}
        unseen = _not_shown(study, found, np.asarray(collected["whole"].all(axis=0)))
        reasons = [
            [
                unseen[o][s] or _reason(float(found[o, s]), scale, moments.get(output, {}))
                for s, scale in enumerate(study.scales)
            ]
            for o, output in enumerate(study.outputs)
        ]
        import xarray as xr

        return Findings(
            {"reason": xr.Variable(("output", "scale"), np.array(reasons))},
            coords={"output": list(study.outputs), "scale": list(study.scales)},
        )


def _not_shown(
    study: Study, variances: FloatArray, whole: npt.NDArray[np.bool_]
) -> list[list[str]]:
    """Say which rare value draws miss that a variance may rest on, by output and scale.

    All atoms of independent inputs are looked at where an output is a product or a sum.
    """
    facts = rare_facts(study.plan, study.sampler)
    listed = {study.names[player] for player in study.listed}
    found = []
    for output, row, follows in zip(study.outputs, variances, whole, strict=True):
        size = row[study.scales.index("value")] if "value" in study.scales else 0.0
        reasons = []
        for known in follows:
            rare = [one for one in rare_of(facts[output]) if not (known and one.name in listed)]
            hidden, reason = hidden_moment(2, rare, study.draws)
            reasons.append(f"{UNSETTLED}: {reason}" if hidden > HIDDEN * size else "")
        found.append(reasons)
    return found


def _reason(variance: float, scale: str, moments: Mapping[str, float]) -> str:
    if variance == 0:
        return CONSTANT
    if not np.isfinite(variance):
        wanted = "finite" if scale == "value" else "positive and finite"
        return f"not {wanted} in all draws: no shares of variance"
    if scale == "value" and (tail := moments["tail_index"]) >= _NO_VARIANCE:
        return (
            f"its variance does not exist (tail index {max(tail, 0.5):.2g}, 0.5 and above): shares "
            "of it depend on the draws; the log scale is safe"
        )
    return ""


@dataclass(frozen=True)
class Swing:
    """Median and interval of each output with each input held at two of its quantiles.

    Parameters
    ----------
    low, high
        The levels that inputs are held at; a joint sample is held at the row at that level.

    Notes
    -----
    Inputs that hang together with the one held are drawn as they are given its value: what the
    swing shows is what learning the value would do, not what forcing it would.
    """

    low: float = 0.05
    high: float = 0.95

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return quantiles by output, player, end held at and level; and those of the outputs."""
        study = chains.study
        held = chains.held_at(self.low, self.high)
        shape = (len(chains.numbers), len(study.outputs))
        free = np.empty((*shape, len(QUANTILES)))
        found = np.empty((*shape, len(study.players), 2, len(QUANTILES)))
        for o, output in enumerate(study.outputs):
            untouched = held.value(output, held.FREE)
            free[:, o] = sample_quantiles(chains.by_block(untouched, held)[0])
            for k in range(len(study.players)):
                values = held.value(output, 1 << k)
                if values is untouched:
                    found[:, o, k] = free[:, o, None]
                else:
                    quantiles = sample_quantiles(chains.by_block(values, held))
                    found[:, o, k] = np.moveaxis(quantiles, 0, 1)
        return {"free": free, "held": found}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `median` and `interval`, and both as `swing_low_…` and `swing_high_…`."""
        variables = _variables("", collected["free"], ("output",))
        for e, end in enumerate(ENDS):
            held = collected["held"][:, :, :, e]
            variables |= _variables(f"swing_{end}_", held, ("output", "input"))
        return Findings(
            variables,
            coords={"output": list(study.outputs), "input": study.names, "end": list(ENDS)},
        )


def sample_quantiles(values: FloatArray) -> FloatArray:
    """Return the 5%, 50% and 95% quantiles along the last axis, behind what axes there are."""
    return np.moveaxis(np.quantile(values, QUANTILES, axis=-1, method="hazen"), 0, -1)


def _variables(prefix: str, quantiles: FloatArray, dims: tuple[str, ...]) -> dict[str, xr.Variable]:
    import xarray as xr

    with np.errstate(invalid="ignore"):
        found = average(quantiles)
    return {
        f"{prefix}median": xr.Variable(dims, found.value[..., 1]),
        f"{prefix}median_mcse": xr.Variable(dims, found.mcse[..., 1]),
        f"{prefix}interval": xr.Variable((*dims, "end"), found.value[..., ::2]),
        f"{prefix}interval_mcse": xr.Variable((*dims, "end"), found.mcse[..., ::2]),
    }


@dataclass(frozen=True)
class IntervalReduction:
    """By how much the 90% interval is expected to narrow, relative to its width.

    Parameters
    ----------
    levels
        At how many random levels each chain holds an input; by default half the root of its draws,
        a power of two, and at least 16.
    draws
        How many of the chain's draws are taken at each level, or all there are; by default 16 roots
        of them, so that all levels together take eight times the draws.

    Notes
    -----
    Each chain holds the input at stratified random levels, draws the others as they are given
    that, and averages the widths. On the log scale the width is the logarithm of the interval's
    ratio. Knowing an input can widen an interval, which gives less than 0.
    """

    levels: int | None = None
    draws: int | None = None

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return the interval's width, and what it narrows by, by output, player and scale."""
        levels, draws = self._sizes(chains.study.design.draws)
        if len(chains.numbers) > 1 and levels * draws * len(chains.numbers) > _MOST_AT_ONCE:
            parts = [self.collect(one) for one in chains.one_by_one()]
            return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        study, held = chains.study, chains.held_anywhere(levels, draws)
        shape = (len(chains.numbers), len(study.outputs))
        free = np.zeros((*shape, len(study.scales)))
        narrower = np.zeros((*shape, len(study.players), len(study.scales)))
        for o, output in enumerate(study.outputs):
            untouched = held.value(output, held.FREE)
            whole = sample_quantiles(chains.by_block(untouched, held)[0])
            for s, scale in enumerate(study.scales):
                free[:, o, s] = _width(whole, scale)
            for k in range(len(study.players)):
                values = held.value(output, 1 << k)
                if values is untouched:
                    continue
                known = sample_quantiles(chains.by_block(values, held))
                for s, scale in enumerate(study.scales):
                    narrower[:, o, k, s] = free[:, o, s] - _width(known, scale).mean(axis=0)
        return {"free": free, "narrower": narrower}

    def _sizes(self, draws: int) -> tuple[int, int]:
        """Return the number of levels, and of draws at each."""
        levels = max(2 ** round(np.log2(draws) / 2 - 1), _FEWEST_LEVELS)
        at_each = min(round(16 * np.sqrt(draws)), draws)
        return self.levels or levels, self.draws or at_each

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `interval_reduction`, with its error."""
        found = ratio(collected["narrower"], collected["free"][:, :, None])
        return Findings(
            found.variables("interval_reduction", ("output", "input", "scale")),
            coords={
                "output": list(study.outputs),
                "input": study.names,
                "scale": list(study.scales),
            },
        )


def _width(quantiles: FloatArray, scale: Scale) -> FloatArray:
    low, high = quantiles[..., 0], quantiles[..., -1]
    return np.asarray(high - low if scale == "value" else np.log(high) - np.log(low))


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation; nan for a joint sample, which has no order of its own."""

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return the correlation by output and player."""
        study = chains.study
        everyone = study.everyone

        def scores(name: str) -> FloatArray:
            values = chains.by_chain(chains.hybrids.value(name, everyone))
            return np.array([_standardised(chain) for chain in values])

        found = np.zeros((len(chains.numbers), len(study.outputs), len(study.players)))
        inputs = [scores(player.inputs[0]) for player in study.players]
        for o, output in enumerate(study.outputs):
            own = scores(output)
            for k, player in enumerate(study.players):
                if study.neighbours[k] & study.drivers[output]:
                    correlation = (inputs[k] * own).mean(axis=1)
                    found[:, o, k] = np.nan if player.joint else correlation
        return {"correlation": found}

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `rank_correlation`, with its error."""
        found = average(collected["correlation"])
        return Findings(
            found.variables("rank_correlation", ("output", "input")),
            coords={"output": list(study.outputs), "input": study.names},
        )


def average_ranks(values: FloatArray) -> FloatArray:
    """Return ranks from 1, equal values sharing the average of theirs.

    Examples
    --------
    >>> average_ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def _standardised(values: FloatArray) -> FloatArray:
    ranks = average_ranks(values) if np.isfinite(values).all() else np.full(values.shape, np.nan)
    sd = ranks.std()
    return np.zeros(values.shape) if sd == 0 else np.asarray((ranks - ranks.mean()) / sd)
