"""Imports run only downward, from the command line to units, reading and errors."""

import ast
from pathlib import Path

import pytest

import uncertain_scale

PACKAGE = Path(uncertain_scale.__file__).parent
BELOW = ("errors", "reading")  # modules that stand beside the folders
FOLDERS = (
    "units",
    "inputs",
    "model",
    "sampling",
    "statistics",
    "analysis",
    "report",
    "api",
    "explore",
    "cli",
)
LAYERS = (*BELOW, *FOLDERS)
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imported(path):
    """Return the package's own modules that a file imports, wherever in it, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] == "uncertain_scale"}


def layer(name):
    return name.split(".")[1] if "." in name else ""


@pytest.mark.parametrize("path", [m for m in MODULES if len(m.parts) > 1], ids=str)
def test_a_module_imports_nothing_above_its_layer(path):
    own = path.parts[0]
    for name in imported(path):
        above = layer(name)
        if own == "equations":
            permitted = name.startswith(
                ("uncertain_scale.units.aliases.", "uncertain_scale.equations")
            )
            assert permitted, f"{path} imports {name}"
        elif above == "equations":
            assert path == Path("model/model.py"), f"{path} imports {name}"
        else:
            assert LAYERS.index(above) <= LAYERS.index(own), f"{path} imports {name}"


def test_every_folder_has_its_layer():
    folders = {m.parts[0] for m in MODULES if len(m.parts) > 1}
    assert folders == {*LAYERS, "equations"} - {*BELOW}


def test_only_the_command_line_prints():
    for path in MODULES:
        if path.parts[0] != "cli":
            tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
            calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
            assert not [c for c in calls if isinstance(c, ast.Name) and c.id == "print"], path
