"""The page that answers by itself, in a real browser, opened as a file."""

import json
import shlex

import pytest

pytestmark = pytest.mark.slow

FEW = ("--draws", "256", "--chains", "4")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    from typer.testing import CliRunner

    from uncertain_scale.cli.main import app

    path = tmp_path_factory.mktemp("static") / "page.html"
    words = ["--budget", "10M..1B", "--gpus", "5k..50k", "--against"]
    words = ["explore", "--export", str(path), *words, "gb200-dense-fp8", *FEW]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return path


def reader_of(visitor):
    class Reader(visitor):
        """A browser at the page; there is no server to wait for."""

        def settle(self):
            self.until("return document.getElementById('answers')")

        def put(self, place, text):
            self.run(
                "const f = inputs[arguments[0]][0]; f.value = arguments[1];"
                "f.dispatchEvent(new Event('change'))",
                place,
                text,
            )

        def slide_to(self, place, position):
            self.run(
                "const b = document.getElementById(`bar-${arguments[0]}`); b.value = arguments[1];"
                "b.dispatchEvent(new Event('input'))",
                place,
                position,
            )

        def rows(self):
            return self.run(
                "return [...document.querySelectorAll('#answers tbody tr')]"
                ".map(row => [...row.cells].map(cell => cell.innerText))"
            )

        def row(self, name):
            (found,) = [row for row in self.rows() if row[0].split("\n")[-1].split(":")[0] == name]
            return found[1:]

    return Reader


@pytest.fixture
def reader(chromium, page_file, visitor):
    """Open the page; what the browser complains of, or asks for elsewhere, fails the test."""
    seen = []

    def at(width=1200, scheme="light"):
        seen.append(reader_of(visitor)(chromium, page_file.as_uri(), width, scheme))
        return seen[-1]

    yield at
    for one in seen[-1:]:
        assert one.console() == []
        asked = one.requests()
        assert page_file.as_uri() in asked
        assert [u for u in asked if u != page_file.as_uri() and not u.startswith("data:")] == []


def number(text):
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    head, _, power = text.replace(",", "").partition("×10")
    scale = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(head[-1], 1.0)
    return float(head.rstrip("kMBT")) * scale * 10.0 ** int(power.translate(raised) or 0)


def test_at_a_made_point_the_page_prints_what_its_command_prints(reader, cli):
    page = reader()
    for scenario, places in ((0, (0, 160)), (1, (40, 100)), (0, (80, 80))):
        for n, place in enumerate(places):
            page.slide_to(n, place)
        page.run(
            "const w = document.getElementById('which'); w.value = arguments[0];"
            "w.dispatchEvent(new Event('change'))",
            str(scenario),
        )
        assert page.text("#place")[0].startswith("At a point made in advance")
        line = page.run("return document.getElementById('again').textContent")
        code, out, err = cli(*shlex.split(line)[1:], "--format", "html")
        assert (code, err) == (0, "")
        for name, median, interval, units, _ in [
            (row[0].split("\n")[-1].split(":")[0], *row[1:]) for row in page.rows()
        ]:
            start = out.index(f'<tr data-output="{name}">')
            printed = out[start : out.index("</tr>", start)]
            assert f">{median}</data>" in printed
            assert all(f">{end}</data>" in printed for end in interval.split(" to "))
            assert f"<td>{units}</td>" in printed


def test_between_points_it_interpolates_within_what_it_states(reader, cli):
    page = reader()
    page.slide_to(0, 70)
    page.slide_to(1, 50)
    assert page.text("#place")[0].startswith("Between points made in advance")
    values = page.run("return [0, 1].map(n => typed(data.axes[n], inputs[n][0].value))")
    names = page.run("return data.axes.map(axis => axis.name)")
    given = [
        w for pair in zip(names, values, strict=True) for w in ("--given", "{}={!r}".format(*pair))
    ]
    code, out, err = cli("report", *given, *FEW, "--format", "json")
    assert (code, err) == (0, "")
    outputs = json.loads(out)["outputs"]
    off = page.run("return Object.fromEntries(data.rows.map(row => [row.name, row.off]))")
    for name, one in outputs.items():
        median = page.row(name)[0]
        scale = {"GW": 1e3, "TWh": 1e3, "%": 0.01}.get(page.row(name)[2], 1.0)
        rel = off[name] + 0.01  # three digits at least, or two where draws are few
        assert number(median) * scale == pytest.approx(one["median"], rel=max(rel, 0.06))


def test_outside_of_the_ranges_and_for_nonsense_it_gives_no_figure_and_says_so(reader):
    page = reader()
    first = page.rows()
    for text, told in (
        ("2B", "is not known here: this page was made for 10M USD to 1B USD, and gives no figure"),
        ("9.99M", "is not known here"),
        ("-5", "is not known here"),
        ("1e999", "is not known here"),
        ("", "is not a number of USD"),
        ("100 parsecs", "is not a number"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("0x10", "is not a number"),
    ):
        page.put(0, text)
        assert told in page.text("#outside")[0]
        assert {tuple(row[1:4]) for row in page.rows()} == {("\u2013", "\u2013", "")}
        assert page.text("h1") == ["Outside of what this page knows"]
        assert page.run("return document.getElementById('again').textContent") == ""
        assert page.run("return inputs[0][0].getAttribute('aria-invalid')") == "true"
    page.put(0, "100M")
    assert page.rows() == first
    assert page.run("return document.getElementById('outside').hidden")


def test_every_stop_of_every_slider_answers_and_stays(reader):
    bad = reader().run(
        "const bad = []; stops.forEach((all, n) => all.forEach((_, k) => {"
        "const bar = document.getElementById(`bar-${n}`); bar.value = k;"
        "bar.dispatchEvent(new Event('input'));"
        "if (!document.getElementById('outside').hidden || Number(bar.value) !== k ||"
        " /NaN|undefined|Infinity/.test(document.body.innerText)) bad.push([n, k]) }));"
        "return bad"
    )
    assert bad == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("50M", 5e7), ("5e7", 5e7), ("50,000,000 USD", 5e7), ("0.05B", 5e7), ("50M USD", 5e7)],
)
def test_values_are_typed_as_people_write_them(reader, text, value):
    page = reader()
    page.put(0, text)
    assert page.run("return typed(data.axes[0], arguments[0])", text) == pytest.approx(value)
    assert page.run("return document.getElementById('outside').hidden")
    assert page.run("return typed(data.axes[1], '7.5k GPUs')") == 7500


def test_the_keyboard_moves_a_slider_and_tells_the_value(reader):
    from selenium.webdriver.common.keys import Keys

    page = reader()
    bar = page.element("#bar-0")
    page.run("arguments[0].focus()", bar)
    before = bar.get_attribute("aria-valuetext")
    bar.send_keys(Keys.ARROW_RIGHT)
    assert bar.get_attribute("aria-valuetext") != before
    assert bar.get_attribute("aria-valuetext") == page.run("return inputs[0][0].value")


def test_scenarios_change_beliefs_and_remarks_with_them(reader):
    page = reader()
    assert page.text("#scenario") == ["base"]
    page.choose("Scenario", "gb200-dense-fp8")
    assert page.text("#scenario") == ["gb200-dense-fp8"]
    shown = page.run(
        "return [...document.querySelectorAll('[data-scenario]')].filter(e => !e.hidden)"
        ".map(e => e.dataset.scenario)"
    )
    assert set(shown) == {"1"}
    assert "--scenario gb200-dense-fp8" in page.run(
        "return document.getElementById('again').textContent"
    )


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1200, "dark")])
def test_it_is_accessible_in_light_and_dark_and_scrolls_no_page_sideways(reader, width, scheme):
    page = reader(width, scheme)
    widths = "return [document.documentElement.scrollWidth <= innerWidth, innerWidth]"
    assert page.run(widths) == [True, width]
    assert page.violations() == []
    page.put(0, "2B")
    assert page.violations() == []
    (shown,) = page.run("return [getComputedStyle(document.documentElement).colorScheme]")
    assert shown == scheme


def test_without_scripts_one_point_stands_there(page_file):
    text = page_file.read_text(encoding="utf-8")
    assert "<noscript>" in text
    body = text.split("<tbody>")[1].split("</tbody>")[0]
    assert "training_flop" in body.replace("<wbr>", "")
    assert "×10" in body
