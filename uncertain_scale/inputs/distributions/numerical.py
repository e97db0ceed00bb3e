"""Numerical methods for quantile functions: ends, expansion, roots, shapes and integrals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from uncertain_scale.inputs.distributions.statement import NamedQuantiles
    from uncertain_scale.units.aliases import FloatArray

REACH = 8.5
"""Normal scores within plus and minus this are expanded: u from 1e-17 to 1 - 1e-17."""
_CHUNK = 32768
_NODES = 16
# p = exp(-t)/2: narrow panels where mass is, wide ones out to p = 1e-300.
_EDGES = np.concatenate([np.arange(0, 8, 0.25), np.arange(8, 16, 0.5), np.geomspace(16, 690, 40)])


def score(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return the normal scores of probabilities p whose complements are q, exact in both tails."""
    from scipy.special import ndtri

    z = np.asarray(ndtri(np.minimum(p, q)))
    return np.asarray(z * (1.0 - 2.0 * (p > q)))


def at_ends(
    x: FloatArray, p: FloatArray, q: FloatArray, support: tuple[float, float]
) -> FloatArray:
    """Put the ends of the support where p or q is exactly 0, and NaN outside [0, 1]."""
    x = np.asarray(x)
    if p.size and not (p.min() > 0 and q.min() > 0):  # NaN counts as at an end
        x = np.where(p == 0, support[0], np.where(q == 0, support[1], x))
        x = np.where((p < 0) | (q < 0), np.nan, x)
    return x


def inside(u: FloatArray) -> bool:
    """Tell whether all probabilities are above 0 and below 1, and there are any."""
    return bool(u.size and u.min() > 0 and u.max() < 1)  # NaN is not


def mass_between(below: FloatArray, above: FloatArray) -> float:
    """Return P between two points from P below and above each, by the end that keeps digits."""
    return float(below[1] - below[0] if below[0] <= 0.5 else above[0] - above[1])


@dataclass(frozen=True, eq=False)
class Expansion:
    """A function of z on [-REACH, REACH].

    Parameters
    ----------
    coefficients
        Shape (degree + 1, pieces), of powers of the place within a piece, from -1/2 to 1/2.
    good
        Shape (pieces,): whether the error of the piece is below the tolerance.
    """

    coefficients: FloatArray
    good: npt.NDArray[np.bool_]

    def __call__(self, z: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intp]]:
        """Return values at flat z, and the indices of those that are not to be trusted."""
        pieces = self.good.size
        within = bool(z.size and z.min() > -REACH and z.max() < REACH)
        if not within:
            inside = np.abs(z) < REACH  # NaN is not
            z = np.where(inside, z, 0.0)
        place = z + REACH
        place *= pieces / (2 * REACH)
        whole = np.floor(place)
        piece = whole.astype(np.intp)
        place -= whole
        place -= 0.5
        value = self.coefficients[-1].take(piece, mode="clip")
        coefficient = np.empty_like(value)
        for row in self.coefficients[-2::-1]:
            value *= place
            value += row.take(piece, mode="clip", out=coefficient)
        doubtful = np.full(0, 0) if within else np.flatnonzero(~inside)
        if not self.good.all():
            bad = np.flatnonzero(~self.good.take(piece, mode="clip"))
            doubtful = np.union1d(doubtful, bad)
        return value, doubtful


def expand(
    function: Callable[[FloatArray], FloatArray],
    tolerance: float = 1e-9,
    *,
    by_range: bool = False,
    degree: int = 5,
    pieces: tuple[int, int] = (64, 2048),
) -> Expansion:
    """Fit piecewise polynomials to a slow function that is smooth in the normal score z = z(u).

    It is interpolated at Chebyshev nodes on equal pieces of z, finer ones until the error on a grid
    between the nodes is below a tolerance. Pieces that never get there, and points outside, are
    left to the exact function.

    Parameters
    ----------
    function
        Vectorised; smooth almost everywhere.
    tolerance
        Absolute error that a piece may have, as a relative error is one in the logarithm.
    by_range
        Whether the tolerance is a part of the function's range in the piece instead, so that it is
        one of the probability rather than of the value.
    degree
        Of the polynomials; higher ones need fewer pieces, and longer to evaluate.
    pieces
        The coarsest and the finest division that are tried.

    Examples
    --------
    >>> fitted = expand(np.tanh)
    >>> values, doubtful = fitted(np.array([0.3, 9.0]))
    >>> abs(values[0] - np.tanh(0.3)) < 1e-9, doubtful.tolist()
    (np.True_, [1])
    """

    def allowed(values: FloatArray) -> FloatArray:
        if not by_range:
            return np.full(values.shape[1:], tolerance)
        rounding = 8 * np.finfo(float).eps * np.abs(values).max(axis=0)
        return np.asarray(tolerance * np.ptp(values, axis=0) + rounding)

    count, finest = pieces
    while True:
        fitted = _fit(function, count, degree, allowed)
        if fitted.good.all() or count >= finest:
            return fitted
        count *= 2


def _fit(
    function: Callable[[FloatArray], FloatArray],
    pieces: int,
    degree: int,
    allowed: Callable[[FloatArray], FloatArray],
) -> Expansion:
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)) / 2
    between = np.cos(np.pi * np.arange(degree + 2) / (degree + 1)) / 2
    width = 2 * REACH / pieces
    middles = -REACH + width * (np.arange(pieces) + 0.5)
    with np.errstate(all="ignore"):
        samples = function((middles + width * nodes[:, None]).ravel()).reshape(-1, pieces)
        coefficients = np.linalg.solve(np.vander(nodes, increasing=True), samples)
        checks = function((middles + width * between[:, None]).ravel()).reshape(-1, pieces)
        guesses = np.vander(between, degree + 1, increasing=True) @ coefficients
        errors = np.abs(guesses - checks).max(axis=0)
        good = errors < allowed(checks)
    return Expansion(np.ascontiguousarray(coefficients), good)


def in_chunks(function: Callable[[FloatArray], FloatArray], u: FloatArray) -> FloatArray:
    """Apply an elementwise function piece by piece, so that its scratch stays in the cache."""
    flat = u.ravel()
    if flat.size <= _CHUNK:
        return function(flat).reshape(u.shape)
    result = np.empty_like(flat)
    for start in range(0, flat.size, _CHUNK):
        result[start : start + _CHUNK] = function(flat[start : start + _CHUNK])
    return result.reshape(u.shape)


def increasing_roots(
    function: Callable[..., FloatArray],
    low: FloatArray,
    high: FloatArray,
    args: tuple[FloatArray, ...] = (),
) -> FloatArray:
    """Return where increasing functions cross zero, by Chandrupatla's bracketing method.

    Parameters
    ----------
    function
        Takes points and `args`, elementwise; increasing in the points.
    low, high
        Brackets. Where the function is not below zero at `low` that is the root, and so for `high`.
    args
        Arrays of the brackets' shape, such as the values to be inverted.

    Notes
    -----
    T. R. Chandrupatla (1997), Advances in Engineering Software 28, 145-149,
    doi:10.1016/S0965-9978(96)00051-8.

    Examples
    --------
    >>> increasing_roots(lambda x, y: x**3 - y, np.zeros(1), np.full(1, 9.0), (np.array([8.0]),))
    array([2.])
    """
    from scipy.optimize.elementwise import find_root

    with np.errstate(all="ignore"):
        roots = np.where(function(low, *args) >= 0, low, high)
        inside = (function(low, *args) < 0) & (function(high, *args) > 0)
        if inside.any():
            bracket = low[inside], high[inside]
            tolerances = {"xrtol": 1e-15, "xatol": 0.0, "fatol": 0.0, "frtol": 0.0}
            result = find_root(
                function,
                bracket,
                args=tuple(arg[inside] for arg in args),
                tolerances=tolerances,
                maxiter=200,
            )
            roots[inside] = result.x
    return roots


def shape_from_three(
    quantiles: NamedQuantiles,
    standard: Callable[[float, FloatArray], FloatArray],
    shapes: FloatArray,
    preferred: float,
) -> tuple[float, float, float]:
    """Find the shape, location and scale that reproduce three quantiles.

    With x = location + scale * t(shape), the ratio (x3 - x2) / (x2 - x1) depends on the shape
    alone, so one root is sought along a grid of shapes and then polished.

    Parameters
    ----------
    standard
        Quantiles of location 0 and scale 1 for a shape and levels.
    shapes
        Ascending grid.
    preferred
        Of several solutions the one nearest to this is taken.

    Raises
    ------
    DistributionError
        There is none, or the quantiles do not determine the shape.
    """
    from scipy.optimize import brentq

    steps = np.diff(quantiles.values)
    wanted = np.log(steps[1] / steps[0])

    def gap(shape: float) -> float:
        first, second = np.diff(standard(shape, quantiles.levels))
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.log(second / first) - wanted)

    gaps = np.array([gap(float(shape)) for shape in shapes])
    if np.ptp(gaps) < 1e-9:
        raise quantiles.refuse("these levels do not determine the shape; give it by its name")
    roots = shapes[np.abs(gaps) < 1e-14].tolist()
    for left in np.flatnonzero(np.sign(gaps[:-1]) * np.sign(gaps[1:]) < 0):
        roots.append(brentq(gap, shapes[left], shapes[left + 1], xtol=1e-16, maxiter=500))
    if not roots:
        raise quantiles.refuse()
    shape = float(min(roots, key=lambda root: abs(root - preferred)))
    points = standard(shape, quantiles.levels)
    scale = (quantiles.values[2] - quantiles.values[0]) / (points[2] - points[0])
    return shape, float(quantiles.values[0] - scale * points[0]), float(scale)


def expectation(
    integrand: Callable[[FloatArray, FloatArray], FloatArray],
    kinks: Iterable[tuple[float, float]] = (),
) -> float:
    """Integrate a function of probability over (0, 1), as moments are: E f(X) is that of f(Q(p)).

    Each half is integrated in log p, where normal tails, power laws and bounded ends are all
    smooth, by Gauss-Legendre rules on panels that break at the kinks of Q.

    Parameters
    ----------
    integrand
        Takes p and its complement q = 1 - p, each with full relative accuracy.
    kinks
        Pairs (p, q) where the integrand is not smooth.

    Returns
    -------
    float
        The integral, to about 1e-12 relative for an integrand smooth in log p and log q.

    Notes
    -----
    The part beyond p = 1e-300 is added as a power law, so that p^(-0.99) comes out right too.

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
