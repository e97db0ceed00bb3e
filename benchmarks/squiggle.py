"""Squiggle, a language of its own that runs in node: one process that answers line by line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.peers import MODEL, NAMES

__all__ = ["Squiggle", "install"]

PACKAGE = "@quri/squiggle-lang"
_SCRIPT = Path(__file__).parent / "squiggle.mjs"


def install(folder: Path) -> str:
    """Install Squiggle into a folder by npm; return why it cannot be, or ""."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node or npm is not installed"
    if (folder / "node_modules" / PACKAGE).exists():
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text("{}\n", encoding="utf-8")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", PACKAGE]
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
    return "" if done.returncode == 0 else f"npm install {PACKAGE}: {lines[-1]}"


class Squiggle:
    """A running node process."""

    def __init__(self, folder: Path) -> None:
        self.command = ["node", str(_SCRIPT), str(folder), str(MODEL / "model.squiggle")]
        self._node = subprocess.Popen(  # noqa: S603
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, draws: int, seed: int) -> tuple[float, dict[str, list[float]]]:
        """Return the seconds that a run took inside node, and its answers."""
        assert self._node.stdin is not None  # noqa: S101 (both are pipes)
        assert self._node.stdout is not None  # noqa: S101
        self._node.stdin.write(f"{draws} {seed}\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        if not line:
            raise RuntimeError(f"node ended with {self._node.wait()}")
        found = json.loads(line)
        if found["error"]:
            raise RuntimeError(found["error"])
        return found["ms"] / 1e3, dict(zip(NAMES, found["rows"], strict=True))

    def close(self) -> None:
        """End the process."""
        if self._node.stdin is not None:
            self._node.stdin.close()
        self._node.wait(timeout=10)
