"""What knowing an input is worth for a question with a threshold, against exact values."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, t

from uncertain_scale.analysis.sensitivity import Loss, Penalty, decision_value, parse_loss
from uncertain_scale.errors import QuestionError, UnitError
from uncertain_scale.sampling import Design

BOUND = t.isf(norm.sf(4.9), 15)
SUM = '''
def y(a, b, c):
    """A weighted sum."""
    return 2 * a + b + 0 * c
'''
NORMALS = "".join(f'inputs.{x} = {{ kind = "normal", mu = 0, sigma = 1 }}\n' for x in "abc")
TIED = '\n[[correlations]]\ninputs = ["a", "b"]\nrank = 0.5\n'
FLAT = Loss(Penalty(20.0), Penalty(5.0), "USD")
LINEAR = Loss(Penalty(3.0, per=1.0), Penalty(6.0, per=2.0), "USD")


def flat_worth(weight, other, threshold, loss):
    """Return the EVPPI of a normal input by quadrature: the sum is weight x + other z."""
    cost, missed = loss.false_yes.amount, loss.false_no.amount

    def better(x):
        return (cost + missed) * norm.sf((threshold - weight * x) / other) - cost

    whole = (cost + missed) * norm.sf(threshold / np.hypot(weight, other)) - cost
    switch = (threshold + other * norm.isf(cost / (cost + missed))) / weight
    kept = quad(lambda x: max(better(x), 0) * norm.pdf(x), -9, 9, points=[switch], limit=200)[0]
    return kept - max(whole, 0)


def linear_worth(weight, threshold, rate):
    """Return the EVPPI where a loss grows with the distance: the unit normal linear loss."""
    z = abs(threshold) / weight
    return rate * weight * (norm.pdf(z) - z * norm.sf(z))


def within(found, truth, bias=1e-3):
    return abs(float(found["evppi"]) - truth) < BOUND * float(found["evppi_mcse"]) + bias * truth


@pytest.mark.slow_but("0.5-sobol", "-2.5-lhs")
@pytest.mark.parametrize("kind", ["sobol", "lhs", "random"])
@pytest.mark.parametrize("threshold", [0.0, 0.5, -2.5])
def test_flat_losses_are_worth_what_quadrature_says(asked, kind, threshold):
    design = Design(kind=kind, draws=2048, seed=3)
    found = decision_value(*asked(SUM, NORMALS), design, output="y", threshold=threshold, loss=FLAT)
    chance = norm.sf(threshold / np.sqrt(5))
    losses = {"yes": 20 * (1 - chance), "no": 5 * chance}
    answer = min(losses, key=losses.get)
    assert str(found["answer"].item()) == answer
    for name, loss in losses.items():
        assert float(found[f"expected_loss_{name}"]) == pytest.approx(loss, rel=0.05)
    assert float(found["evpi"]) == float(found[f"expected_loss_{answer}"])
    assert within(found.sel(input="a"), flat_worth(2, 1, threshold, FLAT))
    assert within(found.sel(input="b"), flat_worth(1, 2, threshold, FLAT))
    assert float(found["evppi"].sel(input="c")) == 0
    assert found.attrs["units"] == "USD"


@pytest.mark.parametrize("direction", [">=", "<"])
def test_losses_that_grow_with_the_distance_have_a_closed_form(asked, direction):
    found = decision_value(
        *asked(SUM, NORMALS),
        Design(seed=5),
        output="y",
        threshold=0.8,
        direction=direction,
        loss=LINEAR,
    )
    for name, weight in (("a", 2), ("b", 1)):
        truth = linear_worth(weight, 0.8, 3.0)
        assert within(found.sel(input=name), truth)
        assert float(found["evppi_mcse"].sel(input=name)) < 0.03 * truth
    assert float(found["evpi"]) == pytest.approx(linear_worth(np.sqrt(5), 0.8, 3.0), rel=0.01)


def test_the_others_are_drawn_as_they_are_given_what_is_known(asked):
    question = asked(SUM, NORMALS + TIED)
    rho = 2 * np.sin(np.pi / 6 * 0.5)
    found = decision_value(*question, Design(seed=1), output="y", threshold=1.0, loss=FLAT)
    rest = np.sqrt(1 - rho**2)
    assert within(found.sel(input="a"), flat_worth(2 + rho, rest, 1.0, FLAT))
    assert within(found.sel(input="b"), flat_worth(1 + 2 * rho, 2 * rest, 1.0, FLAT))


@pytest.mark.slow
@pytest.mark.parametrize("tied", ["", TIED])
def test_a_group_is_known_as_one(asked, tied):
    equations = SUM.replace("0 * c", "2 * c")
    found = decision_value(
        *asked(equations, NORMALS + tied),
        Design(seed=4, chains=16),
        output="y",
        threshold=1.0,
        loss=FLAT,
        groups={"both": ["a", "b"], "all": ["a", "b", "c"]},
    )
    rho = 2 * np.sin(np.pi / 6 * 0.5) if tied else 0.0
    both = found.sel(input="both")
    assert within(both, flat_worth(np.sqrt(5 + 4 * rho), 2, 1.0, FLAT), bias=0.01)
    assert str(both["members"].item()) == "a,b"
    # To know all of it is to know everything.
    everything = found.sel(input="all")
    spread = np.hypot(float(everything["evppi_mcse"]), float(found["evpi_mcse"]))
    assert abs(float(everything["evppi"] - found["evpi"])) < BOUND * spread


def test_a_unit_loss_is_the_gain_in_right_answers(asked):
    options = {"output": "y", "threshold": 0.7}
    question = (*asked(SUM, NORMALS), Design(draws=1024, seed=2))
    plain = decision_value(*question, **options)
    priced = decision_value(*question, **options, loss=Loss(Penalty(7.0), Penalty(7.0), "day"))
    assert (7 * plain["gain"]).values == pytest.approx(priced["evppi"].values, rel=1e-12)
    assert plain["changes"].equals(priced["changes"])


@pytest.mark.slow
def test_few_draws_bias_a_plain_maximum_and_hardly_ours(asked, monkeypatch):
    question = asked(SUM, NORMALS)
    truth = flat_worth(1, 2, -1.0, FLAT)

    def bias():
        design = Design(kind="random", draws=32, chains=256, seed=7)
        found = decision_value(*question, design, output="y", threshold=-1.0, loss=FLAT)
        return float(found["evppi"].sel(input="b")) / truth - 1

    ours = bias()
    monkeypatch.setattr(
        "uncertain_scale.analysis.sensitivity.decision._without_bias",
        lambda means: np.maximum(means[0], 0).mean(axis=0),
    )
    plain = bias()
    assert plain > 0.25
    assert abs(ours) < plain / 4


@pytest.mark.slow
@pytest.mark.parametrize("loss", [FLAT, LINEAR])
def test_intervals_cover_what_they_say(asked, loss):
    question = asked(SUM, NORMALS)
    threshold = -1.0
    truth = {
        name: flat_worth(weight, other, threshold, FLAT)
        if loss is FLAT
        else linear_worth(weight, threshold, 3.0)
        for name, weight, other in (("a", 2, 1), ("b", 1, 2))
    }
    covered = []
    for seed in range(40):
        design = Design(kind="random", draws=128, chains=8, seed=seed)
        found = decision_value(*question, design, output="y", threshold=threshold, loss=loss)
        covered += [
            float(found["evppi_low"].sel(input=name))
            <= worth
            <= float(found["evppi_high"].sel(input=name))
            for name, worth in truth.items()
        ]
    assert 0.88 <= np.mean(covered) <= 0.995


def test_a_close_call_is_called_one(asked):
    loss = Loss(Penalty(1.0), Penalty(1.0))
    found = decision_value(
        *asked(SUM, NORMALS), Design(kind="random", draws=64), output="y", threshold=0.0, loss=loss
    )
    assert str(found["answer_unresolved"].item())
    clear = decision_value(
        *asked(SUM, NORMALS), Design(draws=64), output="y", threshold=4.0, loss=loss
    )
    assert str(clear["answer_unresolved"].item()) == ""


@pytest.mark.slow
def test_at_a_tie_the_value_of_perfect_information_is_not_too_small(asked):
    """Both answers lose 10 x P(y > 0) = 5, as y is odd; the lesser average is 0.8 errors less.

    Over 60 seeds the mean of standardised deviations of an unbiased estimate has an error of 0.14.
    """
    loss = Loss(Penalty(10.0), Penalty(10.0), "USD")
    question = asked(SUM.replace("2 * a + b + 0 * c", "np.sin(2 * a + b + 0 * c)"), NORMALS)
    off, lesser = [], []
    for seed in range(60):
        design = Design(kind="random", draws=64, seed=seed)
        found = decision_value(*question, design, output="y", threshold=0.0, loss=loss)
        error = float(found["evpi_mcse"])
        off.append((float(found["evpi"]) - 5) / error)
        lost = min(float(found[f"expected_loss_{answer}"]) for answer in ("yes", "no"))
        lesser.append((lost - 5) / error)
    assert abs(np.mean(off)) < 4.9 * 0.14
    assert np.mean(lesser) < -4.9 * 0.1


LOGNORMALS = "".join(f'inputs.{x} = {{ kind = "lognormal", mu = 0, sigma = 1 }}\n' for x in "ab")
PRODUCT = 'def y(a, b):\n    """A product."""\n    return a * b\n'
WAVE = (
    'def y(a, b):\n    """No product."""\n    return a * b + np.sin(a) / 10 + np.cos(a * b) / 10\n'
)


def fixed(false_yes, false_no):
    return Loss(Penalty(false_yes), Penalty(false_no), "USD")


@pytest.mark.parametrize("direction", [">=", "<"])
def test_an_event_in_no_draw_is_decided_by_its_probability(asked, direction):
    """Log y is normal with the variance 2, so P(y >= 1000) = 5.18e-7; no draw gets there."""
    chance = norm.sf(np.log(1e3) / np.sqrt(2))
    losses = {"yes": 1.0 * (1 - chance), "no": 1e7 * chance}
    loss, answer = fixed(1.0, 1e7), "yes"
    if direction == "<":
        losses, loss, answer = {"yes": losses["no"], "no": losses["yes"]}, fixed(1e7, 1.0), "no"
    found = decision_value(
        *asked(PRODUCT, LOGNORMALS),
        Design(draws=512),
        output="y",
        threshold=1e3,
        direction=direction,
        loss=loss,
    )
    assert str(found["answer"].item()) == answer
    assert str(found["answer_unresolved"].item()) == ""
    for name, lost in losses.items():
        assert float(found[f"expected_loss_{name}"]) == pytest.approx(lost, rel=1e-3)
    assert float(found["evpi"]) == pytest.approx(min(losses.values()), rel=1e-9)
    assert np.isnan(found["evppi"]).all()
    assert all("0 of the 8,192 draws" in str(one) for one in found["evppi_unresolved"].values)
    assert float(found["evppi_low"][0]) == 0
    assert float(found["evppi_high"][0]) == float(found["evpi_high"])


def test_a_decision_that_hangs_on_a_bound_is_not_settled(asked):
    question = (*asked(WAVE, LOGNORMALS), Design(draws=512))
    options = {"output": "y", "threshold": 1e3}
    bound = -np.expm1(np.log(0.05) / 8192)
    found = decision_value(*question, **options, loss=fixed(1.0, 1e7))
    assert "not settled" in str(found["answer_unresolved"].item())
    assert float(found["expected_loss_no_low"]) == 0
    assert float(found["expected_loss_no_high"]) == pytest.approx(1e7 * bound)
    assert float(found["expected_loss_yes_low"]) == pytest.approx(1 - bound)
    assert float(found["evpi_low"]) == 0
    assert float(found["evpi_high"]) == pytest.approx(1.0)
    assert np.isnan(found["evpi_mcse"])
    clear = decision_value(*question, **options, loss=fixed(1e5, 1e7))
    assert str(clear["answer_unresolved"].item()) == ""
    assert str(clear["answer"].item()) == "no"
    assert float(clear["evpi_high"]) == pytest.approx(1e7 * bound)


def test_a_level_with_too_few_draws_tells_no_worth(asked):
    """Where the answer changes at 0.025%, it takes more than 512 draws to see on which side."""
    threshold = np.sqrt(5) * norm.isf(1e-3)
    loss = fixed(1.0, 4000.0)
    found = decision_value(
        *asked(SUM, NORMALS), Design(draws=1024), output="y", threshold=threshold, loss=loss
    )
    assert np.isnan(found["evppi"]).all()
    assert "0.025%" in str(found["evppi_unresolved"][0].item())
    assert 0 < flat_worth(1, 2, threshold, loss) < float(found["evppi_high"][0])


def test_a_distance_that_no_draw_shows_is_bounded_by_the_second_moment(asked):
    """Of a normal the mean excess is known; by Schwarz's inequality it is below the bound."""
    loss = Loss(Penalty(1.0), Penalty(1e7, per=1.0), "USD")
    options = {"output": "y", "threshold": 12.0, "loss": loss}
    found = decision_value(*asked(SUM, NORMALS), Design(draws=512), **options)
    truth = linear_worth(np.sqrt(5), 12.0, 1e7)
    bound = 1e7 * np.sqrt(norm.sf(12 / np.sqrt(5)) * (5 + 12**2))
    assert float(found["expected_loss_no_low"]) == 0
    assert truth < float(found["expected_loss_no_high"]) == pytest.approx(bound, rel=0.01)
    assert "not settled" in str(found["answer_unresolved"].item())
    unbounded = decision_value(
        *asked(WAVE, LOGNORMALS), Design(draws=512), **{**options, "threshold": 1e4}
    )
    assert np.isinf(unbounded["expected_loss_no_high"])


def test_a_loss_without_an_expectation_is_refused(asked):
    heavy = 'def y(a):\n    """Heavy."""\n    return 1 / a\n'
    uniform = 'inputs.a = { kind = "uniform", lower = 0, upper = 1 }\n'
    options = {"output": "y", "threshold": 3.0}
    question = (*asked(heavy, uniform), Design(draws=256))
    with pytest.raises(QuestionError, match="mean of y does not exist"):
        decision_value(*question, **options, loss=LINEAR)
    assert float(decision_value(*question, **options, loss=FLAT)["evpi"]) > 0
    pole = 'def y(a):\n    """A pole inside."""\n    return 1 / (a - 0.3)\n'
    with pytest.raises(QuestionError, match="mean of y does not exist"):
        decision_value(*asked(pole, uniform), Design(draws=256), **options, loss=LINEAR)
    infinite = 'def y(a):\n    """A pole inside."""\n    return 1 / np.maximum(a - 0.5, 0)\n'
    question = (*asked(infinite, uniform), Design(draws=256))
    with pytest.raises(QuestionError, match="not finite in all draws"):
        decision_value(*question, **options, loss=LINEAR)


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        ("false yes=20M USD, false no=5M USD", Loss(Penalty(2e7), Penalty(5e6), "USD")),
        ("False-No=$5M; false_yes = 20,000,000 USD", Loss(Penalty(2e7), Penalty(5e6), "USD")),
        ("false yes=2 day, false no=12 hour", Loss(Penalty(2.0), Penalty(0.5), "day")),
        ("false yes=4, false no=1", Loss(Penalty(4.0), Penalty(1.0), "1")),
        (
            "false yes=1M USD, false no=2M USD per 0.1 GW",
            Loss(Penalty(1e6), Penalty(2e6, per=100.0), "USD"),
        ),
        (
            "false yes=1 USD per MW, false no=3 USD per kW",
            Loss(Penalty(1, 1), Penalty(3, 1e-3), "USD"),
        ),
    ],
)
def test_losses_are_read_as_they_are_typed(text, loss):
    assert parse_loss(text, "MW") == loss


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not of the form"),
        ("20M USD", "not of the form"),
        ("false yes=, false no=5", "not of the form"),
        ("false yes=20M USD", "does not say what a false no costs"),
        ("fals yes=2, false no=4", "did you mean 'false yes'"),
        ("true yes=2, false no=4, x=1", "names"),
        ("false yes=1, false no=1, false no=2", "twice"),
        ("false yes=-2, false no=4", "above 0"),
        ("false yes=2, false no=0", "above 0"),
        ("false yes=2 USD per 0 MW, false no=4 USD", "above 0"),
        ("false yes=2 USD, false no=4", "incompatible"),
        ("false yes=2 USD, false no=4 day", "incompatible"),
        ("false yes=2 wombats, false no=4 wombats", "'wombats' is not a unit"),
        ("false yes=2 USD/MW, false no=4 USD/MW", "amount per distance"),
        ("false yes=2 USD per FLOP, false no=4 USD", "incompatible"),
        ("false yes=2 USD per MW per day, false no=4 USD", "says 'per' twice"),
        ("false yes=__import__('os'), false no=4", "is not a value"),
    ],
)
def test_bad_losses_are_told_in_one_line(text, words):
    with pytest.raises((QuestionError, UnitError), match=words) as caught:
        parse_loss(text, "MW")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("groups", "words"),
    [({"a": ["b"]}, "name of an input"), ({"both": ["a", "bb"]}, "no input")],
)
def test_bad_groups_are_refused(asked, groups, words):
    with pytest.raises(QuestionError, match=words):
        decision_value(
            *asked(SUM, NORMALS), Design(draws=16), output="y", threshold=0.0, groups=groups
        )


def test_what_does_not_matter_to_the_output_adds_nothing(asked):
    equations = SUM + '\n\ndef z(d):\n    """Another."""\n    return 2 * d\n'
    question = asked(equations, NORMALS + 'inputs.d = { kind = "normal", mu = 0, sigma = 1 }\n')
    found = decision_value(
        *question,
        Design(draws=64),
        output="y",
        threshold=0.0,
        loss=FLAT,
        groups={"other": ["d"]},
    )
    assert float(found["evppi"].sel(input="other")) == 0


def truth(weight, other, threshold):
    """Return P(the answer changes) and the gain in P(right) of knowing one normal input."""

    def chance(x):
        return norm.sf((threshold - weight * x) / other)

    whole = norm.sf(threshold / np.hypot(weight, other))
    switch = threshold / weight
    changes = norm.sf(switch) if whole < 0.5 else norm.cdf(switch)
    right = quad(lambda x: max(chance(x), 1 - chance(x)) * norm.pdf(x), -9, 9, points=[switch])[0]
    return changes, right - max(whole, 1 - whole)


@pytest.mark.slow_but("1.0->=-sobol", "-0.7-<-random")
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
