"""What knowing an input is worth for a question with a threshold, by quadrature."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, t

from uncertain_scale.analysis.sensitivity import decision_value
from uncertain_scale.sampling import Design

BOUND = t.isf(norm.sf(4.9), 15)
SUM = '''
def y(a, b, c):
    """A weighted sum."""
    return 2 * a + b + 0 * c
'''
NORMALS = "".join(f'inputs.{x} = {{ kind = "normal", mu = 0, sigma = 1 }}\n' for x in "abc")


def truth(weight, other, threshold):
    """Return P(the answer changes) and the gain in P(right) of knowing one normal input."""

    def chance(x):
        return norm.sf((threshold - weight * x) / other)

    whole = norm.sf(threshold / np.hypot(weight, other))
    switch = threshold / weight
    changes = norm.sf(switch) if whole < 0.5 else norm.cdf(switch)
    right = quad(lambda x: max(chance(x), 1 - chance(x)) * norm.pdf(x), -9, 9, points=[switch])[0]
    return changes, right - max(whole, 1 - whole)


@pytest.mark.parametrize("kind", ["sobol", "random"])
@pytest.mark.parametrize("direction", [">=", ">", "<", "<="])
@pytest.mark.parametrize("threshold", [1.0, -0.7])
def test_how_often_knowing_changes_the_answer(asked, kind, direction, threshold):
    found = decision_value(
        *asked(SUM, NORMALS),
        Design(kind=kind, seed=2),
        output="y",
        threshold=threshold,
        direction=direction,
    )
    above = norm.sf(threshold / np.sqrt(5))
    expected = above if ">" in direction else 1 - above
    assert float(found["probability"]) == pytest.approx(expected, abs=0.01)
    assert str(found["answer"].values) == ("yes" if expected >= 0.5 else "no")
    for name, weight, other in (("a", 2, 1), ("b", 1, 2)):
        changes, gain = truth(weight, other, threshold)
        one = found.sel(input=name)
        assert abs(float(one["changes"]) - changes) < BOUND * float(one["changes_mcse"]) + 0.005
        assert abs(float(one["gain"]) - gain) < BOUND * float(one["gain_mcse"]) + 0.002
        assert float(one["changes_mcse"]) < 0.012
        assert float(one["gain_mcse"]) < 0.005
    assert float(found["changes"].sel(input="c")) == 0
    assert float(found["gain"].sel(input="c")) == pytest.approx(0, abs=1e-12)


def test_a_sure_thing_is_not_changed(asked):
    found = decision_value(*asked(SUM, NORMALS), Design(draws=256), output="y", threshold=-50.0)
    assert float(found["probability"]) == 1
    assert (found["changes"] == 0).all()
    assert (found["gain"] == 0).all()
