"""Jobs for the workers of a cluster: the batches of chains, the bytes sent, and the work on them.

A job is sent once to each worker, as bytes. Equations from a user's file go with it as values,
since workers have no such file. Machines that share a fingerprint run the same code. That is not
enough for the same bits, since processors differ in how they compute logarithms; so machines
compare some draws, too.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import platform
import sys
import time
import zlib
from collections import deque
from functools import cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.sampling.engine import Simulation

AHEAD = 2
"""Batches begun for each thread, so that none waits for its next."""

_PACKAGES = ("numpy", "scipy")


class Batches:
    """Numbers of chains, dealt out in batches.

    Parameters
    ----------
    chains
        All that are to be done.
    groups
        A batch is of chains of one group, which are equal modulo this; what is kept of it is then
        no larger than what is kept of one chain.
    most
        Chains of a batch at most.
    """

    def __init__(self, chains: Sequence[int], *, groups: int = 1, most: int | None = None) -> None:
        by_group: dict[int, deque[int]] = {}
        for chain in sorted(chains):
            by_group.setdefault(chain % groups, deque()).append(chain)
        self._groups = deque(by_group.values())
        self._left = sum(map(len, self._groups))
        self._most = most or max(self._left, 1)

    def take(self, size: int, slots: int) -> tuple[int, ...]:
        """Return the next batch, of some size, or less where each thread is to have its share.

        Groups take turns, so that they are about even when a run is stopped.
        """
        if not self._groups:
            return ()
        group = self._groups.popleft()
        fair = math.ceil(self._left / (AHEAD * max(slots, 1)))
        batch = tuple(group.popleft() for _ in range(min(size, fair, self._most, len(group))))
        self._left -= len(batch)
        if group:
            self._groups.append(group)
        return batch


@cache
def fingerprint() -> dict[str, str]:
    """Return the versions of what draws are made by, as they are in this process.

    This package counts by its source, since two working copies may bear one version; Python by its
    minor version, in which equations of a file are sent.
    """
    found = {
        "uncertain-scale": f"{version('uncertain-scale')} (source {_source()[:12]})",
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }
    return found | {name: version(name) for name in _PACKAGES}


def differences(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """Say in what another machine's fingerprint differs; "" where they are equal.

    Examples
    --------
    >>> differences({"numpy": "1.26"}, {"numpy": "2.4"})
    'numpy 1.26 there, 2.4 here'
    """
    return "; ".join(
        f"{name} {theirs.get(name, 'absent')} there, {here} here"
        for name, here in ours.items()
        if theirs.get(name) != here
    )


def digest_of_draws(simulation: Simulation) -> str:
    """Return a SHA-256 of the first draws of the first chain, all variables, to the bit."""
    found = hashlib.sha256()
    for block in islice(simulation.blocks(0), 1):
        for name in simulation.variables:
            found.update(block[name].tobytes())
    return found.hexdigest()


def _source() -> str:
    root = Path(__file__).parents[1]
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        found.update(path.relative_to(root).as_posix().encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def serialize(simulation: Simulation, work: Callable[..., object], *, packed: bool) -> bytes:
    """Return a job as bytes: the fingerprint, by which they may be read, and the rest."""
    import cloudpickle

    foreign = {
        equation.function.__module__ for equation in simulation.plan.steps if not equation.builtin
    }
    modules = [sys.modules[name] for name in foreign if name in sys.modules]
    for module in modules:  # workers have no such file: its functions go with the job
        cloudpickle.register_pickle_by_value(module)
    try:
        inner = cloudpickle.dumps((simulation, work, packed, digest_of_draws(simulation)))
    except Exception as error:
        raise ClusterError(
            f"the question cannot be sent to workers: {in_words(error)}; equations may use "
            "numbers, arrays and functions of their module, but no open files, locks or the like"
        ) from error
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
    return pickle.dumps((fingerprint(), inner))


def worker_plugin(payload: bytes) -> Any:
    """Return a plugin that brings a job to every worker, those that come later too.

    It is made here, so that it is sent as a value: a worker without this package takes it as well,
    and says what it lacks when it is asked to work.
    """
    from distributed import WorkerPlugin

    return type("Courier", (WorkerPlugin,), {"payload": payload, "opened": None})()


_opening = Lock()


def run(job: str, chains: tuple[int, ...]) -> tuple[str, bool, float, Any, bool]:
    """Work on chains; this runs on a worker."""
    from distributed import get_worker

    worker = get_worker()
    courier: Any = worker.plugins[job]
    with _opening:
        if courier.opened is None:
            courier.opened = _open(courier.payload, worker.address)
    work, packed, same = courier.opened
    start = time.perf_counter()
    result = work(chains)
    seconds = (time.perf_counter() - start) / len(chains)
    if packed:
        result = zlib.compress(pickle.dumps(result, pickle.HIGHEST_PROTOCOL), 1)
    return worker.address, same, seconds, result, packed


def _open(payload: bytes, worker: str) -> tuple[Callable[..., Any], bool, bool]:
    """Return a job's work, whether results are packed, and whether draws are the sender's."""
    theirs, inner = pickle.loads(payload)  # noqa: S301 (who may send work may do anything)
    if unlike := differences(fingerprint(), theirs):
        raise ClusterError(
            f"worker {worker} would not compute the same digits: {unlike}; "
            "install the same versions on all workers"
        )
    simulation, work, packed, digest = pickle.loads(inner)  # noqa: S301
    return work, packed, digest_of_draws(simulation) == digest


def in_words(error: BaseException) -> str:
    """Return what went wrong on a worker as a person would say it."""
    if type(error).__name__ == "KilledWorker":
        return (
            "several workers in a row died of it, perhaps for want of memory; "
            "their logs tell, and fewer draws a chain need less"
        )
    if isinstance(error, ModuleNotFoundError):
        return f"a worker has no module '{error.name}', which the equations need; install it there"
    return f"{type(error).__name__}: {str(error)[:300]}"
