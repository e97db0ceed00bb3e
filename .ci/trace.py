"""Print how much of the package an answer touches: files with functions called, and modules loaded.

    python .ci/trace.py [COMMAND ...]

By default `report --budget 100M`. A file is touched where one of its functions is called, be it on
import; bodies of modules and classes do not count. A module that is loaded and not touched stands
with what imports it first. The exit code is 1 where the road is longer than it should be.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

WORDS = ("report", "--budget", "100M")
MOST_TOUCHED, MOST_LOADED = 55, 90
ROOT = Path(__file__).resolve().parents[1]
PACKAGE = str(ROOT / "uncertain_scale") + "/"

calls: Counter[str] = Counter()
importers: dict[str, str] = {}


def watch(frame: FrameType, event: str, _: object) -> None:
    """Count a call of a function of ours; of a module's body note who asked for it."""
    code = frame.f_code
    if event != "call" or not code.co_filename.startswith(PACKAGE):
        return
    name = code.co_filename.removeprefix(PACKAGE)
    if code.co_flags & inspect.CO_OPTIMIZED:
        calls[name] += 1
    elif code.co_name == "<module>":
        importers[name] = importer(frame.f_back)


def importer(frame: FrameType | None) -> str:
    """Return the nearest place of ours, with the function if that is not a module's body."""
    while frame is not None and not frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    if frame is None:
        return "the program"
    where = f"{frame.f_code.co_filename.removeprefix(PACKAGE)}:{frame.f_lineno}"
    inside = frame.f_code.co_name
    return where if inside == "<module>" else f"{where} in {inside}"


def run(words: list[str]) -> None:
    """Run a command of the program, watched, with what it prints thrown away."""
    sys.path.insert(0, str(ROOT))
    sys.argv = ["uncertain-scale", *words]
    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            from uncertain_scale.cli import main

            main()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


words = sys.argv[1:] or list(WORDS)
run(words)
print(" ".join(words))
print(f"{len(calls)} files touched of at most {MOST_TOUCHED}, by calls:")
for name, count in calls.most_common():
    print(f"{count:9,}  {name}")
print(f"{len(importers)} modules loaded of at most {MOST_LOADED}; in vain, with what imports them:")
for name in sorted(importers.keys() - calls.keys()):
    print(f"           {name}  <- {importers[name]}")
sys.exit(len(calls) > MOST_TOUCHED or len(importers) > MOST_LOADED)
