"""Whether updated priors are right: calibration by simulation, and errors against closed forms.

Run as `python benchmarks/calibration.py [DATASETS] [SEEDS]`.

First, inputs are drawn from the prior and facts from them, with their measurement errors, and each
set of facts updates the prior. If the posterior is right, the rank of the true input among its
draws is uniform; the table gives the p-value of a chi-squared test in 20 cells for each input,
method and design. Second, over many seeds, how often an estimate lies within two Monte Carlo errors
of a closed form: 93.6% where errors are normal and their own errors come from 16 chains.

Talts et al. (2018), https://arxiv.org/abs/1804.06788.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.stats import chi2, norm

from uncertain_scale import Design, Model, load_priors, summarize
from uncertain_scale.analysis.conditioning.posterior import Space, find_posterior
from uncertain_scale.analysis.conditioning.terms import bind
from uncertain_scale.inputs.distributions import LogNormal, Normal
from uncertain_scale.inputs.observations import Observation
from uncertain_scale.sampling.dependence import InputSampler

if TYPE_CHECKING:
    from uncertain_scale.analysis.conditioning.posterior import Method
    from uncertain_scale.inputs.prior import Priors

CELLS = 20
METHODS = ("importance", "smc")
# Errors so wide that weights serve nearly always, and so narrow that they seldom do.
WIDTHS = {"wide": 3.0, "narrow": 0.5}
DESIGNS = ("sobol", "lhs", "random")
EQUATIONS = '''
"""A run's computation, a cluster's power, and a sum."""


def flop(hours, speed_up, utilisation):
    """Computation."""
    return hours * speed_up * utilisation


def power(gpus, watts, overhead):
    """Power."""
    return gpus * watts * overhead


def total(first, second):
    """A sum."""
    return first + 2 * second
'''
PRIORS = """
schema_version = 1
[inputs.speed_up]
kind = "mixture"
components = [
  { kind = "constant", value = 1.0 },
  { kind = "beta", alpha = 1.4, beta = 2.0, lower = 1.0, upper = 2.0 },
]
weights = [0.75, 0.25]
[inputs.utilisation]
kind = "logitnormal"
q05 = 0.15
q95 = 0.43
[inputs.watts]
kind = "lognormal"
q05 = 1.3
q95 = 1.7
[inputs.overhead]
kind = "lognormal"
q05 = 1.08
q95 = 1.4
truncate = [1.0, 2.0]
[inputs.first]
kind = "normal"
mu = 1.0
sigma = 2.0
[inputs.second]
kind = "normal"
mu = -1.0
sigma = 1.0
[inputs.scale]
kind = "lognormal"
mu = 0.5
sigma = 0.8
[[correlations]]
inputs = ["watts", "overhead"]
rank = 0.4
"""


def laboratory() -> tuple[Model, Priors]:
    """Return a small model and priors of several kinds, one of them partly discrete."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "laboratory.py").write_text(EQUATIONS, encoding="utf-8")
        (Path(folder) / "laboratory.toml").write_text(PRIORS, encoding="utf-8")
        model = Model.of(Path(folder) / "laboratory.py")
        variables = {**model.variables, "scale": "1"}
        priors = load_priors(Path(folder) / "laboratory.toml", variables=variables)
    return model, priors


def facts(
    values: dict[str, float], own_utilisation: float, width: float, rng: np.random.Generator
) -> list[Observation]:
    """Return facts as they might be measured where the inputs are what they are."""

    def near(name: str, truth: float, sigma: float, **more: dict[str, float]) -> Observation:
        sigma *= width
        stated = LogNormal(mu=float(np.log(truth) + sigma * rng.standard_normal()), sigma=sigma)
        return Observation(name, name, stated, "1", 1.0, **more)

    run = values["speed_up"] * values["utilisation"]
    other = values["speed_up"] * own_utilisation
    tied = {"utilisation": 0.5}
    return [
        near("flop", run, 0.2, given={"hours": 1.0}),
        Observation(
            **{**vars(near("flop", other, 0.1, given={"hours": 1.0}, own=tied)), "name": "2"}
        ),
        near("power", values["watts"] * values["overhead"], 0.03, given={"gpus": 1.0}),
    ]


def ranks(
    datasets: int, width: float, kind: str, lot: int, method: Method = "auto"
) -> tuple[dict[str, np.ndarray], float]:
    """Return ranks of true inputs among posterior draws, between 0 and 1, by input.

    With them the share of data sets that importance weights served for.
    """
    model, priors = laboratory()
    names = ["speed_up", "utilisation", "watts", "overhead"]
    sampler = InputSampler(priors, names)
    found: dict[str, list[float]] = defaultdict(list)
    weighted = 0
    for dataset in range(datasets):
        rng = np.random.default_rng([dataset, lot])
        point = Design(kind="random", draws=2, chains=1, seed=10_000 * (lot + 1) + dataset)
        values = {name: float(one[0]) for name, one in sampler.draw(point, 0).items()}
        tie = 2 * np.sin(np.pi * 0.5 / 6)
        score = norm.ppf(sampler.levels(point, 0)["utilisation"][0])
        score = tie * score + np.sqrt(1 - tie**2) * rng.standard_normal()
        own = float(priors.inputs["utilisation"].ppf(np.array([norm.cdf(score)]))[0])
        terms = bind(model, priors, facts(values, own, width, rng))
        space = Space.of(terms, priors)
        design = Design(kind=kind, draws=1024, chains=1, seed=10_000 * lot + dataset)
        posterior = find_posterior(space, design, method)
        weighted += posterior.method == "importance"
        columns = space.columns(posterior.u[0])
        draws = sampler.draw(_Points(columns), 0)
        for name in names:
            below = np.mean(draws[name] < values[name])
            equal = np.mean(draws[name] == values[name])
            found[name].append(below + rng.random() * equal)
    return {name: np.array(one) for name, one in found.items()}, weighted / datasets


class _Points:
    def __init__(self, columns: dict[str, np.ndarray]) -> None:
        self._columns = columns

    def column(self, name: str, *, position: int, chain: int) -> np.ndarray:
        del position, chain
        return self._columns[name]


def uniformity(found: np.ndarray) -> float:
    """Return the p-value of a chi-squared test that ranks are uniform."""
    counts = np.histogram(found, CELLS, (0, 1))[0]
    expected = len(found) / CELLS
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), CELLS - 1))


def conjugate(kind: str, method: str, seed: int, sigma: float) -> dict[str, tuple[float, float]]:
    """Return estimates with their errors and the truth, as scores: how many errors it is off."""
    model, priors = laboratory()
    scale = Observation("scale", "scale", LogNormal(mu=1.2, sigma=sigma), "1", 1.0)
    summed = Observation("total", "total", Normal(mu=2.0, sigma=10 * sigma), "1", 1.0)
    terms = bind(_with_scale(model), priors, [scale, summed])
    space = Space.of(terms, priors)
    posterior = find_posterior(space, Design(kind=kind, seed=seed), method)
    draws = {
        name: priors.inputs[name].ppf(posterior.u[:, :, k]) for k, name in enumerate(space.names)
    }
    precision = 1 / 0.8**2 + 1 / sigma**2
    mean, sd = (0.5 / 0.8**2 + 1.2 / sigma**2) / precision, precision**-0.5
    matrix = np.linalg.inv(np.diag([1 / 4, 1]) + np.outer([1, 2], [1, 2]) / (10 * sigma) ** 2)
    centre = matrix @ (np.array([1 / 4, -1]) + np.array([1, 2]) * 2 / (10 * sigma) ** 2)
    evidence = norm.logpdf(1.2, 0.5, np.hypot(0.8, sigma)) + norm.logpdf(
        2.0, -1.0, np.sqrt(4 + 4 + (10 * sigma) ** 2)
    )
    dims = ("chain", "draw")
    parts = {
        "log scale": (np.log(draws["scale"]), mean, sd),
        "first": (draws["first"], centre[0], matrix[0, 0] ** 0.5),
        "second": (draws["second"], centre[1], matrix[1, 1] ** 0.5),
    }
    summary = summarize(
        xr.Dataset({name: (dims, values) for name, (values, _, _) in parts.items()}), probs=[0.9]
    )
    found = {}
    for name, (_, exact_mean, exact_sd) in parts.items():
        row = summary.sel(output=name)
        exact = {"mean": exact_mean, "sd": exact_sd, "median": exact_mean}
        for statistic, truth in exact.items():
            score = (float(row[statistic]) - truth) / float(row[f"{statistic}_mcse"])
            found[f"{name} {statistic}"] = score
        ends = exact_mean + exact_sd * norm.ppf([0.05, 0.95])
        scores = (row["eti"].sel(prob=0.9) - ends) / row["eti_mcse"].sel(prob=0.9)
        found[f"{name} 90% low"], found[f"{name} 90% high"] = map(float, scores)
    pair = [np.corrcoef(a, b)[0, 1] for a, b in zip(draws["first"], draws["second"], strict=True)]
    exact = matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1])
    found["correlation"] = (np.mean(pair) - exact) / (np.std(pair, ddof=1) / np.sqrt(len(pair)))
    logs = posterior.log_evidence
    found["log evidence"] = (logs.mean() - evidence) / (logs.std(ddof=1) / np.sqrt(len(logs)))
    return found


def _with_scale(model: Model) -> Model:
    return Model(model.equations, {**model.variables, "scale": "1"}, model.headline)


def main(datasets: int, seeds: int) -> None:
    """Print both tables."""
    print(f"p-values of uniform ranks, {datasets} data sets")
    for lot, (errors, kind) in enumerate(product(WIDTHS, DESIGNS)):
        found, share = ranks(datasets, WIDTHS[errors], kind, lot)
        values = "  ".join(f"{name} {uniformity(one):.3f}" for name, one in found.items())
        print(f"{errors:>7} errors, {kind:>6}, {share:4.0%} by weights:  {values}", flush=True)
    print(f"\nper cent of {seeds} seeds within two errors of the closed form")
    for method in METHODS:
        sigma = 0.3 if method == "importance" else 0.02
        for kind in DESIGNS:
            scores = [conjugate(kind, method, 500 + seed, sigma) for seed in range(seeds)]
            print(f"{method}, {kind}")
            for name in scores[0]:
                z = np.array([one[name] for one in scores])
                print(
                    f"{name:>20} {100 * np.mean(abs(z) < 2):6.1f}  mean {z.mean():6.2f}", flush=True
                )


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers or [200]), *([200] if len(numbers) < 2 else []))
