"""What MkDocs calls: the tutorial's notebook is a page of the site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

from notebook import page_of

_NOTEBOOK, _PAGE = "tutorial.ipynb", "tutorial.md"


def on_files(files: Any, *, config: Any) -> Any:
    """Add the page of the notebook, which can be downloaded as well."""
    text = (Path(config["docs_dir"]) / _NOTEBOOK).read_text(encoding="utf-8")
    files.append(File.generated(config, _PAGE, content=page_of(text)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Point links to the notebook at its page."""
    return markdown.replace(f"]({_NOTEBOOK})", f"]({_PAGE})")
