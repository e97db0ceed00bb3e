"""Words of others in pages, Markdown and the terminal: text, and nothing else."""

import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from uncertain_scale import Design, report_document
from uncertain_scale.model import Problem, ask
from uncertain_scale.report.comparison_report import comparison_blocks, comparison_document
from uncertain_scale.report.html.parts import background_of
from uncertain_scale.report.html.templating import linked
from uncertain_scale.report.interval_report import priors_blocks, report_blocks
from uncertain_scale.report.render.html import html
from uncertain_scale.report.render.markdown import markdown
from uncertain_scale.report.render.terminal import terminal
from uncertain_scale.sampling import sample
from uncertain_scale.sampling.sample import prepare

HOSTILE = {
    "long_name": "</script><script>alert(1)</script><img src=x onerror=alert(2)>",
    "source": "javascript:alert(3) [x](javascript:alert(4)) <a href='javascript:alert(5)'>here</a> "
    'https://example.org/a?b=1&c=<b>" onmouseover="alert(6) | `code` {{ 7*7 }} {% raw %}',
    "note": "bell \u0007 escape \u001b[31mred \u202eoverride\u202c zero\u200bwidth | # *bold* $x$",
}
OVERLAY = """
schema_version = 1
title = {title}
extends = "base"
[inputs.mfu]
kind = "logitnormal"
q05 = 0.2
q95 = 0.4
units = "1"
long_name = {long_name}
source = {source}
note = {note}
as_of = 2020-01-01
"""
CONTROLS = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]"
)


class Page(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "<b>x.toml"
    words = {name: json.dumps(text) for name, text in HOSTILE.items()}
    path.write_text(OVERLAY.format(title=words["long_name"], **words), encoding="utf-8")
    model, priors = prepare(path)
    question = ask(model, {"budget": "100M"}, outputs=["training_flop"])
    design = Design(draws=64, chains=4)
    document = report_document(sample(model, priors, question, design))
    return (
        document,
        background_of(Problem(model, priors, question), design, document),
        (model, priors),
    )


@pytest.fixture(scope="module")
def page(hostile):
    document, background, _ = hostile
    blocks = report_blocks(document, lambda: background)
    return html(blocks, document, command="uncertain-scale report '<script>'")


def test_a_hostile_prior_is_text_in_a_page(page):
    found = Page(page)
    names = {tag for tag, _ in found.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "b>"}
    for tag, attributes in found.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("href", "src", "action"):
            assert re.match(r"https?://|#|data:,$", attributes.get(name, "#"), re.IGNORECASE), tag
    words = " ".join(found.words)
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in words
    assert "javascript:alert(3) [x](javascript:alert(4))" in words
    assert "{{ 7*7 }} {% raw %}" in words
    assert r"escape \x1b[31mred \u202eoverride\u202c zero\u200bwidth" in words
    assert not CONTROLS.search(page.replace("\n", ""))


def test_only_the_web_address_is_a_link_and_its_end_is_told(page):
    links = [a["href"] for tag, a in Page(page).tags if tag == "a" and "://" in a["href"]]
    assert "https://example.org/a?b=1&c=" in links
    assert not [link for link in links if "<" in link or '"' in link]


def test_a_hostile_prior_is_text_in_a_comparison(hostile):
    from uncertain_scale.analysis.comparison import compare

    model, priors = hostile[2]
    question = ask(model, {"budget": "100M"}, outputs=["training_flop"])
    design = Design(draws=64, chains=4)
    tree, found = compare(model, prepare("base")[1], question, [priors], design)
    document = comparison_document(tree, found, (0.9, 0.5, 0.95))
    text = html(comparison_blocks(document), document)
    tags = Page(text).tags
    assert not {tag for tag, _ in tags} & {"script", "img"}
    assert not CONTROLS.search(text.replace("\n", ""))


def test_a_hostile_prior_is_text_in_markdown(hostile):
    """No markup, link, cell or code is left unescaped, and no control character at all."""
    text = markdown(report_blocks(hostile[0]))
    line = next(line for line in text.splitlines() if "| mfu |" in line)
    header = next(line for line in text.splitlines() if line.startswith("| input"))
    assert len(re.findall(r"(?<!\\)\|", line)) == header.count("|")
    bare = re.sub(r"\\.", "", line)
    assert not re.search(r"[<>`*\[\]{}$#]", bare)
    assert not CONTROLS.search(text.replace("\n", ""))


def test_a_hostile_prior_is_text_in_the_terminal(hostile):
    from uncertain_scale.report import priors_document

    document, _, (_, priors) = hostile
    shown = (report_blocks(document), priors_blocks(priors_document(priors)))
    for blocks in map(list, shown):
        for width in (80, 120):
            console = Console(file=io.StringIO(), width=width, color_system=None)
            console.print(terminal(blocks))
            text = console.file.getvalue()
            assert not CONTROLS.search(text.replace("\n", ""))
            assert max(map(len, text.splitlines())) <= width
        assert "javascript:alert(3)" in text


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("see https://arxiv.org/abs/2203.15556.", ["https://arxiv.org/abs/2203.15556"]),
        ("(https://a.org/b), HTTP://C.ORG", ["https://a.org/b", "HTTP://C.ORG"]),
        ("https://a.org/x_(y)", ["https://a.org/x_(y)"]),
        ("javascript:alert(1)//https.org data:text/html,x ftp://a.org //a.org", []),
        ("https://a.org/\u202eevil", ["https://a.org/"]),
        ('https://a.org/"onclick="x', ["https://a.org/"]),
    ],
)
def test_links_are_web_addresses_alone(text, addresses):
    found = Page(str(linked(text)))
    assert [attributes["href"] for _, attributes in found.tags] == addresses
    assert all(tag == "a" for tag, _ in found.tags)
