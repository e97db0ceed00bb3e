"""Evidence that cannot be believed: against the priors, or one observation against another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.analysis.conditioning.posterior import Space, find_posterior, over_chains
from uncertain_scale.analysis.conditioning.rarity import (
    p_value_by_levels,
    p_value_in_gap,
    p_value_of,
)
from uncertain_scale.errors import EvidenceError
from uncertain_scale.sampling.design import Design
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.intervals import quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.analysis.conditioning.terms import Term
    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.units.aliases import FloatArray

_NEVER = 1e-6
_DOUBTFUL = 0.05
_ROUGH = 0.02  # relative error of a doubtful p-value, beyond which it is estimated by levels
_LEVELS = (0.05, 0.5, 0.95)
_DRAWS = Design(draws=4096, chains=16)
_QUICK = Design(draws=1024, chains=4)


@dataclass(frozen=True)
class Prediction:
    """What is predicted for an observation, and how far out the value observed lies.

    Parameters
    ----------
    quantiles, errors
        5%, 50% and 95% of the variable itself, in the model's units, and their Monte Carlo errors.
    farthest
        Least and largest of its draws.
    p_value, p_value_error
        How unlikely an observation such as this is (see `p_value_of`), and its Monte Carlo error.
    draws
        Number of draws behind these.
    """

    quantiles: FloatArray
    errors: FloatArray
    farthest: tuple[float, float]
    p_value: float
    p_value_error: float
    draws: int


def predict(term: Term, predicted: FloatArray) -> Prediction:
    """Compare draws of an observed variable with the value observed.

    Parameters
    ----------
    term
        The observation.
    predicted
        Draws of shape (chain, draw), in the model's units.
    """
    draws = predicted[np.isfinite(predicted)]
    nothing = np.full(3, np.nan)
    if not draws.size:
        return Prediction(nothing, nothing, (np.nan, np.nan), 0.0, 0.0, predicted.size)
    found, errors = np.quantile(draws, _LEVELS, method="hazen"), nothing
    if draws.size == predicted.size:
        found, errors = quantiles(Draws(predicted), np.array(_LEVELS))
    return Prediction(
        found,
        errors,
        (float(draws.min()), float(draws.max())),
        *p_value_of(term.observation, predicted),
        draws.size,
    )


def refuse_against_prior(terms: Sequence[Term], priors: Priors, seed: int) -> list[Prediction]:
    """Return what the prior predicts for each observation, unless it practically excludes one.

    Raises
    ------
    EvidenceError
        Prior predictive p-values below one in a million, all at once.
    """
    design = replace(_DRAWS, seed=seed)
    found, faults = [], []
    for term in terms:
        space = Space.of([term], priors)

        def draw(chain: int, term: Term = term, space: Space = space) -> FloatArray:
            return term.predict(space.columns(space.points(design, chain)))

        predicted = np.array(over_chains(draw, design.chains))
        prediction = predict(term, predicted)
        if prediction.p_value < _DOUBTFUL and not _accurate(prediction):
            p_value, error = p_value_by_levels(term, priors, seed)
            prediction = replace(prediction, p_value=p_value, p_value_error=error)
        alone = None
        if prediction.p_value >= _DOUBTFUL:
            alone = p_value_in_gap(term.observation, predicted)
        if alone is not None:
            prediction = replace(prediction, p_value=alone, p_value_error=alone)
        found.append(prediction)
        if prediction.p_value < _NEVER:
            faults.append(_against_prior(term, prediction))
    if faults:
        raise EvidenceError(faults)
    return found


def _accurate(prediction: Prediction) -> bool:
    return prediction.p_value_error <= _ROUGH * prediction.p_value and prediction.p_value > 0


def refuse_against_each_other(
    terms: Sequence[Term], predictions: Sequence[Prediction], priors: Priors, seed: int
) -> None:
    """Refuse observations that cannot hold together.

    Parameters
    ----------
    terms, predictions
        The observations, and what the posterior given all of them predicts for each.
    priors
        The scenario.
    seed
        Seed of the runs that leave the most doubtful observation out.

    Raises
    ------
    EvidenceError
        Given all the others, the one that fits worst has a p-value below one in a million.
    """
    if len(terms) < 2:
        return
    worst = int(np.argmin([one.p_value for one in predictions]))
    if predictions[worst].p_value >= _DOUBTFUL:
        return
    doubted = terms[worst]
    others = [term for k, term in enumerate(terms) if k != worst]
    if not set(doubted.coordinates) & {name for term in others for name in term.coordinates}:
        return  # nothing is shared, so the others say nothing about it
    whole = _given(doubted, others, priors, replace(_DRAWS, seed=seed))
    if whole.p_value >= _NEVER:
        return
    pairs = [
        (_given(doubted, [other], priors, replace(_QUICK, seed=seed)), other) for other in others
    ]
    prediction, other = min(pairs, key=lambda pair: pair[0].p_value)
    if prediction.p_value < _NEVER:
        raise EvidenceError([_against_one(doubted, other, prediction)])
    names = ", ".join(f"'{term.observation.name}'" for term in others)
    raise EvidenceError([_against_all(doubted, names, whole)])


def _given(term: Term, others: Sequence[Term], priors: Priors, design: Design) -> Prediction:
    """Return what is predicted for an observation, given others."""
    space = Space.of(others, priors)
    posterior = find_posterior(space, design, "smc")
    rest = Space.of([term], priors)

    def draw(chain: int) -> FloatArray:
        columns = rest.columns(rest.points(design, chain)) | space.columns(posterior.u[chain])
        return term.predict(columns)

    return predict(term, np.array(over_chains(draw, design.chains)))


def _against_prior(term: Term, prediction: Prediction) -> str:
    seen = term.observation
    inputs = ", ".join(term.inputs[:5]) or "what is given"
    return seen.fault(
        "value",
        f"contradicts the prior: {seen.variable} is observed as {seen.words}, but what is believed "
        f"and given makes it {_range(term, prediction)}; check its value, units and givens, widen "
        f"the priors of {inputs}, or give the observation its own",
    )


def _against_one(term: Term, other: Term, prediction: Prediction) -> str:
    seen, against = term.observation, other.observation
    return seen.fault(
        "value",
        f"and '{against.name}' ({against.places.get('', '')}) cannot both hold: {seen.variable} is "
        f"observed as {seen.words}, but given {against.variable} of {against.words} it would be "
        f"{_range(term, prediction)}; {_mend(term, other)}",
    )


def _against_all(term: Term, names: str, prediction: Prediction) -> str:
    seen = term.observation
    return seen.fault(
        "value",
        f"cannot hold together with {names}: {seen.variable} is observed as {seen.words}, but "
        f"given these it would be {_range(term, prediction)}; drop one, widen its error, or give "
        "it its own inputs",
    )


def _mend(term: Term, other: Term) -> str:
    shared = [name for name in term.inputs if name in other.inputs]
    own = f", or let one of them own {' or '.join(shared[:4])}" if shared else ""
    return f"drop one, widen its error{own}"


def _range(term: Term, prediction: Prediction) -> str:
    """Write what is predicted, in the units of the observation."""
    seen = term.observation
    factor = seen.factor
    low, high = (f"{prediction.quantiles[k] / factor:.3g}" for k in (0, 2))
    least, most = (f"{end / factor:.3g}" for end in prediction.farthest)
    units = "" if seen.units == "1" else f" {seen.units}"
    return (
        f"{low} to {high}{units} (90%; {least} to {most} in {prediction.draws:,} draws; "
        f"p < {_NEVER:g})"
    )
