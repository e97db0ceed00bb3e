"""The benchmark's model in each tool, written as the tool's own manual would have it.

Every function takes a number of draws and a seed, and returns for each output its mean, its 5, 50
and 95% quantiles, and where the tool computes one its 90% highest-density interval. Run as
`python -m benchmarks.peers NAME DRAWS [SEED]`, this is a whole program that prints its answers.
"""

from __future__ import annotations

import json
import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import xarray as xr

    from uncertain_scale import Design

__all__ = [
    "MODEL",
    "NAMES",
    "PEERS",
    "Answers",
    "Peer",
    "our_design",
    "our_designed",
    "our_question",
    "our_summary",
    "read_question",
    "why_not",
]

_Value = TypeVar("_Value")
Answers = dict[str, list[float]]

MODEL = Path(__file__).parent / "model"
NAMES = (
    *("gpu_hours", "days", "flop", "gpt4_multiple"),
    *("capex", "power_mw", "energy_gwh", "breakeven_years"),
)
LOGNORMALS = {
    "gpu_price": (30_000.0, 50_000.0),
    "hourly_rate": (1.5, 3.5),
    "gpu_power": (1.2, 1.7),
    "gpus": (2e4, 1.2e5),
    "gpt4_flop": (1.5e25, 3e25),
}
BUDGET, PEAK = 1e8, 0.9895e15
_Z95 = 1.6448536269514722
_TOTAL = 0.36 * 0.64 / 0.07**2 - 1
ALPHA, BETA = 0.36 * _TOTAL, 0.64 * _TOTAL
_LEVELS = (0.05, 0.5, 0.95)
_CHAINS, _CHAIN = 16, 65_536


class Peer(NamedTuple):
    """A tool: what answers, the package it needs, how it draws, and the most it is asked for."""

    answer: Callable[[int, int], Answers]
    package: str
    draws_by: str
    most: int = 10**10


def our_design(draws: int) -> tuple[int, int]:
    """Return the chains, and the draws of each, that give at least so many draws.

    Chains hold a power of two, which keeps a Sobol' net balanced: 16 of them where they are no
    longer than 65,536 draws, more of these where they would be.
    """
    if draws > _CHAINS * _CHAIN:
        return -(-draws // _CHAIN), _CHAIN
    return _CHAINS, 1 << max((draws - 1) // _CHAINS, 1).bit_length()


def uncertain_scale(draws: int, seed: int) -> Answers:
    """Answer by this package's public functions, on a user's own files."""
    found = our_summary(draws, seed)[["mean", "median", "eti", "hdi"]]
    found = found.sel(output=list(NAMES), prob=0.9, mode=0)
    rows = np.column_stack(
        [found["mean"], found["eti"][:, 0], found["median"], found["eti"][:, 1], found["hdi"]]
    )
    return dict(zip(NAMES, rows.tolist(), strict=True))


def our_summary(draws: int, seed: int, *, counted: bool = False) -> xr.Dataset:
    """Return this package's summary of a run, streamed where its draws are not held.

    Parameters
    ----------
    draws, seed
        At least so many draws, with this seed.
    counted
        Whether the bare outputs are summarised: without the inputs that they rest on nothing can
        be integrated out, and draws are counted.
    """
    import uncertain_scale as us

    question, design = our_question(), our_designed(draws, seed)
    if draws > _HELD:
        return us.stream(*question, design).summarize(probs=[0.9])
    tree = us.sample(*question, design)
    return us.summarize(tree["prior_predictive"].to_dataset() if counted else tree, probs=[0.9])


def our_question() -> tuple[Any, Any, Any]:
    """Return the model, priors and question of the user's files, read once."""
    if not _PREPARED:
        _PREPARED.append(read_question())
    return _PREPARED[0]


def read_question() -> tuple[Any, Any, Any]:
    """Read the model, priors and question of the user's files."""
    import uncertain_scale as us

    model = us.default_model().extended(MODEL / "equations.py")
    priors = us.load_priors(MODEL / "priors.toml", variables=model.variables)
    return model, priors, us.ask(model, {}, outputs=NAMES)


def our_designed(draws: int, seed: int) -> Design:
    """Return the design of at least so many draws."""
    import uncertain_scale as us

    chains, each = our_design(draws)
    return us.Design(draws=each, chains=chains, seed=seed)


_PREPARED: list[tuple] = []
_HELD = 1 << 21  # more draws are not held, as a report does not hold them either


def plain(draws: int, seed: int) -> Answers:
    """Answer by a plain script: NumPy's generators, `np.quantile`, `np.sort`."""
    rng = np.random.Generator(np.random.PCG64(seed))
    inputs = {
        name: np.exp(mu + sigma * rng.standard_normal(draws))
        for name, (mu, sigma) in _logs().items()
    }
    inputs["mfu"] = rng.beta(ALPHA, BETA, draws)
    inputs["precision_factor"] = rng.integers(1, 3, draws).astype(float)
    return {
        name: [float(x.mean()), *np.quantile(x, _LEVELS).tolist(), *_shortest(x)]
        for name, x in _outputs(inputs).items()
    }


def squigglepy(draws: int, seed: int) -> Answers:
    """Answer by squigglepy."""
    import squigglepy as sq

    sq.set_seed(seed)
    inputs = {name: sq.sample(sq.lognorm(*ends), n=draws) for name, ends in LOGNORMALS.items()}
    inputs["mfu"] = sq.sample(sq.beta(ALPHA, BETA), n=draws)
    inputs["precision_factor"] = sq.sample(sq.discrete({1: 0.5, 2: 0.5}), n=draws)
    percentiles = [100 * level for level in _LEVELS]
    rows = {}
    for name, x in _outputs(inputs).items():
        told = sq.get_percentiles(x, percentiles=percentiles)
        rows[name] = [float(np.mean(x)), *map(float, told.values())]
    return rows


def openturns(draws: int, seed: int) -> Answers:
    """Answer by OpenTURNS, its formulas compiled by itself."""
    import openturns as ot

    ot.RandomGenerator.SetSeed(seed)
    marginals = [ot.LogNormal(mu, sigma, 0.0) for mu, sigma in _logs().values()]
    marginals += [
        ot.Beta(ALPHA, BETA, 0.0, 1.0),
        ot.FiniteDiscreteDistribution([[1.0], [2.0]], [0.5, 0.5]),
    ]
    hours = f"{BUDGET}/hourly_rate"
    flop = f"{hours}*3600*{PEAK}*precision_factor*mfu"
    formulas = [
        hours,
        f"{hours}/gpus/24",
        flop,
        f"{flop}/gpt4_flop",
        "gpus*gpu_price",
        "gpus*gpu_power/1000",
        f"(gpus*gpu_power/1000)*({hours}/gpus/24)*24/1000",
        "gpus*gpu_price/(gpus*hourly_rate*8766)",
    ]
    function = ot.SymbolicFunction([*LOGNORMALS, "mfu", "precision_factor"], formulas)
    sample = function(ot.JointDistribution(marginals).getSample(draws))
    means = sample.computeMean()
    quantiles = [sample.computeQuantilePerComponent(level) for level in _LEVELS]
    return {name: [means[k], *(q[k] for q in quantiles)] for k, name in enumerate(NAMES)}


def scipy_sobol(draws: int, seed: int) -> Answers:
    """Answer by scipy's scrambled Sobol' points and its distributions' inverses."""
    from scipy import stats

    bits = max(draws - 1, 1).bit_length()
    u = stats.qmc.Sobol(7, rng=seed).random_base2(bits)
    inputs = {
        name: stats.lognorm(s=sigma, scale=np.exp(mu)).ppf(u[:, k])
        for k, (name, (mu, sigma)) in enumerate(_logs().items())
    }
    inputs["mfu"] = stats.beta(ALPHA, BETA).ppf(u[:, 5])
    inputs["precision_factor"] = stats.randint(1, 3).ppf(u[:, 6])
    return {
        name: [float(x.mean()), *np.quantile(x, _LEVELS).tolist()]
        for name, x in _outputs(inputs).items()
    }


def probabilit(draws: int, seed: int) -> Answers:
    """Answer by probabilit: a graph of scipy's distributions, sampled by Sobol' points."""
    from probabilit.distributions import Lognormal
    from probabilit.modeling import DiscreteDistribution, Distribution, NoOp

    inputs = {name: Lognormal.from_log_params(*log) for name, log in _logs().items()}
    inputs["mfu"] = Distribution("beta", a=ALPHA, b=BETA)
    inputs["precision_factor"] = DiscreteDistribution([1.0, 2.0])
    nodes = _outputs(inputs)
    size = 1 << max(draws - 1, 1).bit_length()
    NoOp(*nodes.values()).sample(size, random_state=seed, method="sobol")
    rows = {}
    for name, node in nodes.items():
        x = node.samples_
        rows[name] = [float(x.mean()), *np.quantile(x, _LEVELS).tolist()]
    return rows


def salib(draws: int, seed: int) -> Answers:
    """Answer by SALib's Latin hypercube; it has no beta distribution, so scipy inverts that one."""
    from SALib.sample import latin
    from scipy import stats

    problem = {
        "num_vars": 7,
        "names": [*LOGNORMALS, "mfu", "precision_factor"],
        "bounds": [*map(list, _logs().values()), [0, 1], [0, 1]],
        "dists": ["lognorm"] * 5 + ["unif"] * 2,
    }
    columns = latin.sample(problem, draws, seed=seed).T
    inputs = dict(zip(problem["names"], columns, strict=True))
    inputs["mfu"] = stats.beta(ALPHA, BETA).ppf(inputs["mfu"])
    inputs["precision_factor"] = np.where(inputs["precision_factor"] < 0.5, 1.0, 2.0)
    return {
        name: [float(x.mean()), *np.quantile(x, _LEVELS).tolist()]
        for name, x in _outputs(inputs).items()
    }


def monaco(draws: int, seed: int) -> Answers:
    """Answer by monaco, which calls the model once a draw."""
    import monaco as mc
    from scipy import stats

    logging.disable(logging.CRITICAL)

    def keep(case: mc.Case, *values: float) -> None:
        for name, value in zip(NAMES, values, strict=True):
            case.addOutVal(name, value)

    names = [*LOGNORMALS, "mfu", "precision_factor"]
    functions = {
        mc.SimFunctions.PREPROCESS: lambda case: tuple(case.invals[name].val for name in names),
        mc.SimFunctions.RUN: lambda *x: tuple(_outputs(dict(zip(names, x, strict=True))).values()),
        mc.SimFunctions.POSTPROCESS: keep,
    }
    sim = mc.Sim("benchmark", draws, functions, seed=seed, verbose=False)
    for name, (mu, sigma) in _logs().items():
        sim.addInVar(name, stats.lognorm, {"s": sigma, "scale": float(np.exp(mu))})
    sim.addInVar("mfu", stats.beta, {"a": ALPHA, "b": BETA})
    sim.addInVar("precision_factor", stats.randint, {"low": 1, "high": 3})
    sim.runSim()
    rows = {}
    for name in NAMES:
        x = np.asarray(sim.outvars[name].nums, dtype=float)
        rows[name] = [float(x.mean()), *np.quantile(x, _LEVELS).tolist()]
    return rows


def _logs() -> dict[str, tuple[float, float]]:
    """Return the mean and standard deviation of each lognormal's logarithm."""
    found = {}
    for name, ends in LOGNORMALS.items():
        low, high = np.log(ends)
        found[name] = float(low + high) / 2, float(high - low) / (2 * _Z95)
    return found


def _outputs(x: dict[str, _Value]) -> dict[str, _Value]:
    """Return the outputs of arrays, or of whatever else arithmetic is defined on."""
    gpu_hours = BUDGET / x["hourly_rate"]
    days = gpu_hours / x["gpus"] / 24
    flop = gpu_hours * 3600 * PEAK * x["precision_factor"] * x["mfu"]
    capex = x["gpus"] * x["gpu_price"]
    power_mw = x["gpus"] * x["gpu_power"] / 1000
    return {
        "gpu_hours": gpu_hours,
        "days": days,
        "flop": flop,
        "gpt4_multiple": flop / x["gpt4_flop"],
        "capex": capex,
        "power_mw": power_mw,
        "energy_gwh": power_mw * days * 24 / 1000,
        "breakeven_years": capex / (x["gpus"] * x["hourly_rate"] * 8766),
    }


def _shortest(x: npt.NDArray[np.float64], prob: float = 0.9) -> list[float]:
    """Return the shortest interval that holds 90% of the draws."""
    ordered = np.sort(x)
    inside = int(np.floor(prob * len(ordered)))
    start = int(np.argmin(ordered[inside:] - ordered[: len(ordered) - inside]))
    return [float(ordered[start]), float(ordered[start + inside])]


PEERS = {
    "plain": Peer(plain, "numpy", "random"),
    "uncertain_scale": Peer(uncertain_scale, "uncertain_scale", "sobol"),
    "squigglepy": Peer(squigglepy, "squigglepy", "random"),
    "openturns": Peer(openturns, "openturns", "random"),
    "scipy (Sobol')": Peer(scipy_sobol, "scipy", "sobol"),
    "probabilit": Peer(probabilit, "probabilit", "sobol"),
    "SALib": Peer(salib, "SALib", "lhs", most=1 << 17),
    "monaco": Peer(monaco, "monaco", "sobol", most=8192),
}


def why_not(name: str) -> str:
    """Say why a peer cannot run here, or ""."""
    package = PEERS[name].package
    return "" if find_spec(package) else f"{package} is not installed; pip install -e '.[bench]'"


def main() -> None:
    """Print one tool's answers."""
    name, draws, *seed = sys.argv[1:]
    answers = PEERS[name].answer(int(float(draws)), int(seed[0]) if seed else 0)
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
