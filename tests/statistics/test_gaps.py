"""Quantiles between two modes with nothing between them: any number there is one."""

import numpy as np
import pytest
from scipy.stats import norm
from shelf import cube

from uncertain_scale import Design, Model, ask, load_priors, sample, summarize
from uncertain_scale.analysis.streamed import stream
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.intervals import quantiles_and_gaps

LOW, HIGH = 1.1, 9.0  # 0 to 1 or 9 to 10, each with probability a half, plus 0 to 0.1
EQUATIONS = """
import numpy as np
def averaged(x, e):
    return x + e
def counted(x, e):
    return np.maximum(x + e, -5)
def alone(x):
    return x * 1.0
def grown(x, g):
    return x * g
"""
UNIFORMS = '{ kind = "uniform", lower = 0, upper = 1 }, { kind = "uniform", lower = 9, upper = 10 }'
NORMALS = '{{ kind = "normal", mu = 0, sigma = 1 }}, {{ kind = "normal", mu = {apart}, sigma = 1 }}'


def asked(folder, components, weights="[0.5, 0.5]"):
    (folder / "own.py").write_text(EQUATIONS, encoding="utf-8")
    (folder / "own.toml").write_text(
        "schema_version = 1\n"
        f'inputs.x = {{ kind = "mixture", weights = {weights}, components = [{components}] }}\n'
        'inputs.e = { kind = "uniform", lower = 0, upper = 0.1 }\n'
        'inputs.g = { kind = "uniform", lower = 1, upper = 1.1 }\n',
        encoding="utf-8",
    )
    model = Model.of(folder / "own.py")
    priors = load_priors(folder / "own.toml", variables=model.variables)
    return model, priors, ask(model, {}, outputs=["averaged", "counted", "alone", "grown"])


@pytest.mark.slow_but("256-sobol", "256-random")
@pytest.mark.parametrize("kind", ["sobol", "lhs", "random"])
@pytest.mark.parametrize("draws", [256, 4096])
def test_a_median_in_a_gap_is_any_number_in_it(tmp_path, kind, draws):
    found = summarize(sample(*asked(tmp_path, UNIFORMS), Design(kind, draws=draws)), probs=[0.9])
    ends = {"averaged": (LOW, HIGH), "counted": (LOW, HIGH), "alone": (1, 9), "grown": (1.1, 9)}
    for name, (low, high) in ends.items():
        row = found.sel(output=name)
        assert float(row["median"]) == pytest.approx((low + high) / 2, abs=0.02), name
        assert float(row["median_mcse"]) == pytest.approx((high - low) / 2, abs=0.02), name
        assert " is a median; the middle is given" in str(row["quantile_reason"].item()), name
        assert (row["eti_mcse"] < 0.1).all(), name
    text = "any number from 1 to 9 is a median; the middle is given"
    assert str(found.sel(output="alone")["quantile_reason"].item()) == text


def test_draws_that_are_not_held_have_the_same_gap(tmp_path):
    question = asked(tmp_path, UNIFORMS)
    found = stream(*question, Design(draws=4096)).summarize(probs=[0.9])
    for name in ("averaged", "counted"):
        assert float(found.sel(output=name)["median"]) == pytest.approx(5.05, abs=0.02)
        assert "is a median" in str(found.sel(output=name)["quantile_reason"].item())


@pytest.mark.parametrize("apart", [16, 20])
def test_the_median_of_two_far_normals_is_their_middle_by_symmetry(tmp_path, apart):
    found = summarize(sample(*asked(tmp_path, NORMALS.format(apart=apart)), Design()), probs=[0.9])
    for name, middle in (("averaged", apart / 2 + 0.05), ("alone", apart / 2)):
        row = found.sel(output=name)
        assert float(row["median"]) == pytest.approx(middle, abs=1e-4)
        assert float(row["median_mcse"]) > (apart - 12) / 4


def test_modes_whose_tails_meet_have_their_median_to_many_digits(tmp_path):
    found = summarize(sample(*asked(tmp_path, NORMALS.format(apart=8)), Design()), probs=[0.9])
    row = found.sel(output="averaged")
    assert float(row["median"]) == pytest.approx(4.05, abs=1e-5)
    assert float(row["median_mcse"]) < 1e-5
    assert not (found["quantile_reason"] != "").any()


def test_an_end_of_an_interval_in_a_gap_is_its_middle(tmp_path):
    found = summarize(sample(*asked(tmp_path, UNIFORMS, "[0.05, 0.95]"), Design()), probs=[0.9])
    row = found.sel(output="averaged")
    low, high = row["eti"].values[0]
    assert low == pytest.approx((LOW + HIGH) / 2, abs=0.02)
    assert 9.9 < high < 10.1
    assert str(row["quantile_reason"].item()).endswith("is a 5% quantile; the middle is given")


@pytest.mark.parametrize("kind", ["random", "lhs", "sobol"])
@pytest.mark.parametrize("law", [norm.ppf, lambda u: u**-2.0, lambda u: np.log(u) ** 3, np.sqrt])
def test_draws_without_a_gap_have_none(kind, law):
    """Two chances in a thousand million for each level, with independent draws."""
    levels = np.array([0.005, 0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975, 0.995])
    for seed in range(10):
        for draws in (64, 1024):
            values = law(cube(kind, 1, seed, draws=draws)[..., 0])
            _, _, gaps = quantiles_and_gaps(Draws(values), levels)
            assert np.isnan(gaps).all()


def test_two_values_have_their_middle_between_them():
    values = np.where(cube("random", 1, 3)[..., 0] < 0.5, 1.0, 2.0)
    (value,), (error,), gaps = quantiles_and_gaps(Draws(values), np.array([0.5]))
    assert (value, error) == (1.5, 0.5)
    assert gaps.tolist() == [[1.0, 2.0]]


def test_a_quantile_that_is_0_but_for_rounding_is_0(tmp_path):
    """The median of the lower mode, and so the 25% quantile."""
    found = summarize(sample(*asked(tmp_path, NORMALS.format(apart=20)), Design()), probs=[0.5])
    low, high = found["eti"].sel(output="alone", prob=0.5).values
    assert low == 0
    assert high == pytest.approx(20)
