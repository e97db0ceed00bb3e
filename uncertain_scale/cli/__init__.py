"""The command line: the only place that prints and exits."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

_INTERRUPTED = 130
_LOST = "there is no answer yet"
_LOST_AS_JSON = (  # as `output` writes it, which is not imported yet
    f'{{"error": {{"code": "interrupted", "where": "", "found": "{_LOST}", "expected": "", '
    f'"hint": "", "message": "{_LOST}"}}, "more": []}}'
)


def _end(*_: Any) -> None:
    """End the program at Ctrl-C while it is still imported, when there is nothing to lose."""
    as_json = "--format=json" in "=".join(sys.argv)
    os.write(2, f"{_LOST_AS_JSON if as_json else f'interrupted: {_LOST}'}\n".encode())
    os._exit(_INTERRUPTED)


# Chains have threads of their own. Those of linear algebra, which begin with NumPy, would only wait
# beside them, and the last digits of a sum would depend on how many there are.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# An exception in the middle of an import comes out as whatever the importing code makes of it.
_before = signal.getsignal(signal.SIGINT)
_heard = (
    _before is signal.default_int_handler and threading.current_thread() is threading.main_thread()
)
if _heard:
    signal.signal(signal.SIGINT, _end)
try:
    from uncertain_scale.cli.main import main
finally:
    if _heard:
        signal.signal(signal.SIGINT, _before)

__all__ = ["main"]
