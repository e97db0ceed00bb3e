"""What is measured, one stage a function; each returns plain numbers for `writing`."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import accuracy
from benchmarks.measure import available_mib, child, in_turns, median, paired, process
from benchmarks.peers import MODEL, NAMES, PEERS, our_design, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.squiggle import Squiggle

__all__ = ["FULL", "NORMAL", "OURS", "QUICK", "Mode", "Tools", "WrongAnswerError"]

OURS, PLAIN = "uncertain_scale", "plain"
MILLION = 10**6
NEEDED, SMALL = "all that a report of a user's equations imports", "report of 8,192 draws"
EACH_DRAW = ("points", "quantile functions", "equations", "counting")
_HERE = Path(__file__).parent
_SCRIPTS = ("sensitivity.py", "ppf.py", "cluster.py")


class WrongAnswerError(Exception):
    """A tool gives answers that are not the exact ones: its time would mean nothing."""


@dataclass(frozen=True)
class Mode:
    """How much is measured."""

    name: str
    rounds: int
    seeds: int
    longest: float  # seconds that one run of a stage may be expected to take
    sizes: tuple[int, ...]
    ours: float = 0.0  # seconds that our largest run may take, where that is longer
    targets: tuple[float, ...] = (1e-3, 1e-4)
    scripts: tuple[str, ...] = ()


QUICK = Mode("quick", 3, 6, 10, (10**4, 10**5, 10**6), targets=(1e-3,))
NORMAL = Mode("default", 5, 8, 60, tuple(10**k for k in range(4, 10)), ours=600, scripts=_SCRIPTS)
FULL = Mode("full", 9, 16, 1800, tuple(10**k for k in range(4, 10)), scripts=_SCRIPTS)


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
        names = [name for name in self.names if PEERS[name].most >= MILLION]
        calls: dict[str, Callable[[], object]] = {
            name: partial(PEERS[name].answer, MILLION, 1) for name in names
        }
        times = in_turns(calls, mode.rounds)
        found = {name: _against(times[name], times[PLAIN], MILLION) for name in names}
        if self.squiggle is not None:
            one = in_turns(
                {PLAIN: calls[PLAIN], "squiggle": lambda: self.squiggle.run(MILLION, 1)[0]}, 2
            )
            found["squiggle"] = _against(one["squiggle"], one[PLAIN], MILLION)
        for slow in (name for name in self.names if PEERS[name].most < MILLION):
            few = PEERS[slow].most
            pair: dict[str, Callable[[], object]] = {
                name: partial(PEERS[name].answer, few, 1) for name in (PLAIN, slow)
            }
            one = in_turns(pair, mode.rounds)
            found[slow] = _against(one[slow], one[PLAIN], few)
        return found

    def growth(self, mode: Mode) -> dict[str, list[Growth]]:
        """Time growing numbers of draws, each in a process of its own with its peak memory."""
        return {name: list(_grow(name, mode)) for name in self.names}

    def to_accuracy(self, mode: Mode) -> dict[str, Any]:
        """Find the draws that each accuracy needs, and time them against plain's in turns."""
        rungs = {
            name: accuracy.ladder(name, min(mode.targets), seeds=mode.seeds, longest=mode.longest)
            for name in (OURS, "scipy (Sobol')")
            if name in self.names
        }
        timed: dict[float, dict[str, Any]] = {}
        for target in mode.targets:
            needed = {name: _reaching(steps, target) for name, steps in rungs.items()}
            independent = accuracy.draws_needed(target)
            needed[PLAIN] = independent
            feasible = {n: d for n, d in needed.items() if d and _fits(d) and n in self.names}
            calls: dict[str, Callable[[], object]] = {
                name: partial(PEERS[name].answer, draws, 3) for name, draws in feasible.items()
            }
            times = in_turns(calls, min(mode.rounds, 5))
            timed[target] = {
                name: {
                    "draws": draws,
                    "seconds": median(times[name]) if name in times else None,
                    "ratio": paired(times[name], times[PLAIN])
                    if name in times and PLAIN in times
                    else None,
                }
                for name, draws in needed.items()
            }
        spread = accuracy.rung(PLAIN, 1 << 16, seeds=2 * mode.seeds)
        return {"rungs": rungs, "timed": timed, "plain": spread}

    def whole(self, mode: Mode, ours: int | None) -> dict[str, dict[str, float]]:
        """Time whole processes from start to printed answers, at 1e-3 accuracy of every end."""
        independent = accuracy.draws_needed(1e-3)
        commands = {
            name: ([sys.executable, "-m", "benchmarks.peers", name, str(independent)], independent)
            for name in (PLAIN, "squigglepy", "openturns")
            if name in self.names
        }
        if ours:
            commands[OURS] = our_command(ours), ours
        runs = {name: (lambda c=command: process(c)[0]) for name, (command, _) in commands.items()}
        base = "squigglepy" if "squigglepy" in commands else PLAIN
        times = in_turns(runs, mode.rounds)
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
        return {name: median(times) for name, times in in_turns(runs, mode.rounds).items()}


def split(mode: Mode) -> dict[str, float]:
    """Return where our time goes at 1e6 draws: reading, drawing with the model, summaries."""
    import uncertain_scale as us

    chains, each = our_design(MILLION)
    parts: dict[str, list[float]] = {"reading": [], "drawing": [], "summaries": []}
    for _ in range(min(mode.rounds, 3)):
        marks = [time.perf_counter()]
        model = us.default_model().extended(MODEL / "equations.py")
        priors = us.load_priors(MODEL / "priors.toml", variables=model.variables)
        question = us.ask(model, {}, outputs=NAMES)
        marks.append(time.perf_counter())
        tree = us.sample(model, priors, question, us.Design(draws=each, chains=chains))
        marks.append(time.perf_counter())
        us.summarize(tree["prior_predictive"].to_dataset(), probs=[0.9])
        marks.append(time.perf_counter())
        for part, start, end in zip(parts, marks[:-1], marks[1:], strict=True):
            parts[part].append(end - start)
    return {part: median(times) for part, times in parts.items()}


def each_draw(mode: Mode) -> dict[str, float]:
    """Return nanoseconds of one thread for a draw: points, inputs, model, and counting on top."""
    import uncertain_scale as us
    from uncertain_scale.sampling.engine import Simulation, propagate

    model = us.default_model().extended(MODEL / "equations.py")
    priors = us.load_priors(MODEL / "priors.toml", variables=model.variables)
    asked = model, priors, us.ask(model, {}, outputs=NAMES)
    design = us.Design(draws=1 << 16, chains=16)
    simulation = Simulation.of(*asked, design)
    sampler = simulation.sampler()
    parts: dict[str, list[float]] = {part: [] for part in EACH_DRAW}
    for _ in range(mode.rounds):
        marks = dict.fromkeys(EACH_DRAW, 0.0)
        for chain in range(design.chains):
            start = time.perf_counter()
            for points in design.blocks(sampler.moving, chain=chain):
                made = time.perf_counter()
                inputs = sampler.draw(points, chain)
                drawn = time.perf_counter()
                propagate(simulation.plan, inputs)
                done = time.perf_counter()
                for part, spent in zip(
                    EACH_DRAW, (made - start, drawn - made, done - drawn), strict=False
                ):
                    marks[part] += spent
                start = time.perf_counter()
        start = time.perf_counter()
        us.stream(*asked, design, threads=1)
        marks["counting"] = time.perf_counter() - start - sum(marks.values())
        for part, spent in marks.items():
            parts[part].append(spent)
    return {
        part: 1e9 * median(times) / (design.draws * design.chains) for part, times in parts.items()
    }


def scripts(mode: Mode) -> dict[str, str]:
    """Run the benchmarks of single parts; return what each prints, or how it fails."""
    return {name: script(name) for name in mode.scripts}


def script(name: str) -> str:
    """Run the benchmark of a single part; return what it prints, or how it fails."""
    command = [sys.executable, str(_HERE / name)]
    done = subprocess.run(  # noqa: S603 (the project's own scripts)
        command, capture_output=True, text=True, check=False, cwd=_HERE.parent
    )
    said = done.stderr.strip().splitlines() or ["no message"]
    return done.stdout if done.returncode == 0 else f"failed: {said[-1]}"


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


def _fits(draws: int) -> bool:
    """Whether fifteen arrays of so many draws, and sorted copies, are well within memory."""
    return draws * 15 * 8 * 2 < available_mib() * 2**20 / 2


def _grow(name: str, mode: Mode) -> Iterator[Growth]:
    """Run one tool at growing sizes, as long as memory and patience are expected to last."""
    last: list[Growth] = []
    longest = max(mode.longest, mode.ours if name == OURS else 0)
    for draws in mode.sizes:
        if draws > PEERS[name].most:
            yield Growth(draws, None, None, "too slow")
            continue
        if last and (reason := _too_much(last, draws, longest)):
            yield Growth(draws, None, None, reason)
            continue
        try:
            found = child(name, draws, timeout=20 * longest)
        except RuntimeError as error:
            yield Growth(draws, None, None, str(error)[-80:])
            continue
        one = Growth(draws, found["seconds"], found["mib"])
        last.append(one)
        yield one


def _too_much(done: list[Growth], draws: int, longest: float) -> str:
    """Say why a size is not tried, by straight lines through the last two that were."""
    if len(done) < 2:
        return ""
    (small, _, less, _), (large, seconds, more, _) = done[-2:]
    each = max(more - less, 0) / (large - small)
    mib = more + each * (draws - large)
    if mib > 0.8 * available_mib():
        return f"would need about {mib / 1024:.0f} GiB"
    took = seconds * draws / large
    return f"would take about {took:.0f} s" if took > longest else ""
