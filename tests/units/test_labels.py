"""What variables are called for people."""

import pytest

from uncertain_scale.equations import HEADLINE
from uncertain_scale.model import default_model
from uncertain_scale.units.labels import _LABELS, label_of, shown_units


def test_every_variable_of_the_model_has_a_label_of_its_own_in_words():
    labels = {name: label_of(name) for name in default_model().variables}
    assert len(set(labels.values())) == len(labels)
    for label in labels.values():
        assert "_" not in label
        assert label[0].isupper()


def test_labels_are_of_variables_that_there_are_and_fit_a_terminal():
    known = {*default_model().variables, "date", "first_date"}
    assert set(_LABELS) <= known
    assert max(len(label_of(name)) for name in HEADLINE if name != "hyperscaler_share") <= 16


@pytest.mark.parametrize(
    ("name", "units", "shown"),
    [
        ("hyperscaler_share", "1", "%"),
        ("mfu", "1", "%"),
        ("market_share", "1", "%"),
        ("operations_share", "1/year", "1/year"),
        ("pue", "1", "1"),
        ("gpus", "gpu", "gpu"),
    ],
)
def test_shares_and_nothing_else_are_shown_in_per_cent(name, units, shown):
    assert shown_units(name, units) == shown
