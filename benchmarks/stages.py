"""What is measured, one stage a function; each returns plain numbers for `writing`."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import accuracy
from benchmarks.measure import Budget, available_mib, child, in_turns, median, paired, process
from benchmarks.peers import MODEL, NAMES, PEERS, our_design, our_summary, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.squiggle import Squiggle

__all__ = ["FULL", "NORMAL", "OURS", "QUICK", "Mode", "Tools", "WrongAnswerError"]

OURS, PLAIN = "uncertain_scale", "plain"
MILLION = 10**6
FEW, USUAL, STREAMED = 1 << 13, 1 << 16, 1 << 22
NEEDED, SMALL = "all that a report of a user's equations imports", "report of 8,192 draws"
REPORT = "report --budget 100M"
_HERE = Path(__file__).parent
_GRACE = 10.0  # seconds that a run may take longer than is expected
_SCRIPTS = ("ppf.py", "cluster.py")
_LONG = ("sensitivity.py",)
_SECONDS = {  # of each stage by default: a quarter of an hour together
    "million": 45,
    "split": 5,  # each size
    "each draw": 15,
    "counted": 10,
    "growth": 240,
    "growth of peers": 100,
    "accuracy": 100,
    "whole": 65,
    "starts": 25,
    "start": 45,
    "slider": 5,
    "scripts": 185,
}


class WrongAnswerError(Exception):
    """A tool gives answers that are not the exact ones: its time would mean nothing."""


@dataclass(frozen=True)
class Mode:
    """How much is measured."""

    name: str
    rounds: int
    seeds: int
    times: float  # the seconds of each stage, of the default's
    sizes: tuple[int, ...]
    targets: tuple[float, ...] = (1e-3, 1e-4)
    scripts: tuple[str, ...] = ()

    def budget(self, stage: str) -> Budget:
        """Return the seconds that a stage may take, from now on."""
        return Budget(self.times * _SECONDS[stage])


QUICK = Mode("quick", 3, 6, 0.15, (10**4, 10**5, 10**6))
NORMAL = Mode("default", 5, 8, 1, tuple(10**k for k in range(4, 10)), scripts=_SCRIPTS)
FULL = Mode("full", 9, 16, 12, tuple(10**k for k in range(4, 10)), scripts=_SCRIPTS + _LONG)


class Growth(NamedTuple):
    """One tool at one size: seconds and peak memory, or why it was not run."""

    draws: int
    seconds: float | None
    mib: float | None
    reason: str = ""


@dataclass
class Tools:
    """The tools that are there, and what they answer in."""

    squiggle: Squiggle | None = None
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the Python tools that are there."""
        return [name for name in PEERS if not why_not(name)]

    def check(self) -> dict[str, int]:
        """Check every tool's answers against the exact ones; return the draws of each.

        Raises
        ------
        WrongAnswerError
            A tool's answers are wrong.
        """
        faults, draws = [], {}
        for name in self.names:
            draws[name] = min(1 << 17, PEERS[name].most)
            answers = PEERS[name].answer(draws[name], 7)
            faults += accuracy.faults(name, answers, draws[name])
        if self.squiggle is not None:
            draws["squiggle"] = 100_000
            _, answers = self.squiggle.run(100_000, 7)
            faults += accuracy.faults("squiggle", answers, 100_000)
        if faults:
            raise WrongAnswerError("\n".join(faults))
        return draws

    def million(self, mode: Mode) -> dict[str, dict[str, float]]:
        """Time sampling, model and summary of 1e6 draws in this process, in turns."""
        budget = mode.budget("million")
        names = [name for name in self.names if PEERS[name].most >= MILLION]
        calls: dict[str, Callable[[], object]] = {
            name: partial(PEERS[name].answer, MILLION, 1) for name in names
        }
        times = in_turns(calls, mode.rounds, budget)
        found = {name: _against(times[name], times[PLAIN], MILLION) for name in names}
        if self.squiggle is not None:
            one = in_turns(
                {PLAIN: calls[PLAIN], "squiggle": lambda: self.squiggle.run(MILLION, 1)[0]},
                2,
                budget,
            )
            found["squiggle"] = _against(one["squiggle"], one[PLAIN], MILLION)
        for slow in (name for name in self.names if PEERS[name].most < MILLION):
            few = PEERS[slow].most
            pair: dict[str, Callable[[], object]] = {
                name: partial(PEERS[name].answer, few, 1) for name in (PLAIN, slow)
            }
            one = in_turns(pair, mode.rounds, budget)
            found[slow] = _against(one[slow], one[PLAIN], few)
        return found

    def growth(self, mode: Mode) -> dict[str, list[Growth]]:
        """Time growing numbers of draws, each in a process of its own with its peak memory."""
        ours = list(_grow(OURS, mode, mode.budget("growth")))
        budget = mode.budget("growth of peers")
        return {
            name: ours if name == OURS else list(_grow(name, mode, budget)) for name in self.names
        }

    def to_accuracy(self, mode: Mode) -> dict[str, Any]:
        """Find the draws that each accuracy needs, and time them against plain's in turns."""
        whole = mode.budget("accuracy")
        names = [name for name in (OURS, "scipy (Sobol')", "probabilit") if name in self.names]
        rungs = {
            name: accuracy.ladder(
                name,
                min(mode.targets),
                seeds=mode.seeds,
                budget=Budget(whole.left / 4),
                also=(FEW, USUAL) if name == OURS else (),
            )
            for name in names
        }
        spread = accuracy.rung(PLAIN, USUAL, seeds=2 * mode.seeds)
        timed = {}
        for count, target in zip(range(len(mode.targets), 0, -1), mode.targets, strict=True):
            needed = {name: _reaching(steps, target) for name, steps in rungs.items()}
            timed[target] = _timed(target, needed, mode.rounds, Budget(whole.left / count))
        sizes = {needed[OURS] or FEW, FEW, USUAL, STREAMED}
        ways = {size: our_summary(size, 1)["pivot"] for size in sorted(sizes)}
        return {
            "rungs": rungs,
            "timed": timed,
            "plain": spread,
            "ways": {
                size: dict(zip(map(str, way["output"].values), map(str, way.values), strict=True))
                for size, way in ways.items()
            },
        }

    def whole(self, mode: Mode, needed: Mapping[str, int | None]) -> dict[str, dict[str, float]]:
        """Time whole processes from start to printed answers, at 1e-3 accuracy of every end.

        Parameters
        ----------
        mode
            How much is measured.
        needed
            Draws by tool, for those that do not draw independently.
        """
        independent = accuracy.draws_needed(1e-3)
        budget = mode.budget("whole")
        commands = {
            name: ([sys.executable, "-m", "benchmarks.peers", name, str(independent)], independent)
            for name in (PLAIN, "squigglepy", "openturns")
            if name in self.names
        }
        commands[REPORT] = [_program(), *REPORT.split()], USUAL
        if draws := needed.get(OURS):
            commands[OURS] = our_command(draws), draws
        if draws := needed.get("probabilit"):
            module = [sys.executable, "-m", "benchmarks.peers", "probabilit"]
            commands["probabilit"] = [*module, str(draws)], draws
        runs = {name: (lambda c=command: process(c)[0]) for name, (command, _) in commands.items()}
        base = "squigglepy" if "squigglepy" in commands else PLAIN
        times = in_turns(runs, mode.rounds, budget)
        found = {
            name: _against(times[name], times[base], draws) for name, (_, draws) in commands.items()
        }
        if self.squiggle is not None and mode is not QUICK:
            command = [*self.squiggle.command, str(independent), "1"]
            one = in_turns({base: runs[base], "squiggle": lambda: process(command)[0]}, 1)
            found["squiggle"] = _against(one["squiggle"], one[base], independent)
        return found

    def starts(self, mode: Mode) -> dict[str, float]:
        """Time what a start costs: help, a bare typer program, and imports alone."""
        python = sys.executable
        commands = {
            "uncertain-scale --help": [_program(), "--help"],
            "a bare typer program --help": [python, str(_HERE / "bare.py"), "--help"],
            "python, nothing imported": [python, "-c", "pass"],
            "import numpy": [python, "-c", "import numpy"],
            "import xarray": [python, "-c", "import xarray"],
            NEEDED: [python, "-c", "import numpy, scipy.special, pint, pydantic, typer, rich"],
            SMALL: our_command(1 << 13),
        }
        runs = {name: (lambda c=c: process(c)[0]) for name, c in commands.items()}
        times = in_turns(runs, mode.rounds, mode.budget("starts"))
        return {name: median(one) for name, one in times.items()}


def _timed(
    target: float, needed: Mapping[str, int | None], rounds: int, budget: Budget
) -> dict[str, dict[str, Any]]:
    """Time the draws that an accuracy needs against plain's in turns.

    Plain is timed at the draws that 1e-3 needs; the time of more is longer by as much as they are
    more, or by a little more than that, since it sorts.
    """
    plain = accuracy.draws_needed(target)
    most = min(plain, accuracy.draws_needed(1e-3))
    draws = {name: size for name, size in needed.items() if size} | {PLAIN: most}
    calls: dict[str, Callable[[], object]] = {
        name: partial(PEERS[name].answer, size, 3) for name, size in draws.items()
    }
    times = in_turns(calls, rounds, budget)
    times[PLAIN] = [plain / most * seconds for seconds in times[PLAIN]]
    found: dict[str, dict[str, Any]] = {
        name: {"draws": size, "seconds": None, "ratio": None} for name, size in needed.items()
    }
    found |= {name: _against(times[name], times[PLAIN], draws[name]) for name in draws}
    found[PLAIN] |= {"draws": plain, "extrapolated": plain > most}
    return found


def scripts(mode: Mode) -> dict[str, str]:
    """Run the benchmarks of single parts; return what each prints, or how it fails."""
    budget = mode.budget("scripts")
    return {name: script(name, budget.left) for name in mode.scripts}


def script(name: str, seconds: float | None = None) -> str:
    """Run the benchmark of a single part; return what it prints, or how it fails.

    Parameters
    ----------
    name
        A script of this folder.
    seconds
        It is interrupted after these; what it has printed by then is kept.
    """
    limit = ["--seconds", f"{seconds / 2:.0f}"] if seconds and name == "cluster.py" else []
    command = [sys.executable, "-u", str(_HERE / name), *limit]
    with subprocess.Popen(  # noqa: S603 (the project's own scripts)
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=_HERE.parent
    ) as running:
        try:
            printed, errors = running.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)  # it ends what it started
            printed, _ = running.communicate(timeout=60)
            return f"{printed}stopped after {seconds:.0f} s; --again {name} runs all of it\n"
    said = errors.strip().splitlines() or ["no message"]
    return printed if running.returncode == 0 else f"failed: {said[-1]}"


def our_command(draws: int) -> list[str]:
    """Return the command that answers the model by our command line."""
    chains, each = our_design(draws)
    files = ["--equations", str(MODEL / "equations.py"), "--priors", str(MODEL / "priors.toml")]
    size = ["--draws", str(each), "--chains", str(chains)]
    return [_program(), "report", *files, "--outputs", ",".join(NAMES), "--prob", "0.9", *size]


def _program() -> str:
    return str(Path(sys.executable).parent / "uncertain-scale")


def _against(times: list[float], base: list[float], draws: int) -> dict[str, float]:
    return {"draws": draws, "seconds": median(times), "ratio": paired(times, base)}


def _reaching(rungs: list[accuracy.Rung], target: float) -> int | None:
    return next((rung.draws for rung in rungs if rung.ends <= target), None)


def _grow(name: str, mode: Mode, budget: Budget) -> Iterator[Growth]:
    """Run one tool at growing sizes, as long as memory and budget are expected to last."""
    last: list[Growth] = []
    for draws in mode.sizes:
        if draws > PEERS[name].most:
            yield Growth(draws, None, None, "too slow")
            continue
        if reason := _too_much(last, draws, budget.left):
            yield Growth(draws, None, None, reason)
            continue
        try:
            found = child(name, draws, timeout=budget.left + _GRACE)
        except RuntimeError as error:
            yield Growth(draws, None, None, str(error)[-80:])
            continue
        one = Growth(draws, found["seconds"], found["mib"])
        last.append(one)
        yield one


def _too_much(done: list[Growth], draws: int, longest: float) -> str:
    """Say why a size is not tried, by straight lines through the last two that were."""
    if not longest:
        return "no time left"
    if len(done) < 2:
        return ""
    (small, _, less, _), (large, seconds, more, _) = done[-2:]
    each = max(more - less, 0) / (large - small)
    mib = more + each * (draws - large)
    if mib > 0.8 * available_mib():
        return f"would need about {mib / 1024:.0f} GiB"
    took = seconds * draws / large
    return f"would take about {took:.0f} s" if took > longest else ""
