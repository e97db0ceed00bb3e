"""`python docs/make`: writes what the pages take from the code, and what their commands print."""

from __future__ import annotations

import tempfile
from contextlib import chdir
from pathlib import Path

from examples import refilled
from notebook import executed, same
from pages import PAGES
from pictures import errors_picture
from program import run_program, write

DOCS = Path(__file__).resolve().parents[1]


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        write(DOCS / name, page())
    errors_picture(DOCS / "errors.svg")
    tutorial = DOCS / "tutorial.ipynb"
    if not same(tutorial.read_text(encoding="utf-8"), text := executed(tutorial)):
        write(tutorial, text)
    for path in sorted(DOCS.glob("*.md")):
        if path.name not in {*PAGES, "cluster.md"}:  # which shows nothing and needs a cluster
            with tempfile.TemporaryDirectory() as folder, chdir(folder):
                text = refilled(path.read_text(encoding="utf-8"), run_program)
            write(path, text)


if __name__ == "__main__":
    main()
