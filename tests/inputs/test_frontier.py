"""The scenario of late 2026 and the measured speed of Olmo 3, held to their own arithmetic."""

import datetime as dt

import numpy as np
import pytest

from uncertain_scale.analysis.backtest import fit_mfu, fitted_runs
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.observations import read_evidence
from uncertain_scale.inputs.runs import published_runs
from uncertain_scale.model import default_model

PRIORS = load_priors("frontier-2026")
OWN = {n: one for n, one in PRIORS.inputs.items() if "frontier-2026" in one.provenance.where}
FIRST, LAST = dt.date(2025, 7, 1), dt.date(2026, 11, 30)
HOURS, KILOWATTS = 8766, 1e6  # of a year, and in a gigawatt


def test_its_own_figures_are_sourced_and_of_its_time():
    assert {"hourly_rate", "gpu_price", "gpu_power", "pue", "site_power"} <= OWN.keys()
    for name, prior in OWN.items():
        said = prior.provenance
        assert said.source
        assert said.long_name
        assert "Judgement" in said.note or name in {"gpt4_flop", "mfu", "expert_sparsity"}
        assert FIRST <= said.as_of <= LAST, name


def test_peak_and_a_dense_models_utilisation_are_those_of_the_chip():
    chip = load_priors("gb300-dense-fp8").inputs
    for name in ("peak_flops", "dense_model_mfu"):
        assert PRIORS.inputs[name] == chip[name]
        assert name not in OWN


def test_utilisation_has_the_stated_probability_of_a_mixture_of_experts():
    chance = PRIORS.inputs["moe"].distribution.mean()
    fit = fit_mfu(fitted_runs(published_runs()))
    ends = fit.predictive("B200", moe=chance).summary()
    assert PRIORS.inputs["mfu"].ppf(np.array([0.05, 0.95])) == pytest.approx(ends, abs=6e-4)
    assert PRIORS.inputs["expert_sparsity"].distribution.weights == (0.1, chance)


def test_fp8_is_the_rule_and_not_certain():
    factor = PRIORS.inputs["precision_factor"].distribution
    assert dict(zip((one.kind for one in factor.components), factor.weights, strict=True)) == {
        "constant": 0.25,
        "beta": 0.75,
    }


@pytest.mark.parametrize(
    ("stated", "computed"),
    [
        ("hourly_rate: 2.03 for a GB200", 8.5e9 / (KILOWATTS / 2.09) / HOURS),
        ("hourly_rate: 5.3 for about 325,000", 1.25e9 * 12 / 325e3 / HOURS),
        ("hourly_rate: 11.4 for about 110,000", 920e6 * 12 / 110e3 / HOURS),
        ("hourly_rate: 11.4 to 13.7", 150e6 * 12 / 18e3 / HOURS),
        ("gpu_price: 79,400 for a GB200", 38e9 / (KILOWATTS / 2.09)),
        ("gpu_price: 80,000 at Colossus 2", 8.8e9 / 110e3),
        ("gpu_price: 81,900 for rack and facility", 5.9e6 / 72),
        ("pue: 1.28, on 2026-06-30", 15.44 / 12.07),
    ],
)
def test_figures_computed_here_follow_from_what_is_cited(stated, computed):
    name, words = stated.split(": ")
    source = PRIORS.inputs[name].provenance.source
    assert words in source
    figure = float(words.split()[0].rstrip(",").replace(",", ""))
    assert figure == pytest.approx(computed, rel=0.01)


def test_the_speed_of_olmo_3_is_that_of_its_days_and_tokens():
    found, _ = read_evidence(["h100-clusters"], default_model().variables)
    (speed,) = [one for one in found if one.name == "Olmo 3 32B"]
    measured = 6 * 3.22e10 * 5.8e12 / (47 * 24 * 3600 * 1024)
    assert speed.stated.ppf(0.5) * speed.factor == pytest.approx(measured, rel=0.005)
    assert speed.words == "2.7e14 FLOP/s/gpu ± 4%"
