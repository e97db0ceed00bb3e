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

from benchmarks import accuracy, goals, measure, ours, peers, reference, stages, start, writing  # noqa: E402


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
@pytest.mark.parametrize("name", ["uncertain_scale", "plain", "scipy (Sobol')", "probabilit"])
def test_tools_answer_right_and_a_wrong_answer_is_found(name):
    if why := peers.why_not(name):
        pytest.skip(why)
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


def test_an_answer_with_everything_integrated_out_needs_the_fewest_draws():
    budget = measure.Budget(100)
    rungs = accuracy.ladder("uncertain_scale", 1e-4, seeds=1, budget=budget, also=(1 << 9, 1 << 8))
    assert [one.draws for one in rungs] == [1 << 8, 1 << 9]
    assert max(rungs[0].ends, rungs[0].hdi) < 1e-6
    counted = accuracy.ladder("plain", 1e-4, seeds=1, budget=measure.Budget(0))
    assert [one.draws for one in counted] == [1 << 8]
    assert counted[0].ends > 1e-2


def test_bare_outputs_are_counted_and_others_integrated():
    assert all(peers.our_summary(1 << 8, 1)["pivot"].values)
    assert not any(peers.our_summary(1 << 8, 1, counted=True)["pivot"].values)
    times = ours.counted(stages.QUICK)
    assert times["ratio"] > 0


def test_rounds_end_with_their_budget():
    calls = {"a": lambda: 1.0, "b": lambda: 2.0}
    assert measure.in_turns(calls, 5, measure.Budget(0)) == {"a": [1.0], "b": [2.0]}
    assert measure.in_turns(calls, 5, measure.Budget(100)) == {"a": [1.0] * 5, "b": [2.0] * 5}
    assert sum(stages._SECONDS.values()) <= 15 * 60


def test_more_draws_are_timed_by_those_that_1e_3_needs(monkeypatch):
    """Plain stands in for all three: 1e-4 needs 100 times the draws, so 100 times the time."""
    peer = peers.Peer(lambda _draws, _seed: {}, "numpy", "random")
    asked = []
    monkeypatch.setitem(peers.PEERS, "plain", peer._replace(answer=lambda n, _: asked.append(n)))
    monkeypatch.setitem(peers.PEERS, "uncertain_scale", peer)
    times = {"plain": [2.0, 3.0], "uncertain_scale": [1.0, 6.0]}
    monkeypatch.setattr(
        stages, "in_turns", lambda calls, *_: [c() for c in calls.values()] and times
    )
    needed = {"uncertain_scale": 256, "probabilit": None}
    found = stages._timed(1e-4, needed, 2, measure.Budget(1))
    assert asked == [accuracy.draws_needed(1e-3)]
    assert found["plain"]["extrapolated"]
    assert found["plain"]["draws"] == accuracy.draws_needed(1e-4)
    assert found["plain"]["seconds"] == pytest.approx(250, rel=1e-5)
    assert found["uncertain_scale"]["ratio"] == pytest.approx((0.5 + 2) / 2 / 100, rel=1e-5)
    assert found["probabilit"] == {"draws": None, "seconds": None, "ratio": None}


def test_a_size_that_would_exceed_the_budget_is_not_run(monkeypatch):
    ran = []

    def child(_name, draws, *, timeout):
        ran.append((draws, timeout))
        return {"seconds": draws / 1e4, "mib": 100.0}

    monkeypatch.setattr(stages, "child", child)
    rows = list(stages._grow("plain", stages.NORMAL, measure.Budget(50)))
    assert [draws for draws, _ in ran] == [10**4, 10**5]
    assert max(timeout for _, timeout in ran) <= 60
    assert rows[2].reason == "would take about 100 s"
    (first, *_) = stages._grow("plain", stages.NORMAL, measure.Budget(0))
    assert first.reason == "no time left"


@pytest.mark.usefixtures("interruptible")
def test_a_script_that_takes_too_long_is_stopped_and_keeps_its_lines(monkeypatch, tmp_path):
    text = "import time\nprint('a line')\ntry:\n    time.sleep(60)\nfinally:\n    print('ended')\n"
    (tmp_path / "slow.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(stages, "_HERE", tmp_path)
    printed = stages.script("slow.py", 1.5)
    assert printed == "a line\nended\nstopped after 2 s; --again slow.py runs all of it\n"
    (tmp_path / "bad.py").write_text("raise ValueError('no')", encoding="utf-8")
    assert stages.script("bad.py") == "failed: ValueError: no"


def _results():
    rung = accuracy.Rung(1 << 16, 2e-5, 3e-3, 0.1, 8)
    one = {"draws": 10**6, "seconds": 1.0, "ratio": 1.0}
    growth = [stages.Growth(10**8, 10.0, 1250.0), stages.Growth(10**9, None, None, "too large")]
    processes = ("uncertain-scale --help", "import numpy", stages.NEEDED, stages.SMALL)
    parts = {"reading": 0.1, ours.DRAWING: 0.1, "summaries": 0.2}
    return writing.Results(
        mode="quick",
        minutes=1,
        load=(0.6, 1.2),
        missing={"squiggle": "no node"},
        checked={"plain": 1000},
        million={"plain": one, "uncertain_scale": {**one, "seconds": 0.3, "ratio": 0.3}},
        split=dict.fromkeys((256, stages.FEW, stages.MILLION), parts),
        counted={ours.INTEGRATED: 0.1, ours.COUNTED: 0.2, "ratio": 0.5},
        slider=0.08,
        each_draw=dict.fromkeys(ours.EACH_DRAW, 60.0),
        growth={"plain": growth, "uncertain_scale": growth},
        accuracy={
            "rungs": {"uncertain_scale": [rung]},
            "plain": rung,
            "timed": {
                1e-3: {
                    "uncertain_scale": {"draws": 256, "seconds": 0.2, "ratio": 0.2},
                    "plain": {**one, "draws": 1_620_944, "extrapolated": False},
                },
                1e-4: {
                    "uncertain_scale": {"draws": 256, "seconds": 0.2, "ratio": 0.0004},
                    "plain": {**one, "draws": 162_094_375, "seconds": 500, "extrapolated": True},
                },
            },
            "ways": {1 << 16: {"days": "gpus, hourly_rate", "flop": ""}},
        },
        whole={"squigglepy": one, stages.REPORT: {**one, "ratio": 0.4, "draws": 65_536}},
        starts=dict.fromkeys(processes, 0.2),
        start=start.Start(
            {start.IMPORTS: 0.5, start.NEEDED: 0.25, "the report": 1.0},
            2.0,
            dict.fromkeys(start.PARTS, 0.2),
            {"numpy": (146, 0.1)},
        ),
        scripts={"ppf.py": "a line\n"},
    )


def test_the_page_says_what_is_met_and_what_is_missed_and_why():
    page = writing.markdown(_results())
    assert "| at most 3e-05 (before: 1.3e-3) | 2.0e-05 | met |" in page
    assert "| at most 2e-04 (before: 3.8e-3) | 3.0e-03 | missed |" in page
    assert "square relative error**: draws are counted of flop\n" in page
    assert "0.2x (200 ms for 256 draws; plain 1.00 s for 1,620,944) | missed |" in page
    assert "100 ms or 0.1x; summaries take 200 ms or 0.2x, the averages" in page
    assert (
        "0.0004x (200 ms for 256 draws; plain 500.00 s for 162,094,375, extrapolated) | met" in page
    )
    assert "| 0.50x (100 ms against 200 ms) | missed |" in page
    assert "the floor is drawing, which both do, 100 ms or 0.50x" in page
    assert "| 0.30x (300 ms) | met |" in page
    assert (
        "| not run: too large; 1e+08 draws: 0.61x (100 ns a draw), 1,250 MiB | not measured |"
        in page
    )
    assert "alone, in turns of two perfect threads, are 30 ns: the floor" in page
    assert "| 0.40x (1.00 s against 1.00 s for 1,000,000 draws) | met |" in page
    assert "| 2.00x | missed |" in page
    assert (
        "imports without xarray, 0.50x; reading, drawing, summarising and printing take 1.60x"
        in page
    )
    assert "| 80 ms of a processor at the server | not measured |" in page
    assert "| not run | not measured |" in page
    assert "- skipped: squiggle: no node" in page
    assert "- load 0.6 at the start (the machine was busy, so that times on this page" in page
    assert "| days | gpus, hourly_rate |\n| flop | none: draws are counted |" in page
    assert "| the report | 1000 | 2.00x |" in page
    assert "| summarising | 200 | 0.40x |" in page
    assert "| numpy | 146 | 10.0% |" in page
    assert "```text\na line\n```" in page
    again = writing.with_script(page, "ppf.py", "another\n")
    assert again.startswith(page[: page.index("## `benchmarks/ppf.py`")])
    assert again.endswith("nothing else running.\n\n```text\nanother\n```\n")
    assert writing.with_script(again, "ppf.py", "another\n") == again
    added = writing.with_script(page, "new.py", "a new line\n")
    assert added.startswith(page)
    assert added.endswith("nothing else running.\n\n```text\na new line\n```\n\n")
    assert writing.with_script(added, "new.py", "a new line\n").count("`benchmarks/new.py`") == 1


def test_a_billion_draws_and_a_cluster_are_judged_where_they_ran():
    growth = [stages.Growth(10**8, 10.0, 300.0), stages.Growth(10**9, 80.0, 300.0)]
    found = _results()._replace(
        load=(0.4, 1.2),
        growth={"plain": growth, "uncertain_scale": growth},
        scripts={"cluster.py": "1.16x (median of 3 pairs), same bits\n"},
    )
    rows = {goal.what: goal for goal in goals.goals(found)}
    billion, cluster = rows["1e9 draws"], rows["cluster of 2 workers against 2 threads"]
    assert (billion.measured, billion.met) == ("0.48x (80 ns a draw), 300 MiB", True)
    assert cluster.met is False
    assert "(nothing else of weight was running)" in writing.markdown(found)


def test_each_part_of_a_report_takes_time_and_prints_nothing(capsys):
    found = start.parts()
    assert list(found) == list(start.PARTS)
    assert min(found.values()) > 0
    assert capsys.readouterr().out == ""
