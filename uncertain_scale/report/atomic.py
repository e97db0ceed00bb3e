"""Atomic writes: a file, a store, or the files of a folder together appear whole or not at all.

What is new is written into a hidden folder beside its place. A file or a store by itself is then
renamed. Of several files, one rename of the hidden folder decides that they are to be; then each is
moved to its name. Whoever is killed before the rename leaves the old files as they were, and
whoever is killed after it leaves moves that the next reader or writer finishes (`finish`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import sys
import tempfile
import time
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError
from uncertain_scale.reading import is_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PREFIX, _SUFFIX = ".uncertain-scale-", ".new"
_DECIDED = ".uncertain-scale.decided"
_REMOVED = ".removed"
_LAST = "run.json"  # what names the others is moved behind them
_HERE = -100  # AT_FDCWD: names are as the process sees them
_STALE = 3600.0  # seconds, where no lock can tell whether a writer lives

_current: ContextVar[Staging | None] = ContextVar("staging", default=None)


class Staging:
    """Files on their way into a folder, which `begin` makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stage: Path | None = None
        self._hidden = contextlib.ExitStack()
        self._made: list[Path] = []
        self._removed: list[str] = []
        self._after: list[Callable[[], object]] = []

    def begin(self) -> None:
        """Make the folder, and the hidden one in it that the new files wait in.

        Raises
        ------
        OSError
            That cannot be done.
        """
        folder = self.folder
        while not os.path.lexists(folder):
            self._made.insert(0, folder)
            folder = folder.parent
        self.folder.mkdir(parents=True, exist_ok=True)
        self._stage = self._hidden.enter_context(_hidden(self.folder))

    def place(self, path: Path) -> Path:
        """Return where a file of the folder is to be written until it is moved to its path."""
        if self._stage is None:
            self.begin()
        place = self._begun / path.relative_to(self.folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def holds(self, path: Path) -> bool:
        """Tell whether a new file waits to be moved to a path."""
        return (self._begun / path.relative_to(self.folder)).is_file()

    @property
    def files(self) -> list[str]:
        """Names of the new files, relative to the folder."""
        return _files(self._begun)

    def remove(self, name: str) -> None:
        """Let a file of the folder go when the new ones come, unless it is among them."""
        self._removed.append(name)

    def afterwards(self, act: Callable[[], object]) -> None:
        """Call a function when all files are in their places."""
        self._after.append(act)

    def commit(self) -> None:
        """Move all files to their places; where there are none, leave all as it was.

        Raises
        ------
        OSError
            That cannot be done; what was there stays as it was.
        """
        stage, new = self._begun, self.files
        if not new:
            self.discard()
        else:
            for name in new:
                _refuse_in_the_way(self.folder, name)
            removed = [name for name in self._removed if name not in new]
            text = "\n".join(removed)
            _write_synced(stage / _REMOVED, lambda path: path.write_text(text, encoding="utf-8"))
            for path in [stage, *(one for one in stage.rglob("*") if one.is_dir())]:
                _sync_folder(path)
            with _locked(self.folder):
                _finish(self.folder)
                stage.rename(self.folder / _DECIDED)
                self._stage = None
                _sync_folder(self.folder)
                _finish(self.folder)
            self._hidden.close()
        for act in self._after:
            act()

    def discard(self) -> None:
        """Remove the new files, and a folder that was made for them."""
        self._stage = None
        self._hidden.close()
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()

    @property
    def _begun(self) -> Path:
        if self._stage is None:
            raise RuntimeError("no folder waits for files yet")
        return self._stage


@contextlib.contextmanager
def staged(folder: Path, names: Iterable[str] = ()) -> Iterator[Staging]:
    """Replace the files that a block saves in a folder together, or none if the block fails.

    Parameters
    ----------
    folder
        The folder. Inside a block for the same folder, its files go with those of the outer one.
    names
        Files that the block may save, for which it is refused early where something is in the way.

    Raises
    ------
    DataError
        The folder cannot be made or written, which is said before the block is run, or the files
        cannot be moved to their places; what was there stays as it was.
    """
    outer = _current.get()
    if outer is not None and outer.folder == folder:
        yield outer
        return
    _refuse_unwritable(folder)
    staging = Staging(folder)
    try:
        staging.begin()
        for name in names:
            _refuse_in_the_way(folder, name)
    except OSError as error:
        staging.discard()
        raise DataError(
            f"{folder} cannot be written: {error.strerror or error}; name another folder"
        ) from error
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


def save_whole(path: Path, write: Callable[[Path], object], *, at_once: bool = False) -> Path:
    """Write a file, or a folder in its place, under a temporary name, then rename it.

    Parameters
    ----------
    path
        What is wanted; the folder that it lies in must be there.
    write
        Writes it to the path that it is given.
    at_once
        Rename it now, also where the folder's other files wait until all are there.

    Raises
    ------
    DataError
        It cannot be written; what was there stays as it was.
    """
    staging = None if at_once else _staging_of(path)
    try:
        if staging is not None:
            _write_synced(staging.place(path), write)
            return path
        with _hidden(path.parent) as stage:
            made = stage / path.name
            _write_synced(made, write)
            _rename(made, path)
            _sync_folder(path.parent)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {_reason_of(error)}") from error
    return path


def remove_file(path: Path) -> None:
    """Remove a file that a result makes needless, when the result is in its place."""
    staging = _staging_of(path)
    if staging is not None:
        staging.afterwards(partial(path.unlink, missing_ok=True))
    elif path.parent.is_dir():
        path.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder where there is none, unless its files are staged, which makes it.

    Raises
    ------
    DataError
        It cannot be made.
    """
    if _staging_of(folder) is not None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror}") from error


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


def check_place(path: Path, *, may_be_folder: bool = False) -> None:
    """Refuse a file, or a folder in its place, that could not be written, before it is computed.

    Raises
    ------
    DataError
        Its folder is not there or cannot be written, or something else bears the name.
    """
    staging = _staging_of(path)
    try:
        if path.is_dir() and not may_be_folder:
            raise IsADirectoryError(0, "a folder has its name")
        if staging is None:
            with _hidden(path.parent):
                pass
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror or error}; name another file"
        ) from error


def _staging_of(path: Path) -> Staging | None:
    """Return what a file is staged in, if its folder's files are being replaced together."""
    staging = _current.get()
    return staging if staging is not None and path.is_relative_to(staging.folder) else None


@contextlib.contextmanager
def _hidden(folder: Path) -> Iterator[Path]:
    """Make a hidden folder in another for a block, and clear away those of writers long dead."""
    # One at a time: a stage that its writer has not locked yet looks like one left behind.
    with _locked(folder):
        _clear(folder)
        stage = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder))
        lock = _lock(stage, wait=False)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _write_synced(path: Path, write: Callable[[Path], object]) -> None:
    write(path)
    if path.is_dir():
        path.chmod(0o755)
        return
    with path.open("rb") as file:
        os.fsync(file.fileno())  # after a crash, the name stands for the whole file
    path.chmod(0o644)


def _rename(made: Path, path: Path) -> None:
    """Give what was made its name; no moment is without a store, where the system can."""
    if made.is_dir() and path.exists():
        if _exchange(made, path):
            return
        path.replace(made.with_name(_REMOVED))
    made.replace(path)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders of one file system swap names in one step; False where that cannot be."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, 2) == 0)  # RENAME_SWAP
        return bool(library.renameat2(_HERE, names[0], _HERE, names[1], 2) == 0)  # RENAME_EXCHANGE
    except (AttributeError, OSError, TypeError):
        return False


def _reason_of(error: OSError) -> str:
    """Return why the system refuses, in one line; HDF5 hides it in several."""
    message = re.search(r"error message = '([^']+)'", str(error))
    return error.strerror or (message[1] if message else str(error).partition("\n")[0])


def _sync_folder(folder: Path) -> None:
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
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        raise DataError(f"{folder} cannot be written: Permission denied; name another folder")


def _refuse_in_the_way(folder: Path, name: str) -> None:
    """Refuse a place that a new file cannot be moved to.

    Raises
    ------
    OSError
        A folder has the file's name, or its own folder is a file, lies elsewhere by a link, or
        cannot be written.
    """
    target, parent = folder / name, (folder / name).parent
    if target.is_dir():
        raise IsADirectoryError(0, f"a folder has the name of '{name}'")
    if os.path.lexists(parent):
        if not parent.is_dir():
            raise NotADirectoryError(0, f"'{parent.name}' in it is no folder")
        if not is_inside(parent, folder):
            raise PermissionError(0, f"'{parent.name}' in it leads out of it")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise PermissionError(0, f"its folder '{parent.name}' cannot be written")


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
        _sync_folder(path)
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

    descriptor = None
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        if descriptor is not None:
            os.close(descriptor)
        return None
    return descriptor
