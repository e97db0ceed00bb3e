"""SIPmath 3.0 libraries read as priors: metalogs, tables and arrays, with what ties them together.

A library states each uncertainty (a SIP) by a quantile function and the stream of numbers that
drives it. Here the function is the prior, and a Gaussian copula becomes rank correlations; or the
library's own trials, drawn by its streams, become the rows of a joint sample.

References
----------
ProbabilityManagement.org, SIPmath 3.0, https://www.probabilitymanagement.org/30-standard.
D. W. Hubbard (2019), A multi-dimensional, counter-based pseudo random number generator as a
standard for Monte Carlo simulations, doi:10.1109/WSC40007.2019.9004773.
"""

from __future__ import annotations

import datetime as dt
import math
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import PriorError
from uncertain_scale.inputs.distributions import (
    Constant,
    DistributionError,
    Empirical,
    build,
)
from uncertain_scale.inputs.distributions.pointwise import metalog_basis
from uncertain_scale.inputs.document import as_name
from uncertain_scale.inputs.prior import Correlation, JointSample, Prior, Priors, Provenance
from uncertain_scale.inputs.toml import MOST_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from uncertain_scale.inputs.distributions import Distribution
    from uncertain_scale.units.aliases import FloatArray

    Draw = Callable[[int], FloatArray]

_MOST_SIPS, _MOST_NUMBERS, _USUAL_TRIALS = 2_000, 10_000_000, 10_000
_TERMS = range(3, 17)  # of a metalog that a prior file states
_ALMOST = 1e-6
_SEEDS = ("varId", "entity", "seed3", "seed4")
_ROOT = 10**15 - 11
_HDR = (
    ((2499997, 1800451, 2000371, 1796777, 2299603), 7450589, 4658, 7450581, 383, 99991),
    ((2246527, 2399993, 2100869, 1918303, 1624729), 7450987, 7580, 7560584, 17669, 7440893),
)


class _LostError(ValueError):
    """Why a SIP is not carried over."""


@dataclass(frozen=True)
class _Sip:
    """A SIP: its prior, whether that is its trials themselves, what drives it, and its trials."""

    prior: Prior
    array: bool
    stream: tuple[str, ...]
    trials: Draw

    @property
    def name(self) -> str:
        """The variable that it is about."""
        return self.prior.name


def hdr(counter: npt.NDArray[np.integer], seeds: Sequence[int]) -> FloatArray:
    """Return Hubbard's counter-based random numbers in (0, 1), HDR 2.0.

    Parameters
    ----------
    counter
        Numbers of the trials, from 1.
    seeds
        varId, entity, seed3 and seed4.
    """
    index, halves = np.asarray(counter, dtype=np.int64), []
    for primes, modulus, factor, offset, last, end in _HDR:
        own = sum(prime * seed for prime, seed in zip(primes[1:], seeds, strict=True)) % modulus
        place = (index * primes[0] + own) % modulus
        halves.append((_ROOT % (place * factor + offset)) * last % end)
    return np.asarray(((halves[0] * 7440893 + halves[1] * 1343) % 2**32 + 0.5) / 2**32)


def read_library(
    document: Mapping[str, Any], name: str, trials: int | None = None
) -> tuple[Priors, list[str]]:
    """Read a library into priors.

    Parameters
    ----------
    document
        The library, as JSON has it.
    name
        What the priors and messages call it.
    trials
        How many of the library's own trials to draw, as rows of a joint sample; by default the
        quantile functions themselves are the priors.

    Returns
    -------
    priors, lost
        What it states, and a line for each thing that no prior file can state.

    Raises
    ------
    PriorError
        It is no library, or nothing of it can be carried over.
    """
    if not isinstance(document["sips"], list) or not 0 < len(document["sips"]) <= _MOST_SIPS:
        raise PriorError([f"{name} 'sips' is no list of 1 to {_MOST_SIPS:,} SIPs"])
    library = _Library(document, name)
    sips, lost = _sips(library, document["sips"], name)
    if not sips:
        raise PriorError(lost or [f"{name} has no SIP that is for any program"])
    head = Priors(name=name, title=f"SIPmath library {document.get('name') or ''!s:.200}".strip())
    if trials is not None:
        return _together(head, sips, trials), lost
    arrays = [sip for sip in sips if sip.array]
    if len({len(sip.trials(0)) for sip in arrays}) == 1:
        head = _together(head, arrays, len(arrays[0].trials(0)))
    for sip in sips:
        head = head if sip.name in head.inputs else head.replace(sip.prior)
    ties, broken = library.ties([sip for sip in sips if not sip.array])
    return replace(head, correlations=tuple(ties)), [*lost, *(f"{name} {one}" for one in broken)]


def _sips(library: _Library, tables: list[Any], name: str) -> tuple[list[_Sip], list[str]]:
    found: dict[str, _Sip] = {}
    lost = []
    for number, data in enumerate(tables, 1):
        label = f"{name} sip {number}"
        try:
            if not isinstance(data, dict) or not isinstance(data.get("name"), str):
                raise _LostError("expected an object with a name")
            if data.get("environment", "generic") != "generic":
                continue  # the same in the words of one program
            label += f" '{data['name']:.60}'"
            sip = library.sip(data)
            if found.setdefault(sip.name, sip) is not sip:
                raise _LostError(f"another is called {sip.name} too; rename it")
        except (_LostError, DistributionError) as error:
            lost.append(f"{label}: {error}")
    return list(found.values()), lost


def _together(head: Priors, sips: Sequence[_Sip], count: int) -> Priors:
    """Return priors that are drawn together by the trials of some SIPs, row by row."""
    if not 2 <= count <= 1_000_000 or count * len(sips) > _MOST_NUMBERS:
        found = f"{count:,} trials of {len(sips):,} SIPs"
        limit = f"expected 2 to 1,000,000, and {_MOST_NUMBERS:,} numbers in all"
        raise PriorError([f"{head.name} {found}; {limit}"])
    columns = {sip.name: sip.trials(count) for sip in sips}
    for name, column in columns.items():
        if len(column) < count or not np.isfinite(column).all():
            found = f"has no {count:,} trials that are finite numbers"
            raise PriorError([f"{head.name} '{name}' {found}; ask for fewer, or drop it"])
    about, tied = sips[0].prior.provenance, len(sips) > 1
    joint = JointSample(tuple(columns), np.column_stack([*columns.values()]), about)
    inputs = {
        sip.name: replace(
            sip.prior,
            distribution=Empirical(values=tuple(columns[sip.name].tolist())),
            joint=joint.name if tied else "",
        )
        for sip in sips
    }
    return replace(head, inputs=inputs, joints=(joint,) if tied else (), coordinates=())


class _Library:
    """What the SIPs of a library refer to: streams, copulas, matrices."""

    def __init__(self, document: Mapping[str, Any], name: str) -> None:
        self._file = name
        said = (document.get(key) for key in ("name", "version", "provenance"))
        self._source = " ".join(str(one) for one in said if one)[:1_000] or name
        self._day = None
        with suppress(ValueError):
            self._day = dt.date.fromisoformat(str(document.get("dateCreated"))[:10])
        numbers = _object(document.get("U01"))
        self._streams = _by_name(numbers.get("rng"))
        self._copulas = _by_name(numbers.get("copula"))
        self._globals = _by_name(document.get("globalVariables"))
        self._drawn: dict[tuple[str, int], FloatArray] = {}
        self._read: dict[str, tuple[list[str], list[str], FloatArray]] = {}

    def sip(self, data: Mapping[str, Any]) -> _Sip:
        """Read a SIP."""
        about = _object(data.get("metadata"))
        said = Provenance(
            long_name=str(about.get("long_name") or data["name"])[:1_000],
            source=str(about.get("source") or self._source)[:20_000],
            as_of=self._day,
        )
        name, units = as_name(data["name"]), str(about.get("units") or "1")[:80]
        stream, levels = self._driver(_object(data.get("ref")))
        law, trials = _law(data, levels)
        array = law is None
        if law is None:
            law = Empirical(values=tuple(trials(0).tolist()))
        return _Sip(Prior(name, law, units, provenance=said), array, stream, trials)

    def ties(self, sips: Sequence[_Sip]) -> tuple[list[Correlation], list[str]]:
        """Return the rank correlations of SIPs, and what ties them that no correlation states."""
        ties, broken = [], []
        moving = [one for one in sips if one.prior.varies]
        for one, other in combinations(moving, 2):
            rho = self._correlation(one.stream, other.stream)
            if abs(rho) > 1 - _ALMOST:
                names = f"'{one.name}' and '{other.name}' move as one"
                broken.append(f"{names}, which no correlation states; --trials N keeps it")
            elif rho:
                rank = 6 / math.pi * math.asin(rho / 2)
                ties.append(Correlation((one.name, other.name), rank, one.prior.provenance))
            if len(ties) + len(broken) > MOST_TABLES:
                found = f"{self._file} its copulas tie more than {MOST_TABLES:,} pairs"
                raise PriorError([f"{found}; --trials N draws them as rows"])
        return ties, broken

    def _correlation(self, one: tuple[str, ...], other: tuple[str, ...]) -> float:
        if one == other:
            return 1.0
        if len(one) < 3 or one[:2] != other[:2]:
            return 0.0
        layers, _, matrix = self._copula(one[1])
        return float(matrix[layers.index(one[2]), layers.index(other[2])])

    def _driver(self, ref: Mapping[str, Any]) -> tuple[tuple[str, ...], Draw]:
        """Return what names the stream that drives a SIP, and what draws levels from it."""
        name, layer = str(ref.get("name")), str(ref.get("copulaLayer"))
        if ref.get("source") == "rng":
            return ("rng", name), lambda count: self._levels(name, count)
        if ref.get("source") != "copula":
            raise _LostError(f"ref.source is {ref.get('source')!r:.40}; expected 'rng' or 'copula'")
        if layer not in self._copula(name)[0]:
            raise _LostError(f"its copula has no layer '{layer:.40}'")
        return ("copula", name, layer), lambda count: self._coupled(name, layer, count)

    def _levels(self, name: str, count: int) -> FloatArray:
        stream = self._streams.get(name, {})
        given = _object(stream.get("arguments"))
        seeds = [given.get(key, 0) for key in _SEEDS]
        if stream.get("function") != "HDR_2_0" or not all(type(seed) is int for seed in seeds):
            text = f"the stream '{name:.40}' is no HDR_2_0 with whole numbers as seeds"
            raise PriorError([f"{self._file} {text}; leave out --trials"])
        return hdr(np.arange(1, count + 1), seeds)

    def _copula(self, name: str) -> tuple[list[str], list[str], FloatArray]:
        """Return the layers and streams of a Gaussian copula, and its correlation matrix."""
        if name not in self._read:
            copula = self._copulas.get(name, {})
            arguments, layers = _object(copula.get("arguments")), copula.get("copulaLayer")
            streams = arguments.get("rng")
            if not (isinstance(layers, list) and isinstance(streams, list)):
                raise _LostError(f"its copula '{name:.40}' is none that is Gaussian")
            variable = str(_object(arguments.get("correlationMatrix")).get("value"))
            matrix = _matrix(_object(self._globals.get(variable, {}).get("value")).get("matrix"))
            if not len(matrix) == len(streams) == len(layers):
                raise _LostError("its copula's layers, streams and matrix are not of one size")
            if np.linalg.eigvalsh(matrix).min() < -_ALMOST:
                raise _LostError("its copula's matrix is no correlation matrix")
            self._read[name] = [str(one) for one in layers], [str(one) for one in streams], matrix
        return self._read[name]

    def _coupled(self, name: str, layer: str, count: int) -> FloatArray:
        from scipy.special import ndtr, ndtri

        layers, streams, matrix = self._copula(name)
        if (name, count) not in self._drawn:
            if count * len(streams) > _MOST_NUMBERS:
                raise PriorError([f"{self._file} copula '{name:.40}': ask for fewer trials"])
            weights = np.linalg.cholesky(matrix + _ALMOST**2 * np.eye(len(matrix)))
            scores = np.array([ndtri(self._levels(one, count)) for one in streams])
            self._drawn[name, count] = ndtr(weights @ scores)
        return np.asarray(self._drawn[name, count][layers.index(layer)])


def _law(data: Mapping[str, Any], levels: Draw) -> tuple[Distribution | None, Draw]:
    """Return a SIP's distribution, where it is one and no array, and what draws its trials."""
    arguments = _object(data.get("arguments"))
    function, values = str(data.get("function")), arguments.get("value")
    if function in {"Metalog_1_0", "Metalog_2_0"}:
        return _metalog(arguments, levels, rounded=bool(data.get("rounding")))
    if function == "Lookup_Table":
        table = _numbers(values, 2)
        masses = np.diff(table[:, 0], prepend=0.0)
        stated = {"values": table[:, 1].tolist(), "probabilities": masses.tolist()}
        choice = build("choice", stated)
        return choice, lambda count: choice.ppf(levels(count))
    if function == "SIP_Array" and arguments.get("type") == "array":
        array = _numbers(values, 1)
        return None, lambda count: array[: count or None]
    if function == "SIP_Array":
        raise _LostError("its trials are in another file, which is not fetched")
    raise _LostError(f"its function is {function!r:.60}; expected Metalog_1_0")


def _metalog(
    arguments: Mapping[str, Any], levels: Draw, *, rounded: bool
) -> tuple[Distribution, Draw]:
    weights = _numbers(arguments.get("aCoefficients"), 1)
    found = {key: arguments.get(f"{key}Bound") for key in ("lower", "upper")}
    bounds = {key: float(_numbers([one], 1)[0]) for key, one in found.items() if one is not None}

    def quantiles(at: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            values = np.asarray(metalog_basis(at, len(weights)) @ weights)
            low, high = bounds.get("lower"), bounds.get("upper")
            if low is None:
                return values if high is None else np.asarray(high - np.exp(-values))
            if high is None:
                return np.asarray(low + np.exp(values))
            return np.asarray((low + high * np.exp(values)) / (1 + np.exp(values)))

    def trials(count: int) -> FloatArray:
        return np.rint(quantiles(levels(count))) if rounded else quantiles(levels(count))

    if not weights[1:].any():
        return Constant(value=float(quantiles(np.array([0.5]))[0])), trials
    count = max(len(weights), 3)
    if count in _TERMS and not rounded:
        places = np.round(1 / (1 + np.exp(-np.linspace(-5, 5, count))), 4)
        names = [f"q{level:.4f}".replace("q0.", "q") for level in places]
        with suppress(DistributionError):
            stated = dict(zip(names, quantiles(places).tolist(), strict=True))
            return build("metalog", stated | bounds), trials
    drawn = trials(_USUAL_TRIALS)  # it falls somewhere, or has more terms than are stated
    return build("empirical", {"values": drawn.tolist()}), trials


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _by_name(found: Any) -> dict[str, dict[str, Any]]:
    items = found if isinstance(found, list) else []
    return {str(one.get("name")): one for one in items if isinstance(one, dict)}


def _numbers(found: Any, dimensions: int) -> FloatArray:
    """Return an array of finite numbers, or of pairs of such."""
    with suppress(ValueError, TypeError, OverflowError):
        array = np.array(found)
        shaped = array.ndim == dimensions and (dimensions == 1 or array.shape[1] == 2)
        if array.dtype.kind in "if" and shaped and array.size:
            return array.astype(float)
    raise _LostError(f"its numbers are {found!r:.60}; expected a list of them")


def _matrix(found: Any) -> FloatArray:
    """Return the correlation matrix that entries by names of rows and columns state."""
    entries = [_object(one) for one in found] if isinstance(found, list) else []
    names = list(dict.fromkeys(str(one.get("row")) for one in entries))
    places = {name: place for place, name in enumerate(names[:_MOST_SIPS])}
    matrix = np.eye(len(places))
    for one in entries:
        ends = places.get(str(one.get("row"))), places.get(str(one.get("col")))
        value = one.get("value")
        if None in ends or not isinstance(value, int | float) or not -1 <= value <= 1:
            raise _LostError("its copula's matrix has an entry that is no correlation")
        matrix[ends] = matrix[ends[::-1]] = value
    return matrix
