"""What a TOML text may hold: how deep it nests and how many keys it has, told before it is parsed.

tomllib takes time that grows with the square of a dotted key's length, and memory by the key; one
pass over the tokens bounds both.
"""

from __future__ import annotations

import re

from uncertain_scale.reading import UnreadableError

__all__ = ["DEEPEST", "MOST_KEYS", "refuse_unbounded"]

DEEPEST = 64
"""Lists and tables that may stand in one another."""
MOST_KEYS = 200_000
"""Keys and headers of a file."""
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
    r"|(?P<mark>[\[\]{}=])",
    re.DOTALL,
)
_EACH = re.compile(_PART, re.DOTALL)
_DIGITS = re.compile(rf"[+-]?(?:0[xob])?[0-9A-Fa-f_]{{{_LONGEST_NUMBER},}}")


def refuse_unbounded(text: str) -> None:
    """Refuse a TOML text that nests too deeply or has too many keys.

    Parameters
    ----------
    text
        Any text, TOML or not.

    Raises
    ------
    UnreadableError
        Naming the line, the limit and what was found.

    Examples
    --------
    >>> refuse_unbounded("x = " + "[" * 65)
    Traceback (most recent call last):
    ...
    uncertain_scale.reading.UnreadableError: nests deeper than 64 lists and tables; \
state it with fewer
    """
    depth = keys = 0
    for token in _TOKEN.finditer(text):
        kind, found = token.lastgroup, token[0]
        if kind == "mark":
            keys += found == "=" or (found == "[" and depth == 0)
            if keys > MOST_KEYS:
                raise _refusal(text, token, f"has more than {MOST_KEYS:,} keys; split the file")
            if found in "[{":
                depth += 1
                if depth > DEEPEST:
                    raise _refusal(
                        text,
                        token,
                        f"nests deeper than {DEEPEST} lists and tables; state it with fewer",
                    )
            elif found in "]}":
                depth = max(depth - 1, 0)
        elif kind == "run" and len(found) > 2 * _LONGEST_KEY:
            if len(_EACH.findall(found)) > _LONGEST_KEY:
                raise _refusal(
                    text, token, f"a key of more than {_LONGEST_KEY} parts; state it with fewer"
                )
            if _DIGITS.match(found):
                raise _refusal(
                    text, token, f"a number of more than {_LONGEST_NUMBER:,} digits; round it"
                )


def _refusal(text: str, token: re.Match[str], said: str) -> UnreadableError:
    return UnreadableError(said, text.count("\n", 0, token.start()) + 1)
