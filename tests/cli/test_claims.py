"""`claims`: the shipped claims, a file of one's own with faults in it, and every format."""

import csv
import io
import json
import re
import shutil

import pytest

SMALL = ("--draws", "128", "--chains", "4")


@pytest.fixture
def mixed(specimens):
    return specimens / "claims" / "mixed.toml"


@pytest.mark.slow
def test_the_posts_claims_are_reported_in_words(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = cli("claims", *SMALL)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    flat = " ".join(out.split())
    assert "61 claims: 36 follow from the document's own inputs, 14 do not, 11 implied" in flat
    for words in (
        "does not follow from its own inputs: they give 1.037e26 FLOP, 15% more than asserted",
        "follows from its own inputs only with FP8 on sparse peaks: they give 10.37",
        "BF16 on sparse peaks: 5.184; FP8 on H100 dense peaks: 5.129",
        "they give 4e20 FLOP/s, 2 times what is asserted; it would with H100 dense peaks",
        "above the 95% interval: overstated",
        "base, in place of post-2024-07: holds in every draw",
    ):
        assert words in flat, words


@pytest.mark.slow
def test_scenarios_stand_side_by_side(cli):
    names = ("base", "h100-dense-fp8", "h100-sparse-fp8")
    options = [option for name in names for option in ("--scenario", name)]
    chosen = ("--claim", "gpt4-multiple", "--claim", "edit-power")
    code, out, _ = cli("claims", "post-2024-07", *options, *chosen, "--format", "json")
    assert code == 0
    document = json.loads(out)
    one, edit = document["claims"]
    assert [judged["scenario"] for judged in one["judged"]] == list(names)
    below = [judged["below"][0]["probability"] for judged in one["judged"]]
    assert below[0] > below[1] > below[2]
    medians = [judged["median"] for judged in one["judged"]]
    assert medians[2] == pytest.approx(2 * medians[1], rel=1e-12)
    manners = [judged["scenario"].rpartition(", ")[2] for judged in edit["judged"]]
    assert manners == ["coupled", "shared", "independent"]
    assert set(document["hashes"]["priors"]) >= {*names, "post-2024-07"}
    _, markdown, _ = cli("claims", *options, *chosen, *SMALL, "--format", "md")
    header = next(line for line in markdown.splitlines() if "base: percentile" in line)
    assert header.count("percentile") == 3


def test_good_claims_are_reported_beside_the_faults_of_others(cli, mixed):
    code, out, err = cli("claims", mixed, *SMALL, "--format", "json")
    assert code == 2
    document = json.loads(out)
    assert [claim["name"] for claim in document["claims"]] == ["fine", "at-least"]
    text = mixed.read_text(encoding="utf-8")
    assert document["apart"] == len(re.findall(r"^\[\[claims\]\]", text, re.MULTILINE)) - 2
    expected = re.findall(r"# expect: (.*?)(?= # expect:|$)", text, re.MULTILINE)
    assert len(expected) > 20
    lines = err.splitlines()
    for pattern in expected:
        assert any(re.search(pattern, line) for line in lines), pattern
    assert len(lines) == len(expected)
    assert document["faults"] == [line.removeprefix("error: ") for line in lines]
    for number, line in enumerate(text.splitlines(), start=1):
        for _ in re.findall("# expect:", line):
            assert any(f"mixed.toml:{number} " in fault for fault in lines), line


def test_markup_and_control_characters_are_shown_as_text(cli, mixed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = {form: cli("claims", mixed, *SMALL, "--format", form)[1] for form in ("terminal", "md")}
    assert "A [red]memo[/red] | with [a link](javascript:x) \\x1b[31m" in shown["terminal"]
    assert "[bold]100M[/bold] buys | 5e25 \\x07 FLOP" in shown["terminal"]
    assert "<script>" not in shown["md"]
    assert not re.search(r"(?<!\\)\]\(", shown["md"])
    rows = [line for line in shown["md"].splitlines() if line.startswith("| fine")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [9, 6]
    for text in shown.values():
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)


def test_csv_has_a_row_for_each_verdict(cli, mixed):
    _, out, _ = cli("claims", mixed, *SMALL, "--format", "csv", "--scenario", "base")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["claim"] for row in rows] == ["fine", "at-least"]
    assert float(rows[0]["value"]) == 5e25
    assert 2e25 < float(rows[0]["median"]) < 1e26
    assert rows[0]["follows"] == "False"
    assert rows[0]["where"] == "'=cmd()"  # no spreadsheet takes it for a formula
    assert rows[1]["high"] == ""
    assert rows[1]["verdict"].startswith("likely: true in ")


def test_uncertain_inputs_of_a_documents_own_show_their_interval(cli, mixed):
    _, out, _ = cli("claims", mixed, *SMALL, "--format", "json")
    fine = json.loads(out)["claims"][0]
    assert re.match(
        r"does not follow from its own inputs: they give 7\.\d+e25 FLOP \(90%: .*\), .*more than",
        fine["own_verdict"],
    )
    assert fine["readings"][0]["median"] == pytest.approx(fine["own"]["median"] / 2, rel=1e-9)


def test_one_chain_has_no_errors_and_says_so(cli):
    code, out, _ = cli("claims", "--claim", "gpu-price", "--draws", "64", "--chains", "1")
    assert code == 0
    assert "a Monte Carlo error needs at least two chains" in " ".join(out.split())
    assert "±" not in out


def test_all_is_written_into_a_folder(in_every_format, tmp_path):
    arguments = ("claims", *SMALL, "--claim", "flop-bf16")
    printed, _ = in_every_format(*arguments, "--output", tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "claims.md",
        "claims.json",
        "claims.csv",
        "claims.html",
        "inputs",
        "run.json",
    }
    for name, form in (("claims.md", "md"), ("claims.csv", "csv"), ("claims.html", "html")):
        written = (tmp_path / "new" / name).read_text(encoding="utf-8")
        assert written == printed[form]


def test_lists_what_is_shipped_and_prints_the_schema(cli):
    code, out, _ = cli("claims", "--list")
    assert code == 0
    assert out.startswith("post-2024-07")
    assert "61 claims" in out
    code, out, _ = cli("claims", "--schema")
    assert code == 0
    assert json.loads(out)["title"] == "Claims file of uncertain_scale"


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (["none.toml"], "none.toml: there is no such claims file"),
        (["post-2024-08"], "did you mean 'post-2024-07'"),
        (["--claim", "flop-bf17"], "claim 'flop-bf17' is unknown; did you mean 'flop-bf16'"),
        (["--scenario", "bas"], "did you mean 'base'"),
        (["--prob", "90"], "expected numbers between 0 and 1"),
        (["--draws", "0"], "draws = 0 must lie"),
        (["--equations", "none.py"], "none.py.*cannot be read"),
    ],
)
def test_bad_command_lines_are_told_in_one_line(cli, tmp_path, arguments, pattern):
    code, out, err = cli("claims", *arguments, "--output", tmp_path / "x")
    assert (code, out) == (2, "")
    assert re.search(pattern, err)
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("named", ['scenario = "product.toml"', ""])
@pytest.mark.parametrize("points", [False, True])
def test_claims_are_asked_of_ones_own_equations(cli, specimens, tmp_path, named, points):
    """Its own scenario judges, of points too: base knows nothing of these inputs."""
    (tmp_path / "memo.toml").write_text(
        f"""schema_version = 1
title = "Product"
scenario = "product.toml"
[[claims]]
name = "product"
variable = "product"
value = 1
{named}
""",
        encoding="utf-8",
    )
    if points:
        values = "".join(f"[inputs.{name}]\nkind = 'constant'\nvalue = 1\n" for name in "abc")
        (tmp_path / "product.toml").write_text(f"schema_version = 1\n{values}", encoding="utf-8")
    else:
        shutil.copy(specimens / "priors" / "product.toml", tmp_path)
    equations = specimens / "equations" / "product.py"
    code, out, err = cli(
        "claims", tmp_path / "memo.toml", "--equations", equations, "--format", "json", *SMALL
    )
    assert code == 0, err
    (judged,) = json.loads(out)["claims"][0]["judged"]
    assert (judged["scenario"], judged["own"]) == ("product", True)
    assert judged["place"] == ("equal" if points else "inside")


MEMO = """schema_version = 1
title = "A memo on a GB200 cluster"
scenario = "gb200-dense-fp8"
[[claims]]
name = "flop"
variable = "training_flop"
value = "5e26 FLOP"
given = { budget = "250M USD" }
"""


@pytest.mark.slow
def test_every_view_names_the_scenario_that_judges(in_every_format, tmp_path):
    """The memo's own scenario says 3.27 times, above the 95%; base, of another chip, 5.22."""
    memo = tmp_path / "memo.toml"
    memo.write_text(MEMO, encoding="utf-8")
    shown, _ = in_every_format("claims", memo)
    shown = {form: " ".join(text.split()) for form, text in shown.items()}
    verdict = "above the 95% interval: overstated 3.27x at the median"
    assert f"of gb200-dense-fp8, the document's own: {verdict}" in shown["terminal"]
    for form in ("md", "html"):
        assert "gb200-dense-fp8: percentile" in shown[form]
        assert verdict in shown[form]
    assert re.search("Under gb200-dense-fp8, the document(&#39;|')s own", shown["html"])
    (judged,) = json.loads(shown["json"])["claims"][0]["judged"]
    assert (judged["scenario"], judged["own"]) == ("gb200-dense-fp8", True)
    assert judged["asserted_over_median"] == pytest.approx(3.267, abs=0.01)
    assert "gb200-dense-fp8,True" in shown["csv"]
    assert not any(
        re.search(r"\bbase\b.{0,40}(overstated|interval)", one) for one in shown.values()
    )


@pytest.mark.slow
def test_scenarios_asked_for_stand_beside_the_documents_own(cli, tmp_path):
    memo = tmp_path / "memo.toml"
    memo.write_text(MEMO, encoding="utf-8")
    _, out, _ = cli("claims", memo, "--scenario", "base", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    found = [(row["scenario"], float(row["asserted_over_median"])) for row in rows]
    assert found == [
        ("gb200-dense-fp8", pytest.approx(3.267, abs=0.01)),
        ("base", pytest.approx(5.22, abs=0.02)),
    ]
    figure = tmp_path / "figure.svg"
    cli("plot", "claims", memo, "--scenario", "base", "--output", figure)
    text = figure.read_text(encoding="utf-8")
    assert "overstated 3.27x (gb200-dense-fp8)" in text
    assert re.search(r"overstated 5\.2\dx \(base\)", text)


@pytest.mark.slow
def test_a_saved_run_is_judged_under_the_same_scenarios_again(cli, tmp_path):
    """A memo of point values: the saved claims name what stood in its place."""
    (tmp_path / "points.toml").write_text(
        'schema_version = 1\nextends = "gb200-dense-fp8"\n'
        + "".join(
            f'[inputs.{name}]\nkind = "constant"\nvalue = {value}\nunits = "{units}"\n'
            for name, value, units in (
                ("mfu", 0.4, "1"),
                ("hourly_rate", 3.0, "USD/gpu/hour"),
                ("precision_factor", 1.6, "1"),
            )
        ),
        encoding="utf-8",
    )
    memo = tmp_path / "memo.toml"
    memo.write_text(MEMO.replace("gb200-dense-fp8", "points.toml"), encoding="utf-8")
    code, out, err = cli("claims", memo, *SMALL, "--output", tmp_path / "run", "--format", "csv")
    assert code == 0, err
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["scenario"], row["in_place_of"]) == ("gb200-dense-fp8", "points")
    saved = tmp_path / "run" / "inputs" / "memo.toml"
    assert cli("claims", saved, *SMALL, "--format", "csv")[1] == out
    code, told, err = cli("verify", tmp_path / "run")
    assert code == 0, told + err


def test_claims_of_ones_own_equations_are_drawn(cli, specimens, tmp_path):
    memo = tmp_path / "memo.toml"
    memo.write_text(
        'schema_version = 1\ntitle = "Product"\nscenario = "product.toml"\n'
        '[[claims]]\nname = "one"\nvariable = "product"\nvalue = 1\n',
        encoding="utf-8",
    )
    shutil.copy(specimens / "priors" / "product.toml", tmp_path)
    equations = specimens / "equations" / "product.py"
    figure = tmp_path / "figure.svg"
    code, _, err = cli("plot", "claims", memo, "--equations", equations, *SMALL, "--output", figure)
    assert code == 0, err
    assert "(product)" in figure.read_text(encoding="utf-8")


def test_a_figure_and_an_interval_that_agree_with_one_value_say_how(cli, tmp_path):
    """48 million GPU-hours are 50 million to one digit, and lie between 40 and 60."""
    memo = tmp_path / "memo.toml"
    claim = (
        'variable = "gpu_hours"\ngiven = { gpus = "25k gpu", training_time = "80 day" }\n'
        '[[claims]]\nname = "range"\nlow = "40M gpu*hour"\nhigh = "60M gpu*hour"\n'
    )
    asked = claim.partition("[[")[0]
    memo.write_text(
        'schema_version = 1\ntitle = "Memo"\n[[claims]]\nname = "figure"\n'
        f'value = "50M gpu*hour"\n{claim}{asked}',
        encoding="utf-8",
    )
    _, out, err = cli("claims", memo, *SMALL, "--format", "json")
    assert err == ""
    assert [claim["judged"][0]["verdict"] for claim in json.loads(out)["claims"]] == [
        "is the one value that the scenario gives, to its stated digits",
        "holds the one value that the scenario gives",
    ]
