"""Time the quantile function of each kind, and scipy's inversions beside it, in ns a draw.

Run as `python benchmarks/ppf.py`; the first call, which makes an expansion, is timed apart.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from uncertain_scale.inputs.distributions import parse_distribution

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWS = 65_536
REPEATS = 7
KINDS = (
    "constant(value=1)",
    "uniform(lower=0, upper=1)",
    "loguniform(lower=1, upper=100)",
    "normal(mu=0, sigma=1)",
    "lognormal(q05=1.4, q95=3.2)",
    "logitnormal(mu=0, sigma=1)",
    "student_t(nu=4, mu=0, sigma=1)",
    "gamma(alpha=2.3, beta=1)",
    "gamma(alpha=0.05, beta=1)",
    "gamma(alpha=1e5, beta=1)",
    "beta(alpha=1.4, beta=2, lower=1, upper=2)",
    "beta(alpha=0.05, beta=0.05)",
    "beta(alpha=1e5, beta=3)",
    "beta(alpha=2, beta=3, truncate=[0.2, 0.9])",
    "normal(mu=0, sigma=1, truncate=[-1, 2])",
    "triangular(lower=0, mode=1, upper=3)",
    "pert(lower=0, mode=1, upper=3)",
    "metalog(q10=1, q50=3, q90=9)",
    "quantiles(q05=1, q50=3, q95=4)",
    "choice(values=[1, 2, 4])",
    "bernoulli(p=0.3)",
    "mixture(components=[constant(value=1), beta(alpha=1.4, beta=2, lower=1, upper=2)])",
    "mixture(components=[normal(mu=0, sigma=1), normal(mu=3, sigma=0.5)])",
    "mixture(components=[lognormal(mu=0, sigma=1), gamma(alpha=2, beta=1)])",
)


def nanoseconds(function: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the best of several timings of a call on all draws, in ns a draw."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times) / DRAWS * 1e9


def main() -> None:
    """Print one line a kind."""
    u = np.random.default_rng(1).random(DRAWS)
    for text in KINDS:
        distribution, _ = parse_distribution(text)
        first = nanoseconds(lambda d=distribution: d.ppf(u), 1) * DRAWS / 1e6
        steady = nanoseconds(lambda d=distribution: d.ppf(u))
        print(f"{steady:8.1f} ns/draw, first call {first:7.1f} ms  {text}")
    exact = {
        "scipy betaincinv(1.4, 2)": lambda: special.betaincinv(1.4, 2.0, u),
        "scipy gammaincinv(2.3)": lambda: special.gammaincinv(2.3, u),
        "scipy stdtrit(4)": lambda: special.stdtrit(4.0, u),
        "scipy ndtri": lambda: special.ndtri(u),
    }
    for name, function in exact.items():
        print(f"{nanoseconds(function, 3):8.1f} ns/draw{'':25}{name}")


if __name__ == "__main__":
    main()
