"""The files that travel with the package, and how the name of one, or a path, is found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.errors import ClaimError, EvidenceError, PriorError, nearest
from uncertain_scale.reading import is_file, is_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uncertain_scale.errors import FileError


CHIPS = "chips"
"""The folder of the catalogue of chips, whose scenarios are read from its tables."""

TRENDS = "trends"
"""The prior file of the shipped trends, which is no scenario: it is read behind one."""


@dataclass(frozen=True)
class _Kind:
    """A kind of file: the folder of the shipped ones, and the words for one that is not found."""

    folder: str
    error: type[FileError]
    sort: str
    missing: str
    unknown: str

    def names(self) -> list[str]:
        """Return the names of the shipped files."""
        found = sorted(path.stem for path in (shipped_folder() / self.folder).glob("*.toml"))
        return [name for name in found if self.folder or name != TRENDS]

    def known(self) -> list[str]:
        """Return the names that one which is not found may be meant for."""
        if self.folder:
            return self.names()
        from uncertain_scale.inputs.chip_scenarios import chip_scenarios

        return [*self.names(), *chip_scenarios()]

    def find(self, source: str | Path, *, beside: Path | None = None) -> Path:
        """Return the file that the name of a shipped one, or a path, stands for.

        Parameters
        ----------
        source
            Name of a shipped file, such as a scenario's, or path of a TOML file.
        beside
            Folder that a relative path is looked up in first, where one file names another.

        Raises
        ------
        PriorError, ClaimError or EvidenceError
            There is neither such a file nor such a name, or a file that another names lies, its
            links followed, outside that one's folder.
        """
        if not isinstance(source, str | PathLike):
            raise self.error([f"found {source!r:.60}; expected a name, or the path of {self.sort}"])
        text = str(source)
        path = Path(source) if beside is None else beside / source
        if path.suffix == ".toml" and is_file(path):
            if beside is not None and not is_inside(path, beside):
                raise self.error([_outside(text)])
            return path
        stem = Path(text).stem if text.endswith(".toml") else text
        shipped = shipped_folder() / self.folder / f"{stem}.toml"
        by_name = Path(text).name == text and (beside is not None or not text.endswith(".toml"))
        if by_name and is_file(shipped):
            return shipped
        if not self.folder and (by_name or path.parent == shipped_folder() / CHIPS):
            from uncertain_scale.inputs.chip_scenarios import chip_file

            if found := chip_file(stem):
                return found
        if is_file(path):
            raise self.error([f"{text[:200]} is not {self.sort}; its name must end in .toml"])
        is_path = text.endswith(".toml") or Path(text).name != text
        fault = self.missing if is_path else self.unknown
        raise self.error([fault.format(text=text, hint=nearest(stem, self.known()))])


_PRIORS = _Kind(
    "",
    PriorError,
    "a prior file",
    "{text:.200}: there is no such prior file",
    "scenario '{text:.60}' is unknown; {hint} "
    "(`uncertain-scale priors list` shows them all; a file's name ends in .toml)",
)
_CLAIMS = _Kind(
    "claims",
    ClaimError,
    "a claims file",
    "{text:.200}: there is no such claims file",
    "claims '{text:.60}' are unknown; {hint}; the name of a file of your own ends in .toml",
)
_NO_EVIDENCE = "{text:.80}: there is no such evidence file (.toml); {hint}"
_EVIDENCE = _Kind("evidence", EvidenceError, "an evidence file", _NO_EVIDENCE, _NO_EVIDENCE)

find_prior_file = _PRIORS.find
claims_names, find_claims_file = _CLAIMS.names, _CLAIMS.find
evidence_names, find_evidence_file = _EVIDENCE.names, _EVIDENCE.find


def shipped_folder(name: str = "priors") -> Path:
    """Return a folder that travels with the package, that of prior files by default.

    In a wheel it lies inside the package, in a checkout beside it.
    """
    package = Path(__file__).resolve().parent.parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def shipped_files() -> list[Path]:
    """Return the shipped files that scenarios are made of."""
    kinds = {".toml", ".csv", ".json"}
    return sorted(path for path in shipped_folder().iterdir() if path.suffix in kinds)


def scenario_names() -> list[str]:
    """Return the names of the shipped scenarios, base first, with some of the catalogue of chips.

    Examples
    --------
    >>> "h100-dense-fp8" in scenario_names()
    True
    """
    from uncertain_scale.inputs.chip_scenarios import LISTED

    return sorted({*_PRIORS.names(), *LISTED}, key=lambda name: (name != "base", name))


@cache
def trend_units() -> dict[str, str]:
    """Return the units of the variables that shipped trends give a level, by a date alone."""
    from uncertain_scale.inputs.toml import parse_toml

    inputs = parse_toml(find_prior_file(TRENDS))[1]["inputs"]
    return {name: one["units"] for name, one in inputs.items() if "at" in one}


def scenario_labels(paths: Sequence[Path]) -> list[str]:
    """Return the names of scenarios by their files; two of one name have their folders' before it.

    Examples
    --------
    >>> scenario_labels([Path("low/priors.toml"), Path("high/priors.toml"), Path("base.toml")])
    ['low-priors', 'high-priors', 'base']
    """
    parts = [
        (*(re.sub(r"[^\w.+ -]", "_", part) for part in path.absolute().parts[:-1]), path.stem)
        for path in paths
    ]
    labels = []
    for own in parts:
        others = {other for other in parts if other != own and other[-1] == own[-1]}
        depth = 1
        while any(other[-depth:] == own[-depth:] for other in others):
            depth += 1
        labels.append("-".join(own[-depth:]))
    return labels


def _outside(text: str) -> str:
    return (
        f"'{text[:200]}', which lies outside the folder of the file that names it; copy it there, "
        "or lay one over the other in the question: "
        "report --scenario BASE.toml --priors OVERLAY.toml"
    )
