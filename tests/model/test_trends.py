"""Inputs that move with a date, against closed forms; and the date as an answer."""

import numpy as np
import pytest
from scipy import stats

import uncertain_scale as us
from uncertain_scale.analysis.events import parse_event, probability_in
from uncertain_scale.errors import PriorError, QuestionError
from uncertain_scale.units.dates import NEVER

FILE = """schema_version = 1
title = "Moving"

[inputs.site]
kind = "trend"
at = 2024-01-01
value = {value}
growth = {growth}
volatility = {volatility}
{more}
units = "MW"
long_name = "size of a site"
source = "s"
"""
LAW = '''"""A model of one's own."""
from typing import Annotated


def share(site: Annotated[float, "MW"], grid: Annotated[float, "MW"]) -> Annotated[float, "1"]:
    """Share of the grid."""
    return site / grid
'''
GRID = '[inputs.grid]\nkind = "lognormal"\nmu = 9.0\nsigma = 0.2\nunits = "MW"\n'
LEVEL, SPREAD = 5.0, 0.3  # of the logarithm of the level
GROWTH, DOUBT = 0.5, 0.1  # of the logarithm of growth
VALUE = f"{{ kind = 'lognormal', mu = {LEVEL}, sigma = {SPREAD} }}"
GROWS = f"{{ kind = 'lognormal', mu = {GROWTH}, sigma = {DOUBT} }}"
DESIGN = us.Design(draws=4096)
FEW = us.Design(draws=512)


@pytest.fixture
def model(tmp_path):
    (tmp_path / "law.py").write_text(LAW, encoding="utf-8")

    def written(value=VALUE, growth=GROWS, volatility=0.0, more="", beside=GRID):
        path = tmp_path / "own.toml"
        text = FILE.format(value=value, growth=growth, volatility=volatility, more=more)
        path.write_text(text + beside, encoding="utf-8")

        def run(design=FEW, **options):
            return us.run(equations=[tmp_path / "law.py"], priors=[path], design=design, **options)

        return run

    return written


def ends(tree, name="site"):
    summary = us.summarize(tree, probs=[0.9])
    found = summary.sel(output=name)
    return found["eti"].values.ravel(), found["eti_mcse"].values.ravel()


@pytest.mark.parametrize(
    ("date", "volatility", "more", "variance"),
    [
        ("2027", 0.0, "", 0.0),
        ("2027", 0.4, "", 0.4**2 * 3),
        ("2022", 0.4, "", 0.4**2 * 2),  # backward as forward
        ("2024", 0.4, "", 0.0),
        ("2027", 0.4, "scatter = 0.25", 0.4**2 * 3 + 0.25**2),
        ("2024", 0.4, "scatter = 0.25", 0.25**2),
        ("2027", 0.4, "reversion = 0.7", 0.4**2 * (1 - np.exp(-2 * 0.7 * 3)) / (2 * 0.7)),
    ],
)
def test_a_level_at_a_date_is_lognormal_with_the_sum_of_the_variances(
    model, date, volatility, more, variance
):
    tree = model(volatility=volatility, more=more)(DESIGN, given={"date": date}, outputs=["site"])
    years = int(date) - 2024
    sd = np.sqrt(SPREAD**2 + (DOUBT * years) ** 2 + variance)
    right = np.exp(LEVEL + GROWTH * years + sd * stats.norm.ppf([0.05, 0.95]))
    found, errors = ends(tree)
    assert np.all(np.abs(found - right) < 4.9 * errors + 1e-9 * right)
    assert found == pytest.approx(right, rel=1e-3)


def test_growth_changes_on_the_dates_of_its_periods(model):
    periods = "[[inputs.site.periods]]\nuntil = 2025-01-01\ngrowth = 0.5\n"
    tree = model(value=100.0, growth=2.0, beside=periods + GRID)(
        given={"date": "2027"}, outputs=["site"]
    )
    assert tree["prior_predictive/site"].values == pytest.approx(100 * 0.5 * 2 * 2, rel=1e-12)


def test_a_rate_of_growth_is_a_factor_less_one(model):
    run = model(value=100.0, growth="1.0\nrate = 0.5")
    with pytest.raises(PriorError, match=r"expected growth, a factor a year, or rate, .* one of"):
        run(given={"date": "2026"}, outputs=["site"])


@pytest.mark.parametrize(
    ("more", "right"), [("lower = 130.0", (130.0, 200.0)), ("upper = 160.0", (120.0, 160.0))]
)
def test_a_floor_and_a_cap_hold(model, more, right):
    run = model(value="{ kind = 'uniform', lower = 120, upper = 200 }", growth=1.0, more=more)
    draws = run(given={"date": "2025"}, outputs=["site"])["prior_predictive/site"].values
    assert (draws.min(), draws.max()) == pytest.approx(right, rel=1e-3)


def test_a_crossing_under_pure_drift_is_a_ratio_of_normals(model):
    """P(date <= t) = P(level + growth (t - 2024) >= log of what is reached)."""
    tree = model()(DESIGN, given={"site": "1000 MW"}, outputs=["date"])
    dates = tree["prior_predictive/date"].values
    for when in (2026.5, 2028.0, 2029.5):
        span = when - 2024
        sd = np.hypot(SPREAD, DOUBT * span)
        right = stats.norm.sf((np.log(1000) - LEVEL - GROWTH * span) / sd)
        found = probability_in(parse_event(f"date <= {when}", {"date": "date"}), tree)
        assert abs(found.value - right) < 4.9 * found.mcse + 1e-4
    assert dates.min() >= 2024


def test_with_noise_a_level_is_reached_as_often_as_the_level_at_that_date_is_above(model):
    run = model(volatility=0.5)
    tree = run(DESIGN, given={"site": "1000 MW"}, outputs=["date"])
    for when in (2026.0, 2028.0, 2031.0):
        span = when - 2024
        sd = np.sqrt(SPREAD**2 + (DOUBT * span) ** 2 + 0.25 * span)
        right = stats.norm.sf((np.log(1000) - LEVEL - GROWTH * span) / sd)
        found = probability_in(parse_event(f"date <= {when}", {"date": "date"}), tree)
        assert abs(found.value - right) < 4.9 * found.mcse + 1e-3


def test_the_median_date_of_the_median_at_a_date_is_that_date(model):
    run = model(volatility=0.5)
    at = run(DESIGN, given={"date": "2029-07"}, outputs=["site"])
    median = float(us.summarize(at)["median"].sel(output="site"))
    back = us.summarize(run(DESIGN, given={"site": median}, outputs=["date"])).sel(output="date")
    error = float(back["median_mcse"])
    assert abs(float(back["median"]) - (2029 + 181 / 365)) < 4.9 * error + 1e-6
    assert error < 0.02


def test_a_date_is_solved_through_other_equations_and_all_else_is_of_that_date(model):
    run = model(volatility=0.2)
    tree = run(given={"share": 0.5}, outputs=["date", "site"])
    site, grid = tree["prior_predictive/site"].values, tree["prior/grid"].values
    sought = tree["prior_predictive/date"].values < NEVER
    assert sought.mean() > 0.9
    assert site[sought] == pytest.approx(0.5 * grid[sought], rel=1e-6)


def test_what_is_never_reached_and_what_is_there_already_have_dates_of_their_own(model):
    never = model(growth=1.01)(given={"site": "1e6 MW"}, outputs=["date"])
    assert np.unique(never["prior_predictive/date"]).tolist() == [NEVER]
    there = model(growth=2.0)(given={"site": "1 MW"}, outputs=["date"])
    assert np.unique(there["prior_predictive/date"]).tolist() == [2024.0]


RENTED = '''"""What money rents."""
from typing import Annotated


def machines(
    money: Annotated[float, "USD"], site: Annotated[float, "USD/item"]
) -> Annotated[float, "item"]:
    """Machines that money rents."""
    return money / site


def money(
    machines: Annotated[float, "item"], site: Annotated[float, "USD/item"]
) -> Annotated[float, "USD"]:
    """Money that machines cost."""
    return machines * site
'''


@pytest.mark.parametrize("order", [("money", "machines"), ("machines", "money")])
@pytest.mark.parametrize(
    ("growth", "wanted", "right"),
    [
        (2.0, 20.0, NEVER),  # 1,000 USD rent 10 in 2024, and fewer from then on
        (2.0, 5.0, 2024.0),
        (0.5, 20.0, 2025.0),
        (0.5, 5.0, 2024.0),
    ],
)
def test_a_sum_of_money_is_to_suffice(tmp_path, order, growth, wanted, right):
    """Whether prices rise or fall, and whichever of the two is stated first."""
    (tmp_path / "law.py").write_text(RENTED, encoding="utf-8")
    text = FILE.format(value=100.0, growth=growth, volatility=0.0, more="")
    priors = tmp_path / "own.toml"
    priors.write_text(text.replace('"MW"', '"USD/item"'), encoding="utf-8")
    stated = {"money": "1000 USD", "machines": wanted}
    tree = us.run(
        equations=[tmp_path / "law.py"],
        priors=[priors],
        given={name: stated[name] for name in order},
        outputs=["date"],
        design=us.Design(draws=64),
    )
    assert tree["prior_predictive/date"].values == pytest.approx(right, abs=1e-6)
    target = order[-1]
    bound = "least" if target == "machines" else "most"
    assert f"first date at which {target} is at {bound} what is given" in tree.attrs["notes"]


@pytest.mark.parametrize("drift", [0.5, 0.0])
def test_a_first_passage_has_the_inverse_gaussian_law(model, drift):
    """With the part that is never reached where the drift leads away, or before 2040."""
    volatility, distance = 0.6, np.log(3)
    growth = f"{{ kind = 'constant', value = {float(np.exp(drift))} }}"
    run = model(value=100.0, growth=growth, volatility=volatility)
    tree = run(DESIGN, given={"site": "300 MW"}, outputs=["date", "first_date"])
    found = tree["prior_predictive/first_date"].values.ravel() - 2024

    def share(time):
        root = volatility * np.sqrt(time)
        back = np.exp(2 * drift * distance / volatility**2)
        return stats.norm.cdf((drift * time - distance) / root) + back * stats.norm.cdf(
            -(drift * time + distance) / root
        )

    for time in (0.5, 1.0, 2.0, 4.0, 8.0, 15.0):
        right = share(time)
        error = np.sqrt(right * (1 - right) / found.size)
        assert abs((found <= time).mean() - right) < 4.9 * error
    if drift > 0:
        law = stats.invgauss(volatility**2 / (drift * distance), scale=distance**2 / volatility**2)
        assert share(2.0) == pytest.approx(law.cdf(2.0), rel=1e-9)


def test_a_path_first_reaches_a_level_before_its_law_by_levels_does(model):
    tree = model(volatility=0.5)(DESIGN, given={"site": "1 GW"}, outputs=["date", "first_date"])
    late, first = (tree[f"prior_predictive/{name}"].values for name in ("date", "first_date"))
    levels = np.linspace(0.05, 0.95, 19)
    assert np.all(np.quantile(first, levels) < np.quantile(late, levels))


def test_a_first_passage_is_refused_where_its_law_is_not_known(model):
    run = model(more="reversion = 0.5", volatility=0.3)
    with pytest.raises(QuestionError, match="a return, a floor or a cap; ask for date, by levels"):
        run(given={"site": "1 GW"}, outputs=["first_date"])


def test_a_question_without_a_date_asks_for_one(model):
    with pytest.raises(
        QuestionError, match=r"site .*it is a trend: give a date, such as date = 2027"
    ):
        model()(outputs=["share"])


def test_a_date_moves_no_draw_of_what_does_not_move():
    given = {"budget": "100M"}
    plain = us.run(given=given, outputs=["training_flop"], design=FEW)
    dated = us.run(given={**given, "date": "2027"}, outputs=["training_flop"], design=FEW)
    common = plain["prior"].data_vars.keys() & dated["prior"].data_vars.keys()
    assert {"mfu", "precision_factor", "peak_flops"} <= common
    assert "hourly_rate" not in common
    for name in common:
        np.testing.assert_array_equal(plain["prior"][name], dated["prior"][name])


def test_a_sweep_over_dates_is_the_report_at_each_to_the_bit():
    outputs = ["training_flop", "hourly_rate"]
    given = {"budget": "100M"}
    swept = us.sweep(given={**given, "date": "2025..2029"}, points=3, outputs=outputs, design=FEW)
    for date in (2025.0, 2027.0, 2029.0):
        tree = us.run(given={**given, "date": date}, outputs=outputs, design=FEW)
        at = us.summarize(tree, probs=(0.9, 0.5, 0.95))
        for name in outputs:
            found = swept["eti"].sel(date=date, output=name).values
            np.testing.assert_array_equal(found, at["eti"].sel(output=name).values)


def test_two_scenarios_share_their_shocks():
    given, outputs = {"budget": "100M", "date": "2028"}, ["hourly_rate"]
    one, other = (
        us.run(scenario, given=given, outputs=outputs, design=FEW)["prior/hourly_rate_shock"]
        for scenario in ("base", "frontier-2026")
    )
    np.testing.assert_array_equal(one, other)


def test_what_does_not_move_is_named_once():
    tree = us.run(given={"budget": "100M", "date": "2028"}, design=us.Design(draws=64))
    (note,) = (
        [one for one in us.load_notes(tree) if "not dated" in one]
        if hasattr(us, "load_notes")
        else [tree.attrs["notes"]]
    )
    assert "not dated, and as they stand: " in note
    assert "pue" in note


@pytest.mark.parametrize("given", [{"budget": "1M", "training_flop": "1e26", "date": "2027"}])
def test_a_question_with_a_date_may_be_over_determined(given):
    with pytest.raises(QuestionError, match="over-determined"):
        us.run(given=given, design=FEW)
