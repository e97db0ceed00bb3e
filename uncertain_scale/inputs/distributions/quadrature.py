"""Moments by quadrature over probability, for distributions that have no closed form.

E f(X) is the integral of f(Q(p)) over p in (0, 1). Each half is integrated in log p, where normal
tails, power laws and bounded ends are all smooth, by Gauss-Legendre rules on panels that break at
the kinks of Q.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uncertain_scale.units.aliases import FloatArray

__all__ = ["expectation"]

_NODES = 16
# p = exp(-t)/2: narrow panels where mass is, wide ones out to p = 1e-300.
_EDGES = np.concatenate([np.arange(0, 8, 0.25), np.arange(8, 16, 0.5), np.geomspace(16, 690, 40)])


def expectation(
    integrand: Callable[[FloatArray, FloatArray], FloatArray],
    kinks: Iterable[tuple[float, float]] = (),
) -> float:
    """Integrate a function of probability over (0, 1).

    Parameters
    ----------
    integrand
        Takes p and its complement q = 1 - p, each with full relative accuracy.
    kinks
        Pairs (p, q) where the integrand is not smooth.

    Returns
    -------
    float
        The integral, to about 1e-12 relative for what is smooth in log p and log q.

    Notes
    -----
    What lies beyond p = 1e-300 is added as a power law, so that p^(-0.99) comes out right too.

    Examples
    --------
    >>> round(expectation(lambda p, q: p ** -0.99), 6)
    100.0
    """
    pairs = list(kinks)
    lower = _half(integrand, [p for p, q in pairs if p <= q])
    upper = _half(lambda q, p: integrand(p, q), [q for p, q in pairs if q < p])
    return lower + upper


def _half(
    integrand: Callable[[FloatArray, FloatArray], FloatArray], kinks: Iterable[float]
) -> float:
    breaks = -np.log(2 * np.array([kink for kink in kinks if kink > 0.0]))
    edges = np.unique(np.concatenate([_EDGES, breaks[breaks < _EDGES[-1]]]))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(edges)[:, None] / 2
    t = edges[:-1, None] + half * (1 + nodes)
    small = np.exp(-t) / 2
    with np.errstate(over="ignore", under="ignore"):
        values = integrand(small, 1 - small) * small
    total = float(np.sum(values * half * weights))
    last, before = values[-1, -1], values[-1, 0]
    if last == 0 or before / last <= 1 or not np.isfinite(before / last):
        return total
    rate = np.log(before / last) / (t[-1, -1] - t[-1, 0])
    return total + float(last / rate * np.exp(-rate * (edges[-1] - t[-1, -1])))
