"""The prior files that travel with the package: where they are, their names, a copy of them."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from uncertain_scale.errors import ClaimError, DataError, PriorError, nearest
from uncertain_scale.reading import is_file, is_inside

__all__ = [
    "claims_names",
    "copy_priors",
    "find_claims_file",
    "find_prior_file",
    "scenario_names",
    "shipped_folder",
]


def shipped_folder() -> Path:
    """Return the folder of the shipped prior files.

    In a wheel it lies inside the package, in a checkout beside it.
    """
    package = Path(__file__).resolve().parent.parent
    inside = package / "priors"
    return inside if inside.is_dir() else package.parent / "priors"


def scenario_names() -> list[str]:
    """Return the names of the shipped scenarios, base first.

    Examples
    --------
    >>> "h100-dense-fp8" in scenario_names()
    True
    """
    names = sorted(path.stem for path in shipped_folder().glob("*.toml"))
    return sorted(names, key=lambda name: name != "base")


def find_prior_file(source: str | Path, *, beside: Path | None = None) -> Path:
    """Return the file that a scenario's name or a path stands for.

    Parameters
    ----------
    source
        Name of a shipped scenario, or path of a TOML file.
    beside
        Folder that a relative path is looked up in first, where one file extends another.

    Raises
    ------
    PriorError
        There is neither such a file nor such a scenario, or a file that another names lies, its
        links followed, outside that one's folder.
    """
    text = str(source)
    path = Path(source) if beside is None else beside / source
    if path.suffix == ".toml" and is_file(path):
        if beside is not None and not is_inside(path, beside):
            raise PriorError([_outside(text)])
        return path
    shipped = shipped_folder() / f"{Path(text).stem if text.endswith('.toml') else text}.toml"
    by_name = Path(text).name == text and (beside is not None or not text.endswith(".toml"))
    if by_name and is_file(shipped):
        return shipped
    if is_file(path):
        raise PriorError([f"{text[:200]} is not a prior file; its name must end in .toml"])
    if text.endswith(".toml") or Path(text).name != text:
        raise PriorError([f"{text[:200]}: there is no such prior file"])
    names = scenario_names()
    fault = (
        f"scenario '{text[:60]}' is unknown; {nearest(text, names)} "
        "(`uncertain-scale priors list` shows them all; a file's name ends in .toml)"
    )
    raise PriorError([fault])


def _outside(text: str) -> str:
    return (
        f"'{text[:200]}', which lies outside the folder of the file that names it; copy it there, "
        "or lay one over the other in the question: "
        "report --scenario BASE.toml --priors OVERLAY.toml"
    )


def claims_names() -> list[str]:
    """Return the names of the shipped claims files.

    Examples
    --------
    >>> claims_names()
    ['post-2024-07']
    """
    return sorted(path.stem for path in (shipped_folder() / "claims").glob("*.toml"))


def find_claims_file(source: str | Path) -> Path:
    """Return the file that the name of shipped claims or a path stands for.

    Raises
    ------
    ClaimError
        There is neither such a file nor such a name.
    """
    text, path = str(source), Path(source)
    if path.suffix == ".toml":
        if is_file(path):
            return path
        raise ClaimError([f"{text[:200]}: there is no such claims file"])
    shipped = shipped_folder() / "claims" / f"{text}.toml"
    if path.name == text and is_file(shipped):
        return shipped
    fault = (
        f"claims '{text[:60]}' are unknown; {nearest(text, claims_names())}; "
        "the name of a file of your own ends in .toml"
    )
    raise ClaimError([fault])


def copy_priors(folder: Path) -> list[Path]:
    """Copy the shipped prior files into a folder, to be edited there.

    Raises
    ------
    DataError
        One of the files is there already, or the folder cannot be written; nothing is overwritten.
    """
    originals = [
        path
        for path in sorted(shipped_folder().iterdir())
        if path.suffix in {".toml", ".csv", ".json"}
    ]
    existing = [path.name for path in originals if (folder / path.name).exists()]
    if existing:
        found = ", ".join(existing)
        raise DataError(f"{folder} already holds {found}; nothing was copied, name another folder")
    copies: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in originals:
            copies.append(folder / path.name)
            shutil.copyfile(path, copies[-1])
    except OSError as error:
        for path in copies:  # which were not there before
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        raise DataError(f"{folder} cannot be written: {error.strerror}") from error
    return copies
