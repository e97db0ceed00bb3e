"""Options and arguments carry what a record needs, and command lines are made from that alone."""

import ast
import json
import shlex
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

import uncertain_scale.cli
from uncertain_scale.cli.command import (
    Argument,
    Command,
    Option,
    declared,
    files_read,
    spelt_out,
    typed,
)
from uncertain_scale.cli.main import _PLACES, RESULTS, app
from uncertain_scale.cli.output import saves
from uncertain_scale.cli.record import recorded
from uncertain_scale.cli.verify import read_record, verify

SOURCES = {path.stem: path for path in Path(uncertain_scale.cli.__file__).parent.glob("*.py")}


def commands(group, *above):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *above, name)
        else:
            yield " ".join((*above, name)), command


COMMANDS = dict(commands(get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_carries_what_a_record_needs(name):
    command = COMMANDS[name]
    theirs = {one.name: one for one in command.params if one.name != "help"}
    ours = declared(command.callback)
    assert [one.name for one in ours] == list(theirs)
    for one in ours:
        click = theirs[one.name]
        assert one.option == (click.opts[0] if click.param_type_name == "option" else None)
        if click.param_type_name == "option" and click.is_flag:  # off, and switched on by one name
            assert (one.default, click.opts, click.secondary_opts) == (False, [one.option], [])


@pytest.mark.parametrize("name", COMMANDS)
def test_what_names_a_file_says_of_which_kind_or_is_written(name):
    """So that no file is read of which a record has no copy."""
    command = COMMANDS[name]
    files = {"FILE", "DIR", ".csv", ".toml", ".py", ".nc"}
    for one in declared(command.callback):
        if any(part in str(one.info.metavar) for part in files):
            assert one.info.reads or one.info.replay == "dropped", one.name
        if one.info.replay == "dropped":
            assert not isinstance(one.info, Argument) or name == "priors copy"


@pytest.mark.parametrize("name", RESULTS)
def test_a_command_that_leaves_a_record_says_where_and_drops_that(name):
    (output,) = [one for one in declared(COMMANDS[name].callback) if one.name == "output"]
    assert (output.default, output.info.replay) == (None, "dropped")


def weigh(  # noqa: PLR0913 (its options)
    things: Annotated[list[str], Argument("Things.", "THING...")],
    table: Annotated[Path | None, Option("A table.", "FILE", reads="runs")] = None,
    other: Annotated[list[str], Option("Others.", "NAME|FILE", reads="evidence")] = [],  # noqa: B006
    *,
    weight: Annotated[float, Option("A weight.", "W")] = 1.0,
    rough: Annotated[bool, Option("Roughly.", None, "--rough")] = False,
    quiet: Annotated[bool, Option("In silence.", None, "--quiet", replay="dropped")] = False,
    output: Annotated[Path | None, saves("weigh.json")] = None,
) -> None:
    """Weigh things, as a command does that somebody adds."""
    from uncertain_scale.report.store import save_texts

    read = [Path(one).read_text() for one in (table, *other) if one and Path(one).is_file()]
    document = {"things": things, "read": read, "weight": weight, "rough": rough, "quiet": quiet}
    if output is not None:
        save_texts({"weigh.json": json.dumps(document)}, output)


@pytest.fixture
def program():
    """Return a function that runs a program with that command and `verify`."""
    added = typer.Typer(context_settings={"obj": {"weigh": "weigh"}})
    added.command("weigh", cls=Command)(recorded(weigh, "weigh"))
    added.command("verify", cls=Command)(verify)
    return lambda *words: CliRunner().invoke(added, [str(word) for word in words])


def test_an_option_that_is_added_is_replayed_without_another_line(program, tmp_path):
    table, other = tmp_path / "table.csv", tmp_path / "other" / "table.csv"
    other.parent.mkdir()
    table.write_text("one")
    other.write_text("another of the same name")
    words = ["--table", table, "--other", other, "--other", "shipped", "--weight", 2, "--rough"]
    folder = tmp_path / "saved"
    assert program("weigh", *words, "--output", folder, "--", "a", "-b").exit_code == 0
    assert read_record(folder).command == (
        *("weigh", "--table", "inputs/table.csv", "--other", "inputs/_table.csv"),
        *("--other", "shipped", "--weight", "2.0", "--rough", "--", "a", "-b"),
    )
    table.unlink()
    other.unlink()
    again = program("verify", folder)
    assert (again.exit_code, again.stdout.partition(":")[0]) == (0, "identical")
    document = json.loads((folder / "weigh.json").read_text()) | {"weight": 3.0}
    (folder / "weigh.json").write_text(json.dumps(document))
    assert "weight" in program("verify", folder).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--quiet"], "its record holds '--quiet'"),
        (["--table", "/etc/passwd"], "which is not in it"),
        (["--other", "../x"], "which is not in it"),
    ],
)
def test_what_is_dropped_or_read_elsewhere_is_refused_of_an_option_that_is_added(
    program, tmp_path, words, said
):
    assert program("weigh", "a", "--output", tmp_path).exit_code == 0
    record = json.loads((tmp_path / "run.json").read_text())
    record["command"][1:1] = words
    (tmp_path / "run.json").write_text(json.dumps(record))
    assert said in str(program("verify", tmp_path).exception)


def test_a_command_line_as_it_is_typed_asks_the_same():
    arguments = {"things": ["a b"], "weight": 2.0, "rough": True, "quiet": True, "other": []}
    assert shlex.split(typed(weigh, arguments)) == [
        *("uncertain-scale", "weigh", "a b", "--weight", "2.0", "--rough")
    ]


def merging(
    scenario: Annotated[
        str | None, Option("A scenario.", "NAME|FILE", reads="scenario", replay="merged")
    ] = None,
    priors: Annotated[list[Path], Option("Over it.", reads="overlay", replay="merged")] = [],  # noqa: B006
    scenarios: Annotated[list[str], Argument("Others.", "NAME|FILE", reads="scenario")] = [],  # noqa: B006
) -> None:
    """Read scenarios that are merged."""


def test_merged_priors_stand_for_what_they_were_merged_from(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.touch()
    for typed_as in (None, "base", str(mine)):
        arguments = {"scenario": typed_as, "priors": [mine], "scenarios": []}
        stand_ins = {("scenario", typed_as): "priors/x.toml"}
        words = spelt_out(merging, arguments, stand_ins)
        assert words == ["merging", "--scenario", "priors/x.toml"]
        assert files_read(merging, arguments, stand_ins) == []
    arguments = {"scenario": None, "priors": [mine], "scenarios": ["base", "other"]}
    stand_ins = {("scenario", name): f"priors/{name}.toml" for name in ("base", "other")}
    assert spelt_out(merging, arguments, stand_ins) == [
        *("merging", "--", "priors/base.toml", "priors/other.toml")
    ]
    assert files_read(merging, arguments, {}) == [("overlay", str(mine))]


def test_claims_and_a_scenario_of_one_name_are_two_files(cli, tmp_path):
    name = "post-2024-07"
    words = ("claims", name, "--scenario", name, "--claim", "gpu-price", "--draws", "8")
    assert cli(*words, "--output", tmp_path)[0] == 0
    command = read_record(tmp_path).command
    assert command[command.index("--scenario") + 1] == f"inputs/priors/{name}.toml"
    assert command[-1] == f"inputs/{name}.toml"
    code, out, err = cli("verify", tmp_path)
    assert (code, out.partition(":")[0], err) == (0, "identical", "")


def imports(path):
    """Return the modules of the command line that a file imports when it runs, however late."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{alias.name}" for node in found for alias in node.names}
    ours = "uncertain_scale.cli."
    inside = {name.removeprefix(ours) for name in names if name.startswith(ours)}
    return {name.partition(".")[0] for name in inside} & set(SOURCES)


def test_no_module_of_the_command_line_imports_itself_by_way_of_others():
    left = {name: imports(path) for name, path in SOURCES.items() if name != "__init__"}
    left["main"] |= {place.partition(":")[0] for place in _PLACES.values()}
    assert left["main"] >= {"report", "verify"}
    while free := [name for name, needs in left.items() if not needs & set(left)]:
        left = {name: needs for name, needs in left.items() if name not in free}
    assert left == {}
