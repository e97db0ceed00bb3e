"""The benchmark's own parts: exact answers, the check of answers, the page. Nothing is timed."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).parents[2]
if not (ROOT / "benchmarks" / "reference.py").exists():
    pytest.skip("the benchmarks are not part of a wheel", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks import accuracy, peers, reference, stages, start, writing  # noqa: E402


def test_the_exact_answers_are_those_of_scipys_distributions():
    hours = reference.OUTPUTS["gpu_hours"]
    frozen = stats.lognorm(s=hours.sigma, scale=np.exp(hours.mu))
    assert hours.quantile(0.05) == pytest.approx(1e8 / 3.5, rel=1e-12)
    assert (hours.mean, hours.sd) == pytest.approx((frozen.mean(), frozen.std()), rel=1e-12)
    low, high = hours.region
    assert frozen.cdf(high) - frozen.cdf(low) == pytest.approx(0.9, rel=1e-12)
    assert frozen.pdf(high) == pytest.approx(frozen.pdf(low), rel=1e-9)


def test_quadrature_agrees_with_a_plain_sum():
    """The mixed outputs, against midpoints of the utilisation's density by scipy."""
    flop = reference.OUTPUTS["flop"]
    mfu = (np.arange(20_000) + 0.5) / 20_000
    weights = stats.beta(flop.alpha, flop.beta).pdf(mfu) / 20_000
    rest = stats.lognorm(s=flop.rest.sigma, scale=np.exp(flop.rest.mu))
    for prob in (0.05, 0.5, 0.95):
        x = flop.quantile(prob)
        summed = np.mean([weights @ rest.cdf(x / (mfu * factor)) for factor in (1, 2)])
        assert summed == pytest.approx(prob, abs=1e-11)
    assert weights @ mfu == pytest.approx(0.36, rel=1e-11)
    assert weights @ (mfu - 0.36) ** 2 == pytest.approx(0.07**2, rel=1e-10)
    low, high = flop.region
    assert flop.cumulative(high) - flop.cumulative(low) == pytest.approx(0.9, rel=1e-9)
    assert flop.density(high) == pytest.approx(flop.density(low), rel=1e-7)


@pytest.mark.slow_but("plain")
@pytest.mark.parametrize("name", ["uncertain_scale", "plain", "scipy (Sobol')"])
def test_tools_answer_right_and_a_wrong_answer_is_found(name):
    draws = 1 << 15
    answers = peers.PEERS[name].answer(draws, 3)
    assert accuracy.faults(name, answers, draws) == []
    for output, place, factor in (("flop", 3, 1.05), ("days", 0, 0.95), ("capex", 1, 1.05)):
        row = list(answers[output])
        row[place] *= factor
        (fault,) = accuracy.faults(name, {**answers, output: row}, draws)
        assert output in fault
        assert "exactly" in fault
    del answers["days"]
    assert accuracy.faults(name, answers, draws) == [f"{name}: days is missing"]


def test_independent_draws_needed_are_those_of_the_quantiles_standard_error():
    """The worst end is that of `days`, a lognormal: n = p (1 - p) (sigma / phi(z) / e)^2."""
    sigma = reference.OUTPUTS["days"].sigma
    expected = 0.05 * 0.95 * (sigma / stats.norm.pdf(stats.norm.ppf(0.05)) / 1e-3) ** 2
    assert accuracy.draws_needed(1e-3) == pytest.approx(expected, rel=1e-5)
    measured = accuracy.rung("plain", 1 << 12, seeds=60)
    assert measured.ends == pytest.approx(np.sqrt(expected / (1 << 12)) * 1e-3, rel=0.45)


@pytest.mark.parametrize("draws", [1, 100, 4096, 10**6, 10**7 + 1])
def test_our_designs_hold_at_least_the_draws_wanted_in_powers_of_two(draws):
    chains, each = peers.our_design(draws)
    assert chains * each >= draws
    assert each & (each - 1) == 0
    assert chains >= 16


def test_the_page_says_what_is_met_and_what_is_missed_and_why():
    rung = accuracy.Rung(1 << 16, 9e-4, 3e-3, 0.1, 8)
    one = {"draws": 10**6, "seconds": 1.0, "ratio": 1.0}
    growth = [stages.Growth(10**7, 10.0, 1250.0), stages.Growth(10**9, None, None, "too large")]
    found = writing.Results(
        mode="quick",
        minutes=1,
        missing={"squiggle": "no node"},
        checked={"plain": 1000},
        million={"plain": one, "uncertain_scale": {**one, "seconds": 0.3, "ratio": 0.3}},
        split={"reading": 0.1, "drawing": 0.1, "summaries": 0.2},
        each_draw=dict.fromkeys(stages.EACH_DRAW, 60.0),
        growth={"plain": growth, "uncertain_scale": growth},
        accuracy={
            "rungs": {"uncertain_scale": [rung]},
            "plain": rung,
            "timed": {
                1e-3: {
                    "plain": {"draws": 1_620_944, "seconds": 1.0, "ratio": 1.0},
                    "uncertain_scale": {"draws": 1 << 16, "seconds": 0.2, "ratio": 0.2},
                }
            },
        },
        whole={"squigglepy": one, "uncertain_scale": {**one, "ratio": 0.5}},
        starts=dict.fromkeys(
            (
                "uncertain-scale --help",
                "a bare typer program --help",
                "import numpy",
                "import xarray",
                stages.NEEDED,
                stages.SMALL,
            ),
            0.2,
        ),
        start=start.Start(
            {start.IMPORTS: 0.5, start.NEEDED: 0.25, "the report": 1.0},
            2.0,
            dict.fromkeys(start.PARTS, 0.2),
            {"numpy": (146, 0.1)},
        ),
        scripts={"ppf.py": "a line\n"},
    )
    page = writing.markdown(found)
    assert "| 0.30x (300 ms) | met |" in page
    assert "| 1.00x (10.0 s), 1,250 MiB (plain 1,250) | missed |" in page
    assert "**the same at 1e7**: 1000 ns a draw; a draw of seven inputs and eight outputs" in page
    assert "alone, in turns of two perfect threads, are 30 ns: the floor" in page
    assert "| not run: too large | not measured |" in page
    assert "0.200x (200 ms for 65,536 draws; plain 1.00 s for 1,620,944) | missed |" in page
    assert "- skipped: squiggle: no node" in page
    assert "| 2.00x | missed |" in page
    assert "| the report | 1000 | 2.00x |" in page
    assert "| summarising | 200 | 0.40x |" in page
    assert "| numpy | 146 | 10.0% |" in page
    assert "```text\na line\n```" in page
    again = writing.with_script(page, "ppf.py", "another\n")
    assert again.startswith(page[: page.index("## `benchmarks/ppf.py`")])
    assert again.endswith("nothing else running.\n\n```text\nanother\n```\n")
    assert writing.with_script(again, "ppf.py", "another\n") == again
    with pytest.raises(ValueError, match="no section of none.py"):
        writing.with_script(page, "none.py", "")


def test_each_part_of_a_report_takes_time_and_prints_nothing(capsys):
    found = start.parts()
    assert list(found) == list(start.PARTS)
    assert min(found.values()) > 0
    assert capsys.readouterr().out == ""
