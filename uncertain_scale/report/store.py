"""Results on disk: reports and other texts, and draws as NetCDF or, chain by chain, as Zarr.

Draws are also a SIPmath 3.0 library: the trials themselves, or metalogs tied by a Gaussian copula.
The trials keep all that ties the variables. Metalogs are short, and read by more programs; where
none of ten terms fits within half a per cent of probability, a variable keeps its trials.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import shutil
import tempfile
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import DataError, how_to_install
from uncertain_scale.report.atomic import check_place, make_folder, save_whole, staged
from uncertain_scale.report.interval_report import report_blocks
from uncertain_scale.report.render.markdown import markdown
from uncertain_scale.report.spoken import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    import xarray as xr

    from uncertain_scale.report.document import Document
    from uncertain_scale.sampling.chains import Drawn
    from uncertain_scale.units.aliases import FloatArray

_NETCDF = {"", ".nc", ".nc4", ".netcdf", ".cdf", ".h5", ".hdf5"}  # that a file of draws may end in
_SIPMATH = {".sipmath"}
_ZARR: Any = {"zarr_format": 2}  # any zarr reads it, and it lists all groups in one file
_CHUNK = 1 << 20  # numbers, the draws of a chain or a part of them
_NUMBER = 8
_DRAWN = ("prior", "prior_predictive")
_MOST_NUMBERS = 10_000_000
_MOST_TERMS, _CLOSE = 10, 0.005  # of a metalog, and how far it may be off in probability
_RIDGE = 1e-6  # by which correlations are shrunk, as readers need a positive definite matrix
_BINS = 25


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


def sip_library(tree: xr.DataTree, *, metalogs: bool = False) -> Document:
    """Return the inputs and answers of draws as a SIPmath library, with units and sources.

    Parameters
    ----------
    tree
        Draws and their record, as `sample` returns them.
    metalogs
        Whether variables are metalogs where these fit, and not the trials.

    Raises
    ------
    DataError
        There are more than ten million numbers, or some that are not finite.
    """
    from uncertain_scale.sampling.chains import answer_groups

    columns = {
        str(name): one
        for group in answer_groups(tree.children)
        for name, one in tree[group].data_vars.items()
    }
    values = {name: one.values.reshape(-1).astype(float) for name, one in columns.items()}
    if sum(one.size for one in values.values()) > _MOST_NUMBERS:
        raise DataError(f"a SIPmath library holds {_MOST_NUMBERS:,} numbers; ask for fewer draws")
    if bad := [name for name, one in values.items() if not np.isfinite(one).all()]:
        raise DataError(f"draws of {', '.join(bad)} are not all finite, which JSON cannot hold")
    laws = {name: _law(one, metalogs=metalogs) for name, one in values.items()}
    tied = [name for name, law in laws.items() if law and len(law["aCoefficients"]) > 1]
    record = tree.attrs
    return {
        "objectType": "sipModel",
        "libraryType": "SIPmath_3_0",
        "name": f"{record['title'] or record['scenario']}",
        "dateCreated": record.get("as_of", ""),
        "version": "1",
        "provenance": f"uncertain-scale, scenario {record['scenario']}, given "
        f"{record['given']}, seed {record['seed']}, priors {record['hash_priors'][:12]}",
        "globalVariables": [_matrix(tied, values)] if tied else [],
        "U01": {"rng": list(_streams(values)), "copula": [_copula(tied)] if tied else []},
        "sips": [
            {
                "name": name,
                "ref": _driver(name, tied, law),
                "function": "Metalog_1_0" if law else "SIP_Array",
                "arguments": law or {"type": "array", "value": values[name].tolist()},
                "metadata": _metadata(values[name], columns[name].attrs),
            }
            for name, law in laws.items()
        ],
    }


def _law(draws: FloatArray, *, metalogs: bool) -> dict[str, Any] | None:
    """Return the shortest metalog that fits, None where none does; of a constant its value."""
    from uncertain_scale.inputs.distributions.pointwise import metalog_basis

    if draws.min() == draws.max():
        return {"aCoefficients": [float(draws[0])]}
    lower = {"lowerBound": 0.0} if draws.min() > 0 else {}
    levels = np.linspace(0, 1, 402)[1:-1]
    wanted = np.quantile(draws, levels)
    fine = np.linspace(0, 1, 4001)[1:-1]
    for count in range(3, _MOST_TERMS + 1) if metalogs else ():
        scaled = np.log(wanted) if lower else wanted
        weights = np.linalg.lstsq(metalog_basis(levels, count), scaled)[0]
        found = metalog_basis(fine, count) @ weights
        rising = bool(np.all(np.diff(found) > 0))
        if rising and np.abs(np.interp(scaled, found, fine) - levels).max() <= _CLOSE:
            return {**lower, "aCoefficients": weights.tolist()}
    return None


def _streams(values: Mapping[str, FloatArray]) -> Iterator[dict[str, Any]]:
    yield {"name": "index", "function": "Index", "arguments": {"counter": "PM_Index"}}
    for name in values:
        seeds = {"entity": 1, "varId": zlib.crc32(name.encode()) % 10**8, "seed3": 0, "seed4": 0}
        arguments = {"counter": "PM_Index", **seeds}
        yield {"name": f"hdr_{name}", "function": "HDR_2_0", "arguments": arguments}


def _driver(name: str, tied: list[str], law: dict[str, Any] | None) -> dict[str, str]:
    if name in tied:
        return {"source": "copula", "name": "Gaussian", "copulaLayer": name}
    return {"source": "rng", "name": f"hdr_{name}" if law else "index"}


def _copula(tied: list[str]) -> dict[str, Any]:
    matrix = {"type": "globalVariables", "value": "correlationMatrix"}
    return {
        "name": "Gaussian",
        "function": "GaussianCopula",
        "arguments": {"correlationMatrix": matrix, "rng": [f"hdr_{name}" for name in tied]},
        "copulaLayer": tied,
    }


def _matrix(tied: list[str], values: Mapping[str, FloatArray]) -> dict[str, Any]:
    """Return the correlations of the variables' normal scores, each pair once."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = [ndtri((rankdata(values[name]) - 0.5) / values[name].size) for name in tied]
    found = np.atleast_2d(np.corrcoef(scores)) * (1 - _RIDGE)
    np.fill_diagonal(found, 1.0)
    entries = [
        {"row": tied[i], "col": tied[j], "value": float(found[i, j])}
        for i in range(len(tied))
        for j in range(i + 1)
    ]
    return {
        "name": "correlationMatrix",
        "value": {"columns": tied, "rows": tied, "matrix": entries},
    }


def _metadata(draws: FloatArray, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what readers show of a SIP, with its units and source."""
    spread = draws.max() > draws.min()
    density = np.histogram(draws, bins=_BINS)[0] / draws.size if spread else np.ones(1)
    quantiles = dict(zip(("P25", "P50", "P75"), np.quantile(draws, [0.25, 0.5, 0.75]), strict=True))
    numbers = {"mean": draws.mean(), "std": draws.std(), "min": draws.min(), "max": draws.max()}
    words = ("units", "long_name", "source", "distribution", "equation")
    return {
        "count": int(draws.size),
        **{key: float(value) for key, value in (numbers | quantiles).items()},
        "density": density.tolist(),
        **{key: str(said[key]) for key in words if said.get(key)},
    }
