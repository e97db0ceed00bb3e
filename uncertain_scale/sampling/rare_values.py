"""Values of inputs so improbable that draws may hold few of them or none.

An atom of a discrete kind or a component of a mixture is known from the prior, however few of the
draws show it. What rests on it has a mean that those draws do not bear.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uncertain_scale.model import Plan
    from uncertain_scale.sampling.dependence import InputSampler
    from uncertain_scale.units.aliases import FloatArray


def rare_facts(plan: Plan, sampler: InputSampler) -> dict[str, dict[str, str]]:
    """Return, by output, the rare values of inputs that it rests on, as attributes of its draws.

    Parameters
    ----------
    plan
        Which equations, in which order.
    sampler
        The inputs, drawn by their priors or in rows of a joint sample.

    Returns
    -------
    dict
        By output `rare`, a list in JSON of inputs with a probability and a limit, as `rare_masses`
        returns them; nothing for an output without such inputs.
    """
    known = {}
    for name in sampler.names:
        prior, rows = sampler.belief(name)
        if rows is None and (found := rare_masses(prior.distribution.masses())):
            known[name] = [(name, *pair) for pair in found]
    facts = {}
    for output in plan.outputs:
        behind = plan.reached[output].ancestors | {output}
        rare = [one for name, found in known.items() if name in behind for one in found]
        facts[output] = {"rare": json.dumps(rare)} if rare else {}
    return facts


def rare_masses(masses: FloatArray) -> list[tuple[float, float]]:
    """Return pairs (s, l): the masses below any e with s < e <= l are s together, so less than e.

    Of a thousand equal masses none is rare, however small: about as many as expected are drawn.

    Parameters
    ----------
    masses
        Probabilities that add up to 1.

    Examples
    --------
    >>> rare_masses(np.array([0.9375, 0.0625]))
    [(0.0625, 0.9375)]
    >>> rare_masses(np.full(1000, 1e-3))
    []
    """
    ordered = np.sort(masses)
    together = np.cumsum(ordered)[:-1]
    apart = together < ordered[1:]
    pairs = zip(together[apart].tolist(), ordered[1:][apart].tolist(), strict=True)
    return list(pairs)
