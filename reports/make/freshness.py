"""Whether what is committed is what the commands make now: the rules, and the first difference.

- **A result** (JSON) says the same, to the letter. Seed, draws and chains are fixed, so that a run
  repeats itself to the bit on the same machine; on another processor, or with other versions of
  NumPy, its last digits differ. A figure may be off by a thousandth of its Monte Carlo error, or by
  1e-9 of its size; an error by a thousandth of itself, and one in fifty by a tenth, since where
  draws tie the last digits decide which comes first. Most seen so far, with and without AVX-512 and
  AVX2 and with Python 3.11 and 3.13: a ten-thousandth of an error; 3.5% of an error, in one of a
  hundred. Another seed moves a figure by a whole error or so, a thousand times more. Versions do
  not count: what they do shows.
- **A page** (Markdown) is, to the byte, what the committed result makes: no rounded digit hangs on
  the machine.
- **A picture** is what the committed result makes: the same words, colours and marks, these to a
  point. How letters are outlined, how parts are named and in which order styles are written is left
  to the version of Matplotlib.
- **A record** asks the same and names the digests of the committed files, not of those that are
  left out; its priors are the same to the byte.
- Nothing else lies in a folder, and no other folder lies in `reports/`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from folders import BOARD, PICTURE, RECORD, page_of, pages_in, picture_of, read

from uncertain_scale.reading import digest_of
from uncertain_scale.report.differences import ERROR, Grade, differences
from uncertain_scale.report.store import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from folders import Report

__all__ = ["faults", "picture_fault", "record_fault", "result_fault", "sealed", "text_fault"]

_FIGURE = 1e-3  # of its error, that a figure may be off
_ERROR, _LOOSE, _FEW = 1e-3, 0.1, 0.02  # of itself: most errors, and one in fifty
_NOTHING = 1e-12  # next to it a figure is 0: an error of what has none, or a share of nothing
_AT_EDGE = 3  # draws
_APART = 1.0  # points that a mark may be off
# Of a record: who made it, and what came of it.
_OWN = ("versions", "platform", "sha256", "files", "digests")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LABELS = re.compile(r"(?s)<!--(.*?)-->|<text[^>]*>([^<]*)<")


def faults(report: Report, committed: Path, made: Path) -> Iterator[str]:
    """Yield how a committed folder is not what its command makes, file by file.

    Parameters
    ----------
    report
        Which.
    committed, made
        Its folder as it is, and one that `ran` has just filled.
    """
    expected = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    names = {str(path) for path in expected} | {report.page}
    names |= {PICTURE} if report.draw else set()
    there = {str(p.relative_to(committed)) for p in committed.rglob("*") if p.is_file()}
    there -= pages_in(report)
    yield from (f"{report.name}/{name} is missing" for name in sorted(names - there))
    yield from (f"{report.name}/{name} is made by no report" for name in sorted(there - names))
    if report.result not in there:
        return
    document = read(report, committed)
    found = {report.result: result_fault(document, read(report, made))}
    if report.page in there:
        page = (committed / report.page).read_text(encoding="utf-8")
        found[report.page] = text_fault(page, page_of(report, document))
    if report.draw and PICTURE in there:
        picture = (committed / PICTURE).read_text(encoding="utf-8")
        found[PICTURE] = picture_fault(picture, picture_of(report, document) or "")
    if RECORD in there:
        found[RECORD] = record_fault(report, committed, made)
    for name in sorted(names & there - set(found)):
        pair = ((folder / name).read_text(encoding="utf-8") for folder in (committed, made))
        found[name] = text_fault(*pair)
    whole = names == there and not any(found.values())
    if whole:  # else the digests are of what is at fault
        text = (committed / RECORD).read_text(encoding="utf-8")
        found[RECORD] = text_fault(text, sealed(committed))
    yield from (f"{report.name}/{name}: {fault}" for name, fault in found.items() if fault)


def result_fault(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return where a committed result first differs from a new one by more than rounding; or ""."""
    loose: list[str] = []
    for one in differences(old, new, ignore=("versions",), limit=_FIGURE):
        said = f"{one.place} is {_brief(one.old)}, now {_brief(one.new)}"
        if one.grade is Grade.different and not _nothing(one.old, one.new):
            return said
        if one.grade is Grade.chance and one.place.endswith(ERROR):
            apart = abs(one.old / one.new - 1) if one.new else math.inf
            if apart > _LOOSE:
                return said
            loose += [said] if apart > _ERROR else []
        elif one.path[-1] == "histogram" and not _same_shape(one.old, one.new):
            return said
    return loose[0] if len(loose) > _FEW * _errors_in(old) else ""


def text_fault(old: str, new: str) -> str:
    """Return the first line that differs, or ""."""
    pairs = zip_longest(old.splitlines(), new.splitlines(), fillvalue="(no line)")
    for number, (before, now) in enumerate(pairs, start=1):
        if before != now:
            start = next(
                (k for k, (a, b) in enumerate(zip(before, now, strict=False)) if a != b),
                min(len(before), len(now)),
            )
            shown = slice(max(start - 40, 0), start + 60)
            return f"line {number} is {before[shown]!r}, now {now[shown]!r}"
    return "" if old == new else "ends otherwise"


def picture_fault(old: str, new: str) -> str:
    """Return how two pictures in SVG differ in their words or marks, or ""."""
    if old == new:
        return ""
    (words, marks), (new_words, new_marks) = (_drawn(text) for text in (old, new))
    for before, now in zip_longest(words, new_words, fillvalue="(nothing)"):
        if before != now:
            return f"has {before[:80]!r}, now {now[:80]!r}"
    for before, now in zip_longest(marks, new_marks, fillvalue=math.inf):
        if not math.isclose(before, now, abs_tol=_APART):
            return f"has a mark at {before:g}, now at {now:g}"
    return ""


def record_fault(report: Report, committed: Path, made: Path) -> str:
    """Return how a committed record asks otherwise, or is of another result; or ""."""
    old, new = (
        json.loads((folder / RECORD).read_text(encoding="utf-8")) for folder in (committed, made)
    )
    digest = hashlib.sha256((committed / report.result).read_bytes()).hexdigest()
    if old.get("sha256") != digest:
        return f"is of another {report.result}"
    kept = ({k: part for k, part in one.items() if k not in _OWN} for one in (old, new))
    found = differences(*kept)
    if not found:
        return ""
    return f"{found[0].place} is {_brief(found[0].old)}, now {_brief(found[0].new)}"


def sealed(folder: Path) -> str:
    """Return a folder's record with the digests of the files that are kept there."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    own = {RECORD, Path(BOARD).name}
    kept = sorted(name for name, path in paths.items() if path.is_file() and name not in own)
    record["files"] = [*kept, RECORD]
    record["digests"] = {name: digest_of(paths[name]) for name in kept if name != record["result"]}
    return f"{as_json(record)}\n"


def _drawn(text: str) -> tuple[list[str], list[float]]:
    """Return a picture's labels and colours, and where its marks are."""
    labels = [label.strip() for pair in _LABELS.findall(text) for label in pair if label.strip()]
    colours: list[str] = []
    marks: list[float] = []
    for element in _marks(ET.fromstring(text)):  # noqa: S314 (our own)
        colours += sorted(_COLOUR.findall(element.get("style", "")))
        for key in ("d", "x", "y"):
            marks += map(float, _NUMBER.findall(element.get(key, "")))
    return labels + colours, marks


def _marks(element: ET.Element) -> Iterator[ET.Element]:
    """Yield all that is drawn but letters."""
    if element.tag.endswith("}defs") or element.get("id", "").startswith("text_"):
        return
    if element.tag.endswith(("}path", "}use")):
        yield element
    for part in element:
        yield from _marks(part)


def _same_shape(old: Any, new: Any) -> bool:
    """Tell whether two histograms are the same, but for draws at the very edge of a bin."""
    if not isinstance(old, dict) or not isinstance(new, dict) or set(old) != set(new):
        return False
    if any(len(old[key]) != len(new[key]) for key in ("counts", "edges", "atoms")):
        return False
    counts = zip(old["counts"], new["counts"], strict=True)
    edges = zip(old["edges"], new["edges"], strict=True)
    atoms = zip(old["atoms"], new["atoms"], strict=True)
    return (
        old["log"] == new["log"]
        and all(abs(a - b) <= _AT_EDGE for a, b in counts)
        and all(math.isclose(a, b) for a, b in edges)
        and all(math.isclose(a[key], b[key]) for a, b in atoms for key in ("value", "share"))
    )


def _errors_in(part: Any) -> int:
    """Count the Monte Carlo errors of a result."""
    if isinstance(part, list):
        return sum(map(_errors_in, part))
    if not isinstance(part, dict):
        return 0
    return sum(key.endswith(ERROR) or _errors_in(one) for key, one in part.items())


def _nothing(*values: Any) -> bool:
    return all(isinstance(value, int | float) and abs(value) < _NOTHING for value in values)


def _brief(value: Any) -> str:
    return f"{value!r:.100}"
