"""What is sent to the workers of a cluster, and what they do with it.

A job is sent once to each worker, as bytes. Equations from a user's file go with it as values,
since workers have no such file.
"""

from __future__ import annotations

import pickle
import sys
import time
import zlib
from threading import Lock
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import ClusterError
from uncertain_scale.sampling.fingerprint import differences, digest_of_draws, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from uncertain_scale.sampling.engine import Simulation

__all__ = ["courier_of", "in_words", "payload_of", "run"]


def payload_of(simulation: Simulation, work: Callable[..., object], *, packed: bool) -> bytes:
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


def courier_of(payload: bytes) -> Any:
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
