"""What commands print as JSON follows the schema that the program prints, and nothing else does."""

import inspect
import json
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.main import get_command

from uncertain_scale.cli.main import app
from uncertain_scale.report import analysis_types, document_types, judgement_types
from uncertain_scale.report.schema import DOCUMENTS, json_schema

SAID = Path(__file__).parents[1] / "golden" / "said"
GOLDEN = {path.name.partition(".")[0]: path for path in sorted(SAID.glob("*.json.txt"))}
FEW = ("--draws", "32", "--chains", "2", "--seed", "3")
ASKED = ("--budget", "100M", "--outputs", "training_flop")
OTHERS = {
    "one chain tells no error": ("report", *ASKED, "--draws", "32", "--chains", "1"),
    "counted": ("report", *ASKED, *FEW, "--no-draws", "--event", "training_flop > 1e30"),
    "points": ("report", *ASKED, *FEW, "--scenario", "post-2024-07"),
    "a search": ("report", *ASKED, "--precision", "0.2", "--prob", "0.5"),
    "a decision": (
        *("sensitivity", "--budget", "100M", "--of", "training_flop", *FEW),
        *("--event", "training_flop >= 5e25"),
    ),
    "coupled": ("compare", "h100-dense-fp8", "gb200-dense-fp8", *ASKED, *FEW),
    "a question to the model": ("model", "--budget", "100M"),
}

brisk = pytest.mark.slow_but("report", "claims", "model", "priors-show", "priors-list", "backtest")


def golden(name):
    return json.loads(GOLDEN[name].read_text(encoding="utf-8").partition("\n--- beside it")[0])


def validator(name):
    words = name.replace("-", " ")
    return Draft202012Validator(json_schema(next(c for c in DOCUMENTS if words.startswith(c))))


@cache
def tables():
    """Return the keys that each shape needs, and those that it may have."""
    shapes = json_schema()["$defs"].values()
    return [(set(one["required"]), set(one["properties"])) for one in shapes]


def is_fixed(part):
    """Tell a dictionary of fixed keys from one by variable, scenario or package."""
    return any(needed <= part.keys() <= known for needed, known in tables())


def small(document):
    """Return a document with no more than two of what it has any number of."""
    if isinstance(document, dict):
        kept = list(document.items())[: None if is_fixed(document) else 2]
        return {name: small(one) for name, one in kept}
    return [small(one) for one in document[:2]] if isinstance(document, list) else document


def edits(document, part, done):
    """Yield the document with a field of another name and of another type, once for each field."""
    if isinstance(part, dict):
        for name in [name for name in part if is_fixed(part) and name not in done]:
            done.add(name)
            whole = part[name]
            part[f"{name}_"] = part.pop(name)
            yield f"{name} has another name", document
            del part[f"{name}_"]
            part[name] = [[]] if not isinstance(whole, list) else {"": []}
            yield f"{name} is of another type", document
            part[name] = whole
    parts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for one in parts:
        yield from edits(document, one, done)


@pytest.mark.parametrize("name", GOLDEN)
def test_what_commands_print_follows_their_schema_and_the_one_of_all(name):
    document = golden(name)
    validator(name).validate(document)
    Draft202012Validator(json_schema()).validate(document)


@brisk
@pytest.mark.parametrize("name", GOLDEN)
def test_a_document_with_a_field_of_another_name_or_type_is_refused(name):
    check, document, tried = validator(name), small(golden(name)), set()
    check.validate(document)
    taken = [what for what, one in edits(document, document, tried) if check.is_valid(one)]
    assert taken == []
    assert len(tried) >= (1 if name == "priors-list" else 10)


OPTIONAL = {"paths"}  # of a sweep over dates alone


@brisk
@pytest.mark.parametrize("name", GOLDEN)
def test_a_document_without_one_of_its_fields_is_refused(name):
    check, document = validator(name), small(golden(name))
    for key in document.keys() - OPTIONAL:
        rest = {other: part for other, part in document.items() if other != key}
        assert not check.is_valid(rest), key


@pytest.mark.slow_but("counted", "points", "a question to the model")
@pytest.mark.parametrize("name", OTHERS)
def test_unusual_answers_follow_the_schema(cli, name):
    code, out, err = cli(*OTHERS[name], "--format", "json")
    assert code == 0, err
    validator(OTHERS[name][0]).validate(json.loads(out))


@pytest.mark.slow
def test_what_verify_and_diff_print_follows_the_schema(cli, tmp_path):
    for seed in "12":
        words = ("report", *ASKED, *FEW[:4], "--seed", seed, "--output", tmp_path / seed)
        assert cli(*words)[0] == 0
    for words in (("verify", tmp_path / "1"), ("diff", tmp_path / "1", tmp_path / "2")):
        document = json.loads(cli(*words, "--format", "json")[1])
        validator(words[0]).validate(document)
        assert not validator(words[0]).is_valid({**document, "grade": "other"})


def test_every_command_that_prints_json_has_a_schema():
    commands = dict(get_command(app).commands)
    for group in ("plot", "priors", "chips"):
        parts = (commands[group] if group == "chips" else commands.pop(group)).commands
        commands |= {f"{group} {name}": one for name, one in parts.items()}
    printing = {n for n, one in commands.items() for o in one.params if "--format" in o.opts}
    assert printing | {"error"} == set(DOCUMENTS)


def test_no_two_shapes_have_one_name():
    shapes = [
        one
        for module in (document_types, analysis_types, judgement_types)
        for one in vars(module).values()
        if inspect.isclass(one) and one.__module__ == module.__name__
    ]
    names = [one.__name__.lstrip("_") for one in shapes]
    assert len(names) == len(set(names))


def test_every_shape_and_every_figure_with_units_says_what_it_is():
    for name, table in json_schema()["$defs"].items():
        assert table["additionalProperties"] is False, name
        if "units" in table["properties"]:
            assert "units" in table["properties"]["units"]["description"]
    document = json_schema("report")
    assert "null" in document["description"]
    statistics = document["$defs"]["ReportedOutput"]["properties"]
    assert "null" in statistics["mean_mcse"]["description"]


def test_the_program_prints_the_schema_of_a_command_and_refuses_what_is_none(cli):
    assert json.loads(cli("schema", "priors", "show")[1]) == json_schema("priors show")
    for words in (("chips",), ("chips", "show", "GB300")):
        validator(" ".join(words)).validate(json.loads(cli(*words, "--format", "json")[1]))
    assert json.loads(cli("schema")[1]) == json_schema()
    code, _, err = cli("schema", "reprot")
    assert (code, "did you mean 'report'?" in err) == (2, True)
