"""What an owner pays, against discounted sums and published costs."""

import numpy as np
import pytest
from scipy.integrate import quad

from uncertain_scale import Design, run
from uncertain_scale.equations import ownership

HOURS = 8766.0
# A GPU of 48,000 USD, 36,000 of which are machines that last 5 years and are resold for a tenth.
PRICE = {"gpu_price": 48_000.0, "machine_share": 0.75}
MACHINES = {**PRICE, "machine_life": 5.0, "resale_share": 0.1, "cost_of_capital": 0.1}
BUILDING = {**PRICE, "building_life": 15.0, "cost_of_capital": 0.1}


def value(law, **known):
    array = law(**{name: np.array([number]) for name, number in known.items()})
    return float(array[0])


def present_value(hourly, life, rate):
    """Return the worth today of a stream of USD an hour, by quadrature."""
    return quad(lambda year: hourly * HOURS * (1 + rate) ** -year, 0, life, epsrel=1e-12)[0]


def test_the_stream_pays_for_the_machines_and_the_building():
    """Discounted, it is worth the price less the discounted resale value."""
    machines = value(ownership.machine_hourly_cost, **MACHINES)
    resold = 3600 * 1.1**-5
    assert present_value(machines, 5, 0.1) == pytest.approx(36_000 - resold, rel=1e-10)
    building = value(ownership.building_hourly_cost, **BUILDING)
    assert present_value(building, 15, 0.1) == pytest.approx(12_000, rel=1e-10)


@pytest.mark.parametrize("rate", [0.0, 1e-12, 1e-6, 4e-5])
def test_a_small_cost_of_capital_is_continuous(rate):
    """At 0 capital is written off evenly; near it x / (1 - exp(-x)) = 1 + x/2 + x^2/12."""
    free = {**MACHINES, "resale_share": 0.0, "cost_of_capital": rate}
    x = 5 * np.log1p(rate)
    even = 36_000 / (5 * HOURS)
    assert value(ownership.machine_hourly_cost, **free) == pytest.approx(
        even * (1 + x / 2 + x**2 / 12), rel=1e-14
    )


def test_without_interest_idle_hours_and_resale_it_is_price_over_hours():
    """The whole chain with constants: 0.75 x 48,000 over 5 years and the rest over 15."""
    fixed = value(
        ownership.fixed_hourly_cost,
        machine_hourly_cost=value(
            ownership.machine_hourly_cost, **{**MACHINES, "resale_share": 0, "cost_of_capital": 0}
        ),
        building_hourly_cost=value(
            ownership.building_hourly_cost, **{**BUILDING, "cost_of_capital": 0}
        ),
        gpu_price=48_000.0,
        operations_share=0.0,
    )
    assert fixed == pytest.approx((36_000 / 5 + 12_000 / 15) / HOURS, rel=1e-14)
    own = {"fixed_hourly_cost": fixed, "energy_hourly_cost": 0.1, "idle_power_share": 0.3}
    assert value(ownership.owner_hourly_cost, **own, hours_in_use=1.0) == pytest.approx(fixed + 0.1)


def test_an_owned_gpu_by_hand():
    """1.5 kW x 1.2 x 0.1 USD in use, 30% of it idle: at half the hours 2 x 1.0 + 0.18 x 1.3."""
    energy = value(ownership.energy_hourly_cost, gpu_power=1.5, pue=1.2, electricity_price=0.1)
    assert energy == pytest.approx(0.18)
    fixed = value(
        ownership.fixed_hourly_cost,
        machine_hourly_cost=0.7,
        building_hourly_cost=0.2,
        gpu_price=43_830.0,
        operations_share=0.02,
    )
    assert fixed == pytest.approx(1.0)
    own = {"fixed_hourly_cost": fixed, "energy_hourly_cost": energy, "idle_power_share": 0.3}
    cost = value(ownership.owner_hourly_cost, **own, hours_in_use=0.5)
    assert cost == pytest.approx(2.234)
    assert value(ownership.rent_over_own, hourly_rate=4.468, owner_hourly_cost=cost) == 2


@pytest.mark.parametrize("rate", [1.3, 2.0, 4.0])
def test_at_the_breakeven_utilisation_owning_costs_the_rent(rate):
    own = {"fixed_hourly_cost": 1.0, "energy_hourly_cost": 0.18, "idle_power_share": 0.3}
    share = value(ownership.breakeven_utilisation, **own, hourly_rate=rate)
    cost = value(ownership.owner_hourly_cost, **own, hours_in_use=share)
    assert cost == pytest.approx(rate, rel=1e-13)


def test_a_rent_below_the_energy_is_never_reached_by_owning():
    own = {"fixed_hourly_cost": 1.0, "energy_hourly_cost": 0.18, "idle_power_share": 0.0}
    assert value(ownership.breakeven_utilisation, **own, hourly_rate=0.1) == np.inf


def test_energy_and_emissions_of_a_published_run():
    """Llama 3.1 405B: 30.84e6 hours at 0.7 kW, 8,930 t in its model card at 0.4137 kg/kWh."""
    energy = 30.84e6 * 0.7 / 1e6
    emitted = value(ownership.training_emissions, training_energy=energy, grid_intensity=0.41366)
    assert emitted == pytest.approx(8930, rel=1e-4)
    cost = value(ownership.training_energy_cost, training_energy=energy, electricity_price=0.08)
    assert cost == pytest.approx(30.84e6 * 0.7 * 0.08)


@pytest.mark.parametrize(("scenario", "published"), [("base", 1.30), ("gb200-dense-fp8", 2.21)])
def test_published_costs_of_owners_lie_inside_the_middle_half(scenario, published):
    """SemiAnalysis, 2025-08 (epoch-research/ai-compute-users): of an H100 and of a GB200."""
    tree = run(scenario=scenario, outputs=["owner_hourly_cost"], design=Design(draws=1024))
    draws = np.asarray(tree["prior_predictive/owner_hourly_cost"])
    low, high = np.quantile(draws, [0.25, 0.75])
    assert low < published < high
    assert high / low < 1.5  # not inside because the interval holds everything
