"""A small model whose posteriors are known, and facts about it."""

from pathlib import Path

import numpy as np
import pytest

from uncertain_scale import Model, load_priors
from uncertain_scale.inputs.distributions import LogNormal, Normal
from uncertain_scale.inputs.observations import Observation

SPECIMENS = Path(__file__).parents[2] / "specimens"


@pytest.fixture(scope="session")
def laboratory():
    """Return the model and its priors."""
    model = Model.of(SPECIMENS / "equations" / "laboratory.py")
    path = SPECIMENS / "evidence" / "laboratory.toml"
    return model, load_priors(path, variables=model.variables)


@pytest.fixture(scope="session")
def factor():
    """Make an observation whose error is a factor."""

    def make(variable, mu, sigma, **more):
        stated = LogNormal(mu=float(mu), sigma=sigma)
        return Observation(more.pop("name", variable), variable, stated, "1", 1.0, **more)

    return make


@pytest.fixture(scope="session")
def difference():
    """Make an observation whose error is a difference."""

    def make(variable, mu, sigma, **more):
        stated = Normal(mu=float(mu), sigma=sigma)
        return Observation(more.pop("name", variable), variable, stated, "1", 1.0, **more)

    return make


@pytest.fixture(scope="session")
def off():
    """How many Monte Carlo errors an average over chains is off, from each chain's value."""

    def score(by_chain, truth):
        by_chain = np.asarray(by_chain)
        return (by_chain.mean() - truth) / (by_chain.std(ddof=1) / np.sqrt(len(by_chain)))

    return score
