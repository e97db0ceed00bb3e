"""Priors written to files and read back are the same beliefs, and draw the same to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uncertain_scale import Design, default_model, load_priors
from uncertain_scale.inputs.catalog import scenario_names
from uncertain_scale.inputs.distributions import build
from uncertain_scale.inputs.prior import Prior, Priors
from uncertain_scale.inputs.writing import prior_files
from uncertain_scale.model import believe
from uncertain_scale.sampling.dependence import InputSampler

if TYPE_CHECKING:
    from pathlib import Path

STATED = {
    "constant": {"value": 2.5},
    "uniform": {"lower": -1.0, "upper": 2.0},
    "loguniform": {"lower": 1.0, "upper": 2.0},
    "normal": {"q10": 0.1, "q90": 1 / 3},
    "lognormal": {"q05": 1.4, "q95": 3.2, "truncate": [1.0, 4.0]},
    "student_t": {"nu": 4.0, "mu": 0.0, "sigma": 1.0},
    "beta": {"alpha": 1.4, "beta": 2.0, "lower": 1.0, "upper": 2.0},
    "metalog": {"q10": 1.0, "q50": 2.0, "q90": 4.0, "lower": 0.0},
    "choice": {"values": [1.0, 2.0], "probabilities": [0.25, 0.75]},
    "bernoulli": {"p": 0.3},
    "mixture": {
        "components": [
            {"kind": "constant", "value": 1.0},
            {"kind": "mixture", "components": [{"kind": "normal", "mu": 0.0, "sigma": 1.0}] * 2},
        ],
        "weights": [0.75, 0.25],
    },
    "empirical": {"values": [3.0, 1.0, 2.0]},
}


def read_back(priors: Priors, folder: Path) -> Priors:
    for name, text in prior_files(priors).items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_priors(folder / "priors.toml")


def alike(one: Priors, other: Priors) -> bool:
    facts = [
        {
            name: {**prior.facts(), "where": "", "ages": prior.provenance.ages}
            for name, prior in priors.inputs.items()
        }
        for priors in (one, other)
    ]
    return (
        facts[0] == facts[1]
        and one.digest() == other.digest()
        and one.coordinates == other.coordinates
    )


@pytest.mark.parametrize("scenario", scenario_names())
def test_every_scenario_is_read_back_whole(scenario: str, tmp_path: Path) -> None:
    assert alike(load_priors(scenario), read_back(load_priors(scenario), tmp_path))


@pytest.mark.parametrize("kind", STATED)
def test_every_way_to_state_a_kind_is_read_back(kind: str, tmp_path: Path) -> None:
    priors = Priors("x", inputs={"x": Prior("x", build(kind, STATED[kind]))})
    back = read_back(priors, tmp_path)
    assert back.inputs["x"].distribution == priors.inputs["x"].distribution
    assert alike(priors, back)


def test_what_an_overlay_adds_behind_a_joint_sample_keeps_its_coordinate(tmp_path: Path) -> None:
    model = default_model()
    priors = believe(
        load_priors("base", variables=model.variables),
        model,
        {"gpus": "lognormal(q05=1e4, q95=1e5)"},
    )
    back = read_back(priors, tmp_path).in_units_of(model.variables)
    assert priors.coordinates[-1] == "gpus"
    assert alike(priors, back)
    design = Design(draws=64, chains=2, seed=3)
    names = ["alpha", "gpus", "mfu"]
    one, other = (InputSampler(p, names).draw(design, 1) for p in (priors, back))
    for name in names:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_title_with_quotes_and_line_breaks_is_only_a_title(tmp_path: Path) -> None:
    title = 'a "title"\n[inputs.x]\nkind = \\ "constant" \x7f \u2028 \x00'
    priors = Priors("x", title, {"x": Prior("x", build("constant", {"value": 1.0}))})
    assert read_back(priors, tmp_path).title == title


def test_joint_samples_that_two_scenarios_share_are_written_once(tmp_path: Path) -> None:
    files = prior_files(load_priors("base"), "one")
    more = prior_files(load_priors("h100-dense-fp8"), "two", beside=files)
    assert list(more) == ["two.toml"]
    for name, text in (files | more).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert alike(load_priors("h100-dense-fp8"), load_priors(tmp_path / "two.toml"))
