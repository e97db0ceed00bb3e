"""What MkDocs calls: the tutorial's notebook and the reports are pages of the site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

from notebook import page_of

_NOTEBOOK, _PAGE = "tutorial.ipynb", "tutorial.md"
_REPORTS = Path(__file__).parents[2] / "reports"
_SHOWN = {".json", ".md", ".svg"}
# Where a link leads in the repository, and where it does on the site.
_LINKS = {
    f"]({_NOTEBOOK})": f"]({_PAGE})",
    "](../reports/README.md)": "](reports/index.md)",
    "](../reports/": "](reports/",
    "](../docs/": "](../",
}


def on_files(files: Any, *, config: Any) -> Any:
    """Add the page of the notebook, which can be downloaded as well, and those of the reports."""
    text = (Path(config["docs_dir"]) / _NOTEBOOK).read_text(encoding="utf-8")
    files.append(File.generated(config, _PAGE, content=page_of(text)))
    for path in [*sorted(_REPORTS.glob("*/*")), _REPORTS / "README.md"]:
        if path.suffix in _SHOWN:
            place = path.relative_to(_REPORTS.parent).as_posix().replace("README.md", "index.md")
            files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Point links at the site's own pages."""
    for link, here in _LINKS.items():
        markdown = markdown.replace(link, here)
    return markdown
