"""The closed forms against a search for the minimum of the fitted loss itself."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from uncertain_scale.equations import chinchilla, overtraining
from uncertain_scale.inputs.catalog import shipped_folder

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray

BOOTSTRAP = shipped_folder() / "chinchilla_bootstrap.csv"
COLUMNS = ("log_A", "log_B", "log_E", "alpha", "beta")
FITS = [
    (np.log(482.01), np.log(2085.43), np.log(1.8172), 0.3478, 0.3658),
    (np.log(406.4), np.log(410.7), np.log(1.6934), 0.33917, 0.28491),
]


def loss(params: float, tokens: float, fit: tuple[float, ...]) -> float:
    log_a, log_b, log_e, alpha, beta = fit
    return float(np.exp(log_e) + np.exp(log_a) / params**alpha + np.exp(log_b) / tokens**beta)


def arrays(fit: tuple[float, ...]) -> dict[str, FloatArray]:
    return {name: np.array([value]) for name, value in zip(COLUMNS, fit, strict=True)}


def searched_params(flop: float, fit: tuple[float, ...]) -> float:
    found = minimize_scalar(
        lambda log_n: loss(np.exp(log_n), flop / (6 * np.exp(log_n)), fit),
        bounds=(np.log(1e6), np.log(1e16)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(np.exp(found.x))


def optimum(flop: float, fit: tuple[float, ...]) -> tuple[FloatArray, FloatArray, FloatArray]:
    known, dense = arrays(fit), {"expert_sparsity": np.ones(1), "sparsity_exponent": np.ones(1)}
    without_e = {name: known[name] for name in COLUMNS if name != "log_E"}
    params = chinchilla.optimal_params(np.array([flop]), **without_e, **dense)
    tokens = chinchilla.optimal_tokens(np.array([flop]), **without_e, **dense)
    return params, tokens, chinchilla.optimal_loss(np.array([flop]), **known)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("flop", [1e20, 5.76e23, 2e25, 2e28])
def test_optimum_is_the_minimum_of_the_loss(flop: float, fit: tuple[float, ...]) -> None:
    params, tokens, best = optimum(flop, fit)
    # A minimum is flat: its place is found to the root of machine precision only.
    assert params[0] == pytest.approx(searched_params(flop, fit), rel=1e-4)
    assert 6 * params[0] * tokens[0] == pytest.approx(flop, rel=1e-12)
    assert best[0] == pytest.approx(loss(params[0], tokens[0], fit), rel=1e-12)
    for step in (0.99, 1.01):
        assert loss(params[0] * step, tokens[0] / step, fit) > best[0]


@pytest.mark.parametrize("fit", FITS)
def test_compute_follows_from_its_optimal_loss(fit: tuple[float, ...]) -> None:
    _, _, best = optimum(2e25, fit)
    found = chinchilla.training_flop__from_loss(best, **arrays(fit))
    assert found[0] == pytest.approx(2e25, rel=1e-9)


@pytest.mark.parametrize("below", [0.0, 1.0, np.exp(0.5971) - 1e-9])
def test_no_compute_reaches_a_loss_below_the_irreducible(below: float) -> None:
    known = arrays((6.178, 7.643, 0.5971, 0.34781, 0.36585))
    assert chinchilla.training_flop__from_loss(np.array([below]), **known)[0] == np.inf


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shrink", [1.0, 1.5, 3.0])
def test_equal_loss_data_multiple_makes_losses_equal(shrink: float, fit: tuple[float, ...]) -> None:
    """The smaller model, on that much more data, has the very loss of the optimal one."""
    params, tokens, best = optimum(2e25, fit)
    multiple = chinchilla.equal_loss_data_multiple(
        np.array([shrink]), np.array([fit[3]]), np.array([fit[4]])
    )
    assert loss(params[0] / shrink, tokens[0] * multiple[0], fit) == pytest.approx(
        best[0], rel=1e-12
    )


@pytest.mark.parametrize("fit", FITS)
def test_equivalent_compute_reaches_the_same_loss(fit: tuple[float, ...]) -> None:
    """The optimal run at q C has the loss of the smaller model's run, found by root search."""
    params, tokens, _ = optimum(2e25, fit)
    smaller = loss(params[0] / 3, tokens[0] * 9, fit)
    root = brentq(lambda q: optimum(q * 2e25, fit)[2][0] - smaller, 0.1, 10, xtol=1e-13)
    found = overtraining.optimal_equivalent_multiple(
        np.array([9.0]), np.array([3.0]), np.array([fit[3]]), np.array([fit[4]])
    )
    assert found[0] == pytest.approx(root, rel=1e-8)


def test_no_amount_of_data_makes_up_for_too_few_parameters() -> None:
    """Beyond s^alpha = 1 + alpha/beta the multiple is infinite, and huge just before."""
    alpha, beta = 0.348, 0.366
    limit = (1 + alpha / beta) ** (1 / alpha)
    shrink = np.array([0.999 * limit, 1.001 * limit, 100.0])
    found = chinchilla.equal_loss_data_multiple(shrink, np.full(3, alpha), np.full(3, beta))
    assert np.isfinite(found[0])
    assert found[0] > 1e6
    assert np.all(np.isposinf(found[1:]))
    unreachable = overtraining.data_multiple__from_equivalent(
        np.full(1, 100.0), np.full(1, 100.0), np.full(1, alpha), np.full(1, beta)
    )
    assert np.isposinf(unreachable[0])


@pytest.mark.parametrize(("sparsity", "multiple"), [(1, 1), (8, 3), (32, 6)])
def test_experts_move_the_optimum_to_more_tokens(sparsity: float, multiple: float) -> None:
    """About 3 times the tokens of an active parameter at 1:8, 6 times at 1:32, for equal FLOP."""
    law = {name: one for name, one in arrays(FITS[0]).items() if name != "log_E"}
    exponent = np.array([np.log(multiple) / np.log(sparsity) if sparsity > 1 else 0.5])
    experts = {"expert_sparsity": np.array([float(sparsity)]), "sparsity_exponent": exponent}
    assert exponent == pytest.approx(0.52, abs=0.021)
    params = chinchilla.optimal_params(np.array([1e26]), **law, **experts)
    tokens = chinchilla.optimal_tokens(np.array([1e26]), **law, **experts)
    dense = optimum(1e26, FITS[0])
    assert (6 * params * tokens)[0] == pytest.approx(1e26, rel=1e-12)
    ratio = chinchilla.optimal_tokens_per_param(tokens, params)
    assert ratio[0] == pytest.approx(multiple * (dense[1] / dense[0])[0], rel=1e-12)


def test_repeated_text_is_worth_what_its_decay_says() -> None:
    """Against the closed form of Muennighoff et al. 2023, its R* and its limit."""
    decay = np.array([15.387756])

    def worth(epochs: float) -> float:
        return epochs * float(chinchilla.data_worth(np.array([epochs]), decay)[0])

    assert [worth(x) for x in (0.01, 0.5, 1.0)] == pytest.approx([0.01, 0.5, 1.0], rel=1e-14)
    assert worth(4) == pytest.approx(1 + 15.387756 * (1 - np.exp(-3 / 15.387756)), rel=1e-14)
    assert worth(4) == pytest.approx(3.7257, abs=1e-4)
    # At R* repetitions they are worth on average 1 - 1/e of unique text, and never more than R*.
    assert worth(1 + 15.387756) == pytest.approx(1 + 15.387756 * (1 - 1 / np.e), rel=1e-14)
    assert worth(1e6) == pytest.approx(1 + 15.387756, rel=1e-12)
    same = chinchilla.equal_loss_data_worth(np.array([4.0]), decay)
    assert same == pytest.approx(worth(4) / 4)


def test_bootstrap_rows_give_the_published_spread() -> None:
    """5, 50 and 95% of the multiples at N/3 over the joint rows, and all of them finite."""
    with BOOTSTRAP.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2000
    alpha, beta = (np.array([float(row[name]) for row in rows]) for name in ("alpha", "beta"))
    shrink = np.full(len(rows), 3.0)
    data = chinchilla.equal_loss_data_multiple(shrink, alpha, beta)
    assert np.all(np.isfinite(data))
    assert np.quantile(data, [0.05, 0.5, 0.95]) == pytest.approx([5.97, 6.31, 6.92], abs=0.006)
    equivalent = overtraining.optimal_equivalent_multiple(np.full(2000, 9.0), shrink, alpha, beta)
    assert np.quantile(equivalent, [0.05, 0.5, 0.95]) == pytest.approx(
        [1.12, 1.19, 1.24], abs=0.006
    )
