"""Runs that are stopped: what was finished is what a run of so many chains gives, to the bit."""

import threading
import time

import numpy as np
import pytest

from uncertain_scale import Design, ask, default_model, load_priors, sample, stream
from uncertain_scale.sampling.engine import each
from uncertain_scale.sampling.limits import Stop, StoppedError


@pytest.fixture(scope="module")
def asked():
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    return model, priors, ask(model, {"budget": "100M"}, outputs=["training_flop"])


@pytest.mark.parametrize("enough", [1, 2, 5])
def test_chains_that_were_finished_are_a_run_of_so_many_chains(asked, enough):
    """Streamed and held, with other chains in the making when the run is stopped."""
    design = Design(draws=1 << 15, chains=10, seed=3)

    def after(stop):
        return lambda chains: stop.interrupt() if chains >= enough else None

    tell = after(stop := Stop())
    streamed = stream(*asked, design, stop=stop, progress=lambda part: tell(len(part.chains)))
    chains = len(streamed.part.chains)
    assert enough <= chains < 10
    assert streamed.record.attrs["chains"] == chains
    whole = stream(*asked, Design(draws=1 << 15, chains=chains, seed=3))
    if chains > 1:
        assert streamed.summarize().identical(whole.summarize())
    held = sample(*asked, design, stop=(stop := Stop()), progress=after(stop))
    chains = held.attrs["chains"]
    assert enough <= chains < 10
    assert held.identical(sample(*asked, Design(draws=1 << 15, chains=chains, seed=3)))


@pytest.mark.parametrize("make", [sample, stream])
def test_a_run_that_is_stopped_before_its_first_chain_says_so(asked, make):
    stop = Stop()
    stop.interrupt()
    with pytest.raises(StoppedError, match="interrupted"):
        make(*asked, Design(), stop=stop)
    with pytest.raises(StoppedError, match="max-time"):
        make(*asked, Design(), stop=Stop(seconds=0))


def test_a_stop_ends_results_without_waiting_for_work_that_cannot_be_ended():
    release = threading.Event()
    stop = Stop()
    threading.Timer(0.2, stop.interrupt).start()
    begun = time.monotonic()
    found = list(each(lambda number: number or release.wait(300), range(4), threads=2, stop=stop))
    took = time.monotonic() - begun
    release.set()
    assert found == []  # the first in order was never finished
    assert took < 200


def test_a_stop_that_nobody_asks_for_changes_nothing(asked):
    design = Design(draws=2048, chains=3)
    both = [sample(*asked, design, stop=stop) for stop in (None, Stop(seconds=1e6))]
    assert both[0].identical(both[1])
    assert np.isfinite(both[0]["prior_predictive/training_flop"]).all()
