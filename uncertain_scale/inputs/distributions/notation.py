"""Distributions as people type them: `2.0`, `1.4 to 3.2`, `lognormal(q05=1.4, q95=3.2) USD`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from uncertain_scale.errors import UnitError
from uncertain_scale.inputs.distributions.faults import DistributionError
from uncertain_scale.inputs.distributions.text import number_text
from uncertain_scale.inputs.distributions.union import build
from uncertain_scale.units.parsing import parse_quantity

if TYPE_CHECKING:
    from uncertain_scale.inputs.distributions.base import Distribution

__all__ = ["parse_distribution"]

_LONGEST = 4_000_000
_DEEPEST = 32
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[-+]?(?:\d[\d_]*+\.?+\d*+|\.\d++)(?:[eE][-+]?\d++)?+[kKMBT]?(?![A-Za-z0-9_.])"
    r"|[-+]?inf\b)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>[()\[\],=]))"
)
_CALL = re.compile(r"\s*+([A-Za-z_][A-Za-z0-9_]*+)\s*+\(")
_TO = re.compile(r"(?<![A-Za-z_])to(?![A-Za-z_])")
_DIGITS_AROUND = re.compile(r"\d,\d")
_EXAMPLES = 'expected 2.0, "1.4 to 3.2" or "lognormal(q05=1.4, q95=3.2)"'


def parse_distribution(text: str) -> tuple[Distribution, str | None]:
    """Read a distribution as people type it at a command line.

    Parameters
    ----------
    text
        A number (`100M`); an interval from 5% to 95% (`30k to 50k USD`), lognormal where both ends
        are positive and normal otherwise; or a kind with its parameters. Numbers may end in k, M,
        B or T; units may follow.

    Returns
    -------
    distribution
        Its `describe()` says which kind an interval was taken for.
    units
        What was typed behind it, or None.

    Raises
    ------
    DistributionError
        The text cannot be read, or there is no such distribution.
    UnitError
        A number cannot be read, or the two ends of an interval are in different units.

    Examples
    --------
    >>> parse_distribution("30k to 50k USD")[0].describe(), parse_distribution("30k to 50k USD")[1]
    ('lognormal(q05=30000, q95=50000)', 'USD')
    >>> parse_distribution("beta(alpha=1.4, beta=2, lower=1, upper=2)")[0].support
    (1.0, 2.0)
    """
    if len(text) > _LONGEST:
        raise DistributionError([(None, f"a distribution of more than {_LONGEST} characters")])
    if _CALL.match(text):
        return _Reader(text).read()
    ends = _TO.split(text)
    if len(ends) == 2 and all(map(str.strip, ends)):
        return _interval(*ends)
    if len(ends) > 1:
        raise DistributionError([(None, f"'{text[:60]}' is not from one to another; {_EXAMPLES}")])
    if re.fullmatch(r"\s*[A-Za-z_]\w*\s*", text):
        raise DistributionError([(None, f"'{text.strip()[:60]}' is not a value; {_EXAMPLES}")])
    quantity = parse_quantity(text)
    return build("constant", {"value": quantity.value}), quantity.units


def _interval(first: str, second: str) -> tuple[Distribution, str | None]:
    low, high = parse_quantity(first), parse_quantity(second)
    if low.units and high.units and low.units != high.units:
        raise UnitError(
            f"the interval is from '{low.units}' to '{high.units}'; give both ends in one unit"
        )
    if not low.value < high.value:
        one, two = number_text(low.value), number_text(high.value)
        text = f"the interval's lower end {one} is not below its upper end {two}; "
        text += f"for a constant write {one}" if one == two else "swap them"
        raise DistributionError([(None, text)])
    kind = "lognormal" if low.value > 0 else "normal"
    return build(kind, {"q05": low.value, "q95": high.value}), high.units or low.units


class _Reader:
    """Reads `kind(name=value, …) units` from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> tuple[Distribution, str | None]:
        """Return the distribution and the units behind it."""
        _, name = self._next()
        kind, parameters = self._call(name, 1)
        units = self._text[self._at :].strip()
        if units[:1] in {")", "]", ",", "(", "="}:
            self._refuse("expected the end, or units")
        return build(kind, parameters), units or None

    def _call(self, kind: str, depth: int) -> tuple[str, dict[str, object]]:
        self._expect("(", "expected '('")
        parameters: dict[str, object] = {}
        while not self._skip(")"):
            if parameters:
                self._expect(",", "expected ',' or ')'")
                if self._skip(")"):
                    break
            where = self._at
            what, name = self._next()
            if what != "name" or not self._skip("="):
                self._at = where
                if _DIGITS_AROUND.fullmatch(self._text, where - 2, where + 1):
                    self._refuse("a comma parts parameters; decimals stand behind a point, as 1.4")
                self._refuse(f"expected name=value, as in {kind}(name=1)")
            if name in parameters:
                raise DistributionError([(name, f"{name} is stated twice in {kind}(…)")])
            parameters[name] = self._value(depth)
        return kind, parameters

    def _value(self, depth: int) -> object:
        if depth > _DEEPEST:
            self._refuse("distributions nest too deeply")
        where = self._at
        what, token = self._next()
        if what == "number":
            return _number(token)
        if what == "name" and self._peek("("):
            kind, parameters = self._call(token, depth + 1)
            if "kind" in parameters:
                raise DistributionError([("kind", f"{kind}(…) has its kind in front; drop kind=")])
            return {"kind": kind, **parameters}
        if what == "mark" and self._text[self._at - 1] == "[":
            return self._list(depth)
        self._at = where
        return self._refuse("expected a number, a list in [] or a distribution")

    def _list(self, depth: int) -> list[object]:
        items: list[object] = []
        close, wide = False, False  # commas between digits, and with a space behind them
        while not self._skip("]"):
            if items:
                self._expect(",", "expected ',' or ']'")
                close |= bool(_DIGITS_AROUND.fullmatch(self._text, self._at - 2, self._at + 1))
                wide |= self._text[self._at : self._at + 1].isspace()
                if self._skip("]"):
                    break
            items.append(self._value(depth + 1))
        if close and wide:  # [1,5, 2,5] is four numbers, and was hardly meant so
            self._refuse(
                "some commas of the list have a space behind them and others none; decimals stand "
                "behind a point: [1.5, 2.5]"
            )
        return items

    def _next(self) -> tuple[str, str]:
        match = _TOKEN.match(self._text, self._at)
        if match is None or match.lastgroup is None:
            self._refuse("expected a number, a name or one of ( ) [ ] , =")
        self._at = match.end()
        return match.lastgroup, match[match.lastgroup]

    def _peek(self, mark: str) -> bool:
        match = _TOKEN.match(self._text, self._at)
        return match is not None and match["mark"] == mark

    def _skip(self, mark: str) -> bool:
        match = _TOKEN.match(self._text, self._at)
        if match is None or match["mark"] != mark:
            return False
        self._at = match.end()
        return True

    def _expect(self, mark: str, expected: str) -> None:
        if not self._skip(mark):
            self._refuse(expected)

    def _refuse(self, expected: str) -> NoReturn:
        start = max(self._at - 200, 0)
        before = self._text[start : self._at].strip()[-40:]
        rest = self._text[self._at :].strip()[:20]
        found = f"'{rest}'" if rest else "the end"
        raise DistributionError([(None, f"{found} after '{before}': {expected}")])


def _number(token: str) -> float:
    if token.lstrip("+-") == "inf":
        return -np.inf if token.startswith("-") else np.inf
    return parse_quantity(token).value
