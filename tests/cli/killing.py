"""Kill writers while they replace a report, and see whether it is the old one or the new one.

python tests/cli/killing.py FOLDER --every 1 --rounds 300

A child process runs the program's own command and kills itself at each of its steps that touch the
folder (`--every N`: at every N-th), and then others are killed by a clock at random moments. After
each, the files are what the next reader finds: all old, or all new. Prints the figures as JSON; the
exit code is 1 if a report was neither.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
from typer.main import get_command

from uncertain_scale.cli.main import app
from uncertain_scale.cli.verify import read_record

PRIORS = """\
schema_version = 1
inputs.hourly_rate = { kind = "lognormal", q05 = 1.4, q95 = 3.2, units = "USD/gpu/hour" }
"""


def contents(path: Path) -> bytes:
    """Return what a file holds; of draws all arrays, since old versions of HDF5 note the time."""
    if path.suffix != ".nc":
        return path.read_bytes()
    found: list[str] = []

    def note(name: str, one: object) -> None:
        if isinstance(one, h5py.Dataset):
            found.append(f"{name} {np.asarray(one[()]).tolist()}")

    try:
        with h5py.File(path) as file:
            file.visititems(note)
    except OSError:
        return b"no whole file"
    return "\n".join(found).encode()


class Killing:
    """A folder with a report, which children replace."""

    def __init__(self, top: Path) -> None:
        self.folder = top / "report"
        self._command = get_command(app)
        (top / "priors.toml").write_text(PRIORS)
        self._asked = ["report", "--scenario", str(top / "priors.toml"), "--outputs", "gpu_hours"]
        self._asked += ["--draws", "16", "--chains", "2", "--output", str(self.folder)]
        self.write("2M")
        self.new = self.files()
        self.write("1M")
        self.old = self.files()
        shutil.copytree(self.folder, top / "kept")
        self._kept = top / "kept"

    def write(self, budget: str) -> None:
        """Run the program in this process."""
        try:
            self._command.main([*self._asked, "--budget", budget, "--format", "json"])
        except SystemExit as end:
            if end.code:
                raise

    def files(self) -> dict[str, bytes]:
        """Return the files that people see in the folder."""
        return {
            str(path.relative_to(self.folder)): contents(path)
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.parts[-3:])
        }

    def child(self, budget: str, *, step: int | None = None) -> int:
        """Start a process that writes; it kills itself at a step, if one is named."""
        pid = os.fork()
        if pid:
            return pid
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if step is not None:
            steps = iter(range(10**9))
            place = str(self.folder)

            def audit(event: str, arguments: tuple[object, ...]) -> None:
                touched = event.startswith(("open", "os.", "shutil.")) and place in repr(arguments)
                if touched and next(steps) == step:
                    os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(audit)
        try:
            self.write(budget)
        except BaseException:  # noqa: BLE001 (a child never goes on as its parent)
            os._exit(1)
        os._exit(0)

    def restore(self) -> None:
        """Put the old report back, and what was left behind away."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept, self.folder)

    def judged(self) -> str:
        """Say what the next reader finds, and whether the next writer writes it whole."""
        seen = self.files()
        before = {str(self.old): "old", str(self.new): "new"}.get(str(seen), "in between")
        read_record(self.folder)
        after = self.files()
        found = "old" if after == self.old else "new" if after == self.new else "MIXED"
        return f"{before}, read as {found}"


def main() -> int:
    """Kill writers, and tell what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--together", type=int, default=0, help="rounds of two writers at once")
    options = parser.parse_args()
    devnull = os.open(os.devnull, os.O_WRONLY)
    out = os.dup(1)
    os.dup2(devnull, 1)
    killing = Killing(options.folder)
    at_steps: Counter[str] = Counter()
    found: Counter[str] = Counter()
    together: Counter[str] = Counter()
    leftovers = 0
    step = killed = 0
    while True:
        _, status = os.waitpid(killing.child("2M", step=step), 0)
        if not os.WIFSIGNALED(status):
            break
        killed += 1
        at_steps[killing.judged()] += 1
        killing.write("2M")  # the next run works, and clears up
        leftovers += killing.files() != killing.new
        leftovers += any(path.name.startswith(".") for path in killing.folder.iterdir())
        killing.restore()
        step += options.every
    dice = random.Random(1)  # noqa: S311
    begun = time.perf_counter()
    os.waitpid(killing.child("2M"), 0)
    length = time.perf_counter() - begun
    killing.restore()
    for _ in range(options.rounds):
        pid = killing.child("2M")
        time.sleep(dice.uniform(0, 1.1 * length))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        found[killing.judged()] += 1
        killing.restore()
    for _ in range(options.together):
        for pid in [killing.child("1M"), killing.child("2M")]:
            together["one failed"] += os.waitpid(pid, 0)[1] != 0
        together[killing.judged()] += 1
        leftovers += any(path.name.startswith(".") for path in killing.folder.iterdir())
        killing.restore()
    figures = {
        "killed at a step": killed,
        "of these": at_steps,
        "killed by the clock": options.rounds,
        "of those": found,
        "two writers": together,
        "leftovers": leftovers,
    }
    os.write(out, json.dumps(figures).encode() + b"\n")
    bad = together["one failed"] or any("MIXED" in one for one in at_steps | found | together)
    return int(bool(leftovers or bad))


if __name__ == "__main__":
    sys.exit(main())
