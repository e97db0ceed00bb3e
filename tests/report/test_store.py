"""Draws in a Zarr store: those of a run that holds them, whole or not at all."""

from __future__ import annotations

import importlib.util
import shutil

import pytest
import xarray as xr

from uncertain_scale import Design, ask, default_model, load_priors, sample
from uncertain_scale.errors import DataError, QuestionError
from uncertain_scale.report import store
from uncertain_scale.report.store import check_draws, save_chains, save_draws
from uncertain_scale.sampling import limits
from uncertain_scale.sampling.chains import draw_chains

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("zarr") is None,
    reason="zarr is not installed: pip install -e '.[scale]'",
)


@pytest.fixture(scope="module")
def asked():
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    given, outputs = {"budget": "100M", "gpus": "20k to 30k"}, ["training_flop", "training_time"]
    return model, priors, ask(model, given, outputs=outputs)


def opened(path):
    with xr.open_datatree(path, engine="zarr") as tree:
        return tree.load()


def test_a_store_holds_what_a_run_in_memory_does(asked, tmp_path, monkeypatch):
    """Also where a chain is several chunks, and where chains come in any order."""
    monkeypatch.setattr(store, "_CHUNK", 300)
    design = Design(draws=1000, chains=7, seed=2)
    record, chains = draw_chains(*asked, design)
    save_chains(record, reversed(list(chains)), tmp_path / "draws.zarr")
    tree = sample(*asked, design)
    assert opened(tmp_path / "draws.zarr").identical(tree)
    save_draws(tree, tmp_path / "held.zarr")
    assert opened(tmp_path / "held.zarr").identical(tree)


def test_arviz_summarises_a_store(asked, tmp_path):
    from arviz_stats import hdi

    design = Design(draws=512, chains=4)
    save_chains(*draw_chains(*asked, design), tmp_path / "draws.zarr")
    found = hdi(opened(tmp_path / "draws.zarr"), group="prior_predictive", prob=0.9)
    expected = hdi(sample(*asked, design), group="prior_predictive", prob=0.9)
    assert found["training_flop"].identical(expected["training_flop"])


@pytest.mark.slow
def test_a_run_that_breaks_leaves_nothing_and_what_was_there(asked, tmp_path):
    path = tmp_path / "draws.zarr"
    record, chains = draw_chains(*asked, Design(draws=64, chains=4))

    def breaking():
        yield next(chains)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_chains(record, breaking(), path)
    assert list(tmp_path.iterdir()) == []
    first = Design(draws=64, chains=2, seed=1)
    save_chains(*draw_chains(*asked, first), path)
    record, chains = draw_chains(*asked, Design(draws=64, chains=4))
    with pytest.raises(KeyboardInterrupt):
        save_chains(record, breaking(), path)
    assert [one.name for one in tmp_path.iterdir()] == ["draws.zarr"]
    assert opened(path).identical(sample(*asked, first))
    save_chains(*draw_chains(*asked, Design(draws=32, chains=3)), path)  # a store is replaced
    assert opened(path).identical(sample(*asked, Design(draws=32, chains=3)))
    assert [one.name for one in tmp_path.iterdir()] == ["draws.zarr"]


def test_what_is_no_store_is_not_replaced(cli, tmp_path):
    folder = tmp_path / "mine.zarr"
    folder.mkdir()
    (folder / "thesis.txt").write_text("ten years")
    code, out, err = cli("sample", "--budget", "1M", "--output", folder)
    assert (code, out) == (2, "")
    assert "is there and is no Zarr store; choose another name" in err
    assert (folder / "thesis.txt").read_text() == "ten years"
    code, _, err = cli("sample", "--budget", "1M", "--output", tmp_path / "none" / "draws.zarr")
    assert code == 2
    assert "there is no folder" in err


def test_what_the_disk_or_the_memory_does_not_hold_is_refused_with_numbers(
    asked, tmp_path, monkeypatch
):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**6))
    record, chains = draw_chains(*asked, Design(draws=4096, chains=1024))
    with pytest.raises(
        DataError, match=r"1,024 chains x 4,096 draws of \d+ variables take 0.\d GiB"
    ):
        save_chains(record, chains, tmp_path / "draws.zarr")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(limits, "_free", lambda: 10**6)
    with pytest.raises(QuestionError, match="fewer draws a chain and more chains"):
        draw_chains(*asked, Design(draws=4096, chains=1024))


def test_the_command_says_what_it_wrote(cli, tmp_path):
    path = tmp_path / "draws.zarr"
    code, out, err = cli(
        "sample", "--budget", "1M", "--draws", "64", "--chains", "2", "--outputs", "gpus",
        "--output", path,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert out.startswith(f"{path}: 2 chains x 64 draws of 4 variables: budget, hourly_rate")
    assert opened(path)["prior_predictive/gpus"].shape == (2, 64)


def test_without_zarr_it_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DataError, match=r"pip install -e '\.\[scale\]'"):
        check_draws(tmp_path / "draws.zarr")


@pytest.mark.parametrize("name", ["x.txt", "x.csv", "x.json"])
def test_draws_are_not_written_into_a_file_of_another_kind(tmp_path, name):
    with pytest.raises(DataError, match=r"not as \.\w+; name a file that ends in \.nc"):
        check_draws(tmp_path / name)
