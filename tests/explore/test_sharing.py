"""In a real browser: links, sessions, undo, the graph, and what is added to the model."""

import re
import shlex
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from uncertain_scale.explore.session import packed, unpacked, written
from uncertain_scale.explore.view import View
from uncertain_scale.sampling import Design

pytestmark = pytest.mark.slow

INPUT = '[inputs.overhead]\nkind = "lognormal"\nq05 = 1.1\nq95 = 1.4'
EQUATION = '''from typing import Annotated

def full_cost(budget: Annotated[float, "USD"], overhead) -> Annotated[float, "USD"]:
    """All in."""
    return budget * overhead'''


def press(page, words):
    page.run(
        "deep('button').filter(e => e.checkVisibility())"
        ".find(e => e.innerText.trim() === arguments[0]).click()",
        words,
    )


def area(page, label, text):
    page.run(
        "const f = deep('label').filter(e => e.innerText.trim() === arguments[0])"
        ".map(e => e.parentElement.querySelector('textarea'))[0]; f.value = arguments[1];"
        "f.dispatchEvent(new Event('input')); f.dispatchEvent(new Event('change'))",
        label,
        text,
    )


def headline(page, words):
    page.until("return deep('h1')[0].innerText.includes(arguments[0])", words)
    page.settle()


def fragment(page, before=""):
    page.until("return location.hash.length > 1 && location.hash !== arguments[0]", before)
    return page.run("return location.hash")


def waiting(page):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(page.driver, 300, 0.05)


def told(page, words):
    """Wait until the address holds words of the session."""
    waiting(page).until(lambda _: words in unpacked(page.run("return location.hash")))


def fault(page):
    return page.until("const f = deep('.fault'); return f.length && f.map(e => e.innerText)")


def add(page, inputs, equations):
    page.run("document.querySelectorAll('details').forEach(e => { e.open = true })")
    area(page, "Inputs, as in a prior file", inputs)
    area(page, "Equations, in Python", equations)
    time.sleep(0.3)
    press(page, "Add these")


def open_again(visit, address, code):
    """Open an address in another session: a page is loaded anew only for another address."""
    return visit(f"{address}?{time.monotonic()}{code}")


def test_a_link_opens_the_same_question_in_another_session(served, visit):
    address, _ = served
    page = visit(address)
    code = fragment(page)
    page.type("Budget, USD", "200M")
    headline(page, "200M USD buy")
    page.type("How likely is it?", "training_flop >= 1e26")
    page.until("return deep('li').some(e => e.innerText.startsWith('P(training_flop'))")
    page.choose("Answer looked at", "gpus")
    page.until("return deep('p.now')[0].innerText.startsWith('gpus')")
    page.settle()
    page.type("mfu at 5%", "0.2")
    page.until("return deep('li').some(e => e.innerText.startsWith('mfu logitnormal(q05=0.2'))")
    page.settle()
    told(page, "[inputs.mfu]")
    code, before = page.run("return location.hash"), page.text("main")
    again = open_again(visit, address, code)
    again.until("return deep('main')[0].innerText === arguments[0]", before[0])
    assert again.text("main") == before
    assert again.run("return location.hash") == code
    assert again.faults() == []


def test_the_program_starts_with_a_link_of_another_machine(running, visit):
    view = View(given={"budget": "70M"}, of="gpus", design=Design(draws=64, chains=2))
    with running("--session", f"http://127.0.0.1:1/another-token/#{packed(written(view))}") as here:
        page = visit(here)
        headline(page, "70M USD buy")
        assert page.text("p.now")[0].startswith("gpus")
        assert unpacked(fragment(page)) == written(replace(view, at="hourly_rate"))


def test_undo_goes_back_one_change_at_a_time_and_from_a_fault(served, visit):
    page = visit(served[0])
    first = page.text("main")
    page.choose("Answer looked at", "gpus")
    page.until("return deep('p.now')[0].innerText.startsWith('gpus')")
    page.settle()
    page.type("Budget, USD", "300M")
    headline(page, "300M USD buy")
    page.type("Budget, USD", "nonsense")
    assert "nonsense" in fault(page)[0]
    press(page, "Undo")
    page.until("return !deep('.fault').length")
    headline(page, "300M USD buy")
    press(page, "Undo")
    headline(page, "100M USD buy")
    assert page.text("p.now")[0].startswith("gpus")
    press(page, "Undo")
    page.until("return deep('p.now')[0].innerText.startsWith('training_flop')")
    page.settle()
    assert page.text("main") == first
    assert page.run("return deep('button').find(e => e.innerText === 'Undo').disabled")


def test_a_session_is_saved_and_opened_as_a_file(served, visit, tmp_path):
    page = visit(served[0])
    page.type("Budget, USD", "250M")
    headline(page, "250M USD buy")
    told(page, 'budget = "250M"')
    page.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    press(page, "Save session")
    saved = tmp_path / "session.toml"
    waiting(page).until(lambda _: saved.exists())
    assert 'budget = "250M"' in saved.read_text(encoding="utf-8")
    page.type("Budget, USD", "100M")
    headline(page, "100M USD buy")
    chooser = page.element("input[type=file]")
    chooser.send_keys(str(saved))
    headline(page, "250M USD buy")
    assert page.faults() == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense {", "not valid TOML"),
        ('schema_version = 1\nversion = "1"\nscenario = "/etc/passwd"\n', "does not hold"),
        ('schema_version = 1\nversion = "1"\nscenario = "<img src=x onerror=alert(1)>"\n', "<img"),
        ("x" * 5_000_000, "larger than 4 MB"),
    ],
)
def test_a_hostile_file_is_one_message_and_the_answer_stays(served, visit, tmp_path, text, told):
    page = visit(served[0])
    before = page.text("#table-of-outputs")
    bad = tmp_path / "bad.toml"
    bad.write_text(text, encoding="utf-8")
    page.element("input[type=file]").send_keys(str(bad))
    (message,) = fault(page)
    assert told in message
    assert str(tmp_path) not in message
    assert page.text("#table-of-outputs") == before


def test_a_session_of_another_version_is_answered_with_a_word(served, visit, tmp_path):
    page = visit(served[0])
    other = tmp_path / "other.toml"
    other.write_text(
        'schema_version = 1\nversion = "9.9"\nscenario = "base"\ngiven = {budget = "70M"}\n',
        encoding="utf-8",
    )
    page.element("input[type=file]").send_keys(str(other))
    headline(page, "70M USD buy")
    (note,) = page.text(".note")
    assert "made by uncertain-scale 9.9" in note
    assert "figures may differ" in note
    assert page.faults() == []


def test_a_tampered_address_is_one_message(served, visit):
    page = visit(served[0])
    code = fragment(page)
    for bad in (code[:-5], "#x", "#" + "A" * 100_001, code[:20] + "AAAA" + code[24:]):
        page = open_again(visit, served[0], bad)
        (message,) = fault(page)
        assert "cut short or altered" in message
        assert page.text("h1")[0].startswith("100M USD buy")
    page.type("Budget, USD", "120M")
    headline(page, "120M USD buy")
    assert page.text(".fault") == []


def test_a_click_in_the_graph_shows_an_answer_and_edits_an_input(served, visit):
    page = visit(served[0])
    node = "deep('.node').find(e => e.dataset.name === arguments[0])"
    page.until(f"return {node}", "gpus")
    assert page.run(f"return {node}.classList.contains('leads')", "mfu")
    page.run(f"{node}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))", "gpus")
    page.until("return deep('p.now')[0].innerText.startsWith('gpus')")
    page.settle()
    page.until(f"return {node}.classList.contains('of')", "gpus")
    assert not page.run(f"return {node}.classList.contains('leads')", "mfu")
    page.run(f"{node}.focus()", "pue")
    from selenium.webdriver.common.keys import Keys

    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.until("return deep('label').some(e => e.innerText.startsWith('pue at 5%'))")
    page.settle()
    shown = page.run("return deep('#equations-c')[0].closest('table').textContent")
    assert "gpu_hours = budget / hourly_rate" in shown


def test_comparisons_say_what_they_hold_in_common(served, visit):
    page = visit(served[0])
    words = page.text("p.common")
    assert len(words) == 2
    assert "Budget = 100M USD" in words[1]
    assert re.search(r"\d+ inputs that are one belief, with the same draws in both", words[1])
    assert "hourly_rate" in words[1]


def test_equations_are_shown_and_run_only_after_a_yes(served, visit, cli, tmp_path, monkeypatch):
    page = visit(served[0])
    trap = tmp_path / "ran"
    before = page.text("#table-of-outputs")
    add(page, INPUT, f"open({str(trap)!r}, 'a').close()\n{EQUATION}")
    (message,) = fault(page)
    assert "as you, with all that you may do" in message
    assert "def full_cost(budget" in page.text("pre")[0]
    assert not trap.exists()
    assert page.text("#table-of-outputs") == before
    assert page.violations() == []
    press(page, "Leave them out")
    page.until("return !deep('.fault').length")
    assert not trap.exists()
    press(page, "Add these")
    fault(page)
    press(page, "Run them")
    headline(page, "full cost of 124M USD")
    assert trap.exists()
    boxes = page.boxes()
    for name in ("added.py", "added.toml"):
        (title,) = [one for one in boxes if one.startswith(name)]
        (tmp_path / name).write_text(boxes[title], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, out, err = cli(*shlex.split(boxes["Intervals"])[1:])
    assert (code, err) == (0, "")
    assert "full_cost" in out
    trap.unlink()
    code = fragment(page)
    again = open_again(visit, served[0], code)
    assert "as you, with all that you may do" in fault(again)[0]
    assert not trap.exists()
    press(again, "Run them")
    headline(again, "full cost of 124M USD")
    assert trap.exists()


def test_faults_of_what_is_added_are_one_message_and_undone(served, visit):
    page = visit(served[0])
    add(page, "[inputs.nothing]\nkind = 'constant'\nvalue = 1", "")
    (message,) = fault(page)
    assert "added.toml" in message
    assert "nothing" in message
    assert tempfile.gettempdir() not in message
    press(page, "Undo")
    page.until("return !deep('.fault').length")
    headline(page, "100M USD buy")
    add(page, "", "def broken(:")
    fault(page)
    press(page, "Run them")
    page.until("return deep('.fault').some(e => e.innerText.includes('added.py:1'))")
    press(page, "Undo")
    page.until("return !deep('.fault').length")


def test_files_of_sessions_are_gone_when_the_program_ends(running, visit, tmp_path):
    folder = Path(tempfile.gettempdir())
    before = set(folder.glob("uncertain-scale-*"))
    own = tmp_path / "own.toml"
    own.write_text('schema_version = 1\nextends = "base"\n', encoding="utf-8")
    with running("--budget", "100M", "--draws", 64, "--chains", 2, "--scenario", own) as address:
        page = visit(address)
        code = fragment(page)
        open_again(visit, address, code)
        assert set(folder.glob("uncertain-scale-*")) > before
    assert set(folder.glob("uncertain-scale-*")) == before
