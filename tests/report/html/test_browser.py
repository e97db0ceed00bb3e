"""Pages in a real browser: Debian's Chromium without a window, driven by selenium.

Where there is no Chromium, its driver or selenium, the tests are skipped and say so.
"""

import base64
import json
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

AXE = Path(__file__).parents[2] / "specimens" / "axe" / "axe.min.js"
PHONE, DESK = 360, 1200
KINDS = ("report", "evidence", "comparison", "sensitivity", "claims", "backtest", "sweep")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write the pages as a user does, and return their folder."""
    from typer.testing import CliRunner

    from uncertain_scale.cli.main import app

    folder = tmp_path_factory.mktemp("pages")
    few = ["--draws", "256", "--output"]
    for kind, words in {
        "report": ["report", "--budget", "100M"],
        "evidence": ["report", "--gpus", "100k", "--evidence", "h100-clusters"],
        "comparison": ["compare", "h100-dense-fp8", "post-reading", "--budget", "100M"],
        "sensitivity": ["sensitivity", "--budget", "100M"],
        "claims": ["claims"],
        "backtest": ["backtest"],
        "sweep": ["sweep", "--budget", "10M..1B", "--points", "5", "--outputs", "training_flop"],
    }.items():
        result = CliRunner().invoke(app, [*words, *few, str(folder / kind)])
        assert result.exit_code == 0, result.output
    return folder


def page_of(folder, kind):
    return next((folder / kind).glob("*.html"))


def visit(chromium, path, width=DESK, scheme="light"):
    """Open a page at a width, in a colour scheme, and return what the browser logged."""
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width == PHONE}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    chromium.get_log("browser"), chromium.get_log("performance")
    chromium.get(path.as_uri())
    console = chromium.get_log("browser")
    events = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    requests = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    return console, requests


@pytest.mark.parametrize("kind", KINDS)
def test_no_console_error_and_no_request_leaves_the_page(chromium, folder, kind):
    path = page_of(folder, kind)
    console, requests = visit(chromium, path)
    assert console == []
    assert path.as_uri() in requests
    assert [one for one in requests if one != path.as_uri() and not one.startswith("data:")] == []


def test_the_log_would_show_a_request_and_an_error(chromium, tmp_path):
    """The test above is not blind: a page that loads and fails is found out."""
    bad = tmp_path / "bad.html"
    bad.write_text("<img src='missing.png'><script>throw Error('x')</script>", encoding="utf-8")
    console, requests = visit(chromium, bad)
    assert any("missing.png" in one for one in requests)
    assert any("Error: x" in entry["message"] for entry in console)


@pytest.mark.parametrize("kind", KINDS)
def test_a_narrow_screen_does_not_scroll_sideways(chromium, folder, kind):
    visit(chromium, page_of(folder, kind), width=PHONE)
    script = "return [window.innerWidth, document.documentElement.scrollWidth]"
    assert chromium.execute_script(script) == [PHONE, PHONE]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_no_serious_violation(chromium, folder, kind, scheme):
    visit(chromium, page_of(folder, kind), scheme=scheme)
    serious = violations(chromium)
    assert serious == []
    (dark,) = chromium.execute_script(
        "return [getComputedStyle(document.documentElement).getPropertyValue('color-scheme')]"
    )
    assert dark == scheme


def test_axe_would_find_a_serious_violation(chromium, tmp_path):
    bad = tmp_path / "bad.html"
    text = "<html><title>x</title><p style='color:#ccc;background:#fff'>pale</p><img src='data:,'>"
    bad.write_text(text, encoding="utf-8")
    visit(chromium, bad)
    assert {"color-contrast", "image-alt", "html-has-lang"} <= {
        name for name, _ in violations(chromium)
    }


def violations(chromium):
    chromium.execute_script(AXE.read_text(encoding="utf-8"))
    found = chromium.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
        ".then(found => done(found.violations), error => done([{impact: 'critical',"
        " id: String(error), nodes: []}]))"
    )
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def test_the_table_that_is_shown_equals_the_json(chromium, folder):
    visit(chromium, page_of(folder, "report"))
    shown = chromium.execute_script(
        "return [...document.querySelectorAll('#table-of-outputs tbody tr')].map(row => ["
        "row.dataset.output, row.querySelector('td').innerText,"
        "...[...row.querySelectorAll('data')].map(one => Number(one.value))])"
    )
    outputs = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))["outputs"]
    assert [row[0] for row in shown] == list(outputs)
    for name, median, *values in shown:
        output = outputs[name]
        ends = [p for p in output["intervals"] if p["kind"] == "eti"]
        assert values == [output["median"], *(p[e] for p in ends for e in ("low", "high"))]
        assert median.strip()


def test_sections_are_seen_in_order(chromium, folder):
    visit(chromium, page_of(folder, "report"))
    seen = chromium.execute_script(
        "return [...document.querySelectorAll('main > section')]"
        ".filter(one => one.getBoundingClientRect().height > 40)"
        ".sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)"
        ".map(one => one.id)"
    )
    assert seen == ["remarks", "outputs", "drivers", "inputs", "equations", "run"]
    top = "return document.querySelector('h1').getBoundingClientRect().top"
    assert 0 < chromium.execute_script(top) < 200


def test_every_figure_is_drawn_in_the_pages_colours(chromium, folder):
    """Figures' ink is the page's, in light and dark: no colour is fixed."""
    inks = {}
    for scheme in ("light", "dark"):
        visit(chromium, page_of(folder, "report"), scheme=scheme)
        inks[scheme] = chromium.execute_script(
            "return [...document.querySelectorAll('svg text')].map(one => "
            "getComputedStyle(one).fill)"
        )
    assert len(inks["light"]) > 100
    assert not set(inks["light"]) & set(inks["dark"])


def test_the_keyboard_reaches_the_answer_first(chromium, folder):
    from selenium.webdriver.common.keys import Keys

    visit(chromium, page_of(folder, "report"))
    chromium.switch_to.active_element.send_keys(Keys.TAB)
    assert chromium.switch_to.active_element.get_attribute("class") == "skip"
    chromium.switch_to.active_element.send_keys(Keys.ENTER)
    assert chromium.switch_to.active_element.get_attribute("id") == "main"


def test_paper_shows_what_the_screen_shows(chromium, folder):
    """On paper the page is light whatever the screen is, and every figure keeps its width."""
    visit(chromium, page_of(folder, "report"), scheme="dark")
    with printing(chromium, "dark"):
        style = "return getComputedStyle(document.body).backgroundColor"
        assert chromium.execute_script(style) == "rgb(255, 255, 255)"
        wide = "return Math.max(...[...document.querySelectorAll('svg')].map(e => e.clientWidth))"
        assert chromium.execute_script(wide) > 300
    made = chromium.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(made["data"]).startswith(b"%PDF")


@contextmanager
def printing(chromium, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    media = {"media": "print", "features": features}
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        yield
    finally:
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
