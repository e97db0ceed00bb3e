"""Kinds of distribution, each a frozen model with a quantile function, its inverse and moments.

Here they are one tagged union, and made from tables and from text as people type it: `2.0`,
`1.4 to 3.2`, `lognormal(q05=1.4, q95=3.2) USD`.
"""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeAlias, get_args

import numpy as np
from pydantic import Field, ValidationError

from uncertain_scale.errors import UnitError, nearest
from uncertain_scale.inputs.distributions.base import Distribution
from uncertain_scale.inputs.distributions.closed import (
    LogitNormal,
    LogNormal,
    LogUniform,
    Normal,
    Triangular,
    Uniform,
)
from uncertain_scale.inputs.distributions.discrete import Bernoulli, Choice, Constant, Empirical
from uncertain_scale.inputs.distributions.fitted import Beta, Gamma, Pert, StudentT
from uncertain_scale.inputs.distributions.mixture import Mixture
from uncertain_scale.inputs.distributions.pointwise import Metalog, Quantiles
from uncertain_scale.inputs.distributions.statement import (
    DistributionError,
    faults_of,
    number_text,
    shown,
)
from uncertain_scale.units import (
    check_ends,
    check_spelling,
    check_suffixes,
    parse_quantity,
    refuse_other_digits,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.inputs.distributions.statement import Fault

__all__ = [
    "KINDS",
    "AnyDistribution",
    "Bernoulli",
    "Beta",
    "Choice",
    "Constant",
    "Distribution",
    "DistributionError",
    "Empirical",
    "Gamma",
    "LogNormal",
    "LogUniform",
    "LogitNormal",
    "Metalog",
    "Mixture",
    "Normal",
    "Pert",
    "Quantiles",
    "StudentT",
    "Triangular",
    "Uniform",
    "build",
    "is_interval",
    "json_schemas",
    "parse_distribution",
    "plus_minus",
    "relative_error",
]

AnyDistribution: TypeAlias = Annotated[
    Constant
    | Uniform
    | LogUniform
    | Normal
    | LogNormal
    | LogitNormal
    | StudentT
    | Gamma
    | Beta
    | Triangular
    | Pert
    | Metalog
    | Quantiles
    | Choice
    | Bernoulli
    | Mixture
    | Empirical,
    Field(discriminator="kind"),
]
"""Any kind of distribution, distinguished by `kind`."""

KINDS: Mapping[str, type[Distribution]] = MappingProxyType(
    {cls.kind_name(): cls for cls in get_args(get_args(AnyDistribution)[0])}
)
"""The class of each kind, in the order of the documentation."""

_DEEPEST_TABLE = 32
_MOST_TABLES = 1_000
_MOST_KEYS = 1_000
_LONG = 100  # items of a list that are checked one by one, each with its own fault
_LONGEST = 4_000_000
_DEEPEST = 32
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[-+]?(?:\d[\d_]*+\.?+\d*+|\.\d++)(?:[eE][-+]?\d++)?+[kKMBT]?(?![A-Za-z0-9_.])"
    r"|[-+]?inf\b)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>[()\[\],=]))"
)
_WORDED = re.compile(r"\s*([-+]?\.?\d[^][(),=]*?\s*)(?=[],)])")  # 250 million, 10^26
_CALL = re.compile(r"\s*+([A-Za-z_][A-Za-z0-9_]*+)\s*+\(")
_TO = re.compile(r"(?<![A-Za-z_])to(?![A-Za-z_])")
_DIGITS_AROUND = re.compile(r"\d,\d")
_SIGN = re.compile(r"±|\+\s*+/?+\s*+-")  # of an error, such as +/-
_EXAMPLES = 'expected 2.0, "1.4 to 3.2" or "lognormal(q05=1.4, q95=3.2)"'


def build(kind: str, parameters: Mapping[str, object]) -> Distribution:
    """Make a distribution from its kind and its table in a prior file.

    Parameters
    ----------
    kind
        One of `KINDS`.
    parameters
        Parameters or named quantiles, and optionally `truncate`.

    Raises
    ------
    DistributionError
        All faults of the parameters.

    Examples
    --------
    >>> build("beta", {"mu": 0.4, "sigma": 0.1}).describe()
    'beta(mu=0.4, sigma=0.1)'
    >>> build("lognormall", {"mu": 0, "sigma": 1})
    Traceback (most recent call last):
    ...
    uncertain_scale.inputs.distributions.statement.DistributionError: kind 'lognormall' is \
unknown; did you mean 'lognormal'?
    """
    cls = KINDS.get(kind)
    if cls is None:
        text = f"kind '{kind[:60]}' is unknown; {nearest(kind, KINDS)}"
        raise DistributionError([("kind", text)])
    faults: list[Fault] = [
        (name, f"'{name[:60]}' is stated twice") for name in parameters if name == "kind"
    ]
    faults += [
        (name, f"{name} has no value")
        for name, value in parameters.items()
        if value is None and getattr(cls.model_fields.get(name), "default", ...) is not None
    ]
    if len(parameters) > _MOST_KEYS:
        text = f"{kind} with {len(parameters):,} keys; it may have {_MOST_KEYS:,}"
        raise DistributionError([(None, text)])
    depth, tables = _size(parameters)
    if depth > _DEEPEST_TABLE:
        faults.append(("components", "mixtures nest deeper than 8"))
    if tables > _MOST_TABLES + 1:  # and this one
        text = f"components holds too many; it may hold {_MOST_TABLES} in all"
        faults.append(("components", text))
    faults += _not_numbers(parameters)
    if faults:
        raise DistributionError(faults)
    try:
        return cls.model_validate(dict(parameters))
    except ValidationError as error:
        raise DistributionError(faults_of(error, cls)) from None


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each kind's table, without the keys that a prior file adds.

    Returns
    -------
    dict
        By kind. That of `mixture` refers to the others in its own `$defs`, by their kinds, and to
        any of them as `AnyDistribution`.

    Examples
    --------
    >>> sorted(json_schemas()["normal"]["properties"])
    ['kind', 'mu', 'sigma', 'truncate']
    """
    schemas = {kind: cls.model_json_schema() for kind, cls in KINDS.items()}
    reference = {"$ref": "#/$defs/AnyDistribution"}
    schemas["mixture"]["properties"]["components"]["items"] = reference
    definitions = {kind: dict(schema) for kind, schema in schemas.items()}
    definitions["AnyDistribution"] = {"oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in KINDS]}
    schemas["mixture"]["$defs"] = definitions
    return schemas


def parse_distribution(text: str) -> tuple[Distribution, str | None]:
    """Read a distribution as people type it at a command line.

    Parameters
    ----------
    text
        A number (`100M`); an interval from 5% to 95% (`30k to 50k USD`), lognormal where both ends
        are positive and normal otherwise; a value with its standard error (`41 ± 3 MW`, normal, or
        `41 MW ± 10%`, lognormal); or a kind with its parameters. Numbers may end in k, M, B or T;
        units may follow.

    Returns
    -------
    distribution
        Its `describe()` says which kind an interval was taken for.
    units
        The text behind it, or None.

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
    refuse_other_digits(text)
    if _CALL.match(text):
        return _Reader(text).read()
    ends = _TO.split(text)
    if len(ends) == 2 and all(map(str.strip, ends)):
        return _interval(*ends)
    if len(ends) > 1:
        raise DistributionError([(None, f"'{text[:60]}' is not from one to another; {_EXAMPLES}")])
    if re.fullmatch(r"\s*[A-Za-z_]\w*\s*", text):
        raise DistributionError([(None, f"'{text.strip()[:60]}' is not a value; {_EXAMPLES}")])
    if parted := plus_minus(text):
        return _with_error(*parted)
    quantity = parse_quantity(text)
    return build("constant", {"value": quantity.value}), quantity.units


def is_interval(text: str) -> bool:
    """Tell whether a distribution is stated as `1.4 to 3.2`, which leaves its kind open."""
    return not _CALL.match(text) and (_TO.search(text) or _SIGN.search(text)) is not None


def plus_minus(text: str) -> tuple[str, str] | None:
    """Return a value and its error, which stand in one text with `±` or `+-`; None without one.

    Examples
    --------
    >>> plus_minus("41 ± 3 MW"), plus_minus("41 +/- 10% MW"), plus_minus("41 MW")
    (('41', '3 MW'), ('41 MW', '10%'), None)
    """
    parts = [part.strip() for part in _SIGN.split(text)]
    if len(parts) != 2:
        return None
    value, error = parts
    share = re.fullmatch(r"(.*%)\s*([^\s%].*)", error)  # units may stand behind the whole
    return (f"{value} {share[2]}", share[1]) if share else (value, error)


def relative_error(share: float, value: float) -> dict[str, float]:
    """Return mu and sigma of the lognormal about a positive value with a standard error of a share.

    Examples
    --------
    >>> relative_error(0.1, 1.0)["mu"]
    0.0
    """
    return {"mu": math.log(value), "sigma": math.sqrt(math.log1p(share**2))}


class _Reader:
    """Reads `kind(name=value, …) units` from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> tuple[Distribution, str | None]:
        """Return the distribution and the units behind it."""
        _, name = self._next()
        self._skip("(")
        kind, parameters = self._call(name, 1)
        units = self._text[self._at :].strip()
        if units[:1] in {")", "]", ",", "(", "="}:
            self._refuse("expected the end, or units")
        return build(kind, parameters), units or None

    def _call(self, kind: str, depth: int) -> tuple[str, dict[str, object]]:
        parameters: dict[str, object] = {}
        while not self._skip(")"):
            if parameters:
                self._expect(",", "expected ',' or ')'")
                if self._skip(")"):
                    break
            where = self._at
            sort, name = self._next()
            if sort != "name" or not self._skip("="):
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
        if (worded := self._worded()) is not None:
            return worded
        sort, token = self._next()
        if sort == "number":
            return _number(token)
        if sort == "name" and self._skip("("):
            kind, parameters = self._call(token, depth + 1)
            if "kind" in parameters:
                raise DistributionError([("kind", f"{kind}(…) has its kind in front; drop kind=")])
            return {"kind": kind, **parameters}
        if sort == "mark" and self._text[self._at - 1] == "[":
            return self._list(depth)
        self._at = where
        return self._refuse("expected a number, a list in [] or a distribution")

    def _worded(self) -> float | None:
        """Return a number that is more than one token, such as 250 million or 10^26."""
        token = _TOKEN.match(self._text, self._at)
        if token and (
            token["number"] is None or self._text[token.end() : token.end() + 1] in ",])"
        ):
            return None
        match = _WORDED.match(self._text, self._at)
        try:
            quantity = parse_quantity(match[1] if match else "")
        except UnitError:
            return None
        if match is None or quantity.units is not None:
            return None
        self._at = match.end()
        return quantity.value

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
        entry = max(map(self._text[: self._at].rfind, "(),[]=")) + 1
        if not _DIGITS_AROUND.match(self._text, entry - 2):
            check_spelling(re.split(r"[][(),=]", self._text[entry : self._at + 200], maxsplit=1)[0])
        start = max(self._at - 200, 0)
        before = self._text[start : self._at].strip()[-40:]
        rest = self._text[self._at :].strip()[:20]
        found = f"'{rest}'" if rest else "the end"
        raise DistributionError([(None, f"{found} after '{before}': {expected}")])


def _not_numbers(parameters: Mapping[str, object]) -> list[Fault]:
    """Return a fault for each long list in which an item is no number: the first of them."""
    faults: list[Fault] = []
    for name, value in parameters.items():
        if name == "components" or not isinstance(value, list) or len(value) <= _LONG:
            continue
        wrong = (at for at, one in enumerate(value) if type(one) not in {int, float})
        if (at := next(wrong, None)) is not None:
            faults.append((name, f"{name}[{at}] = {shown(value[at])} is not a number"))
    return faults


def _size(value: object) -> tuple[int, int]:
    """Return how deep tables and lists nest, and how many tables there are, without recursion."""
    depth, tables, level = 0, 0, [value]
    while level and depth <= _DEEPEST_TABLE:
        tables += sum(isinstance(item, dict) for item in level)
        depth += 1
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += [part for part in item.values() if isinstance(part, dict | list | tuple)]
            elif isinstance(item, list | tuple):
                inner += [part for part in item if isinstance(part, dict | list | tuple)]
        level = inner
    return depth, tables


def _interval(first: str, second: str) -> tuple[Distribution, str | None]:
    check_ends(first, second)
    low, high = parse_quantity(first), parse_quantity(second)
    check_suffixes(first, second)
    priced = low.units == "USD" and (high.units or "").startswith("USD")  # $2 to $3/GPU-hour
    if low.units and high.units and low.units != high.units and not priced:
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


def _with_error(first: str, second: str) -> tuple[Distribution, str | None]:
    """Return a value with its standard error: normal, or lognormal where the error is a share."""
    check_ends(first, second, " ± ")
    value, error = parse_quantity(first), parse_quantity(second)
    shown = f"{first} ± {second}"[:60]
    relative = error.units == "%" and value.units != "%"
    if value.units and error.units and value.units != error.units and not relative:
        raise UnitError(f"'{shown}' is in two units; give the value and its error in one")
    if not error.value > 0 or (relative and not value.value > 0):
        text = "needs an error above 0" + (", and in % a value above 0 too" if relative else "")
        raise DistributionError([(None, f"'{shown}' {text}")])
    if relative:
        stated = relative_error(error.value / 100, value.value)
        return build("lognormal", stated), value.units
    return build("normal", {"mu": value.value, "sigma": error.value}), value.units or error.units


def _number(token: str) -> float:
    if token.lstrip("+-") == "inf":
        return -np.inf if token.startswith("-") else np.inf
    return parse_quantity(token).value
