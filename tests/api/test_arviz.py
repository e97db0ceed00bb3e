"""Trees and ArviZ: what its errors are worth on them, and that its plots take them."""

import numpy as np
import pytest

import uncertain_scale as us


@pytest.fixture(scope="module")
def trees():
    asked = us.ask(gpus="100k", outputs=["facility_power", "training_energy"], draws=512)
    date = us.ask(date="2027", outputs="frontier_flop", draws=128)
    own = us.Model({"area": lambda side: side**2}, inputs={"side": us.to(1, 3, "m")})
    return {
        "run": asked.run().tree,
        "update": asked.update("h100-clusters").tree,
        "dated": date.run().tree,
        "own": own.ask(draws=128).run().tree,
        "one scenario": us.run("post-2024-07", given={"budget": "1M"}, outputs=["gpus"]),
    }


def test_trees_say_that_arviz_errors_do_not_hold_and_they_do_not(trees):
    from arviz_stats import mcse

    for tree in trees.values():
        assert "MCSE of ArviZ assume draws of MCMC" in tree.attrs["monte_carlo_error"]
    tree = us.ask(budget="100M", outputs="training_flop").run().tree
    means = tree["prior_predictive/training_flop"].mean("draw")
    spread = float(means.std(ddof=1)) / np.sqrt(means.size)
    claimed = mcse(tree, group="prior_predictive", method="mean")["training_flop"]
    assert 20 < float(np.asarray(claimed)) / spread < 200


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Your data appears to have a single value")  # a given
@pytest.mark.parametrize("name", ["run", "update", "dated", "own", "one scenario"])
def test_arviz_plots_takes_every_tree(trees, name):
    plots = pytest.importorskip("arviz_plots", reason="arviz-plots is not installed")
    from matplotlib import pyplot as plt

    tree = trees[name]
    for group in (one for one in tree.children if one != "constant_data"):
        drawn = plots.plot_dist(tree, group=group, backend="matplotlib")
        assert drawn.viz["figure"].item() is not None
        assert plots.plot_forest(tree, group=group, backend="matplotlib").viz is not None
        plt.close("all")
