"""What it would be worth to know inputs for a question with a threshold: another answer, less loss.

The terms are those of the value of information: the expected value of perfect information (EVPI)
and of partial perfect information (EVPPI).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uncertain_scale.analysis.sensitivity.estimates import Chains, average
from uncertain_scale.analysis.sensitivity.loss import Loss, Penalty
from uncertain_scale.analysis.sensitivity.methods import Findings
from uncertain_scale.sampling.rare_values import hidden_moment
from uncertain_scale.statistics.moments import Facts
from uncertain_scale.units.rounding import compare

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import xarray as xr

    from uncertain_scale.analysis.events import Probability
    from uncertain_scale.analysis.sensitivity.study import Study
    from uncertain_scale.units.aliases import FloatArray
    from uncertain_scale.units.rounding import Sign

UNSETTLED = "not settled"
BOUNDED = f"{UNSETTLED}: the expected losses of both answers are only known within bounds"
_HIDDEN = 0.1  # of an expected loss, which draws may miss
_FEWEST = 10  # draws on either side of a threshold that bear an average over them
# Draws with the event at a level where the answer changes. Of the worth of knowing a normal in a
# sum of two, estimates are within two errors of quadrature from 2 on, at 1 off by half, at 0.2 by
# a factor of three.
_FEWEST_AT_A_LEVEL = 2


_EQUAL = Loss(Penalty(1.0), Penalty(1.0))


class _Expected(NamedTuple):
    """An expected loss with its error, nan where it is only bounded, and its 95% interval."""

    value: float
    mcse: float
    low: float
    high: float

    def variables(self, name: str) -> dict[str, xr.Variable]:
        """Return the four by their names."""
        import xarray as xr

        ends = ("", "_mcse", "_low", "_high")
        return {f"{name}{end}": xr.Variable((), one) for end, one in zip(ends, self, strict=True)}


@dataclass(frozen=True)
class Decision:
    """How knowing inputs would change the answer, and what that is worth.

    The answer is the one whose expected loss is smaller: without a stated loss, yes if the event's
    probability is at least 1/2.

    Parameters
    ----------
    threshold
        In the output's units.
    probability
        Of the event.
    direction
        How the output compares to it where the event happens.
    loss
        What wrong answers cost; without one, a wrong answer costs 1.
    sets
        Sets of players that are looked at besides each player, by name.
    levels
        At how many random levels each chain holds what is known.
    draws
        How many of the chain's draws are taken at each level, or all there are.
    facts
        What the model tells of the output: its range, its moments and its rare values.

    Notes
    -----
    The expected loss of an answer is the probability that it is wrong times what that costs, and
    an average over draws where this hangs on the distance. Of a distance that fewer than ten draws
    show, Schwarz's inequality bounds the mean: E[d; A]^2 <= P(A) E[d^2]. Values with a probability
    p that draws may not hold add up to p times the farthest distance that the range allows. Where
    draws bear the mean on one side of the threshold alone, the other follows from the mean of the
    output, if the model gives it: E[(y - t)+] - E[(t - y)+] = E[y] - t.

    With D the loss of the answer no less that of yes, and yes the answer without knowing more,
    knowing X is worth E[max(-E[D | X], 0)]: what is lost where the answer would be another. It is
    averaged over levels of X; at each, E[D | X] is a mean over the chain's draws, whose noise the
    maximum turns into bias. That bias falls like 1/n with the draws n, so twice the estimate from
    all draws less the mean of those from either half has none of that order.

    References
    ----------
    Raiffa and Schlaifer (1961), Applied Statistical Decision Theory. Claxton (1999),
    doi:10.1016/S0167-6296(98)00039-3. Oakley et al. (2010), doi:10.1016/j.jhealeco.2010.03.006 (the
    bias of nested sampling). Strong, Oakley and Brennan (2014), doi:10.1177/0272989X13505910.
    """

    threshold: float
    probability: Probability
    direction: Sign = ">="
    loss: Loss | None = None
    sets: Mapping[str, int] = field(default_factory=dict)
    levels: int = 256
    draws: int = 512
    facts: Facts = field(default_factory=Facts)

    def collect(self, chains: Chains) -> dict[str, FloatArray]:
        """Return how often both answers are wrong, their losses, and what knowing sets saves."""
        if len(chains.numbers) > 1:  # one by one: all levels of a chain are held in memory
            parts = [self.collect(Chains(chains.study, [number])) for number in chains.numbers]
            return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        study, held = chains.study, chains.held_anywhere(self.levels, self.draws)
        output = study.outputs[0]
        untouched = held.value(output, held.FREE)
        known = self._known(study)
        says_yes = np.zeros((len(chains.numbers), len(known)))
        saved = np.zeros((*says_yes.shape, 2))
        moved = np.zeros(says_yes.shape)
        for k, players in enumerate(known.values()):
            values = held.value(output, players)
            if values is untouched:
                continue
            yes, no = self._losses(chains.by_block(values, held))
            means = _halves(no - yes)
            says_yes[:, k] = (means[0] >= 0).mean(axis=0)
            saved[:, k] = np.stack([_without_bias(means), _without_bias(-means)], axis=-1)
            moved[:, k] = 1
        whole = chains.by_chain(chains.hybrids.value(output, study.everyone))
        yes, no = self._losses(whole)
        happens = self._happens(whole)
        return {
            "wrong": np.stack([np.logical_not(happens).sum(axis=1), happens.sum(axis=1)], axis=1),
            "losses": np.stack([yes.mean(axis=1), no.mean(axis=1)], axis=1),
            "says_yes": says_yes,
            "saved": saved,
            "moved": moved,
        }

    def summarise(self, study: Study, collected: Mapping[str, FloatArray]) -> Findings:
        """Return `probability`, `answer`, expected losses, and by input what knowing is worth."""
        import xarray as xr

        total = study.design.draws * len(collected["wrong"])
        by_draws = [self._by_draws(collected, side, total) for side in (0, 1)]
        losses = [self._by_mean(by_draws, side) for side in (0, 1)]
        rare = self._not_shown(collected, total)
        yes = losses[0].value <= losses[1].value
        moved, says_yes = collected["moved"], collected["says_yes"]
        changes = average(moved * (1 - says_yes if yes else says_yes))
        unresolved = _unresolved(rare or BOUNDED, *losses)
        chosen = np.full(len(moved), int(not yes))
        if unresolved:
            chosen = _chosen_by_others(collected["losses"])
        saved = average(collected["saved"][np.arange(chosen.size), :, 1 - chosen])
        found = self.probability
        variables = {
            **_Expected(found.value, found.mcse, found.low, found.high).variables("probability"),
            "answer": xr.Variable((), "yes" if yes else "no"),
            "answer_unresolved": xr.Variable((), unresolved),
            **changes.variables("changes", ("input",)),
            **saved.variables("gain" if self.loss is None else "evppi", ("input",)),
        }
        attrs = {
            "output": study.outputs[0],
            "threshold": self.threshold,
            "direction": self.direction,
        }
        if self.loss is not None:
            # With perfect information no answer is wrong: what is left to lose is all of it.
            evpi = _lesser(losses, collected["losses"], chosen)
            for name, loss in zip(("yes", "no"), losses, strict=True):
                variables |= loss.variables(f"expected_loss_{name}")
            variables |= evpi.variables("evpi")
            if reason := rare or self._too_rare(collected, study.design.draws):
                variables |= _unsettled(variables, reason, evpi.high)
            attrs["units"] = self.loss.units
        known = self._known(study)
        members = [",".join(study.inputs_of(players)) for players in known.values()]
        coords = {"input": list(known), "members": ("input", members)}
        return Findings(variables, coords=coords, attrs=attrs)

    def _known(self, study: Study) -> dict[str, int]:
        return {**{name: 1 << k for k, name in enumerate(study.names)}, **self.sets}

    def _by_draws(self, collected: Mapping[str, FloatArray], side: int, total: int) -> _Expected:
        """Return the expected loss of the answer yes (0) or no (1) as so many draws give it."""
        penalty, found = self._penalties[side], self.probability
        chance = np.array([found.value, found.low, found.high])
        value, low, high = chance if side else (1 - chance)[[0, 2, 1]]
        if penalty.per is None or low == high == 0:
            amount = penalty.amount
            return _Expected(value * amount, found.mcse * amount, low * amount, high * amount)
        by_draws = average(collected["losses"][:, side])
        value, width = float(by_draws.value), float(by_draws.half_width)
        if collected["wrong"][:, side].sum() < _FEWEST:
            bound = penalty.amount / penalty.per * np.sqrt(high * self._mean_square)
            return _Expected(value, np.nan, 0.0, float(bound))
        hidden, error = self._hidden(side, total), float(by_draws.mcse)
        if hidden > _HIDDEN * np.median(collected["losses"][:, side]):  # a hit is in few chains
            return _Expected(value, np.nan, 0.0, value + width + hidden)
        error, width = np.hypot(error, hidden), np.hypot(width, hidden)
        return _Expected(value, float(error), max(value - width, 0.0), float(value + width))

    @property
    def _mean_square(self) -> float:
        """Of the distance from the threshold, infinite where the model does not give it."""
        off = self.facts.exact_mean - self.threshold
        return self.facts.exact_sd**2 + off**2 if self.facts.exact else np.inf

    @property
    def _penalties(self) -> tuple[Penalty, Penalty]:
        """Of the answers yes and no, where they are wrong."""
        loss = self.loss or _EQUAL
        return loss.false_yes, loss.false_no

    def _above(self, side: int) -> bool:
        """Tell whether the answer yes (0) or no (1) is wrong above the threshold."""
        return self.direction.startswith(">") == bool(side)

    def _hidden(self, side: int, total: int) -> float:
        """Return what values that so many draws may not hold add to an expected loss."""
        penalty = self._penalties[side]
        if penalty.per is None:
            return 0.0
        above, below = self.facts.most - self.threshold, self.threshold - self.facts.least
        farthest = max(above if self._above(side) else below, 0.0)
        missed = [(mass, one.size) for one in self.facts.rare if (mass := one.missed(total))]
        if not missed:
            return 0.0
        distance = sum(mass * min(size, farthest) for mass, size in missed)
        most = np.sqrt(self._mean_square) * math.sqrt(sum(mass for mass, _ in missed))
        return penalty.amount / penalty.per * float(min(distance, most))

    def _not_shown(self, collected: Mapping[str, FloatArray], total: int) -> str:
        """Say which value so many draws miss, if an expected loss may rest on it."""
        losses = np.median(collected["losses"], axis=0)
        rests = any(self._hidden(side, total) > _HIDDEN * losses[side] for side in (0, 1))
        _, reason = hidden_moment(1, self.facts.rare, total) if rests else (0.0, "")
        return reason and f"{UNSETTLED}: {reason}"

    def _by_mean(self, by_draws: list[_Expected], side: int) -> _Expected:
        """Return an expected loss, narrowed by the other one where draws only bound it.

        The difference of both follows from the exact mean.
        """
        one, other = by_draws[side], by_draws[1 - side]
        own, others = self._penalties[side], self._penalties[1 - side]
        known = np.isfinite(self.facts.exact_mean) and not np.isnan(other.low)
        if not (known and np.isnan(one.mcse)) or own.per is None or others.per is None:
            return one
        rate, scale = own.amount / own.per, others.amount / others.per
        off = (1 if self._above(side) else -1) * (self.facts.exact_mean - self.threshold)
        ends = (other.value, other.low, other.high)
        value, low, high = (rate * max(end / scale + off, 0.0) for end in ends)
        if not np.isnan(other.mcse) and high - low < one.high - one.low:
            return _Expected(value, rate / scale * other.mcse, low, high)
        low, high = max(low, one.low), min(high, one.high)
        return _Expected(min(max(one.value, low), high), np.nan, low, high)

    def _too_rare(self, collected: Mapping[str, FloatArray], draws: int) -> str:
        """Say why draws do not show what knowing an input is worth, where they do not."""
        counts = collected["wrong"].sum(axis=0)
        if self.probability.low == self.probability.high in {0, 1}:
            return ""
        if counts.min() < _FEWEST:
            event = "contrary of the event" if np.argmin(counts) == 0 else "event"
            total = draws * len(collected["wrong"])
            return f"{UNSETTLED}: the {event} is in {counts.min():,.0f} of the {total:,} draws"
        loss, level = self.loss or _EQUAL, min(self.draws, draws)
        switch = loss.false_yes.amount / (loss.false_yes.amount + loss.false_no.amount)
        if not loss.grows and min(switch, 1 - switch) * level < _FEWEST_AT_A_LEVEL:
            return (
                f"{UNSETTLED}: the answer changes at a probability of {100 * switch:.3g}%, which "
                f"{level:,} draws at each level of an input do not show"
            )
        return ""

    def _happens(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        return compare(values, self.direction, self.threshold)

    def _losses(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the losses of the answers yes and no, draw by draw."""
        loss = self.loss or _EQUAL
        happens = self._happens(values)
        distance = np.abs(values - self.threshold) if loss.grows else np.empty(values.shape)
        distance = np.where(np.isinf(distance), np.nan, distance) if loss.grows else distance
        return loss.of(happens, distance)


def _chosen_by_others(losses: FloatArray) -> npt.NDArray[np.intp]:
    """Return for each chain the answer, 0 for yes and 1 for no, that all other chains give.

    The lesser of two averages is too small on average: the answer is chosen by the same noise that
    its loss is read with. A chain that has no part in the choice has no such bias.

    Parameters
    ----------
    losses
        Of yes and of no, shape (chain, answer).
    """
    others = losses.sum(axis=0) - losses if len(losses) > 1 else losses
    return np.asarray(np.argmin(others, axis=1))


def _halves(values: FloatArray) -> FloatArray:
    """Return means over draws, the last axis: of all, of the first half and of the second."""
    half = values.shape[-1] // 2
    first, second = values[..., :half].mean(axis=-1), values[..., half:].mean(axis=-1)
    return np.stack([values.mean(axis=-1), first, second])


def _without_bias(means: FloatArray) -> FloatArray:
    """Return E[max(m, 0)] over levels from means (all or half of the draws, level, chain)."""
    gained = np.maximum(means, 0).mean(axis=1)
    return np.asarray(2 * gained[0] - (gained[1] + gained[2]) / 2)


def _lesser(
    expected: list[_Expected], losses: FloatArray, chosen: npt.NDArray[np.intp]
) -> _Expected:
    """Return the lesser of the expected losses of yes and no, without the bias of a choice.

    Parameters
    ----------
    expected
        Of yes and of no.
    losses
        As draws give them, shape (chain, answer).
    chosen
        The answer of each chain, 0 for yes and 1 for no.

    Notes
    -----
    The bias is that of the averages over draws, in proportion to the error of what is chosen.
    """
    least = min(expected)
    value = least.value
    if np.ptp(chosen) and np.isfinite(least.mcse):
        unbiased = average(losses[np.arange(chosen.size), chosen])
        bias = float(unbiased.value - losses.mean(axis=0).min())
        value += bias * least.mcse / float(unbiased.mcse)
    low, high = (min(one[end] for one in expected) for end in (2, 3))
    return _Expected(value, least.mcse, low, high)


def _unsettled(
    variables: Mapping[str, xr.Variable], reason: str, most: float
) -> dict[str, xr.Variable]:
    """Return what takes the place of the worth of inputs that draws do not show.

    Parameters
    ----------
    variables
        With the estimates that they make.
    reason
        Why they do not show it.
    most
        The worth of knowing everything.
    """
    shape = variables["evppi"].shape
    ends = {"": np.nan, "_mcse": np.nan, "_low": 0.0, "_unresolved": reason}
    worth, changes = ({**ends, "_high": high} for high in (most, 1.0))
    return {
        f"{name}{end}": variables[f"{name}{end}"].copy(data=np.full(shape, value))
        for name, figures in (("evppi", worth), ("changes", changes))
        for end, value in figures.items()
    }


def _unresolved(bounded: str, yes: _Expected, no: _Expected) -> str:
    """Say where the other answer may be as good, for all that the draws tell, or bound."""
    if not (yes.low <= no.high and no.low <= yes.high):
        return ""
    if np.isnan([yes.mcse, no.mcse]).any():
        return bounded
    return "either answer: their expected losses differ by less than the Monte Carlo error"
