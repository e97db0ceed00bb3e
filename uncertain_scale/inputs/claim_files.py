"""Claims files: their shape, and their claims read from TOML, bad ones rejected with the reason.

A claims file names the scenario that holds the document's own inputs, other readings of them, and
its claims: what each takes as given, the variable, and what is asserted of it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from uncertain_scale.errors import (
    ClaimError,
    PriorError,
    UnitError,
    by_name,
    nearest,
    not_a_variable,
)
from uncertain_scale.inputs.assertion import Assertion, Claim, Claims, Reading, figure, span
from uncertain_scale.inputs.catalog import find_claims_file, find_prior_file, trend_units
from uncertain_scale.inputs.distributions import (
    DistributionError,
    parse_distribution,
    plus_minus,
)
from uncertain_scale.inputs.distributions.statement import number_text
from uncertain_scale.inputs.document import File, Line, Name, Table, Version, Words
from uncertain_scale.inputs.toml import KeyPath, TomlReader
from uncertain_scale.units import conversion_factor, parse_quantity
from uncertain_scale.units.dates import DATE, DATES, dates_as_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["ClaimTable", "ClaimsFile", "ReadingTable", "load_claims"]

_LARGE = 1e5
_FIGURE = frozenset({"value", "low", "high", "digits", "implied", "against"})
_Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _typed(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Refuse what is neither in one line: pydantic reports each member of a union by itself."""
    try:
        return check(value)
    except ValidationError:
        raise PydanticCustomError(
            "typed", "expected a finite number, or text such as '9e25 FLOP'"
        ) from None


_Typed: TypeAlias = Annotated[
    str | int | Annotated[float, Field(allow_inf_nan=False)], WrapValidator(_typed)
]
_Stated: TypeAlias = dict[Name, _Typed]


class ReadingTable(Table):
    """Another way to read the document's own inputs."""

    title: Line = Field("", description="The reading in a few words, for reports.")
    scenario: str | None = Field(None, description="Scenario taken instead of the document's.")
    given: _Stated = Field(default_factory=dict, description="Givens in place of a claim's.")
    assuming: _Stated = Field(default_factory=dict, description="Inputs in place of the scenario's")
    source: Words = Field("", description="Where the reading's figures come from.")
    note: Words = ""


class ClaimTable(Table):
    """One claim."""

    name: _Label = Field(description="a short name, such as 'flop-bf16'")
    says: Words = Field("", description="What is asserted, in words for a report.")
    variable: Name = Field(description="the variable of the model that it is about")
    value: _Typed | None = Field(None, description="The figure with units, such as '9e25 FLOP'.")
    digits: Annotated[int, Field(ge=1, le=15)] | None = Field(
        None, description="Significant digits of the figure, where its text does not show them."
    )
    low: _Typed | None = Field(None, description="Lower end of an interval, or a lower bound.")
    high: _Typed | None = Field(None, description="Upper end of an interval, or an upper bound.")
    implied: bool = Field(
        default=False, description="True: not asserted, but what the document's inputs lead to."
    )
    given: _Stated = Field(default_factory=dict, description="What the claim takes as known.")
    free: list[Name] = Field(default_factory=list, description="Inputs that are solved for.")
    assuming: _Stated = Field(
        default_factory=dict, description="The document's own inputs for this claim alone."
    )
    reading: str | None = Field(None, description="Reading that is the claim's own.")
    readings: list[str] = Field(default_factory=list, description="Further readings to try.")
    scenario: str | None = Field(
        None, description="Scenario it is judged under, the document's own if none."
    )
    against: str | None = Field(
        None, description="The claim is on the ratio of `scenario` to this scenario."
    )
    against_reading: str | None = Field(None, description="Reading that a ratio is against.")
    quote: Words = Field("", description="Where the document says so: a section or paragraph.")
    note: Words = Field("", description="What a reader should know.")


class ClaimsFile(File):
    """A whole claims file."""

    sort = "Claims file"
    schema_version: Version
    title: Line = Field(description="the document's title")
    source: Words = Field("", description="Citation of the document.")
    as_of: dt.date | None = Field(None, description="The date of the document.")
    note: Words = Field("", description="What a reader should know of the document.")
    scenario: str | None = Field(None, description="Scenario that holds the document's inputs.")
    assuming: _Stated = Field(default_factory=dict, description="Inputs in place of the scenario's")
    readings: dict[_Label, ReadingTable] = Field(default_factory=dict)
    claims: list[ClaimTable] = Field(default_factory=list)


def load_claims(source: str | Path, variables: Mapping[str, str]) -> Claims:
    """Read a claims file; claims with a fault are left out, and their faults kept.

    Parameters
    ----------
    source
        Name of shipped claims, or path of a TOML file.
    variables
        Units by variable of the model that the claims are asked of.

    Raises
    ------
    ClaimError
        There is no such file, it cannot be read, or what it says of the document has a fault.

    Examples
    --------
    >>> claims = load_claims("post-2024-07", {"gpu_price": "USD/gpu"})
    >>> [(claim.name, claim.asserted.value) for claim in claims.claims]
    [('gpu-price', 40000.0)]
    """
    known = by_name("variables", variables, "model.variables")
    return _Reader(find_claims_file(source), known).read()


class _Reader(TomlReader):
    """Reads one claims file and remembers its faults with their lines."""

    named, plain = "claims", ("assuming",)

    def __init__(self, path: Path, variables: Mapping[str, str]) -> None:
        super().__init__(path, ClaimError)
        self._variables = {DATE: DATES, **variables}  # which every claim may have

    def read(self) -> Claims:
        """Return the valid claims, and what is wrong with the others."""
        head = {k: v for k, v in self.document.items() if k not in {"readings", "claims"}}
        header, faulty = self.salvaged(ClaimsFile, head, ())
        if header is None:
            raise ClaimError(self.faults)
        scenario = self._scenario("scenario", header.scenario, ())
        assuming = self._stated("assuming", header.assuming, ())
        names_one = header.scenario is not None or "scenario" in faulty
        if assuming and not names_one:
            self.fault(
                ("assuming",), "assumes inputs, but the file names no scenario for the others"
            )
        tables = self.tables("claims", list)
        if not tables:
            self.fault((), "holds no claims; state each as a table [[claims]]")
        usable = not self.faults
        own = None
        if names_one or not usable:  # then it stands there so that claims are checked
            own = Reading("", "as stated", scenario or self.path, {}, assuming)
        readings = {
            name: self._reading(name, table, own) for name, table in self.tables("readings", dict)
        }
        claims: dict[str, Claim] = {}
        for index, table in tables:
            claim = self._claim(index, table, own, readings)
            if claim is None:
                continue
            if claim.name in claims:
                self.fault(("claims", index, "name"), "is stated twice; rename one")
            else:
                claims[claim.name] = claim
        if not usable:
            raise ClaimError(self.faults)
        return Claims(
            name=self.path.stem,
            title=header.title,
            source=header.source,
            as_of=header.as_of,
            note=header.note,
            claims=tuple(claims.values()),
            faults=tuple(self.faults),
            apart=len(tables) - len(claims),
        )

    def _reading(self, name: str, data: object, own: Reading | None) -> Reading | None:
        path: KeyPath = ("readings", name)
        before = len(self.faults)
        table, faulty = self.salvaged(ReadingTable, data, path)
        if table is None:
            return None
        scenario = self._scenario("scenario", table.scenario, path)
        given = self._stated("given", table.given, path)
        assuming = self._stated("assuming", table.assuming, path)
        if "scenario" in faulty:
            return None
        scenario = scenario or (own.scenario if own else None)
        if scenario is None:
            self.fault(path, "has no scenario, and nor has the file; name one")
        if scenario is None or len(self.faults) > before:
            return None
        assuming = {**(own.assuming if own else {}), **assuming}
        title = table.title or name
        return Reading(name, title, scenario, given, assuming, table.source, table.note)

    def _claim(
        self,
        index: int,
        data: object,
        own: Reading | None,
        readings: Mapping[str, Reading | None],
    ) -> Claim | None:
        path: KeyPath = ("claims", index)
        before = len(self.faults)
        table, faulty = self.salvaged(ClaimTable, data, path)
        if table is None:
            return None
        known = "variable" not in faulty and self._known((table.variable,), (*path, "variable"))
        readable = known and _FIGURE.isdisjoint(faulty)
        asserted = self._asserted(table, path) if readable else None
        given = self._stated("given", table.given, path)
        self._known(table.free, (*path, "free"))
        assuming = self._stated("assuming", table.assuming, path)
        scenario = self._scenario("scenario", table.scenario, path)
        against = self._scenario("against", table.against, path)
        if faulty:
            return None
        self._check_together(table, own, path)
        reading = against_reading = own
        if table.reading:
            reading = self._named(table.reading, readings, (*path, "reading"))
        if table.against_reading:
            key = (*path, "against_reading")
            against_reading = self._named(table.against_reading, readings, key)
        others = [self._named(one, readings, (*path, "readings")) for one in table.readings]
        if len(self.faults) > before:
            return None
        if reading is not None and assuming:
            reading = replace(reading, assuming={**reading.assuming, **assuming})
        return Claim(
            name=table.name,
            says=table.says,
            variable=table.variable,
            asserted=asserted,
            given=given,
            free=tuple(table.free),
            reading=reading,
            others=tuple(filter(None, others)),
            scenario=scenario,
            against=against,
            against_reading=against_reading if against else None,
            quote=table.quote,
            note=table.note,
            places={
                "": self.where(path),
                **{key: self.where((*path, key)) for key in table.model_fields_set},
            },
        )

    def _check_together(self, table: ClaimTable, own: Reading | None, path: KeyPath) -> None:
        """Note keys that need others."""
        if table.against and not table.scenario:
            self.fault((*path, "against"), "against needs 'scenario' too: the ratio's other side")
        if table.against_reading and not table.against:
            self.fault((*path, "against_reading"), "against_reading needs 'against' too")
        if table.implied and own is None and not table.reading:
            self.fault((*path, "implied"), "implied needs the document's own inputs: a scenario")
        if (table.assuming or table.readings) and own is None and not table.reading:
            self.fault(path, "assumes inputs, but the file names no scenario for the others")

    def _asserted(self, table: ClaimTable, path: KeyPath) -> Assertion | None:
        """Read what is asserted: a figure, an interval or a bound; nothing where it is implied."""
        ends = {key: getattr(table, key) for key in ("value", "low", "high")}
        typed = {key: _text(value) for key, value in ends.items() if value is not None}
        if table.implied:
            for key in typed:
                self.fault((*path, key), f"'{key}' stands beside implied = true; drop one")
            return None
        if not typed:
            self.fault(path, "'value' is missing: the figure with units, or 'low' and 'high'")
        if "value" in typed and len(typed) > 1:
            self.fault((*path, "value"), "'value' stands beside 'low' or 'high'; keep one")
            return None
        if table.digits and "value" not in typed:
            self.fault((*path, "digits"), "'digits' is of a figure, and there is none; drop it")
        # The ratio of two scenarios has no units, whatever its variable has.
        units = "1" if table.against else self._variables[table.variable]
        if "value" in typed:
            typed = _with_ends(typed["value"])
        faults, words = len(self.faults), dict(typed)
        for key, text in typed.items():
            typed[key] = self._checked(key, text, units, (*path, key))
        if len(self.faults) > faults or not typed:
            return None
        try:
            return _assertion(typed, words, units, table.digits)
        except UnitError as error:
            self.fault((*path, next(iter(typed))), str(error))
            return None

    def _checked(self, key: str, text: str, units: str, path: KeyPath) -> str:
        """Return a number as it was typed, with the variable's units where it has none."""
        try:
            if units == DATE:
                return dates_as_numbers(text)
            quantity = parse_quantity(text)
            quantity.to(units)
        except UnitError as error:
            self.fault(path, f"{key} = '{text[:60]}': {error}")
            return text
        return _in_units(text, quantity.units, units)

    def _stated(self, key: str, table: Mapping[str, object], path: KeyPath) -> dict[str, str]:
        """Check the values of a table by variable, and return them as they were typed.

        A value without units is in those of its variable.
        """
        stated: dict[str, str] = {}
        for name, value in table.items():
            if not self._known((name,), (*path, key, name)):
                continue
            units, text = self._variables[name], _text(value)
            try:
                _, typed = parse_distribution(dates_as_numbers(text) if units == DATE else text)
                conversion_factor(typed or units, units)
                stated[name] = text if units == DATE else _in_units(text, typed, units)
            except (DistributionError, UnitError) as error:
                within = f"{key}: " if path else ""
                self.fault((*path, key, name), f"{within}{name} = '{text[:60]}': {error}")
        return stated

    def _known(self, names: Sequence[str], path: KeyPath) -> bool:
        if any(name not in self._variables for name in names):
            self._variables = {**trend_units(), **self._variables}
        unknown = [name for name in names if name not in self._variables]
        for name in unknown:
            self.fault(path, not_a_variable(name, self._variables))
        return not unknown

    def _scenario(self, key: str, name: str | None, path: KeyPath) -> Path | None:
        if name is None:
            return None
        try:
            return find_prior_file(name, beside=self.path.parent)
        except PriorError as error:
            self.fault((*path, key), f"{key}: {error}")
            return None

    def _named(
        self, name: str, readings: Mapping[str, Reading | None], path: KeyPath
    ) -> Reading | None:
        reading = readings.get(name)
        if name not in readings:
            self.fault(path, f"reading '{name}' is unknown; {nearest(name, readings)}")
        elif reading is None:
            self.fault(path, f"needs [readings.{name}], which has a fault")
        return reading


def _with_ends(text: str) -> dict[str, str]:
    """Return a claimed value, or the two ends of one such as `41 ± 3 MW`."""
    if (parted := plus_minus(text)) is None:
        return {"value": text}
    try:
        value, error = map(parse_quantity, parted)
        share = error.units == "%" and value.units != "%"
        units = value.units or ("" if share else error.units or "")
        size = value.value * error.value / 100 if share else error.to(units or "1")
    except UnitError:
        return {"value": text}
    ends = {"low": value.value - size, "high": value.value + size}
    return {key: f"{number_text(end)} {units}".strip() for key, end in ends.items()}


def _assertion(
    typed: Mapping[str, str], words: Mapping[str, str], units: str, digits: int | None
) -> Assertion:
    """Return what is asserted by a value or by ends; a date stands in words as it was written."""
    if "value" in typed:
        stated = figure(typed["value"], units, digits)
    else:
        stated = span(typed.get("low"), typed.get("high"), units)
    if units == DATE:
        for key, text in typed.items():
            stated = replace(stated, text=stated.text.replace(text, words[key]))
    return stated


def _text(value: object) -> str:
    """Return a value as it was typed; 1e8 in TOML is a float, and none of nine digits."""
    if isinstance(value, float) and abs(value) >= _LARGE:
        return number_text(value)
    return str(value)


def _in_units(text: str, typed: str | None, units: str) -> str:
    """Return what was typed with its units, which are the variable's where none were typed."""
    return text if typed is not None or units == "1" else f"{text} {units}"
