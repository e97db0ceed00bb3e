"""What people type at a command line, read to the letter or refused in one line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertain_scale.errors import UncertainScaleError, UnitError
from uncertain_scale.inputs.distributions import DistributionError, parse_distribution
from uncertain_scale.units import conversion_factor


@pytest.mark.parametrize(
    ("text", "described", "units"),
    [
        ("2.0", "constant(value=2)", None),
        ("-3e-7", "constant(value=-3e-7)", None),
        ("100M", "constant(value=100000000)", None),
        ("2.1 USD/gpu/hour", "constant(value=2.1)", "USD/gpu/hour"),
        ("80day", "constant(value=80)", "day"),
        ("40%", "constant(value=40)", "%"),
        ("1.4 to 3.2", "lognormal(q05=1.4, q95=3.2)", None),
        ("-1 to 3.2", "normal(q05=-1, q95=3.2)", None),
        ("0 to 3.2", "normal(q05=0, q95=3.2)", None),
        ("30k to 50k USD", "lognormal(q05=30000, q95=50000)", "USD"),
        ("30k USD to 50k USD", "lognormal(q05=30000, q95=50000)", "USD"),
        ("$2 to $3", "lognormal(q05=2, q95=3)", "USD"),
        ("1to2", "lognormal(q05=1, q95=2)", None),
        ("1 to 3 ton", "lognormal(q05=1, q95=3)", "ton"),
        (" lognormal ( q05 = 1.4 , q95=3.2, ) ", "lognormal(q05=1.4, q95=3.2)", None),
        ("gamma(q05=30k, q95=1.5M) USD / gpu", "gamma(q05=30000, q95=1500000)", "USD / gpu"),
        (
            "normal(mu=0, sigma=1, truncate=[0, inf]) kW",
            "normal(mu=0, sigma=1, truncate=[0, inf])",
            "kW",
        ),
        ("choice(values=[1, 2, 4,])", "choice(values=[1, 2, 4])", None),
        (
            "mixture(components=[constant(value=1), lognormal(mu=0, sigma=1)], weights=[.75, .25])",
            (
                "mixture(components=[constant(value=1), lognormal(mu=0, sigma=1)], "
                "weights=[0.75, 0.25])"
            ),
            None,
        ),
    ],
)
def test_reads(text, described, units):
    distribution, found = parse_distribution(text)
    assert distribution.describe() == described
    assert found == units


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "'abc' is not a value"),
        ("nan", "'nan' is not a value"),
        ("1 to", "'1 to' is not from one to another"),
        ("1 to 2 to 3", "is not from one to another"),
        ("2 to 2", "lower end 2 is not below its upper end 2; for a constant write 2"),
        ("normal(mu=1,4, sigma=2)", "decimals stand behind a point"),
        ("choice(values=[1,5, 2,5])", "decimals stand behind a point: [1.5, 2.5]"),
        ("3 to 1", "lower end 3 is not below its upper end 1; swap them"),
        ("2 to 2", "lower end 2 is not below"),
        ("normal(", "the end after 'normal(': expected a number, a name"),
        ("normal(mu=0", "the end after 'normal(mu=0': expected ',' or ')'"),
        ("normal(mu=0 sigma=1)", "'sigma=1)' after 'normal(mu=0': expected ',' or ')'"),
        ("normal(mu=0, sigma=1))", "expected the end, or units"),
        ("normal(mu=0,, sigma=1)", "expected name=value"),
        ("normal(0, 1)", "expected name=value, as in normal(name=1)"),
        ("normal(mu=0, mu=1)", "mu is stated twice in normal(…)"),
        ("normal(mu=[, 1])", "expected a number, a list in [] or a distribution"),
        ("normal(mu=[1 2], sigma=1)", "expected ',' or ']'"),
        ("normal(mu=1x, sigma=1)", "'1x, sigma=1)' after 'normal(mu='"),
        ("normal(mu='a', sigma=1)", "expected a number, a name"),
        ("normal(mu=nan, sigma=1)", "expected a number, a list in [] or a distribution"),
        ("normal(mu=inf, sigma=1)", "mu = inf must be finite"),
        ("normal(kind=3)", "'kind' is stated twice"),
        ("mixture(components=[normal(kind=3)])", "normal(…) has its kind in front"),
        ("mixture(components=[3])", "components[0] = 3 is not a distribution"),
        ("norml(mu=0, sigma=1)", "did you mean 'normal'?"),
        ("__import__('os').system('x')", "expected a number"),
        ("normal(mu=" + "[" * 200 + "]" * 200 + ", sigma=1)", "nest too deeply"),
        ("empirical(values=[" + "1," * 3_000_000 + "])", "more than 4000000 characters"),
    ],
)
def test_refuses(text, message):
    with pytest.raises(DistributionError) as caught:
        parse_distribution(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("text", ["", "--3", "1e999", "lambda: 0", "1 USD to 2 EUR", "normal mu=0"])
def test_numbers_and_units_that_cannot_be_read(text):
    with pytest.raises(UnitError):
        parse_distribution(text)


@given(st.text(alphabet="normal(mu=0,sig1)[] to.qk", max_size=40))
def test_no_text_breaks_the_reader(text):
    try:
        distribution, _ = parse_distribution(text)
    except UncertainScaleError:
        return
    assert parse_distribution(distribution.describe())[0] == distribution


NUMBERS = st.floats(-1e12, 1e12)
POSITIVE = st.floats(1e-6, 1e6)
DEGREES = st.floats(0.01, 1e6)
SIMPLE = st.one_of(
    st.builds("constant(value={})".format, NUMBERS),
    st.builds("normal(mu={}, sigma={})".format, NUMBERS, POSITIVE),
    st.builds("gamma(alpha={}, beta={})".format, POSITIVE, POSITIVE),
    st.builds("student_t(nu={}, mu={}, sigma={})".format, DEGREES, NUMBERS, POSITIVE),
    st.builds("lognormal(q05={}, q95=2e6)".format, POSITIVE),
    st.builds("normal(mu={}, sigma=1e12, truncate=[-1e12, inf])".format, NUMBERS),
    st.builds("empirical(values={})".format, st.lists(NUMBERS, min_size=1, max_size=5)),
)
NESTED = st.recursive(
    SIMPLE,
    lambda inner: st.builds(
        lambda parts: f"mixture(components=[{', '.join(parts)}])",
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(NESTED)
def test_descriptions_parse_back(text):
    distribution, _ = parse_distribution(text)
    described = distribution.describe()
    again, _ = parse_distribution(described)
    assert again == distribution
    assert again.stated == distribution.stated
    assert again.describe() == described


def test_numbers_come_back_to_the_bit():
    values = [0.1, 1 / 3, 1e-300, 8.2e24, 123456789.123, 1e16, 2.0**53 + 2, -5e-324]
    text = f"empirical(values={values})"
    again, _ = parse_distribution(parse_distribution(text)[0].describe())
    np.testing.assert_array_equal(again.values, values)


@pytest.mark.parametrize("text", ["1,4 to 3.2", "1 to 3,2 USD", "1,4", "-0,4 to 1"])
def test_decimal_commas_are_refused_at_either_end(text):
    with pytest.raises(UnitError, match="can be misread; write"):
        parse_distribution(text)


def test_commas_between_groups_of_three_digits_stay():
    assert parse_distribution("1,400 to 3,200")[0] == parse_distribution("1400 to 3200")[0]


def test_lists_may_be_written_with_spaces_or_without():
    wide, close = (parse_distribution(f"choice(values={x})")[0] for x in ("[1, 2, 4]", "[1,2,4]"))
    assert wide == close


@pytest.mark.parametrize(
    ("text", "same", "units"),
    [
        ("41 ± 3 MW", "normal(mu=41, sigma=3)", "MW"),
        ("41 MW +/- 3 MW", "normal(mu=41, sigma=3)", "MW"),
        ("40% ± 5%", "normal(mu=40, sigma=5)", "%"),
        ("$1.5 to $4/GPU-hour", "lognormal(q05=1.5, q95=4)", "USD/GPU-hour"),
        ("2 million to 3 million USD", "lognormal(q05=2e6, q95=3e6)", "USD"),
        ("lognormal(q05=2 million, q95=10^7) USD", "lognormal(q05=2e6, q95=1e7)", "USD"),
        ("choice(values=[1 k, 2 x 10^3])", "choice(values=[1000, 2000])", None),
    ],
)
def test_numbers_in_words_and_errors_are_read(text, same, units):
    assert parse_distribution(text) == (parse_distribution(same)[0], units)


def test_an_error_in_percent_is_a_share_of_the_value():
    for text in ("41 MW ± 10%", "41 +- 10% MW"):
        stated, units = parse_distribution(text)
        assert units == "MW"
        assert float(stated.ppf(0.5)) == pytest.approx(41, rel=1e-14)
        assert stated.sd() / stated.mean() == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize("text", ["41 ± -3", "0 ± 10%", "41 MW ± 3 GW", "2,5 ± 1", "1 ± 2 ± 3 MW"])
def test_an_error_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"error above 0|in two units|misread|not a unit"):
        conversion_factor(parse_distribution(text)[1] or "1", "MW")
