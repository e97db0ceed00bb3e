"""The pages of the documentation in the terminal: those of the checkout, also out of a wheel."""

import sys

import pytest
from typer.testing import CliRunner

from uncertain_scale.inputs.catalog import shipped_folder


def test_the_pages_are_listed_with_their_titles(cli):
    code, out, err = cli("docs")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) >= 30
    assert "budget        What does a budget buy" in lines
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("topic", ["budget", "budget.md", "assistants"])
def test_a_page_is_printed_as_it_is_written(cli, topic):
    page = shipped_folder("docs") / f"{topic.removesuffix('.md')}.md"
    assert cli("docs", topic) == (0, page.read_text(encoding="utf-8"), "")


def test_a_page_is_laid_out_on_a_terminal(cli, monkeypatch):
    testing = sys.modules[CliRunner.__mro__[-2].__module__]  # of click, or of typer's copy of it
    monkeypatch.setattr(testing._NamedTextIOWrapper, "isatty", lambda _: True, raising=False)
    _, out, _ = cli("docs", "budget")
    assert "```" not in out
    assert "What does a budget buy" in out
    assert all(len(line) <= 80 for line in out.splitlines())


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("bugdet", "page 'bugdet' is unknown; did you mean 'budget'?"),
        ("../../../etc/passwd", "page '../../../etc/passwd' is unknown; known: "),
        ("x" * 999, f"page '{'x' * 60}' is unknown; known: "),
    ],
    ids=["misspelt", "path", "long"],
)
def test_a_page_that_there_is_not_is_refused_with_what_was_meant(cli, topic, said):
    code, out, err = cli("docs", topic)
    assert (code, out) == (2, "")
    assert said in err
