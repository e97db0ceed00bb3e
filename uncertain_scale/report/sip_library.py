"""Draws as a SIPmath 3.0 library: the trials themselves, or metalogs tied by a Gaussian copula.

The trials keep all that ties the variables. Metalogs are short, and read by more programs; where
none of ten terms fits within half a per cent of probability, a variable keeps its trials.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import DataError
from uncertain_scale.inputs.distributions.pointwise import metalog_basis
from uncertain_scale.sampling.chains import answer_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import xarray as xr

    from uncertain_scale.report.document import Document
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["sip_library"]

_MOST_NUMBERS = 10_000_000
_MOST_TERMS, _CLOSE = 10, 0.005  # of a metalog, and how far it may be off in probability
_RIDGE = 1e-6  # by which correlations are shrunk, as readers need a positive definite matrix
_BINS = 25


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
