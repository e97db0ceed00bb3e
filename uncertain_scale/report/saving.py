"""Reports and draws on disk: a file appears whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError
from uncertain_scale.report.markdown import markdown_report
from uncertain_scale.report.stores import is_store, save_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr

    from uncertain_scale.report.document import Document

__all__ = ["as_json", "save_draws", "save_report", "save_texts", "save_whole"]


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
    texts = {"report.md": markdown_report(document), "report.json": as_json(document) + "\n"}
    if page is not None:
        texts["report.html"] = page
    paths = save_texts(texts, folder)
    return paths if tree is None else [*paths, save_draws(tree, folder / "draws.nc")]


def save_texts(texts: Mapping[str, str], folder: Path) -> list[Path]:
    """Write texts by file name into a folder, which is made where there is none.

    Raises
    ------
    DataError
        The folder or a file in it cannot be written; files that were there stay as they were.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror}") from error
    return [save_whole(folder / name, partial(_write_text, text)) for name, text in texts.items()]


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
    return save_whole(path, lambda temporary: tree.to_netcdf(temporary, engine="h5netcdf"))


def save_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Write a file under a temporary name in the same folder, then rename it.

    Parameters
    ----------
    path
        The file wanted; its folder must be there.
    write
        Writes it to the path that it is given.

    Raises
    ------
    DataError
        It cannot be written; a file that was there stays as it was.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())  # after a crash, the name stands for the whole file
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
