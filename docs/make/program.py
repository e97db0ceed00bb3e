"""The program, run in this process as at 80 columns, and files written where they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from uncertain_scale.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_program", "write"]


def run_program(*arguments: str) -> tuple[int, str, str]:
    """Run one command; return its exit code, its output, and its error text."""
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, list(arguments))
    return result.exit_code, result.stdout, f"{result.stderr}{result.exception or ''}"


def write(path: Path, text: str) -> None:
    """Write a text, where the file does not say it already, and tell so."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"{path.parent.name}/{path.name}: written")  # noqa: T201 (scripts use this)
