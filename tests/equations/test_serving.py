"""Time and cost of decoding, by hand and against a published service."""

import numpy as np
import pytest

from uncertain_scale import Design, run
from uncertain_scale.equations import serving

# A sixteenth of the parameters is active; 10 sequences on each of 20 GPUs of 4 TB/s, half reached.
READ = {
    "served_params": 40e9,
    "total_over_active": 16.0,
    "weight_bytes": 2.0,
    "sequences_per_gpu": 10.0,
    "decode_gpus": 20.0,
    "decode_context": 4000.0,
    "cache_bytes": 100e3,
    "memory_bandwidth": 4.0,
    "bandwidth_share": 0.5,
}


def value(law, **known):
    array = law(**{name: np.array([number]) for name, number in known.items()})
    return float(array[0])


def test_bytes_read_for_a_token():
    """All 640e9 weights but for what 200 tokens miss, 1.28e12 bytes by 200, and 4e8 of cache."""
    touched = 1 - (15 / 16) ** 200
    expected = (1.28e12 * touched / 200 + 4e8) / 2e12
    assert value(serving.decode_memory_time, **READ) == pytest.approx(expected, rel=1e-13)


def test_one_sequence_reads_the_active_weights_alone():
    alone = {**READ, "sequences_per_gpu": 0.05, "cache_bytes": 1e-9}
    assert value(serving.decode_memory_time, **alone) == pytest.approx(80e9 / 2e12, rel=1e-9)


def test_a_dense_model_reads_each_weight_once_a_step():
    dense = {**READ, "total_over_active": 1.0}
    expected = (80e9 / 200 + 4e8) / 2e12
    assert value(serving.decode_memory_time, **dense) == pytest.approx(expected, rel=1e-13)


def test_active_and_total_parameters_both_count():
    """Computation goes by the active ones; weights read by a large batch, by all of them."""
    known = {"peak_flops": 1e15, "decode_peak_share": 0.5}
    assert value(serving.decode_compute_time, served_params=40e9, **known) == 80e9 / 5e14
    large = {**READ, "sequences_per_gpu": 1e4, "cache_bytes": 1e-9}
    by_total = {**large, "served_params": 20e9, "total_over_active": 32.0}
    times = [value(serving.decode_memory_time, **one) for one in (large, by_total)]
    assert times[0] == pytest.approx(times[1], rel=1e-9)


@pytest.mark.parametrize(("compute", "memory"), [(3e-4, 1e-4), (1e-4, 3e-4)])
def test_whichever_binds_sets_speed_and_cost(compute, memory):
    """3e-4 GPU seconds at 3.6 USD an hour are 0.3 USD a million; 1/(3e-4 x 40) tokens a second."""
    time = value(serving.decode_gpu_time, decode_compute_time=compute, decode_memory_time=memory)
    assert time == 3e-4
    cost = value(serving.decode_cost, decode_gpu_time=time, hourly_rate=3.6)
    assert cost == pytest.approx(0.3)
    speed = value(serving.decode_speed, decode_gpu_time=time, sequences_per_gpu=40.0)
    assert speed == pytest.approx(83 + 1 / 3)


def test_a_published_service_lies_inside():
    """DeepSeek-V3/R1, 2025-02: 1,850 tokens a second and GPU, 20 to 22 for each user, on H800s.

    Given its model and how it is spread, the time to decode that it has is inside the middle 90%.
    """
    given = {
        "served_params": "37e9",
        "total_over_active": "18.1",
        "weight_bytes": "1",
        "sequences_per_gpu": "88",
        "decode_gpus": "144",
        "decode_context": "4989",
        "cache_bytes": "70e3",
    }
    tree = run(
        "h800-dense-bf16",
        given=given,
        outputs=["decode_gpu_time", "decode_speed"],
        design=Design(draws=256),
    )
    times, speeds = (
        np.quantile(np.asarray(tree[f"prior_predictive/{name}"]), [0.05, 0.95])
        for name in ("decode_gpu_time", "decode_speed")
    )
    assert times[0] < 1 / 1850 < times[1] < 10 * times[0]
    assert speeds[0] < 21 < speeds[1]


def test_a_chip_of_more_bandwidth_serves_for_less_at_the_same_rent():
    """Where memory binds, by the ratio of bandwidths: 4.8 TB/s of an H200 over 3.35 of an H100."""
    given = {"hourly_rate": "2", "decode_peak_share": "1e9", "bandwidth_share": "0.5"}
    costs = [
        np.asarray(
            run(name, given=given, outputs=["decode_cost"], design=Design(draws=64, chains=4))[
                "prior_predictive/decode_cost"
            ]
        )
        for name in ("h100-dense-bf16", "h200-dense-bf16")
    ]
    assert costs[0] / costs[1] == pytest.approx(4.8 / 3.35, rel=1e-12)


@pytest.mark.parametrize(
    ("changed", "saving"),
    [
        ({}, 3),  # computation binds, before and after
        ({"memory_bandwidth": 1e-6, "cache_bytes": 1e-9}, 3),  # weights are read
        ({"memory_bandwidth": 1e-6, "weight_bytes": 1e-15}, 3 ** (1 / 3)),  # caches are read
    ],
)
def test_a_smaller_model_decodes_faster_by_what_binds(changed, saving):
    known = {
        "served_params": 2e11,
        "total_over_active": 1.0,
        "weight_bytes": 1.0,
        "sequences_per_gpu": 32.0,
        "decode_gpus": 8.0,
        "decode_context": 4e3,
        "cache_bytes": 1e5,
        "memory_bandwidth": 1e9,
        "bandwidth_share": 1.0,
    } | changed
    known = {name: np.array([number]) for name, number in known.items()}
    compute = np.array([1e-6])
    time = serving.decode_gpu_time(compute, serving.decode_memory_time(**known))
    found = serving.decode_saving(
        decode_gpu_time=time,
        decode_compute_time=compute,
        shrink_factor=np.array([3.0]),
        **known,
    )
    assert found[0] == pytest.approx(saving, rel=1e-6)
