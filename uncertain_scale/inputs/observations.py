"""Observed facts with their measurement errors, and the files that state them.

An evidence file holds tables `[[observations]]`: what was measured, with what error, and what was
given when it was. How it bears on the inputs is for the conditioning to say.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import EvidenceError, UnitError, not_a_variable, several
from uncertain_scale.inputs.catalog import find_evidence_file
from uncertain_scale.inputs.distributions import (
    Distribution,
    Normal,
    build,
    parse_distribution,
    plus_minus,
    relative_error,
)
from uncertain_scale.inputs.distributions.statement import DistributionError, number_text
from uncertain_scale.inputs.document import EvidenceFile, ObservationTable
from uncertain_scale.inputs.prior import Provenance
from uncertain_scale.inputs.toml import TomlReader
from uncertain_scale.units import (
    SUFFIXES,
    Quantity,
    SpellingError,
    check_spelling,
    conversion_factor,
    parse_quantity,
    takes_suffix,
)
from uncertain_scale.units.domain import domain_of
from uncertain_scale.units.rounding import compare

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from uncertain_scale.inputs.toml import KeyPath
    from uncertain_scale.units.aliases import FloatArray

_TO = re.compile(r"(?<![A-Za-z_])to(?![A-Za-z_])")
_BOUND = re.compile(r"(at least|>=|≥|at most|<=|≤)\s*+(.*)")
_STATING = frozenset({"value", "lower", "upper", "units", "error", "error_kind"})
_SIDES = {"lower": "least", "upper": "most"}
_LOGARITHMIC = ("lognormal", "loguniform")


@dataclass(frozen=True)
class Range:
    """All values between two bounds, neither of them likelier than another.

    It is no distribution: open on one side it has no density that integrates to one.

    Parameters
    ----------
    lower, upper
        Bounds, which belong to it; -inf or inf leaves a side open.
    """

    lower: float = -np.inf
    upper: float = np.inf

    @property
    def support(self) -> tuple[float, float]:
        """The bounds."""
        return self.lower, self.upper

    def log_likelihood(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the likelihood at x: 0 within the bounds, else -inf.

        Examples
        --------
        >>> Range(lower=15.0).log_likelihood(np.array([14.9, 15.0, 900.0])).tolist()
        [-inf, 0.0, 0.0]
        """
        within = compare(x, ">=", self.lower) & compare(x, "<=", self.upper) & np.isfinite(x)
        return np.where(within, 0.0, -np.inf)


@dataclass(frozen=True)
class Observation:
    """A measured fact.

    Parameters
    ----------
    name, variable
        What it is called, and the variable that was measured.
    stated
        The value with its measurement error as a distribution, or a range, in `units`.
    units, factor
        Those of `stated`, and what a number in them is multiplied by to be in the model's.
    given
        What was known when it was measured, as it was typed.
    own
        Inputs that are not those of the question, and the rank correlation of each with the
        question's: 0 for one that is drawn afresh.
    words
        The value as it was typed: `41 MW ± 3 MW`.
    places
        File and line by key of the table; "" for the table itself.
    """

    name: str
    variable: str
    stated: Distribution | Range
    units: str
    factor: float
    given: Mapping[str, str | float] = field(default_factory=dict)
    own: Mapping[str, float] = field(default_factory=dict)
    words: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def logarithmic(self) -> bool:
        """Whether the error is one of the logarithm, a factor instead of a difference."""
        return not isinstance(self.stated, Range) and self.stated.kind in _LOGARITHMIC

    def fault(self, key: str, text: str) -> str:
        """Say what is wrong with a key, with its file and line."""
        place = self.places.get(key, self.places.get("", ""))
        return f"{place} [[observations]] '{self.name}' {text}".strip()


def read_evidence(
    sources: Sequence[str | Path], variables: Mapping[str, str]
) -> tuple[tuple[Observation, ...], tuple[str, ...]]:
    """Read evidence files against the variables of a model.

    Parameters
    ----------
    sources
        Paths, or names of shipped files.
    variables
        Units by variable of the model.

    Returns
    -------
    observations, faults
        What could be read, and a line for each thing that is wrong, for the caller to add to.

    Raises
    ------
    EvidenceError
        A file cannot be found, or is no TOML at all.
    """
    found: list[Observation] = []
    faults: list[str] = []
    sources = several("evidence", sources, (str, Path), 'evidence files, such as ["facts.toml"]')
    paths = [find_evidence_file(source) for source in sources]
    read = [path.resolve() for path in paths]
    for place, path in enumerate(paths):
        if read[place] in read[:place]:
            faults.append(f"{sources[place]} is named twice, and counts once; drop one")
            continue
        reader = _Reader(path, variables)
        for observation in reader.read():
            twin = next((one for one in found if one.name == observation.name), None)
            if twin is None:
                found.append(observation)
            else:
                reader.faults.append(
                    observation.fault("name", f"is also at {twin.places['']}; rename one of them")
                )
        faults += reader.faults
    return tuple(found), tuple(faults)


class _Reader(TomlReader):
    """Reads one evidence file and remembers its faults with their lines."""

    named = "observations"

    def __init__(self, path: Path, variables: Mapping[str, str]) -> None:
        super().__init__(path, EvidenceError)
        self._variables = variables

    def read(self) -> list[Observation]:
        """Return the observations that are well stated."""
        head = {key: value for key, value in self.document.items() if key != "observations"}
        self.checked(EvidenceFile, head, ())
        tables = self.tables("observations", list)
        if not tables and isinstance(self.document.get("observations", []), list):
            self.fault((), "holds no observations; expected tables [[observations]]")
        return list(filter(None, (self._observation(number, table) for number, table in tables)))

    def _observation(self, number: int, data: object) -> Observation | None:
        path = ("observations", number)
        before = len(self.faults)
        table, faulty = self.salvaged(ObservationTable, data, path)
        if table is None:
            return None
        measured = self._measured(table, faulty, path)
        if measured is None or len(self.faults) > before:
            self._check_givens(table.given, path)
            return None
        stated, units, words = measured
        factor = conversion_factor(units, self._variables[table.variable])
        own = table.own if isinstance(table.own, dict) else dict.fromkeys(table.own, 0.0)
        keys = ("name", "variable", "value", "error", "given", "own")
        places = {key: self.where((*path, key)) for key in keys} | {"": self.where(path)}
        if table.value is None:
            places["value"] = self.where((*path, "upper" if table.lower is None else "lower"))
        return Observation(
            name=table.name,
            variable=table.variable,
            stated=stated,
            units=units,
            factor=factor,
            given=table.given,
            own=own,
            words=words,
            provenance=Provenance.of(table, where=places[""], stated=words),
            places=places,
        )

    def _measured(
        self, table: ObservationTable, faulty: Collection[str], path: KeyPath
    ) -> tuple[Distribution | Range, str, str] | None:
        """Return what was measured, as `_stated` does; None where that has a fault, or had one."""
        misspelt = list(_misspelt(table))
        for key, text in misspelt:
            self.fault((*path, key), text)
        if "variable" in faulty:
            return None
        if table.variable not in self._variables:
            self.fault((*path, "variable"), not_a_variable(table.variable, self._variables))
            return None
        if misspelt or not _STATING.isdisjoint(faulty):
            return None
        in_model = self._variables[table.variable]
        try:
            measured = _stated(table, in_model)
            _refuse_outside(measured[0], conversion_factor(measured[1], in_model), in_model)
        except _Fault as fault:
            self.fault((*path, fault.key), str(fault))
            return None
        except UnitError as error:
            stating = ("units", "value", "lower", "upper")
            key = next(key for key in stating if getattr(table, key) is not None)
            self.fault((*path, key), f"{table.variable}: {error}")
            return None
        return measured

    def _check_givens(self, given: Mapping[str, str | float], path: KeyPath) -> None:
        """Note what is wrong with the givens of an observation that no model will be asked of."""
        for name, value in given.items():
            if name not in self._variables:
                self.fault((*path, "given"), not_a_variable(name, self._variables))
                continue
            try:
                _, units = parse_distribution(str(value))
                conversion_factor(units or self._variables[name], self._variables[name])
            except (DistributionError, UnitError) as error:
                self.fault((*path, "given"), f"given {name} = '{str(value)[:80]}': {error}")


class _Fault(Exception):  # noqa: N818 (never leaves this module)
    """What is wrong with one key of a table."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def _stated(table: ObservationTable, in_model: str) -> tuple[Distribution | Range, str, str]:
    """Return the value with its error as a distribution or a range, its units, and all as typed."""
    ends = {key: getattr(table, key) for key in ("lower", "upper")}
    bound = _BOUND.fullmatch(str(table.value).strip())
    if bound or any(end is not None for end in ends.values()):
        return _as_range(table, ends, bound, in_model)
    if table.value is None:
        raise _Fault("", "'value' is missing: what was measured, or 'lower' or 'upper' for a bound")
    text, error = _parted(table.value, table.error)
    number = _plain(text)
    if number is None:
        return _as_distribution(table, str(text), in_model)
    if error is None:
        raise _Fault("value", "'error' is missing: the measurement error, such as 3 or '10%'")
    units = _units(table, number, error, in_model)
    value = replace(number, units=units)
    size, relative = _error(error, value)
    kind = table.error_kind or ("lognormal" if relative else "normal")
    shown = "" if units == "1" else f" {units}"
    typed = f"{_written(error, units)}{shown}" if isinstance(error, float) else str(error)
    words = f"{_written(value.value, units)}{shown} ± {typed}"
    if kind == "normal":
        return Normal(mu=value.value, sigma=size), units, words
    if value.value <= 0:
        raise _Fault("value", f"is {value.value:g}, and a lognormal error needs it above 0")
    return build("lognormal", relative_error(size / value.value, value.value)), units, words


def _refuse_outside(stated: Distribution | Range, factor: float, units: str) -> None:
    """Refuse a measured value, its error left out, or bounds that leave nothing of a domain."""
    domain = domain_of(units)
    ends = stated.support if isinstance(stated, Range) else [float(stated.ppf(np.array(0.5)))] * 2
    if domain is not None and not domain.touches(*(end * factor for end in ends)):
        raise UnitError(f"must be {domain.words(units)}")


def _misspelt(table: ObservationTable) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each number in a spelling that is not read."""
    texts = [(key, key, getattr(table, key)) for key in ("error", "lower", "upper")]
    value, error = plus_minus(str(table.value)) or (str(table.value), None)
    bound = _BOUND.fullmatch(value.strip())
    texts.insert(0, ("value", "value", bound[2] if bound else value.strip()))
    if error is not None:
        texts.insert(1, ("value", "error", error))
    for place, key, text in texts:
        if isinstance(text, str) and not _TO.search(text):
            try:
                check_spelling(text)
            except SpellingError as fault:
                yield place, f"{key} = '{text[:60]}': {fault}"


def _written(value: float, units: str) -> str:
    """Write a number as people do: 3.65e14, 181, 80M."""
    short = f"{value:g}"
    if takes_suffix(units) and "e+" in short:
        counts = [(s, float(f"{value / size:.12g}"), size) for s, size in SUFFIXES.items()]
        for suffix, count, size in counts:
            if 1 <= abs(count) < 1e3 and count * size == value and suffix in "kMB":
                return f"{number_text(count)}{suffix}"
    return short.replace("e+", "e") if float(short) == value else number_text(value)


def _parted(
    stated: float | str, beside: float | str | None
) -> tuple[float | str, float | str | None]:
    """Return the value and the error, which may stand in one text: `41 ± 3 MW`."""
    parted = plus_minus(str(stated))
    if parted is None:
        return stated, beside
    if beside is not None:
        raise _Fault("error", "'error' is stated twice, here and in the value; drop one")
    return parted


def _plain(value: float | str) -> Quantity | None:
    """Return a value that is one number, or None for one that is a distribution."""
    if not isinstance(value, str):
        return Quantity(float(value))
    if _TO.search(value):
        return None
    try:
        return parse_quantity(value)
    except UnitError:
        return None


def _as_distribution(
    table: ObservationTable, text: str, in_model: str
) -> tuple[Distribution, str, str]:
    try:
        stated, units = parse_distribution(text)
    except (DistributionError, UnitError) as error:
        raise _Fault("value", f"value = '{text[:60]}': {error}") from None
    for key in ("error", "error_kind"):
        if getattr(table, key) is not None:
            raise _Fault(key, f"'{key}' stands beside a distribution, which has its own; drop it")
    if not stated.continuous:
        raise _Fault(
            "value",
            f"value = '{text[:60]}' has no density, as single values of it have probabilities; "
            "state a continuous distribution, an interval or a bound, or what is exact as a given",
        )
    units = _units(table, Quantity(0.0, units), None, in_model)
    return stated, units, text if units in text or units == "1" else f"{text} {units}"


def _as_range(
    table: ObservationTable,
    ends: dict[str, float | str | None],
    bound: re.Match[str] | None,
    in_model: str,
) -> tuple[Range, str, str]:
    """Read a bound or two: `lower`, `upper`, or a value such as `at least 15 day`."""
    for key in ("error", "error_kind"):
        if getattr(table, key) is not None:
            raise _Fault(key, f"'{key}' stands beside a bound, which has none; drop it")
    if table.value is not None and any(end is not None for end in ends.values()):
        raise _Fault("value", "'value' stands beside 'lower' or 'upper'; keep one")
    if bound:
        ends["lower" if bound[1] in {"at least", ">=", "≥"} else "upper"] = bound[2]
    read = {
        key: _end("value" if bound else key, end) for key, end in ends.items() if end is not None
    }
    typed = dict.fromkeys(end.units for end in read.values() if end.units)
    units = _units(table, Quantity(0.0, next(iter(typed), None)), None, in_model)
    values = {key: end.to(units) for key, end in read.items()}
    stated = Range(**values)
    if not stated.lower < stated.upper:
        said = f"lower = {ends['lower']} is not below upper = {ends['upper']}"
        equal = stated.lower == stated.upper
        advice = "state what is exact as a given" if equal else "swap them"
        raise _Fault("lower", f"{said}; {advice}")
    shown = "" if units == "1" else f" {units}"
    words = {key: f"{_written(value, units)}{shown}" for key, value in values.items()}
    if len(words) == 2:
        return stated, units, f"between {words['lower']} and {words['upper']}"
    return stated, units, " ".join(f"at {_SIDES[key]} {word}" for key, word in words.items())


def _end(key: str, end: float | str) -> Quantity:
    if isinstance(end, str) and _TO.search(end):
        raise _Fault(key, f"{key} = '{end[:60]}' is an interval; a bound is one number")
    try:
        return parse_quantity(end) if isinstance(end, str) else Quantity(float(end))
    except UnitError as error:
        raise _Fault(key, f"{key} = '{str(end)[:60]}': {error}") from None


def _units(
    table: ObservationTable, value: Quantity, error: float | str | None, in_model: str
) -> str:
    """Return the units of a value: its own, the table's, or those of its error."""
    if value.units and table.units:
        raise _Fault("units", f"has units twice, '{value.units}' and '{table.units}'; drop one")
    units = value.units or table.units
    behind = _plain(error) if isinstance(error, str) else None
    if units is None and behind is not None and behind.units != "%":
        units = behind.units
    if units is None and in_model != "1":
        raise _Fault(
            "value", f'{table.variable} has no units; say which, such as units = "{in_model}"'
        )
    conversion_factor(units or "1", in_model)
    return units or "1"


def _error(error: Any, value: Quantity) -> tuple[float, bool]:
    """Return the size of an error in the value's units, and whether it was a share of it."""
    try:
        read = parse_quantity(error) if isinstance(error, str) else Quantity(float(error))
        relative = read.units == "%"
        size = abs(value.value) * read.value / 100 if relative else read.to(value.units or "1")
    except UnitError as fault:
        raise _Fault("error", f"error = '{str(error)[:60]}': {fault}") from None
    if not (size > 0 and math.isfinite(size)):
        nothing = relative and not value.value
        why = "of a value of 0 is none" if nothing else "is not above 0"
        raise _Fault(
            "error",
            f"error = {error} {why}; state the measurement error (what is exact is a given)",
        )
    return size, relative
