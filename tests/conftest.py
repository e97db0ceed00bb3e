"""What several tests share: the command line as a user runs it, a browser, and the specimens."""

import os
import shutil
import signal
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import uncertain_scale.cli  # noqa: F401 (before NumPy is: linear algebra in one thread, as there)

SPECIMENS = Path(__file__).parent / "specimens"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
DRIVER = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")

# How long an example takes says how loaded the machine is.
settings.register_profile("any load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any load")
FORMATS = ("terminal", "md", "json", "csv", "html")
PRINTED_BY = (  # what a terminal, a user or a service sets; typer reads some of it on import
    "COLORTERM",
    "FORCE_COLOR",
    "GITHUB_ACTIONS",
    "LINES",
    "NO_COLOR",
    "PY_COLORS",
    "TERMINAL_WIDTH",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
    "TYPER_USE_RICH",
)


def pytest_sessionstart():
    """Print as on a plain terminal of 80 columns, whatever this one is."""
    for name in PRINTED_BY:
        os.environ.pop(name, None)
    os.environ["COLUMNS"] = "80"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as slow what `slow_but` does not name."""
    for item in items:
        for mark in item.iter_markers("slow_but"):
            if item.callspec.id not in mark.args:
                item.add_marker("slow")


@pytest.fixture(scope="session")
def specimens():
    return SPECIMENS


@pytest.fixture
def interruptible():
    """Listen to Ctrl-C, which a shell tells what it runs in the background to ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@cache
def built_once():
    """Let typer make its commands once, where each run would make them anew."""
    from typer import testing

    if hasattr(testing, "_get_command"):
        testing._get_command = cache(testing._get_command)


@pytest.fixture(scope="session", autouse=True)
def shipped_files_once():
    """Read what a shipped prior file says once, where each command would read it again."""
    from uncertain_scale.inputs import files

    read, folder, kept = files._Reader.read, files.shipped_folder(), {}

    def once(reader):
        if not reader.path.resolve().is_relative_to(folder):
            return read(reader)
        key = reader.path, reader._shown
        if key not in kept or kept[key][0] != reader.document:
            kept[key] = reader.document, read(reader)
            assert reader.faults == []
        return kept[key][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files._Reader, "read", once)
        yield


@pytest.fixture(scope="session")
def cli():
    """Run the command line in this process; give its exit code, output and error text."""
    from typer.testing import CliRunner

    from uncertain_scale.cli.main import app
    from uncertain_scale.errors import UncertainScaleError

    built_once()

    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        error = result.exception
        if isinstance(error, UncertainScaleError):  # what `main` turns into exit code 2
            return 2, result.stdout, f"error: {error}"
        if error is not None and not isinstance(error, SystemExit):
            raise error
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture(scope="session")
def in_every_format(cli):
    """Run a command once; give what it prints in each of some formats, and its error text."""
    import typer

    from uncertain_scale.cli import output

    between = "\n---- in the next format\n"

    def run(*arguments, forms=FORMATS):
        printed = output.print_document

        def each(document, _, *rest):
            for form in forms:
                printed(document, form, *rest)
                typer.echo(between, nl=False)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(output, "print_document", each)
            code, out, err = cli(*arguments)
        assert code == 0, err
        *texts, rest = out.split(between)
        assert rest == ""
        return dict(zip(forms, texts, strict=True)), err

    return run


@pytest.fixture
def plain_pages(monkeypatch):
    """Leave out what is drawn on a page that is saved; it takes longer than all the rest."""
    from uncertain_scale.cli import output

    monkeypatch.setattr(output, "_page", lambda *_: "<!doctype html>\n")


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium without a window, driven by selenium; tests are skipped where it is not."""
    parts = {
        "chromium": CHROMIUM,
        "chromedriver (Debian's chromium-driver)": DRIVER,
        "selenium (pip install -e '.[browser]')": find_spec("selenium"),
    }
    if missing := [what for what, there in parts.items() if not there]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new",
        "--no-sandbox",  # Chromium's own sandbox does not run as root, which containers are
        "--disable-dev-shm-usage",
        "--disable-gpu",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(300)
    try:
        yield driver
    finally:
        driver.quit()
