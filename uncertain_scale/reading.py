"""Files that people name, opened within bounds: regular files of bounded size, text in UTF-8.

A pipe, a device or a folder is refused before it is opened, so that nothing waits on it; what is
larger than its bound is refused before it is read. The record beside a saved result is read here
too, with the names of now for those that earlier versions wrote.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import json
import math
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from uncertain_scale.errors import DataError, UncertainScaleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "FOLDERS",
    "FORMAT",
    "RECORD",
    "UnreadableError",
    "confine",
    "digest_of",
    "is_file",
    "is_inside",
    "open_within",
    "parse_json",
    "read_object",
    "read_text",
    "text_lines",
]

RECORD = "run.json"
FORMAT = 1
_LARGEST_RECORD = 64_000_000  # bytes of a record, or of a result
_MOST_BYTES = 2**62  # of a file of which the digest is taken, in pieces
_RENAMED = {"road": "method"}  # options, and keys of evidence
FOLDERS = ("priors", "inputs", "inputs/priors", "equations")
"""Folders of a record that files are in which a run read."""
_SORTS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DEEPEST = 64
_TOO_DEEP = f"it nests deeper than {_DEEPEST}"
_MOST_DIGITS = 300
_HALF_PAIR = re.compile(r"\\u[dD][89A-Fa-f]")
_ONLY: list[Path] = []  # folders outside of which nothing is read; anywhere where there are none
_GROWS = 1_000_000  # bytes that are read of a file whose size is not known


class UnreadableError(UncertainScaleError, ValueError):
    """Why a file cannot be read: a message to stand behind its name.

    Parameters
    ----------
    text
        What was found, what was expected, what to do.
    line
        The line at fault, where one is.
    """

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line

    def of(self, name: object) -> str:
        """Return the whole message, for a file that messages call by this name."""
        return f"{name}{f':{self.line}' if self.line else ''} {self}"


def confine(folders: Iterable[str]) -> None:
    """Let this process read no file that people name outside of folders, for as long as it runs."""
    _ONLY.extend(map(Path, folders))


def is_file(path: Path) -> bool:
    """Return whether a path names a file; what is too long or odd to be a name does not."""
    try:
        return path.is_file() and _permitted(path)
    except (OSError, ValueError):
        return False


def is_inside(path: Path, folder: Path) -> bool:
    """Return whether a path, links followed, ends in a folder or below it."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name that cannot be one
        return False


def open_within(path: Path, most: int, advice: str = "split it") -> BinaryIO:
    """Open a regular file of bounded size for reading.

    Parameters
    ----------
    path
        The file; a link to one is followed.
    most
        Bytes that it may have.
    advice
        What to do about one that is larger.

    Raises
    ------
    UnreadableError
        It is not there, no regular file, or too large.
    """
    if not _permitted(path):
        raise UnreadableError("is in no folder that may be read; copy it into one that is")
    try:
        _refuse_other_sorts(path.stat())  # opening a device could do something
        quiet = (getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
        file = os.fdopen(os.open(path, os.O_RDONLY | sum(quiet)), "rb")
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise UnreadableError(f"cannot be read: {error}") from None
    try:
        found = os.fstat(file.fileno())
        _refuse_other_sorts(found)
        if found.st_size > most:
            raise UnreadableError(
                f"is larger than {most / 1e6:g} MB ({found.st_size / 1e6:,.1f} MB); {advice}"
            )
    except BaseException:
        file.close()
        raise
    return file


def read_text(path: Path, most: int, advice: str = "split it") -> str:
    """Read a text file of bounded size, in UTF-8 with or without a byte-order mark.

    Parameters
    ----------
    path, most, advice
        As in `open_within`.

    Raises
    ------
    UnreadableError
        As in `open_within`, or it grows while it is read, is in another encoding, or holds a NUL.
    """
    with open_within(path, most, advice) as file:
        expected = os.fstat(file.fileno()).st_size or min(_GROWS, most)
        try:
            found = file.read(expected + 1)
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    if len(found) > expected:
        raise UnreadableError("grew while it was read; read it again when it is written")
    return _decoded(found)


def text_lines(file: BinaryIO, longest: int) -> Iterator[str]:
    """Yield the lines of a text file with their ends, each of bounded length.

    Raises UnreadableError: a line is longer, not in UTF-8, or holds a NUL.
    """
    number = 0
    while line := file.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise UnreadableError(f"a line of more than {longest:,} bytes; break it up", number)
        text = _decoded(line, number)
        if "\r" in text:  # lines of older files end in it alone
            yield from io.StringIO(text, newline="")
        else:
            yield text


def parse_json(text: str) -> Any:
    """Read JSON of finite numbers and bounded depth.

    Raises ValueError: it is no such JSON.
    """
    try:
        found = json.loads(
            text,
            parse_float=_finite,
            parse_constant=_finite,
            parse_int=_whole,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level, depth = [found], 0
    while level := [
        inner
        for one in level
        if isinstance(one, dict | list)
        for inner in (one.values() if isinstance(one, dict) else one)
    ]:
        depth += 1
        if depth > _DEEPEST:
            raise ValueError(_TOO_DEEP)
    if _HALF_PAIR.search(text):
        json.dumps(found, ensure_ascii=False).encode()  # half a pair is no text in UTF-8
    return found


def _permitted(path: Path) -> bool:
    return not _ONLY or any(is_inside(path, folder) for folder in _ONLY)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key '{name[:40]}' stands there twice")
        found[name] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is no finite number")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of more than {_MOST_DIGITS} digits")
    return int(text)


def _decoded(data: bytes, first: int = 1) -> str:
    """Return the text of a file's lines from a first one on."""
    if first == 1 and data.startswith(_OTHER_ENCODINGS):
        raise UnreadableError("is UTF-16, not UTF-8; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig" if first == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = first + data.count(b"\n", 0, error.start)
        raise UnreadableError("is not UTF-8; save it as UTF-8", line) from None
    if (nul := text.find("\0")) >= 0:
        line = first + text.count("\n", 0, nul)
        raise UnreadableError("holds a NUL character: it is no text in UTF-8", line)
    return text


def _refuse_other_sorts(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        sort = _SORTS.get(stat.S_IFMT(found.st_mode), "no file")
        raise UnreadableError(f"is {sort}; expected a regular file")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises DataError: it cannot be read, or is no regular file.
    """
    found = hashlib.sha256()
    try:
        with open_within(path, _MOST_BYTES) as file:
            while piece := file.read(1 << 20):
                found.update(piece)
    except UnreadableError as error:
        raise DataError(error.of(path)) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    return found.hexdigest()


def read_object(path: Path) -> dict[str, Any]:
    """Return what a record or a result holds, or raise a DataError where it is no JSON object."""
    try:
        found = parse_json(read_text(path, _LARGEST_RECORD, "no such is written"))
    except UnreadableError as error:
        raise DataError(f"{error.of(path)}; name the folder that --output wrote") from None
    except ValueError as error:
        raise DataError(f"{path} is not JSON in UTF-8: {error!s:.80}") from None
    if not isinstance(found, dict):
        raise DataError(f"{path} holds no JSON object; it was not written by this program")
    return {key: _renamed(one) for key, one in found.items()}


def _renamed(found: Any) -> Any:
    """Return what an earlier version wrote with the names of now."""
    if isinstance(found, list):
        return [_renamed(one) for one in found]
    if isinstance(found, dict):
        names = _RENAMED if "k_hat" in found else {}
        return {names.get(key, key): _renamed(one) for key, one in found.items()}
    if isinstance(found, str) and found.startswith("--"):
        return f"--{_RENAMED.get(found[2:], found[2:])}"
    return found
