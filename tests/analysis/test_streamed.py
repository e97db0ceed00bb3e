"""Runs that are reduced as they are drawn: the same bits in any pieces, held draws' answers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.stats import lognorm

from uncertain_scale import Design, Model, ask, load_priors, sample, summarize
from uncertain_scale.analysis.events import parse_event, probability_in
from uncertain_scale.analysis.reduction import Part, Reduction
from uncertain_scale.analysis.streamed import stream
from uncertain_scale.errors import DataError
from uncertain_scale.sampling.engine import Simulation, each
from uncertain_scale.sampling.nets import STRETCH
from uncertain_scale.statistics.summary import summarize_each

EQUATIONS = """
import numpy as np
def product(a, b):
    return a * b
def shifted(product, c):
    return product + c
def heavy(u):
    return 1 / u
def step(a):
    return np.where(a > 1.2, 2.0, 1.0)
def mixed(a, b):
    return np.where(a > 1, b, 3.0)
def fixed(a):
    return 0 * a + 7
"""
PRIORS = """
schema_version = 1
inputs.a = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.b = { kind = "normal", mu = 3, sigma = 1 }
inputs.c = { kind = "normal", mu = 0, sigma = 2 }
inputs.u = { kind = "uniform", lower = 0, upper = 1 }
"""
OUTPUTS = ("product", "shifted", "heavy", "step", "mixed", "fixed")
EVENT = "product > c"


@pytest.fixture(scope="module")
def question(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "own.py").write_text(EQUATIONS, encoding="utf-8")
    (folder / "own.toml").write_text(PRIORS, encoding="utf-8")
    model = Model.of(folder / "own.py")
    priors = load_priors(folder / "own.toml", variables=model.variables)
    return model, priors, ask(model, {}, outputs=OUTPUTS)


def reduction(question, design):
    simulation = Simulation.of(*question, design)
    return Reduction.of(simulation, events=[parse_event(EVENT, question[0].variables)])


def summary(part, draws, probs=(0.9,), known=None):
    sketches = part.sketches(OUTPUTS)
    attributes = known or {name: {} for name in OUTPUTS}
    return summarize_each(sketches, probs=probs, attributes=attributes, draws=draws).to_xarray()


@pytest.mark.parametrize("kind", ["sobol", "lhs", "random"])
def test_draws_are_the_same_bits_in_blocks_of_any_size(question, kind):
    simulation = Simulation.of(*question, Design(kind=kind, draws=3 * STRETCH + 100, seed=2))
    wholes = [
        {
            name: np.concatenate([block[name] for block in simulation.blocks(1, size=size)])
            for name in simulation.variables
        }
        for size in (STRETCH, 2 * STRETCH, 8 * STRETCH)
    ]
    for name in simulation.variables:
        assert wholes[0][name].size == 3 * STRETCH + 100
        assert np.array_equal(wholes[0][name], wholes[1][name])
        assert np.array_equal(wholes[0][name], wholes[2][name])


@pytest.mark.slow
def test_threads_order_and_machines_change_no_bit(question):
    """One thread, three threads, chains in reverse, parts of parts, and a pickled job agree."""
    reduced = reduction(question, Design(draws=1500, chains=70, seed=5))
    one = reduced.run(threads=1)
    backwards = reduced.run(range(69, -1, -1), threads=3)
    elsewhere = pickle.loads(pickle.dumps(reduced))  # noqa: S301 (its own)
    parts = [elsewhere.run(chains, threads=2) for chains in (range(0, 70, 2), range(1, 70, 2))]
    joined = Part()
    for part in reversed(parts):
        joined.add(pickle.loads(pickle.dumps(part)))  # noqa: S301
    expected = summary(one, 1500)
    for other in (backwards, joined):
        assert summary(other, 1500).identical(expected)
        assert other.probabilities([False]) == one.probabilities([False])


def test_a_run_that_goes_on_is_the_run_that_was_never_stopped(question):
    design = Design(draws=1024, chains=20)
    reduced = reduction(question, design)
    begun = reduced.run(range(7))
    finished = reduced.run(done=begun)
    assert summary(finished, 1024).identical(summary(reduced.run(), 1024))
    with pytest.raises(ValueError, match="chain 3 is in both"):
        finished.add(reduced.chain(3))


@pytest.mark.slow_but("lhs")
@pytest.mark.parametrize("kind", ["sobol", "lhs", "random"])
def test_streamed_summaries_are_those_of_held_draws(question, kind):
    """Means and standard deviations to rounding, ends within their errors."""
    design = Design(kind=kind, draws=4096, chains=16, seed=3)
    part = reduction(question, design).run()
    tree = sample(*question, design)
    held = summarize(tree["prior_predictive"].to_dataset(), probs=[0.9, 0.5])
    known = {name: tree[f"prior_predictive/{name}"].attrs for name in OUTPUTS}
    streamed = summary(part, 4096, probs=(0.9, 0.5), known=known)
    # Errors of moments rest on the tails too, which bins give to within a bin.
    for name, near in (("mean", 1e-9), ("sd", 1e-9), ("mean_mcse", 0.05), ("sd_mcse", 0.05)):
        np.testing.assert_allclose(streamed[name], held[name], rtol=near, equal_nan=True)
    for name in ("median", "eti", "hdi"):
        away = np.abs(streamed[name] - held[name])
        error = np.hypot(held[f"{name}_mcse"], streamed[f"{name}_mcse"])
        assert np.all((away <= 4 * error) | np.isnan(held[name])), name
        wide = held[f"{name}_mcse"] > 0
        ratio = (streamed[f"{name}_mcse"] / held[f"{name}_mcse"]).where(wide & (held["sd"] > 0))
        assert 0.5 < float(ratio.median()) < 1.5
    for name in ("mean_reason", "sd_reason"):
        reasons = zip(streamed[name].values, held[name].values, strict=True)
        assert [bool(one) for one, _ in reasons] == [bool(two) for two in held[name].values]
    (counted,) = part.probabilities([False])
    event = parse_event(EVENT, question[0].variables)
    assert counted == probability_in(event, tree)


def test_a_heavy_tail_does_not_settle_its_mean_when_streamed(question):
    part = reduction(question, Design(kind="random", draws=4096, chains=16)).run()
    row = summary(part, 4096).sel(output="heavy")
    assert row["mean_state"] == row["sd_state"] == "unsettled"
    assert "upper tail" in str(row["mean_reason"].item())


def test_point_masses_are_counted_exactly_when_streamed(question):
    design = Design(kind="random", draws=4096, chains=16)
    sketches = reduction(question, design).run().sketches(OUTPUTS)
    tree = sample(*question, design)
    for name, value in (("step", 2.0), ("mixed", 3.0)):
        share = float((tree[f"prior_predictive/{name}"] == value).mean())
        atoms = sketches[name].atoms
        assert atoms.masses[atoms.values == value] == pytest.approx([share], abs=1e-15)


def test_a_single_chain_has_estimates_and_no_errors(question):
    row = summary(reduction(question, Design(draws=1 << 16, chains=1)).run(), 1 << 16)
    assert np.isfinite(row["eti"]).all()
    assert np.isnan(row["eti_mcse"].sel(output="product")).all()


def test_draws_that_are_no_numbers_are_refused_by_name_and_share(tmp_path):
    text = "import numpy as np\ndef root(b):\n    return np.sqrt(b)\n"
    (tmp_path / "own.py").write_text("from uncertain_scale.units.aliases import empirical\n" + text)
    model = Model.of(tmp_path / "own.py")
    text = 'schema_version = 1\ninputs.b = { kind = "normal", mu = 0, sigma = 1 }\n'
    (tmp_path / "own.toml").write_text(text)
    priors = load_priors(tmp_path / "own.toml", variables=model.variables)
    simulation = Simulation.of(model, priors, ask(model, {}, outputs=["root"]), Design(draws=1024))
    part = Reduction.of(simulation).run()
    with pytest.raises(DataError, match=r"'root' is nan in 50\.\d\d% of the draws"):
        part.sketches(["root"])


def test_results_come_in_order_and_few_are_begun_ahead():
    begun = []

    def work(number):
        begun.append(number)
        return number * number

    results = each(work, iter(range(1000)), threads=2)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    results.close()
    assert len(begun) < 20


CANCELLING = """
import numpy as np
def cancels(a, b, c):
    return 3 * a * b * c / b
def hidden(a, b):
    return a * np.where(b > 1e4, b, 1.0)
def partly(a, b):
    return a * (1 + b)
"""
CANCELLED = """
schema_version = 1
inputs.a = { kind = "lognormal", mu = 1, sigma = 0.5 }
inputs.b = { kind = "lognormal", mu = 3, sigma = 1 }
inputs.c = { kind = "lognormal", mu = 0, sigma = 1.2 }
"""


def test_what_is_left_is_not_counted_where_it_is_one_number_by_the_equations(tmp_path):
    """`hidden` is a times 1 in all draws that there are, but not to the letter."""
    (tmp_path / "own.py").write_text(CANCELLING, encoding="utf-8")
    (tmp_path / "own.toml").write_text(CANCELLED, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    priors = load_priors(tmp_path / "own.toml", variables=model.variables)
    asked = model, priors, ask(model, {}, outputs=["cancels", "hidden", "partly"])
    answer = stream(*asked, Design(draws=4096, chains=16, seed=3))
    assert list(answer.reduction.known) == ["cancels"]
    counted = {output for output, _ in answer.reduction.rests.values()}
    assert counted == {"hidden", "partly"}
    assert len(answer.part.tallies) == 5
    row = answer.summarize(probs=[0.9]).sel(output="cancels", prob=0.9)
    ends = lognorm.ppf([0.05, 0.95], s=1.3, scale=3 * np.e)
    assert row["pivot"] == "a, c" or row["pivot"] == "c, a"
    np.testing.assert_allclose(row["eti"], ends, rtol=1e-11)
    np.testing.assert_allclose(row["median"], 3 * np.e, rtol=1e-11)
    assert float(row["median_mcse"]) == 0
