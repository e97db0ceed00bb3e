"""Shapes: densities are those of the distribution, and point masses stand apart from them."""

import numpy as np
import pytest
from scipy import stats
from scipy.interpolate import PchipInterpolator

from uncertain_scale import Design, load_priors, report_document, run
from uncertain_scale.report.figures.density import (
    monotone_cubic,
    shape_of_output,
    shape_of_prior,
)

TOML = """
schema_version = 1
inputs.normal = { kind = "normal", mu = 3, sigma = 2 }
inputs.wide = { kind = "lognormal", mu = 0, sigma = 2 }
inputs.known = { kind = "constant", value = 4 }
inputs.coin = { kind = "bernoulli", p = 0.3 }
[inputs.mixed]
kind = "mixture"
weights = [0.6, 0.4]
components = [{ kind = "constant", value = 1 }, { kind = "uniform", lower = 1, upper = 3 }]
"""
USED = TOML[: TOML.index("inputs.normal")] + TOML[TOML.index("inputs.coin") :]
EQUATIONS = "def twice(coin):\n    return 2 * coin\ndef shifted(mixed):\n    return mixed + 1\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    (folder / "own.toml").write_text(TOML, encoding="utf-8")
    (folder / "used.toml").write_text(USED, encoding="utf-8")
    (folder / "own.py").write_text(EQUATIONS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def priors(folder):
    return load_priors(folder / "own.toml").inputs


@pytest.mark.parametrize(
    ("name", "exact", "log"),
    [("normal", stats.norm(3, 2), False), ("wide", stats.lognorm(2), True)],
)
def test_a_priors_curve_is_its_density_on_the_axis(priors, name, exact, log):
    """Against scipy: the density, times x where the axis is logarithmic."""
    shape = shape_of_prior(priors[name])
    assert shape.log is log
    assert shape.masses.sum() == pytest.approx(0.99, abs=1e-9)
    xs, density = shape.curve()
    expected = exact.pdf(xs) * (xs if log else 1)
    np.testing.assert_allclose(density, expected / expected.max(), atol=0.02)


def test_a_constant_has_no_shape(priors):
    assert shape_of_prior(priors["known"]) is None


def test_a_discrete_prior_has_no_density(priors):
    shape = shape_of_prior(priors["coin"])
    assert not shape.smooth
    assert shape.atoms == ((0.0, pytest.approx(0.7)), (1.0, pytest.approx(0.3)))


def test_a_point_mass_is_kept_out_of_the_density(priors):
    shape = shape_of_prior(priors["mixed"])
    assert shape.atoms == ((1.0, pytest.approx(0.6)),)
    assert shape.masses.sum() == pytest.approx(0.4, abs=0.006)
    assert shape.masses[1:] == pytest.approx(shape.masses[1], rel=1e-6)


@pytest.mark.parametrize("size", [3, 4, 5, 40])
def test_the_curve_is_scipys_monotone_cubic(size):
    generator = np.random.default_rng(size)
    for _ in range(50):
        x = np.sort(generator.normal(size=size))
        y = np.round(generator.normal(size=size), 1) * generator.integers(0, 2, size)
        at = np.linspace(x[0], x[-1], 100)
        np.testing.assert_allclose(
            monotone_cubic(x, y, at), PchipInterpolator(x, y)(at), rtol=0, atol=1e-12
        )


def test_outputs_have_the_shapes_of_their_draws(folder):
    design = Design(draws=1024, chains=8)
    tree = run(equations=[folder / "own.py"], priors=[folder / "used.toml"], design=design)
    outputs = report_document(tree)["outputs"]
    twice = shape_of_output(outputs["twice"], 8192)
    assert not twice.smooth
    assert [value for value, _ in twice.atoms] == [0.0, 2.0]
    assert sum(share for _, share in twice.atoms) == pytest.approx(1)
    shifted = shape_of_output(outputs["shifted"], 8192)
    assert shifted.atoms == ((2.0, pytest.approx(0.6, abs=0.02)),)
    assert shifted.smooth
    assert shifted.masses.sum() == pytest.approx(0.4, abs=0.02)
