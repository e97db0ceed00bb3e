"""Line numbers for the tables and keys of a TOML text, which tomllib does not keep."""

from __future__ import annotations

import re
import tomllib
from typing import Any, TypeAlias

__all__ = ["Path", "line_numbers"]

Path: TypeAlias = tuple[str | int, ...]

_HEADER = re.compile(r"(?P<array>\[)?\[(?P<name>[^\[\]]+)\]")
_KEY = re.compile(r"""(?P<name>(?:[\w.\s-]|"(?:\\.|[^"\\])*+"|'[^']*+')++)=(?P<value>.*)""")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*+"|\'[^\']*+\'|#.*|[\[\]{}]')
_BARE = re.compile(r"[\w-]++(?:\.[\w-]++)*+", re.ASCII)


def line_numbers(text: str) -> dict[Path, int]:
    r"""Return the line of each table and key of a TOML text that parses.

    Returns
    -------
    dict
        From the path in the parsed document, such as ("inputs", "mfu", "q05") or
        ("correlations", 0), to a line number from 1.

    Examples
    --------
    >>> line_numbers("title = 'x'\n[inputs.mfu]\nvalue = 1")[("inputs", "mfu", "value")]
    3
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    scanner = _ValueScanner()
    for number, whole in enumerate(text.split("\n"), start=1):
        line = whole.strip()
        if scanner.inside:
            scanner.feed(line)
        elif header := _HEADER.match(line):
            table = _absolute(_keys(header["name"]), counts)
            if header["array"]:
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines[table] = number
        elif key := _KEY.match(line):
            path = (*table, *_keys(key["name"]))
            lines[path] = number
            scanner.feed(key["value"])
    return lines


class _ValueScanner:
    """Tells whether a value goes on to the next line: an open bracket or multi-line string."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""

    @property
    def inside(self) -> bool:
        return self._depth > 0 or bool(self._quote)

    def feed(self, text: str) -> None:
        at = 0
        while True:
            if self._quote:
                end = text.find(self._quote, at)
                if end < 0:
                    return
                at, self._quote = end + 3, ""
            for token in _TOKEN.finditer(text, at):
                mark = token[0]
                if mark in {'"""', "'''"}:
                    self._quote, at = mark, token.end()
                    break
                self._depth += (mark in "[{") - (mark in "]}") if len(mark) == 1 else 0
            else:
                return


def _keys(dotted: str) -> Path:
    """Split a dotted key as TOML does; what is none, for this scan reads on lightly, is ()."""
    if _BARE.fullmatch(dotted.strip()):
        return tuple(dotted.strip().split("."))
    try:
        parsed: Any = tomllib.loads(f"{dotted} = 0")
    except ValueError:
        return ()
    keys: list[str | int] = []
    while isinstance(parsed, dict):
        ((key, parsed),) = parsed.items()
        keys.append(key)
    return tuple(keys)


def _absolute(keys: Path, counts: dict[Path, int]) -> Path:
    """Put the current index behind each array of tables that a header goes through."""
    path: Path = ()
    for key in keys[:-1]:
        path = (*path, key)
        if path in counts:
            path = (*path, counts[path])
    return (*path, *keys[-1:])
