"""Errors as programs read them: one object on stderr, whatever is wrong and wherever `json` is."""

import json
import re
import sys
from pathlib import Path

import pytest

import uncertain_scale
from uncertain_scale import cli as package
from uncertain_scale.cli.output import code_of, refusal, wants_json
from uncertain_scale.cli.progress import Interrupted, Interrupts
from uncertain_scale.errors import PriorError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.model import default_model
from uncertain_scale.report.schema import json_schema

PACKAGE = Path(uncertain_scale.__file__).parent
program = sys.modules["uncertain_scale.cli.main"]
BAD_PRIORS = sorted((Path(__file__).parents[1] / "specimens" / "priors" / "bad").glob("*.toml"))
FLOP = ("--outputs", "training_flop", "--draws", "64")
CODES = {  # which programs rest on: none is renamed or dropped
    "claim",
    "cluster",
    "command-line",
    "data",
    "distribution",
    "domain",
    "evidence",
    "file",
    "internal",
    "interrupted",
    "memory",
    "model",
    "overdetermined",
    "page",
    "prior",
    "question",
    "spelling",
    "system",
    "timeout",
    "unit",
    "unknown-name",
    "unreadable",
}


@pytest.fixture
def refused(monkeypatch, capsys):
    """Run the program in this process; give its exit code and what it says is wrong."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["uncertain-scale", *map(str, words)])
        code = program._run()
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = err.splitlines()
        return code, json.loads(line)

    return run


def test_the_codes_are_those_that_programs_rest_on():
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    names = {name for text in texts for name in re.findall(r"(?m)^class ([A-Z]\w+Error)\(", text)}
    inner = {"uncertain-scale", "samples", "stopped"}  # caught, and told as another
    made = {code_of(type(name, (Exception,), {})()) for name in names} - inner
    assert made <= CODES
    others = {"internal", "interrupted", "memory", "system", "timeout", "unknown-name"}
    assert CODES - made == others
    page = (shipped_folder("docs") / "json.md").read_text(encoding="utf-8")
    cells = re.findall(r"(?m)^\| (.+?) \|", page.partition("## Errors")[2])
    assert {code for cell in cells for code in re.findall(r"`(.+?)`", cell)} == CODES


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["report", "--bugdet", "1M", "--format", "json"], ("command-line", "--bugdet")),
        (["--format", "json", "report"], ("command-line", "--format")),
        (["--format=json", "report", "--budget", "1M"], ("command-line", "--format")),
        (["report", "--format=json", "--budget"], ("command-line", "--budget")),
        (["report", "--budget", "--format", "json"], ("command-line", "json")),
        (["reprot", "--format", "json"], ("unknown-name", "reprot")),
        (["plot", "nonsense", "--format", "json"], ("command-line", "nonsense")),
        (["diff", "a", "--format", "json"], ("command-line", "B")),
        (["report", "--format", "json", "--format", "json"], ("command-line", "--format")),
        (["report", "--draws", "many", "--format", "json"], ("command-line", "--draws")),
        (["report", "--format", "json", "--budget", "1 MW"], ("unit", "given budget")),
        (["report", "--format", "json", "--set", "mfu=3 to 1"], ("unit", "--set mfu")),
        (["report", "--format", "json", "--outputs", "gpuss"], ("unknown-name", "gpuss")),
        (["report", "--format", "json", "--scenario", "bas"], ("unknown-name", "scenario 'bas'")),
        (["report", "--format", "json", "--scenario", "/no.toml"], ("prior", "/no.toml")),
        (
            ["report", "--budget=1M", "--training-flop=1e27", "--gpus=3", "--format=json"],
            ("overdetermined", "the question"),
        ),
        (["report", "--format", "json", "--equations", "no.py"], ("model", "no.py")),
        (["verify", "/nowhere", "--format", "json"], ("data", "/nowhere/run.json")),
        (["report", "--budget=1e308", *FLOP, "--format=json"], ("data", "output 'training_flop'")),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_whatever_is_wrong_is_one_object_on_stderr(refused, words, expected):
    jsonschema = pytest.importorskip("jsonschema")
    code, found = refused(*words)
    assert code == 2
    jsonschema.validate(found, json_schema("error"))
    assert (found["error"]["code"], found["error"]["where"]) == expected
    assert found["error"]["found"]
    assert found["more"] == []


def test_a_message_is_taken_apart():
    message = (
        "b.toml:3 [inputs.mfu] q05 = 0.5 is not below q95; expected less; swap them (or not; so)"
    )
    assert refusal([message], "prior")["error"] == {
        "code": "prior",
        "where": "b.toml:3 [inputs.mfu]",
        "found": "q05 = 0.5 is not below q95",
        "expected": "less",
        "hint": "swap them (or not; so)",
        "message": message,
    }


@pytest.mark.slow
def test_refusals_of_files_name_the_line_and_nearly_all_say_what_to_write():
    found = []
    for path in BAD_PRIORS:
        with pytest.raises(PriorError) as caught:
            load_priors(path, variables=default_model().variables)
        refused = refusal(caught.value.faults, "prior")
        found += [(path, one) for one in (refused["error"], *refused["more"])]
    assert len(found) >= 40
    for path, fault in found:
        assert fault["where"].startswith(str(path.parent))
        line = re.search(r":\d+( \[|$)", fault["where"])
        assert line or "version" in fault["message"] or "circle" in fault["message"]
        assert fault["found"]
    said = [one for _, one in found if one["expected"] or one["hint"]]
    assert len(said) / len(found) > 0.8


def test_faults_that_leave_an_answer_stand_in_one_object_too(monkeypatch, capsys, tmp_path):
    path = tmp_path / "memo.toml"
    text = 'schema_version = 1\ntitle = "A memo"\nscenario = "post-2024-07"\n'
    good = '[[claims]]\nname = "price"\nvariable = "gpu_price"\nvalue = "40k USD/gpu"\n'
    other = good.replace("gpu_price", "gpu_prise").replace('"price"', '"other"')
    path.write_text(text + good + other, encoding="utf-8")
    words = ["claims", str(path), "--format", "json", "--draws", "16"]
    monkeypatch.setattr(sys, "argv", ["uncertain-scale", *words])
    assert program._run() == 2
    out, err = capsys.readouterr()
    assert len(json.loads(out)["claims"]) == 1
    (line,) = err.splitlines()
    found = json.loads(line)["error"]
    assert found["code"] == "claim"
    assert found["where"].startswith(f"{path}:")
    assert found["hint"] == "did you mean 'gpu_price'?"


@pytest.mark.parametrize(
    ("error", "code"),
    [(MemoryError(), "memory"), (OSError(28, "No space left on device", "a.json"), "system")],
)
def test_what_the_system_refuses_has_a_code(monkeypatch, refused, error, code):
    def fail():
        raise error

    monkeypatch.setattr(program, "app", fail)
    monkeypatch.setattr(program.os, "dup2", lambda *_: None)
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1, raising=False)
    exit_code, found = refused("report", "--format", "json")
    assert (exit_code, found["error"]["code"]) == (2, code)
    assert found["error"]["found"]


def test_an_interruption_is_one_object_before_and_after_the_program_is_there(monkeypatch, capfd):
    expected = refusal(["there is no answer yet"], "interrupted")
    assert json.loads(package._LOST_AS_JSON) == expected

    def end(code):
        raise SystemExit(code)

    monkeypatch.setattr(program, "interrupts", Interrupts())
    monkeypatch.setattr(program.interrupts, "listen", lambda: None)
    monkeypatch.setattr(program, "end_at_once", end)
    monkeypatch.setattr(program, "_run", lambda: (_ for _ in ()).throw(Interrupted))
    monkeypatch.setattr(sys, "argv", ["uncertain-scale", "report", "--format", "json"])
    with pytest.raises(SystemExit):
        program.main()
    assert json.loads(capfd.readouterr().err) == expected


def test_json_is_asked_for_before_a_pair_of_dashes_alone():
    assert wants_json(["report", "--format", "json"])
    assert wants_json(["--format=json", "report"])
    assert not wants_json(["report", "--", "--format", "json"])
    assert not wants_json(["report", "--output", "json", "--format", "md"])


def test_control_characters_of_a_file_are_escapes(refused, tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('schema_version = 1\n[inputs.mfu]\nkind = "\\u001b[31m\\u202e"\n')
    _, found = refused("report", "--scenario", path, "--format", "json")
    assert "\x1b" not in json.dumps(found, ensure_ascii=False)
