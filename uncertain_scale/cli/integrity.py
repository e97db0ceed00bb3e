"""Whether a saved folder holds the files that a run wrote, to the byte, and no others."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError
from uncertain_scale.reading import UnreadableError, is_inside, open_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LARGEST = 2**62  # bytes: a file is read in pieces
_MOST = 10_000  # files of a record
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Files:
    """How the files of a folder differ from those that its record lists.

    Parameters
    ----------
    changed, missing, added
        Names: of other bytes than the run wrote, not there, not in the record.
    unlisted
        Whether the record, of an earlier version, lists digests of none but the result.
    """

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    unlisted: bool = False

    @property
    def intact(self) -> bool:
        """Whether all files that the record lists are there as they were written."""
        return not self.changed and not self.missing


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises DataError: it cannot be read, or is no regular file.
    """
    found = hashlib.sha256()
    try:
        with open_within(path, _LARGEST) as file:
            while piece := file.read(1 << 20):
                found.update(piece)
    except UnreadableError as error:
        raise DataError(error.of(path)) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    return found.hexdigest()


def read_digests(path: Path, found: Any) -> dict[str, str] | None:
    """Return the digests that a record holds by file; None of a record without them.

    Raises DataError: they are no digests of files in the record's folder.
    """
    if found is None:
        return None
    if not isinstance(found, dict) or len(found) > _MOST:
        raise DataError(f"{path} holds no digests of files; it was changed")
    for name, digest in found.items():
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or not name or "\0" in name:
            raise DataError(f"{path} lists '{name[:60]}', which is not in its folder")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise DataError(f"{path} holds no digest of '{name[:60]}'; it was changed")
    return found


def refuse_links_out(folder: Path, names: Iterable[str]) -> None:
    """Refuse files that lie outside the folder by a link.

    Raises DataError: naming the first.
    """
    for name in names:
        if os.path.lexists(folder / name) and not is_inside(folder / name, folder):
            raise DataError(
                f"{folder / name} leads out of the folder by a link; put the file itself there"
            )


def check_files(folder: Path, digests: Mapping[str, str], *, ours: Iterable[str]) -> Files:
    """Compare the files of a folder with their digests.

    Parameters
    ----------
    folder
        Where they are.
    digests
        SHA-256 by name, relative to the folder.
    ours
        Names of files without digests that the program writes besides.

    Raises
    ------
    DataError
        A file leads out of the folder, or cannot be read.
    """
    refuse_links_out(folder, digests)
    missing = [name for name in digests if not os.path.lexists(folder / name)]
    changed = [
        name
        for name, digest in digests.items()
        if name not in missing and digest_of(folder / name) != digest
    ]
    known = {*digests, *ours}
    added = [name for name in _names_in(folder) if name not in known]
    return Files(tuple(changed), tuple(missing), tuple(added))


def _names_in(folder: Path) -> list[str]:
    """Return the names of all that lies in a folder but hidden files; links are not followed."""
    found = []
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(place, name).relative_to(folder).as_posix()
            for name in (*files, *links)
            if not name.startswith(".")
        ]
    return sorted(found)
