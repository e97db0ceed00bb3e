"""Chains drawn on a cluster: the same bits, through killed workers, and clear errors without one.

A scheduler and two workers are started as processes of their own, as a user starts them.
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from uncertain_scale import Design, Model, ask, load_priors, sample
from uncertain_scale.analysis.events import parse_event
from uncertain_scale.analysis.streamed import stream
from uncertain_scale.errors import ClusterError, ModelError
from uncertain_scale.sampling import cluster as clusters
from uncertain_scale.sampling.cluster import connect
from uncertain_scale.sampling.engine import Simulation
from uncertain_scale.sampling.jobs import (
    Batches,
    differences,
    digest_of_draws,
    fingerprint,
    serialize,
)
from uncertain_scale.sampling.limits import Stop

needs_distributed = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None,
    reason="dask.distributed is not installed: pip install -e '.[scale]'",
)

EQUATIONS = """
import time
import numpy as np
WEIGHTS = np.array([0.25, 0.75])
def _blend(a, b):
    return WEIGHTS[0] * a + WEIGHTS[1] * b
def blended(a, b):
    return _blend(a, b)
def product(a, b):
    return a * b
def slow(a):
    time.sleep(0.02)
    return 2 * a
def picky(b):
    if np.any(b > 3 + 3.5):
        raise ArithmeticError("b is too large")
    return b
"""
PRIORS = """
schema_version = 1
inputs.a = { kind = "lognormal", mu = 0, sigma = 0.5 }
inputs.b = { kind = "normal", mu = 3, sigma = 1 }
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Wait for minutes where the machine is loaded; tests that run out of time set their own."""
    monkeypatch.setattr(clusters, "_CONNECT", 300.0)
    monkeypatch.setattr(clusters, "_NO_WORKERS", 300.0)


@pytest.fixture
def slow_dask():
    """Let dask itself try for 15 minutes, where it would for 30 s."""
    import distributed  # noqa: F401 (whose settings are there from then on)
    from dask import config

    with config.set({"distributed.comm.timeouts.connect": "900s"}):
        yield


@contextmanager
def process(module, *arguments):
    """Run a part of dask; yield the process and the lines that it says."""
    command = [sys.executable, "-m", module, *arguments]
    started = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(started.stderr.readline, "")))
    reader.start()
    try:
        yield started, lines
    finally:
        started.kill()
        started.wait()
        reader.join()
        started.stderr.close()


def said(lines, pattern):
    """Wait until a process says something; return what it matched."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if found := re.search(pattern, "".join(lines)):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{pattern!r} was not said: {lines}")


@contextmanager
def scheduler():
    arguments = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with process("distributed.cli.dask_scheduler", *arguments) as (started, lines):
        yield said(lines, r"Scheduler at:\s+(tcp://\S+)")[1], started


@contextmanager
def worker(address):
    arguments = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
    with process("distributed.cli.dask_worker", *arguments) as (started, lines):
        here = said(lines, r"Start worker at:\s+(tcp://\S+)")[1]
        said(lines, r"Registered to:")
        yield here, started


@pytest.fixture(scope="module")
def workers():
    """Yield a scheduler's address and the processes of its two workers by their addresses."""
    with scheduler() as (address, _), worker(address) as one, worker(address) as two:
        yield address, dict([one, two])


@pytest.fixture(scope="module")
def question(tmp_path_factory):
    """Ask of a user's own file, which is only there until it is read."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "own.py").write_text(EQUATIONS, encoding="utf-8")
    (folder / "own.toml").write_text(PRIORS, encoding="utf-8")
    model = Model.of(folder / "own.py")
    priors = load_priors(folder / "own.toml", variables=model.variables)
    return model, priors


def asking(question, *outputs):
    model, priors = question
    return model, priors, ask(model, {}, outputs=outputs)


@pytest.mark.slow
@needs_distributed
@pytest.mark.parametrize("kind", ["sobol", "lhs", "random"])
def test_a_cluster_gives_the_bits_of_threads(workers, question, kind):
    """Streamed and held, events too, with equations that no worker has a file of."""
    asked = asking(question, "blended", "product")
    events = [parse_event("product > blended", question[0].variables)]
    design = Design(kind=kind, draws=1500, chains=90, seed=5)
    here = stream(*asked, design, events=events)
    with connect(workers[0]) as cluster:
        there = stream(*asked, design, events=events, cluster=cluster)
        held = sample(*asked, design, cluster=cluster)
    assert not cluster.other_digits
    assert there.part.chains == set(range(90))
    assert there.summarize().identical(here.summarize())
    assert there.probabilities() == here.probabilities()
    assert held.identical(sample(*asked, design))


@pytest.mark.slow
@needs_distributed
def test_a_worker_that_is_killed_at_work_changes_no_bit(question):
    """SIGKILL while it is drawing; the other one draws its chains again."""
    asked = asking(question, "slow", "product")
    design = Design(draws=1024, chains=60, seed=1)
    with scheduler() as (address, _), worker(address) as one, worker(address) as two:
        killed, process_of_one = one
        lost = []

        def kill(part):
            if not lost and len(part.chains) < 50 and cluster._client.processing()[killed]:
                lost.extend(cluster._client.processing()[killed])
                process_of_one.send_signal(signal.SIGKILL)
                process_of_one.wait()

        with connect(address) as cluster:
            found = stream(*asked, design, cluster=cluster, progress=kill)
            assert list(cluster._client.nthreads()) == [two[0]]
    assert lost
    assert process_of_one.returncode == -signal.SIGKILL
    assert found.part.chains == set(range(60))
    assert found.summarize().identical(stream(*asked, design).summarize())


@pytest.mark.slow
@needs_distributed
def test_when_all_workers_or_the_scheduler_die_it_is_told_in_time(question, monkeypatch):
    monkeypatch.setattr(clusters, "_CONNECT", 10.0)  # which a client takes to leave a dead one
    monkeypatch.setattr(clusters, "_NO_WORKERS", 0.5)
    monkeypatch.setattr(clusters, "_LOOK", 0.2)
    asked = asking(question, "slow")
    design = Design(draws=64, chains=5000)

    def refused(address, pattern, progress=None):
        with pytest.raises(ClusterError, match=pattern), connect(address) as cluster:
            stream(*asked, design, cluster=cluster, progress=progress)

    with scheduler() as (address, itself):
        refused(address, "has no workers, and none came within")
        with worker(address) as (_, only):
            refused(address, "all workers of .* have gone, and none came", lambda _: only.kill())
        with worker(address):
            refused(address, "the scheduler at .* has gone", lambda _: itself.kill())


@pytest.mark.slow
@needs_distributed
def test_a_result_that_the_last_worker_takes_with_it_is_not_waited_for(question, monkeypatch):
    """It dies when it has told of a result, and before that is taken from it."""
    monkeypatch.setattr(clusters, "_NO_WORKERS", 0.5)
    monkeypatch.setattr(clusters, "_LOOK", 0.2)
    gather = clusters.Cluster._gather

    def lost(cluster, ready, running):
        if ready:
            only.kill()
            only.wait()
        return gather(cluster, ready, running)

    monkeypatch.setattr(clusters.Cluster, "_gather", lost)
    refusal = pytest.raises(ClusterError, match="all workers of .* have gone, and none came")
    with (
        scheduler() as (address, _),
        worker(address) as (_, only),
        refusal,
        connect(address) as cluster,
    ):
        stream(*asking(question, "slow"), Design(draws=64, chains=50), cluster=cluster)


@pytest.mark.slow
@needs_distributed
def test_a_run_that_is_stopped_has_the_chains_that_were_done_and_goes_on_from_them(
    workers, question
):
    asked = asking(question, "slow", "product")
    design = Design(draws=1024, chains=100)
    stop = Stop()
    with connect(workers[0]) as cluster:
        begun = stream(
            *asked,
            design,
            cluster=cluster,
            stop=stop,
            progress=lambda part: stop.interrupt() if len(part.chains) > 5 else None,
        )
        assert 5 < len(begun.part.chains) < 100
        finished = stream(*asked, design, cluster=cluster, done=begun.part)
    assert finished.summarize().identical(stream(*asked, design).summarize())


@pytest.mark.slow
@needs_distributed
def test_what_an_equation_raises_on_a_worker_is_the_models_error(workers, question):
    asked = asking(question, "picky")
    with connect(workers[0]) as cluster:
        with pytest.raises(ModelError, match="picky.*b is too large"):
            stream(*asked, Design(kind="random", draws=4096, chains=64), cluster=cluster)
        # The cluster is as good as before.
        design = Design(draws=64, chains=3)
        asked = asking(question, "product")
        found = stream(*asked, design, cluster=cluster)
        assert found.summarize().identical(stream(*asked, design).summarize())


@pytest.mark.slow
@needs_distributed
def test_other_versions_are_refused_by_name_and_other_digits_are_noticed(
    workers, question, monkeypatch
):
    asked = asking(question, "product")
    design = Design(draws=64, chains=3)
    with connect(workers[0]) as cluster:
        with monkeypatch.context() as patched:
            other = {**fingerprint(), "numpy": "1.0"}
            patched.setattr(clusters, "fingerprint", lambda: other)
            # The function goes to workers by its name, so that theirs is the true one.
            patched.setattr(cluster._client, "run", lambda *_, **__: {"w": fingerprint()})
            with pytest.raises(ClusterError, match=r"numpy \S+ there, 1.0 here \(1 of 1 workers"):
                stream(*asked, design, cluster=cluster)
        with monkeypatch.context() as patched:
            patched.setattr("uncertain_scale.sampling.jobs.fingerprint", lambda: other)
            with pytest.raises(ClusterError, match=r"numpy 1.0 there, \S+ here.*same versions"):
                sample_of_a_later_worker(asked, design)
        with monkeypatch.context() as patched:
            patched.setattr("uncertain_scale.sampling.jobs.digest_of_draws", lambda _: "other")
            stream(*asked, design, cluster=cluster)
        assert cluster.other_digits
        assert cluster.other_digits <= set(workers[1])


def sample_of_a_later_worker(asked, design):
    """Open a job as a worker does that came after the others were compared."""
    from uncertain_scale.sampling import jobs

    simulation = Simulation.of(*asked, design)
    true = dict(fingerprint())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jobs, "fingerprint", lambda: true)
        payload = serialize(simulation, simulation.whole, packed=False)
    jobs._open(payload, "tcp://later:1")


@needs_distributed
def test_equations_that_cannot_be_sent_are_refused(tmp_path):
    (tmp_path / "own.py").write_text(
        "import threading\nLOCK = threading.Lock()\n"
        "def locked(a):\n    with LOCK:\n        return a\n"
    )
    (tmp_path / "own.toml").write_text(PRIORS.replace("inputs.b", "# inputs.b"))
    model = Model.of(tmp_path / "own.py")
    priors = load_priors(tmp_path / "own.toml", variables=model.variables)
    simulation = Simulation.of(model, priors, ask(model, {}, outputs=["locked"]), Design())
    with pytest.raises(ClusterError, match=r"cannot be sent to workers: .*lock.*open files"):
        serialize(simulation, simulation.whole, packed=False)


@needs_distributed
@pytest.mark.parametrize(
    ("address", "pattern"),
    [
        ("tcp://127.0.0.1:1", r"nothing answers at tcp://127.0.0.1:1 \(.*dask scheduler"),
        ("127.0.0.1:8786", r"'127.0.0.1:8786' is no address; expected tcp://HOST:PORT"),
        ("tcp://127.0.0.1", r"is no address"),
        ("tcp://127.0.0.1:99999", r"is no address"),
        ("http://127.0.0.1:80", r"is no address"),
        ("tcp://a b:80", r"is no address"),
    ],
)
@pytest.mark.usefixtures("slow_dask")
def test_an_address_where_nothing_is_is_told_without_waiting_as_dask_does(cli, address, pattern):
    start = time.monotonic()
    code, out, err = cli("report", "--budget", "1M", "--scheduler", address)
    assert (code, out) == (2, "")
    assert re.search(pattern, err), err
    assert len(err.splitlines()) == 1
    assert time.monotonic() - start < 200


@needs_distributed
@pytest.mark.usefixtures("slow_dask")
@pytest.mark.parametrize("says", [b"", b"220 mail.example ESMTP\r\n" * 9], ids=["silent", "mail"])
def test_a_port_that_does_not_speak_dask_is_told_without_waiting_as_dask_does(monkeypatch, says):
    monkeypatch.setattr(clusters, "_CONNECT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            with pytest.MonkeyPatch.context():
                while True:
                    try:
                        accepted.append(server.accept()[0])
                        accepted[-1].sendall(says)
                    except OSError:
                        return

        accepted = []
        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        start = time.monotonic()
        refusal = pytest.raises(ClusterError, match=f"answers at .*:{port} is no dask scheduler")
        with refusal, connect(f"tcp://127.0.0.1:{port}"):
            pass
        assert time.monotonic() - start < 200
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in accepted:
        connection.close()


@pytest.mark.slow
@needs_distributed
def test_a_workers_address_is_not_a_schedulers(workers):
    refusal = pytest.raises(ClusterError, match="is a dask worker and no scheduler")
    with refusal, connect(next(iter(workers[1]))):
        pass


@pytest.mark.slow
@needs_distributed
def test_the_command_line_answers_the_same_on_a_cluster(workers, cli, tmp_path):
    (tmp_path / "own.py").write_text(EQUATIONS)
    (tmp_path / "own.toml").write_text(PRIORS)
    asked = ("--equations", tmp_path / "own.py", "--priors", tmp_path / "own.toml")
    asked = (*asked, "--outputs", "blended", "--draws", "512", "--chains", "8", "--format", "json")
    code, out, err = cli("report", *asked, "--scheduler", workers[0], "--output", tmp_path / "r")
    assert (code, err) == (0, "")
    assert out == cli("report", *asked)[1]
    # A record says nothing of the cluster: a replay needs none.
    assert "scheduler" not in (tmp_path / "r" / "run.json").read_text()
    code, _, err = cli("report", *asked, "--scheduler", workers[0], "--evidence", "h100-clusters")
    assert code == 2
    assert "leave out --scheduler or --evidence" in err


def test_without_distributed_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    refusal = pytest.raises(ClusterError, match=r"pip install -e '\.\[scale\]'")
    with refusal, connect("tcp://127.0.0.1:1"):
        pass


@pytest.mark.parametrize("slots", [0, 1, 2, 7])
def test_batches_deal_every_chain_once_and_keep_groups_apart(slots):
    chains = [*range(0, 300, 3), *range(1, 40)]
    batches = Batches(dict.fromkeys(chains), groups=64, most=11)
    dealt = []
    while batch := batches.take(20, slots):
        assert len(batch) <= 11
        assert len({chain % 64 for chain in batch}) == 1
        dealt += batch
    assert sorted(dealt) == sorted(set(chains))


def test_the_last_batches_are_small_so_that_none_waits_long_for_the_last():
    batches = Batches(range(0, 64 * 100, 64), groups=64)
    sizes = []
    while batch := batches.take(50, 2):
        sizes.append(len(batch))
    assert sizes[0] == 25
    assert sizes[-1] == 1
    assert sizes == sorted(sizes, reverse=True)


def test_a_fingerprint_tells_versions_and_draws_apart(question):
    assert differences(fingerprint(), fingerprint()) == ""
    assert "Python 2.7 there" in differences({**fingerprint(), "Python": "2.7"}, fingerprint())
    asked = asking(question, "product")
    digests = {
        digest_of_draws(Simulation.of(*asked, Design(draws=64, seed=seed))) for seed in (0, 0, 1)
    }
    assert len(digests) == 2
    assert os.sep not in str(fingerprint())
