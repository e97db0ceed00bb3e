"""Terminal and Markdown views: complete, readable, and unmoved by markup in what they quote."""

import io
import json
import re

import pytest
from rich.console import Console

from uncertain_scale import report_document, run
from uncertain_scale.errors import DataError
from uncertain_scale.report import priors_document
from uncertain_scale.report.interval_report import priors_blocks, report_blocks
from uncertain_scale.report.render.markdown import markdown, plain
from uncertain_scale.report.render.terminal import terminal
from uncertain_scale.report.store import save_report

HOSTILE = "[bold red]x[/] <script>alert(1)</script> [link](javascript:alert(1)) | cell `code`"


@pytest.fixture(scope="module")
def tree():
    return run("base", given={"budget": "100M"}, believed={"pue": "1.1 to 1.3"})


@pytest.fixture(scope="module")
def document(tree):
    return report_document(tree)


def printed(renderable, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


def test_terminal_report_fits_80_columns_and_names_everything(document):
    text = printed(terminal(report_blocks(document)))
    assert max(map(len, text.splitlines())) <= 80
    for name in (*document["outputs"], *document["inputs"]):
        assert name in text
    assert "budget = 100M" in text
    assert "seed 0" in text


@pytest.mark.slow
def test_an_interval_read_as_a_lognormal_is_said_aloud(document):
    for text in (
        printed(terminal(report_blocks(document))),
        markdown(report_blocks(document)).replace("\\", ""),
    ):
        flat = " ".join(text.split())
        assert "read as lognormal(q05=1.1, q95=1.3, truncate=[1, inf])" in flat


def test_markdown_report_holds_every_interval_and_source(document):
    text = markdown(report_blocks(document))
    for prior in document["inputs"].values():
        assert plain(prior["source"]) in text
    for digest in document["hashes"].values():
        assert digest in text
    assert text.count("hdi low") >= len(document["outputs"]) * 3 - 6


def test_markup_in_a_source_is_shown_as_text(document):
    hostile = json.loads(json.dumps(document))
    for prior in hostile["inputs"].values():
        prior.update(source=HOSTILE, note=HOSTILE)
    text = printed(terminal(report_blocks(hostile)), width=400)
    assert "[bold red]x[/] <script>" in text
    text = markdown(report_blocks(hostile))
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    lines = [line for line in text.splitlines() if "| mfu |" in line and HOSTILE[1:5] in line]
    assert len(lines) == 1


def test_shows_a_scenarios_inputs_with_distribution_and_source():
    from uncertain_scale import default_model, load_priors

    priors = load_priors("base", variables=default_model().variables)
    text = printed(terminal(priors_blocks(priors_document(priors))), width=100)
    assert set(priors.inputs) <= set(re.findall(r"\w+", text))
    assert "lognormal(q05=1.4, q95=3.2)" in " ".join(text.split())


def test_report_is_saved_whole(document, tree, tmp_path):
    paths = save_report(document, tree, tmp_path / "new" / "folder")
    assert sorted(path.name for path in paths) == ["draws.nc", "report.json", "report.md"]
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == sorted(
        path.name for path in paths
    )
    assert json.loads(paths[1].read_text(encoding="utf-8")) == document


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_left(document, tree, tmp_path):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be made"):
        save_report(document, tree, tmp_path / "taken" / "below")
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "a file"


def test_a_write_that_fails_leaves_the_old_file(document, tmp_path):
    class Full:
        subtree = ()

        def to_netcdf(self, path, engine):  # noqa: ARG002
            path.write_text("half", encoding="utf-8")
            raise OSError(28, "No space left on device")

    (tmp_path / "draws.nc").write_text("old", encoding="utf-8")
    with pytest.raises(DataError, match="No space left"):
        save_report(document, Full(), tmp_path)
    assert (tmp_path / "draws.nc").read_text(encoding="utf-8") == "old"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("per", "units", "told"),
    [
        (None, None, "20 USD"),
        (1.0, "1", "20 USD per 1"),
        (0.1, "1", "20 USD per 0.1"),
        (1.0, "FLOP", "20 USD per FLOP"),
        (1e25, "FLOP", "20 USD per 1e25 FLOP"),
    ],
)
def test_what_an_error_costs_is_told_as_it_was_stated(per, units, told):
    from uncertain_scale.report.decision_report import decision_blocks

    penalty = {"amount": 20.0, "per": per, "per_units": units}
    names, ends = ("expected_loss_yes", "expected_loss_no", "evpi"), ("", "_mcse", "_low", "_high")
    amounts = dict.fromkeys((f"{name}{end}" for name in names for end in ends), 0.5)
    decision = {
        "event": "y > 1",
        "probability": 0.5,
        "mcse": 0.01,
        "low": 0.4,
        "high": 0.6,
        "answer": "yes",
        "answer_unresolved": "",
        "inputs": {},
        "loss": {"units": "USD", "false_yes": penalty, "false_no": penalty, **amounts},
    }
    first, *_ = next(decision_blocks(decision)).each
    assert first.endswith(f"; a false yes costs {told}, a false no {told}")


@pytest.mark.parametrize(
    ("stated", "told"), [("%", "normal(mu=3) %"), ("1", "normal(mu=3)"), ("MW", "normal(mu=3)")]
)
def test_a_distribution_has_the_units_it_is_stated_in_where_the_model_has_others(stated, told):
    from uncertain_scale.report.rows import distribution_in_words

    prior = {"distribution": "normal(mu=3)", "units": "MW", "stated_units": stated}
    assert distribution_in_words(prior) == told
