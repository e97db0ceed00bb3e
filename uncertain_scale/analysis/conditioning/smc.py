"""Sequential Monte Carlo: draws led from the prior to the posterior, or into a rare region of it.

In normal scores of the cube the prior is N(0, I) whatever the inputs are, so one set of moves
serves all of them. Each chain runs by itself, so that the spread between chains is honest. A
temperature is raised where the likelihood has one. One that is 0 outside of bounds has no
temperature at which it is mild: such bounds are led in themselves, level by level, each of which
half of the draws meet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from uncertain_scale.units.aliases import FloatArray

_TARGET = 0.5  # of the effective sample size, left by one rise of the temperature
_MOST_STAGES = 200
# A stage moves until no coordinate, nor the likelihood, remembers more than this of where it began.
_MEMORY, _LAST_MEMORY = 0.5, 0.1
_SWEEPS, _LAST_SWEEPS = (2, 12), (4, 40)
_ACCEPTED = 0.35
_THINNEST = 1e-12  # of a coordinate's variance

SHARE = 0.5
"""Of the draws, that a level holds, and that the evidence must allow in the end."""

_LEAST = np.log(1e-15)  # probability, below which nothing is looked for
_TWINS = 0.01  # of the draws, up to which those at one distance are twins that have not moved
_MOVES = 0.5  # a temperature below 1, at which moves need not forget everything


@dataclass
class Cloud:
    """Particles of one chain.

    Parameters
    ----------
    z
        Normal scores of the coordinates, shape (particle, coordinate).
    log_likelihood
        Of each particle, shape (particle,).
    log_evidence
        Estimate of the logarithm of the mean likelihood under the prior.
    temperatures
        Those gone through after 0; the last is 1.
    memory
        Largest correlation of a coordinate with where it began in the last stage.
    steps
        Scale of each kind of move, tuned as they go.
    """

    z: FloatArray
    log_likelihood: FloatArray
    log_evidence: float = 0.0
    temperatures: list[float] = field(default_factory=list)
    memory: float = 0.0
    steps: dict[str, float] = field(default_factory=lambda: {"pull": 0.7, "walk": 1.0})

    def chosen(self, index: npt.NDArray[np.intp]) -> Cloud:
        """Return the same cloud with some of its particles, or some of them several times."""
        return Cloud(
            self.z[index],
            self.log_likelihood[index],
            self.log_evidence,
            self.temperatures,
            self.memory,
            self.steps,
        )


def temper(
    cloud: Cloud, log_likelihood: Callable[[FloatArray], FloatArray], rng: np.random.Generator
) -> Cloud:
    """Lead particles of the prior to the posterior.

    Parameters
    ----------
    cloud
        Draws of the prior, at least one of them with a likelihood above 0.
    log_likelihood
        Of normal scores, shape (particle, coordinate) to (particle,).
    rng
        The chain's own randomness.

    Returns
    -------
    Cloud
        Equally weighted draws of the posterior.

    References
    ----------
    Del Moral, Doucet and Jasra (2006), doi:10.1111/j.1467-9868.2006.00553.x. Temperatures by the
    effective sample size: Jasra, Stephens, Doucet and Tsagaris (2011),
    doi:10.1111/j.1467-9469.2010.00723.x. Moves until memory is lost: Buchholz, Chopin and Jacob
    (2021), doi:10.1214/20-BA1247.
    """
    temperature = 0.0
    while temperature < 1:
        rise = _rise(cloud.log_likelihood, 1 - temperature)
        last = temperature + rise >= 1 or len(cloud.temperatures) >= _MOST_STAGES
        rise = 1 - temperature if last else rise
        weights = rise * cloud.log_likelihood
        top = weights.max()
        cloud.log_evidence += float(top + np.log(np.exp(weights - top).mean()))
        temperature = 1.0 if last else temperature + rise
        cloud.temperatures.append(temperature)
        cloud = cloud.chosen(resample(np.exp(weights - top), rng))
        move(cloud, log_likelihood, rng, temperature=temperature)
    return cloud


def move(
    cloud: Cloud,
    log_likelihood: Callable[[FloatArray], FloatArray],
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
) -> None:
    """Move particles in place, leaving prior x likelihood^temperature as it is, until mixed.

    Parameters
    ----------
    cloud, log_likelihood, rng
        As in `temper`; the cloud's steps are tuned.
    temperature
        In (0, 1]; at 1 the moves go on until next to nothing is remembered.

    Notes
    -----
    Either half is moved by the mean and covariance of the other: by its own a particle would be
    drawn towards itself, which leaves a distribution too narrow by 1 in their number, at each level
    anew. A sweep has three moves: a Crank-Nicolson step about that mean and covariance,
    which is nearly independent of where it starts if the posterior is nearly normal; a random walk
    of the same covariance; and one coordinate drawn anew from its prior, which jumps between the
    values of discrete inputs.

    References
    ----------
    Cotter, Roberts, Stuart and White (2013), doi:10.1214/13-STS421, for the first with the prior as
    reference; the mean and covariance in its place after Rudolf and Sprungk (2018),
    doi:10.1007/s10208-016-9340-x.
    """
    start, likelihood_at_start = cloud.z.copy(), _bounded(cloud.log_likelihood)
    fewest, most = _LAST_SWEEPS if temperature == 1 else _SWEEPS
    limit = _LAST_MEMORY if temperature == 1 else _MEMORY
    middle = len(cloud.z) // 2
    halves = (slice(0, middle), slice(middle, None))
    for sweep in range(most):
        for half in halves:
            mover = _Mover(cloud, half, log_likelihood, rng, temperature)
            mover.pull()
            mover.walk()
            mover.refresh()
        if sweep + 1 < fewest:
            continue
        pairs = [*zip(start.T, cloud.z.T, strict=True)]
        pairs.append((likelihood_at_start, _bounded(cloud.log_likelihood)))
        cloud.memory = max(_correlation(before, now) for before, now in pairs)
        if cloud.memory < limit:
            return


def resample(
    weights: FloatArray, rng: np.random.Generator, size: int | None = None
) -> npt.NDArray[np.intp]:
    """Return indices drawn systematically in proportion to weights, each as often as it is due.

    References
    ----------
    Carpenter, Clifford and Fearnhead (1999), doi:10.1049/ip-rsn:19990255.
    """
    count = weights.size if size is None else size
    below = np.cumsum(weights)
    places = (np.arange(count) + rng.random()) / count * below[-1]
    return np.asarray(np.minimum(np.searchsorted(below, places, side="right"), weights.size - 1))


def effective_size(log_weights: FloatArray) -> float:
    """Return Kish's effective sample size of weights given by their logarithms.

    Examples
    --------
    >>> effective_size(np.log([1.0, 1.0, 1.0, 1.0]))
    4.0
    """
    top = log_weights.max()
    if not np.isfinite(top):
        return 0.0
    weights = np.exp(log_weights - top)
    return float(weights.sum() ** 2 / (weights**2).sum())


class _Mover:
    """The moves of one sweep over a cloud."""

    def __init__(
        self,
        cloud: Cloud,
        half: slice,
        log_likelihood: Callable[[FloatArray], FloatArray],
        rng: np.random.Generator,
        temperature: float,
    ) -> None:
        self._cloud, self._log_likelihood, self._rng = cloud, log_likelihood, rng
        self._temperature = temperature
        self._z, self._likelihood = cloud.z[half], cloud.log_likelihood[half]  # views, to write in
        other = np.delete(cloud.z, np.arange(len(cloud.z))[half], axis=0)
        self._mean = other.mean(axis=0)
        covariance = np.atleast_2d(np.cov(other, rowvar=False))
        # A ridge far thinner than it is long must not look like one without width.
        ridge = _THINNEST * np.diag(covariance) + np.finfo(float).tiny
        self._factor = np.linalg.cholesky(covariance + np.diag(ridge))

    def pull(self) -> None:
        """Step about the mean: an autoregression that leaves the particles' normal as it is."""
        step = self._cloud.steps["pull"]
        about = self._z - self._mean
        proposal = self._mean + np.sqrt(1 - step**2) * about + step * self._noise()
        self._accept(proposal, self._reference(self._z) - self._reference(proposal), "pull")

    def walk(self) -> None:
        """Walk at random with the particles' covariance."""
        scale = self._cloud.steps["walk"] * 2.38 / np.sqrt(self._z.shape[1])
        self._accept(self._z + scale * self._noise(), 0.0, "walk")

    def refresh(self) -> None:
        """Draw one coordinate of each particle anew from its prior."""
        count, dimension = self._z.shape
        rows, columns = np.arange(count), self._rng.integers(dimension, size=count)
        proposal = self._z.copy()
        proposal[rows, columns] = self._rng.standard_normal(count)
        old, new = self._z[rows, columns], proposal[rows, columns]
        self._accept(proposal, (new**2 - old**2) / 2, "")

    def _noise(self) -> FloatArray:
        noise: FloatArray = self._rng.standard_normal(self._z.shape) @ self._factor.T
        return noise

    def _reference(self, z: FloatArray) -> FloatArray:
        """Return the log-density of the particles' normal, but for a constant."""
        scores = np.linalg.solve(self._factor, (z - self._mean).T)
        return np.asarray(-0.5 * (scores**2).sum(axis=0))

    def _accept(self, proposal: FloatArray, log_ratio: FloatArray | float, kind: str) -> None:
        """Accept or reject each particle's proposal (Metropolis and Hastings), and tune the step.

        `log_ratio` is that of proposing the way back to the way there.
        """
        steps = self._cloud.steps
        likelihood = self._log_likelihood(proposal)
        prior = 0.5 * ((self._z**2).sum(axis=1) - (proposal**2).sum(axis=1))
        gain = self._temperature * (likelihood - self._likelihood) + prior + log_ratio
        taken = np.log(self._rng.random(len(proposal))) < gain
        self._z[taken] = proposal[taken]
        self._likelihood[taken] = likelihood[taken]
        if kind:
            factor = np.exp(taken.mean() - _ACCEPTED)
            most = 1.0 if kind == "pull" else 2.0
            steps[kind] = float(np.clip(steps[kind] * factor, 1e-3, most))


def _rise(log_likelihood: FloatArray, most: float) -> float:
    """Return the rise of temperature that leaves half of the effective sample size."""
    target = _TARGET * np.isfinite(log_likelihood).sum()
    if effective_size(most * log_likelihood) >= target:
        return most
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        if effective_size(middle * log_likelihood) >= target:
            low = middle
        else:
            high = middle
    return max(low, 1e-12)


def _bounded(log_likelihood: FloatArray) -> FloatArray:
    """Return log-likelihoods without the far lower tail, which would rule a correlation."""
    return np.maximum(log_likelihood, np.quantile(log_likelihood, 0.05))


def _correlation(first: FloatArray, second: FloatArray) -> float:
    """Return the size of a correlation, 0 where either side does not vary."""
    one, two = first - first.mean(), second - second.mean()
    size = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return abs(float((one * two).sum())) / size if size > 0 else 0.0


class Unreachable(Exception):  # noqa: N818 (never leaves the package)
    """No draws could be led to where all of the evidence is allowed."""


def reach(
    cloud: Cloud,
    outside: Callable[[FloatArray], FloatArray],
    log_likelihood: Callable[[FloatArray], FloatArray],
    rng: np.random.Generator,
) -> Cloud:
    """Lead draws of the prior to where at least half of them are allowed by all observations.

    Parameters
    ----------
    cloud
        Draws of the prior.
    outside
        How far each observation is from allowing normal scores: (particle, coordinate) to
        (particle, observation), 0 where it does.
    log_likelihood, rng
        As in `temper`.

    Returns
    -------
    Cloud
        Draws of the prior within the last level, with the logarithm of its probability as evidence.

    Raises
    ------
    Unreachable
        The bounds have a probability below 1e-15, or draws stay where they are.

    References
    ----------
    Au and Beck (2001), doi:10.1016/S0266-8920(01)00019-4, for the levels; Cerou, Del Moral, Furon
    and Guyader (2012), doi:10.1007/s11222-011-9231-6, for their choice and its error.
    """
    scale = _scale(outside(cloud.z))

    def farthest(z: FloatArray) -> FloatArray:
        return np.asarray((outside(z) / scale).max(axis=1))

    far = farthest(cloud.z)
    while (far > 0).mean() > 1 - SHARE:
        level = _level(far)
        kept = far <= level
        cloud.log_evidence += float(np.log(kept.mean()))
        if cloud.log_evidence < _LEAST:
            raise Unreachable
        cloud = cloud.chosen(resample(kept.astype(float), rng))
        cloud.temperatures.append(0.0)
        cloud.log_likelihood = np.zeros(len(cloud.z))
        move(cloud, _within(farthest, level), rng, temperature=_MOVES)
        far = farthest(cloud.z)
    if cloud.temperatures:
        cloud.log_likelihood = log_likelihood(cloud.z)
    if np.isneginf(cloud.log_likelihood).all():
        raise Unreachable
    return cloud


def _within(
    farthest: Callable[[FloatArray], FloatArray], level: float
) -> Callable[[FloatArray], FloatArray]:
    return lambda z: np.where(farthest(z) <= level, 0.0, -np.inf)


def _level(far: FloatArray) -> float:
    """Return the distance that half of the draws are within, and that some are beyond.

    Of N draws with the one of rank k at U, 1/P(below U) is N/(k - 1) on average: where it is a
    draw's own, only those below it are within, or the probability of each level would be too large
    by 1/k. A distance that many draws are at is a value of the model's, and belongs to the level.
    """
    half, most = np.sort(far)[far.size // 2], far.max()
    if np.count_nonzero(far == half) <= _TWINS * far.size:
        return float(np.nextafter(half, -np.inf))
    if half < most:
        return float(half)
    nearer = far[far < most]
    if not nearer.size:
        raise Unreachable
    return float(nearer.max())


def _scale(outside: FloatArray) -> FloatArray:
    """Return the median distance of the draws outside, by observation, so that these compare."""
    scale = np.ones(outside.shape[1])
    for k, column in enumerate(outside.T):
        beyond = column[(column > 0) & np.isfinite(column)]
        if beyond.size:
            scale[k] = np.median(beyond)
    return scale
