"""A slice of the study, its way of judging, and its page."""

import re
import sys
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).parents[2]
if not (ROOT / "benchmarks" / "validation").exists():
    pytest.skip("the benchmarks are not part of a wheel", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.validation import check, laws, marginals, page, tails  # noqa: E402

PLACE = ("part", "row", "column")
PAGE = ROOT / "docs" / "validation.md"


def test_the_page_is_that_of_the_results():
    assert PAGE.read_text(encoding="utf-8") == page.markdown(page.load())


def test_every_test_that_the_page_names_is_there():
    named = re.findall(r"`(tests/[\w/]+\.py)` `(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 20
    for path, name in named:
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), (path, name)


def test_the_page_tells_every_figure_that_failed():
    study = page.load()
    text = page.markdown(study)
    failed = check.failures(study.checks)
    assert f"(p < {check.level(study.checks):.1e}): **{len(failed)}**" in text
    assert text.count("- Fails: ") == len(failed)


def test_every_kind_has_a_law_of_its_own():
    from uncertain_scale.inputs.distributions import KINDS

    assert {law.kind for law in laws.LAWS} == set(KINDS)


def test_a_right_share_fails_as_seldom_as_designed():
    """By the binomial itself: 200 cases of a share at the edge of its target, level 1e-3."""
    counts = np.arange(201)
    judged = [check.share(PLACE, np.repeat([1.0, 0.0], [n, 200 - n]), (0.90, 0.98)) for n in counts]
    fails = np.array([one.p < 1e-3 for one in judged])
    for share in (0.90, 0.94, 0.98):
        assert stats.binom.pmf(counts, 200, share)[fails].sum() <= 1e-3
    assert stats.binom.pmf(counts, 200, 0.78)[fails].sum() > 0.9


def test_statistics_of_one_case_count_for_what_they_are_worth():
    """Three copies of one statistic are one; three that are independent are three."""
    rng = np.random.default_rng(5)
    one = (rng.random((400, 1)) < 0.85).astype(float)
    copies = check.share(PLACE, np.repeat(one, 3, axis=1), (0.9, 0.98))
    alone = check.share(PLACE, one, (0.9, 0.98))
    assert copies.p == pytest.approx(alone.p, rel=1e-9)
    three = check.share(PLACE, (rng.random((400, 3)) < 0.85).astype(float), (0.9, 0.98))
    assert three.p < alone.p / 10


def test_anderson_darlings_limit_agrees_with_simulation():
    rng = np.random.default_rng(6)
    found = np.array([marginals.anderson_darling(np.sort(rng.random(500))) for _ in range(4000)])
    for level in (0.5, 0.1, 0.01):
        assert abs(np.mean(found < level) - level) < 4.9 * np.sqrt(level * (1 - level) / 4000)


@pytest.mark.slow
@pytest.mark.parametrize("fault", marginals.FAULTS)
def test_faults_of_a_marginal_are_found_and_none_where_there_is_none(fault):
    law = next(one for one in laws.LAWS if one.text == "normal(mu=-3, sigma=0.2)")
    z = np.random.default_rng(7).standard_normal(marginals.CHAINS * marginals.DRAWS)
    assert min(marginals.p_values(law, -3 + 0.2 * z).values()) > 1e-6
    spoilt = marginals.FAULTS[fault](z)
    assert min(marginals.p_values(law, -3 + 0.2 * spoilt).values()) < 1e-5


@pytest.mark.slow
def test_costs_that_go_as_one_over_a_utilisation_are_told_by_a_slice():
    """Where its density at 0 is not 0 there is no mean; where it is flat enough, there is."""
    asked = takewhile(lambda one: not one.row.startswith("draws"), tails.tails(8, 3))
    found = {(one.row, one.column): one.value for one in asked}
    assert len(found) == 18
    assert not any(found.values())
