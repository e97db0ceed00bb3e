"""What MkDocs calls: the tutorial's notebook, the reports and the priors' reasons are pages."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

from notebook import page_of

_NOTEBOOK, _PAGE = "tutorial.ipynb", "tutorial.md"
_ROOT = Path(__file__).parents[2]
_REPORTS = _ROOT / "reports"
_MADE = _REPORTS / "make"
_PRIORS = "priors/README.md"
_SHOWN = {".json", ".md", ".svg"}
# Where a link leads in the repository, and where it does on the site.
_LINKS = {
    re.escape(f"]({_NOTEBOOK})"): f"]({_PAGE})",
    r"\]\(\.\./reports/": "](reports/",
    r"\]\(((?:\.\./)+)docs/": r"](\1",
    r"\]\(((?:[^):]*/)?)README\.md": r"](\1index.md",
}


def on_files(files: Any, *, config: Any) -> Any:
    """Add the page of the notebook, which can be downloaded, those of the reports and of priors."""
    text = (Path(config["docs_dir"]) / _NOTEBOOK).read_text(encoding="utf-8")
    files.append(File.generated(config, _PAGE, content=page_of(text)))
    for path in [*sorted(_REPORTS.rglob("*")), _ROOT / _PRIORS]:
        if path.suffix in _SHOWN and _MADE not in path.parents:
            place = path.relative_to(_ROOT).as_posix().replace("README.md", "index.md")
            files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_post_build(*, config: Any) -> None:
    """Put llms.txt into the site, and beside each page the Markdown that it leads to."""
    site, docs = Path(config["site_dir"]), Path(config["docs_dir"])
    text = (_ROOT / "llms.txt").read_text(encoding="utf-8").replace("](docs/", "](")
    (site / "llms.txt").write_text(text, encoding="utf-8")
    for page in docs.glob("*.md"):
        (site / page.name).write_bytes(page.read_bytes())


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Point links at the site's own pages."""
    up = "../" * page.file.src_uri.count("/")
    markdown = markdown.replace(f"](../{_PRIORS}", f"]({up}priors/index.md")
    for link, here in _LINKS.items():
        markdown = re.sub(link, here, markdown)
    return markdown
