"""The tutorial: executed as a reader would run it, and turned into a page of the site."""

from __future__ import annotations

import json
import re
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["executed", "page_of", "same"]

_SECONDS = 300


def executed(path: Path) -> str:
    """Return a notebook with the outputs that it has now, as the text of its file.

    What differs from run to run for no reason (times, counts of messages, the version of Python) is
    left out; it runs in an empty folder.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            record_timing=False,
        )
        client.execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output.output_type in {"display_data", "execute_result"}:
                output.metadata = {}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def same(one: str, two: str) -> bool:
    """Tell whether two notebooks show the same; of a picture only that there is one.

    Pixels differ from one version of Matplotlib to another.
    """
    return _told(one) == _told(two)


def page_of(text: str) -> str:
    """Return a notebook as Markdown, its outputs below its code."""
    parts: list[str] = []
    heading = ""
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            heading = [heading, *re.findall(r"(?m)^#+ (.+)$", source)][-1]
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            parts += _shown(output, heading)
    return "\n\n".join(parts) + "\n"


def _told(text: str) -> list[tuple[str, list[str]]]:
    """Return each cell of a notebook with what it shows."""
    return [
        ("".join(cell["source"]), [_words(output) for output in cell.get("outputs", ())])
        for cell in json.loads(text)["cells"]
    ]


def _words(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return "a picture"
    return "".join(data.get("text/html") or data.get("text/plain") or output.get("text", ""))


def _shown(output: dict[str, Any], heading: str) -> Iterator[str]:
    data = output.get("data", {})
    if "image/png" in data:
        picture = "".join(data["image/png"]).replace("\n", "")
        yield f'<img alt="Figure: {heading}" src="data:image/png;base64,{picture}">'
    elif "text/html" in data:
        yield "".join(data["text/html"])
    else:
        yield f"```text\n{_words(output).rstrip()}\n```"
