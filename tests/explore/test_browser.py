"""The page in a real browser: what is moved is answered, and what is shown can be had again."""

import json
import shlex
import time

import pytest

from uncertain_scale.explore.view import EDITS
from uncertain_scale.report.comparison_report import comparison_rows
from uncertain_scale.report.figures.sensitivity import share_in_brief, shares_of
from uncertain_scale.units.labels import with_name

pytestmark = pytest.mark.slow

EVIL_NAME = "bad <img src=x onerror=alert(0)>"
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_what_the_sliders_show_is_had_again_to_the_digit(served, visit, cli, tmp_path, monkeypatch):
    page = visit(served[0])
    first = page.text("h1")
    page.slide("Budget", 260)
    assert page.text("h1") != first
    page.slide("mfu at 95%", 300)
    page.tick("base")
    page.until("return deep('section[aria-labelledby=c3-h]').length")
    page.settle()
    boxes = page.boxes()
    (title,) = [one for one in boxes if one.startswith(EDITS)]
    (tmp_path / EDITS).write_text(boxes.pop(title), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = {}
    for what in ("Intervals", "Ranking", "Comparison"):
        code, out, err = cli(*shlex.split(boxes[what])[1:], "--format", "json")
        assert (code, err) == (0, "")
        found[what] = json.loads(out)
    outputs = found["Intervals"]["outputs"]
    shown = page.run(
        "return deep('#table-of-outputs tbody tr').map(row => [row.dataset.output,"
        "...[...row.querySelectorAll('data')].map(one => Number(one.value))])"
    )
    assert [row[0] for row in shown] == list(outputs)
    for name, *values in shown:
        piece = outputs[name]["intervals"][0]
        assert values == [outputs[name]["median"], piece["low"], piece["high"]]
    ranked = found["Ranking"]["outputs"]["training_flop"]
    told = page.run(
        "return [...deep('#drivers-c')[0].closest('table').tBodies[0].rows]"
        ".map(row => [...row.querySelectorAll('td')].map(cell => cell.innerText).slice(0, 2))"
    )
    assert told == [[with_name(name), share_in_brief(one)] for name, one in shares_of(ranked)]
    for number, one in enumerate(found["Comparison"]["comparisons"], 1):
        rows = page.run(
            "return [...deep(`section[aria-labelledby=c${arguments[0]}-h] tbody`)[0].rows]"
            ".map(row => [...row.querySelectorAll('th, td')].map(cell => cell.innerText))",
            number,
        )
        theirs = [list(row) for row in comparison_rows(one, 0.9)]
        assert rows == [
            [text.replace("x", "×") if n else with_name(text) for n, text in enumerate(row)]
            for row in theirs
        ]
        assert rows


def test_a_coarse_answer_is_told_as_such_until_the_hand_rests(served, visit):
    page = visit(served[0])
    page.slide("Budget", 150, release=False)
    page.until("return deep('p.run')[0].innerText.includes('A coarse pass while you move')")
    assert page.faults() == []
    page.slide("Budget", 160)
    assert page.text("p.run")[0].startswith("4 chains x 1,024 draws (sobol), seed 0;")


def test_a_fault_is_told_and_the_last_answer_stays(served, visit):
    page = visit(served[0])
    before = page.text("#table-of-outputs")
    for label, text, told in (
        ("mfu at 5%", "0.9", "mfu: q05 = 0.9 is not below q95 = 0.4"),
        ("Budget, USD", "100 parsecs", "parsec"),
        ("Anything else that is known", "gpuss=5k", "'gpuss' is not a variable of the model"),
        ("Or as a distribution", "beta(alpha=0)", "alpha"),
    ):
        good = {"mfu at 5%": "0.103", "Budget, USD": "100M"}.get(label, "")
        page.type(label, text)
        (fault,) = page.until(
            "const f = deep('.fault'); return f.length && f.map(e => e.innerText)"
        )
        assert told in fault
        assert "the last answer" in fault
        assert page.text("#table-of-outputs") == before
        if label == "Or as a distribution":
            page.run("deep('button').find(e => e.innerText.includes('All as in')).click()")
        else:
            page.type(label, good)
        for _ in range(2):  # a coarse pass may be on its way when the full answer is there
            page.until(
                "return !deep('.fault').length"
                " && deep('#table-of-outputs')[0].innerText === arguments[0]",
                *before,
            )
            time.sleep(1)
    page.type("GPUs", "25k")
    page.type("Training time, days", "80")
    (fault,) = page.until("const f = deep('.fault'); return f.length && f.map(e => e.innerText)")
    assert "hourly_rate" in fault
    page.type("Inputs to solve for", "hourly_rate")
    page.until("return !deep('.fault').length && deep('h1')[0].innerText.includes('rental rate')")


def test_the_answer_looked_at_is_the_same_when_a_question_that_lacked_it_has_it_again(
    served, visit
):
    page = visit(served[0])
    page.choose("Answer looked at", "gpu_hours")
    page.until("return deep('p.now')[0].innerText.startsWith('gpu_hours')")
    page.settle()
    page.type("Budget, USD", "")
    page.until("return !deep('p.now')[0].innerText.startsWith('gpu_hours')")
    page.settle()
    page.type("Budget, USD", "100M")
    page.until("return deep('p.now')[0].innerText.startsWith('gpu_hours')")
    page.settle()
    assert "--of gpu_hours" in page.boxes()["Ranking"]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1200, "dark")])
def test_nothing_scrolls_sideways_and_axe_finds_nothing(served, visit, width, scheme):
    page = visit(served[0], width, scheme)
    widths = "return [window.innerWidth - document.documentElement.scrollWidth > -1, innerWidth]"
    assert page.run(widths) == [True, width]
    assert page.violations() == []
    page.type("mfu at 5%", "0.9")
    page.until("return deep('.fault').length")
    assert page.violations() == []
    assert page.run(widths) == [True, width]
    (shown,) = page.run("return [getComputedStyle(document.documentElement).colorScheme]")
    assert shown == scheme


def test_the_keyboard_is_enough(served, visit):
    from selenium.webdriver.common.keys import Keys

    page = visit(served[0])
    page.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert page.driver.switch_to.active_element.get_attribute("class") == "skip"
    bar = page.element("input[aria-label^='Budget']")
    page.run("arguments[0].focus()", bar)
    before = page.text("p.now")
    bar.send_keys(Keys.ARROW_RIGHT)
    page.until("return deep('p.now')[0].innerText !== arguments[0]", *before)
    assert bar.get_attribute("aria-valuetext") == "102M"
    page.settle()


def test_words_of_others_are_shown_as_words(served, visit):
    address, bad = served
    page = visit(address)
    page.choose("Scenario", bad)
    page.until("return deep('dd').some(e => e.innerText.includes('javascript:alert(3)'))")
    (scenario,) = page.text(".scenario")
    assert scenario == f"Scenario {EVIL_NAME}: {EVIL}"
    assert bad in page.text("label")
    assert f"{EVIL_NAME} over {EVIL_NAME}" in page.text("h3")
    assert EVIL in page.text("p.what")
    page.settle()
    assert page.run("return [deep('img').length, deep('a[href^=javascript]').length]") == [0, 0]
