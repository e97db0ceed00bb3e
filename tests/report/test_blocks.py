"""Blocks and their renderers: each form shows what stands in it, and words of others as text."""

import io
import re

import pytest
from rich.console import Console

from uncertain_scale.errors import DataError
from uncertain_scale.report.blocks import (
    Facts,
    Figure,
    Form,
    Gap,
    Heading,
    Items,
    Page,
    Part,
    Table,
    Text,
    shown,
)
from uncertain_scale.report.notebook import notebook
from uncertain_scale.report.render.html import html
from uncertain_scale.report.render.markdown import markdown
from uncertain_scale.report.render.terminal import narrowed, terminal

RECORD = {
    "scenario": "base",
    "title": "a title",
    "design": "sobol",
    "seed": 0,
    "chains": 4,
    "draws": 64,
    "versions": {"uncertain-scale": "1"},
    "hashes": {"priors": {"base": "12ab", "other": "34cd"}, "equations": "56ef"},
}
PAGE = Page("An answer of 2e26", "4 chains", "What?")
ALL = Form.terminal | Form.full | Form.notebook


def printed(blocks, width=60):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(terminal(blocks))
    return console.file.getvalue()


def rendered(blocks):
    kept = list(blocks)
    return {
        Form.terminal: printed(kept),
        Form.markdown: markdown(kept),
        Form.html: html([PAGE, Heading("A section"), *kept], RECORD),
        Form.notebook: notebook(kept),
    }


@pytest.mark.parametrize("form", list(Form), ids=lambda form: form.name)
@pytest.mark.parametrize(
    "block",
    [
        Text("quokka", only=ALL),
        Text(("quokka", "and on"), "bold", only=ALL),
        Items(["quokka"], only=ALL),
        Table(("name",), [("quokka",)], only=ALL),
    ],
    ids=lambda block: type(block).__name__,
)
def test_a_block_stands_in_the_forms_that_it_names_alone(block, form):
    texts = rendered(shown([block], form))
    assert {one for one, text in texts.items() if "quokka" in text} == {
        one for one in texts if one & form
    }


def test_blocks_are_in_the_terminal_and_the_long_forms_by_default():
    texts = rendered([Text("quokka")])
    assert [form for form, text in texts.items() if "quokka" in text] == [
        Form.terminal,
        Form.markdown,
        Form.html,
    ]


def test_markdown_has_a_blank_line_between_blocks_and_none_within():
    blocks = [
        Heading("Title", 1),
        Text(("one", "two")),
        Items(["a", "b"], "! "),
        Table(("x", "y"), [("1", "2")]),
        Gap(),
    ]
    assert markdown(blocks) == (
        "# Title\n\none\ntwo\n\n- a\n- b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n"
    )


def test_the_terminal_leads_a_line_of_a_list_by_its_mark_and_keeps_to_its_width():
    blocks = [Items(["word " * 20], "! "), Gap(), Text("x", indent=3), Facts([("label", "words")])]
    lines = printed(blocks, 40).splitlines()
    assert lines[0].startswith(" ! word")
    assert max(map(len, lines)) <= 40
    assert [line.rstrip() for line in lines[-3:]] == ["", "   x", "label        words"]


def test_a_terminal_table_fills_the_line_and_cuts_its_last_column():
    table = Table(("name", "source"), [("a", "a citation " * 20)], (0, 1), fill=True)
    lines = printed([table], 40).splitlines()
    assert {len(line) for line in lines} == {40}
    assert any("…" in line for line in lines)


HOSTILE = "<script>alert(1)</script> [bold]x[/] | `c` *b* \x1b[31m \u202e [x](javascript:y)"


def test_words_of_others_are_text_in_every_form():
    blocks = [
        Heading(HOSTILE),
        Text(HOSTILE, only=ALL),
        Items([HOSTILE], only=ALL),
        Table((HOSTILE, "source"), [(HOSTILE, HOSTILE)], only=ALL),
    ]
    texts = rendered(blocks)
    for text in texts.values():
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
    assert "[bold]x[/]" in printed(blocks, 200)
    for form in (Form.html, Form.notebook):
        assert "<script" not in texts[form]
        assert "&lt;script&gt;" in texts[form]
        assert 'href="javascript' not in texts[form]
    bare = re.sub(r"\\.", "", texts[Form.markdown])
    assert not re.search(r"[<`*\[]", bare)
    assert bare.count("|") == 9


def test_a_page_has_a_section_a_heading_with_ids_and_links_to_it():
    blocks = [
        PAGE,
        Heading("First", short="1st"),
        Heading("Second", short=None, id="second"),
        Text("in the second"),
        Heading("Third"),
        Table(("name", "value"), [("a", "2e26")], caption="A caption"),
        Table(("name", "value"), [("a", "b")], (0, 1), fold="folded away"),
        Table(("name", "value"), []),
        Heading("Run record", id="run"),
        Text("at the end"),
    ]
    page = html(blocks, RECORD, command="uncertain-scale <x>")
    assert re.findall(r'<section id="(\w+)"', page) == ["s1", "second", "s2", "run"]
    assert re.findall(r'<li><a href="#(\w+)">([^<]*)', page) == [
        ("s1", "1st"),
        ("s2", "Third"),
        ("run", "Run record"),
    ]
    assert re.findall(r'<caption id="([\w-]+)"', page) == ["s2-c", "s2-c1", "record-c"]
    assert '<td class="n">2×10²⁶</td>' in page
    assert "<summary>folded away</summary>" in page
    assert "<h1>An answer of 2×10²⁶</h1>" in page
    assert "SHA-256 of other" in page
    assert "<code>uncertain-scale &lt;x&gt;</code>" in page
    assert page.index("34cd") < page.index("at the end")


def test_a_figure_that_cannot_be_drawn_is_left_out_and_a_part_is_a_macro():
    def nothing():
        raise DataError("nothing to draw")

    blocks = [PAGE, Heading("A"), Figure(nothing), Part("items", (["a part"],))]
    page = html(blocks, RECORD)
    assert "<figure" not in page
    assert "<li>a part</li>" in page


FIGURES = ("2.31e25 to 9.96e25", "1.54e14 to 5.14e14", "0.01154", "449M to 1,890M")
WIDE = Table(
    ("answer", "median", "90% interval", "units", "shape"),
    [
        (
            "equal_loss_compute_multiple",
            "2.854e14",
            "1.54e14 to 5.14e14",
            "FLOP/s/gpu",
            "▂▆██▇▅▃▂▁▁▁▁",
        ),
        ("training_flop", "4.84e25", "2.31e25 to 9.96e25", "FLOP", "▁█"),
        ("hyperscaler_share", "0.01154", "449M to 1,890M", "", ""),
    ],
    (0, 3, 4),
    drawn=(4,),
    only=ALL,
)


@pytest.mark.parametrize("width", [20, 34, 40, 52, 60, 72, 79, 80, 90, 200])
def test_no_figure_and_no_word_is_cut_however_narrow_the_terminal(width):
    lines = printed([WIDE], width).splitlines()
    assert max(map(len, lines)) <= width
    rest = "".join(lines).replace(" ", "")
    for row in WIDE.rows:
        for cell in row[:4]:
            letters = iter(rest)
            assert all(letter in letters for letter in cell.replace(" ", "")), cell
    assert "…" not in rest


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_number_stays_on_one_line_where_its_column_can_break_between_numbers(width):
    page = printed([WIDE], width)
    assert all(number in page for number in ("2.854e14", "4.84e25", "9.96e25", "1.54e14", "1,890M"))


def test_what_is_drawn_gives_way_to_figures_and_is_whole_where_there_is_room():
    whole, narrow, without = (printed([WIDE], width) for width in (90, 80, 70))
    assert "▂▆██▇▅▃▂▁▁▁▁" in whole
    assert "shape" in narrow
    assert all(figure in narrow for figure in FIGURES)
    assert "▂▆██▇▅▃▂▁▁▁▁" not in narrow
    assert "shape" not in without
    assert all(figure in without for figure in ("1.54e14 to", "5.14e14", "2.854e14"))


def test_a_source_alone_is_cut():
    table = Table(
        ("input", "median", "source"), [("gpu_price", "44.41k", "a" * 80)], (0, 2), fill=True
    )
    cells = printed([table], 40).split()
    assert {"gpu_price", "44.41k"} < set(cells)
    assert cells[-1] == "a" * 16 + "…"


def test_a_narrowed_drawing_keeps_the_median_and_the_ends():
    drawn = narrowed("    ────●───", 26, 13)
    assert (drawn.rstrip(), len(drawn)) == ("  ──●─", 13)
    assert narrowed("█" * 10, 20, 10).rstrip() == "█" * 5
    assert narrowed("▁▂▃█", 4, 4) == "▁▂▃█"
