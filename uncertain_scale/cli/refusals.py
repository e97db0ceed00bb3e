"""Why there is no answer: a line for people, or one JSON object where `--format json` is asked for.

Both go to stderr: what is on stdout is a whole answer or nothing, so that `--format json > FILE`
never leaves an error in the place of a report.
"""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import typer

from uncertain_scale.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.errors import UncertainScaleError
    from uncertain_scale.report.document_types import ErrorParts, Refusal

# Patterns, which are compiled when the first is wanted.
_SUBJECT = r"""(?xs)(?P<where>
        (?P<file>(?:[^\s:'"]*/)?[^\s:'"]+\.(?:toml|csv|py|json|nc|zarr|svg|png|pdf)\b(?::\d+)?
          (?:\ \[+[^]]+\]+)? | [^\s:'"]*/\S+?(?=:?\s))
        | --[\w-]+(?:\ [\w.]+(?=\ =|:\ ))?
        | (?:given\ |output\ )?'?[\w.]+'?(?=\ =\ |:\ )
        | '[^']*'(?=:?\ )
        | (?:the\ )?(?!(?:no|nothing|got|there)\b)[\w-]+(?:\ '[^']*')?
          (?=\ (?:is|are|was|does|has|takes|names|follows|must|cannot|can|says|needs|holds|lacks)\b)
    ):?\s*(?:=\s)?(?P<rest>.+)"""
_EXPECTED = (
    r"(?:^|[;:,]\s)[Ee]xpected\s|:\sinput should (?:be )?|(?<=is missing):\s|\s(?=must\s)"
    r"|^(?=known:\s)"
)
_NAMED = r"--[\w-]+|'[^']+'|(?<=\s)\([^)]+\)"
_UNKNOWN = r"did you mean '|(?:^|; )known: "


def wants_json(words: Sequence[str]) -> bool:
    """Return whether a command line asks for JSON, wherever in it."""
    options = words[: words.index("--")] if "--" in words else words
    return "--format=json" in options or ("--format", "json") in pairwise(options)


def refuse(text: str, code: str, faults: Sequence[str] = ()) -> None:
    """Write why there is no answer to stderr: a whole message, its code, and faults it lists."""
    if wants_json(sys.argv[1:]):
        whole = text.removeprefix("error: ").removeprefix("interrupted: ")
        text = json.dumps(refusal(faults or [whole], code))
    typer.echo(printable(text), err=True)


def refuse_error(error: UncertainScaleError) -> None:
    """Write an error of the package's own to stderr."""
    refuse(f"error: {error}", code_of(error), getattr(error, "faults", ()))


def code_of(error: UncertainScaleError) -> str:
    """Return the code of an error, made of its class's name: `CommandLineError`, `command-line`."""
    public = next(one.__name__ for one in type(error).__mro__ if not one.__name__.startswith("_"))
    return re.sub(r"(?<=.)(?=[A-Z])", "-", public.removesuffix("Error")).lower()


def refusal(faults: Sequence[str], code: str) -> Refusal:
    """Return faults as data.

    Examples
    --------
    >>> found = refusal(["--set mfu = '3 to 1': 3 is not below 1; swap them"], "unit")["error"]
    >>> found["where"], found["found"], found["hint"]
    ('--set mfu', "'3 to 1': 3 is not below 1", 'swap them')
    """
    first, *more = (_fault(one, code) for one in faults)
    return {"error": first, "more": more}


def _fault(message: str, code: str) -> ErrorParts:
    """Take a message apart, which by the rule says where, what was found and expected, and a hint.

    What it does not say is empty.
    """
    subject = re.match(_SUBJECT, message)
    where, rest = (subject["where"], subject["rest"]) if subject else ("", message)
    first, *others = _clauses(rest)
    found, *expected = re.split(_EXPECTED, first, maxsplit=1)
    hints: list[str] = []
    for clause in others:
        named = re.match(_EXPECTED, clause)
        (expected if named else hints).append(clause[named.end() :] if named else clause)
    if not where and (named := re.search(_NAMED, found)):
        where = named[0]
    if re.search(_UNKNOWN, message) and not (subject and subject["file"]):
        code = "unknown-name"
    return {
        "code": code,
        "where": re.sub(r"^['(](.*)[')]$", r"\1", where),
        "found": found.strip(" :"),
        "expected": "; ".join(expected),
        "hint": "; ".join(hints),
        "message": message,
    }


def _clauses(text: str) -> list[str]:
    """Return the parts of a message between semicolons, but for those within brackets."""
    whole, *others = text.split("; ")
    clauses = [whole]
    for clause in others:
        if clauses[-1].count("(") > clauses[-1].count(")"):
            clauses[-1] += f"; {clause}"
        else:
            clauses.append(clause)
    return clauses
