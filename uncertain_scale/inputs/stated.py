"""Distributions as Python states them: `to(800, 1400, "USD/kW")`, `beta(2, 3)`, SciPy's, PreliZ's.

Each becomes the text that people type at the command line, so that it is read, checked and drawn as
that is.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol

import numpy as np

from uncertain_scale.errors import nearest
from uncertain_scale.inputs.distributions import (
    KINDS,
    Distribution,
    DistributionError,
    build,
    parse_distribution,
)
from uncertain_scale.inputs.distributions.statement import number_text

_SOURCES = ("long_name", "source", "note", "as_of")


@dataclass(frozen=True, repr=False)
class Stated:
    """A distribution and its units, as they are typed.

    Parameters
    ----------
    text
        Such as `800 to 1400` or `beta(alpha=2, beta=3)`.
    units
        Of its values; "" where the variable's own are meant.
    """

    text: str
    units: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.units}".rstrip()

    __repr__ = __str__


class _Kind(Protocol):
    """A function that states a kind of distribution."""

    def __call__(self, *parameters: Any, units: str = "", **named: Any) -> Stated: ...


def to(low: float | str, high: float | str, units: str = "") -> Stated:
    """State an interval from the 5% to the 95% quantile.

    It is lognormal where both ends are positive and normal otherwise, and within bounds where the
    variable has some: a share keeps between 0 and 1.

    Parameters
    ----------
    low, high
        Numbers, or text such as "800k".
    units
        Such as "USD/kW"; by default the variable's own.

    Raises
    ------
    DistributionError
        The ends are no numbers in ascending order.

    Examples
    --------
    >>> to(800, 1400, "USD/kW")
    800 to 1400 USD/kW
    """
    return _checked(Stated(f"{_end(low)} to {_end(high)}", units))


def _end(value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, Real):
        raise DistributionError([(None, f"found {value!r:.40}; expected a number or text")])
    return number_text(float(value))


def _checked(stated: Stated) -> Stated:
    parse_distribution(stated.text)
    return stated


def _plain(value: Any) -> Any:
    """Return a parameter in Python's own types."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Stated):
        return parse_distribution(value.text)[0]
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _kind(kind: str) -> _Kind:
    """Return the function that states a kind by its parameters or named quantiles."""
    fields = KINDS[kind].model_fields
    names = [name for name in fields if name not in {"kind", "truncate"}]

    def state(*parameters: Any, units: str = "", **named: Any) -> Stated:
        if parameters and isinstance(parameters[-1], str):
            *parameters, units = parameters  # type: ignore[assignment]
        if len(parameters) > len(names):
            found = f"{kind} takes {', '.join(names)}; found {len(parameters)} values"
            raise DistributionError([(None, found)])
        given = dict(zip(names, parameters, strict=False))
        if twice := given.keys() & named.keys():
            name = min(twice)
            raise DistributionError([(name, f"{name} is stated twice in {kind}(…)")])
        table = {name: _plain(value) for name, value in (given | named).items()}
        return Stated(build(kind, table).describe(), units)

    keyword = inspect.Parameter.KEYWORD_ONLY
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    shown = [inspect.Parameter(name, either) for name in names]
    shown += [inspect.Parameter("truncate", keyword, default=None)] if "truncate" in fields else []
    shown.append(inspect.Parameter("units", keyword, default=""))
    if KINDS[kind].quantile_counts[1]:
        shown.append(inspect.Parameter("quantiles", inspect.Parameter.VAR_KEYWORD))
    state.__name__ = state.__qualname__ = kind
    state.__signature__ = inspect.Signature(shown, return_annotation=Stated)  # type: ignore[attr-defined]
    words = inspect.getdoc(KINDS[kind]) or ""
    state.__doc__ = (
        f'{words.split("Examples")[0].rstrip()}\n\nUnits may stand last: `{kind}(…, "USD")`. '
        "Quantiles are named by their level, q05 for 5%."
    )
    return state


constant = _kind("constant")
uniform = _kind("uniform")
loguniform = _kind("loguniform")
normal = _kind("normal")
lognormal = _kind("lognormal")
logitnormal = _kind("logitnormal")
student_t = _kind("student_t")
gamma = _kind("gamma")
beta = _kind("beta")
triangular = _kind("triangular")
pert = _kind("pert")
metalog = _kind("metalog")
quantiles = _kind("quantiles")
choice = _kind("choice")
bernoulli = _kind("bernoulli")
mixture = _kind("mixture")
empirical = _kind("empirical")


def as_typed(value: Any) -> Any:  # noqa: PLR0911 (a kind of value each)
    """Return a value or distribution as people type it; what is neither, as it is.

    Parameters
    ----------
    value
        What `to` and the kinds return, a frozen distribution of `scipy.stats` or PreliZ, one of
        these or a number with its units in a tuple, or a table with a `kind` or a `value`.

    Raises
    ------
    DistributionError
        A distribution without a counterpart here.

    Examples
    --------
    >>> import scipy.stats
    >>> as_typed(scipy.stats.norm(25, 3)), as_typed((scipy.stats.uniform(1, 2), "year"))
    ('normal(mu=25, sigma=3)', 'uniform(lower=1, upper=3) year')
    >>> as_typed({"kind": "beta", "alpha": 2, "beta": 3})
    'beta(alpha=2, beta=3)'
    """
    match value:
        case Stated():
            return str(value)
        case Distribution():
            return value.describe()
        case (first, str(units)):
            inner = as_typed(first)
            text = number_text(_plain(inner)) if isinstance(inner, Real) else inner
            return f"{text} {units}".rstrip()
        case {"kind": str(kind)}:
            table = {k: _plain(v) for k, v in value.items() if k not in {"kind", "units"}}
            return as_typed((build(kind, table), value.get("units", "")))
        case {"value": stated, **rest} if rest.keys() <= {"units"}:
            return as_typed((stated, rest["units"])) if rest else as_typed(stated)
        case Mapping():
            raise DistributionError([(None, _refused_table(value))])
    if hasattr(value, "dist") and hasattr(value, "kwds"):
        return _from_scipy(value).text
    if type(value).__module__.split(".")[0] in {"preliz", "scipy"} and hasattr(value, "cdf"):
        return _by_attributes(value).text
    return value


def split_sources(value: Any) -> tuple[Any, dict[str, Any]]:
    """Return what is stated, and what a table says of its source (`source`, `note`, …)."""
    if not isinstance(value, Mapping):
        return value, {}
    about = {name: value[name] for name in _SOURCES if name in value}
    return {name: one for name, one in value.items() if name not in about}, about


def _refused_table(table: Mapping[str, Any]) -> str:
    known = ("kind", "value", "units", *_SOURCES)
    wrong = next((str(name) for name in table if name not in known), "")
    hint = f"'{wrong[:40]}' is not a key here; {nearest(wrong, known)}; " if wrong else ""
    return f'{hint}expected {{"kind": "beta", …}} or {{"value": "1.4 to 3.2 USD", "source": "…"}}'


def _on_unit(first: float, second: float, loc: float, scale: float) -> Stated:
    bounds = () if (loc, scale) == (0, 1) else (loc, loc + scale)
    return beta(first, second, *bounds)


_SCIPY: Mapping[str, Callable[..., Stated]] = {
    "norm": normal,
    "t": student_t,
    "uniform": lambda loc, scale: uniform(loc, loc + scale),
    "triang": lambda c, loc, scale: triangular(loc, loc + c * scale, loc + scale),
    "beta": _on_unit,
    "truncnorm": lambda a, b, loc, scale: normal(
        loc, scale, truncate=[loc + a * scale, loc + b * scale]
    ),
    "halfnorm": lambda loc, scale: normal(loc, scale, truncate=[loc, math.inf]),
}
"""What states a distribution of `scipy.stats` here, from its shapes, location and scale."""
_SCIPY_FROM_ZERO: Mapping[str, Callable[..., Stated]] = {
    "lognorm": lambda s, scale: lognormal(math.log(scale), s),
    "loguniform": lambda a, b, scale: loguniform(a * scale, b * scale),
    "reciprocal": lambda a, b, scale: loguniform(a * scale, b * scale),
    "gamma": lambda a, scale: gamma(a, 1 / scale),
    "expon": lambda scale: gamma(1.0, 1 / scale),
    "bernoulli": lambda p, scale: bernoulli(p),  # noqa: ARG005 (it has none)
}
"""The same for those that have a counterpart only where their location is 0."""


def _from_scipy(frozen: Any) -> Stated:
    """Return a frozen distribution of `scipy.stats` by its shapes, location and scale."""
    law = frozen.dist
    shapes = [name.strip() for name in (law.shapes or "").split(",") if name.strip()]
    given = dict(zip([*shapes, "loc", "scale"], frozen.args, strict=False)) | frozen.kwds
    if any(np.ndim(one) for one in given.values()):
        text = f"scipy.stats.{law.name} of arrays is many distributions; state one an input"
        raise DistributionError([(None, text)])
    loc, scale = float(given.get("loc", 0.0)), float(given.get("scale", 1.0))
    shape = [float(given[name]) for name in shapes]
    if law.name in _SCIPY:
        return _SCIPY[law.name](*shape, loc, scale)
    if law.name in _SCIPY_FROM_ZERO and loc == 0:
        return _SCIPY_FROM_ZERO[law.name](*shape, scale)
    raise DistributionError([(None, _no_counterpart(f"scipy.stats.{law.name}", frozen))])


_SPELT: Mapping[str, tuple[Callable[..., Stated], tuple[str, ...]]] = {
    "Normal": (normal, ("mu", "sigma")),
    "LogNormal": (lognormal, ("mu", "sigma")),
    "LogitNormal": (logitnormal, ("mu", "sigma")),
    "StudentT": (student_t, ("nu", "mu", "sigma")),
    "Gamma": (gamma, ("alpha", "beta")),
    "Beta": (beta, ("alpha", "beta")),
    "BetaScaled": (beta, ("alpha", "beta", "lower", "upper")),
    "Uniform": (uniform, ("lower", "upper")),
    "Triangular": (triangular, ("lower", "c", "upper")),
    "Bernoulli": (bernoulli, ("p",)),
    "TruncatedNormal": (
        lambda mu, sigma, *ends: normal(mu, sigma, truncate=[*ends]),
        ("mu", "sigma", "lower", "upper"),
    ),
}
"""Classes of PreliZ, and of SciPy's newer kind, with the attributes that hold our parameters."""


def _by_attributes(frozen: Any) -> Stated:
    """Return a distribution of PreliZ by its parameters, which are named as ours are."""
    name = type(frozen).__name__
    state, attributes = _SPELT.get(name, (None, ()))
    found = [getattr(frozen, one, None) for one in attributes]
    if state is None or None in found:
        raise DistributionError([(None, _no_counterpart(name, frozen))])
    return state(*(float(one) for one in found if one is not None))


def _no_counterpart(name: str, frozen: Any) -> str:
    """Say that a distribution has no kind here, and which quantiles state it nearly."""
    found: Callable[..., Any] | None = getattr(frozen, "ppf", getattr(frozen, "icdf", None))
    levels = ("05", "25", "50", "75", "95")
    with np.errstate(all="ignore"):
        values = [] if found is None else [float(found(float(f"0.{one}"))) for one in levels]
    shown = ", ".join(f"q{at}={value:.6g}" for at, value in zip(levels, values, strict=False))
    near = f"metalog({shown})" if np.isfinite(values).all() and values else "quantiles(q05=…, …)"
    return f"{name} has no kind of its own here; its quantiles state it nearly: {near}"
