"""The backtest that several tests look at."""

import pytest

from uncertain_scale.analysis.backtest import backtest
from uncertain_scale.inputs.runs import shipped_runs
from uncertain_scale.sampling import Design
from uncertain_scale.sampling.sample import prepare


@pytest.fixture(scope="session")
def shipped():
    """Return the backtest of the shipped scenario on the shipped table."""
    return backtest(*prepare(), shipped_runs(), Design(draws=4096, chains=4))
