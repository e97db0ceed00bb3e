"""The command plot: every figure in every format, and what it refuses."""

import pytest

from uncertain_scale.report import figures

KINDS = {
    "intervals": ["--budget", "100M"],
    "density": ["--budget", "100M", "--outputs", "gpus,precision_factor"],
    "sensitivity": ["--budget", "100M", "--of", "training_flop", "--on", "log"],
    "tornado": ["--budget", "100M", "--of", "training_flop"],
    "compare": ["h100-dense-fp8", "post-reading", "--budget", "100M"],
    "sweep": ["--budget", "10M..100B", "--of", "training_flop", "--points", "4"],
    "priors": ["base", "--inputs", "mfu,hourly_rate"],
    "backtest": [],
    "claims": ["--claim", "gpt4-flop", "--claim", "flop-bf16"],
    "graph": ["--budget", "100M", "--outputs", "training_flop"],
}
SIGNATURES = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.fixture
def drawn(monkeypatch):
    """Keep the figures that are written."""
    kept, save = [], figures.save_figure

    def keep(figure, path):
        kept.append(figure)
        return save(figure, path)

    monkeypatch.setattr(figures, "save_figure", keep)
    return kept


@pytest.mark.slow_but("graph")
@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_written(cli, tmp_path, drawn, kind):
    path = tmp_path / "figure.svg"
    few = [] if kind == "priors" else ["--draws", "64", "--as-of", "2024-09-01"]  # nothing is old
    code, out, err = cli("plot", kind, *KINDS[kind], *few, "--output", path)
    assert (code, err) == (0, "")
    assert out.strip() == str(path)
    assert path.read_bytes().startswith(SIGNATURES["svg"])
    pdf = figures.save_figure(*drawn, tmp_path / "figure.pdf")
    assert pdf.read_bytes().startswith(SIGNATURES["pdf"])


@pytest.mark.parametrize("ending", ["PNG", "pdf"])
def test_a_picture_by_its_ending(cli, tmp_path, ending):
    path = tmp_path / f"figure.{ending}"
    assert cli("plot", "graph", "--budget", "1M", "--output", path)[0] == 0
    assert path.read_bytes().startswith(SIGNATURES[ending.lower()])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["graph", "--budget", "1M", "--output", "a.gif"], "found '.gif'"),
        (["graph", "--budget", "1M", "--output", "a"], "found 'no ending'"),
        (["graph", "--budget", "1M", "--output", "none/a.svg"], "cannot be written"),
        (["tornado", "--budget", "1M", "--output", "a.svg"], "--of training_flop"),
        (["tornado", "--budget", "1M", "--of", "flops", "--output", "a.svg"], "not a variable"),
        (["priors", "base", "--inputs", "mfuu", "--output", "a.svg"], "did you mean 'mfu'?"),
        (["sweep", "--budget", "1M", "--output", "a.svg"], "nothing is swept"),
        (["sweep", "--budget", "1M..1B", "--of", "gpus,mfu", "--output", "a.svg"], "one output"),
        (["compare", "base", "--budget", "1M", "--output", "a.svg"], "at least one other"),
        (["backtest", "--budget", "1M", "--output", "a.svg"], "asks its own questions"),
    ],
)
def test_nonsense_is_refused_and_nothing_is_written(cli, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = cli("plot", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_constants_have_no_tornado(cli, tmp_path):
    words = ("--scenario", "post-2024-07", "--budget", "1M", "--of", "gpus")
    code, _, err = cli("plot", "tornado", *words, "--output", tmp_path / "a.svg")
    assert code == 2
    assert "no input moves gpus" in err
