"""What takes over a second tells how far it is, to whoever watches."""

import pytest

from uncertain_scale.cli.progress import Bar

FEW = ("--draws", "64", "--chains", "4")
TOLD = {
    "compare": (("compare", "base", "post-reading", "h100-dense-fp8", *FEW), 3, "scenarios"),
    "sensitivity": (("sensitivity", "--of", "training_flop"), 16, "chains"),
    "sensitivity of events": (
        ("sensitivity", "--of", "gpus", "--event", "gpus > 1e4", "--event", "gpus > 2e4"),
        48,
        "chains",
    ),
    "sweep": (("sweep", "--gpus", "1k,10k,100k", "--outputs", "training_time", *FEW), 3, "points"),
    "update": (("update", "h100-clusters", *FEW), 4, "chains x 64 draws"),
    "report given evidence": (
        ("report", "--evidence", "h100-clusters", *FEW),
        4,
        "chains x 64 draws",
    ),
}
ALONE = {
    "claims": (("claims", "--claim", "gpu-price", "--claim", "hourly-rate", *FEW), 2, "claims"),
    "backtest": (("backtest", *FEW), 80, "runs"),
    "plot": (
        (
            *("plot", "sweep", "--budget", "1M,1B", "--of", "gpus", "--output", "a.svg", *FEW),
            *("--as-of", "2024-09-01"),  # nothing is old then
        ),
        2,
        "points",
    ),
}


@pytest.fixture
def told(monkeypatch):
    """Give what a bar is told: how much of how much is done, and in words."""
    seen = []
    kept = Bar.show

    def show(bar, done, total, text):
        seen.append((done, total, text))
        kept(bar, done, total, text)

    monkeypatch.setattr(Bar, "show", show)
    return seen


@pytest.mark.slow_but("sweep", "claims", "plot")
@pytest.mark.parametrize("name", [*TOLD, *ALONE])
def test_a_command_tells_how_far_it_is_from_nothing_to_all(cli, told, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, total, noun = (TOLD | ALONE)[name]
    given = ("--budget", "100M") if name in TOLD else ()
    code, _, err = cli(*command, *given)
    assert (code, err) == (0, "")  # nobody watches here: nothing is shown
    done = [one for one, _, _ in told]
    assert done == sorted(done)
    assert done[0] == 0 or name in {"update", "report given evidence"}
    assert done[-1] >= total - 1
    assert len(set(done)) >= min(total, 3)
    assert {of for _, of, _ in told} == {total}
    assert told[-1][2] == f"{done[-1]} of {total} {noun}"
