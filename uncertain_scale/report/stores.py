"""Draws in a Zarr store, chain by chain: as many as the disk holds, whatever the memory."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import DataError, how_to_install
from uncertain_scale.report.staging import check_place, exchange, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import xarray as xr

    from uncertain_scale.sampling.chains import Drawn

__all__ = ["check_store", "is_store", "save_chains", "save_tree"]

_FORMAT: Any = {"zarr_format": 2}  # any zarr reads it, and it lists all groups in one file
_CHUNK = 1 << 20  # numbers, the draws of a chain or a part of them
_NUMBER = 8
_DRAWN = ("prior", "prior_predictive")


def is_store(path: Path) -> bool:
    """Tell whether a path names a Zarr store rather than a file."""
    return path.suffix.lower() == ".zarr"


def check_store(path: Path) -> None:
    """Refuse a store that could not be written, before anything is drawn.

    Raises
    ------
    DataError
        zarr is not installed, the folder is not there, or something else bears the name.
    """
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
    counts = {"chain": int(record.attrs["chains"]), "draw": int(record.attrs["draws"])}
    _refuse_large(record, counts, path)
    return _whole(path, lambda folder: _write(record, counts, chains, folder))


def save_tree(tree: xr.DataTree | xr.Dataset, path: Path) -> Path:
    """Write draws that are held as a store.

    Raises
    ------
    DataError
        As in `save_chains`.
    """
    return _whole(path, lambda folder: tree.to_zarr(folder, consolidated=True, **_FORMAT))


def _write(
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
    layout.to_zarr(folder, consolidated=False, encoding=encoding, **_FORMAT)
    root: Any = zarr.open_group(folder, mode="r+", **_FORMAT)
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
    zarr.consolidate_metadata(root.store, **_FORMAT)


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


def _whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Write a folder under a temporary name beside the path, then rename it."""
    check_store(path)
    try:
        with tempfile.TemporaryDirectory(
            prefix=f".{path.name}.", dir=path.parent, ignore_cleanup_errors=True
        ) as scratch:
            made, old = Path(scratch, "new"), Path(scratch, "old")
            write(made)
            made.chmod(0o755)
            if not path.exists():
                made.replace(path)
            elif not exchange(made, path):  # no moment without a store, where the system can
                path.replace(old)
                made.replace(path)
            sync_folder(path.parent)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from error
    return path
