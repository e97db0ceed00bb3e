"""TOML files that people write: read within bounds, and each fault reported with its file and line.

tomllib takes time that grows with the square of a dotted key's length, and memory by the key, and
keeps no lines: one pass over the tokens, before it parses, bounds both and notes the lines.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from uncertain_scale.errors import FileError, nearest
from uncertain_scale.inputs.catalog import CHIPS, shipped_folder
from uncertain_scale.reading import UnreadableError, is_inside, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

_T = TypeVar("_T", bound="BaseModel")
KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a document, such as ("inputs", "mfu", "q05") or ("correlations", 0)."""
DEEPEST = 64
"""Lists and tables that may stand in one another."""
MOST_KEYS = 200_000
"""Keys and headers of a file."""
MOST_TABLES = 2_000
"""Inputs, correlations, claims and the like of a file."""
_MOST_BYTES = 16_000_000
_LONGEST_KEY = 32
_LONGEST_NUMBER = 1_000

_BASIC = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?+'
_LITERAL = r"'[^'\n]*+'?+"
_BLOCKS = (
    r'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+(?:"""|\Z)'
    r"|'''[^']*+(?:'(?!'')[^']*+)*+(?:'''|\Z)"
)
_PART = rf"(?:[\w+:-]++|{_BASIC}|{_LITERAL})"
_TOKEN = re.compile(
    rf"(?P<skipped>{_BLOCKS}|\#[^\n]*+)"
    rf"|(?P<run>{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+)"
    r"|(?P<mark>[\[\]{}=]|\n\s*+)",
    re.DOTALL,
)
_EACH = re.compile(_PART, re.DOTALL)
_DIGITS = re.compile(rf"[+-]?(?:0[xob])?[0-9A-Fa-f_]{{{_LONGEST_NUMBER},}}")
_PLACE = re.compile(r" \(at line (?P<line>\d+), column (?P<column>\d+)\)$")
_DECIMAL_COMMA = re.compile(r"=(\s*+)([+-]?\d+),(\d+)")
_BARE = re.compile(r"[\w-]++(?:\.[\w-]++)*+", re.ASCII)


def parse_toml(
    path: Path, error: type[FileError] = FileError
) -> tuple[Mapping[KeyPath, int | str], dict[str, Any]]:
    """Read a TOML file of bounded size, or what the catalogue of chips has in its place.

    Parameters
    ----------
    path
        The file.
    error
        What is raised for a file that cannot be read.

    Returns
    -------
    lines, document
        The line of each table and key, as `line_numbers` returns them, and what the file holds; of
        the catalogue, file and line of each row.

    Raises
    ------
    FileError
        It cannot be read, is too large, holds too much, or is not TOML in UTF-8.
    """
    if path.parent == shipped_folder() / CHIPS:
        from uncertain_scale.inputs.chip_scenarios import chip_document

        return chip_document(path.stem)
    try:
        text = read_text(path, _MOST_BYTES)
        return line_numbers(text), tomllib.loads(text)
    except UnreadableError as fault:
        raise error([fault.of(shown(path))]) from None
    except ValueError as fault:  # TOMLDecodeError, and dates and numbers that cannot be
        raise error([_not_toml(path, text, fault)]) from None
    except RecursionError:
        raise error([f"{shown(path)}: tables nest too deeply"]) from None


def _not_toml(path: Path, text: str, fault: ValueError) -> str:
    """Say where a text stops being TOML, and what a number with a comma in that line should be."""
    place = _PLACE.search(str(fault))
    if not place:
        return f"{shown(path)}: not valid TOML: {fault!s:.200}"
    said = str(fault).removesuffix(place[0])
    line = text.splitlines()[int(place["line"]) - 1 : int(place["line"])]
    decimal = _DECIMAL_COMMA.search(line[0]) if line else None
    advice = f"; write {decimal[2]}.{decimal[3]}: decimals stand behind a point" if decimal else ""
    where = f"{shown(path)}:{place['line']}"
    return f"{where} not valid TOML: {said:.200} (column {place['column']}){advice}"


def line_numbers(text: str) -> dict[KeyPath, int]:
    r"""Return the line of each table and key of a TOML text.

    Parameters
    ----------
    text
        Any text; of one that is no TOML the lines mean nothing.

    Returns
    -------
    dict
        From the path in the parsed document to a line number from 1.

    Raises
    ------
    UnreadableError
        It nests too deeply or has too many keys; names the line, the limit and what was found.

    Examples
    --------
    >>> line_numbers("title = 'x'\n[inputs.mfu]\nvalue = 1")[("inputs", "mfu", "value")]
    3
    >>> line_numbers("x = " + "[" * 65)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    uncertain_scale.reading.UnreadableError: nests deeper than 64 lists and tables; ...
    """
    scanner = _Scanner()
    at = 0
    for token in _TOKEN.finditer(text):
        scanner.line += text.count("\n", at, token.start())
        at = token.start()
        if token["run"]:
            scanner.run(token["run"])
        elif token["mark"]:
            scanner.mark(token["mark"][0])
    return scanner.lines


class _Scanner:
    """Follows the tokens of a TOML text, and refuses what tomllib would not survive."""

    def __init__(self) -> None:
        self.line = 1
        self.lines: dict[KeyPath, int] = {}
        self._table: KeyPath = ()
        self._counts: dict[KeyPath, int] = {}
        self._name = ""
        self._brackets = 0  # that the header begins with
        self._valued = False  # the rest of the line is a value
        self._depth = self._keys = 0

    def run(self, found: str) -> None:
        """Take dotted parts of a key, a header or a value."""
        if not self._valued:
            self._name = found
        if len(found) > 2 * _LONGEST_KEY:
            if len(_EACH.findall(found)) > _LONGEST_KEY:
                raise self._refusal(f"a key of more than {_LONGEST_KEY} parts; state it with fewer")
            if _DIGITS.match(found):
                raise self._refusal(f"a number of more than {_LONGEST_NUMBER:,} digits; round it")

    def mark(self, found: str) -> None:
        """Take a bracket, a brace, an equals sign or the end of a line."""
        top = self._depth == 0
        self._keys += found == "=" or (found == "[" and top)
        if self._keys > MOST_KEYS:
            raise self._refusal(f"has more than {MOST_KEYS:,} keys; split the file")
        if found in "[{":
            self._open(found)
        elif found in "]}":
            self._depth = max(self._depth - 1, 0)
            if self._brackets and self._depth == 0:
                self._note_table()
        elif top and found == "=" and not self._valued:
            self.lines[(*self._table, *_keys(self._name))] = self.line
            self._valued = True
        elif top:
            self._valued = False

    def _open(self, found: str) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refusal(
                f"nests deeper than {DEEPEST} lists and tables; state it with fewer"
            )
        if found == "[" and not self._valued:
            self._brackets += 1

    def _note_table(self) -> None:
        table = _absolute(_keys(self._name), self._counts)
        if self._brackets > 1:
            self._counts[table] = self._counts.get(table, -1) + 1
            table = (*table, self._counts[table])
        self.lines[table] = self.line
        self._table, self._brackets, self._valued = table, 0, True

    def _refusal(self, said: str) -> UnreadableError:
        return UnreadableError(said, self.line)


def shown(path: Path) -> str:
    """Name a file as a person would look for it."""
    shipped = shipped_folder()
    if is_inside(path, shipped):
        return f"priors/{path.resolve().relative_to(shipped.resolve()).as_posix()}"
    return str(path)


class TomlReader:
    """Reads one file and remembers its faults with their lines.

    Parameters
    ----------
    path
        The file.
    error
        What is raised for a file that cannot be read at all.

    Attributes
    ----------
    path, document
        The file, and what it holds.
    faults
        A line each: `file:line [table] what was found; what to do`.
    named, plain
        The part of such files whose tables have names, and the tables that hold no others.
    """

    named: ClassVar[str] = ""
    plain: ClassVar[tuple[str, ...]] = ()

    def __init__(self, path: Path, error: type[FileError] = FileError) -> None:
        self.path = path
        self.faults: list[str] = []
        self._lines, self.document = parse_toml(path, error)
        self._shown = shown(path)

    def tables(self, part: str, expected: type[dict[str, Any] | list[Any]]) -> list[Any]:
        """Return the tables of a part of the file by name or number; note a part that is none."""
        found = self.document.get(part, expected())
        if not isinstance(found, expected):
            shape = f"tables [{part}.NAME]" if expected is dict else f"tables [[{part}]]"
            self.fault((part,), f"'{part}' holds {found!r:.40}; expected {shape}")
            return []
        if len(found) > MOST_TABLES:
            self.fault((part,), f"'{part}' holds {len(found):,}; expected at most {MOST_TABLES:,}")
            return []
        return list(found.items() if isinstance(found, dict) else enumerate(found))

    def checked(self, kind: type[_T], data: object, path: KeyPath) -> _T | None:
        """Check a table against its model, and note each thing that is wrong with it."""
        before = len(self.faults)
        table, _ = self.salvaged(kind, data, path)
        return table if len(self.faults) == before else None

    def salvaged(
        self, kind: type[_T], data: object, path: KeyPath
    ) -> tuple[_T | None, frozenset[str]]:
        """Check a table as `checked` does, and return what is well stated of it all the same.

        Returns
        -------
        table, faulty
            The table, None where it is none at all; and the keys that have faults or are missing,
            which have their defaults there, or None.
        """
        try:
            return kind.model_validate(data), frozenset()
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False)
        for detail in details:
            place = (*path, *detail["loc"])
            # Of a table within the file that is checked, the header is named before the key.
            inside = 2 - len(path) if len(path) < 2 < len(place) else 0
            self.fault(place, _in_words(detail, kind, detail["loc"][inside:]))
        if not isinstance(data, dict):
            return None, frozenset()
        good, faulty = dict(data), set()
        for key, *inner in (detail["loc"] for detail in details):
            if inner and isinstance(good.get(key), dict) and inner[0] in good[key]:
                good[key] = {name: one for name, one in good[key].items() if name != inner[0]}
            else:
                good.pop(key, None)
                faulty.add(str(key))
        absent = {key: None for key, one in kind.model_fields.items() if one.is_required()}
        return kind.model_construct(**{**absent, **good}), frozenset(faulty)

    def where(self, path: KeyPath) -> str:
        """Name the file and the nearest line that is known for a path."""
        while path and path not in self._lines:
            path = path[:-1]
        line = self._lines[path] if path else ""
        if isinstance(line, str):
            return line or self._shown
        return f"{self._shown}:{line}"

    def fault(self, path: KeyPath, text: str) -> None:
        """Note what is wrong at a path."""
        self.faults.append(" ".join(filter(None, (self.where(path), self.table(path), text))))

    def table(self, path: KeyPath) -> str:
        """Name the table that a path leads into as its header does; "" at the top of a file.

        Tables that have names are named besides, or numbered.
        """
        if len(path) < 2:
            return ""
        if not isinstance(path[1], int):
            return f"[{path[0]}]" if path[0] in self.plain else f"[{path[0]}.{path[1]}]"
        header = f"[[{path[0]}]]"
        if path[0] != self.named:
            return header
        found = self.document[self.named][path[1]]
        name = found.get("name") if isinstance(found, dict) else None
        return (
            f"{header} {name[:64]!r}" if isinstance(name, str) else f"{header} number {path[1] + 1}"
        )


def _in_words(detail: ErrorDetails, kind: type[BaseModel], keys: KeyPath) -> str:
    """Say what pydantic found as the other faults are said."""
    key = ".".join(map(str, keys)) or "the table"
    fields = _holding(kind, detail["loc"]).model_fields
    match detail["type"]:
        case "missing":
            return f"'{key}' is missing: {fields[str(keys[-1])].description}"
        case "extra_forbidden":
            return f"'{key}' is not a key here; {nearest(str(keys[-1]), fields)}"
        case "value_error":
            return f"{key} = {detail['input']!r:.60}: {detail['msg'].removeprefix('Value error, ')}"
        case _:
            return (
                f"{key} = {detail['input']!r:.60}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
            )


def _holding(kind: type[BaseModel], place: KeyPath) -> type[BaseModel]:
    """Return the model of the table that holds a key, among those of the tables within."""
    for key in place[:-1]:
        if key in kind.model_fields:
            kind = next(_models(kind.model_fields[str(key)].annotation), kind)
    return kind


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _keys(dotted: str) -> KeyPath:
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


def _absolute(keys: KeyPath, counts: dict[KeyPath, int]) -> KeyPath:
    """Put the current index behind each array of tables that a header goes through."""
    path: KeyPath = ()
    for key in keys[:-1]:
        path = (*path, key)
        if path in counts:
            path = (*path, counts[path])
    return (*path, *keys[-1:])
