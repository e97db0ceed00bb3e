"""From prior files to `Priors`: read each file, lay one over another, gather every fault."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.errors import PriorError, UnitError, by_name, nearest, several
from uncertain_scale.inputs.catalog import TRENDS, find_prior_file, shipped_folder
from uncertain_scale.inputs.distributions import (
    KINDS,
    Constant,
    DistributionError,
    Empirical,
    build,
)
from uncertain_scale.inputs.distributions.statement import is_quantity
from uncertain_scale.inputs.document import (
    Believed,
    CorrelationTable,
    InputTable,
    JointTable,
    LawTable,
    PriorFile,
    Sourced,
    TrendTable,
    is_name,
)
from uncertain_scale.inputs.prior import (
    Correlation,
    JointSample,
    Prior,
    Priors,
    Provenance,
    copies_of,
    lay_over,
    loose_ends,
    unknown_ends,
)
from uncertain_scale.inputs.tables import SamplesError, read_samples
from uncertain_scale.inputs.toml import MOST_TABLES, KeyPath, TomlReader, shown
from uncertain_scale.inputs.trends import (
    KIND,
    Trend,
    dated,
    levels_missing,
    parts_of,
    undated,
    with_trends,
    without_known,
)
from uncertain_scale.units import (
    as_bytes,
    declare_unit,
    keep_units,
    parse_quantity,
    withdraw_units,
)
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from uncertain_scale.errors import FileError
    from uncertain_scale.inputs.distributions import Distribution

__all__ = ["extends_shipped", "input_names", "load_priors"]

_MOST_FILES = 16
_MOST_KEYS, _LONGEST_KEY = 100, 40  # keys of a table, and letters of one, that are compared
_SAID = set(Sourced.model_fields)  # of a belief, besides what it is
_OF_EVERY_KIND = frozenset(InputTable.model_fields)  # the other keys are the distribution's


def load_priors(
    source: str | Path = "base",
    *,
    overlays: Sequence[str | Path] = (),
    variables: Mapping[str, str] | None = None,
    with_date: bool | None = None,
) -> Priors:
    """Read a scenario with all that it extends, and lay further files over it.

    Parameters
    ----------
    source
        Name of a shipped scenario, or path of a prior file.
    overlays
        Prior files laid over the scenario in turn: each replaces whole inputs, or adds some.
    variables
        Units by variable of a model; where given, the inputs are checked and converted to them.
    with_date
        Whether inputs move with the date of the question, the shipped trends among them; by default
        where `variables` have a `date`. Variables of trends that are none of the model's are, then.

    Raises
    ------
    PriorError
        Everything that is wrong with the files, at once.

    Examples
    --------
    >>> load_priors("h100-dense-fp8").inputs["hourly_rate"].units
    'USD/gpu/hour'
    """
    known: dict[Path, _Reader] = {}
    name = []
    overlays = several("overlays", overlays, (str, Path), 'prior files, such as ["my.toml"]')
    for part in (source, *overlays):
        chain = _chain(find_prior_file(part))
        path = chain[-1].path
        if path.resolve() in known:
            text = "is laid over files that it is among already, where it is read once; drop it"
            raise PriorError([f"{shown(path)} {text}"])
        name.append(path.stem)
        for reader in chain:
            known.setdefault(reader.path.resolve(), reader)
    readers = list(known.values())
    _refuse_many(readers)
    own = [unit for reader in readers for unit in reader.units]
    try:
        priors = _together(" + ".join(name), known, variables, with_date=with_date)
    except PriorError:
        withdraw_units(own)
        raise
    keep_units(own)
    return priors


def _together(
    name: str,
    known: Mapping[Path, _Reader],
    variables: Mapping[str, str] | None,
    *,
    with_date: bool | None,
) -> Priors:
    """Return the priors of files that are laid over one another; raises as `load_priors` does."""
    readers = list(known.values())
    priors = Priors(name=name)
    for reader in readers:
        reader.declare_units()
    for reader in readers:
        priors = lay_over(priors, reader.read())
    units = {} if variables is None else by_name("variables", variables, "model.variables")
    moves = DATE in units if with_date is None else with_date
    stated, priors = priors, _dated(priors, known) if moves else undated(priors)
    faults = [fault for reader in readers for fault in reader.faults]
    faults += levels_missing(stated, priors) if moves else []
    spoiled = {name for reader in readers for name in reader.spoiled}
    faults += unknown_ends(priors, spoiled) if faults else loose_ends(priors)
    if variables is not None:
        for one in sorted(priors.sums.keys() - units.keys()):
            where = f"{priors.inputs[f'{one}_1'].provenance.where} [inputs.{one}]"
            faults.append(f"{where} '{one}' is not a variable of the model; {nearest(one, units)}")
        try:
            # What could not be read has a constant in its place, which no domain is meant for.
            plain = {name: str(units[name]) for name in spoiled if name in units}
            priors = priors.in_units_of({**with_trends(units, priors), **plain})
        except PriorError as error:
            faults += error.faults
    if faults:
        raise PriorError(faults)
    return priors


def _dated(priors: Priors, paths: Collection[Path]) -> Priors:
    """Return priors whose trends have levels, those that are shipped behind the scenario's own."""
    if find_prior_file("base").resolve() in paths:
        shipped = replace(_Reader(find_prior_file(TRENDS), PriorError).read(), title="")
        priors = lay_over(priors, without_known(shipped, priors))
    return dated(priors)


def extends_shipped(sources: Iterable[str | Path]) -> bool:
    """Tell whether prior files are shipped scenarios, or one of them extends one.

    Raises PriorError: there is no such file, or it is no TOML.
    """
    paths = (one.path.resolve() for part in sources for one in _chain(find_prior_file(part)))
    return any(path.is_relative_to(shipped_folder().resolve()) for path in paths)


def input_names(source: str | Path, overlays: Sequence[str | Path] = ()) -> set[str]:
    """Return the names of a scenario's inputs, whatever faults its files have besides.

    Raises PriorError: there is no such file, or it is no TOML.
    """
    names: set[str] = set()
    for reader in (one for part in (source, *overlays) for one in _chain(find_prior_file(part))):
        reader.declare_units()
        tables, joints = reader.document.get("inputs"), reader.document.get("joint")
        sums = reader.document.get("sums")
        for found in (tables, sums):
            names |= set(found) if isinstance(found, dict) else set()
        for joint in joints if isinstance(joints, list) else []:
            columns = joint.get("inputs") if isinstance(joint, dict) else None
            names |= set(filter(is_name, columns)) if isinstance(columns, list) else set()
    return names


def _refuse_many(readers: Sequence[TomlReader]) -> None:
    found = [reader.document.get("inputs") for reader in readers]
    total = sum(len(inputs) for inputs in found if isinstance(inputs, dict))
    if total > MOST_TABLES:
        fault = (
            f"{shown(readers[-1].path)}: {total:,} inputs in {len(readers)} files; expected "
            f"at most {MOST_TABLES:,} in all"
        )
        raise PriorError([fault])


def _chain(path: Path) -> list[_Reader]:
    """Return the readers of a file and of all that it extends, the base first."""
    chain = [_Reader(path, PriorError)]  # which notes other faults when it reads
    while True:
        last = chain[-1]
        if not isinstance(extended := last.document.get("extends"), str):
            return chain[::-1]
        try:
            following = find_prior_file(extended, beside=last.path.parent)
        except PriorError as error:
            raise PriorError([f"{last.where(('extends',))} extends {error}"]) from None
        paths = [seen.path for seen in chain]
        if following.resolve() in {seen.resolve() for seen in paths}:
            circle = " -> ".join(shown(seen) for seen in (*paths, following))
            raise PriorError([f"{shown(path)}: extends runs in a circle: {circle}; cut it"])
        if len(chain) == _MOST_FILES:
            raise PriorError([f"{shown(path)}: more than {_MOST_FILES} files extend one another"])
        chain.append(_Reader(following, PriorError))


def _misspelt(kind: str, keys: Iterable[str]) -> dict[str, str]:
    """Return the keys that are nearest to one of every kind, and not to a parameter, and it."""
    if kind not in KINDS:
        return {}
    cls = KINDS[kind]
    names = {*_OF_EVERY_KIND, *cls.model_fields, *cls.alternative}
    close = {
        key: get_close_matches(key, sorted(names), n=1)
        for key in islice(keys, _MOST_KEYS)
        if key not in names and len(key) <= _LONGEST_KEY
    }
    return {key: found[0] for key, found in close.items() if found and found[0] in _OF_EVERY_KIND}


def _with_numbers(kind: str, own: Mapping[str, object], units: object) -> dict[str, object]:
    """Return a kind's parameters with numbers in its units for the quantities among them."""
    read = dict(own)
    for key, value in own.items():
        if not isinstance(value, str) or not isinstance(units, str) or kind not in KINDS:
            continue
        try:
            quantity = parse_quantity(as_bytes(value, units))
            if quantity.units and not is_quantity(KINDS[kind], key):
                raise UnitError(f"{key} of a {kind} has no units")
            read[key] = quantity.to(units)
        except UnitError as error:
            raise DistributionError([(key, f"{key} = '{value[:60]}': {error}")]) from None
    return read


class _Reader(TomlReader):
    """Reads one prior file and remembers its faults with their lines.

    Attributes
    ----------
    spoiled
        Inputs that are stated but could not be read, or whose distribution could not.
    """

    def __init__(self, path: Path, error: type[FileError]) -> None:
        super().__init__(path, error)
        self.spoiled: set[str] = set()
        self._summed: dict[str, int] = {}

    def read(self) -> Priors:
        """Return the file's own priors, for further checks where some have faults."""
        parts = ("inputs", "correlations", "joint", "trends")
        head = {key: value for key, value in self.document.items() if key not in parts}
        header = self.checked(PriorFile, head, ())
        inputs, trends = self._inputs()
        sums = {**(header.sums if header else {}), **self._summed}
        for name, number in sums.items():
            for part in set(copies_of(name, number)) - inputs.keys() - self.spoiled:
                self.fault(("sums", name), f"'{part}' is not among the inputs; state it")
        correlations: dict[frozenset[str], Correlation] = {}
        for index, table in self.tables("correlations", list):
            if correlation := self._correlation(index, table):
                first = correlations.setdefault(frozenset(correlation.inputs), correlation)
                if first is not correlation:
                    one, other = correlation.inputs
                    text = f"'{one}' and '{other}' are correlated at {first.provenance.where} too"
                    self.fault(("correlations", index, "inputs"), f"{text}; keep one")
        joints = []
        for index, table in self.tables("joint", list):
            if joint := self._joint(index, table, inputs):
                joints.append(joint)
        return Priors(
            name=self.path.stem,
            title=header.title if header else "",
            inputs=inputs,
            correlations=tuple(correlations.values()),
            joints=tuple(joints),
            files=(self.path,),
            coordinates=tuple(header.coordinates) if header else (),
            lacking=header.lacking if header else {},
            trends=trends,
            sums={name: k for name, k in sums.items() if f"{name}_1" in inputs},
            units=header.units if header else {},
        )

    @property
    def units(self) -> Mapping[str, object]:
        """The table `[units]`."""
        units = self.document.get("units")
        return units if isinstance(units, dict) else {}

    def declare_units(self) -> None:
        """Make the units of `[units]` known."""
        for name, stated in self.units.items():
            try:
                declare_unit(name, stated) if isinstance(stated, str) else None
            except UnitError as error:
                self.fault(("units", name), str(error))

    def _inputs(self) -> tuple[dict[str, Prior], dict[str, Trend]]:
        """Return the inputs, and the trends whose parts are among them."""
        inputs: dict[str, Prior] = {}
        trends: dict[str, Trend] = {}
        for name, table in self.tables("inputs", dict):
            if isinstance(table, dict) and table.get("kind") == KIND and is_name(name):
                trend = self._trend(name, table, inputs)
            else:
                trend = None
                prior = self._prior(name, table)
                inputs |= self._copied(prior, table) if prior else {}
            trends |= {name: trend} if trend else {}
            if trend is None and name not in {*inputs, *self._summed}:
                self.spoiled.add(name)
        for name, table in self.tables("trends", dict):
            law = self._law(name, table, inputs)
            trends |= {name: law} if law else {}
        return inputs, trends

    def _copied(self, prior: Prior, table: Mapping[str, object]) -> dict[str, Prior]:
        """Return an input by its name, or the copies that its variable is the sum of."""
        number = table.get("copies")
        if not isinstance(number, int):
            return {prior.name: prior}
        for key in ("unless", "fallback"):
            if table.get(key):
                text = f"'{key}' stands beside copies, which always hold; drop one of the two"
                self.fault(("inputs", prior.name, key), text)
        self._summed[prior.name] = number
        said = prior.provenance
        copies = {}
        for k, name in enumerate(copies_of(prior.name, number), 1):
            words = f"{said.long_name or prior.name}, copy {k} of {number}"[:1_000]
            copies[name] = replace(prior, name=name, provenance=replace(said, long_name=words))
        return copies

    def _trend(self, name: str, data: object, inputs: dict[str, Prior]) -> Trend | None:
        """Read a trend, and put its parts among the inputs."""
        path: KeyPath = ("inputs", name)
        before = len(self.faults)
        table = self.checked(TrendTable, data, path)
        if table is None:
            return None
        if (table.value is None) != (table.at is None):
            text = "value and at, its date, go together; state both, or neither to take the "
            self.fault((*path, "value"), f"{text}scenario's own prior at its as_of")
        for place, one in (
            (path, table),
            *(((*path, "periods", index), one) for index, one in enumerate(table.periods)),
        ):
            if (one.growth is None) == (one.rate is None):
                text = "expected growth, a factor a year, or rate, 0.3 for a factor of 1.3"
                self.fault(place, f"{text}; state one of the two")
            elif (one.rate is None) != (table.rate is None):
                self.fault(place, "growth and rate are mixed; state all periods by one of them")
        until = tuple(one.until for one in table.periods)
        if list(until) != sorted(set(until)):
            self.fault((*path, "periods"), "the dates of periods do not ascend; sort them")
        if len(self.faults) > before:
            return None
        trend = Trend(
            name,
            table.units,
            until,
            rate=table.rate is not None,
            fallback=table.fallback,
            data_from=table.data_from,
            data_until=table.data_until,
            provenance=self._provenance(table, path, (*path, "units")),
        )
        for prior in parts_of(trend, table, lambda key, text: self.fault((*path, *key), text)):
            if prior.name in self.document["inputs"]:
                text = f"'{prior.name}' is a part of the trend of {name} too; rename it"
                self.fault(("inputs", prior.name), text)
            inputs[prior.name] = prior
        return trend if len(self.faults) == before else None

    def _law(self, name: str, data: object, inputs: dict[str, Prior]) -> Trend | None:
        """Read how a variable follows from inputs that the file states."""
        path: KeyPath = ("trends", name)
        table = self.checked(LawTable, data, path)
        if table is None or not is_name(name):
            return None
        about = self._provenance(table, path)
        trend = Trend(
            **{**table.model_dump(exclude=_SAID), "until": tuple(table.until)},
            name=name,
            provenance=about,
        )
        levels = {trend.part("level"), trend.part("level_date")} if name in inputs else set()
        for part in trend.needed:
            if part not in {*inputs, *self.spoiled, *levels}:  # its own prior may be the level
                self.fault(path, f"'{part}' is not among the inputs; state it")
        return trend

    def _prior(self, name: str, data: object) -> Prior | None:
        path: KeyPath = ("inputs", name)
        if not is_name(name):
            self.fault(path, f"'{name[:40]}' is not a name: letters, digits and _ only")
            return None
        table = self.checked(InputTable, data, path)
        distribution = self._distribution(data, path)
        if table is None:
            return None
        return Prior(
            name=name,
            distribution=distribution,
            units=table.units,
            fallback=table.fallback,
            unless=table.unless,
            coupling=table.coupling,
            provenance=self._provenance(table, path, (*path, "units")),
        )

    def _distribution(self, data: object, path: KeyPath) -> Distribution:
        """Return the distribution of an input; where it has faults, a constant in its place."""
        stated = data if isinstance(data, dict) else {}
        kind = stated.get("kind")
        if isinstance(kind, str):
            own = {k: v for k, v in stated.items() if k not in _OF_EVERY_KIND}
            for misspelt, meant in _misspelt(kind, own).items():
                text = f"'{misspelt}' is not a key here; did you mean '{meant}'?"
                self.fault((*path, misspelt), text)
                del own[misspelt]
            try:
                return build(kind, _with_numbers(kind, own, stated.get("units", "1")))
            except DistributionError as error:
                self.spoiled.add(str(path[-1]))
                for key, text in error.faults:
                    self.fault((*path, key) if key else path, text)
        return Constant(value=0.0)

    def _correlation(self, index: int, data: object) -> Correlation | None:
        path: KeyPath = ("correlations", index)
        table = self.checked(CorrelationTable, data, path)
        stated = data.get("inputs") if isinstance(data, dict) else None
        match stated:
            case [str(first), str(second)] if first == second:
                self.fault((*path, "inputs"), f"correlates '{first}' with itself; name two inputs")
            case [str(first), str(second)]:
                key, rank = (*path, "inputs"), table.rank if table else 0.0
                return Correlation((first, second), rank, self._provenance(table, path, key))
        return None

    def _joint(self, index: int, data: object, inputs: dict[str, Prior]) -> JointSample | None:
        """Read a joint sample, and put the marginal of each of its columns among the inputs."""
        path: KeyPath = ("joint", index)
        table = self.checked(JointTable, data, path)
        if table is None:
            return None
        names = tuple(table.inputs)
        twice = [name for name in dict.fromkeys(names) if name in inputs or names.count(name) > 1]
        for name in twice:
            other = f" (also at {inputs[name].provenance.where})" if name in inputs else ""
            self.fault((*path, "inputs"), f"'{name}' is stated twice{other}; keep one")
        for name in sorted(table.units.keys() - set(names)):
            self.fault((*path, "units"), f"'{name}' is not in the joint; {nearest(name, names)}")
        try:
            rows = read_samples(self.path.parent, table.samples, names)
        except ValueError as error:
            for text in error.faults if isinstance(error, SamplesError) else [str(error)]:
                self.fault((*path, "samples"), text)
            rows = None
        if twice or rows is None:
            self.spoiled.update(names)
            return None
        joint = JointSample(names, rows, self._provenance(table, path), table.smooth)
        for name, column in zip(names, rows.T, strict=True):
            inputs[name] = Prior(
                name=name,
                distribution=Empirical(values=tuple(column.tolist())),
                units=table.units.get(name, "1"),
                joint=joint.name,
                coupling=table.coupling,
                provenance=self._provenance(table, path, (*path, "units")),
            )
        return joint

    def _provenance(
        self, table: Sourced | None, path: KeyPath, key: KeyPath | None = None
    ) -> Provenance:
        table = table or Sourced.model_validate({})
        more: dict[str, str | bool] = {}
        if isinstance(table, Believed):
            more = {"coupling_note": table.coupling_note, "ages": table.ages}
        return Provenance.of(table, where=self.where(path), key=self.where(key or path), **more)
