"""The source post's arithmetic (Musings on LLM Scale, July 2024), equation by equation.

Expected values are worked out by hand from the post's own figures: 40,000 USD an H100, 2 USD an
hour, 1.5 kW, a peak of 1e15 FLOP/s doubled for sparsity and doubled for FP8, 30% utilisation, 2e25
FLOP for GPT-4.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uncertain_scale.equations import (
    chinchilla,
    cluster,
    compute,
    cost,
    overtraining,
    power,
    scale,
    serving,
)
from uncertain_scale.model import default_model

if TYPE_CHECKING:
    from uncertain_scale.units.aliases import FloatArray


def a(value: float) -> FloatArray:
    return np.array([value])


INVERSE = SimpleNamespace(**{one.name: one.function for one in default_model().equations})
FP8 = compute.effective_flops(a(1e15), a(2), a(2), a(0.3))
BF16 = compute.effective_flops(a(1e15), a(2), a(1), a(0.3))


@pytest.mark.parametrize(
    ("computed", "expected"),
    [
        (cost.gpus_purchasable(a(1e9), a(4e4)), 25_000),
        (power.facility_power(a(25e3), a(1.5), a(1)), 37.5),
        (power.facility_power(a(25e3), a(1.6), a(1)), 40),
        (INVERSE.gpu_power__implied(a(40), a(25e3), a(1)), 1.6),
        (INVERSE.budget__from_hours(INVERSE.gpu_hours__from_cluster(a(25e3), a(80)), a(2)), 96e6),
        (cluster.training_time(cost.gpu_hours(a(1e8), a(2)), a(25e3)), 1e8 / (25e3 * 48)),
        (cluster.training_time(cost.gpu_hours(a(1e9), a(2)), a(1e5)), 1e9 / (1e5 * 48)),
        (cost.breakeven_time(a(4e4), a(2)), 4e4 / (2 * 8766)),
        (compute.training_flop(a(5e7), FP8), 2.16e26),
        (compute.training_flop(a(5e7), BF16), 1.08e26),
        (compute.training_flop(INVERSE.gpu_hours__from_cluster(a(25e3), a(80)), FP8), 2.0736e26),
        (compute.training_flop(INVERSE.gpu_hours__from_cluster(a(25e3), a(80)), BF16), 1.0368e26),
        (scale.gpt4_multiple(a(2.16e26), a(2e25)), 10.8),
        (scale.gpt4_multiple(a(2e26), a(2e25)), 10),
        (scale.gpt4_multiple(a(9e25), a(2e25)), 4.5),
        (INVERSE.budget__from_hours(INVERSE.gpu_hours__from_cluster(a(1e5), a(200)), a(2)), 0.96e9),
        (power.facility_power(a(1e5), a(1.5), a(1)), 150),
        (cost.cluster_price(a(1e5), a(4e4)), 4e9),
        (cluster.gpus(cost.gpu_hours(a(1e10), a(2)), a(200)), 1e10 / (2 * 24 * 200)),
        (power.facility_power(a(1e10 / 9600), a(1.5), a(1)), 1562.5),
        (compute.training_flop(cost.gpu_hours(a(1e10), a(2)), FP8), 2.16e28),
        (scale.gpt4_multiple(a(2.16e28), a(2e25)), 1080),
        (
            INVERSE.budget__from_hours(INVERSE.gpu_hours__from_compute(a(2e28), FP8), a(2)),
            2e28 / 1.2e15 / 1800,
        ),
        (power.sites_needed(a(1500), a(5)), 0.3),
        (power.hyperscaler_share(a(1500), a(3)), 0.5),
        (overtraining.data_multiple(a(3), a(3)), 9),
        (overtraining.overtraining_factor(a(9), a(3)), 27),
        (serving.inference_saving(a(3)), 3),
        (overtraining.overtraining_factor__from_model(a(15e12), a(70e9), a(20)), 75 / 7),
        (overtraining.overtraining_factor__from_model(a(15e12), a(8e9), a(20)), 93.75),
        (overtraining.overtraining_factor__from_model(a(15e12), a(70e9), a(40)), 75 / 14),
        (serving.output_price_ratio(a(75), a(20)), 3.75),
        (serving.output_price_ratio(a(120), a(15)), 8),
        (cost.cost_per_flop(a(2), FP8), 1 / 2.16),
    ],
)
def test_post_arithmetic(computed: FloatArray, expected: float) -> None:
    assert computed[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("alpha", "beta", "data", "equivalent"),
    [
        (0.34781, 0.36585, 6.283, 1.191),
        (0.34, 0.28, 5.295, 1.373),
        (0.33917, 0.28491, 5.333, 1.362),
        (0.35, 0.35, 6.098, 1.217),
    ],
)
def test_a_third_of_the_parameters_at_published_exponents(
    alpha: float, beta: float, data: float, equivalent: float
) -> None:
    """What three times smaller takes in data at equal loss, and what 3 C buys at that size."""
    multiple = chinchilla.equal_loss_data_multiple(a(3), a(alpha), a(beta))
    assert multiple[0] == pytest.approx(data, abs=6e-4)
    compute_multiple = chinchilla.equal_loss_compute_multiple(multiple, a(3))
    assert compute_multiple[0] == pytest.approx(data / 3, abs=2e-4)
    found = overtraining.optimal_equivalent_multiple(a(9), a(3), a(alpha), a(beta))
    assert found[0] == pytest.approx(equivalent, abs=6e-4)
