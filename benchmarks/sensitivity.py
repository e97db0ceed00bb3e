"""Sobol' indices of every output of a question against `scipy.stats.sobol_indices` for one of them.

Run as `python benchmarks/sensitivity.py`. On two models: the budget question, and a small one of
seven inputs and eight outputs whose indices of `flop` have a closed form. Every row is given the
draws that it needs to be within 0.01 of the truth for every first and total index that it gives, in
nine of ten seeds: ours for all outputs, scipy's for one. All rows are timed in turn, in this
process, so that what else the machine does falls on all of them.

scipy gets one output, written by hand as one NumPy function:
(a) of all inputs of the question, as frozen distributions of `scipy.stats`;
(b) of the inputs that this output needs, likewise;
(c) of these, with the quantile functions of this package in place of scipy's.
Ours come with errors and intervals, scipy's with none; "and intervals" is with its own bootstrap.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from uncertain_scale import Design, ask
from uncertain_scale.analysis.sensitivity import sobol_indices
from uncertain_scale.sampling.run import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOLERANCE = 0.01
SEEDS = range(20)
ROUNDS = 15
CHAINS = 4
PEAK = 989.4e12
EQUATIONS = '''
def hours(rate):
    """GPU-hours."""
    return 1e8 / rate


def days(hours, size):
    """Length of the run."""
    return hours / size / 24


def flop(hours, speedup, utilisation):
    """Compute."""
    return hours * 3600 * 0.9895e15 * speedup * utilisation


def multiple(flop, yardstick):
    """Compute in GPT-4s."""
    return flop / yardstick


def capex(size, price):
    """What the GPUs cost."""
    return size * price


def power_mw(size, power):
    """Power."""
    return size * power / 1000


def energy_gwh(power_mw, days):
    """Energy."""
    return power_mw * days * 24 / 1000


def breakeven_years(capex, size, rate):
    """When buying has paid."""
    return capex / (size * rate * 8766)
'''
SIZE = 0.36 * 0.64 / 0.07**2 - 1
PRIORS = f"""
schema_version = 1
inputs.price = {{ kind = "lognormal", q05 = 30000, q95 = 50000 }}
inputs.rate = {{ kind = "lognormal", q05 = 1.5, q95 = 3.5 }}
inputs.utilisation = {{ kind = "beta", alpha = {0.36 * SIZE}, beta = {0.64 * SIZE} }}
inputs.speedup = {{ kind = "choice", values = [1, 2], probabilities = [0.5, 0.5] }}
inputs.power = {{ kind = "lognormal", q05 = 1.2, q95 = 1.7 }}
inputs.size = {{ kind = "lognormal", q05 = 2e4, q95 = 1.2e5 }}
inputs.yardstick = {{ kind = "lognormal", q05 = 1.5e25, q95 = 3e25 }}
"""


@dataclass(frozen=True)
class Case:
    """A model, the output that scipy gets, and its inputs as scipy's user would write them."""

    name: str
    question: tuple[Any, Any, Any]
    output: str
    function: Callable[[Any], Any]
    needed: tuple[str, ...]
    inputs: dict[str, Any]
    theirs: Callable[[Any], Any]

    def ours(self, draws: int, seed: int, of: Sequence[str] = ()) -> Any:
        """Return first and total indices, of all outputs unless some are named."""
        return sobol_indices(
            *self.question, Design(draws=draws, chains=CHAINS, seed=seed), on=["value"], of=of
        )

    def scipys(self, inputs: dict[str, Any], function: Callable[[Any], Any]) -> Any:
        """Return a run of scipy's with these inputs."""
        places = [list(inputs).index(name) for name in self.needed]

        def run(draws: int, seed: int) -> Any:
            return stats.sobol_indices(
                func=lambda x: function(x[places]),
                n=draws,
                dists=list(inputs.values()),
                rng=seed,
            )

        return run

    def rows(self) -> dict[str, Callable[[int, int], Any]]:
        """Return runs by what they are."""
        few = {name: self.inputs[name] for name in self.needed}
        own = {name: self.question[1].inputs[name] for name in self.needed}
        return {
            "(a) scipy.stats, all inputs": self.scipys(self.inputs, self.theirs),
            "(b) scipy.stats, inputs needed": self.scipys(few, self.theirs),
            "(c) our ppf, inputs needed": self.scipys(own, self.function),
        }


class Fp8:
    """FP8 used in a run of four, and what it then gains, as an object with `ppf`."""

    def ppf(self, u: np.ndarray) -> np.ndarray:
        """Return quantiles."""
        gain = stats.beta.ppf(np.clip((u - 0.75) / 0.25, 0, 1), 1.4, 2.0)
        return np.where(u < 0.75, 1.0, 1.0 + gain)


def between(low: float, high: float) -> Any:
    """Return a lognormal by its 5% and 95% quantiles."""
    sigma = np.log(high / low) / 2 / stats.norm.ppf(0.95)
    return stats.lognorm(sigma, scale=np.sqrt(low * high))


def budget_case() -> Case:
    """Return the budget question, and its training_flop for scipy."""
    model, priors = prepare("base")
    low, high = logit(0.15), logit(0.43)
    sigma = (high - low) / 2 / stats.norm.ppf(0.95)
    return Case(
        "the budget question",
        (model, priors, ask(model, {"budget": "100M"})),
        "training_flop",
        lambda x: 1e8 / x[2] * 3600 * PEAK * x[0] * x[1],
        ("precision_factor", "mfu", "hourly_rate"),
        {
            "precision_factor": Fp8(),
            "mfu": stats.norm((low + high) / 2, sigma),  # the function takes its inverse logit
            "hourly_rate": between(1.4, 3.2),
            "gpu_price": between(3.4e4, 5.8e4),
            "gpu_power": between(1.275, 1.72),
            "pue": between(1.08, 1.4),
            "hyperscaler_power": between(1.8, 6.0),
            "gpt4_flop": between(8.2e24, 4.4e25),
            "training_time": between(50, 180),
            "chinchilla_row": stats.randint(0, 2000),
        },
        lambda x: 1e8 / x[2] * 3600 * PEAK * x[0] * expit(x[1]),
    )


def small_case(folder: Path) -> Case:
    """Return the small model, and its flop for scipy."""
    (folder / "small.py").write_text(EQUATIONS, encoding="utf-8")
    (folder / "small.toml").write_text(PRIORS, encoding="utf-8")
    model, priors = prepare(equations=[folder / "small.py"], priors=[folder / "small.toml"])
    outputs = ("hours", "days", "flop", "multiple", "capex", "power_mw")
    outputs = (*outputs, "energy_gwh", "breakeven_years")

    def flop(x: Any) -> Any:
        return 1e8 / x[0] * 3600 * 0.9895e15 * x[2] * x[1]

    return Case(
        "seven inputs, eight outputs",
        (model, priors, ask(model, {}, outputs=outputs)),
        "flop",
        flop,
        ("rate", "utilisation", "speedup"),
        {
            "price": between(3e4, 5e4),
            "rate": between(1.5, 3.5),
            "utilisation": stats.beta(0.36 * SIZE, 0.64 * SIZE),
            "speedup": stats.randint(1, 3),
            "power": between(1.2, 1.7),
            "size": between(2e4, 1.2e5),
            "yardstick": between(1.5e25, 3e25),
        },
        flop,
    )


def product_indices(moments: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return first and total indices of a product of independent factors by mean and variance."""
    squared = np.array([variance / mean**2 for mean, variance in moments])
    whole = np.prod(1 + squared) - 1
    return np.stack([squared, squared * np.prod(1 + squared) / (1 + squared)]) / whole


def closed_form(case: Case) -> np.ndarray:
    """Return the exact indices of the output that scipy gets, in the order of `needed`."""
    u = (np.arange(1 << 20) + 0.5) / (1 << 20)
    moments = []
    for name in case.needed:
        x = case.question[1].inputs[name].ppf(u)
        x = 1 / x if name in {"hourly_rate", "rate"} else x
        moments.append((float(x.mean()), float(x.var())))
    return product_indices(moments)


def our_errors(case: Case, truth: Any) -> Callable[[int, int], float]:
    """Return what gives the largest error of all indices of all outputs."""

    def error(draws: int, seed: int) -> float:
        found = case.ours(draws, seed)
        return max(
            float(np.nanmax(np.abs(found[name].values - truth[name].values)))
            for name in ("first", "total")
        )

    return error


def scipy_errors(run: Any, places: Sequence[int], truth: np.ndarray) -> Callable[[int, int], float]:
    """Return what gives the largest error of the indices of the one output."""

    def error(draws: int, seed: int) -> float:
        found = run(draws, seed)
        indices = np.stack([found.first_order, found.total_order])
        exact = np.zeros_like(indices)
        exact[:, places] = truth
        return float(np.abs(indices - exact).max())

    return error


def needed(error: Callable[[int, int], float]) -> tuple[int, float]:
    """Return the fewest draws, a power of two, that are enough, and the error they leave."""
    draws = 64
    while True:
        left = float(np.quantile([error(draws, seed) for seed in SEEDS], 0.9))
        if left <= TOLERANCE:
            return draws, left
        draws *= 2


def seconds(work: Callable[[], Any]) -> float:
    """Return the time that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def study(case: Case) -> None:
    """Print the draws that each row needs, its error and time, and how ours compares."""
    truth = closed_form(case)
    reference = case.ours(1 << 16, 99)
    found = reference.sel(output=case.output, group=list(case.needed))
    off = max(
        np.abs(found[name].values[:, 0] - truth[k]).max()
        for k, name in enumerate(("first", "total"))
    )
    outputs = reference.sizes["output"]
    print(f"\n{case.name}: {outputs} outputs; {case.output} for scipy")
    print(f"our reference is within {off:.1e} of the closed form of {case.output}")
    draws, left = needed(our_errors(case, reference))
    jobs = {
        f"ours, {outputs} outputs, intervals": (f"{CHAINS} x {draws}", left, draws, case.ours),
    }
    one = needed(our_errors_of_one(case, truth))
    jobs[f"ours, {case.output} alone, intervals"] = (
        f"{CHAINS} x {one[0]}",
        one[1],
        one[0],
        lambda n, seed: case.ours(n, seed, [case.output]),
    )
    for label, run in case.rows().items():
        inputs = case.inputs if "all" in label else case.needed
        places = [list(inputs).index(name) for name in case.needed]
        n, error = needed(scipy_errors(run, places, truth))
        jobs[label] = (str(n), error, n, run)
        jobs[f"{label}, and intervals"] = (
            str(n),
            error,
            n,
            lambda n, seed, run=run: run(n, seed).bootstrap(),
        )
    times: dict[str, list[float]] = {label: [] for label in jobs}
    for k in range(ROUNDS):
        for label, (_, _, n, run) in jobs.items():
            if k < 3 or "and intervals" not in label:
                times[label].append(seconds(lambda n=n, run=run: run(n, 0)))
    ours = np.array(times[next(iter(jobs))])
    print(f"{'':44}{'draws':>10}{'error':>8}{'ms':>8}{'of ours':>9}")
    for label, (size, error, _, _) in jobs.items():
        taken = np.array(times[label])
        ratio = np.median(taken / ours[: taken.size])
        print(f"{label:44}{size:>10}{error:>8.4f}{1e3 * np.median(taken):>8.1f}{ratio:>9.2f}")


def our_errors_of_one(case: Case, truth: np.ndarray) -> Callable[[int, int], float]:
    """Return what gives the largest error of the indices of the output that scipy gets."""

    def error(draws: int, seed: int) -> float:
        found = case.ours(draws, seed, [case.output]).sel(group=list(case.needed))
        indices = np.stack([found["first"].values[0, :, 0], found["total"].values[0, :, 0]])
        return float(np.abs(indices - truth).max())

    return error


def main() -> None:
    """Run both models."""
    warnings.filterwarnings("ignore")  # scipy's bootstrap divides 0 by 0 where an input is idle
    with tempfile.TemporaryDirectory() as folder:
        for case in (budget_case(), small_case(Path(folder))):
            study(case)


if __name__ == "__main__":
    main()
