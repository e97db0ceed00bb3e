"""What holds of every equation: it is documented, and each inverse undoes its law."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import uncertain_scale as us
from uncertain_scale.equations import (
    HEADLINE,
    chinchilla,
    compute,
    frontier,
    lifetime,
    overtraining,
    power,
    serving,
)
from uncertain_scale.model import default_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from uncertain_scale.model.equation import Equation

MODEL = default_model()
WRITTEN = [equation for equation in MODEL.equations if equation.law is None]
DERIVED = [equation for equation in MODEL.equations if equation.law is not None]
FITTED = {"log_A": 6.178, "log_B": 7.643, "log_E": 0.597, "alpha": 0.348, "beta": 0.366}
FITTED |= {"expert_sparsity": 8.0, "sparsity_exponent": 0.52, "repetition_decay": 15.39}
# Where a law holds for some values of an argument only; elsewhere values are of order one.
RANGES = {"shrink_factor": (1.01, 4.0), "training_flop": (1e19, 1e29)}
RANGES |= {"exchange_burden": (1e-29, 1e-24)}
RANGES |= {"cheapest_data_multiple": (1.01, 1e4), "serving_weight": (1e-6, 1e6)}
# Laws that are no products of powers, and their inverses.
INVERSES: list[tuple[Callable[..., object], Callable[..., object]]] = [
    (chinchilla.optimal_params, chinchilla.training_flop__from_params),
    (chinchilla.optimal_tokens, chinchilla.training_flop__from_tokens),
    (chinchilla.equal_loss_data_multiple, chinchilla.shrink_factor__from_equal_loss),
    (overtraining.optimal_equivalent_multiple, overtraining.data_multiple__from_equivalent),
    (lifetime.cheapest_data_multiple, lifetime.serving_weight__from_data_multiple),
    (lifetime.cheapest_shrink_factor, lifetime.cheapest_data_multiple__from_shrink),
]
# A loss holds above the irreducible one; its inverse is tested with the law.
ELSEWHERE = {"optimal_loss", "training_flop__from_loss"}
# Rules that yield to what is stated, and the worth of epochs, which has no closed inverse.
ONE_WAY = {"optimal_tokens_per_param", "data_worth", "equal_loss_data_worth"}
ONE_WAY |= {"mfu", "expert_sparsity", "moe__from_sparsity"}
# Sums of what an owner pays, which nobody solves for one of many terms.
ONE_WAY |= {"machine_hourly_cost", "building_hourly_cost", "fixed_hourly_cost"}
ONE_WAY |= {"owner_hourly_cost", "breakeven_utilisation"}
ONE_WAY |= {"checkpoint_interval", "goodput", "step_mfu", "mfu__from_step"}
ONE_WAY |= {"exchange_time", "exchange_burden", "exchange_loss", "single_site_flops"}
ONE_WAY |= {"effective_flops__over_sites", "effective_flops__in_time", "single_site_flops__implied"}
# Of what binds, and of training and serving together.
ONE_WAY |= {"decode_memory_time", "decode_gpu_time", "decode_saving"}
ONE_WAY |= {"lifetime_cost", "lifetime_saving", "breakeven_served_tokens"}
# What priors alone fix: a law is solved for it where nothing else reaches it, and contradicts none.
BY_PRIORS = {"owner_hourly_cost__from_rent_over_own", "effective_flops__from_serving_penalty"}
BY_PRIORS |= {"decode_gpu_time__from_decode_speed", "decode_gpu_time__from_decode_cost"}
BY_PRIORS |= {"goodput__from_mfu__from_step"}
BY_PRIORS |= {
    f"{name}__from_single_site_flops"
    for name in ("peak_flops", "sparsity_factor", "precision_factor", "mfu")
}


def target(function: Callable[..., object]) -> str:
    return function.__name__.split("__")[0]


def arguments(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


def drawn(names: Iterable[str], data: st.DataObject) -> dict[str, float]:
    values = {}
    for name in names:
        low, high = RANGES.get(name, (0.01, 100.0))
        exponent = data.draw(st.floats(np.log10(low), np.log10(high)), label=name)
        values[name] = FITTED.get(name, 10**exponent)
    return values


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
        (compute.mfu, {"dense_model_mfu": 0.3, "moe": 1, "moe_factor": 0.8}, 0.24),
        (compute.mfu, {"dense_model_mfu": 0.3, "moe": 0, "moe_factor": 0.8}, 0.3),
        (compute.expert_sparsity, {"moe": 1, "experts_per_active": 8}, 8),
        (compute.expert_sparsity, {"moe": 0, "experts_per_active": 8}, 1),
        (compute.moe__from_sparsity, {"expert_sparsity": 8}, 1),
        (compute.moe__from_sparsity, {"expert_sparsity": 1}, 0),
        # 4e11 FLOP a token at 1e14 FLOP/s: 4 ms at 0.05 cents a second.
        (
            serving.inference_cost,
            {"served_params": 2e11, "hourly_rate": 1.8, "peak_flops": 1e15, "inference_mfu": 0.1},
            2,
        ),
    ],
)
def test_figures_by_hand(
    law: Callable[..., object], values: Mapping[str, float], exact: float
) -> None:
    """A constant of a law and of its inverses, no way there and back tests."""
    assert call(law, values) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(("law", "inverse"), INVERSES, ids=lambda function: function.__name__)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_written_inverse_undoes_its_law(
    law: Callable[..., object], inverse: Callable[..., object], data: st.DataObject
) -> None:
    """From any arguments to the law's result and back, an inverse returns its argument."""
    values = drawn(arguments(law), data)
    values[target(law)] = call(law, values)
    assert call(inverse, values) == pytest.approx(values[target(inverse)], rel=1e-6)


@pytest.mark.parametrize("inverse", DERIVED, ids=lambda inverse: inverse.name)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_derived_inverse_undoes_its_law(inverse: Equation, data: st.DataObject) -> None:
    assert inverse.law is not None
    values = {name: np.array([x]) for name, x in drawn(inverse.law.arguments, data).items()}
    values[inverse.law.target] = inverse.law.function(**values)
    found = inverse.function(*(values[name] for name in inverse.arguments))
    assert found[0] == pytest.approx(values[inverse.target][0], rel=1e-13)


def test_every_law_is_solved_for_every_argument() -> None:
    """Save for fitted constants, and for a shrink factor that no question needs.

    The factor by which a model shrinks has no closed form behind `optimal_equivalent_multiple`. The
    limits of a frontier run are asked for one way, and solved where nothing else answers.
    """
    left = {inverse.name for inverse in MODEL.inverses if inverse.subject != "frontier"}
    assert left == BY_PRIORS  # no other product of powers is left
    covered = {function.__name__ for pair in INVERSES for function in pair} | ELSEWHERE
    laws = {e.name for e in DERIVED if e.law for e in (e, e.law)}
    # Each of the three variables of GPU-hours is asked for on its own.
    limits = {e.name for e in MODEL.equations if e.subject == "frontier"}
    others = covered | laws | ONE_WAY | limits | {"training_time"}
    assert {e.name for e in MODEL.equations} == others
    for law, inverse in INVERSES:
        unsolved = set(arguments(law)) - {target(inverse)} - FITTED.keys()
        expected = {"shrink_factor"} if law is overtraining.optimal_equivalent_multiple else set()
        assert unsolved == expected


@pytest.mark.parametrize("equation", MODEL.equations, ids=lambda equation: equation.name)
def test_equation_documents_itself(equation: Equation) -> None:
    """A first sentence of its own, then the formula."""
    doc = inspect.getdoc(equation.function)
    assert doc is not None
    first, _, formula = doc.partition("\n\n")
    assert first.endswith(".")
    assert "\n" not in first
    assert formula


@pytest.mark.parametrize("equation", WRITTEN, ids=lambda equation: equation.name)
def test_equation_hides_no_prior(equation: Equation) -> None:
    """No defaults; every argument annotated."""
    signature = inspect.signature(equation.function)
    for parameter in signature.parameters.values():
        assert parameter.default is inspect.Parameter.empty
        assert parameter.annotation is not inspect.Parameter.empty
    assert signature.return_annotation is not inspect.Signature.empty


def test_headline_names_variables_that_equations_compute() -> None:
    assert set(HEADLINE) <= {equation.target for equation in MODEL.equations}
    assert len(HEADLINE) == len(set(HEADLINE))


def test_equations_keep_the_shape_of_draws() -> None:
    """One number a draw, whatever the shape, and an array of its own."""
    for equation in MODEL.equations:
        draws = [np.full((2, 3), 1.0 + 0.1 * k) for k, _ in enumerate(equation.arguments)]
        result = equation.function(*draws)
        assert isinstance(result, np.ndarray)
        assert result.shape == (2, 3)
        assert all(result is not values for values in draws)


def test_limits_of_a_frontier_run_by_hand() -> None:
    """With round numbers: a dollar buys 1e11 FLOP/s, a joule 1e12 FLOP, a day has 86,400 s."""
    paid = call(
        frontier.spending_limit,
        {
            "largest_spending": 1e9,
            "chip_cost_share": 0.5,
            "price_performance": 1e11,
            "hardware_life": 4.0,
            "precision_factor": 1.5,
            "mfu": 0.2,
        },
    )
    assert paid == pytest.approx(1e9 * 0.5 * 1e11 * 4 * 365.25 * 86_400 * 1.5 * 0.2)
    fed = {
        "chip_power_share": 0.5,
        "pue": 1.25,
        "energy_efficiency": 1000.0,
        "precision_factor": 1.5,
        "mfu": 0.2,
        "training_time": 100.0,
    }
    site = call(frontier.site_power_limit, {"largest_site_power": 1000.0, **fed})
    assert site == pytest.approx(1e9 / 1.25 * 0.5 * 1e12 * 1.5 * 0.2 * 8.64e6)
    fleet = {"hyperscaler_power": 10.0, "fleet_share": 0.1}
    assert call(frontier.fleet_power_limit, {**fleet, **fed}) == pytest.approx(site)
    chips = {"chips_in_being": 1e7, "owner_share": 0.1}
    same = {name: fed[name] for name in ("precision_factor", "mfu", "training_time")}
    made = call(frontier.chip_limit, {**chips, **same})
    assert made == pytest.approx(1e6 * 989.4e12 * 1.5 * 0.2 * 8.64e6)
    data = {"training_text": 3e14, "data_over_text": 2.0, "data_per_param": 20.0}
    assert call(frontier.data_limit, data) == pytest.approx(6 * 3.6e29 / 20)


def test_the_largest_run_is_the_smallest_limit_and_costs_what_that_leaves() -> None:
    power = {"site_power_limit": 3.0, "fleet_power_limit": 2.0}
    limits = {
        "spending_limit": 4.0,
        "power_limit": call(frontier.power_limit, power),
        "chip_limit": 5.0,
        "data_limit": 6.0,
        "latency_limit": 7.0,
    }
    assert call(frontier.largest_run, limits) == 3.0
    cost = {"largest_run": 3.0, "spending_limit": 4.0, "largest_spending": 8.0}
    assert call(frontier.largest_run_cost, {**cost, "rent_over_cost": 2.0}) == 12.0


@pytest.mark.parametrize("equation", MODEL.equations, ids=str)
def test_a_draw_has_its_result_from_that_draw_alone(equation: Equation) -> None:
    """Whatever stands beside it, and each time: a user's equations are tried for it at each run."""
    random, values = np.random.default_rng(0), {}
    for name in equation.arguments:
        low, high = np.log(RANGES.get(name, (0.01, 100.0)))
        values[name] = np.exp(random.uniform(low, high, 64))
        if name in FITTED:
            values[name] = FITTED[name] * random.uniform(0.99, 1.01, 64)
    before = {name: column.copy() for name, column in values.items()}
    with np.errstate(invalid="ignore"):  # a law may hold for some values only
        found = [np.array(equation.function(**values)) for _ in range(2)]
        alone = [
            equation.function(**{name: column[[draw]] for name, column in values.items()})[0]
            for draw in range(64)
        ]
    assert np.isfinite(alone).sum() > 16
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[0], alone, rtol=1e-12)
    np.testing.assert_equal(values, before)


def test_compute_is_six_times_active_parameters_and_tokens_and_back():
    """Llama 3.1 405B: 405B parameters, 15.6T tokens, 3.8e25 FLOP (arXiv 2407.21783, table 4)."""
    tree = us.run(
        "post-2024-07",
        given={"model_params": "405B", "training_tokens": "15.6T"},
        outputs=["training_flop", "gpu_hours", "budget"],
        design=us.Design(draws=2, chains=2),
    )
    assert float(tree["prior_predictive/training_flop"][0, 0]) == pytest.approx(3.8e25, rel=0.01)
    for known, sought, value in (
        ({"training_flop": "3.7908e25", "model_params": "405B"}, "training_tokens", 15.6e12),
        ({"training_flop": "3.7908e25", "training_tokens": "15.6T"}, "model_params", 405e9),
    ):
        tree = us.run(
            "post-2024-07", given=known, outputs=[sought], design=us.Design(draws=2, chains=2)
        )
        found = tree[f"prior_predictive/{sought}"]
        assert float(found[0, 0]) == pytest.approx(value, rel=1e-9)
