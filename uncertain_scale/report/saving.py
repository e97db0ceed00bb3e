"""Reports and draws on disk: a file appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError
from uncertain_scale.report.interval_report import report_blocks
from uncertain_scale.report.render.markdown import markdown
from uncertain_scale.report.staging import staged, staging_of, sync_folder
from uncertain_scale.report.stores import is_store, save_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr

    from uncertain_scale.report.document import Document

__all__ = [
    "as_json",
    "make_folder",
    "reason_of",
    "remove_file",
    "reserve",
    "save_draws",
    "save_report",
    "save_texts",
    "save_whole",
]

_NEW = ".new"
_STALE = 3600.0  # seconds in which a writer that lives has touched its file


def as_json(document: Document) -> str:
    """Return a report as JSON text, numbers at full precision."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def save_report(
    document: Document, tree: xr.DataTree | None, folder: Path, *, page: str | None = None
) -> list[Path]:
    """Write `report.md`, `report.json` and, of held draws and a page, `draws.nc`, `report.html`.

    Raises
    ------
    DataError
        The folder or a file in it cannot be written; files that were there stay as they were.
    """
    text = markdown(report_blocks(document))
    texts = {"report.md": text, "report.json": as_json(document) + "\n"}
    if page is not None:
        texts["report.html"] = page
    with staged(folder):
        paths = save_texts(texts, folder)
        return paths if tree is None else [*paths, save_draws(tree, folder / "draws.nc")]


def save_texts(texts: Mapping[str, str], folder: Path) -> list[Path]:
    """Write texts by file name into a folder, which is made where there is none.

    Raises
    ------
    DataError
        The folder or a file in it cannot be written; files that were there stay as they were.
    """
    make_folder(folder)
    return [save_whole(folder / name, partial(_write_text, text)) for name, text in texts.items()]


def make_folder(folder: Path) -> None:
    """Make a folder where there is none, unless its files are staged, which makes it.

    Raises
    ------
    DataError
        It cannot be made.
    """
    if staging_of(folder) is not None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror}") from error


def save_draws(tree: xr.DataTree | xr.Dataset, path: Path) -> Path:
    """Write draws, or what was made of them, as NetCDF, which xarray opens.

    Where the path ends in `.zarr`, a Zarr store is written.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    if is_store(path):
        return save_tree(tree, path)

    def write(temporary: Path) -> None:
        reserve(temporary.parent, _size(tree))
        tree.to_netcdf(temporary, engine="h5netcdf")

    return save_whole(path, write)


def _size(tree: xr.DataTree | xr.Dataset) -> int:
    """Return about as many bytes as a NetCDF file of draws has, and rather more."""
    groups = list(tree.subtree) if hasattr(tree, "subtree") else [tree]
    variables = [one for group in groups for one in group.variables.values()]
    texts = [str(one.attrs) for one in (*groups, *variables)]
    return sum(one.nbytes for one in variables) + 4 * sum(map(len, texts)) + 8192 * len(texts)


def save_whole(path: Path, write: Callable[[Path], object], *, at_once: bool = False) -> Path:
    """Write a file under a temporary name in the same folder, then rename it.

    Parameters
    ----------
    path
        The file wanted; its folder must be there.
    write
        Writes it to the path that it is given.
    at_once
        Rename it now, also where the folder's other files wait until all are there.

    Raises
    ------
    DataError
        It cannot be written; a file that was there stays as it was.
    """
    staging = None if at_once else staging_of(path)
    try:
        if staging is not None:
            _write_synced(staging.place(path), write)
            return path
        _clear(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_NEW, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            _write_synced(temporary, write)
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {reason_of(error)}") from error
    return path


def reason_of(error: OSError) -> str:
    """Return why the system refuses, in one line; HDF5 hides it in several."""
    said = re.search(r"error message = '([^']+)'", str(error))
    return error.strerror or (said[1] if said else str(error).partition("\n")[0])


def reserve(folder: Path, size: int) -> None:
    """Make sure that a folder has room for a file: HDF5 does not survive a disk that is full.

    Raises
    ------
    OSError
        It has not.
    """
    with tempfile.TemporaryFile(dir=folder) as ballast:
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(ballast.fileno(), 0, size)
                return
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
                raise
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def remove_file(path: Path) -> None:
    """Remove a file that a result makes needless, when the result is in its place."""
    staging = staging_of(path)
    if staging is not None:
        staging.afterwards(partial(path.unlink, missing_ok=True))
    elif path.parent.is_dir():
        path.unlink(missing_ok=True)


def _write_synced(path: Path, write: Callable[[Path], object]) -> None:
    write(path)
    with path.open("rb") as file:
        os.fsync(file.fileno())  # after a crash, the name stands for the whole file
    path.chmod(0o644)


def _clear(path: Path) -> None:
    """Remove what writers of a file left that were killed long ago."""
    leftover = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}{re.escape(_NEW)}")
    for one in path.parent.glob(f".*{_NEW}"):
        with contextlib.suppress(OSError):
            if leftover.fullmatch(one.name) and time.time() - one.stat().st_mtime > _STALE:
                one.unlink()


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
