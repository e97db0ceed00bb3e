"""What joins two dates draws each trend on one path of its process, against closed forms."""

import numpy as np
import pytest
from scipy import stats

import uncertain_scale as us
from uncertain_scale.analysis.comparison import compare
from uncertain_scale.analysis.decide import Option, decide
from uncertain_scale.analysis.goals import parse_goal
from uncertain_scale.analysis.questions import Asked, QuestionCache, Whole
from uncertain_scale.analysis.sweep import Sweep, last_point
from uncertain_scale.analysis.swept import read_axes
from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs.catalog import find_prior_file
from uncertain_scale.model import ask, believe, default_model
from uncertain_scale.model.problem import Problem
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.paths import Paths, sample_beside
from uncertain_scale.sampling.sample import prepare

LAW = '''"""A model of one's own."""
from typing import Annotated


def share(site: Annotated[float, "MW"], grid: Annotated[float, "MW"]) -> Annotated[float, "1"]:
    """Share of the grid."""
    return site / grid
'''
TREND = """
[inputs.{name}]
kind = "trend"
at = {at}
value = 100.0
growth = {growth}
volatility = {volatility}
{more}
units = "MW"
long_name = "size of a {name}"
source = "s"
"""
DESIGN = us.Design(draws=4096)
GROWTH, VOLATILITY = 1.25, 0.4


@pytest.fixture
def asked(tmp_path):
    (tmp_path / "law.py").write_text(LAW, encoding="utf-8")

    def made(date, *, ties="", of="site", **trend):
        stated = {"at": "2024-01-01", "volatility": VOLATILITY, "more": "", **trend}
        path = tmp_path / f"own{len(list(tmp_path.iterdir()))}.toml"
        trends = [
            TREND.format(name=name, growth=growth, **stated)
            for name, growth in (("site", GROWTH), ("grid", 1.0))
        ]
        text = "\n".join(['schema_version = 1\ntitle = "Moving"', *trends, ties])
        path.write_text(text, encoding="utf-8")
        model, priors = prepare(
            equations=[tmp_path / "law.py"], priors=[path], known=["date"], asked=[of]
        )
        fixed, axes = read_axes({"date": date}) if "," in date else ({"date": date}, [])
        question = ask(model, last_point(fixed, axes), outputs=[of])
        return (
            Sweep(Problem(model, priors, question), DESIGN, axes)
            if axes
            else Problem(model, priors, question)
        )

    return made


def close(found, right, error, least=1e-12):
    assert abs(found - right) < 4.9 * error + least


def scores(study):
    """Return logs less their line, shape (date, chain, draw)."""
    draws = study.paths()["site"]
    line = np.log(100) + np.log(GROWTH) * (draws["date"].values - 2024)
    return np.moveaxis(np.log(draws.values) - line, -1, 0)


def covariance(one, other):
    """Return a covariance of what has mean 0, and its error from the spread between chains."""
    chains = (one * other).mean(axis=-1)
    return chains.mean(), chains.std(ddof=1) / np.sqrt(len(chains))


def walk(r, t, u):
    """Covariance of an Ornstein-Uhlenbeck process of one side of its start, per v^2."""
    near, far = sorted((t, u))
    return near if not r else (np.exp(-r * (far - near)) - np.exp(-r * (far + near))) / (2 * r)


@pytest.mark.parametrize(
    ("more", "r", "s"),
    [("", 0, 0), ("reversion = 0.7", 0.7, 0), ("scatter = 0.3", 0, 0.3)],
)
def test_dates_have_the_covariances_of_one_path(asked, more, r, s):
    study = asked("2022, 2025, 2026, 2030", more=more)
    logs = scores(study)
    spans = [-2, 1, 2, 6]
    for i, t in enumerate(spans):
        for j, u in enumerate(spans[: i + 1]):
            same = walk(r, abs(t), abs(u)) if t * u > 0 else 0.0
            right = VOLATILITY**2 * same + (s**2 if i == j else 0.0)
            close(*covariance(logs[i], logs[j])[:1], right, covariance(logs[i], logs[j])[1])


def test_a_change_between_two_dates_is_the_walks(asked):
    """Its variance is v^2 (t2 - t1), whatever the distance from the level's day."""
    logs = scores(asked("2027, 2029"))
    change = logs[1] - logs[0]
    value, error = covariance(change, change)
    close(value, VOLATILITY**2 * 2, error)
    comonotone = VOLATILITY**2 * (np.sqrt(5) - np.sqrt(3)) ** 2
    assert abs(value - comonotone) > 100 * error
    close(*covariance(change, logs[0])[:1], 0.0, covariance(change, logs[0])[1])


def test_an_uncertain_return_is_that_of_each_draw(asked):
    logs = scores(asked("2025, 2028", more='reversion = "uniform(lower=0.2, upper=2.0)"'))
    rates = np.linspace(0.2, 2.0, 20_001)
    right = VOLATILITY**2 * np.mean([walk(r, 1, 4) for r in rates])
    close(covariance(logs[0], logs[1])[0], right, covariance(logs[0], logs[1])[1], least=1e-5)


def test_each_date_of_a_path_is_as_uncertain_as_a_report_on_it(asked):
    study = asked("2025, 2028", more="scatter = 0.3")
    paths = study.paths()["site"].values
    alone = us.sample(asked("2025", more="scatter = 0.3"), DESIGN)
    assert np.array_equal(paths[..., 0], alone["prior_predictive/site"].values)
    quantiles = [np.quantile(one, [0.05, 0.5, 0.95]) for one in paths[..., 1]]
    error = np.std(quantiles, axis=0, ddof=1) / np.sqrt(len(quantiles))
    sd = np.sqrt(VOLATILITY**2 * 4 + 0.3**2)
    right = 100 * GROWTH**4 * np.exp(sd * stats.norm.ppf([0.05, 0.5, 0.95]))
    assert np.all(np.abs(np.mean(quantiles, axis=0) - right) < 4.9 * error)


@pytest.mark.parametrize("rank", [0.6, -1.0])
def test_correlated_trends_are_so_on_each_date_and_between_dates(asked, rank):
    ties = f'[[correlations]]\ninputs = ["site_shock", "grid_shock"]\nrank = {rank}\n'
    study = asked("2025, 2028", ties=ties, of="share")
    logs = np.log(np.moveaxis(study.paths()["share"].values, -1, 0))
    logs = logs - np.log(GROWTH) * np.array([1, 4])[:, None, None]
    normal = 2 * np.sin(np.pi * rank / 6)
    for (i, t), (j, u) in (((0, 1), (0, 1)), ((0, 1), (1, 4)), ((1, 4), (1, 4))):
        value, error = covariance(logs[i], logs[j])
        close(value, VOLATILITY**2 * 2 * (1 - normal) * min(t, u), error)


def exchange(one, other, sd):
    """E[max(X - Y, 0)] of lognormals with these means (Margrabe 1978, 10.2307/2326358)."""
    d = np.log(one / other) / sd + sd / 2
    return one * stats.norm.cdf(d) - other * stats.norm.cdf(d - sd)


def choice(asked, dates, **trend):
    problem = asked(dates[0], **trend)
    options = [
        Option(date, problem.giving(ask(problem.model, {"date": date}).given)) for date in dates
    ]
    goal = parse_goal("mean(site)", problem.model.variables, maximise=False)
    return decide(options, [goal], DESIGN)


def test_waiting_is_better_as_often_and_regretted_as_much_as_the_walk_says(asked):
    """Of two lognormals the second is smaller where the change of the logarithm is negative."""
    found = choice(asked, ["2026", "2029"])
    mean, sd = 3 * np.log(GROWTH), VOLATILITY * np.sqrt(3)
    now, later = found.rated
    close(later.best.value, stats.norm.cdf(-mean / sd), later.best.mcse)
    sizes = [100 * np.exp(t * np.log(GROWTH) + t * VOLATILITY**2 / 2) for t in (2, 5)]
    close(now.regret.value, exchange(*sizes, sd), now.regret.mcse)
    close(later.regret.value, exchange(*sizes[::-1], sd), later.regret.mcse)
    assert {"site_shock (2026)", "site_shock (2029)"} <= found.known.keys()


def test_options_of_one_date_share_their_draws(asked):
    found = choice(asked, ["2029", "2029-01"])
    assert [one.regret.value for one in found.rated] == [0.0, 0.0]


def test_an_option_that_is_added_moves_no_other(asked):
    two, three = (choice(asked, dates) for dates in (["2026", "2029"], ["2026", "2029", "2027"]))
    assert [one.goals for one in two.rated] == [one.goals for one in three.rated[:2]]


def test_scenarios_of_two_days_share_the_path_after_the_later_one(asked):
    """With other days of the level, of W(2028) - W(2024) and W(2028) - W(2027) the last is one."""
    problem = asked("2028")
    other = asked("2028", at="2027-01-01")
    _, (found,) = compare(problem, [other.priors], DESIGN)
    ends = found.ratio["eti"].sel(prob=0.9, output="site").values
    errors = found.ratio["eti_mcse"].sel(prob=0.9, output="site").values
    right = GROWTH**-3 * np.exp(VOLATILITY * np.sqrt(3) * stats.norm.ppf([0.05, 0.95]))
    assert np.all(np.abs(ends - right) < 4.9 * errors)


def test_without_noise_a_draw_has_one_line(asked):
    logs = scores(asked("2025, 2028", volatility=0.0))
    assert np.abs(logs).max() < 1e-12


def test_paths_run_along_dates_alone(asked):
    study = asked("2025, 2028")
    study.names = ["site"]
    with pytest.raises(QuestionError, match="paths run along dates; found site"):
        study.paths()


def test_a_ratio_that_is_claimed_of_two_dates_is_that_of_a_path(asked, tmp_path):
    problem = asked("2027")
    (path,) = tmp_path.glob("own*.toml")
    desk = QuestionCache(problem.model, DESIGN)
    now, later = (Whole(path, given=(("date", date),)) for date in ("2027", "2030"))
    ratio = Asked("later over now", later, now)
    desk.want(ratio, "site")
    logs = np.log(desk.draws(ratio, "site").values) - 3 * np.log(GROWTH)
    value, error = covariance(logs, logs)
    close(value, VOLATILITY**2 * 3, error)
    same = desk.draws(Asked("now over now", now, now), "site")
    assert np.array_equal(np.unique(same.values), [1.0])


def test_a_stated_shock_is_one_for_all_dates(asked):
    problem = asked("2026")
    held = believe(problem.priors, problem.model, {"site_shock": "1.0"})
    first, second = (
        Simulation.of(
            Problem(problem.model, held, ask(problem.model, {"date": date}, outputs=["site"])),
            DESIGN,
        )
        for date in ("2026", "2029")
    )
    assert Paths([first, second]).names == ()
    right = 100 * GROWTH**5 * np.exp(VOLATILITY * np.sqrt(5))
    values = sample_beside(first, second)["prior_predictive/site"].values
    assert values == pytest.approx(right, rel=1e-12)


def test_a_ratio_to_an_undated_question_is_of_the_change_since_the_level_alone():
    base, budget = find_prior_file("base"), ("budget", "1B")
    dated, undated = Whole(base, (), (budget, ("date", "2027"))), Whole(base, (), (budget,))
    cache = QuestionCache(default_model(), us.Design(draws=512, chains=8))
    spread = {}
    for name, asked in (
        ("ratio", Asked("ratio", dated, undated)),
        ("inverse", Asked("inverse", undated, dated)),
        ("dated", Asked("dated", dated)),
        ("undated", Asked("undated", undated)),
    ):
        cache.want(asked, "gpu_hours")
        spread[name] = np.log(cache.draws(asked, "gpu_hours").values).var()
    # The level is one belief: its variance is in neither side of the ratio.
    assert spread["ratio"] == pytest.approx(spread["dated"] - spread["undated"], rel=0.01)
    assert spread["inverse"] == pytest.approx(spread["ratio"], rel=1e-9)


def test_the_paths_of_a_figure_are_the_first_draws_of_paths(swept_dates):
    shown = swept_dates.some_paths()
    whole = swept_dates.paths()["gpu_hours"].values
    assert shown.shape == (12, 1, 3)
    assert np.array_equal(shown[:, 0], whole[0, :12])


@pytest.fixture
def swept_dates():
    fixed, axes = read_axes({"budget": "1B", "date": "2026, 2027, 2029"})
    given = last_point(fixed, axes)
    model, priors = prepare(known=tuple(given), asked=["gpu_hours"])
    question = ask(model, given, outputs=["gpu_hours"])
    return Sweep(Problem(model, priors, question), us.Design(draws=64, chains=2), axes)
