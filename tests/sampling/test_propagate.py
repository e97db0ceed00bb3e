"""Equations whose results for a draw depend on other draws are refused; others are not."""

import pytest

from uncertain_scale.errors import ModelError
from uncertain_scale.sampling import Design, run

SMALL = Design(draws=64, chains=2)
HEAD = """import numpy as np
from uncertain_scale.units.aliases import empirical
_buffer = np.zeros(1000)
@empirical
"""


def answer(tmp_path, text):
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    return run(equations=[tmp_path / "own.py"], given={"x": "1 to 3"}, outputs=["y"], design=SMALL)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("x / np.max(x)", "other draws stand beside it"),
        ("x - np.mean(x)", "other draws stand beside it"),
        ("(x - x.mean()) / x.std()", "other draws stand beside it"),
        ("x - np.median(x)", "other draws stand beside it"),
        ("np.where(x > np.mean(x), 1.0, 0.0)", "other draws stand beside it"),
        ("x > np.quantile(x, 0.9)", "other draws stand beside it"),
        ("np.minimum(x, np.quantile(x, 0.99))", "other draws stand beside it"),
        ("np.argsort(np.argsort(x)) / x.size", "other draws stand beside it"),
        ("x * len(x)", "other draws stand beside it"),
        ("np.where(np.max(x) > 4.7, 2 * x, x)", "other draws stand beside it"),
        ("x if np.all(x > 0.6) else 2 * x", "other draws stand beside it"),
        ("np.sort(x)", "another order"),
        ("np.cumsum(x)", "another order"),
        ("x * np.random.default_rng(0).random(x.size)", "another order"),
        ("x * np.random.default_rng().random(x.size)", "another result when it is called again"),
        ("np.multiply(x, 2, out=_buffer[: x.size])", "a result that it gave before"),
    ],
)
def test_equations_that_mix_draws_are_refused(tmp_path, expression, words):
    with pytest.raises(ModelError, match=rf"own.py:4 y\(x\) .*{words}"):
        answer(tmp_path, f"{HEAD}def y(x):\n    return {expression}\n")


@pytest.mark.parametrize(
    "expression",
    [
        "np.where(x > 2, x, 2.0)",
        "x > 2",
        "np.interp(x, [0, 2, 9], [1.0, 5, 2])",
        "gammainc(3, x) + ndtri(x / 100)",
        "np.column_stack([x, x**2, x**3]) @ np.array([1.0, -2, 0.5])",
        "np.array([math.exp(v) for v in x])",
        "np.exp(np.asarray(x, dtype=np.float32))",
        "newton(lambda r: r**3 - x, np.full(x.shape, 1.0))",
        "(1 + 1e-9 * x) - 1",
        "np.log(x - 2)",
        "x",
    ],
)
def test_equations_of_each_draw_alone_pass(tmp_path, expression):
    imports = "import math\nfrom scipy.special import gammainc, ndtri\n"
    imports += "from scipy.optimize import newton\n"
    answer(tmp_path, f"{imports}{HEAD}def y(x):\n    return {expression}\n")


def test_all_equations_that_are_refused_are_told(tmp_path):
    text = "def z(x):\n    return x - x.mean()\ndef w(x):\n    return 1 / x.max()\n"
    with pytest.raises(ModelError) as told:
        answer(tmp_path, f"{text}def y(z, w):\n    return z + w\n")
    assert [line.split()[1] for line in str(told.value).splitlines()] == ["z(x)", "w(x)"]
