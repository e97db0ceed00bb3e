"""The documentation as it stands in the checkout, and what writes it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def docs():
    return ROOT / "docs"


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory):
    """Start a dask cluster of one worker; give its address."""
    distributed = pytest.importorskip("distributed", reason="the extra 'scale' is not installed")
    file = tmp_path_factory.mktemp("dask") / "scheduler.json"
    common = ("--scheduler-file", str(file), "--no-dashboard")
    parts = {
        "scheduler": ("--host", "127.0.0.1", "--port", "0"),
        "worker": ("--nthreads", "1", "--no-nanny"),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{part}", *common, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for part, options in parts.items()
    ]
    try:
        address = _address(file)
        with distributed.Client(address, timeout=300, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=300)
        yield address
    finally:
        for one in started:
            one.kill()
            one.wait()


def _address(file):
    """Wait until a scheduler has written where it is."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if file.exists() and (text := file.read_text(encoding="utf-8")).endswith("}"):
            return json.loads(text)["address"]
        time.sleep(0.1)
    raise AssertionError("no scheduler has started")


@pytest.fixture(scope="session")
def make():
    """Make what writes the documentation and the reports importable."""
    folders = [str(ROOT / part / "make") for part in ("docs", "reports")]
    sys.path[:0] = folders
    yield
    for folder in folders:
        sys.path.remove(folder)
