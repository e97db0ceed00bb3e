"""One tool's answers in a process of its own, timed inside it after a first, small call."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.peers import PEERS

WARM_UP = 4096


def peak_mib() -> float:
    """Return the peak resident memory of this process alone, in MiB.

    Linux counts what a parent held before the program was started into `getrusage`'s figure, but
    not into VmHWM.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Print seconds, peak memory and answers as JSON."""
    name, draws, seed = sys.argv[1:]
    answer = PEERS[name].answer
    answer(WARM_UP, 1)
    start = time.perf_counter()
    answers = answer(int(draws), int(seed))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "mib": peak_mib(), "answers": answers}))


if __name__ == "__main__":
    main()
