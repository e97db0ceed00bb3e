"""How soon the page of `explore` follows a hand: at the server, and as a browser shows it.

    python -m benchmarks.explore            with Chromium and its driver the browser too

A pass is what a drag asks for: all answers, the ranking of one and the comparison with others, and
the page's parts made of them. In the browser the time is from a slider's own event to the frame in
which the changed answer, ranking and comparison stand. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import shutil
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from uncertain_scale.explore.explorer import COARSE, Explorer
from uncertain_scale.explore.view import Scenarios, View
from uncertain_scale.model import default_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Budget

OTHERS: tuple[tuple[str, ...], ...] = (
    (),
    ("h100-dense-fp8",),
    ("h100-dense-fp8", "post-reading", "gb200-dense-fp8"),
)
ROUNDS = 20
PROGRAM = (
    "import sys; sys.argv[0] = 'uncertain-scale'; from uncertain_scale.cli import main; main()"
)
MOVE = """
const done = arguments[arguments.length - 1]
const deep = (selector, root = document) => [
  ...root.querySelectorAll(selector),
  ...[...root.querySelectorAll('*')].filter(e => e.shadowRoot)
    .flatMap(e => deep(selector, e.shadowRoot))]
const bar = deep('input[type=range][aria-label^="mfu at 95%"]')[0]
const parts = ['p.now', '#drivers-c', 'section[aria-labelledby=c1-h]']
const places = parts.map(one => deep(one)[0]).filter(Boolean)
  .map(e => e.id === 'drivers-c' ? e.closest('table') : e)
const roots = places.map(e => e.getRootNode())
const seen = () => roots.map(root => root.textContent)
const before = seen()
const begun = performance.now()
bar.value = arguments[0]
bar.dispatchEvent(new Event('input'))
const look = () => {
  const now = seen()
  if (now.every((text, n) => text !== before[n])) done(performance.now() - begun)
  else if (performance.now() - begun > 10000) done(-1)
  else requestAnimationFrame(look)
}
requestAnimationFrame(look)
"""


def main() -> None:
    """Measure, and print what was measured."""
    draws, chains = COARSE
    print(f"a pass while dragging: {chains} chains x {draws} draws; milliseconds, of {ROUNDS}")
    for others in OTHERS:
        passes = list(_at_the_server(others, coarse=True))
        full = list(_at_the_server(others, coarse=False))
        print(f"{len(others)} other scenarios, server: {_words(passes)}; full pass {_words(full)}")
        if shutil.which("chromium") and shutil.which("chromedriver"):
            print(f"{len(others)} other scenarios, browser: {_words(list(_in_a_browser(others)))}")


def processor_seconds(budget: Budget) -> Iterator[float]:
    """Yield the processor's seconds of passes while dragging, at the server, within a budget."""
    begun = None
    for _ in _at_the_server((), coarse=True):
        if begun is not None:
            yield time.process_time() - begun
            if not budget.left:
                return
        begun = time.process_time()


def _words(seconds: list[float]) -> str:
    found = sorted(1000 * one for one in seconds)
    return f"median {statistics.median(found):.0f}, 95% {found[int(0.95 * (len(found) - 1))]:.0f}"


def _at_the_server(others: tuple[str, ...], *, coarse: bool) -> Iterator[float]:
    scenarios = Scenarios(default_model())
    view = View(given={"budget": "100M"}, others=others, at="mfu")
    explorer = Explorer(view, scenarios, lambda _: {})
    explorer.show(view, coarse=coarse)
    for number in range(ROUNDS if coarse else ROUNDS // 4):
        moved = replace(view, given={"budget": f"{100 + number}M"})
        begun = time.perf_counter()
        shown = explorer.show(moved, coarse=coarse)
        yield time.perf_counter() - begun
        if shown.error:
            raise RuntimeError(shown.error)


def _in_a_browser(others: tuple[str, ...]) -> Iterator[float]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    against = [word for one in others for word in ("--against", one)]
    command = [sys.executable, "-c", PROGRAM, "explore", "--no-browser", "--budget", "100M"]
    with subprocess.Popen(  # noqa: S603 (our own program)
        [*command, *against], stdout=subprocess.PIPE, text=True
    ) as program:
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            driver.get(next(iter(program.stdout or ())).strip())
            time.sleep(5)
            for number in range(ROUNDS):
                milliseconds = driver.execute_async_script(MOVE, 180 + 8 * number)
                if milliseconds < 0:
                    raise RuntimeError("the page did not follow within ten seconds")
                yield milliseconds / 1000
                time.sleep(0.1)
        finally:
            driver.quit()
            program.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
