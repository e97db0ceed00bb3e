"""One set of priors laid over another, and what must hold of the result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from uncertain_scale.errors import nearest
from uncertain_scale.inputs.distributions import Mixture

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from uncertain_scale.inputs.prior import Correlation, Priors
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["correlation_matrix", "lay_over", "loose_ends", "unknown_ends"]

_MOST_EFFORT = 5_000  # of all mixtures of a scenario
_MOST_TIED = 1_000


def lay_over(base: Priors, overlay: Priors) -> Priors:
    """Return `base` with what `overlay` states in its place or behind it.

    An input is replaced whole and keeps its coordinate; a correlation replaces that of the same
    pair; a joint sample is gone once none of its inputs is drawn with it.
    """
    inputs = {**base.inputs, **overlay.inputs}
    pairs = {frozenset(c.inputs): c for c in (*base.correlations, *overlay.correlations)}
    drawn_together = {prior.joint for prior in inputs.values()}
    joints = {joint.name: joint for joint in (*base.joints, *overlay.joints)}
    return replace(
        base,
        title=overlay.title or base.title,
        inputs=inputs,
        correlations=tuple(pairs.values()),
        joints=tuple(joint for name, joint in joints.items() if name in drawn_together),
        files=(*base.files, *overlay.files),
        coordinates=(*base.coordinates, *overlay.coordinates),
    )


def loose_ends(priors: Priors) -> list[str]:
    """Return the faults of how inputs are tied together: a line each, none where all is well."""
    return unknown_ends(priors) or [
        *_too_much_effort(priors),
        *_not_positive_definite(priors.correlations),
    ]


def unknown_ends(priors: Priors, spoiled: Collection[str] = ()) -> list[str]:
    """Return a line for each input that is tied, and is not there or cannot be.

    Parameters
    ----------
    priors
        With all that could be read.
    spoiled
        Names of inputs that could not.
    """
    faults = []
    for correlation in priors.correlations:
        where = f"{correlation.provenance.place} [[correlations]]".strip()
        for name in correlation.inputs:
            prior = priors.inputs.get(name)
            if prior is None and name in spoiled:
                continue
            if prior is None:
                hint = nearest(name, priors.inputs)
                faults.append(f"{where} '{name}' is not an input of the scenario; {hint}")
            elif prior.joint:
                faults.append(
                    f"{where} '{name}' is drawn by whole rows of a joint sample; "
                    "drop the correlation, the rows carry theirs"
                )
    for joint in priors.joints:
        loose = [name for name in joint.inputs if priors.inputs[name].joint != joint.name]
        if loose:
            faults.append(
                f"{priors.inputs[loose[0]].provenance.where} [inputs.{loose[0]}] '{loose[0]}' is "
                f"drawn by whole rows with {', '.join(n for n in joint.inputs if n not in loose)}; "
                "replace all of them, or none"
            )
    return faults


def correlation_matrix(names: Sequence[str], correlations: Sequence[Correlation]) -> FloatArray:
    """Return the correlation matrix of the normal scores of the inputs `names`."""
    matrix = np.eye(len(names))
    for correlation in correlations:
        if set(correlation.inputs) <= set(names):
            i, j = (names.index(name) for name in correlation.inputs)
            matrix[i, j] = matrix[j, i] = correlation.normal
    return matrix


def _too_much_effort(priors: Priors) -> list[str]:
    mixtures = {
        name: prior.distribution.total_effort()
        for name, prior in priors.inputs.items()
        if isinstance(prior.distribution, Mixture)
    }
    if sum(mixtures.values()) <= _MOST_EFFORT:
        return []
    most = max(mixtures, key=mixtures.__getitem__)
    fault = (
        f"{priors.inputs[most].provenance.where} [inputs.{most}] the components of the mixtures "
        f"count {sum(mixtures.values()):,} in all and may count {_MOST_EFFORT:,}, those of this "
        f"one {mixtures[most]:,}; state it with fewer"
    )
    return [fault]


def _not_positive_definite(correlations: Sequence[Correlation]) -> list[str]:
    names = list(dict.fromkeys(name for c in correlations for name in c.inputs))
    if len(names) > _MOST_TIED:
        fault = (
            f"{correlations[-1].provenance.where} [[correlations]] tie {len(names):,} inputs; "
            f"expected at most {_MOST_TIED:,}; draw those of them together as [[joint]] samples"
        )
        return [fault]
    smallest = np.linalg.eigvalsh(correlation_matrix(names, correlations)).min(initial=1.0)
    if smallest > 1e-9:
        return []
    pairs = "; ".join(f"{' and '.join(c.inputs)} {c.rank:g}" for c in correlations)
    fault = (
        f"{correlations[-1].provenance.where} [[correlations]] the correlations contradict one "
        f"another: their matrix is not positive definite (smallest eigenvalue {smallest:.2g}); "
        f"bring one of them nearer to 0: {pairs}"
    )
    return [fault]
