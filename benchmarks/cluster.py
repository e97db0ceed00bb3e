"""Streaming draws on a dask cluster of two workers, against two threads of one process.

Pairs of runs take turns, threads first and then the cluster; of each pair the ratio counts, since
what slows the machine down slows both. The bits of both are compared. Beside them: what a chain
costs in seconds and bytes, what a task costs, and dask.array's own road on the same model.

    python benchmarks/cluster.py [--draws 1e8] [--pairs 3] [--array 1e7] [--seconds S]

It needs the extra `scale`. The last line is the result.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import time
import zlib
from collections import deque
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import uncertain_scale as us
from benchmarks.measure import Budget
from benchmarks.peers import ALPHA, BETA, MODEL, NAMES, _logs, _outputs
from uncertain_scale.analysis.reduction import Part, Reduction
from uncertain_scale.analysis.streamed import stream
from uncertain_scale.sampling.cluster import Cluster, connect
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.jobs import Batches, serialize
from uncertain_scale.statistics.sketch import GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DRAWS = 1 << 16  # of a chain
PROBS = (0.05, 0.5, 0.95)


@contextmanager
def dask_part(module: str, *arguments: str) -> Iterator[tuple[int, str]]:
    """Run a scheduler or a worker; yield its process and its address."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{module}", *arguments]
    part = subprocess.Popen(  # noqa: S603 (the benchmark's own command)
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        for line in part.stderr or ():
            if "tcp://" in line and ("Scheduler at:" in line or "Registered to:" in line):
                Thread(target=deque, args=(part.stderr, 0), daemon=True).start()  # nobody reads it
                yield part.pid, line.split()[-1]
                break
    finally:
        part.kill()
        part.wait()


def mib(pid: int | str, what: str = "VmHWM") -> float:
    """Return a process's memory, by default its peak."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024


def seconds(
    call: Callable[[], object], times: int = 5, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the median seconds of a call."""
    took = []
    for _ in range(times):
        start = clock()
        call()
        took.append(clock() - start)
    return statistics.median(took)


def processor(pid: int | str) -> float:
    """Return the seconds of a processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def question() -> tuple[Any, Any, Any]:
    """Return the benchmark's model, priors and question."""
    model = us.default_model().extended(MODEL / "equations.py")
    priors = us.load_priors(MODEL / "priors.toml", variables=model.variables)
    return model, priors, us.ask(model, {}, outputs=NAMES)


def one_chain() -> None:
    """Print what a chain costs, and its part."""
    for name, (model, priors, asked) in {
        "benchmark's model": question(),
        "built-in model": _built_in(),
    }.items():
        simulation = Simulation.of(model, priors, asked, us.Design(draws=DRAWS, chains=4096))
        reduction = Reduction.of(simulation)
        own = time.thread_time  # this thread's own time, whatever else the machine does
        chain = seconds(lambda r=reduction: r.chain(1), 9, own)
        part = reduction.together([1, 65, 129, 193])
        raw = pickle.dumps(part, pickle.HIGHEST_PROTOCOL)
        packed = zlib.compress(raw, 1)
        total = pickle.loads(raw)  # noqa: S301 (its own)

        def pack(part: Part = part) -> bytes:
            return zlib.compress(pickle.dumps(part, pickle.HIGHEST_PROTOCOL), 1)

        def add(total: Part = total, packed: bytes = packed) -> None:
            one = pickle.loads(zlib.decompress(packed))  # noqa: S301 (its own)
            total.chains.clear()
            total.add(one)

        job = serialize(simulation, reduction.together, packed=True)
        print(
            f"{name}: {len(simulation.plan.outputs)} outputs; a chain of {DRAWS:,} draws "
            f"{chain * 1e3:.1f} ms ({chain / DRAWS * 1e9:.0f} ns a draw); its part "
            f"{len(raw) / 1e3:,.0f} kB, {len(packed) / 1e3:,.0f} kB packed in "
            f"{seconds(pack, 9, own) * 1e3:.1f} ms, "
            f"unpacked and added in {seconds(add, 21, own) * 1e3:.1f} ms; "
            f"a job {len(job) / 1e3:,.0f} kB"
        )


def _built_in() -> tuple[Any, Any, Any]:
    model = us.default_model()
    priors = us.load_priors("base", variables=model.variables)
    return model, priors, us.ask(model, {"budget": "100M"})


def tasks(cluster: Cluster, scheduler: int) -> None:
    """Print what tasks cost all processes, those that do nothing and the smallest that draw."""
    client = cluster._client  # noqa: SLF001 (what is measured is dask, below the seam)
    count = 1000
    simulation = Simulation.of(*_built_in(), us.Design(draws=1024, chains=count))
    reduction = Reduction.of(simulation)

    def nothing() -> None:
        client.gather(client.map(_nothing, range(count), pure=False))

    def drawn() -> None:
        part, batches = Part(), Batches(range(count), groups=GROUPS, most=1)
        for one in cluster.map(simulation, reduction.together, batches):
            part.add(one)

    size = len(zlib.compress(pickle.dumps(reduction.chain(1), pickle.HIGHEST_PROTOCOL), 1))
    tiny = f"one chain of 1,024 draws, a part of {size / 1e3:,.0f} kB"
    for name, call in {"nothing": nothing, tiny: drawn}.items():
        call()
        before = [time.perf_counter(), processor("self"), processor(scheduler)]
        call()
        after = [time.perf_counter(), processor("self"), processor(scheduler)]
        took, here, there = (b - a for a, b in zip(before, after, strict=True))
        print(
            f"a task of {name}: {took / count * 1e3:.2f} ms all its way, of a processor "
            f"{here / count * 1e3:.2f} ms here and {there / count * 1e3:.2f} ms of the scheduler"
        )


def questions(cluster: Cluster) -> None:
    """Print what a whole question costs, with few draws."""
    asked, design = _built_in(), us.Design()

    def ours(there: Cluster | None = None) -> dict[str, Any]:
        return us.report_document(us.sample(*asked, design, cluster=there))

    size = len(json.dumps(ours()))
    start = time.process_time()
    for _ in range(5):
        ours()
    own = (time.process_time() - start) / 5
    print(
        f"a question of 16 x 4,096 draws to its report of {size / 1e3:.0f} kB: "
        f"{seconds(ours) * 1e3:.0f} ms here, of a processor {own * 1e3:.0f} ms; "
        f"{seconds(lambda: ours(cluster)) * 1e3:.0f} ms when its draws come from the cluster"
    )
    for outputs, points in ((["training_flop"], 100), ([], 10)):
        start = time.process_time()
        table = us.sweep(given={"budget": "10M..100B"}, points=points, outputs=outputs)
        took, count = time.process_time() - start, table.sizes["output"]
        print(
            f"a sweep of {points} budgets, {count} outputs: {took:.1f} s of a processor, "
            f"a table of {len(pickle.dumps(table)) / 1e3:.0f} kB"
        )


def _nothing(number: int) -> int:
    return number


def array_road(client: Any, draws: int, chunk: int) -> tuple[list[float], float]:
    """Answer with dask.array as its users write it; return the quantiles and the seconds."""
    import dask.array as da

    rng = da.random.default_rng(3)
    start = time.perf_counter()
    inputs = {
        name: da.exp(mu + sigma * rng.standard_normal(draws, chunks=chunk))
        for name, (mu, sigma) in _logs().items()
    }
    a, b = (rng.gamma(shape, 1.0, draws, chunks=chunk) for shape in (ALPHA, BETA))
    inputs["mfu"] = a / (a + b)
    inputs["precision_factor"] = rng.integers(1, 3, draws, chunks=chunk).astype(float)
    wanted = {
        name: (x.mean(), da.percentile(x, [100 * p for p in PROBS]))
        for name, x in _outputs(inputs).items()
    }
    futures = client.compute(list(wanted.values()))
    found = client.gather(futures)
    return [float(x) for x in found[0][1]], time.perf_counter() - start


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=float, default=1e8)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--array", type=float, default=1e7)
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="nothing further starts after these"
    )
    options = parser.parse_args()
    budget = Budget(options.seconds)
    one_chain()
    asked = question()
    design = us.Design(draws=DRAWS, chains=max(int(options.draws / DRAWS), 64))
    with ExitStack() as stack:
        part = stack.enter_context
        pid, address = part(
            dask_part("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        )
        worker = ("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        workers = [part(dask_part(*worker))[0] for _ in range(2)]
        start = time.perf_counter()
        cluster = part(connect(address))
        print(f"connecting, and importing distributed: {time.perf_counter() - start:.2f} s")
        stream(*asked, us.Design(draws=DRAWS, chains=64), cluster=cluster)  # workers import
        ratios, spent = [], []
        everybody = ["self", pid, *workers]
        for number in range(options.pairs):
            clocks = [(time.perf_counter(), sum(map(processor, everybody)))]
            here = stream(*asked, design, threads=2)
            clocks.append((time.perf_counter(), sum(map(processor, everybody))))
            there = stream(*asked, design, cluster=cluster)
            clocks.append((time.perf_counter(), sum(map(processor, everybody))))
            if not there.summarize().identical(here.summarize()):
                sys.exit("the cluster gave other bits than threads")
            (threads, own), (took, all_own) = (
                (end[0] - start[0], end[1] - start[1]) for start, end in pairwise(clocks)
            )
            ratios.append(took / threads)
            spent.append(all_own / own)
            print(
                f"pair {number + 1}: {design.chains:,} chains x {DRAWS:,} draws: threads "
                f"{threads:.1f} s, cluster {took:.1f} s, {ratios[-1]:.3f}x, same bits; of "
                f"processors, all processes together: {own:.1f} s and {all_own:.1f} s, "
                f"{spent[-1]:.3f}x",
                flush=True,
            )
            if budget.left < clocks[-1][0] - clocks[0][0]:
                break
        peaks = (
            f"workers {', '.join(f'{mib(one):,.0f}' for one in workers)}, scheduler {mib(pid):,.0f}"
        )
        print(f"peak MiB so far: {peaks}, this process with both runs {mib('self'):,.0f}")
        if budget.left:
            tasks(cluster, pid)
            questions(cluster)
            _array(cluster, workers, int(options.array), asked)
    print(
        f"{statistics.median(ratios):.2f}x ({design.chains * DRAWS:.1e} draws, median of "
        f"{len(ratios)} pairs, {min(ratios):.2f} to {max(ratios):.2f}; "
        f"{statistics.median(spent):.2f}x the processor time), same bits"
    )


def _array(cluster: Cluster, workers: list[int], draws: int, asked: tuple[Any, Any, Any]) -> None:
    """Print dask.array's own road beside ours on the same cluster."""
    client = cluster._client  # noqa: SLF001 (dask's own road, on the same client)
    design = us.Design(draws=DRAWS, chains=-(-draws // DRAWS))
    start = time.perf_counter()
    ours = stream(*asked, design, cluster=cluster)
    took = time.perf_counter() - start
    ends = ours.summarize(probs=[0.9])["eti"].sel(output=NAMES[0], prob=0.9).values
    before = [mib(one) for one in workers]
    found, theirs = array_road(client, draws, max(draws // 64, 1))
    after = [mib(one) for one in workers]
    print(
        f"dask.array on the same workers, {draws:.0e} draws: {theirs:.1f} s against {took:.1f} s, "
        f"{theirs / took:.1f}x; peaks of the workers rose from {max(before):,.0f} to "
        f"{max(after):,.0f} MiB; its 5% and 95% of {NAMES[0]} are "
        f"{found[0] / ends[0] - 1:+.2%} and {found[2] / ends[1] - 1:+.2%} from ours"
    )


if __name__ == "__main__":
    main()
