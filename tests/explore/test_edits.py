"""What of an input can be moved, where its handles run, and what moving them makes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.errors import QuestionError, UnitError
from uncertain_scale.explore.edits import (
    GIVENS,
    Track,
    as_number,
    as_pairs,
    as_typed,
    edited,
    handle_of,
    moved,
    pairs_in,
    position_of,
    track_of,
    typed,
)
from uncertain_scale.inputs import Prior, load_priors
from uncertain_scale.inputs.distributions import build
from uncertain_scale.model import default_model

MODEL = default_model()
BASE = load_priors("base", variables=MODEL.variables).inputs


def prior_of(kind, units="1", **stated):
    return Prior("x", build(kind, stated), units=units, factor=1.0, model_units=units)


@pytest.mark.parametrize("name", [name for name, prior in BASE.items() if not prior.joint])
def test_an_input_that_is_not_moved_stays_as_it_is(name):
    """Its handles put it back where it was: to the bit where its quantiles state it."""
    prior = BASE[name]
    handle = handle_of(prior)
    again = edited(
        prior, handle, dict(zip(handle.names, map(as_number, handle.values), strict=True))
    )
    u = np.linspace(0.01, 0.99, 99)
    if prior.distribution.kind == "mixture":
        assert again.distribution.kind == "lognormal"
        np.testing.assert_allclose(again.ppf(np.array([0.95])), prior.ppf(np.array([0.95])), 1e-3)
    else:
        np.testing.assert_array_equal(again.ppf(u), prior.ppf(u))
    assert (again.units, again.fallback, again.factor) == (
        prior.units,
        prior.fallback,
        prior.factor,
    )
    assert again.provenance.long_name == prior.provenance.long_name
    assert again.provenance.source == "edited by hand"
    assert prior.distribution.describe(longest=8) in again.provenance.note


@pytest.mark.parametrize(
    ("prior", "names"),
    [
        (prior_of("lognormal", mu=0.0, sigma=0.5), ("q05", "q95")),
        (prior_of("normal", q10=1.0, q90=2.0), ("q10", "q90")),
        (prior_of("pert", lower=1.0, mode=2.0, upper=4.0), ("q05", "q50", "q95")),
        (prior_of("student_t", nu=4.0, q05=-1.0, q95=1.0), ("q05", "q95")),
        (prior_of("student_t", nu=4.0, mu=0.0, sigma=1.0), ("q05", "q95")),
        (prior_of("beta", mu=0.4, sigma=0.1), ("q05", "q95")),
        (prior_of("metalog", q05=1.0, q50=2.0, q95=4.0), ("q05", "q50", "q95")),
        (prior_of("choice", values=[1.0, 2.0]), ("q05", "q95")),
        (prior_of("constant", value=5.0), ("value",)),
    ],
    ids=lambda one: one.distribution.describe() if isinstance(one, Prior) else "",
)
def test_handles_are_quantiles_that_state_the_kind_and_move_it(prior, names):
    handle = handle_of(prior)
    assert handle.names == names
    up = {name: value + 0.25 for name, value in zip(names, handle.values, strict=True)}
    again = moved(prior, up)
    if names == ("value",):
        assert again.ppf(np.array([0.5])) == up["value"]
        return
    levels = np.array([float(f"0.{name[1:]}") for name in names])
    np.testing.assert_allclose(again.distribution.ppf(levels), list(up.values()), rtol=1e-9)
    kept = prior.distribution.kind
    assert again.distribution.kind == ("lognormal" if kept == "choice" else kept)


def test_truncation_stays_and_is_told():
    pue = BASE["pue"]
    assert handle_of(pue).words == "before it is truncated to 1 to 2"
    assert moved(pue, {"q05": 1.1, "q95": 1.3}).distribution.truncate == (1.0, 2.0)


def test_rows_of_a_joint_sample_are_not_moved_alone():
    alpha = BASE["alpha"]
    assert handle_of(alpha).names == ()
    for change in (lambda: moved(alpha, {}), lambda: typed(alpha, "0.3 to 0.4", MODEL)):
        with pytest.raises(QuestionError, match="drawn by whole rows with log_A"):
            change()


def test_what_is_typed_whole_replaces_the_kind():
    rate = typed(BASE["hourly_rate"], "3 to 5 USD/gpu/hour", MODEL)
    assert rate.distribution.describe() == "lognormal(q05=3, q95=5)"
    assert rate.provenance.long_name == BASE["hourly_rate"].provenance.long_name
    assert typed(BASE["hyperscaler_power"], "2000 to 6000 MW", MODEL).factor == pytest.approx(1e-3)
    with pytest.raises(UnitError, match="edited mfu = '2 to 1'"):
        typed(BASE["mfu"], "2 to 1", MODEL)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ({"q05": "0.5", "q95": "0.2"}, r"mfu: q05 = 0.5 is not below q95 = 0.2"),
        ({"q05": "0.1", "q95": "1.5"}, r"mfu: q95 = 1.5 must be below 1"),
        ({"q05": "", "q95": "0.5"}, r"mfu, 5%: '' is not a value"),
        ({"q05": "1 GW", "q95": "0.5"}, r"mfu, 5%: .*GW"),
        ({"q05": "0.2", "q95": "1e999"}, r"mfu, 95%: .*too large"),
    ],
)
def test_what_makes_no_distribution_is_told_once(texts, told):
    mfu = BASE["mfu"]
    with pytest.raises((QuestionError, UnitError), match=told):
        edited(mfu, handle_of(mfu), texts)


def test_numbers_may_be_typed_with_units_of_their_own():
    power = edited(
        BASE["gpu_power"], handle_of(BASE["gpu_power"]), {"q05": "900 W/gpu", "q95": "2"}
    )
    assert power.distribution.stated["q05"] == pytest.approx(0.9)
    assert edited(
        BASE["mfu"], handle_of(BASE["mfu"]), {"q05": "20%", "q95": "40%"}
    ).distribution == (build("logitnormal", {"q05": 0.2, "q95": 0.4}))


@pytest.mark.parametrize("name", [name for name, prior in BASE.items() if not prior.joint])
def test_a_track_reaches_past_its_handles_and_back(name):
    prior = BASE[name]
    handle = handle_of(prior)
    track = track_of(prior, handle)
    below, above = prior.distribution.support
    for value in handle.values:
        assert track.low < value < track.high or value in {below, above}
        assert 0 < track.position(value) < track.steps or value in {below, above}
        step = (track.high / track.low) ** (1 / track.steps) - 1 if track.log else 0.0
        step = value * step or (track.high - track.low) / track.steps
        assert abs(track.value(track.position(value)) - value) <= 1.01 * step


@given(
    st.floats(1e-6, 1e12), st.floats(1.5, 1e6), st.integers(0, 400), st.sampled_from([True, False])
)
def test_places_on_a_track_go_there_and_back(low, ratio, place, log):
    track = Track(low, low * ratio, log=log)
    assert abs(track.position(track.value(place)) - place) <= 400 / 10
    assert track.position(track.low) == 0
    assert track.position(track.high) == track.steps
    assert track.position(2 * track.high) == track.steps


@pytest.mark.parametrize("one", GIVENS, ids=lambda one: one.name)
def test_where_a_given_is_slid_to_is_what_is_typed(one):
    units = {"date": "date", **MODEL.variables}[one.name]
    for place in range(0, one.track.steps + 1, 4):
        text = as_typed(one.track.value(place), units)
        assert position_of(text, units, one.track) == place
        assert len(text) <= 7


def test_a_given_that_is_no_single_number_has_no_place():
    track = GIVENS[0].track
    assert position_of("80M to 120M", "USD", track) is None
    assert position_of("", "USD", track) is None
    assert position_of("-5", "USD", track) is None
    assert position_of("0.1B USD", "USD", track) == position_of("100M", "USD", track)


@given(
    st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.sampled_from(["5", "2 MW"]))
)
def test_pairs_are_read_as_they_are_written(pairs):
    assert pairs_in(as_pairs(pairs)) == pairs


@pytest.mark.parametrize("text", ["mfu", "mfu=", "=3", "mfu=1; mfu=2", "a=1; b"])
def test_what_is_no_pair_is_told(text):
    with pytest.raises(QuestionError, match="NAME=VALUE|twice"):
        pairs_in(text)
