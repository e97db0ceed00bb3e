"""Results on disk: reports and other texts, and draws as NetCDF or, chain by chain, as Zarr."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import shutil
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import DataError, how_to_install
from uncertain_scale.report.atomic import check_place, make_folder, save_whole, staged
from uncertain_scale.report.interval_report import report_blocks
from uncertain_scale.report.render.markdown import markdown
from uncertain_scale.report.spoken import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import xarray as xr

    from uncertain_scale.report.document import Document
    from uncertain_scale.sampling.chains import Drawn

_NETCDF = {"", ".nc", ".nc4", ".netcdf", ".cdf", ".h5", ".hdf5"}  # that a file of draws may end in
_SIPMATH = {".sipmath"}
_ZARR: Any = {"zarr_format": 2}  # any zarr reads it, and it lists all groups in one file
_CHUNK = 1 << 20  # numbers, the draws of a chain or a part of them
_NUMBER = 8
_DRAWN = ("prior", "prior_predictive")


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
    text = markdown(in_words(report_blocks(document), document))
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


def copy_files(paths: Iterable[Path], folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Copy files into a folder, and texts by file name, all of them or none.

    The folder is made where there is none.

    Raises
    ------
    DataError
        One of the files is there already, or the folder cannot be written; nothing is overwritten.
    """
    writes: dict[Path, Callable[[Path], object]] = {
        folder / path.name: partial(shutil.copyfile, path) for path in paths
    }
    writes |= {folder / name: partial(_write_text, text) for name, text in texts.items()}
    if existing := ", ".join(path.name for path in writes if path.exists()):
        raise DataError(
            f"{folder} already holds {existing}; nothing was copied, name another folder"
        )
    with staged(folder):
        return [save_whole(path, write) for path, write in writes.items()]


def is_store(path: Path) -> bool:
    """Tell whether a path names a Zarr store rather than a file."""
    return path.suffix.lower() == ".zarr"


def is_sipmath(path: Path) -> bool:
    """Tell whether a path names a SIPmath library."""
    return path.suffix.lower() in _SIPMATH


def save_sipmath(tree: xr.DataTree, path: Path, *, metalogs: bool) -> Path:
    """Write draws as a SIPmath library.

    Raises DataError: they are too many or not finite, or the file cannot be written.
    """
    from uncertain_scale.report.sip_library import sip_library

    text = json.dumps(sip_library(tree, metalogs=metalogs), indent=1, allow_nan=False)
    return save_whole(path, partial(_write_text, text + "\n"))


def check_draws(path: Path) -> None:
    """Refuse a file or store of draws that could not be written, before anything is drawn.

    Raises
    ------
    DataError
        The name ends as that of another kind of file, the folder is not there or cannot be written,
        something else bears the name, or zarr, which a store needs, is not installed.
    """
    if not is_store(path):
        if path.suffix.lower() not in _NETCDF | _SIPMATH:
            raise DataError(
                f"{path}: draws are written as NetCDF, as a Zarr store or as a SIPmath library, "
                f"not as {path.suffix}; name a file that ends in .nc, .zarr or .sipmath"
            )
        check_place(path)
        return
    if importlib.util.find_spec("zarr") is None:
        raise DataError(
            f"{path}: a Zarr store needs zarr, which is not installed; "
            f"{how_to_install('scale')}, or name a file that ends in .nc"
        )
    if not path.parent.is_dir():
        raise DataError(f"{path} cannot be written: there is no folder {path.parent}")
    known = (".zgroup", ".zmetadata", "zarr.json")
    check_place(path, may_be_folder=True)
    if path.exists() and not any((path / name).is_file() for name in known):
        raise DataError(f"{path} is there and is no Zarr store; choose another name")


def save_draws(tree: xr.DataTree | xr.Dataset, path: Path) -> Path:
    """Write draws, or what was made of them, as NetCDF, which xarray opens.

    Where the path ends in `.zarr`, a Zarr store is written.

    Raises
    ------
    DataError
        The file cannot be written; what was there stays as it was.
    """
    if is_store(path):
        check_draws(path)
        return save_whole(path, partial(tree.to_zarr, consolidated=True, **_ZARR))

    def write(temporary: Path) -> None:
        _reserve(temporary.parent, _size(tree))
        tree.to_netcdf(temporary, engine="h5netcdf")

    return save_whole(path, write)


def save_chains(record: xr.DataTree, chains: Iterable[Drawn], path: Path) -> Path:
    """Write chains as they come into a store that appears when all are there.

    Parameters
    ----------
    record, chains
        As `draw_chains` returns them.
    path
        Folder of the store; a store that is there is replaced.

    Returns
    -------
    Path
        `path`. `xarray.open_datatree(path, engine="zarr")` gives what `sample` returns.

    Raises
    ------
    DataError
        The store cannot be written, or the disk has no room for it; a store that was there stays
        as it was.
    """
    check_draws(path)
    counts = {"chain": int(record.attrs["chains"]), "draw": int(record.attrs["draws"])}
    _refuse_large(record, counts, path)
    return save_whole(path, partial(_write_chains, record, counts, chains))


def _write_chains(
    record: xr.DataTree, counts: dict[str, int], chains: Iterable[Drawn], folder: Path
) -> None:
    """Lay the store out with one empty chain, make room for the others, and fill them in."""
    import xarray as xr
    import zarr

    index = {"chain": np.arange(1), "draw": np.arange(counts["draw"])}
    chunks = {"chunks": (1, min(counts["draw"], _CHUNK))}
    layout = record.copy()
    encoding = {}
    for group in _DRAWN:
        variables = {
            name: (("chain", "draw"), np.full((1, counts["draw"]), np.nan), one.attrs)
            for name, one in record[group].data_vars.items()
        }
        layout[group] = xr.DataTree(xr.Dataset(variables, coords=index))
        encoding[f"/{group}"] = dict.fromkeys(variables, chunks)
    layout.to_zarr(folder, consolidated=False, encoding=encoding, **_ZARR)
    root: Any = zarr.open_group(folder, mode="r+", **_ZARR)
    places: dict[str, list[Any]] = {}
    for group in _DRAWN:
        root[f"{group}/chain"].resize((counts["chain"],))
        root[f"{group}/chain"][:] = np.arange(counts["chain"])
        for name in record[group].data_vars:
            array = root[f"{group}/{name}"]
            array.resize((counts["chain"], counts["draw"]))
            places.setdefault(str(name), []).append(array)
    for chain, draws in chains:
        for name, arrays in places.items():
            for array in arrays:
                array[chain] = draws[name]
    zarr.consolidate_metadata(root.store, **_ZARR)


def _refuse_large(record: xr.DataTree, counts: dict[str, int], path: Path) -> None:
    variables = sum(len(record[group].data_vars) for group in _DRAWN)
    needed = _NUMBER * variables * counts["chain"] * counts["draw"]
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise DataError(
            f"{path}: {counts['chain']:,} chains x {counts['draw']:,} draws of {variables} "
            f"variables take {needed / 2**30:,.1f} GiB, and {free / 2**30:,.1f} GiB of the disk "
            "are free; ask for fewer draws or fewer outputs"
        )


def _size(tree: xr.DataTree | xr.Dataset) -> int:
    """Return about as many bytes as a NetCDF file of draws has, and rather more."""
    groups = list(tree.subtree) if hasattr(tree, "subtree") else [tree]
    variables = [one for group in groups for one in group.variables.values()]
    texts = [str(one.attrs) for one in (*groups, *variables)]
    return sum(one.nbytes for one in variables) + 4 * sum(map(len, texts)) + 8192 * len(texts)


def _reserve(folder: Path, size: int) -> None:
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


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
