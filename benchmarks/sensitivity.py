"""Sobol' indices of every output of a question against `scipy.stats.sobol_indices` for one of them.

Run as `python benchmarks/sensitivity.py`. On two models: the budget question, and a small one of
seven inputs and eight outputs whose indices of `flop` have a closed form. Every row is given the
draws that it needs to be within 0.01 of the truth for every first and total index that it gives, in
nine of ten seeds: ours for all outputs, scipy's for one. All rows are timed in turn, in this
process, so that what else the machine does falls on all of them.

scipy gets one output at a time, written by hand as one NumPy function:
(a) of all inputs of the question, as frozen distributions of `scipy.stats`;
(b) of the inputs that this output needs, likewise;
(c) of these, with the quantile functions of this package in place of scipy's (one output).
Ours come with errors and intervals, scipy's with none; "and intervals" is with its own bootstrap.
"As sure as ours" gives scipy the draws by which its output is as near the truth as in our run: for
most outputs far nearer than 0.01, since products, sums and what is nearly either are split by their
structure here. Where 131,072 draws are not enough for that, a > stands before them, and the time is
a lower bound. Outputs of one input are left out, and so are those of correlated inputs, which scipy
has no indices for.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from scipy.special import expit

from uncertain_scale import Design, ask
from uncertain_scale.analysis.sensitivity import sobol_indices
from uncertain_scale.sampling.sample import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOLERANCE = 0.01
MOST = 1 << 17
SEEDS = range(20)
ROUNDS = 15
CHAINS = 4
PEAK = 989.4e12
_AS_SURE = ", as sure as ours"
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
class Single:
    """An output for scipy: the inputs that it needs, and itself as a function of these."""

    needed: tuple[str, ...]
    function: Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """A model, its inputs as scipy's user would write them, and outputs that scipy gets.

    The first of these has a closed form. Its function of our own draws is `own`.
    """

    name: str
    question: tuple[Any, Any, Any]
    inputs: dict[str, Any]
    singles: dict[str, Single]
    own: Callable[[Any], Any]
    alias: dict[str, str] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """Return the output with a closed form."""
        return next(iter(self.singles))

    def ours(self, draws: int, seed: int, of: Sequence[str] = ()) -> Any:
        """Return first and total indices, of all outputs unless some are named."""
        return sobol_indices(
            *self.question, Design(draws=draws, chains=CHAINS, seed=seed), on=["value"], of=of
        )

    def rows(self) -> list[Row]:
        """Return scipy's runs."""
        rows = []
        for output, single in self.singles.items():
            few = {name: self.inputs[name] for name in single.needed}
            rows.append(Row("(a) all inputs", output, self.inputs, single))
            rows.append(Row("(b) inputs needed", output, few, single))
        single = self.singles[self.first]
        own = {name: self.question[1].inputs[name] for name in single.needed}
        rows.append(
            Row("(c) our ppf, inputs needed", self.first, own, Single(single.needed, self.own))
        )
        return rows


@dataclass(frozen=True)
class Row:
    """One output for scipy, of some inputs."""

    label: str
    output: str
    inputs: dict[str, Any]
    single: Single

    def __call__(self, draws: int, seed: int) -> Any:
        """Return first and total indices."""
        places = [list(self.inputs).index(name) for name in self.single.needed]
        return stats.sobol_indices(
            func=lambda x: self.single.function(x[places]),
            n=draws,
            dists=list(self.inputs.values()),
            rng=seed,
        )

    def errors(self, truth: Any, alias: dict[str, str]) -> Callable[[int, int], float]:
        """Return what gives the largest error of the indices."""
        exact = np.zeros((2, len(self.inputs)))
        for k, name in enumerate(self.inputs):
            if name in self.single.needed:
                found = truth.sel(output=self.output, group=alias.get(name, name), scale="value")
                exact[:, k] = found["first"], found["total"]

        def error(draws: int, seed: int) -> float:
            found = self(draws, seed)
            return float(np.abs(np.stack([found.first_order, found.total_order]) - exact).max())

        return error


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
    """Return the budget question, and its outputs of independent inputs for scipy."""
    model, priors = prepare("base")
    mfu = priors.inputs["mfu"].distribution  # scipy has it before its inverse logit
    joint = replace(priors.joints[0], smooth=False)  # scipy has the rows alone
    priors, rows = replace(priors, joints=(joint,)), joint.rows.T

    def flop(x: Any) -> Any:
        return 1e8 / x[2] * 3600 * PEAK * x[0] * expit(x[1])

    def gpus(x: Any) -> Any:
        return 1e8 / x[0] / (24 * x[1])

    def optimum(x: Any, *, tokens: bool) -> Any:
        log_a, log_b, _, alpha, beta = rows[:, x[3].astype(int)]
        share = (alpha if tokens else beta) / (alpha + beta)
        log_g = (np.log(alpha / beta) + log_a - log_b) / (alpha + beta)
        return np.exp(-log_g if tokens else log_g) * (flop(x) / 6) ** share

    speed = ("precision_factor", "mfu", "hourly_rate")
    return Case(
        "the budget question",
        (model, priors, ask(model, {"budget": "100M"})),
        {
            "precision_factor": Fp8(),
            "mfu": stats.norm(mfu.mu, mfu.sigma),
            "hourly_rate": between(1.4, 3.2),
            "gpu_price": between(3.4e4, 5.8e4),
            "gpu_power": between(1.275, 1.72),
            "pue": between(1.08, 1.4),
            "hyperscaler_power": between(1.8, 6.0),
            "gpt4_flop": between(8.2e24, 4.4e25),
            "training_time": between(50, 180),
            "chinchilla_row": stats.randint(0, rows.shape[1]),
        },
        {
            "training_flop": Single(speed, flop),
            "gpt4_multiple": Single((*speed, "gpt4_flop"), lambda x: flop(x) / x[3]),
            "cost_per_flop": Single(speed, lambda x: 1e8 / flop(x)),
            "gpus": Single(("hourly_rate", "training_time"), gpus),
            "optimal_params": Single((*speed, "chinchilla_row"), partial(optimum, tokens=False)),
            "optimal_tokens": Single((*speed, "chinchilla_row"), partial(optimum, tokens=True)),
        },
        lambda x: 1e8 / x[2] * 3600 * PEAK * x[0] * x[1],
        {"chinchilla_row": "log_A+log_B+log_E+alpha+beta"},
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

    def energy(x: Any) -> Any:
        return x[0] / 1000 * 1e8 / x[1] / 1000

    speed = ("rate", "utilisation", "speedup")
    return Case(
        "seven inputs, eight outputs",
        (model, priors, ask(model, {}, outputs=outputs)),
        {
            "price": between(3e4, 5e4),
            "rate": between(1.5, 3.5),
            "utilisation": stats.beta(0.36 * SIZE, 0.64 * SIZE),
            "speedup": stats.randint(1, 3),
            "power": between(1.2, 1.7),
            "size": between(2e4, 1.2e5),
            "yardstick": between(1.5e25, 3e25),
        },
        {
            "flop": Single(speed, flop),
            "multiple": Single((*speed, "yardstick"), lambda x: flop(x) / x[3]),
            "days": Single(("rate", "size"), lambda x: 1e8 / x[0] / x[1] / 24),
            "capex": Single(("size", "price"), lambda x: x[0] * x[1]),
            "power_mw": Single(("size", "power"), lambda x: x[0] * x[1] / 1000),
            "energy_gwh": Single(("power", "rate"), energy),
            "breakeven_years": Single(("price", "rate"), lambda x: x[0] / x[1] / 8766),
        },
        flop,
    )


def product_indices(moments: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return first and total indices of a product of independent factors by mean and variance."""
    squared = np.array([variance / mean**2 for mean, variance in moments])
    whole = np.prod(1 + squared) - 1
    return np.stack([squared, squared * np.prod(1 + squared) / (1 + squared)]) / whole


def closed_form(case: Case) -> np.ndarray:
    """Return the exact indices of the first output that scipy gets, as its inputs stand."""
    u = (np.arange(1 << 20) + 0.5) / (1 << 20)
    moments = []
    for name in case.singles[case.first].needed:
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


def errors_by_output(case: Case, truth: Any, draws: int) -> dict[str, float]:
    """Return what each output's largest error is below in nine of ten of our runs."""
    runs = [case.ours(draws, seed) for seed in SEEDS]
    off = np.max(
        [
            [np.nanmax(np.abs(run[name].values - truth[name].values), axis=(1, 2)) for run in runs]
            for name in ("first", "total")
        ],
        axis=0,
    )
    return dict(zip(map(str, truth.output.values), np.quantile(off, 0.9, axis=0), strict=True))


def needed(error: Callable[[int, int], float], tolerance: float = TOLERANCE) -> tuple[int, float]:
    """Return the fewest draws, a power of two, that are enough, and the error they leave.

    No more than `MOST`, enough or not.
    """
    draws = 64
    while True:
        left = float(np.quantile([error(draws, seed) for seed in SEEDS], 0.9))
        if left <= tolerance or draws == MOST:
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
    found = reference.sel(output=case.first, group=list(case.singles[case.first].needed))
    off = max(
        np.abs(found[name].values[:, 0] - truth[k]).max()
        for k, name in enumerate(("first", "total"))
    )
    outputs = reference.sizes["output"]
    print(f"\n{case.name}: {outputs} outputs for us, each of {len(case.singles)} for scipy")
    print(f"our reference is within {off:.1e} of the closed form of {case.first}")
    draws, left = needed(our_errors(case, reference))
    ours = f"ours, {outputs} outputs, intervals"
    jobs = {ours: (f"{CHAINS} x {draws}", left, partial(case.ours, draws))}
    near = errors_by_output(case, reference, draws)
    for row in case.rows():
        errors = row.errors(reference, case.alias)
        n, error = needed(errors)
        label = f"{row.label}: {row.output}"
        jobs[label] = str(n), error, partial(row, n)
        if row.label.startswith(("(a)", "(b)")):
            many, left = needed(errors, near[row.output])
            size = f"> {many}" if left > near[row.output] else str(many)
            jobs[f"{label}{_AS_SURE}"] = size, left, partial(row, many)
        if row.output == case.first:
            jobs[f"{label}, intervals"] = str(n), error, partial(_with_intervals, row, n)
    times: dict[str, list[float]] = {label: [] for label in jobs}
    for k in range(ROUNDS):
        for label, (_, _, run) in jobs.items():
            if k < 3 or "intervals" not in label or label == ours:
                times[label].append(seconds(lambda run=run: run(seed=0)))
    base = np.array(times[ours])
    print(f"{'':50}{'draws':>10}{'error':>8}{'ms':>8}{'of ours':>9}")
    ratios = {}
    for label, (size, error, _) in jobs.items():
        taken = np.array(times[label])
        ratios[label] = float(np.median(taken / base[: taken.size]))
        print(
            f"{label:50}{size:>10}{error:>8.5f}{1e3 * np.median(taken):>8.1f}{ratios[label]:>9.2f}"
        )
    for kind in ("(a)", "(b)"):
        bare = {k: v for k, v in ratios.items() if k.startswith(kind) and "intervals" not in k}
        for how in ("", _AS_SURE):
            every = [v for label, v in bare.items() if label.endswith(_AS_SURE) == bool(how)]
            print(
                f"{kind} one output{how}: {min(every):.2f} to {max(every):.2f} of ours, "
                f"median {np.median(every):.2f}; all {len(every)} one by one: {sum(every):.2f}"
            )


def _with_intervals(row: Row, draws: int, seed: int) -> Any:
    return row(draws, seed).bootstrap()


def main() -> None:
    """Run both models."""
    warnings.filterwarnings("ignore")  # scipy's bootstrap divides 0 by 0 where an input is idle
    with tempfile.TemporaryDirectory() as folder:
        for case in (budget_case(), small_case(Path(folder))):
            study(case)


if __name__ == "__main__":
    main()
