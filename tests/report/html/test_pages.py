"""Pages without a browser: self-contained, complete, the same each time, and equal to the data."""

import json
import re
from html.parser import HTMLParser

import pytest

from uncertain_scale.report.html.parts import marks_of
from uncertain_scale.report.interval_report import headline, headline_outputs, report_blocks
from uncertain_scale.report.render.html import html

SECTIONS = ["outputs", "drivers", "inputs", "equations", "run"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Run the default question as a user does, in a small design; return the folder."""
    from typer.testing import CliRunner

    from uncertain_scale.cli.main import app

    folder = tmp_path_factory.mktemp("saved")
    words = ["report", "--budget", "100M", "--draws", "256", "--output", str(folder)]
    assert CliRunner().invoke(app, words).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def page(saved):
    return (saved / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def document(saved):
    return json.loads((saved / "report.json").read_text(encoding="utf-8"))


class Structure(HTMLParser):
    """Ids of sections in order, ids, what refers to them, headings, and the values of a table."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.ids, self.references, self.levels = [], [], [], []
        self.values, self.row, self.unlabelled = {}, None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"])
        for name in ("aria-labelledby", "href"):
            if found.get(name, "").startswith("#") or (name == "aria-labelledby" and name in found):
                self.references.append(found[name].lstrip("#"))
        self.references += re.findall(r"url\(#([^)]*)\)", " ".join(map(str, found.values())))
        if tag == "section" and "id" in found:
            self.sections.append(found["id"])
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "tr":
            self.row = found.get("data-output")
        if tag == "data" and self.row:
            self.values.setdefault(self.row, []).append(float(found["value"]))
        if tag == "svg" and not (found.get("role") == "img" and found.get("aria-label")):
            self.unlabelled.append(found)
        if tag == "th" and found.get("scope") not in {"col", "row"}:
            self.unlabelled.append(found)


def test_sections_stand_in_order_with_headings_that_step_by_one(page):
    found = Structure(page)
    assert [name for name in found.sections if name in SECTIONS] == SECTIONS
    assert found.levels[0] == 1
    assert found.levels.count(1) == 1
    steps = zip(found.levels, found.levels[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    assert found.unlabelled == []


def test_ids_are_unique_and_references_lead_somewhere(page):
    found = Structure(page)
    assert len(found.ids) == len(set(found.ids))
    assert set(found.references) <= {*found.ids, ","}


def test_nothing_is_loaded_and_nothing_runs(page):
    assert "<script" not in page
    assert not re.findall(r"(?:src|srcset|poster|data)=[\"'](?!image/)", page)
    assert not re.findall(r"@import|url\((?!#)", page)
    links = re.findall(r'<link [^>]*href="([^"]*)"', page)
    assert links == ["data:,"]
    assert "default-src 'none'" in page


def test_the_table_of_outputs_equals_the_json_to_the_last_bit(page, document):
    found = Structure(page).values
    assert list(found) == list(document["outputs"])
    for name, output in document["outputs"].items():
        expected = [output["median"]]
        for prob in document["probs"]:
            ends = [p for p in output["intervals"] if (p["kind"], p["prob"]) == ("eti", prob)]
            expected += [ends[0]["low"], ends[0]["high"]]
        assert found[name] == expected, name


def test_every_input_stands_with_its_source_and_the_run_with_its_record(page, document):
    import html

    text = " ".join(html.unescape(re.sub("<[^>]*>", "", page)).split())
    for name, prior in document["inputs"].items():
        assert name in text
        assert " ".join(prior["source"].split()) in text
    for digest in document["hashes"].values():
        assert digest in text
    assert "uncertain-scale report --budget 100M --draws 256" in text
    assert "16 chains x 256 draws (sobol), seed 0; Monte Carlo error of an end at most" in text


def test_a_page_is_small(page):
    assert len(page.encode()) < 1_000_000


def test_the_command_on_the_page_makes_the_same_numbers(page, document, cli):
    import html
    import shlex

    (command,) = re.findall(r"<code>(uncertain-scale [^<]*)</code>", page)
    words = shlex.split(html.unescape(command))[1:]
    _, out, _ = cli(*words, "--format", "json")
    assert json.loads(out)["outputs"] == document["outputs"]


def test_a_page_of_constants_says_that_nothing_drives_it(cli):
    options = ("--scenario", "post-2024-07", "--format", "html", "--draws", "8")
    code, out, err = cli("report", "--budget", "100M", *options)
    assert (code, err) == (0, "")
    assert "100M USD buy 50M gpu-hours, 2.16×10²⁶ FLOP of training compute" in out
    assert "nothing drives the answer" in out
    assert "there is no spread to draw" in out


@pytest.mark.slow
def test_comparison_and_sensitivity_have_pages(cli, tmp_path):
    options = ("--budget", "100M", "--outputs", "training_flop,gpus", "--draws", "64")
    names = ("h100-dense-fp8", "h100-sparse-fp8")
    code, out, _ = cli("compare", *names, *options, "--format", "html", "--output", tmp_path)
    assert code == 0
    assert out == (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "Training compute exactly ×2" in out
    assert Structure(out).sections == ["comparison", "inputs", "run"]
    code, out, _ = cli("sensitivity", *options, "--format", "html")
    assert code == 0
    assert Structure(out).sections == ["drivers", "swings", "run"]
    assert "What drives the answers most: Training compute: Utilisation (MFU) (" in out


TABLED = {
    "claims": ("claims",),
    "backtest": ("backtest",),
    "sweep": ("sweep", "--budget", "10M..1B", "--points", "3", "--outputs", "training_flop,gpus"),
    "update": ("update", "h100-clusters", "--gpus", "100k", "--outputs", "facility_power"),
    "sensitivity": (
        *("sensitivity", "--budget", "100M", "--of", "training_flop"),
        *("--evidence", "h100-clusters"),
    ),
    "compare": (
        *("compare", "h100-dense-fp8", "h100-sparse-fp8", "--budget", "100M"),
        *("--evidence", "h100-clusters"),
    ),
}
TOLD = {
    "claims": "36 follow from the document&#39;s own inputs",
    "backtest": "inside the 90% interval.",
    "sweep": "training_flop: in the median 3.8",
    "update": "bits",
    "sensitivity": "if an input were known, most: training_flop: dense_model_mfu",
    "compare": "times likelier under h100-dense-fp8",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TABLED)
def test_every_result_has_a_page_and_its_folder_too(cli, tmp_path, kind):
    """Well-formed, self-contained, with the command that makes it again."""
    words = (*TABLED[kind], "--draws", "512")
    code, page, err = cli(*words, "--format", "html", "--output", tmp_path)
    assert (code, err) == (0, "")
    (saved,) = tmp_path.glob("*.html")
    assert saved.read_text(encoding="utf-8") == page
    assert TOLD[kind] in page
    found = Structure(page)
    assert (found.unlabelled, found.levels.count(1), found.sections[-1]) == ([], 1, "run")
    assert len(found.ids) == len(set(found.ids))
    assert set(found.references) <= {*found.ids, ","}
    test_nothing_is_loaded_and_nothing_runs(page)
    test_the_command_on_the_page_makes_the_page(page, cli)


def test_the_command_on_the_page_makes_the_page(page, cli):
    """The same to the byte each time."""
    import html
    import shlex

    (command,) = re.findall(r"<code>(uncertain-scale [^<]*)</code>", page)
    words = shlex.split(html.unescape(command))[1:]
    assert cli(*words, "--format", "html")[1] == page


def test_markup_in_a_claims_file_shows_as_text(cli, tmp_path):
    claims = tmp_path / "claims.toml"
    claims.write_text(
        "schema_version = 1\nscenario = 'base'\ntitle = '<script>alert(1)</script>'\n"
        "[[claims]]\nname = 'rate'\nsays = '<b>2</b> javascript:alert(1)'\n"
        "variable = 'hourly_rate'\nvalue = '2 USD/gpu/hour'\n",
        encoding="utf-8",
    )
    code, page, err = cli("claims", claims, "--draws", "64", "--format", "html")
    assert (code, err) == (0, "")
    assert "<script" not in page
    assert "<b>2" not in page
    assert "&lt;b&gt;2&lt;/b&gt; javascript:alert(1)" in page


@pytest.mark.slow
def test_evidence_is_told_on_the_page(cli):
    options = ("--evidence", "h100-clusters", "--draws", "1024", "--format", "html")
    code, out, err = cli("report", "--gpus", "100k", "--outputs", "facility_power", *options)
    assert (code, err) == (0, "")
    assert "evidence" in Structure(out).sections
    assert "bits" in out


def test_without_a_background_a_page_still_stands(document):
    page = html(report_blocks(document), document)
    assert [name for name in Structure(page).sections if name in SECTIONS] == SECTIONS


def test_the_headline_tells_what_was_solved_for_first(document):
    assert headline_outputs(document) == ["gpu_hours", "training_flop", "gpt4_multiple"]
    said = headline(document)
    assert said.startswith("100M USD buy 47.2M gpu-hours (90%: ")
    free = {**document, "question": {**document["question"], "free": ["cost_per_flop"]}}
    assert headline_outputs(free)[0] == "cost_per_flop"
    assert headline(free).startswith("With budget = 100M USD")
    own = {"days": {**document["outputs"]["gpus"], "units": "day"}}
    assert " of " in headline({**document, "outputs": own})


def prior(as_of="", source="a paper", note="", origin="prior"):
    return {"as_of": as_of, "source": source, "note": note, "origin": origin}


def test_inputs_are_marked_by_their_notes_and_their_age_on_the_readers_day():
    inputs = {
        "new": prior("2025-12-31"),
        "old": prior("2024-06-29"),
        "judged": prior("2025-01-01", note="Judgement: the tails."),
        "bare": prior(source=""),
        "given": prior(source="given", origin="given"),
    }
    old = {"old": {"as_of": "2024-06-29", "months": 18, "newer": ""}}
    found = marks_of({"inputs": inputs, "ages": {"as_of": "2025-12-31", "old": old}})
    assert {name: [mark.word for mark in marks] for name, marks in found.items()} == {
        "new": [],
        "old": ["stale"],
        "judged": ["judgement"],
        "bare": ["no source"],
        "given": ["given"],
    }
    assert found["old"][0].why == "18 months old on 2025-12-31"
