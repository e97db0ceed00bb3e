"""What holds of every equation: it is documented, and each inverse undoes its law."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from uncertain_scale.equations import (
    HEADLINE,
    SUBJECTS,
    chinchilla,
    cluster,
    compute,
    cost,
    overtraining,
    power,
    scale,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EQUATIONS = [
    function
    for module in SUBJECTS
    for name, function in vars(module).items()
    if inspect.isfunction(function)
    and function.__module__ == module.__name__
    and not name.startswith("_")
]
FITTED = {"log_A": 6.178, "log_B": 7.643, "log_E": 0.597, "alpha": 0.348, "beta": 0.366}
# Where a law holds for some values of an argument only; elsewhere values are of order one.
RANGES = {
    "shrink_factor": (1.01, 4.0),
    "data_multiple": (1.01, 50.0),
    "training_flop": (1e19, 1e29),
}
# Each law with its inverses, one for each of its arguments that is not a fitted constant.
INVERSES: list[tuple[Callable[..., object], tuple[Callable[..., object], ...]]] = [
    (
        compute.effective_flops,
        (
            compute.mfu__implied,
            compute.precision_factor__implied,
            compute.sparsity_factor__implied,
            compute.peak_flops__implied,
        ),
    ),
    (compute.training_flop, (compute.gpu_hours__from_compute, compute.effective_flops__implied)),
    (cluster.gpu_hours__from_cluster, (cluster.gpus, cluster.training_time)),
    (
        cluster.cluster_flops,
        (cluster.gpus__from_flops, cluster.effective_flops__from_cluster),
    ),
    (cost.gpu_hours, (cost.budget__from_hours, cost.hourly_rate__implied)),
    (cost.gpus_purchasable, (cost.budget__from_purchase, cost.gpu_price__from_purchase)),
    (cost.cluster_price, (cost.gpus__from_price, cost.gpu_price__from_cluster)),
    (cost.breakeven_time, (cost.gpu_price__from_breakeven, cost.hourly_rate__from_breakeven)),
    (
        cost.cost_per_flop,
        (cost.hourly_rate__from_cost_per_flop, cost.effective_flops__from_cost_per_flop),
    ),
    (power.facility_power, (power.gpus__from_power, power.gpu_power__implied, power.pue__implied)),
    (
        power.training_energy,
        (power.gpu_hours__from_energy, power.gpu_power__from_energy, power.pue__from_energy),
    ),
    (
        power.flop_per_joule,
        (
            power.effective_flops__from_efficiency,
            power.gpu_power__from_efficiency,
            power.pue__from_efficiency,
        ),
    ),
    (
        power.hyperscaler_share,
        (power.facility_power__from_share, power.hyperscaler_power__implied),
    ),
    (power.sites_needed, (power.facility_power__from_sites, power.site_power__implied)),
    (scale.gpt4_multiple, (scale.training_flop__from_multiple, scale.gpt4_flop__implied)),
    (chinchilla.optimal_params, (chinchilla.training_flop__from_params,)),
    (chinchilla.optimal_tokens, (chinchilla.training_flop__from_tokens,)),
    (chinchilla.equal_loss_data_multiple, (chinchilla.shrink_factor__from_equal_loss,)),
    (
        chinchilla.equal_loss_compute_multiple,
        (
            chinchilla.equal_loss_data_multiple__from_compute,
            chinchilla.shrink_factor__from_multiples,
        ),
    ),
    (
        overtraining.data_multiple,
        (overtraining.compute_multiple__from_data, overtraining.shrink_factor__from_data),
    ),
    (overtraining.optimal_equivalent_multiple, (overtraining.data_multiple__from_equivalent,)),
    (
        overtraining.overtraining_factor,
        (
            overtraining.data_multiple__from_overtraining,
            overtraining.shrink_factor__from_overtraining,
        ),
    ),
    (
        overtraining.overtraining_factor__from_model,
        (
            overtraining.training_tokens__from_overtraining,
            overtraining.model_params__from_overtraining,
            overtraining.optimal_tokens_per_param__implied,
        ),
    ),
    (
        chinchilla.data_repetitions,
        (chinchilla.optimal_tokens__from_repetitions, chinchilla.unique_tokens__implied),
    ),
    (
        chinchilla.equal_loss_repetitions,
        (
            chinchilla.data_repetitions__from_equal_loss,
            chinchilla.equal_loss_data_multiple__from_repetitions,
        ),
    ),
    (
        serving.inference_cost,
        (
            serving.served_params__from_inference_cost,
            serving.inference_mfu__implied,
            serving.hourly_rate__from_inference_cost,
            serving.peak_flops__from_inference_cost,
        ),
    ),
    (serving.inference_saving, (serving.shrink_factor__from_saving,)),
    (
        serving.output_price_ratio,
        (serving.old_output_price__implied, serving.new_output_price__implied),
    ),
]
NAMES = [law.__name__ for law, _ in INVERSES]
# A loss comes from two intermediate results; its inverse is tested with the law.
ELSEWHERE = {"optimal_loss", "training_flop__from_loss"}


def target(function: Callable[..., object]) -> str:
    return function.__name__.split("__")[0]


def arguments(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


def call(function: Callable[..., object], values: Mapping[str, float]) -> float:
    array = function(*(np.array([values[name]]) for name in arguments(function)))
    assert isinstance(array, np.ndarray)
    assert array.shape == (1,)
    return float(array[0])


@pytest.mark.parametrize(
    ("law", "values", "exact"),
    [
        # 1.8e7 kWh.
        (power.training_energy, {"gpu_hours": 1e7, "gpu_power": 1.5, "pue": 1.2}, 18),
        # 4e14 FLOP/s on 1,875 W.
        (power.flop_per_joule, {"effective_flops": 4e14, "gpu_power": 1.5, "pue": 1.25}, 640 / 3),
        # 4e11 FLOP a token at 1e14 FLOP/s: 4 ms at 0.05 cents a second.
        (
            serving.inference_cost,
            {"served_params": 2e11, "hourly_rate": 1.8, "peak_flops": 1e15, "inference_mfu": 0.1},
            2,
        ),
    ],
    ids=["energy", "efficiency", "inference"],
)
def test_figures_by_hand(
    law: Callable[..., object], values: Mapping[str, float], exact: float
) -> None:
    """What a law and its inverses share, such as a constant, no way there and back tells."""
    assert call(law, values) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(("law", "inverses"), INVERSES, ids=NAMES)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_inverse_undoes_its_law(
    law: Callable[..., object], inverses: tuple[Callable[..., object], ...], data: st.DataObject
) -> None:
    """From any arguments to the law's result and back, each inverse returns its argument."""
    values = dict(FITTED)
    for name in arguments(law):
        if name not in FITTED:
            low, high = RANGES.get(name, (0.01, 100.0))
            values[name] = 10 ** data.draw(st.floats(np.log10(low), np.log10(high)), label=name)
    values[target(law)] = call(law, values)
    for inverse in inverses:
        assert call(inverse, values) == pytest.approx(values[target(inverse)], rel=1e-6)


@pytest.mark.parametrize(("law", "inverses"), INVERSES, ids=NAMES)
def test_every_argument_has_an_inverse(
    law: Callable[..., object], inverses: tuple[Callable[..., object], ...]
) -> None:
    """Every argument of a law can be solved for, save the fitted constants and a shrink factor.

    The factor by which a model shrinks has no closed form behind `optimal_equivalent_multiple`
    that any question needs.
    """
    solved = {target(inverse) for inverse in inverses}
    unsolved = set(arguments(law)) - solved - set(FITTED)
    expected = {"shrink_factor"} if law is overtraining.optimal_equivalent_multiple else set()
    assert unsolved == expected


def test_every_equation_is_a_law_or_its_inverse() -> None:
    covered = {f.__name__ for law, inverses in INVERSES for f in (law, *inverses)}
    assert {function.__name__ for function in EQUATIONS} == covered | ELSEWHERE


@pytest.mark.parametrize("function", EQUATIONS, ids=lambda function: function.__name__)
def test_equation_documents_itself_and_hides_no_prior(function: Callable[..., object]) -> None:
    """A first sentence of its own, then the formula; no defaults; every argument annotated."""
    doc = inspect.getdoc(function)
    assert doc is not None
    first, _, formula = doc.partition("\n\n")
    assert first.endswith(".")
    assert "\n" not in first
    assert formula
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        assert parameter.default is inspect.Parameter.empty
        assert parameter.annotation is not inspect.Parameter.empty
    assert signature.return_annotation is not inspect.Signature.empty


def test_names_of_equations_are_unique() -> None:
    names = [function.__name__ for function in EQUATIONS]
    assert len(names) == len(set(names))


def test_headline_names_variables_that_equations_compute() -> None:
    assert set(HEADLINE) <= {target(function) for function in EQUATIONS}
    assert len(HEADLINE) == len(set(HEADLINE))


def test_equations_keep_the_shape_of_draws() -> None:
    """One number a draw, whatever the shape, and an array of its own."""
    for function in EQUATIONS:
        draws = [np.full((2, 3), 1.0 + 0.1 * k) for k, _ in enumerate(arguments(function))]
        result = function(*draws)
        assert isinstance(result, np.ndarray)
        assert result.shape == (2, 3)
        assert all(result is not values for values in draws)
