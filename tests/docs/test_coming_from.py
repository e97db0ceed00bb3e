"""The page for who comes from other tools: as few lines, and the same figures as plain NumPy's."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

PAGE = (Path(__file__).parents[2] / "docs" / "coming-from.md").read_text(encoding="utf-8")
PAIRS = re.findall(r"(?ms)^```py\n(.*?)^```\n.*?^```python\n(.*?)^```\n", PAGE)
ROW = r"^\| *([^|]*?) *\| (squigglepy|here) \| (\d+) \| (\S+) \| (\S+) \| (\S+) \| (\S+)% \|$"
ROWS = re.findall(ROW, PAGE, re.MULTILINE)
THEIRS, OURS = ROWS[::2], ROWS[1::2]
DRAWS = 400_000


def interval(rng, low, high):
    """Draw a lognormal by its 5% and 95% quantiles."""
    middle, spread = np.log(low * high) / 2, np.log(high / low) / 2
    return np.exp(middle + spread / ndtri(0.95) * rng.standard_normal(DRAWS))


def tuners(rng):
    growth = rng.normal(0.02, 0.03 / ndtri(0.95), DRAWS)
    found = interval(rng, 8.1e6, 8.4e6) * (1 + growth) ** 8
    found *= interval(rng, 0.002, 0.01) / interval(rng, 2e3, 50e3)
    return found, found > 5


def lcoe(rng):
    rate, life = rng.uniform(0.04, 0.09, DRAWS), rng.normal(25, 3, DRAWS)
    recovery = rate / (1 - (1 + rate) ** -life)
    capex, opex = interval(rng, 800, 1400), interval(rng, 15, 30)
    found = (capex * recovery + opex) / (rng.beta(20, 30, DRAWS) * 8760)
    return found, found <= 0.03


def cost(rng):
    found = sum(interval(rng, *ends) for ends in ((20, 40), (80, 200), (10, 60)))
    found += (rng.uniform(size=DRAWS) < 0.3) * interval(rng, 10, 50)
    return found, found > 250


def uplift(rng):
    found = rng.beta(212, 1092, DRAWS) / rng.beta(152, 852, DRAWS) - 1
    return found, found > 0


def sales(rng):
    found = interval(rng, 25_000, 36_000) * rng.beta(3, 9, DRAWS) / 1e6
    found *= interval(rng, 2_500, 4_500) * interval(rng, 4, 11)
    return found, found >= 100


PLAIN = {"tuners": (tuners, 1), "lcoe": (lcoe, 1), "cost": (cost, 1e3)}
PLAIN |= {"uplift": (uplift, 1), "sales": (sales, 1e6)}


def test_the_page_has_five_examples_in_two_tools():
    assert len(PAIRS) == len(THEIRS) == len(OURS) == 5


@pytest.mark.parametrize("place", range(5), ids=list(PLAIN))
def test_an_example_takes_as_few_lines(place):
    theirs, ours = (len([one for one in text.splitlines() if one.strip()]) for text in PAIRS[place])
    assert ours <= 1.3 * theirs
    assert (int(THEIRS[place][2]), int(OURS[place][2])) == (theirs, ours)


@pytest.mark.parametrize("place", range(5), ids=list(PLAIN))
def test_an_example_gives_the_figures_of_plain_numpy_and_those_it_shows(place, capsys):
    names = {}
    exec(compile(PAIRS[place][1], "coming-from.md", "exec"), names)  # noqa: S102 (our page)
    assert capsys.readouterr().out.startswith("Given the priors alone")
    (output, (plain, scale)) = list(PLAIN.items())[place]
    document = names["answer"].to_dict()
    found = document["outputs"][output]
    ends = next(one for one in found["intervals"] if one["kind"] == "eti" and one["prob"] == 0.9)
    figures = [one / scale for one in (ends["low"], found["median"], ends["high"])]
    chance = document["events"][0]["probability"]
    draws, happens = plain(np.random.default_rng(1))
    expected = np.quantile(draws, [0.05, 0.5, 0.95])
    width = expected[2] - expected[0]
    np.testing.assert_allclose(figures, expected, atol=0.012 * width)
    assert chance == pytest.approx(happens.mean(), abs=4.9 * 0.5 / np.sqrt(DRAWS))
    for row, slack in ((THEIRS[place], 0.012 * width), (OURS[place], 0.001 * width)):
        np.testing.assert_allclose([float(one) for one in row[3:6]], figures, atol=slack)
        assert float(row[6]) / 100 == pytest.approx(
            chance, abs=0.008 if slack > width / 500 else 1e-4
        )
