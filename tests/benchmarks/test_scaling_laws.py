"""The rows of published laws: each source's own figures, its weight, and errors that grow."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import uncertain_scale as us
from benchmarks import scaling_laws

BOOTSTRAP = np.loadtxt(scaling_laws.PRIORS / "chinchilla_bootstrap.csv", delimiter=",", skiprows=1)
DRIFT = 0.028
HOFFMANN = (406.4, 410.7, 1.6934, 0.33917, 0.28491)


def rows_of(name):
    with scaling_laws.FILE.open(newline="") as lines:
        found = [row for row in csv.DictReader(lines) if row["law"] == name]
    return np.array([[float(row[column]) for column in scaling_laws.COLUMNS] for row in found])


def log_params(rows, flop):
    """By the derivative of the loss: the root of d log L / d log N at C = 6 N D, by bisection."""
    low, high = np.full(len(rows), np.log(1e5)), np.full(len(rows), np.log(1e17))
    log_a, log_b, _, alpha, beta = rows.T
    for _ in range(80):
        middle = (low + high) / 2
        falls = np.log(alpha) + log_a - alpha * middle
        rises = np.log(beta) + log_b - beta * (np.log(flop / 6) - middle)
        low, high = np.where(falls > rises, middle, low), np.where(falls > rises, high, middle)
    return low


def test_the_file_is_the_one_that_is_made():
    kept = scaling_laws.FILE.read_text(encoding="utf-8").splitlines()
    made = scaling_laws.text().splitlines()
    assert kept[0] == made[0] == "law,log_A,log_B,log_E,alpha,beta"
    assert [line.split(",")[0] for line in kept] == [line.split(",")[0] for line in made]
    numbers = [[line.split(",")[1:] for line in one[1:]] for one in (kept, made)]
    np.testing.assert_allclose(*(np.array(one, dtype=float) for one in numbers), rtol=1e-5)


def test_weights_add_up_and_are_those_of_the_rows():
    weights = {source.name: source.weight for source in scaling_laws.SOURCES}
    assert sum(weights.values()) == pytest.approx(1)
    counts = {name: len(rows_of(name)) for name in weights}
    assert {name: n / sum(counts.values()) for name, n in counts.items()} == pytest.approx(weights)


@pytest.mark.parametrize(
    ("name", "flop", "params"),
    [
        ("llama-3", 3.8e25, 402e9),
        ("deepseek", 3e20, 3e20 / 6 / (5.8316 * 3e20**0.4757)),
        # G (C/6)^a of the constants as printed.
        (
            "hoffmann",
            3e21,
            np.exp(log_params(np.array([[*np.log(HOFFMANN[:3]), *HOFFMANN[3:]]]), 3e21)[0]),
        ),
    ],
)
def test_the_middle_of_a_law_is_its_published_optimum(name, flop, params):
    assert np.median(np.exp(log_params(rows_of(name), flop))) == pytest.approx(params, rel=0.015)


@pytest.mark.parametrize(
    ("name", "params", "ratio"),
    [("hoffmann", 272, 86), ("besiroglu", 650, 15), ("llama-3", 402, 39), ("deepseek", 737, 12)],
)
def test_the_documentation_states_what_each_law_gives(name, params, ratio):
    middle = np.median(np.exp(log_params(rows_of(name), 3.8e25)))
    assert middle / 1e9 == pytest.approx(params, rel=0.01)
    assert 3.8e25 / 6 / middle**2 == pytest.approx(ratio, abs=1)
    page = (scaling_laws.PRIORS.parent / "docs" / "optimum.md").read_text(encoding="utf-8")
    assert f"| {params}e9 | {ratio} |" in page


@pytest.mark.parametrize(("name", "exponent"), [("llama-3", 0.47), ("deepseek", 0.5243)])
def test_the_exponent_of_an_optimum_is_the_published_one(name, exponent):
    share = rows_of(name)[:, 4] / rows_of(name)[:, 3:].sum(axis=1)
    assert np.mean(share) == pytest.approx(exponent, abs=1e-4)
    assert np.std(share) == pytest.approx(DRIFT, rel=0.01)


@pytest.mark.parametrize(("name", "edge"), [("llama-3", 1e22), ("deepseek", 3e20)])
@pytest.mark.parametrize("flop", [1e23, 3.8e25, 1e28])
def test_errors_grow_with_the_distance_from_what_was_fitted(name, edge, flop):
    rows = rows_of(name)
    assert np.std(log_params(rows, edge)) < 1e-5
    expected = DRIFT * np.log(flop / edge)
    assert np.std(log_params(rows, flop)) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("flop", [3e21, 3.8e25])
def test_the_refit_has_the_bootstraps_error_and_the_drift_beyond_it(flop):
    within = np.var(log_params(BOOTSTRAP, flop))
    expected = within + (DRIFT * np.log(flop / 3e21)) ** 2
    assert np.var(log_params(rows_of("besiroglu"), flop)) == pytest.approx(expected, rel=0.1)


def test_laws_without_losses_have_those_of_the_refit():
    log_n = log_params(rows_of("llama-3"), 1e21)
    log_a, log_b, log_e, alpha, beta = rows_of("llama-3").T
    log_d = np.log(1e21 / 6) - log_n
    loss = np.exp(log_e) + np.exp(log_a - alpha * log_n) + np.exp(log_b - beta * log_d)
    log_a, log_b, log_e, alpha, beta = BOOTSTRAP.mean(axis=0)
    log_n = log_params(BOOTSTRAP.mean(axis=0)[None], 1e21)[0]
    log_d = np.log(1e21 / 6) - log_n
    refit = np.exp(log_e) + np.exp(log_a - alpha * log_n) + np.exp(log_b - beta * log_d)
    assert np.mean(loss) == pytest.approx(refit, rel=0.002)


def test_one_optimum_holds_what_each_law_says_of_the_same_run():
    """At Llama 3's FLOP: its own law, the two Chinchilla fits, the refit's equal-loss multiple."""
    outputs = ("optimal_params", "optimal_tokens_per_param", "equal_loss_data_multiple")
    tree = us.run("base", given={"training_flop": "3.8e25"}, outputs=outputs)
    params, ratio, multiple = (tree[f"prior_predictive/{name}"].values for name in outputs)
    assert 0.25 < (params <= 405e9).mean() < 0.75
    assert 0.25 < (ratio >= 40).mean() < 0.75
    np.testing.assert_allclose(ratio, 3.8e25 / 6 / params**2, rtol=1e-12)
    low, high = np.quantile(multiple, [0.05, 0.95])
    assert low < 5.295  # Hoffmann et al. as rounded
    assert high > 6.283  # Besiroglu et al.
