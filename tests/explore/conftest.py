"""The page as a visitor has it: the program in a process of its own, Debian's Chromium over it."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

PROGRAM = (
    "import sys; sys.argv[0] = 'uncertain-scale'; from uncertain_scale.cli import main; main()"
)
# Elements within shadow roots, which Panel's widgets are.
DEEP = """
window.deep ??= (selector, root = document) => [
  ...root.querySelectorAll(selector),
  ...[...root.querySelectorAll('*')].filter(e => e.shadowRoot)
    .flatMap(e => window.deep(selector, e.shadowRoot))]
"""


@pytest.fixture(scope="session")
def panel():
    if find_spec("panel") is None:
        pytest.skip("panel is not installed: pip install -e '.[explore]'")


@contextmanager
def program(*arguments):
    """Run the program's command `explore`, give its address, and see it end quietly by Ctrl-C."""
    command = [sys.executable, "-c", PROGRAM, "explore", "--no-browser", *map(str, arguments)]
    # What these ask of Panel's server is not what this program serves.
    other = {"BOKEH_RESOURCES": "cdn", "BOKEH_ALLOW_WS_ORIGIN": "evil.example"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | other,
    ) as process:
        try:
            line = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{30,}/", line), process.stderr.read()
            yield line
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")


class Visitor:
    """A browser at the page, with what people see and do there."""

    def __init__(self, driver, address, width, scheme):
        self.driver, self.address = driver, address
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        driver.get_log("browser"), driver.get_log("performance")
        driver.get(address)
        self.settle()

    def run(self, script, *arguments):
        return self.driver.execute_script(DEEP + script, *arguments)

    def until(self, script, *arguments):
        """Wait until a script gives something, and return it."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 300, 0.05).until(lambda _: self.run(script, *arguments))

    def settle(self):
        """Wait until the full answer is there, with its command lines.

        Parts that arrive in one message are drawn one after another, so what is seen is asked again
        when all that had arrived is drawn.
        """
        full = (
            "return deep('p.run').length && !deep('p.run')[0].innerText.includes('coarse')"
            " && deep('pre').length > 0"
        )
        drawn = (
            "const done = arguments[0], after = n => n ? requestAnimationFrame(() => "
            "setTimeout(after, 0, n - 1)) : done(); after(3)"
        )
        while True:
            self.until(full)
            self.driver.execute_async_script(drawn)
            if self.run(full):
                return

    def text(self, selector):
        return self.run("return deep(arguments[0]).map(e => e.innerText)", selector)

    def element(self, selector):
        return self.until("return deep(arguments[0])[0]", selector)

    def slide(self, label, place, *, release=True):
        """Drag a slider to a place, from 0 to 400; wait until the page answers."""
        before = self.text("p.now")
        found = self.run(
            "const bar = deep('input[type=range]').find(e => "
            "e.getAttribute('aria-label').startsWith(arguments[0])); if (!bar) return false;"
            "bar.value = arguments[1]; bar.dispatchEvent(new Event('input'));"
            "if (arguments[2]) bar.dispatchEvent(new Event('change')); return true",
            label,
            place,
            release,
        )
        assert found, label
        self.until("return deep('p.now')[0].innerText !== arguments[0]", *before)
        if release:
            self.settle()

    def type(self, label, text):
        """Type into the field with a label."""
        field = self.until(
            "return deep('label').filter(e => e.innerText.trim() === arguments[0])"
            ".map(e => e.parentElement.querySelector('input'))[0]",
            label,
        )
        self.run(
            "const [field, text] = arguments; field.focus(); field.value = text;"
            "field.dispatchEvent(new Event('input')); field.dispatchEvent(new Event('change'))",
            field,
            text,
        )

    def choose(self, label, option):
        """Choose an option of the list with a label."""
        from selenium.webdriver.support.ui import Select

        found = self.until(
            "return deep('label').filter(e => e.innerText.trim() === arguments[0])"
            ".map(e => e.parentElement.querySelector('select'))[0]",
            label,
        )
        Select(found).select_by_visible_text(option)

    def tick(self, label):
        self.run(
            "deep('label').find(e => e.innerText.trim() === arguments[0])"
            ".querySelector('input').click()",
            label,
        )

    def boxes(self):
        """Return the texts to copy, by their titles."""
        return dict(
            self.run(
                "return deep('pre').filter(e => e.checkVisibility())"
                ".map(e => [e.getAttribute('aria-label'), e.textContent])"
            )
        )

    def faults(self):
        return self.text(".fault")

    def console(self):
        levels = {"SEVERE", "WARNING"}
        return [one for one in self.driver.get_log("browser") if one["level"] in levels]

    def requests(self):
        events = [
            json.loads(one["message"])["message"] for one in self.driver.get_log("performance")
        ]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ] + [
            event["params"]["url"]
            for event in events
            if event["method"] == "Network.webSocketCreated"
        ]

    def violations(self):
        axe = Path(__file__).parents[1] / "specimens" / "axe" / "axe.min.js"
        self.driver.execute_script(axe.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
            ".then(found => done(found.violations), error => done([{impact: 'critical',"
            " id: String(error), nodes: []}]))"
        )
        return [
            (one["id"], [node["html"][:200] for node in one["nodes"]][:3])
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]


@pytest.fixture(scope="session")
def running(panel):  # noqa: ARG001 (without it the tests are skipped)
    """Give what runs the program for a while."""
    return program


@pytest.fixture(scope="session")
def visitor():
    """Give the class of a browser at a page."""
    return Visitor


EVIL_NAME = "bad <img src=x onerror=alert(0)>"
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="session")
def served(panel, tmp_path_factory):  # noqa: ARG001 (without it the tests are skipped)
    """Serve the page of a question for all tests that do not end it."""
    bad = tmp_path_factory.mktemp("scenarios") / f"{EVIL_NAME}.toml"
    bad.write_text(
        f'schema_version = 1\nextends = "base"\ntitle = "{EVIL}"\n[inputs.mfu]\n'
        f'kind = "logitnormal"\nq05 = 0.2\nq95 = 0.4\nlong_name = "{EVIL}"\n'
        f'source = "javascript:alert(3) {EVIL}"\nnote = "{EVIL}"\n',
        encoding="utf-8",
    )
    few = ("--draws", 1024, "--chains", 4)
    against = ("--against", bad, "--against", "h100-dense-fp8")
    with program("--budget", "100M", *against, *few) as address:
        yield address, str(bad)


@pytest.fixture
def visit(chromium):
    """Open a page as a visitor does; what the browser complains of fails the test."""
    seen = []

    def at(address, width=1200, scheme="light"):
        seen.append(Visitor(chromium, address, width, scheme))
        return seen[-1]

    yield at
    for visitor in seen[-1:]:
        assert visitor.console() == []
        host = visitor.address.split("/")[2]
        allowed = (f"http://{host}/", f"ws://{host}/", f"blob:http://{host}/", "data:")
        requests = visitor.requests()
        assert visitor.address.partition("#")[0] in [one.partition("#")[0] for one in requests]
        assert [one for one in requests if not one.startswith(allowed)] == []
        assert any(one.startswith("ws://") for one in requests)
