"""Averaging between sites, by hand and against a simulated ring."""

import numpy as np
import pytest

import uncertain_scale as us
from uncertain_scale.equations import sites
from uncertain_scale.model.question import ask, believe
from uncertain_scale.sampling.sample import prepare


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


KNOWN = {
    "expert_sparsity": 8.0,
    "exchanged_bytes": 2.0,
    "intersite_bandwidth": 3.2,
    "batch_tokens": 1.6e7,
    "local_steps": 4.0,
}


def test_time_lost_by_hand():
    """Four steps of 1.6e7 tokens of 4e11 parameters take 10 s; the ring of 3 sites 2.67 s."""
    flop_per_second = 4 * 6 * 4e11 * 1.6e7 / 10
    burden = value(sites.exchange_burden, **KNOWN, training_sites=3.0)
    lost = value(
        sites.exchange_loss,
        gpus=1e4,
        single_site_flops=flop_per_second / 1e4,
        exchange_burden=burden,
    )
    ring = 4 / 3 * 4e11 * 8 * 2 / 3.2e12
    assert lost == pytest.approx(ring / (10 + ring), rel=1e-12)


def test_steps_and_exchanges_make_the_loss_whatever_the_model():
    """With sizes and steps of the compute-optimal run, the share is the same to rounding."""
    model, priors = prepare(known=["budget"])
    asked = ["exchange_loss", "exchange_time", "step_time", "local_steps"]
    tree = us.sample(model, priors, ask(model, {"budget": "1B"}, outputs=asked), DESIGN)
    found = tree["prior_predictive"]
    steps = found["local_steps"] * found["step_time"]
    ratio = found["exchange_time"] / steps
    assert np.allclose(found["exchange_loss"], ratio / (1 + ratio), rtol=1e-12)


OUTPUTS = ["training_flop", "gpu_hours", "gpus", "optimal_params", "cost_per_flop"]
DESIGN = us.Design(draws=256, chains=2)


def answered(given, outputs=OUTPUTS, free=(), changes=None, model=None):
    base, priors = prepare(known=list(given))
    model = model or base
    question = ask(model, given, outputs=outputs, free=free)
    problem = us.Problem(model, believe(priors, model, changes or {}), question)
    return us.sample(problem, DESIGN)["prior_predictive"]


def test_a_run_on_one_site_is_what_it_was():
    """Every draw of every answer, to the bit, whether one site is stated or none."""
    one, none = answered({"budget": "1B", "training_sites": 1}), answered({"budget": "1B"})
    for name in OUTPUTS:
        assert np.array_equal(one[name], none[name]), name


def test_a_run_over_sites_loses_what_they_exchange():
    alone = answered({"budget": "1B"})
    before = alone["training_flop"]
    for sites_of_run in (2, 3, 10):
        given = {"budget": "1B", "training_sites": sites_of_run}
        found = answered(given, [*OUTPUTS, "exchange_loss"])
        kept = 1 - found["exchange_loss"]
        assert np.allclose(found["training_flop"], alone["training_flop"] * kept, rtol=1e-12)
        assert np.allclose(found["cost_per_flop"] * kept, alone["cost_per_flop"], rtol=1e-12)
        assert np.array_equal(found["gpus"], alone["gpus"])
        assert (found["training_flop"] < before).all()
        before = found["training_flop"]


EASY = {"intersite_bandwidth": "10", "local_steps": "100"}  # exchanges take little of a run


@pytest.mark.parametrize("held", ["training_time", "gpus"])
def test_what_it_takes_over_sites_gives_the_computation_back(held):
    """Forward from the median of each answer to the computation that was given."""
    given = {"training_flop": "1e27", "training_sites": 4}
    given |= {"training_time": "100 day"} if held == "training_time" else {"gpus": "500k"}
    back = answered(given, ["budget", "gpu_hours", "gpus"], changes=EASY)
    for k in (0, 100, 255):
        hours, gpus = (float(back[name][1, k]) for name in ("gpu_hours", "gpus"))
        again = {"gpu_hours": hours, "gpus": gpus, "training_sites": 4}
        found = answered(again, ["training_flop"], changes=EASY)
        assert float(found["training_flop"][1, k]) == pytest.approx(1e27, rel=1e-9)


def test_utilisation_is_solved_for_over_sites():
    known = {"gpus": "100k", "training_time": "100 day", "training_sites": 3}
    there = answered(known, ["training_flop", "mfu"], changes=EASY)
    flop, mfu = (float(there[name][0, 7]) for name in ("training_flop", "mfu"))
    back = answered({**known, "training_flop": flop}, ["mfu"], ["mfu"], EASY)
    assert float(back["mfu"][0, 7]) == pytest.approx(mfu, rel=1e-9)


def test_a_law_of_ones_own_is_kept_where_sites_are_stated(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from typing import Annotated\n"
        "def effective_flops(peak_flops: Annotated[float, 'FLOP/s/gpu'])"
        " -> Annotated[float, 'FLOP/s/gpu']:\n    return 0.3 * peak_flops\n"
    )
    model = us.default_model().extended(path)
    found = answered(
        {"budget": "1B", "training_sites": 4}, ["effective_flops", "peak_flops"], model=model
    )
    assert np.array_equal(found["effective_flops"], 0.3 * found["peak_flops"])


@pytest.mark.parametrize(
    ("changes", "given", "note"),
    [
        ({"training_sites": "2 to 6"}, {}, "effective_flops counts exchange_loss"),
        ({}, {"training_sites": 2}, "effective_flops counts exchange_loss"),
        ({}, {}, "effective_flops does not count exchange_loss, as training_sites is not stated"),
    ],
)
def test_a_report_says_whether_exchanges_are_counted(changes, given, note):
    model, priors = prepare(known=["budget"])
    question = ask(model, {"budget": "1B", **given}, outputs=["training_flop", "exchange_loss"])
    notes = us.Problem(model, believe(priors, model, changes), question).plan.notes
    assert sum(note in line for line in notes) == 1
    asked = ask(model, {"budget": "1B"}, outputs=["training_flop"])
    assert not any("exchange" in one for one in us.Problem(model, priors, asked).plan.notes)
