"""The joint sample of scaling laws: `python -m benchmarks.scaling_laws` writes its file of priors.

A row is one law, L = E + A/N^alpha + B/D^beta. Rows come from four published sources with weights,
each with its own errors:

- the refit of Besiroglu et al. 2024 to 240 runs of Hoffmann et al. 2022: normal with the mean and
  covariance of 2,000 bootstrap refits;
- the fit that Hoffmann et al. 2022 print, with the covariance of that bootstrap, as its own errors
  are far too narrow;
- Llama 3 (2024) and DeepSeek LLM (2024), which publish the optimum alone, N = n (C/c)^a: the sum
  alpha + beta and the losses are those of a refit, beta/(alpha + beta) is a, and A/B
  follows from n.

Beyond the largest computation that a source fitted, its exponent a is that of the fit plus a
drift, normal with a standard deviation of DRIFT, so that log N has an error of DRIFT times the
distance in log C.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.float64]

PRIORS = Path(__file__).parents[1] / "priors"
FILE = PRIORS / "scaling_laws.csv"
COLUMNS = ("log_A", "log_B", "log_E", "alpha", "beta")
ROWS = 5 * 1024
SEED = 2407
DRIFT = 0.028
"""From 10% to 90% of the exponent by IsoFLOP profiles, 0.462 to 0.534 (Hoffmann et al. 2022,
table 2); published exponents of the optimum differ by as much: 0.45 to 0.52."""
LEVEL = 1e21
"""FLOP at which laws without losses have those of the refit: amid the 240 runs."""
HOFFMANN = (np.log(406.4), np.log(410.7), np.log(1.6934), 0.33917, 0.28491)


class Source(NamedTuple):
    """A published law.

    Parameters
    ----------
    name, weight
        Its name in the file, and the share of the rows: judgement.
    edge
        The largest computation fitted, in FLOP.
    optimum
        Exponent of the parameters, and parameters at a computation; None for a law with losses.
    """

    name: str
    weight: float
    edge: float
    optimum: tuple[float, float, float] | None = None


SOURCES = (
    Source("hoffmann", 0.2, 3e21),
    Source("besiroglu", 0.2, 3e21),
    # D = 0.29 C^0.53; 402e9 parameters at 3.8e25 FLOP (section 3.2.1).
    Source("llama-3", 0.4, 1e22, (1 - 0.53, 402e9, 3.8e25)),
    # D = 5.8316 C^0.4757 at 3e20 FLOP, and C = 6 N D (section 3.2).
    Source("deepseek", 0.2, 3e20, (0.5243, 3e20 / 6 / (5.8316 * 3e20**0.4757), 3e20)),
)


def log_params(rows: Rows, flop: float) -> Rows:
    """Return the logarithm of the optimal parameters of each row's law."""
    log_a, log_b, _, alpha, beta = rows.T
    allocation = (np.log(alpha / beta) + log_a - log_b) / (alpha + beta)
    return np.asarray(allocation + beta / (alpha + beta) * np.log(flop / 6))


def with_optimum(rows: Rows, share: Rows, log_n: Rows, flop: float) -> Rows:
    """Return laws with another optimum, and the sum of exponents and optimal loss that they had.

    Parameters
    ----------
    rows
        Laws, one a row.
    share
        Exponents of the parameters at the optimum.
    log_n, flop
        Log of the optimal parameters at a computation.
    """
    log_a, log_b, log_e, alpha, beta = rows.T
    total, at_level = alpha + beta, log_params(rows, LEVEL)
    log_tokens = np.log(LEVEL / 6) - at_level
    reducible = np.exp(log_a - alpha * at_level) + np.exp(log_b - beta * log_tokens)
    log_n = log_n + share * np.log(LEVEL / flop)
    alpha, beta = total * (1 - share), total * share
    # At the optimum alpha A/N^alpha = beta B/D^beta, and the two add up to the reducible loss.
    log_a = np.log(reducible * share) + alpha * log_n
    log_b = np.log(reducible * (1 - share)) + beta * (np.log(LEVEL / 6) - log_n)
    return np.stack([log_a, log_b, log_e, alpha, beta], axis=1)


def rows_of(source: Source, bootstrap: Rows, points: Rows) -> Rows:
    """Return the rows of one source, one for each point: five normal scores, and the drift's."""
    centre = bootstrap.mean(axis=0)
    root = np.linalg.cholesky(np.cov(bootstrap.T))
    rows = (HOFFMANN if source.name == "hoffmann" else centre) + points[:, :5] @ root.T
    if source.optimum is not None:
        share, params, flop = source.optimum
        log_n = np.full(len(rows), np.log(params))
        rows = with_optimum(rows, np.full(len(rows), share), log_n, flop)
    share = rows[:, 4] / (rows[:, 3] + rows[:, 4]) + DRIFT * points[:, 5]
    return with_optimum(rows, share, log_params(rows, source.edge), source.edge)


def text() -> str:
    """Return the file."""
    bootstrap = np.loadtxt(PRIORS / "chinchilla_bootstrap.csv", delimiter=",", skiprows=1)
    lines = [",".join(("law", *COLUMNS))]
    for source in SOURCES:
        points = ndtri(qmc.Sobol(6, seed=SEED).random(round(source.weight * ROWS)))
        for row in rows_of(source, bootstrap, points):
            lines += [",".join((source.name, *(f"{number:.7g}" for number in row)))]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
