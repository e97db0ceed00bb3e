"""Many inputs through the command line, each to be answered or refused in words.

python tests/fuzz --inputs 100000 --seed 1          a night's run, on one core
python tests/fuzz --inputs 100000 --seed 1 --write  also writes the figures of docs/validation.md
python tests/fuzz --only 'seed:number'              one input again, with its words and files

`coverage_guided.py` beside this goes by coverage instead, with atheris.

Input N of seed S is always the same one. The exit code is 1 if an input is not met well.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from cases import makers
from grammar import SMALL, Case
from sandbox import Sandbox

_MOST_SHOWN = 40
_TOLD = ("answered", "told apart", "refused", "faults")
RESULTS = Path(__file__).parents[2] / "benchmarks" / "validation" / "fuzz.json"


def saved_report(sandbox: Sandbox) -> dict[str, bytes]:
    """Return the files of a report with a checkpoint, as an interrupted run leaves them."""
    asked = ["report", "--scenario", "small.toml", "--budget", "1M", "--outputs", "gpu_hours"]
    case = Case("saved", [*asked, *SMALL, "--output", "saved"])
    limit, sandbox.limit = sandbox.limit, 120.0  # much is imported here, once
    fault = sandbox.run(case).fault
    sandbox.limit = limit
    if fault:
        sys.exit(f"a report that is to be spoilt was not saved: {fault}")
    folder = sandbox.work / "saved"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def case_of(seed: int, number: int, folder: dict[str, bytes]) -> Case:
    """Return input `number` of a seed."""
    r = random.Random(f"{seed}:{number}")
    made = makers(folder)
    kinds, shares = list(made), [share for share, _ in made.values()]
    return made[r.choices(kinds, shares)[0]][1](r)


def main() -> int:
    """Run the inputs, tell the figures, and say what was not met well."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for an input")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--only", metavar="SEED:NUMBER", help="one input, shown")
    options = parser.parse_args()
    os.environ["COLUMNS"] = "80"
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    faults: dict[str, list[str]] = defaultdict(list)
    slowest = (0.0, "")
    begun = time.perf_counter()
    stopped: list[int] = []
    for one in (signal.SIGINT, signal.SIGTERM):  # the figures so far, and an end
        signal.signal(one, lambda number, _: stopped.append(number))
    with Sandbox(options.limit) as sandbox:
        folder = saved_report(sandbox)
        if options.only:
            seed, number = map(int, options.only.split(":"))
            case = case_of(seed, number, folder)
            print(case.words)
            for name, data in case.files.items():
                print(f"--- {name}\n{data.decode('utf-8', 'backslashreplace')}")
            outcome = sandbox.run(case)
            print(f"--- exit code {outcome.code}\n{outcome.text}{outcome.fault}")
            return int(bool(outcome.fault))
        for number in range(options.first, options.first + options.inputs):
            if stopped:
                break
            case = case_of(options.seed, number, folder)
            outcome = sandbox.run(case)
            told = {0: "answered", 1: "told apart", 2: "refused"}.get(outcome.code, "other")
            counts[case.kind]["faults" if outcome.fault else told] += 1
            slowest = max(slowest, (outcome.seconds, f"{options.seed}:{number}"))
            if number % 5_000 == 4_999:
                print(f"{number + 1:,}: {time.perf_counter() - begun:.0f} s", flush=True)
            if outcome.fault:
                kind = outcome.fault.strip().splitlines()[-1][:160]
                faults[kind].append(f"{options.seed}:{number}")
                if len(faults[kind]) == 1:
                    print(f"{options.seed}:{number} {case.kind}: {outcome.fault}", flush=True)
    total = sum((counts[kind] for kind in counts), Counter[str]())
    rows = {**dict(sorted(counts.items())), "all": total}
    print(f"\n{'kind':<24}" + "".join(f"{told:>12}" for told in _TOLD))
    for kind, found in rows.items():
        print(f"{kind:<24}" + "".join(f"{found[told]:>12,}" for told in _TOLD))
    print(
        f"{total.total():,} inputs in {time.perf_counter() - begun:.0f} s; "
        f"the slowest took {slowest[0]:.2f} s ({slowest[1]})"
    )
    for kind, where in sorted(faults.items(), key=lambda one: -len(one[1]))[:_MOST_SHOWN]:
        print(f"{len(where):>6} x {kind}   {' '.join(where[:4])}")
    if options.write:
        table = {kind: {told: found[told] for told in _TOLD} for kind, found in rows.items()}
        found = {"seed": options.seed, "slowest": round(slowest[0], 1), "kinds": table}
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
