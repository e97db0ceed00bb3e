"""A ranking of a date that is sought takes fewer draws by default; all else what is asked for."""

import pytest

from uncertain_scale.analysis.sensitivity import ranking_design
from uncertain_scale.model import ask
from uncertain_scale.model.problem import Problem
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.sample import prepare

GIVEN = {"budget": "100M", "training_flop": "1e27"}


@pytest.mark.parametrize(
    ("of", "design", "draws"),
    [
        (["date"], Design(), 512),
        (["gpu_hours"], Design(), 4096),
        (["date"], Design(draws=8192), 8192),
        (["date"], Design(draws=64), 64),
    ],
)
def test_a_date_that_is_sought_is_ranked_from_fewer_draws(of, design, draws):
    given = GIVEN if of == ["date"] else {"budget": "100M"}
    model, priors = prepare(known=tuple(given), asked=of)
    problem = Problem(model, priors, ask(model, given, outputs=of))
    assert ranking_design(problem, design, of).draws == draws
