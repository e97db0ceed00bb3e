"""Averaging between sites, by hand and against a simulated ring."""

import numpy as np
import pytest

from uncertain_scale.equations import sites


def value(law, **known):
    array = law(**{name: np.array([number]) for name, number in known.items()})
    return float(array[0])


def ring_bytes(count, size):
    """Return the bytes that a member of a ring sends until all have the sum, chunk by chunk.

    Each first passes on partial sums of a chunk, then finished chunks, and never its own twice.
    """
    chunks = np.ones((count, count))  # of member, by chunk: how many are summed in it
    sent = np.zeros(count)
    for finished in (False, True):
        for step in range(count - 1):
            before = chunks.copy()
            for member in range(count):
                chunk = (member - step + finished) % count
                sent[member] += size / count
                after = (member + 1) % count
                held = 0 if finished else before[after, chunk]
                chunks[after, chunk] = before[member, chunk] + held
    assert (chunks == count).all()
    assert (sent == sent[0]).all()
    return sent[0]


@pytest.mark.parametrize("count", [2, 3, 8])
def test_a_ring_takes_as_long_as_its_members_send(count):
    known = {"optimal_params": 4e11, "expert_sparsity": 8.0, "exchanged_bytes": 2.0}
    time = value(sites.exchange_time, **known, training_sites=count, intersite_bandwidth=3.2)
    assert time == pytest.approx(ring_bytes(count, 4e11 * 8 * 2) / 3.2e12, rel=1e-12)


def test_one_site_loses_nothing():
    known = {"optimal_params": 4e11, "expert_sparsity": 1.0, "exchanged_bytes": 2.0}
    time = value(sites.exchange_time, **known, training_sites=1.0, intersite_bandwidth=1.0)
    assert time == 0
    assert value(sites.exchange_loss, exchange_time=time, step_time=10.0, local_steps=1.0) == 0


def test_time_lost_by_hand():
    """100 days of 1e6 steps are 8.64 s each; 2 s between every 4 of them are 2 of 36.56."""
    step = value(sites.step_time, training_time=100.0, optimal_tokens=1.6e13, batch_tokens=1.6e7)
    assert step == pytest.approx(8.64)
    lost = value(sites.exchange_loss, exchange_time=2.0, step_time=step, local_steps=4.0)
    assert lost == pytest.approx(2 / 36.56)
