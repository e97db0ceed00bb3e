"""How commands print results: for the terminal, as Markdown, JSON or CSV, in any encoding.

A report on a terminal or in a redirected file of Windows (cp1252), in Latin-1 or in ASCII says the
same with `x` for the sign of multiplication and `_.:-=+*#` for bars. JSON and pages say exactly the
same: they have escapes of their own.
"""
# ruff: noqa: RUF001 (characters that look like others are what this is about)

from __future__ import annotations

import codecs
import json
import re
import sys
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, TextIO
from unicodedata import normalize

import typer

from uncertain_scale.cli.command import Argument, Option
from uncertain_scale.cli.record import typed_command
from uncertain_scale.cli.refusals import refuse
from uncertain_scale.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from uncertain_scale.model import Problem
    from uncertain_scale.report import Document
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.html.parts import Background
    from uncertain_scale.sampling import Design

    Blocks = Callable[[Document], Iterable[Block]]

_CUT = "…"
_PREFIX = "uncertain_scale_"
_LIKE = {
    **dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)),
    **dict.fromkeys("─━╌┄‐‑‒–—―−", "-"),
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝", "+"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″«»", '"'),
    **dict.fromkeys("•●·", "*"),
    **dict.fromkeys("µμ", "u"),
    "×": "x",
    "±": "+/-",
    "÷": "/",
    "⁄": "/",
    "…": "...",
    "═": "=",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "∼": "~",
    "→": "->",
    "←": "<-",
    "∞": "inf",
    "√": "sqrt",
    "°": "deg",
    "€": "EUR",
    "ß": "ss",
}
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_OTHER = re.compile(r"[^\x00-\x7f]")


def mend_streams() -> None:
    """Let stdout and stderr write any text, whatever their encoding."""
    codecs.register(_codec)
    for stream in (sys.stdout, sys.stderr):
        encoding = _encoding(stream)
        if not _is_unicode(encoding) and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=f"{_PREFIX}{encoding}")


def json_for_stdout(text: str) -> str:
    """Return JSON in characters that stdout has."""
    if _is_unicode(_encoding()):
        return text
    return _OTHER.sub(lambda found: json.dumps(found[0])[1:-1], text)


def page_for_stdout(text: str) -> str:
    """Return a page in HTML in characters that stdout has."""
    if _is_unicode(_encoding()):
        return text
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def text_for_stdout(text: str) -> str:
    """Return a text in characters that stdout has."""
    encoding = _encoding()
    return text if _is_unicode(encoding) else degraded(text, encoding)


def cut_for_stdout(page: str) -> str:
    """Return a page that is laid out with its marks of what was cut no wider than they were."""
    mark = text_for_stdout(_CUT)
    return re.sub(rf"[^\n\x1b]{{{len(mark) - 1}}}{_CUT}", lambda _: mark, page)


def degraded(text: str, encoding: str) -> str:
    """Return a text in characters that an encoding has, as near as they come.

    Examples
    --------
    >>> degraded("1.2×10²⁶ ± 3% ▁▃█ für …", "ascii"), degraded("m², ±3 → 10²⁶", "latin-1")
    ('1.2x10^26 +/- 3% _:# fur ...', 'm², ±3 -> 10^26')
    """

    def power(found: re.Match[str]) -> str:
        whole = found[0]
        return whole if _has(encoding, whole) else f"^{whole.translate(_POWERS)}"

    text = _POWER.sub(power, text)
    if _has(encoding, text):
        return text
    return "".join(one if _has(encoding, one) else _like(one) for one in text)


class Format(StrEnum):
    """How a result is written."""

    terminal = "terminal"
    md = "md"
    json = "json"
    csv = "csv"


class PageFormat(StrEnum):
    """How a result is written that is a page of its own, too."""

    terminal = "terminal"
    md = "md"
    json = "json"
    csv = "csv"
    html = "html"
    xlsx = "xlsx"


def _checked_form(context: typer.Context, form: PageFormat) -> PageFormat:
    """Refuse a workbook that would go to a terminal, and what is to be wide and is no CSV."""
    if form == "xlsx" and sys.stdout.isatty():
        raise QuestionError("--format xlsx writes a workbook; send it to a file: > report.xlsx")
    _refuse_wide(form, wide=context.params.get("wide", False))
    return form


def _layout(context: typer.Context, wide: bool) -> bool:  # noqa: FBT001 (as typer calls it)
    _refuse_wide(context.params.get("form", "csv"), wide=wide)
    return wide


def _refuse_wide(form: str, *, wide: bool) -> None:
    if wide and form != "csv":
        raise QuestionError("--wide is a layout of --format csv; give both, or neither")


_FORM = Option("How to print it.", None, "--format", replay="dropped")
_PAGE_FORM = Option("How to print it.", None, "--format", replay="dropped", callback=_checked_form)
PageForm = Annotated[PageFormat, _PAGE_FORM]
Wide = Annotated[
    bool,
    Option(
        "With --format csv: a row for each result, option or point, a column for each figure.",
        None,
        "--wide",
        replay="dropped",
        callback=_layout,
    ),
]
Form = Annotated[Format, _FORM]
Probs = Annotated[list[float], Option("Probability of an interval; repeatable.", "P")]


def saves(files: str) -> Option:
    """Declare the option of the folder that a command writes files to."""
    return Option(f"Also write {files} there.", "DIR", replay="dropped")


def present(
    document: Document,
    form: Format | PageFormat,
    blocks: Blocks,
    csv: Callable[[Document], str],
    *,
    folder: Path | None = None,
    name: str = "",
    keep_csv: bool = False,
    keep: Callable[[str, Path], object] | None = None,
    wide: bool = False,
) -> None:
    """Print a document in one of the formats, once it is kept in a folder, if one is wanted.

    It is kept as NAME.md, .json, .html and, with `keep_csv`, .csv; or `keep` writes its page and
    other files into the folder instead. `blocks` are its text, in every format but JSON and CSV,
    which may be `wide`.
    """
    page, blocks = "", _in_words(blocks)
    if folder is not None:
        page = _page(document, blocks)
        if keep is not None:
            keep(page, folder)
        else:
            _keep(document, blocks, csv if keep_csv else None, folder / name, page)
    if wide:
        from uncertain_scale.report.render.csv import wide as widened

        typer.echo(widened(csv(document)), nl=False)
    else:
        _print(document, form, blocks, csv, page)


def _in_words(blocks: Blocks) -> Blocks:
    from uncertain_scale.report.spoken import in_words

    return lambda document: in_words(blocks(document), document)


def print_json(data: object) -> None:
    """Print plain data as JSON."""
    typer.echo(json.dumps(data, indent=2))


def end_with_faults(faults: Sequence[str], code: str) -> None:
    """Report faults on stderr, a line each, and end with exit code 2 where there are some."""
    if faults:
        refuse("\n".join(f"error: {fault}" for fault in faults), code, faults)
        raise typer.Exit(2)


def behind(problem: Problem, design: Design, document: Document) -> Callable[[], Background]:
    """Return what finds out, once, what is behind a report."""

    @cache
    def found() -> Background:
        from uncertain_scale.report.html.parts import background_of

        return background_of(problem, design, document)

    return found


def schema(
    command: Annotated[
        list[str],
        Argument("Such as report or priors show; all of them by default.", "COMMAND"),
    ] = [],  # noqa: B006 (typer reads a default, nobody changes it)
) -> None:
    """Print the JSON Schema of what a command prints with --format json.

    Example: uncertain-scale schema report
    """
    from uncertain_scale.report.schema import json_schema

    print_json(json_schema(" ".join(command)))


def _like(character: str) -> str:
    """Return what stands for a character in ASCII; ? for one that nothing is like."""
    if character in _LIKE:
        return _LIKE[character]
    parts = normalize("NFKD", character)
    return "".join(_LIKE.get(one, one) for one in parts if one.isascii() or one in _LIKE) or "?"


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _encoding(stream: TextIO | None = None) -> str:
    """Return the encoding of a stream, stdout by default, beneath what mends it."""
    return (getattr(stream or sys.stdout, "encoding", None) or "utf-8").removeprefix(_PREFIX)


def _is_unicode(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith("utf")


def _codec(name: str) -> codecs.CodecInfo | None:
    """Return the codec that degrades what another lacks, for `codecs.register`."""
    if not name.startswith(_PREFIX):
        return None
    encoding = name.removeprefix(_PREFIX)
    base = codecs.lookup(encoding)

    class Encoder(codecs.IncrementalEncoder):
        def encode(self, text: str, final: bool = False) -> bytes:  # noqa: ARG002, FBT001 (as Python calls it)
            return degraded(text, encoding).encode(encoding)

    def encode(text: str, errors: str = "strict") -> tuple[Any, int]:  # noqa: ARG001 (none is left)
        return degraded(text, encoding).encode(encoding), len(text)

    return codecs.CodecInfo(
        encode,
        base.decode,
        incrementalencoder=Encoder,
        incrementaldecoder=base.incrementaldecoder,
        name=name,
    )


def _keep(
    document: Document, blocks: Blocks, csv: Callable[[Document], str] | None, path: Path, page: str
) -> None:
    """Write a document and its page in every format, each with an ending of its own."""
    from uncertain_scale.report.render.markdown import markdown
    from uncertain_scale.report.store import as_json, save_texts

    texts = {"md": markdown(blocks(document)), "json": as_json(document) + "\n", "html": page}
    texts |= {} if csv is None else {"csv": csv(document)}
    save_texts({f"{path.name}.{ending}": text for ending, text in texts.items()}, path.parent)


def _print(
    document: Document,
    form: Format | PageFormat,
    blocks: Blocks,
    csv: Callable[[Document], str],
    page: str,
) -> None:
    """Print a document, whose page is drawn if it is not yet."""
    if form == "html":
        typer.echo(page_for_stdout(page or _page(document, blocks)), nl=False)
    elif form == "json":
        from uncertain_scale.report.store import as_json

        typer.echo(json_for_stdout(as_json(document)))
    elif form == "csv":
        typer.echo(csv(document), nl=False)
    elif form == "xlsx":
        from uncertain_scale.report.render.xlsx import xlsx

        table = csv(document)
        typer.echo(xlsx(blocks(document), document, table, command=typed_command()), nl=False)
    elif form == "terminal":
        from rich.console import Console

        from uncertain_scale.report.render.terminal import terminal

        console = Console()
        with console.capture() as printed:
            console.print(terminal(blocks(document), text_for_stdout))
        typer.echo(cut_for_stdout(printed.get()), nl=False)
    else:
        typer.echo(_renderer(form)(blocks(document)), nl=False)


def _renderer(form: str) -> Callable[[Iterable[Block]], str]:
    """Return what writes blocks in a format: the function in `render/` that is named after it."""
    name = {"md": "markdown"}.get(form, form)
    found: Callable[[Iterable[Block]], str]
    found = getattr(import_module(f"uncertain_scale.report.render.{name}"), name)
    return found


def _page(document: Document, blocks: Blocks) -> str:
    """Return a document as a page, with the command that makes it again."""
    from uncertain_scale.report.render.html import html

    return html(blocks(document), document, command=typed_command())
