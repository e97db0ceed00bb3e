"""Rankings and decisions that rest on a value in none of the draws, against closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale.analysis.sensitivity import (
    Loss,
    Penalty,
    decision_value,
    sensitivity,
    shapley_effects,
)
from uncertain_scale.sampling import Design

LAWS = '''
def total(repair, accident):
    """A sum."""
    return repair + 1e5 * accident


def product(repair, outage, accident):
    """A product."""
    return repair * outage * (1 + 1e5 * accident)


def cost(repair, outage, accident):
    """Neither."""
    return np.maximum(repair, outage) * (1 + 1e5 * accident)


def flood(repair, wave):
    """A branch with a probability of exp(-11.5)."""
    return np.where(wave > 11.5, 1e5, repair)


def dry(repair, outage):
    """No such value."""
    return np.maximum(repair, outage)
'''
P = 1e-6
INPUTS = """
inputs.repair = { kind = "uniform", lower = 0.5, upper = 1 }
inputs.outage = { kind = "uniform", lower = 0.5, upper = 1 }
inputs.accident = { kind = "bernoulli", p = 1e-6 }
inputs.wave = { kind = "gamma", alpha = 1, beta = 1 }
"""
MIXED = INPUTS.replace(
    '{ kind = "bernoulli", p = 1e-6 }',
    '{ kind = "mixture", weights = [0.999999, 1e-6], components = ['
    '{ kind = "constant", value = 0 }, { kind = "lognormal", mu = 0, sigma = 0.5 }] }',
)
LINEAR = Loss(Penalty(2.0, per=1.0), Penalty(1.0, per=1.0))


@pytest.mark.parametrize("direction", [">=", "<"])
@pytest.mark.parametrize("seed", range(3))
def test_an_expected_loss_that_no_draw_shows_follows_from_the_exact_mean(asked, seed, direction):
    """E[(0.9 - y)+] = 0.16 (1 - p), and E[(y - 0.9)+] = E[y] - 0.9 + E[(0.9 - y)+]."""
    inputs = INPUTS.replace("1e-6", "1e-5")
    problem = asked(LAWS, inputs, outputs=["total"])
    options = {"output": "total", "threshold": 0.9, "direction": direction, "loss": LINEAR}
    found = decision_value(*problem, Design(draws=512, seed=seed), **options)
    below = 0.16 * (1 - 1e-5)
    above = 0.75 + 1 - 0.9 + below
    yes, no = (2 * below, above) if direction == ">=" else (2 * above, below)
    for name, truth in (("yes", yes), ("no", no)):
        loss = float(found[f"expected_loss_{name}"])
        assert abs(loss - truth) < 5 * float(found[f"expected_loss_{name}_mcse"]) < 1e-3 * truth
    assert str(found["answer"].item()) == ("yes" if yes < no else "no")
    assert str(found["answer_unresolved"].item()) == ""
    assert float(found["evpi"]) == min(float(found[f"expected_loss_{n}"]) for n in ("yes", "no"))
    assert np.isnan(found["evppi"].values).all()
    assert "a value of accident with probability 1e-05" in str(found["evppi_unresolved"].values[0])


@pytest.mark.parametrize(
    ("output", "name", "losses"),
    [
        # max(U, U') is m with the density 8 (m - 1/2) on (1/2, 1).
        ("cost", "accident", (2 * 0.08533, 0.01867 + 5 / 6)),
        ("flood", "wave", (2 * 0.16, 0.01 + 1e5 * np.exp(-11.5))),
    ],
)
def test_losses_that_draws_only_bound_settle_no_answer(asked, output, name, losses):
    inputs = INPUTS.replace("1e-6", "1e-5")
    problem = asked(LAWS, inputs, outputs=[output])
    options = {"output": output, "threshold": 0.9, "loss": LINEAR}
    found = decision_value(*problem, Design(draws=512), **options)
    for side, truth in zip(("yes", "no"), losses, strict=True):
        low, high = (float(found[f"expected_loss_{side}_{end}"]) for end in ("low", "high"))
        assert low - 1e-4 <= truth <= high + 1e-4
    assert float(found["evpi_high"]) < 1.01 * losses[0]
    reason = f"not settled: a value of {name} with probability"
    assert str(found["answer_unresolved"].item()).startswith(reason)
    assert str(found["evppi_unresolved"].values[0]).startswith(reason)


def test_the_exact_mean_tells_which_loss_is_less_where_neither_range_ends(asked):
    """Losses with one rate differ by E[y] - t, whatever either is."""
    wide = '{ kind = "normal", mu = 0.75, sigma = 0.2 }'
    inputs = INPUTS.replace("1e-6", "1e-5").replace(
        '{ kind = "uniform", lower = 0.5, upper = 1 }', wide
    )
    problem = asked(LAWS, inputs, outputs=["total"])
    loss = Loss(Penalty(1.0, per=1.0), Penalty(1.0, per=1.0))
    found = decision_value(*problem, Design(), output="total", threshold=0.9, loss=loss)
    z = 0.15 / 0.2
    yes = (0.2 * norm.pdf(z) + 0.15 * norm.cdf(z)) * (1 - 1e-5)
    for name, truth in (("yes", yes), ("no", yes + 0.85)):
        low, high = (float(found[f"expected_loss_{name}_{end}"]) for end in ("low", "high"))
        assert low <= truth <= high < truth + 0.2
    assert str(found["answer"].item()) == "yes"
    assert str(found["answer_unresolved"].item()) == ""


def test_without_rare_values_nothing_is_unsettled(asked):
    problem = asked(LAWS, INPUTS, outputs=["dry"])
    options = {"output": "dry", "threshold": 0.9, "loss": LINEAR}
    found = decision_value(*problem, Design(draws=512), **options)
    assert str(found["answer_unresolved"].item()) == ""
    assert float(found["expected_loss_no"]) == pytest.approx(0.018667, rel=0.01)
    assert np.isfinite(found["evppi"].values).all()


@pytest.mark.parametrize("inputs", [INPUTS, MIXED], ids=["atom", "component"])
@pytest.mark.parametrize("seed", range(3))
def test_shares_that_rest_on_a_value_in_few_draws_say_so(asked, inputs, seed):
    outputs = ["cost", "flood", "dry"]
    found = sensitivity(*asked(LAWS, inputs, outputs=outputs), Design(draws=128, seed=seed))
    for output, name in (("cost", "accident"), ("flood", "wave")):
        for scale in ("value", "log"):
            reason = str(found["reason"].sel(output=output, scale=scale).item())
            assert f"not settled at these draws: a value of {name} with probability" in reason
    assert (found["reason"].sel(output="dry") == "").all()


@pytest.mark.parametrize("kind", ["sobol", "lhs", "random"])
def test_shares_of_sums_and_products_take_all_atoms(asked, kind):
    """An atom that no draw holds makes nearly all of the variance of a sum."""
    problem = asked(LAWS, INPUTS, outputs=["total", "product"])
    for seed in range(3):
        found = shapley_effects(*problem, Design(kind=kind, draws=128, seed=seed))
        assert (found["reason"].sel(scale="value") == "").all()
        one = found.sel(scale="value", input="accident")
        variance = P * (1 - P) * 1e10
        share = variance / (variance + 1 / 48)
        assert float(one["shapley"].sel(output="total")) == pytest.approx(share, abs=1e-7)
        assert float(one["shapley"].sel(output="product")) == pytest.approx(
            product_share(), abs=1e-3
        )
        assert (one["rank"] == 1).all()
        assert (one["rank_share"] == 1).all()


def product_share():
    """Return the Shapley effect of the accident, from the variances that sets explain."""
    mean, square = 0.75, 0.75**2 + 1 / 48
    first = 1 + P * 1e5
    second = 1 + P * (2e5 + 1e10)

    def explained(repair, outage, accident):
        factors = [(mean, square, repair), (mean, square, outage), (first, second, accident)]
        return np.prod([b if known else a * a for a, b, known in factors])

    whole = explained(1, 1, 1) - explained(0, 0, 0)
    gains = [
        (explained(*others, 1) - explained(*others, 0)) * weight
        for others, weight in (((0, 0), 1 / 3), ((0, 1), 1 / 6), ((1, 0), 1 / 6), ((1, 1), 1 / 3))
    ]
    return sum(gains) / whole


def test_ranks_follow_shares_that_algebra_makes_sure(asked):
    """A chain has a point or none in a value that makes nearly all of the variance."""
    equations = '''
def y(a, b, c):
    """A product."""
    return a * b * np.where(c == 1, 1e3, 1.0)
'''
    uniform = '{ kind = "uniform", lower = 0.5, upper = 1 }'
    inputs = (
        f"inputs.a = {uniform}\ninputs.b = {uniform}\n"
        "inputs.c = { kind = 'choice', values = [0, 1, 2], "
        "probabilities = [0.4995, 0.001, 0.4995] }\n"
    )
    for seed in range(3):
        design = Design(kind="random", draws=1024, seed=seed)  # 16 draws of the value
        found = shapley_effects(*asked(equations, inputs), design).sel(output="y", scale="value")
        shares, errors = found["shapley"], found["shapley_mcse"]
        assert float(shares.sel(input="c")) > 0.9
        assert float(errors.max()) < 0.01
        assert float(found["rank_share"].sel(input="c")) == 1
