"""What the program says, word for word: every command in every format, kept beside this file.

`GOLDEN=write pytest tests/golden` keeps what is said now. Numbers may differ in their last digits,
as they do between processors and versions of NumPy; words, layout, keys and their order may not.
The error of a figure that is exact but for rounding is rounding itself, all of its digits.
"""

from __future__ import annotations

import csv
import json
import os
import re
from functools import cache
from html.parser import HTMLParser
from json import JSONDecoder
from pathlib import Path

import pytest

SAID = Path(__file__).parent / "said"
SPECIMENS = Path(__file__).parents[1] / "specimens"
SMALL = ("--draws", "64", "--chains", "4", "--seed", "3", "--as-of", "2026-11-30")
LAWS = SPECIMENS / "equations" / "tails.py"
QUESTIONS = {
    "report": ("report", "--budget", "100M", "--event", "training_flop >= 5e25"),
    "report-solved": (
        *("report", "--budget", "1B", "--gpus", "25k", "--training-time", "80day"),
        *("--free", "hourly_rate", "--set", "mfu=0.3 to 0.45", "--prob", "0.8", "--prob", "0.5"),
    ),
    "report-evidence": ("report", "--gpus", "100k", "--evidence", "h100-clusters"),
    "report-own": (
        *("report", "--equations", LAWS, "--outputs", "ratio,steps,worst"),
        *("--set", "x=lognormal(mu=0, sigma=2)", "--set", "u=uniform(lower=0, upper=1)"),
        *("--event", "worst > 1e9", "--event", "steps >= 2"),
    ),
    "compare": (
        *("compare", "h100-dense-fp8", "h100-sparse-fp8", "gb200-dense-fp8", "--budget", "250M"),
        *("--event", "training_flop >= 2e26", "--couple", "mfu=0.5"),
    ),
    "compare-evidence": (
        *("compare", "h100-dense-fp8", "h100-sparse-fp8", "--budget", "100M"),
        *("--evidence", "h100-clusters"),
    ),
    "sensitivity": ("sensitivity", "--budget", "100M", "--of", "training_flop,optimal_params"),
    "sensitivity-pairs": (
        *(
            "sensitivity",
            "--budget",
            "100M",
            "--of",
            "cost_per_flop",
            "--on",
            "value",
            "--second-order",
        ),
        *("--set", "mfu=0.3 to 0.45", "--set", "pue=1.2"),
    ),
    "sensitivity-decision": (
        *("sensitivity", "--budget", "100M", "--of", "training_flop"),
        *("--event", "training_flop >= 5e25", "--loss", "false yes=20M USD, false no=5M USD"),
    ),
    "sensitivity-evidence": (
        *("sensitivity", "--gpus", "100k", "--of", "training_flop"),
        *("--evidence", "h100-clusters"),
    ),
    "sweep": (
        *("sweep", "--budget", "10M..1B", "--points", "3", "--outputs", "training_flop"),
        *("--event", "training_flop >= 1e26"),
    ),
    "sweep-two": (
        *("sweep", "--budget", "100M,1B", "--gpus", "10k..100k", "--points", "3"),
        *("--outputs", "training_time"),
    ),
    "report-dated": ("report", "--budget", "1B", "--date", "2028-07"),
    "report-when": (
        *("report", "--given", "largest_run_cost=100B", "--free", "date"),
        *("--draws", "512"),
    ),
    "sweep-dates": (
        *("sweep", "--date", "2024..2030", "--points", "3", "--outputs", "largest_run"),
        *("--event", "largest_run >= 1e27"),
    ),
    "decide": (
        *("decide", "--budget", "1B", "--option", "chip=H100,GB200", "--option", "gpus=20k..60k:3"),
        *("--maximise", "training_flop", "--limit", "facility_power <= 150 MW with 90%"),
        *("--pilot", "mfu +- 10%"),
    ),
    "decide-none": (
        *(
            "decide",
            "--training-flop",
            "1e27",
            "--option",
            "date=2026,2028",
            "--minimise",
            "budget",
        ),
        *("--minimise", "mean(gpu_hours)", "--limit", "budget <= 1M USD with 50%"),
    ),
    "claims": ("claims", "post-2024-07", "--claim", "gpu-price", "--claim", "flop-bf16"),
    "claims-scenarios": (
        *("claims", "post-2024-07", "--claim", "breakeven"),
        *("--scenario", "base", "--scenario", "post-reading"),
    ),
    "backtest": ("backtest",),
    "update": ("update", "h100-clusters", "--budget", "100M", "--event", "training_flop >= 5e25"),
}
OTHERS = {
    "claims-list": ("claims", "--list"),
    "backtest-columns": ("backtest", "--columns"),
    "model": ("model",),
    "model-question": ("model", "--budget", "100M"),
    "model-explain": ("model", "--gpus", "25k", "--explain", "training_flop"),
    "priors-list": ("priors", "list"),
    "priors-show": ("priors", "show", "gb200-dense-fp8"),
    "priors-fit-mfu": ("priors", "fit-mfu"),
    "priors-fit-trend": ("priors", "fit-trend", "frontier_flop"),
    "backtest-trends": ("backtest", "--trends"),
}
FORMATS = ("terminal", "md", "json", "csv", "html")
FORMS = {
    "model": ("text", "md", "json", "csv", "mermaid"),
    **dict.fromkeys(("priors-list", "priors-show"), FORMATS[:4]),
    "backtest-trends": ("terminal", "md"),
}
CASES = [
    *((name, form) for name in QUESTIONS for form in FORMATS),
    *((name, form) for name in OTHERS for form in FORMS.get(name, ("",))),
]
DIGEST = re.compile(
    r"(?<![.\w])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12}(?:[0-9a-f]{52})?(?![\w+-])"
)
VERSION = re.compile(
    r'("(?:python|numpy|scipy|xarray|arviz-stats|uncertain.scale)": "'  # JSON, Markdown, a page
    r"|\b(?:python|numpy|scipy|xarray|arviz-stats) version(?: \| |\n<td>\n))[\w.+]+"
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
POWER = re.compile("×10⁻([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
NEAR = 1e-6
TINY = 1e-12
ROUNDING = 1e-13  # relative; Monte Carlo errors are larger


@pytest.fixture(scope="module")
def said(cli, in_every_format):
    """Return what gives the text of a command in a format, and the text beside it.

    A question is answered once for all formats, but for a report, which is printed as it is asked.
    """
    answers = cache(lambda name: in_every_format(*QUESTIONS[name], *SMALL))

    def text(name, form):
        if name in QUESTIONS and name != "report":
            texts, err = answers(name)
            return texts[form], err
        words = (*QUESTIONS[name], *SMALL) if name in QUESTIONS else OTHERS[name]
        code, out, err = cli(*words, *(("--format", form) if form else ()))
        assert code == 0, err
        return out, err

    return text


@pytest.mark.slow_but(
    *(f"report-{form}" for form in ("terminal", "md", "csv")),
    *(f"{name}-terminal" for name in ("report-solved", "report-own", "sensitivity", "sweep")),
    *(f"{name}-terminal" for name in ("claims", "update", "priors-list")),
    "model-text",
)
@pytest.mark.parametrize(("name", "form"), CASES, ids=lambda word: word or "plain")
def test_a_command_says_what_it_said(said, name, form):
    out, err = said(name, form)
    text = masked(words_of(out) if form == "html" else out)
    if err:
        text += f"\n--- beside it\n{masked(err)}"
    path = SAID / f"{name}.{form or 'txt'}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    text, kept = (with_powers(one) for one in (text, kept))
    assert NUMBER.sub("#", text) == NUMBER.sub("#", kept)
    numbers, before = (NUMBER.findall(without_rounding(one, form)) for one in (text, kept))
    far = [
        pair
        for pair in zip(numbers, before, strict=True)
        if float(pair[0]) != pytest.approx(float(pair[1]), rel=NEAR, abs=TINY)
    ]
    assert far == []


def test_nothing_is_kept_that_is_not_said():
    assert {path.name for path in SAID.iterdir()} == {
        f"{name}.{form or 'txt'}.txt" for name, form in CASES
    }


def masked(text):
    """Return a text without digests and versions, which say what ran and not what came of it."""
    text = VERSION.sub(r"\1VERSION", DIGEST.sub("DIGEST", text))
    return text.replace(str(SPECIMENS), "SPECIMENS")


def with_powers(text):
    """Return a text with a small number as one: 2e-15 for 2×10⁻¹⁵."""
    return POWER.sub(lambda found: f"e-{found[1].translate(DIGITS)}", text)


def without_rounding(text, form):
    """Return a text with 0 for the errors of its figures that are no more than rounding."""
    if form == "json":
        document, end = JSONDecoder(object_hook=_without_rounding).raw_decode(text)
        return json.dumps(document) + text[end:]
    if form == "csv":
        titles, *rows = csv.reader(text.splitlines())
        cells = [_cells_without_rounding(titles, row) for row in rows]
        return "\n".join(map(",".join, [titles, *cells]))
    return text


def _without_rounding(part):
    return {
        key: 0.0 if key.endswith("_mcse") and _is_rounding(value, part.get(key[:-5])) else value
        for key, value in part.items()
    }


def _cells_without_rounding(titles, row):
    """Return cells with 0 for such errors, each of which stands behind its figure."""
    values = [float(cell) if NUMBER.fullmatch(cell) else cell for cell in row]
    return [
        "0.0" if title.endswith("mcse") and _is_rounding(value, figure) else cell
        for title, cell, value, figure in zip(titles, row, values, ["", *values], strict=False)
    ]


def _is_rounding(error, figure):
    """Return whether an error is that of a figure, and below its last digits."""
    known = isinstance(error, float) and isinstance(figure, float)
    return known and error <= ROUNDING * abs(figure)


class _Words(HTMLParser):
    """The text of a page, a line an element, headings and cells with their tags."""

    def __init__(self):
        super().__init__()
        self.lines, self.skipped = [], 0

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 (as the parser calls it)
        if tag in {"style", "script", "svg"}:
            self.skipped += 1
        elif not self.skipped and tag in {"h1", "h2", "h3", "th", "td", "caption", "summary"}:
            self.lines.append(f"<{tag}>")

    def handle_endtag(self, tag):
        if tag in {"style", "script", "svg"}:
            self.skipped -= 1

    def handle_data(self, data):
        if not self.skipped and data.strip():
            self.lines.append(" ".join(data.split()))


def words_of(page):
    parser = _Words()
    parser.feed(page)
    return "\n".join(parser.lines) + "\n"
