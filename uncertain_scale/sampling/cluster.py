"""The same chains on a dask.distributed cluster, with the same bits as in this process.

Only numbers of chains go to the workers, and only what is kept of chains comes back, straight from
the worker that made it. What is drawn is sent to each worker once. A worker that dies loses the
chains it was at, which are drawn again elsewhere: a chain is the same wherever and whenever it is
drawn. No other module but its `errand` imports dask.
"""

from __future__ import annotations

import importlib.util
import logging
import pickle
import queue
import re
import socket
import time
import warnings
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from uncertain_scale.errors import ClusterError, UncertainScaleError, how_to_install
from uncertain_scale.sampling.jobs import (
    AHEAD,
    differences,
    fingerprint,
    in_words,
    run,
    serialize,
    worker_plugin,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from uncertain_scale.sampling.engine import Simulation
    from uncertain_scale.sampling.jobs import Batches
    from uncertain_scale.sampling.limits import Stop

__all__ = ["Cluster", "connect"]

_Result = TypeVar("_Result")

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})")
_CONNECT = 4.0  # seconds to answer in
_NO_WORKERS = 15.0  # seconds to wait for a first worker, or for one after all have gone
_LOOK = 2.0  # seconds after which the workers are counted again
_NOTICE = 0.2  # seconds in which a run ends that is stopped
_TASK = 2.0  # seconds that a task is to take: long against what a task costs, short to lose
_RATE = 50.0  # results a second that this process takes in with ease


class Cluster:
    """A cluster that draws chains. Made by `connect`.

    Parameters
    ----------
    client
        A `distributed.Client`.
    address
        Address of the scheduler, for messages.

    Attributes
    ----------
    other_digits : set of str
        Workers whose draws differ in the last digits from those that are drawn here.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self.other_digits: set[str] = set()

    @property
    def threads(self) -> int:
        """How many threads the workers have now."""
        return sum(self._client.nthreads().values())

    def map(
        self,
        simulation: Simulation,
        work: Callable[[Sequence[int]], _Result],
        batches: Batches,
        *,
        packed: bool = True,
        stop: Stop | None = None,
    ) -> Iterator[_Result]:
        """Yield what some work makes of batches of chains, in the order in which they are done.

        Parameters
        ----------
        simulation
            What is drawn.
        work
            Called on a worker with numbers of chains.
        batches
            The chains, in batches as large as they are asked for.
        packed
            Whether results shrink when they are compressed.
        stop
            Ends the results early; what workers are at is then dropped.

        Raises
        ------
        ClusterError
            Versions of a worker differ from those here; the scheduler, or all workers, have gone;
            or workers die of the same chains again and again.
        UncertainScaleError
            What `work` raises.
        """
        job = f"uncertain-scale-{uuid4().hex[:12]}"
        payload = serialize(simulation, work, packed=packed)
        courier = worker_plugin(payload)
        running: dict[Any, tuple[int, ...]] = {}
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._told():
            self._client.register_plugin(courier, name=job)
            self._compare()
        try:
            size, slots = 1, self.threads
            seen = counted = time.monotonic()
            while True:
                while len(running) < AHEAD * max(slots, 1):
                    batch = batches.take(size, slots)
                    if not batch:
                        break
                    future = self._client.submit(run, job, batch, pure=False)
                    running[future] = batch
                    future.add_done_callback(done.put)
                if not running:
                    return
                if stop is not None and stop.why:
                    return
                ready = _all_ready(done, _LOOK if stop is None else _NOTICE)
                if time.monotonic() - counted > _LOOK:
                    counted = time.monotonic()
                    slots, seen = self._count(seen)
                for result, seconds in self._gather(ready, running):
                    wanted = max(_TASK, slots / _RATE) / max(seconds, 1e-6)
                    size = min(max(round(wanted), 1), 2 * size)
                    yield result
        finally:
            with suppress(Exception):  # the scheduler may have gone, which was told
                self._client.cancel(list(running), force=True)
                self._client.unregister_worker_plugin(job)

    def _gather(
        self, ready: Sequence[Any], running: dict[Any, tuple[int, ...]]
    ) -> Iterator[tuple[Any, float]]:
        """Yield results and the seconds that a chain took."""
        for future in ready:
            chains = running[future]
            with self._told(chains):
                if future.status == "error":
                    raise future.exception()
                worker, same, seconds, result, packed = self._taken(future)
            del running[future]
            if not same:
                self.other_digits.add(worker)
            yield pickle.loads(zlib.decompress(result)) if packed else result, seconds  # noqa: S301

    def _taken(self, future: Any) -> Any:
        """Return a result; one that its worker took with it is drawn again, while there are any."""
        import asyncio  # costs a start too much

        coming: Future[Any] = asyncio.run_coroutine_threadsafe(
            self._client.gather(future, direct=True, asynchronous=True),
            self._client.loop.asyncio_loop,
        )
        seen = time.monotonic()
        while True:
            try:
                return coming.result(timeout=_LOOK)
            except TimeoutError:
                if coming.done():  # its own
                    raise
                _, seen = self._count(seen)

    def _count(self, seen: float) -> tuple[int, float]:
        """Return the threads of the workers, and when there last were any."""
        self._refuse_gone()
        with self._told():
            slots = self.threads
        if slots:
            return slots, time.monotonic()
        if time.monotonic() - seen > _NO_WORKERS:
            raise ClusterError(
                f"all workers of {self._address} have gone, and none came within "
                f"{_NO_WORKERS:.0f} s; start some: dask worker {self._address}"
            )
        return 0, seen

    def _refuse_gone(self) -> None:
        if self._client.status != "running":
            raise ClusterError(
                f"the scheduler at {self._address} has gone; start it and the workers again, "
                "and run this again"
            )

    def _compare(self) -> None:
        """Refuse workers whose versions differ from those here.

        Raises
        ------
        ClusterError
            With the first such worker, in what it differs, and how many there are.
        """
        found = self._client.run(fingerprint, on_error="return")
        wrong = {}
        for worker, theirs in found.items():
            if isinstance(theirs, BaseException):
                wrong[worker] = f"this package cannot be imported there: {theirs}"
            elif unlike := differences(theirs, fingerprint()):
                wrong[worker] = unlike
        if wrong:
            worker, unlike = min(wrong.items())
            raise ClusterError(
                f"worker {worker} would not compute the same digits: {unlike} "
                f"({len(wrong)} of {len(found)} workers differ); "
                "install the same versions on all of them"
            )

    @contextmanager
    def _told(self, chains: Sequence[int] = ()) -> Iterator[None]:
        """Turn what goes wrong on the cluster into one error."""
        try:
            yield
        except UncertainScaleError:
            raise
        except Exception as error:
            self._refuse_gone()
            which = f"chain {chains[0]}" + (" and others" if len(chains) > 1 else "")
            about = f"{which} failed" if chains else "failed"
            raise ClusterError(
                f"the cluster at {self._address}: {about}: {in_words(error)}"
            ) from error


@contextmanager
def connect(address: str | None) -> Iterator[Cluster | None]:
    """Connect to a cluster while a block runs.

    Parameters
    ----------
    address
        Of the scheduler, such as tcp://10.0.0.5:8786; None for no cluster.

    Yields
    ------
    Cluster or None

    Raises
    ------
    ClusterError
        The address is none, nothing or no dask scheduler answers there, it has no workers, or
        `distributed` is not installed.
    """
    if address is None:
        yield None
        return
    _check_address(address)
    if importlib.util.find_spec("distributed") is None:
        raise ClusterError(
            f"--scheduler needs dask.distributed, which is not installed; {how_to_install('scale')}"
        )
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    dask_client: Any = Client  # which has no types

    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)  # what goes wrong is told once, by ClusterError
    try:
        _identify(address)
        with warnings.catch_warnings():
            # Versions that matter are compared later, and told in full.
            warnings.filterwarnings("ignore", category=VersionMismatchWarning)
            client: Any = dask_client(address, timeout=_CONNECT, set_as_default=False)
        try:
            _wait_for_workers(client, address)
            yield Cluster(client, address)
        finally:
            with suppress(Exception):
                client.close(timeout=_CONNECT)
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)


def _check_address(address: str) -> None:
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[3]) < 1 << 16:
        raise ClusterError(
            f"--scheduler '{address[:80]}' is no address; expected tcp://HOST:PORT, such as "
            "tcp://127.0.0.1:8786, which `dask scheduler` prints when it starts"
        )


def _identify(address: str) -> None:
    """Ask who answers at an address, which a client itself would wait for without end."""
    import asyncio  # costs a start too much

    from distributed.core import rpc

    async def ask() -> Any:
        untyped: Any = rpc
        async with untyped(address, timeout=_CONNECT) as there:
            return await there.identity()

    async def bounded() -> Any:
        return await asyncio.wait_for(ask(), _CONNECT + 1)

    hint = "start one with `dask scheduler`, or mend --scheduler"
    host, port = address.split("://")[1].rsplit(":", 1)
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT).close()
    except OSError as error:
        why = error.strerror or "no answer"
        raise ClusterError(f"nothing answers at {address} ({why}); {hint}") from error
    try:
        found = asyncio.run(bounded())
    except Exception as error:  # whatever speaks another language may lead to any
        raise ClusterError(f"what answers at {address} is no dask scheduler; {hint}") from error
    kind = found.get("type") if isinstance(found, dict) else None
    if kind != "Scheduler":
        raise ClusterError(
            f"at {address} is a dask {str(kind).lower()} and no scheduler; give the address of the "
            "scheduler"
        )


def _wait_for_workers(client: Any, address: str) -> None:
    end = time.monotonic() + _NO_WORKERS
    while not client.nthreads():
        if time.monotonic() > end:
            raise ClusterError(
                f"the scheduler at {address} has no workers, and none came within "
                f"{_NO_WORKERS:.0f} s; start some: dask worker {address}"
            )
        time.sleep(0.1)


def _all_ready(done: queue.SimpleQueue[Any], wait: float) -> list[Any]:
    """Return what is done by now, or by the end of a wait."""
    try:
        ready = [done.get(timeout=wait)]
    except queue.Empty:
        return []
    while not done.empty():
        ready.append(done.get())
    return ready
