"""From prior files to `Priors`: read each file, lay one over another, gather every fault."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from uncertain_scale.errors import PriorError, nearest
from uncertain_scale.inputs.catalog import find_prior_file, shipped_folder
from uncertain_scale.inputs.distributions import DistributionError, Empirical, build
from uncertain_scale.inputs.document import (
    CorrelationTable,
    InputTable,
    JointTable,
    PriorFile,
    Sourced,
    is_name,
)
from uncertain_scale.inputs.lines import line_numbers
from uncertain_scale.inputs.overlay import lay_over, loose_ends
from uncertain_scale.inputs.prior import Correlation, JointSample, Prior, Priors, Provenance
from uncertain_scale.inputs.samples import read_samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from uncertain_scale.inputs.lines import Path as KeyPath

__all__ = ["load_priors"]

_T = TypeVar("_T", bound="BaseModel")
_MOST_BYTES = 16_000_000
_MOST_FILES = 16


def load_priors(
    source: str | Path = "base",
    *,
    overlays: Sequence[str | Path] = (),
    variables: Mapping[str, str] | None = None,
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

    Raises
    ------
    PriorError
        Everything that is wrong with the files, at once.

    Examples
    --------
    >>> load_priors("h100-dense-fp8").inputs["hourly_rate"].units
    'USD/gpu/hour'
    """
    paths: dict[Path, None] = {}
    name = []
    for part in (source, *overlays):
        chain = _chain(find_prior_file(part))
        name.append(chain[-1].stem)
        paths.update(dict.fromkeys(chain))
    readers = [_Reader(path) for path in paths]
    priors = Priors(name=" + ".join(name))
    for reader in readers:
        priors = lay_over(priors, reader.read())
    faults = [fault for reader in readers for fault in reader.faults]
    faults += [] if faults else loose_ends(priors)
    if variables is not None:
        try:
            priors = priors.in_units_of(variables)
        except PriorError as error:
            faults += error.faults
    if faults:
        raise PriorError(faults)
    return priors


def _chain(path: Path) -> list[Path]:
    """Return a file and all that it extends, the base first."""
    chain = [path]
    while extended := _extended(chain[-1]):
        try:
            following = find_prior_file(extended, beside=chain[-1].parent)
        except PriorError as error:
            raise PriorError([f"{_shown(chain[-1])} extends {error}"]) from None
        if following.resolve() in {seen.resolve() for seen in chain}:
            circle = " -> ".join(_shown(seen) for seen in (*chain, following))
            raise PriorError([f"{_shown(path)}: extends runs in a circle: {circle}; cut it"])
        if len(chain) == _MOST_FILES:
            raise PriorError([f"{_shown(path)}: more than {_MOST_FILES} files extend one another"])
        chain.append(following)
    return chain[::-1]


def _extended(path: Path) -> str | None:
    """Return what a file extends; other faults of the file wait until it is read."""
    extends = _parse(path)[1].get("extends")
    return extends if isinstance(extends, str) else None


def _parse(path: Path) -> tuple[str, dict[str, Any]]:
    """Read a TOML file of bounded size."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise PriorError([f"{_shown(path)}: larger than {_MOST_BYTES / 1e6:.0f} MB"])
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise PriorError([f"{_shown(path)}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise PriorError([f"{_shown(path)}:{line} is not UTF-8; save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise PriorError([f"{_shown(path)}: not valid TOML: {error}"]) from None
    except RecursionError:
        raise PriorError([f"{_shown(path)}: tables nest too deeply"]) from None


def _shown(path: Path) -> str:
    """Name a file as a person would look for it."""
    if path.resolve().parent == shipped_folder().resolve():
        return f"priors/{path.name}"
    return str(path)


class _Reader:
    """Reads one prior file and remembers its faults with their lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.faults: list[str] = []
        text, self._document = _parse(path)
        self._lines = line_numbers(text)

    def read(self) -> Priors:
        """Return the file's own priors; a table with a fault is left out of them."""
        parts = ("inputs", "correlations", "joint")
        head = {key: value for key, value in self._document.items() if key not in parts}
        header = self._checked(PriorFile, head, ())
        inputs: dict[str, Prior] = {}
        for name, table in self._tables("inputs", dict):
            if prior := self._prior(name, table):
                inputs[name] = prior
        correlations = [
            self._correlation(index, table) for index, table in self._tables("correlations", list)
        ]
        joints = []
        for index, table in self._tables("joint", list):
            if joint := self._joint(index, table, inputs):
                joints.append(joint)
        return Priors(
            name=self._path.stem,
            title=header.title if header else "",
            inputs=inputs,
            correlations=tuple(filter(None, correlations)),
            joints=tuple(joints),
            files=(self._path,),
        )

    def _tables(self, part: str, expected: type[dict[str, Any] | list[Any]]) -> list[Any]:
        """Return the tables of a part of the file by name or number, or note that it is no part."""
        found = self._document.get(part, expected())
        if not isinstance(found, expected):
            shape = f"tables [{part}.NAME]" if expected is dict else f"tables [[{part}]]"
            self._fault((part,), f"'{part}' holds {found!r:.40}; expected {shape}")
            return []
        return list(found.items() if isinstance(found, dict) else enumerate(found))

    def _prior(self, name: str, data: object) -> Prior | None:
        path: KeyPath = ("inputs", name)
        if not is_name(name):
            self._fault(path, f"'{name[:40]}' is not a name: letters, digits and _ only")
            return None
        table = self._checked(InputTable, data, path)
        if table is None:
            return None
        try:
            distribution = build(table.kind, table.model_extra or {})
        except DistributionError as error:
            for key, text in error.faults:
                self._fault((*path, key) if key else path, text)
            return None
        return Prior(
            name=name,
            distribution=distribution,
            units=table.units,
            fallback=table.fallback,
            provenance=self._provenance(table, path),
        )

    def _correlation(self, index: int, data: object) -> Correlation | None:
        path: KeyPath = ("correlations", index)
        table = self._checked(CorrelationTable, data, path)
        if table is None:
            return None
        first, second = table.inputs
        if first == second:
            self._fault(path, f"correlates '{first}' with itself; name two inputs")
            return None
        return Correlation((first, second), table.rank, self._provenance(table, path))

    def _joint(self, index: int, data: object, inputs: dict[str, Prior]) -> JointSample | None:
        """Read a joint sample, and put the marginal of each of its columns among the inputs."""
        path: KeyPath = ("joint", index)
        table = self._checked(JointTable, data, path)
        if table is None:
            return None
        names = tuple(table.inputs)
        for name in names:
            if name in inputs or names.count(name) > 1:
                self._fault(path, f"'{name}' is stated twice; keep one")
                return None
        for name in sorted(table.units.keys() - set(names)):
            self._fault((*path, "units"), f"'{name}' is not in the joint; {nearest(name, names)}")
        try:
            rows = read_samples(self._path.parent, table.samples, names)
        except ValueError as error:
            self._fault((*path, "samples"), str(error))
            return None
        joint = JointSample(names, rows, self._provenance(table, path))
        for name, column in zip(names, rows.T, strict=True):
            inputs[name] = Prior(
                name=name,
                distribution=Empirical(values=tuple(column.tolist())),
                units=table.units.get(name, "1"),
                joint=joint.name,
                provenance=joint.provenance,
            )
        return joint

    def _checked(self, kind: type[_T], data: object, path: KeyPath) -> _T | None:
        """Check a table against its model, and note each thing that is wrong with it."""
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for detail in error.errors():
                self._fault((*path, *detail["loc"]), _in_words(detail, kind))
            return None

    def _provenance(self, table: Sourced, path: KeyPath) -> Provenance:
        return Provenance(
            long_name=table.long_name,
            source=table.source,
            as_of=table.as_of,
            note=table.note,
            where=self._where(path),
        )

    def _where(self, path: KeyPath) -> str:
        """Name the file and the nearest line that is known for a path."""
        while path and path not in self._lines:
            path = path[:-1]
        line = f":{self._lines[path]}" if path else ""
        return f"{_shown(self._path)}{line}"

    def _fault(self, path: KeyPath, text: str) -> None:
        self.faults.append(" ".join(filter(None, (self._where(path), _table(path), text))))


def _table(path: KeyPath) -> str:
    """Name the table that a path leads into as its header does; nothing at the top of a file."""
    if len(path) < 2:
        return ""
    return f"[inputs.{path[1]}]" if path[0] == "inputs" else f"[[{path[0]}]]"


def _in_words(detail: ErrorDetails, kind: type[BaseModel]) -> str:
    """Say what pydantic found as the other faults are said."""
    key = ".".join(map(str, detail["loc"])) or "the table"
    match detail["type"]:
        case "missing":
            return f"'{key}' is missing: {kind.model_fields[key].description}"
        case "extra_forbidden":
            return f"'{key}' is not a key here; {nearest(key, kind.model_fields)}"
        case _:
            return (
                f"{key} = {detail['input']!r:.60}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
            )
