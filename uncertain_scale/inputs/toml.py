"""TOML files that people write: read within bounds, and each fault told with its file and line."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from uncertain_scale.errors import FileError, nearest
from uncertain_scale.inputs.bounds import refuse_unbounded
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.lines import line_numbers
from uncertain_scale.reading import UnreadableError, is_inside, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from uncertain_scale.inputs.lines import Path as KeyPath

__all__ = ["MOST_TABLES", "TomlReader", "parse_toml", "shown"]

_T = TypeVar("_T", bound="BaseModel")
MOST_TABLES = 2_000
"""Inputs, correlations, claims and the like of a file."""
_MOST_BYTES = 16_000_000


def parse_toml(path: Path, error: type[FileError] = FileError) -> tuple[str, dict[str, Any]]:
    """Read a TOML file of bounded size.

    Parameters
    ----------
    path
        The file.
    error
        What is raised for a file that cannot be read.

    Returns
    -------
    text, document
        The file as it stands, and what it holds.

    Raises
    ------
    FileError
        It cannot be read, is too large, holds too much, or is not TOML in UTF-8.
    """
    try:
        text = read_text(path, _MOST_BYTES)
        refuse_unbounded(text)
        return text, tomllib.loads(text)
    except UnreadableError as fault:
        raise error([fault.of(shown(path))]) from None
    except ValueError as fault:  # TOMLDecodeError, and dates and numbers that cannot be
        raise error([f"{shown(path)}: not valid TOML: {fault!s:.200}"]) from None
    except RecursionError:
        raise error([f"{shown(path)}: tables nest too deeply"]) from None


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
    """

    def __init__(self, path: Path, error: type[FileError] = FileError) -> None:
        self.path = path
        self.faults: list[str] = []
        text, self.document = parse_toml(path, error)
        self._shown = shown(path)
        self._lines = line_numbers(text)

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
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=False):
                self.fault((*path, *detail["loc"]), _in_words(detail, kind))
            return None

    def where(self, path: KeyPath) -> str:
        """Name the file and the nearest line that is known for a path."""
        while path and path not in self._lines:
            path = path[:-1]
        line = f":{self._lines[path]}" if path else ""
        return f"{self._shown}{line}"

    def fault(self, path: KeyPath, text: str) -> None:
        """Note what is wrong at a path."""
        self.faults.append(" ".join(filter(None, (self.where(path), self.table(path), text))))

    def table(self, path: KeyPath) -> str:
        """Name the table that a path leads into as its header does; "" at the top of a file."""
        if len(path) < 2:
            return ""
        return f"[[{path[0]}]]" if isinstance(path[1], int) else f"[{path[0]}.{path[1]}]"


def _in_words(detail: ErrorDetails, kind: type[BaseModel]) -> str:
    """Say what pydantic found as the other faults are said."""
    key = ".".join(map(str, detail["loc"])) or "the table"
    match detail["type"]:
        case "missing":
            return f"'{key}' is missing: {kind.model_fields[key].description}"
        case "extra_forbidden":
            return f"'{key}' is not a key here; {nearest(key, kind.model_fields)}"
        case "value_error":
            return f"{key} = {detail['input']!r:.60}: {detail['msg'].removeprefix('Value error, ')}"
        case _:
            return (
                f"{key} = {detail['input']!r:.60}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
            )
