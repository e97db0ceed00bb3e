"""Change the numerical core a little, many times, and see whether the tests notice.

    python .ci/mutants.py                  40 changes of each group of modules
    python .ci/mutants.py --size 10 --only sampling
    python .ci/mutants.py --write          also writes the page's figures

Groups of modules, and the tests that judge them, stand in pyproject.toml under `tool.mutants`. The
changes are cosmic-ray's: another operator, another number, a condition turned round. A place in the
code is drawn first, then one of the changes possible there, so that a long sum counts no more than
a short condition. Annotations, what is read by type checkers alone, caches and `strict=True` are
left alone: without them, all is as it was.

Each mutant runs in a process of its own, forked from one that has imported what the package needs
and nothing of the package. Exits with 1 where a group of tests fails as it is, or fewer than 85% of
all changes are noticed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "validation" / "mutants.json"
LEAST = 0.85
COPIED = ("uncertain_scale", "tests", "priors", "benchmarks", "pyproject.toml", "README.md")
PRELOADED = ("numpy", "scipy.special", "scipy.stats", "scipy.interpolate", "pandas", "xarray")
PRELOADED += ("pydantic", "pint", "pytest", "rich", "jinja2", "arviz_stats", "SALib")
EFFECTLESS = ("abstractmethod", "cache", "lru_cache", "override")


class Mutant(NamedTuple):
    """A change: where, by which of cosmic-ray's operators, and which of its occurrences."""

    module: str
    line: int
    operator: str
    occurrence: int


def main() -> int:
    """Run a sample and tell what went unnoticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutants"]
    parser.add_argument("--size", type=int, default=40, help="changes of a group")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--only", nargs="*", choices=groups, default=list(groups))
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    for name in PRELOADED:
        with suppress(ImportError):
            __import__(name)
    rows, alive, broken = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy / name)
            else:
                shutil.copy(ROOT / name, copy / name)
        for name in options.only:
            modules = sorted(
                str(path.relative_to(ROOT))
                for pattern in groups[name]["modules"]
                for path in ROOT.glob(pattern)
                if path.name != "__init__.py"
            )
            start = time.monotonic()
            if not passes(copy, groups[name]["tests"], 3600):
                broken.append(name)
                print(f"{name}: its tests fail as they are", flush=True)
                continue
            patience = 5 * (time.monotonic() - start) + 30
            sample = drawn(modules, options.size, f"{options.seed} {name}")
            unnoticed = [
                row for row in (tried(copy, groups[name], m, patience) for m in sample) if row
            ]
            alive += unnoticed
            killed = len(sample) - len(unnoticed)
            rows.append({"name": name, "mutants": len(sample), "killed": killed})
            print(f"{name}: {killed} of {len(sample)} noticed", flush=True)
    total, killed = (sum(row[key] for row in rows) for key in ("mutants", "killed"))
    rows.append({"name": "all", "mutants": total, "killed": killed})
    for row in rows:
        row["interval"] = interval(row["killed"], row["mutants"])
    if options.write:
        write(rows, alive, options)
    print(f"noticed {killed} of {total}, {interval(killed, total)}")
    return 1 if broken or killed < LEAST * total else 0


def tried(copy: Path, group: dict, mutant: Mutant, patience: float) -> dict[str, str] | None:
    """Run a group's tests on a mutant; tell where it is and what it changes if none notices."""
    before, diff = changed(copy, mutant)
    noticed = not passes(copy, group["tests"], patience)
    if not noticed and "more" in group:
        noticed = not passes(copy, group["more"], 40 * patience, "not nightly")
    write_source(copy / mutant.module, before)
    if noticed:
        return None
    print(f"  unnoticed: {mutant.module}:{mutant.line}: {diff}", flush=True)
    return {"where": f"{mutant.module}:{mutant.line}", "change": diff}


def drawn(modules: list[str], size: int, seed: str) -> list[Mutant]:
    """Return a sample of the changes of some modules."""
    places: dict[tuple[str, tuple[int, int]], list[Mutant]] = defaultdict(list)
    for module in modules:
        for position, mutant in possible(module):
            places[module, position].append(mutant)
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    chosen = chance.sample(sorted(places), min(size, len(places)))
    return [chance.choice(places[place]) for place in chosen]


def possible(module: str) -> list[tuple[tuple[int, int], Mutant]]:
    """Return every change of a module that means something, with the place where it starts."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    source = (ROOT / module).read_text(encoding="utf-8")
    left_alone = ranges_left_alone(source)
    nodes = list(ast_nodes(get_ast(source)))
    found = []
    for name in operator_names():
        if "Variable" in name:  # these take arguments of their own
            continue
        operator = get_operator(name)()
        occurrence = 0
        for node in nodes:
            for start, _ in operator.mutation_positions(node):
                if not any(low <= start < high for low, high in left_alone):
                    found.append((start, Mutant(module, start[0], name, occurrence)))
                occurrence += 1
    return found


def ranges_left_alone(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return from where to where annotations go, and what only type checkers read."""
    found = []
    for node in ast.walk(ast.parse(source)):
        parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            parts.append(node)
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            parts.append(node)
        if isinstance(node, ast.keyword) and node.arg == "strict":
            parts.append(node.value)
        found += [
            ((decorator.lineno, 0), (decorator.lineno + 1, 0))
            for decorator in getattr(node, "decorator_list", ())
            if ast.unparse(decorator).partition("(")[0] in EFFECTLESS
        ]
        for part in parts:
            if part is not None:
                end = (part.end_lineno or 0, part.end_col_offset or 0)
                found.append(((part.lineno, part.col_offset), end))
    return found


def changed(copy: Path, mutant: Mutant) -> tuple[str, str]:
    """Change a module of the copy; return its text before, and the change in a line."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    path = copy / mutant.module
    before = path.read_text(encoding="utf-8")
    after = mutate_code(before, get_operator(mutant.operator)(), mutant.occurrence) or before
    write_source(path, after)
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    old, new = next(((a, b) for a, b in pairs if a != b), ("", ""))
    return before, re.sub(r"\s+", " ", f"{old.strip()} -> {new.strip()}")


def write_source(path: Path, text: str) -> None:
    """Write a module, and take away what Python has compiled of it."""
    path.write_text(text, encoding="utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def passes(
    copy: Path, tests: list[str], patience: float, marks: str = "not nightly and not slow"
) -> bool:
    """Tell whether tests pass in a process of their own, in time."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            code = run_tests(copy, tests, marks)
        finally:
            os._exit(code)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def run_tests(copy: Path, tests: list[str], marks: str) -> int:
    """Run tests on the copy, in a process that ends with them."""
    import pytest

    os.setpgid(0, 0)
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    os.environ |= {"PYTHONPATH": str(copy), "HYPOTHESIS_STORAGE_DIRECTORY": str(copy / "examples")}
    sys.dont_write_bytecode = bool(list(copy.glob("uncertain_scale/__pycache__")))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-m", marks]
    return int(pytest.main([*options, *tests]))


def interval(killed: int, number: int) -> list[float]:
    """Return the exact 95% interval of a binomial share (Clopper and Pearson 1934)."""
    from scipy.stats import binomtest

    if not number:
        return [0.0, 1.0]
    found = binomtest(killed, number).proportion_ci()
    return [round(float(found.low), 4), round(float(found.high), 4)]


def write(rows: list[dict], alive: list[dict], options: argparse.Namespace) -> None:
    """Write the page's figures; what was said of a change that is still unnoticed is kept."""
    said = {}
    if RESULTS.exists():
        old = json.loads(RESULTS.read_text(encoding="utf-8"))
        said = {(row["where"].split(":")[0], row["change"]): row["why"] for row in old["survivors"]}
    for row in alive:
        row["why"] = said.get((row["where"].split(":")[0], row["change"]), "not looked at yet")
    found = {"size": options.size, "seed": options.seed, "groups": rows, "survivors": alive}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
