"""Inputs made from what is shipped, or saved, by changes that know nothing of the formats."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from grammar import HAZARDS, SMALL, TEXTS, Case, number

from uncertain_scale.inputs.catalog import shipped_folder

if TYPE_CHECKING:
    from random import Random

_ODD = (
    b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\x1b[31m", b'"', b"'''", b'"""', b"[", b"]]",
    b"{", b"}", b"=", b",", b"\n", b"#", b"\\", b".", b"\xe2\x80\xae", b"\xed\xa0\x80", b" " * 3000,
    b"[" * 3000, b"a." * 3000, b"9" * 5000, b"-" * 9, b"\t",
)  # fmt: skip


@cache
def _shipped(pattern: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(shipped_folder().glob(pattern)))


def mutated(r: Random, data: bytes) -> bytes:
    """Return bytes with a few changes: cut, doubled, swapped, overwritten, odd things put in."""
    found = bytearray(data)
    for _ in range(r.choice((1, 1, 1, 2, 3, 8))):
        at = r.randrange(len(found) + 1)
        to = min(at + r.choice((1, 1, 2, 8, 40, 400)), len(found))
        change = r.randrange(12)
        if change == 0:
            del found[at:to]
        elif change == 1:
            found[at:at] = found[at:to] * r.choice((1, 2, 50))
        elif change == 2 and found:
            found[min(at, len(found) - 1)] ^= 1 << r.randrange(8)
        elif change == 3:
            found[at:at] = r.choice(_ODD)
        elif change == 4:
            found[at:to] = r.choice(HAZARDS).encode()
        elif change == 5:
            found[at:at] = r.choice(TEXTS).encode()
        elif change == 6:
            lines = found.split(b"\n")
            one, two = r.randrange(len(lines)), r.randrange(len(lines))
            lines[one], lines[two] = lines[two], lines[one]
            found = bytearray(b"\n".join(lines))
        elif change > 7:
            _other_value(r, found)
        else:
            numbers = [i for i, c in enumerate(found) if 48 <= c <= 57]
            if numbers:
                place = r.choice(numbers)
                found[place : place + 1] = r.choice(
                    (b"-", b"0", b"1e", b".", b"99999", b"nan", b"")
                )
    if r.random() < 0.02:
        encoding = r.choice(("utf-16", "utf-16-le", "latin-1", "utf-8-sig", "utf-32"))
        return found.decode("utf-8", "replace").encode(encoding, "replace")
    return bytes(found)


def _other_value(r: Random, found: bytearray) -> None:
    """Put something else behind an `=`, so that the file stays one of its kind."""
    lines = found.split(b"\n")
    places = [at for at, line in enumerate(lines) if b" = " in line]
    if places:
        at, other = r.choice(places), lines[r.choice(places)].partition(b" = ")[2]
        name, _, value = lines[at].partition(b" = ")
        odd = b'"' + r.choice(TEXTS).encode() + b'"'
        lines[at] = name + b" = " + r.choice((other, number(r).encode(), odd, value + value))
        found[:] = b"\n".join(lines)


def _part(r: Random, data: bytes) -> bytes:
    """Return the head of a TOML file and a few of its tables: small files are read quickly."""
    head, *tables = data.split(b"\n[")
    kept = sorted(r.sample(range(len(tables)), min(len(tables), r.randrange(1, 5))))
    return b"\n[".join([head, *(tables[at] for at in kept)])


def priors(r: Random) -> Case:
    """Return a shipped prior file, changed."""
    data = mutated(r, _part(r, r.choice(_shipped("*.toml"))))
    return Case("mutated prior file", ["priors", "check", "one.toml"], {"one.toml": data})


def claims(r: Random) -> Case:
    """Return shipped claims, changed."""
    data = mutated(r, _part(r, r.choice(_shipped("claims/*.toml"))))
    words = ["claims", "one.toml", "--scenario", "small.toml", *SMALL]
    return Case("mutated claims file", words, {"one.toml": data})


def evidence(r: Random) -> Case:
    """Return shipped evidence, changed."""
    data = mutated(r, _part(r, r.choice(_shipped("evidence/*.toml"))))
    words = [
        "update",
        "one.toml",
        "--scenario",
        "small.toml",
        "--gpus",
        "1k",
        "--outputs",
        "gpu_hours",
    ]
    return Case("mutated evidence file", [*words, *SMALL], {"one.toml": data})


def runs(r: Random) -> Case:
    """Return some rows of the shipped table of runs, changed."""
    data = next(data for data in _shipped("evidence/published_runs.csv"))
    head, units, *rows = data.split(b"\n")
    kept = b"\n".join([head, units, *r.sample(rows, 3)])
    words = ["priors", "fit-mfu", "one.csv"]
    return Case("mutated table of runs", words, {"one.csv": mutated(r, kept)})


def saved(r: Random, folder: dict[str, bytes]) -> Case:
    """Return a saved report with one of its files changed, for `verify`, `diff` or `--resume`."""
    name = r.choice([one for one in folder if not one.endswith((".md", ".html", ".nc"))])
    files = {f"saved/{one}": data for one, data in folder.items()}
    if r.random() < 0.1:
        del files[f"saved/{name}"]
    elif r.random() < 0.1:
        files[f"saved/{name}"] = r.choice(list(folder.values()))[: r.randrange(0, 5000)]
    else:
        files[f"saved/{name}"] = mutated(r, folder[name])
    words = ["verify", "saved"] if r.random() < 0.6 else ["diff", "saved", "saved"]
    if name.endswith(".npz") or r.random() < 0.1:
        words = ["report", "--scenario", "small.toml", "--budget", "1M", "--outputs", "gpu_hours"]
        words += [*SMALL, "--resume", "saved"]
    return Case("mutated saved report", words, files)
