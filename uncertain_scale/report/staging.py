"""Files of one folder that are replaced together: all of them, or none.

New files are written into a hidden folder inside their own. When all are on the disk, one rename of
that folder decides that they are to be; then each is moved to its name. Whoever is killed before
the rename leaves the old files as they were, and whoever is killed after it leaves moves that the
next reader or writer finishes (`finish`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
import tempfile
import time
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError
from uncertain_scale.reading import is_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Staging", "exchange", "finish", "staged", "staging_of", "sync_folder"]

_PREFIX, _SUFFIX = ".uncertain-scale-", ".new"
_DECIDED = ".uncertain-scale.decided"
_REMOVED = ".removed"
_LAST = "run.json"  # what names the others is moved behind them
_HERE = -100  # AT_FDCWD: names are as the process sees them
_STALE = 3600.0  # seconds, where no lock can tell whether a writer lives

_current: ContextVar[Staging | None] = ContextVar("staging", default=None)


class Staging:
    """Files on their way into a folder.

    Parameters
    ----------
    folder
        Where they go; it is made with the first of them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stage: Path | None = None
        self._lock: int | None = None
        self._made: list[Path] = []
        self._removed: list[str] = []
        self._after: list[Callable[[], object]] = []

    def place(self, path: Path) -> Path:
        """Return where a file of the folder is to be written until it is moved to its path."""
        stage = self._stage = self._stage or self._begun()
        place = stage / path.relative_to(self.folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def holds(self, path: Path) -> bool:
        """Tell whether a new file waits to be moved to a path."""
        return self._stage is not None and (self._stage / path.relative_to(self.folder)).is_file()

    @property
    def files(self) -> list[str]:
        """Names of the new files, relative to the folder."""
        return [] if self._stage is None else _files(self._stage)

    def remove(self, name: str) -> None:
        """Let a file of the folder go when the new ones come, unless it is among them."""
        self._removed.append(name)

    def afterwards(self, act: Callable[[], object]) -> None:
        """Call a function when all files are in their places."""
        self._after.append(act)

    def commit(self) -> None:
        """Move all files to their places.

        Raises
        ------
        OSError
            That cannot be done; what was there stays as it was.
        """
        if self._stage is not None:
            stage, new = self._stage, set(self.files)
            for name in new:
                if (target := self.folder / name).is_dir():
                    raise IsADirectoryError(0, "a folder has its name", str(target))
                if (parent := target.parent).is_dir() and not os.access(parent, os.W_OK | os.X_OK):
                    raise PermissionError(0, "its folder cannot be written", str(parent))
            removed = [name for name in self._removed if name not in new]
            _write_synced(stage / _REMOVED, "\n".join(removed))
            for path in [stage, *(one for one in stage.rglob("*") if one.is_dir())]:
                sync_folder(path)
            with _locked(self.folder):
                _finish(self.folder)
                stage.rename(self.folder / _DECIDED)
                self._stage = None
                sync_folder(self.folder)
                _finish(self.folder)
            self._release()
        for act in self._after:
            act()

    def discard(self) -> None:
        """Remove the new files, and a folder that was made for them."""
        if self._stage is not None:
            shutil.rmtree(self._stage, ignore_errors=True)
            self._stage = None
        self._release()
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _begun(self) -> Path:
        folder = self.folder
        while not folder.exists():
            self._made.insert(0, folder)
            folder = folder.parent
        self.folder.mkdir(parents=True, exist_ok=True)
        # One at a time: a stage that its writer has not locked yet looks like one left behind.
        with _locked(self.folder):
            _clear(self.folder)
            stage = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=self.folder))
            self._lock = _lock(stage, wait=False)
        return stage

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@contextlib.contextmanager
def staged(folder: Path | None) -> Iterator[Staging | None]:
    """Replace the files that a block saves in a folder together, or none if the block fails.

    Parameters
    ----------
    folder
        The folder, or None for a block that saves nothing. Inside a block for the same folder, its
        files go with those of the outer one.

    Raises
    ------
    DataError
        The folder cannot be written, which is told before the block is run, or the files cannot be
        moved to their places; what was there stays as it was.
    """
    outer = _current.get()
    if folder is None or (outer is not None and outer.folder == folder):
        yield outer
        return
    _refuse_unwritable(folder)
    staging = Staging(folder)
    token = _current.set(staging)
    try:
        yield staging
        staging.commit()
    except OSError as error:
        staging.discard()
        raise DataError(f"{folder} cannot be written: {error.strerror or error}") from error
    except BaseException:
        staging.discard()
        raise
    finally:
        _current.reset(token)


def staging_of(path: Path) -> Staging | None:
    """Return what a file is staged in, if its folder's files are being replaced together."""
    staging = _current.get()
    return staging if staging is not None and path.is_relative_to(staging.folder) else None


def finish(folder: Path) -> None:
    """Finish what a writer that was killed had decided.

    Raises
    ------
    DataError
        It cannot be finished here, and so the folder's files are not of one result.
    """
    decided = folder / _DECIDED
    if not os.path.lexists(decided):
        return
    try:
        with _locked(folder):
            _finish(folder)
    except OSError as error:
        raise DataError(
            f"{folder}: its files were being replaced when the program was ended, and cannot be "
            f"moved to their places now: {error.strerror or error}; make the folder writable"
        ) from error


def exchange(one: Path, other: Path) -> bool:
    """Let two folders of one file system swap names in one step; False where that cannot be."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, 2) == 0)  # RENAME_SWAP
        return bool(library.renameat2(_HERE, names[0], _HERE, names[1], 2) == 0)  # RENAME_EXCHANGE
    except (AttributeError, OSError, TypeError):
        return False


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refuse_unwritable(folder: Path) -> None:
    there = folder
    while not os.path.lexists(there) and there.parent != there:
        there = there.parent
    if not there.is_dir():
        raise DataError(f"{folder} cannot be made: {there} is no folder; name another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise DataError(f"{folder} cannot be written: Permission denied; name another folder")


def _finish(folder: Path) -> None:
    """Move files that were decided upon to their places; the folder is locked."""
    decided = folder / _DECIDED
    if not decided.is_dir() or decided.is_symlink():
        return
    listed = decided / _REMOVED
    names = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    moved = sorted(_files(decided), key=lambda name: (name == _LAST, name))
    for name in [*names, *moved]:  # whoever made the folder, nothing outside it is touched
        if not is_inside((folder / name).parent, folder):
            raise PermissionError(0, f"'{name[:60]}' lies outside it", str(folder))
    for name in names:
        (folder / name).unlink(missing_ok=True)
    touched: list[Path] = []
    for name in moved:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        touched.append((decided / name).replace(folder / name))
    for path in {folder, *(one.parent for one in touched)}:
        sync_folder(path)
    shutil.rmtree(decided)


def _files(stage: Path) -> list[str]:
    return sorted(
        path.relative_to(stage).as_posix()
        for path in stage.rglob("*")
        if path.is_file() and path.name != _REMOVED
    )


def _clear(folder: Path) -> None:
    """Remove what writers that were killed had staged and not decided upon."""
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            descriptor = _lock(path, wait=False)
            if descriptor is None:  # its writer lives, or there are no locks here
                if _has_locks() or time.time() - path.stat().st_mtime < _STALE:
                    continue
            else:
                os.close(descriptor)
            shutil.rmtree(path)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep others from moving files in a folder, where the system has locks; they wait."""
    descriptor = _lock(folder, wait=True)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _has_locks() -> bool:
    try:
        import fcntl  # noqa: F401
    except ImportError:
        return False
    return True


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Return a descriptor that holds the folder's lock until it is closed, or None."""
    if not _has_locks():
        return None
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
