"""The programme behind a run: its cost, and that no report of a budget has it unasked."""

import numpy as np
import pytest

from uncertain_scale import Design, run

SMALL = Design(draws=64, chains=4)


def test_the_programme_costs_its_multiple_of_the_budget():
    given = {"budget": "100M", "programme_multiplier": "5.6"}
    tree = run(given=given, outputs=["programme_cost"], design=SMALL)
    assert np.asarray(tree["prior_predictive/programme_cost"]) == pytest.approx(5.6e8)


def test_the_final_runs_budget_follows_from_the_programmes():
    given = {"programme_cost": "500M", "programme_multiplier": "2.5"}
    tree = run(given=given, outputs=["budget"], design=SMALL)
    assert np.asarray(tree["prior_predictive/budget"]) == pytest.approx(2e8)


def test_it_is_shown_where_it_is_asked_alone():
    tree = run(given={"budget": "100M"}, design=SMALL)
    assert "programme_cost" not in tree["prior_predictive"]
