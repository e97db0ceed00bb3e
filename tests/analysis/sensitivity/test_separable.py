"""Products and sums, whole or nearly: found for what they are, nothing else taken for one."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from uncertain_scale.analysis.sensitivity import sensitivity
from uncertain_scale.analysis.sensitivity.estimates import Chains
from uncertain_scale.analysis.sensitivity.evaluation import OneAtATime
from uncertain_scale.analysis.sensitivity.methods import run_methods
from uncertain_scale.analysis.sensitivity.separable import Nearly, Product, Sum, View, split
from uncertain_scale.analysis.sensitivity.shapley import Shapley
from uncertain_scale.analysis.sensitivity.sobol import Sobol
from uncertain_scale.analysis.sensitivity.study import Study, make_study
from uncertain_scale.model import ask
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.sample import prepare

KINDS = ("sobol", "lhs", "random")
WHAT = ("first", "total", "shapley")
EQUATIONS = '''
def product(a, b, c):
    """A product."""
    return -5 * a**2 / b * np.exp(c)


def total(a, b, c):
    """A sum."""
    return 3 + a + 2 * np.log(b) - c


def both(a, b, c):
    """Neither."""
    return a * b + c


def capped(a, b):
    """A product but for a corner that few draws see."""
    return np.minimum(a * b, 200)


def tied(h, i, a):
    """A product of what hangs together and what does not."""
    return h * i * a


def nearly(a, b, d):
    """A product, but for a small term: two factors, a d + 0.05 is none."""
    return b * (a * d + 0.05)


def nearly_tied(h, i, a):
    """A product, but for a power that moves a little."""
    return h * i * a ** (1 + 0.05 * np.log(h))
'''
INPUTS = """
inputs.a = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.b = { kind = "lognormal", mu = 1, sigma = 0.8 }
inputs.c = { kind = "uniform", lower = -1, upper = 1 }
inputs.d = { kind = "lognormal", mu = 0, sigma = 0.3 }
inputs.h = { kind = "lognormal", mu = 0, sigma = 0.4 }
inputs.i = { kind = "lognormal", mu = 0, sigma = 0.6 }
[[correlations]]
inputs = ["h", "i"]
rank = 0.5
"""


def nonseparable(study):
    """Return the study with no structure made use of."""
    every = frozenset((output, scale) for output in study.outputs for scale in study.scales)
    return replace(study, nonseparable=every)


def of_product(parts):
    """Return first and total indices of a product by its factors' variance over squared mean."""
    parts = np.array(parts)
    whole = np.prod(1 + parts) - 1
    return parts / whole, parts * np.prod(1 + parts) / (1 + parts) / whole


def lognormal(sigma):
    return np.expm1(sigma**2)


def found_in(question, **options):
    study = make_study(*question, Design(seed=3, draws=256, **options))
    chains = Chains(study, range(study.design.chains))
    with np.errstate(invalid="ignore"):
        return {
            (output, scale): type(chains.split(output, scale))
            for output in study.outputs
            for scale in study.scales
        }


@pytest.mark.parametrize("kind", KINDS)
def test_products_and_sums_are_told_from_the_rest(asked, kind):
    outputs = ["product", "total", "both", "capped", "tied", "nearly", "nearly_tied"]
    found = found_in(asked(EQUATIONS, INPUTS, outputs=outputs), kind=kind)
    none = type(None)
    assert found == {
        ("product", "value"): Product,
        ("product", "log"): none,  # negative
        ("total", "value"): Sum,
        ("total", "log"): none,
        ("both", "value"): none,
        ("both", "log"): none,
        ("capped", "value"): none,
        ("capped", "log"): none,
        ("tied", "value"): Product,
        ("tied", "log"): Sum,
        ("nearly", "value"): Nearly,
        ("nearly", "log"): Nearly,
        ("nearly_tied", "value"): Nearly,
        ("nearly_tied", "log"): Nearly,
    }


@pytest.mark.parametrize(("scale", "near"), [("value", Product), ("log", Sum)])
def test_what_is_nearly_both_is_taken_for_the_nearer(asked, scale, near):
    study = make_study(*asked(EQUATIONS, INPUTS, outputs=["nearly_tied"]), Design(seed=3))
    assert isinstance(Chains(study, range(16)).split("nearly_tied", scale).near, near)


def test_few_draws_see_the_corner_that_gives_a_cap_away(asked):
    """One in 380,000: hardly any sample of so many holds one, and yet the cap is found."""
    probability = norm.sf((np.log(200) - 1) / np.hypot(0.5, 0.8))
    assert 0 < probability < 3e-6
    question = asked(EQUATIONS, INPUTS, outputs=["capped"])
    for seed in range(20):
        study = make_study(*question, Design(seed=seed, draws=256, chains=16))
        assert Chains(study, range(16)).split("capped", "value") is None


@pytest.mark.parametrize("kind", KINDS)
def test_shares_of_a_product(asked, kind):
    question = asked(EQUATIONS, INPUTS, outputs=["product"])
    found = sensitivity(*question, Design(kind=kind, seed=5), on=["value"], second_order=True)
    mean, square = np.sinh(1), np.sinh(2) / 2
    parts = np.array([lognormal(1.0), lognormal(0.8), square / mean**2 - 1])
    first, total = of_product(parts)
    whole = np.prod(1 + parts) - 1
    pairs = np.outer(parts, parts) / whole
    last = parts.prod() / whole
    effects = first + (pairs.sum(axis=0) - np.diag(pairs)) / 2 + last / 3
    place = {"output": "product", "scale": "value"}
    off = {
        name: np.abs(found[name].sel(place).values - exact)
        for name, exact in {"first": first, "total": total, "shapley": effects}.items()
    }
    apart = ~np.eye(3, dtype=bool)
    off["second"] = np.abs(found["second"].sel(place).values - pairs)[apart]
    for name, differences in off.items():
        errors = found[f"{name}_mcse"].sel(place).values
        errors = errors[apart] if name == "second" else errors
        assert (differences <= 8.2 * errors).all(), (name, differences, errors)
        assert (errors < (3e-4 if kind != "random" else 5e-3)).all(), (name, errors)


@pytest.mark.parametrize("kind", KINDS)
def test_terms_of_a_sum_do_not_meet(asked, kind):
    question = asked(EQUATIONS, INPUTS, outputs=["total"])
    found = sensitivity(*question, Design(kind=kind, seed=5), on=["value"], second_order=True)
    variances = np.array([lognormal(0.5) * np.exp(0.25), 4 * 0.8**2, 1 / 3])
    place = {"output": "total", "scale": "value"}
    first = found["first"].sel(place).values
    error = found["first_mcse"].sel(place).values
    assert (np.abs(first - variances / variances.sum()) <= 8.2 * error).all()
    assert (error < (2e-4 if kind != "random" else 5e-3)).all()
    for name in ("total", "shapley"):
        assert found[name].sel(place).values == pytest.approx(first, rel=1e-12)
    pairs = found["second"].sel(place).values
    assert (pairs[~np.eye(3, dtype=bool)] == 0).all()


def variances_of_nearly():
    """Return the parts of the variance of b (a d + 0.05) by set of inputs, by algebra."""
    (va, ma), (vb, mb), (vd, md) = (
        (lognormal(sigma) * np.exp(2 * mu + sigma**2), np.exp(mu + sigma**2 / 2))
        for mu, sigma in ((0, 0.5), (1, 0.8), (0, 0.3))
    )
    second = {0b001: va * md**2, 0b100: ma**2 * vd, 0b101: va * vd}  # of the second factor
    mean = ma * md + 0.05
    parts = {players: mb**2 * part for players, part in second.items()}
    parts |= {players | 0b010: vb * part for players, part in second.items()} | {
        0b010: vb * mean**2
    }
    exact = (vb + mb**2) * (sum(second.values()) + mean**2) - (mb * mean) ** 2
    assert sum(parts.values()) == pytest.approx(exact, rel=1e-12)
    return parts


def of_nearly():
    """Return its shares."""
    parts = variances_of_nearly()
    shares = {players: part / sum(parts.values()) for players, part in parts.items()}
    return {
        "first": np.array([shares[1 << k] for k in range(3)]),
        "total": np.array([sum(v for p, v in shares.items() if p >> k & 1) for k in range(3)]),
        "shapley": np.array(
            [sum(v / p.bit_count() for p, v in shares.items() if p >> k & 1) for k in range(3)]
        ),
        "second": np.array(
            [[shares[1 << i | 1 << j] if i != j else np.nan for j in range(3)] for i in range(3)]
        ),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_shares_of_what_is_nearly_a_product(asked, kind):
    question = asked(EQUATIONS, INPUTS, outputs=["nearly"])
    study = make_study(*question, Design(kind=kind, seed=5), on=["value"])
    methods = [Sobol(study, second_order=True), Shapley(study)]
    found = run_methods(study, methods)
    plain = run_methods(nonseparable(study), methods)
    place = {"output": "nearly", "scale": "value"}
    for name, exact in of_nearly().items():
        error = found[f"{name}_mcse"].sel(place).values
        off = np.abs(found[name].sel(place).values - exact)
        known = ~np.isnan(exact)
        assert (off[known] <= 8.2 * error[known]).all(), (name, off, error)
        better = 3 if kind != "random" else 1
        assert np.nanmax(error) < np.nanmax(plain[f"{name}_mcse"].values) / better, name


@pytest.mark.parametrize("kind", KINDS)
def test_variance_of_what_is_nearly_a_product(asked, kind):
    study = make_study(*asked(EQUATIONS, INPUTS, outputs=["nearly"]), Design(kind=kind, seed=5))
    found = Chains(study, range(16)).variance("nearly", "value")
    exact, error = sum(variances_of_nearly().values()), found.std(ddof=1) / 4
    assert abs(found.mean() - exact) < 8.2 * error
    assert error < (5e-4 if kind != "random" else 2e-2) * exact


def test_a_rest_on_few_points_is_left_to_the_general_way(asked):
    """A cap far out: little of the variance, all of it from the corner that so few points meet."""
    equations = EQUATIONS.replace("200", "120")
    for draws in (256, 2048):
        study = make_study(*asked(equations, INPUTS, outputs=["capped"]), Design(draws=draws))
        chains = Chains(study, range(4))
        view = View(chains.periodized, "capped", "value")
        whole, product = view.alone(0b11), view.alone(0b01) * view.alone(0b10) / view.alone(0)
        rest = view.weights.prod(axis=0) * (whole - product) ** 2
        variance = np.cov(whole.ravel(), aweights=view.weights.prod(axis=0).ravel())
        assert 1e-4 * variance < rest.mean() < 0.01 * variance
        assert split(view) is None


def test_the_rows_of_a_joint_sample_are_gone_through(asked, tmp_path, monkeypatch):
    """Two joint samples: no draw is left in the shares of their product."""
    rows = np.random.default_rng(1).lognormal(size=(2, 50, 2))
    inputs = ""
    for names, sample in zip(("pq", "rs"), rows, strict=True):
        file = tmp_path / f"{names}.csv"
        np.savetxt(file, sample, delimiter=",", header=",".join(names), comments="", fmt="%.17g")
        inputs += f'[[joint]]\ninputs = ["{names[0]}", "{names[1]}"]\nsamples = "{file.name}"\n'
    equations = 'def y(p, q, r, s):\n    """A product."""\n    return p * q * r / s\n'
    question = asked(equations, inputs, outputs=["y"])
    factors = rows[0].prod(axis=1), rows[1][:, 0] / rows[1][:, 1]
    first, total = of_product([factor.var() / factor.mean() ** 2 for factor in factors])
    study = make_study(*question, Design(draws=64, chains=4), on=["value"])
    found = run_methods(study, [Sobol(study)]).sel(output="y", scale="value")
    for name, exact in (("first", first), ("total", total)):
        assert found[name].values == pytest.approx(exact, rel=1e-12)
        assert found[f"{name}_mcse"].values == pytest.approx(0, abs=1e-15)
    monkeypatch.setattr("uncertain_scale.analysis.sensitivity.study._LISTED", 49)
    study = make_study(*question, Design(draws=64, chains=4), on=["value"])
    drawn = run_methods(study, [Sobol(study)]).sel(output="y", scale="value")
    assert (drawn["first_mcse"] > 1e-4).all()
    assert (np.abs(drawn["first"].values - first) < 8.2 * drawn["first_mcse"].values).all()


def test_what_hangs_together_is_one_factor(asked):
    """A bivariate lognormal's product is lognormal."""
    question = asked(EQUATIONS, INPUTS, outputs=["tied"])
    found = sensitivity(*question, Design(seed=5), on=["value"])
    rho = 2 * np.sin(np.pi * 0.5 / 6)
    sigma = np.sqrt(0.4**2 + 0.6**2 + 2 * rho * 0.4 * 0.6)
    first, total = of_product([lognormal(0.5), lognormal(sigma)])
    place = {"output": "tied", "scale": "value", "group": ["a", "h+i"]}
    for name, exact in (("first", first), ("total", total)):
        off = np.abs(found[name].sel(place).values - exact)
        assert (off <= 8.2 * found[f"{name}_mcse"].sel(place).values).all()
        assert (off < 1e-3).all()


def test_members_are_those_of_a_group_in_any_output(asked):
    question = asked(EQUATIONS, INPUTS, outputs=["product", "tied"])
    study = make_study(*question, Design(seed=5, draws=64), on=["value"])
    found = run_methods(study, [Sobol(study)])
    assert found["members"].to_series().to_dict() == {"a": "a", "b": "b", "c": "c", "h+i": "h,i"}


def test_users_groups_are_unions_of_factors(asked):
    question = asked(EQUATIONS, INPUTS, outputs=["product"])
    study = make_study(*question, Design(seed=5), on=["value"])
    found = run_methods(study, [Sobol(study, {"ac": ["a", "c"]})])
    part = (1 + lognormal(1.0)) * (np.sinh(2) / 2 / np.sinh(1) ** 2) - 1
    first, total = of_product([part, lognormal(0.8)])
    place = {"output": "product", "scale": "value", "group": ["ac", "b"]}
    assert found["first"].sel(place).values == pytest.approx(first, abs=1e-3)
    assert found["total"].sel(place).values == pytest.approx(total, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["base", "gb200-dense-fp8"])
def test_both_methods_lead_to_the_same_shares(scenario):
    """Of the report's outputs, by structure and by exchanging columns."""
    model, priors = prepare(scenario)
    question = ask(model, {"budget": "100M"})
    study = make_study(model, priors, question, Design(seed=4, draws=2048))
    plain = nonseparable(study)
    roads = [run_methods(one, [Sobol(one), Shapley(one)]) for one in (study, plain)]
    for name in ("first", "total", "shapley", "variance_reduction"):
        values, others = (road[name].values for road in roads)
        error = np.hypot(*(road[f"{name}_mcse"].values for road in roads))
        assert np.array_equal(np.isnan(values), np.isnan(others))
        known = ~np.isnan(values)
        off = np.abs(values - others)[known]
        assert off.max() < 0.01
        assert (off <= 8.2 * error[known] + 1e-9).all(), name
        assert (off <= 2.1 * error[known] + 1e-9).mean() > 0.9, name


@pytest.mark.parametrize(("output", "times"), [("gpt4_multiple", 5), ("cost_per_flop", 5)])
def test_intervals_are_narrower_for_it(output, times):
    model, priors = prepare("base")
    question = ask(model, {"budget": "100M"}, outputs=[output])
    study = make_study(model, priors, question, Design(seed=4, draws=1024), on=["value"])
    plain = nonseparable(study)
    errors = [run_methods(one, [Sobol(one)])["total_mcse"].max() for one in (study, plain)]
    assert errors[0] < errors[1] / times


def test_what_only_some_chains_see_counts_for_all(asked):
    """A bump about one level, narrow enough for some chains to miss it."""
    equations = '''
def y(a, b):
    """A product, but for a narrow bump."""
    return a * b + 5 * (np.abs(a - 0.777) < 2e-5)
'''
    inputs = "".join(f'inputs.{x} = {{ kind = "uniform", lower = 0, upper = 1 }}\n' for x in "ab")
    question = asked(equations, inputs)
    study = make_study(*question, Design("random", draws=1 << 13, chains=16, seed=1), on=["value"])
    alone = [Chains(study, [k]).split("y", "value") is not None for k in range(16)]
    assert 0 < sum(alone) < 16
    found, plain = (
        run_methods(one, [Sobol(one), Shapley(one)]) for one in (study, nonseparable(study))
    )
    xr.testing.assert_identical(found, plain)


def test_kinds_of_structure_that_differ_count_for_none(asked, monkeypatch):
    """What even chains find to be a product, odd ones find nearly one, whichever comes first."""
    question = asked(EQUATIONS, INPUTS, outputs=["product"])
    study = make_study(*question, Design(draws=1 << 13, chains=4, seed=1), on=["value"])
    plain = run_methods(nonseparable(study), [Sobol(study)])

    class Differing(Chains):
        def split(self, output, scale):
            (number,) = self.numbers
            found = super().split(output, scale)
            if isinstance(found, Product) and number % 2:
                view = View(self.periodized, output, scale)
                alone = np.array([view.alone(k) for k in view.components])
                found = Nearly(found, found.parts(alone, found.constant), view)
                self._splits[output, scale] = found
            if found:
                seen.add((number, type(found)))
            return found

    seen = set()
    monkeypatch.setattr("uncertain_scale.analysis.sensitivity.methods.Chains", Differing)
    found = run_methods(study, [Sobol(study)])
    assert seen == {(0, Product), (1, Nearly), (2, Product), (3, Nearly)}
    xr.testing.assert_identical(found, plain)


def test_the_order_in_which_threads_come_moves_no_bit(asked, monkeypatch):
    """Four batches at once, and one after the other with the last of them first."""
    question = asked(EQUATIONS, INPUTS, outputs=["product", "both", "nearly_tied"])
    design = Design(draws=1 << 11, chains=16, seed=1)
    methods = [Sobol, Shapley]
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    study = make_study(*question, design)
    together = run_methods(study, [method(study) for method in methods])
    over_chains = Study.over_chains

    def backwards(study, work, progress=None):
        ended = {chain: threading.Event() for chain in (0, 4, 8, 12)}

        def in_turn(numbers):
            assert numbers.stop == 16 or ended[numbers.stop].wait(600)
            try:
                return work(numbers)
            finally:
                order.append(numbers.start)
                ended[numbers.start].set()

        return over_chains(study, in_turn, progress)

    order = []
    monkeypatch.setattr(Study, "over_chains", backwards)
    study = make_study(*question, design)  # with none of what the other has worked out
    found = run_methods(study, [method(study) for method in methods])
    assert order[:4] == [12, 8, 4, 0]
    xr.testing.assert_identical(found, together)


@pytest.mark.parametrize("players", [6, 7])
def test_many_players_of_what_is_nearly_a_product(asked, players):
    """Up to six their exchanges with the product are all kept, above that nothing is."""
    names = "abcdefg"[:players]
    equations = (
        f'def y({", ".join(names)}):\n    """Y."""\n    return {" * ".join(names)} + 0.1 * a\n'
    )
    inputs = "".join(
        f'inputs.{name} = {{ kind = "lognormal", mu = 0, sigma = 0.2 }}\n' for name in names
    )
    study = make_study(*asked(equations, inputs), Design(draws=512, seed=2), on=["value"])
    assert isinstance(Chains(study, range(16)).split("y", "value"), Nearly)
    found, plain = (run_methods(one, [Shapley(one)]) for one in (study, nonseparable(study)))
    assert np.array_equal(found["shapley"], plain["shapley"]) == (players == 7)
    error = np.hypot(found["shapley_mcse"], plain["shapley_mcse"])
    assert (np.abs(found["shapley"] - plain["shapley"]) <= 8.2 * error).all()
    assert found["shapley_sum"].values == pytest.approx(1, abs=0.05)


def test_a_constant_factor_moves_nothing(asked):
    equations = 'def y(a, b):\n    """One of them."""\n    return a * b**0\n'
    question = asked(equations, INPUTS.split("inputs.c", maxsplit=1)[0], outputs=["y"])
    found = sensitivity(*question, Design(seed=1, draws=256))
    place = {"output": "y", "group": ["a", "b"]}
    for name in ("first", "total"):
        assert found[name].sel(place).values.T.tolist() == [[1, 0], [1, 0]]


def test_shares_hang_on_no_batch(asked, monkeypatch):
    question = asked(EQUATIONS, INPUTS, outputs=["product", "tied"])
    study = make_study(*question, Design(draws=512, chains=40, seed=3))
    together = run_methods(study, [Sobol(study), Shapley(study)])
    monkeypatch.setattr("uncertain_scale.analysis.sensitivity.study._TOGETHER", 1)
    apart = run_methods(study, [Sobol(study), Shapley(study)])
    xr.testing.assert_allclose(apart, together, rtol=1e-12)


def test_where_the_others_stand_does_not_matter(asked, monkeypatch):
    question = asked(EQUATIONS, INPUTS, outputs=["product", "total", "tied"])
    study = make_study(*question, Design(draws=512, seed=3))
    found = run_methods(study, [Sobol(study)])
    monkeypatch.setattr(OneAtATime, "ELSEWHERE", 0.8)
    moved = run_methods(study, [Sobol(study)])
    for name in ("first", "total"):
        assert np.nanmax(np.abs(moved[name] - found[name])) < 1e-3


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_cover_where_tails_are_heavy(asked, kind):
    """Lognormals of sigma 1 and 0.7, and a factor that jumps: 95% intervals over 400 seeds."""
    equations = 'def y(a, b, c):\n    """A product."""\n    return a * b * c\n'
    inputs = """
inputs.a = { kind = "lognormal", mu = 0, sigma = 1 }
inputs.b = { kind = "lognormal", mu = 0, sigma = 0.7 }
inputs.c = { kind = "choice", values = [1, 2, 5], probabilities = [0.5, 0.3, 0.2] }
"""
    values, weights = np.array([1, 2, 5]), np.array([0.5, 0.3, 0.2])
    mean = weights @ values
    parts = [lognormal(1.0), lognormal(0.7), weights @ values**2 / mean**2 - 1]
    logs = np.log(values)
    shares = np.array([1, 0.49, weights @ logs**2 - (weights @ logs) ** 2])
    exact = [*of_product(parts), shares / shares.sum()]
    question = asked(equations, inputs)
    held = []
    for seed in range(400):
        study = make_study(*question, Design(kind, draws=256, chains=8, seed=seed))
        found = run_methods(study, [Sobol(study)]).sel(output="y")
        ends = [
            [found[f"{name}_{end}"].sel(scale=scale).values for end in ("low", "high")]
            for name, scale in (("first", "value"), ("total", "value"), ("first", "log"))
        ]
        held.append(
            [(low <= at) & (at <= high) for (low, high), at in zip(ends, exact, strict=True)]
        )
    covered = np.mean(held, axis=0)
    assert ((covered >= 0.9) & (covered <= 0.985)).all(), covered
    assert 0.925 < covered.mean() < 0.98, covered


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_cover_what_is_nearly_a_product(asked, kind):
    question = asked(EQUATIONS, INPUTS, outputs=["nearly"])
    exact = of_nearly()
    held = []
    for seed in range(400):
        study = make_study(*question, Design(kind, draws=256, chains=8, seed=seed), on=["value"])
        found = run_methods(study, [Sobol(study), Shapley(study)]).sel(output="nearly")
        ends = [[found[f"{name}_{end}"].values[:, 0] for end in ("low", "high")] for name in WHAT]
        held.append(
            [
                (low <= exact[name]) & (exact[name] <= high)
                for name, (low, high) in zip(WHAT, ends, strict=True)
            ]
        )
    covered = np.mean(held, axis=0)
    assert ((covered >= 0.9) & (covered <= 0.985)).all(), covered
    assert 0.925 < covered.mean() < 0.98, covered
