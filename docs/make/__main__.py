"""`python docs/make`: writes what the pages take from the code, and what their commands print."""

from __future__ import annotations

import os
import tempfile
from contextlib import chdir
from pathlib import Path

from examples import refilled
from notebook import executed, same
from pages import PAGES
from typer.testing import CliRunner

from uncertain_scale.cli.main import app

DOCS = Path(__file__).resolve().parents[1]


def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, f"{result.stderr}{result.exception or ''}"


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(f"{path.name}: written")  # noqa: T201 (this is a script)


def main() -> None:
    """Write the pages."""
    os.environ["COLUMNS"] = "80"
    for name, page in PAGES.items():
        _write(DOCS / name, page())
    tutorial = DOCS / "tutorial.ipynb"
    if not same(tutorial.read_text(encoding="utf-8"), text := executed(tutorial)):
        _write(tutorial, text)
    for path in sorted(DOCS.glob("*.md")):
        if path.name not in {*PAGES, "cluster.md"}:  # which shows nothing and needs a cluster
            with tempfile.TemporaryDirectory() as folder, chdir(folder):
                text = refilled(path.read_text(encoding="utf-8"), _run)
            _write(path, text)


if __name__ == "__main__":
    main()
