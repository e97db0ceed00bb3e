"""Advice in messages: an option is named only where each command that shows it has that option.

What commands, Python functions and files share names its settings in words that are true of all
three ("free hourly_rate to solve for it").
"""

import ast
import re
from pathlib import Path

import pytest
import typer

import uncertain_scale
from uncertain_scale.cli.main import app

ROOT = Path(uncertain_scale.__file__).parent
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")

# By module, the commands that show its messages, or that these name as the ones to use.
SHOWN_BY = {
    "analysis/backtest/study.py": ["backtest"],
    "api/replay.py": ["report", "update"],
    "cli/analyses.py": ["compare", "sensitivity", "sweep", "plot sweep", "decide"],
    "cli/command.py": ["report", "sensitivity", "sweep", "update"],
    "cli/effort.py": ["report"],
    "cli/explore.py": ["explore", "sensitivity"],
    "cli/judgements.py": ["claims", "backtest"],
    "cli/main.py": [""],
    "cli/options.py": ["report", "update"],
    "cli/output.py": ["report", "compare", "sensitivity", "sweep", "claims", "update", "backtest"],
    "cli/plot.py": ["plot tornado", "plot sweep"],
    "cli/priors.py": ["priors fit-mfu", "priors fit-trend", "priors import"],
    "cli/progress.py": ["report"],
    "cli/report.py": ["report", "update", "sample"],
    "cli/shipped.py": ["model"],
    "cli/verify.py": ["verify", "report"],
    "errors.py": [
        "report",
        "compare",
        "sensitivity",
        "sweep",
        "claims",
        "priors show",
        "plot priors",
    ],
    "explore/server.py": ["explore"],
    "explore/static.py": ["explore"],
    "inputs/catalog.py": ["report"],
    "inputs/imports.py": ["priors import"],
    "inputs/sipmath.py": ["priors import"],
    "reading.py": ["report"],
    "model/notes.py": ["report", "compare", "sensitivity", "sweep", "update"],
    "model/model.py": ["report", "compare", "sensitivity", "sweep", "update"],
    "model/refusal.py": ["report", "compare", "sensitivity", "sweep", "update", "backtest"],
    "report/ages.py": ["report", "sensitivity", "sweep", "claims", "update", "backtest"],
    "report/checkpoint.py": ["report"],
    "report/claims_report.py": ["claims"],
    "report/decide_report.py": ["decide"],
    "report/differences.py": ["verify", "diff"],
    "cli/__init__.py": ["report"],
    "cli/mcp.py": ["mcp", "report"],
    "report/document_types.py": ["report"],
    "report/html/parts.py": ["sensitivity"],
    "report/interval_report.py": ["report", "update"],
    "report/model_views.py": ["report"],
    "report/notebook.py": ["report"],
    "report/rows.py": ["report", "compare", "sensitivity", "sweep", "update"],
    "report/schema.py": ["report", "diff", "model", "priors show"],
    "report/sweep_report.py": ["sweep"],
    "report/trend_views.py": ["report"],
    "sampling/cluster.py": ["report", "sample"],
    "sampling/limits.py": ["report"],
}


def commands(command, name=""):
    """Yield each command's name and the options that it has."""
    if hasattr(command, "commands"):
        for word, inner in command.commands.items():
            yield from commands(inner, f"{name} {word}".strip())
    else:
        yield name, {one for parameter in command.params for one in parameter.opts}


PROGRAM = typer.main.get_command(app)
OPTIONS = dict(commands(PROGRAM)) | {"": {one for part in PROGRAM.params for one in part.opts}}


def texts(path):
    """Return the texts of a module but for its docstrings, the parts of f-strings among them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    documented = [node.body[0] for node in ast.walk(tree) if isinstance(node, kinds) and node.body]
    docstrings = {id(one.value) for one in documented if isinstance(one, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def named():
    """Yield each module that names options, with their names."""
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if module == "report/html/templating.py":  # variables of a style sheet
            continue
        if found := {one for text in texts(path) for one in _OPTION.findall(text)}:
            yield module, found - {"--help"}


NAMED = {module: options for module, options in named() if options}


@pytest.mark.parametrize("module", NAMED)
def test_an_option_is_named_only_where_commands_have_it(module):
    assert module in SHOWN_BY, f"{module} names {NAMED[module]}: say it in words true of all"
    several = {one for command in SHOWN_BY[module] for one in OPTIONS[command]}
    shared = {one for one in several if all(one in OPTIONS[c] for c in SHOWN_BY[module])}
    several_commands = ("analyses", "judgements", "mcp", "plot", "priors", "report", "verify")
    apart = {f"cli/{name}.py" for name in ("explore", "output", *several_commands)}
    known = several if module in apart else shared
    assert NAMED[module] <= known, NAMED[module] - known


@pytest.mark.parametrize("command", ["backtest", "priors fit-mfu"])
def test_commands_that_report_rows_with_faults_have_the_option_that_allows_them(command):
    assert {"--skip-bad-rows", "runs"} <= OPTIONS[command]


def test_the_table_holds_no_module_that_names_no_option():
    assert set(SHOWN_BY) == set(NAMED)


@pytest.mark.slow
def test_an_over_determined_claim_is_told_how_a_claim_frees_an_input(cli, tmp_path):
    """Claims have a key for it and no option; the key answers."""
    memo = tmp_path / "memo.toml"
    text = """schema_version = 1
title = "Memo"
[[claims]]
name = "days"
variable = "training_flop"
value = "8e25 FLOP"
given = { budget = "100M USD", gpus = "25k gpu", training_time = "80 day" }
"""
    memo.write_text(text, encoding="utf-8")
    code, _, err = cli("claims", memo, "--draws", "64", "--chains", "2")
    assert code == 2
    assert "free an input to solve for it (hourly_rate)" in err
    assert "--" not in err
    memo.write_text(f'{text}free = ["hourly_rate"]\n', encoding="utf-8")
    code, _, err = cli("claims", memo, "--draws", "64", "--chains", "2")
    assert (code, err) == (0, "")
