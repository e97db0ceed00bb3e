"""Draws in, statistics out, each with its Monte Carlo error and a reason where it has none.

Histograms for reports show the middle of the draws, in logs where they spread over decades.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from uncertain_scale.errors import PROBABILITIES, QuestionError, several
from uncertain_scale.sampling.cancellation import GRAIN
from uncertain_scale.sampling.engine import each
from uncertain_scale.sampling.rare_values import hidden_moment, rare_of
from uncertain_scale.statistics.draws import Draws
from uncertain_scale.statistics.hdi import (
    HighestDensity,
    eti_of_draws,
    hdi_of_draws,
    highest_density,
)
from uncertain_scale.statistics.intervals import NEEDS_CHAINS, beyond, quantiles, quantiles_and_gaps
from uncertain_scale.statistics.moments import LEVELS, Facts, largest_tail, moments
from uncertain_scale.statistics.outputs import (
    inputs_of,
    integrated,
    may_vary,
    read_draws,
    read_each,
    read_outputs,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import xarray as xr

    from uncertain_scale.sampling.chains import Labelled
    from uncertain_scale.statistics.sketch import AnyDraws
    from uncertain_scale.units.aliases import FloatArray

__all__ = [
    "Histogram",
    "Intervals",
    "Summary",
    "histogram",
    "histogram_of",
    "read_probs",
    "summarize",
    "summarize_each",
    "summarize_variables",
]

Row: TypeAlias = dict[str, Any]
Intervals: TypeAlias = Literal["conditional", "arviz"]
"""How medians and intervals come about; see `summarize`."""

_WORTH_THREADS = 1 << 21
_ROUNDING = 1e-15  # of the largest quantile

_SCALARS = ("mean", "mean_mcse", "sd", "sd_mcse", "median", "median_mcse")
_WORDS = (
    *("mean_state", "sd_state", "mean_reason", "sd_reason"),
    *("quantile_reason", "hdi_reason", "mcse_reason"),
)

_CENTRAL = (0.005, 0.995)
_PLACES = 1024  # over which counts are averaged
_DECADES = 1.5


def summarize(
    outputs: xr.Dataset | xr.DataTree,
    *,
    probs: Sequence[float] = (0.5, 0.9, 0.95),
    intervals: Intervals = "conditional",
) -> xr.Dataset:
    """Summarise outputs: mean, sd, median, equal-tailed and highest-density intervals.

    Parameters
    ----------
    outputs
        One variable an output, dims (chain, draw), with attributes `units` and `long_name`, and
        what `uncertain_scale.sampling.moment_facts` tells of its moments. Or what `run`, `sample`
        and `condition` return: its outputs, given the evidence where there is any.
    probs
        Probabilities of the intervals, each between 0 and 1.
    intervals
        "conditional", with an input integrated out where that can be; "arviz", ArviZ's equal-tailed
        and highest-density intervals of the draws alone, with errors of theirs.

    Returns
    -------
    xr.Dataset
        Dims (output): `mean`, `sd`, `median`, each with `_mcse`, `units`, `long_name`, `pivot`, the
        inputs that median and intervals have integrated out ('' where they count draws: see
        `uncertain_scale.statistics.conditional`), and in words
        `mean_reason`, `sd_reason`, `mcse_reason` why a number is nan, `hdi_reason` what to know of
        the highest-density intervals ('' where there is nothing to say). Dims (output, prob,
        bound): `eti`, `eti_mcse`. Dims (output, prob, mode, bound): `hdi`, `hdi_mcse`, a piece of
        the region a mode, ascending, nan where there are fewer. `eti_beyond` and `hdi_beyond` say
        which ends lie too far out for the draws to bear: these are then what the ends are beyond,
        with 95%, without an error. `mean_state` and `sd_state` are "exact", "estimated",
        "unsettled" where the draws do not bear the figure, and "none" where it does not exist.
        Attributes `chains`, `draws`.

    Raises
    ------
    DataError
        Something else than outputs, or none; draws that are not finite numbers, or dims other than
        (chain, draw).
    QuestionError
        No probability, or one that is not between 0 and 1.

    Examples
    --------
    >>> import xarray as xr
    >>> draws = np.random.default_rng(1).normal(size=(16, 1024))
    >>> tree = xr.Dataset({"x": (("chain", "draw"), draws, {"units": "day"})})
    >>> summary = summarize(tree, probs=[0.9])
    >>> summary["hdi"].sel(output="x", prob=0.9, mode=0).values.round(1).tolist()
    [-1.6, 1.6]
    """
    import xarray as xr

    if isinstance(held := getattr(outputs, "tree", None), xr.DataTree):  # an answer's
        outputs = held
    read, inputs = read_outputs(outputs), inputs_of(outputs)
    return summarize_variables(read, probs=probs, inputs=inputs, intervals=intervals)


def summarize_variables(
    outputs: xr.Dataset,
    *,
    probs: Sequence[float],
    inputs: Mapping[Any, Labelled] | None = None,
    intervals: Intervals = "conditional",
) -> xr.Dataset:
    """Summarise the variables of a dataset, of which there may be none, as `summarize` does.

    Parameters
    ----------
    outputs, probs, intervals
        As in `summarize`.
    inputs
        Draws of the inputs that they rest on, which make the intervals surer.
    """
    levels = read_probs(probs)
    items = dict(outputs.data_vars)
    drawn = read_each(lambda _, output: read_draws(output), items.items())

    def row(name: str) -> Row:
        draws = drawn.pop(name)
        if inputs is not None:
            draws = integrated(draws, items[name], inputs)
        return _row(draws, levels, items[name].attrs, intervals)

    # Up to some millions of draws most of the work is many short calls, at which threads only wait
    # for each other; beyond, it is sorting.
    most = max((one.size for one in drawn.values()), default=0)
    rows = each(row, list(drawn), threads=1 if most <= _WORTH_THREADS else None)
    names = [str(name) for name in items]
    sizes = {"chains": outputs.sizes.get("chain", 0), "draws": outputs.sizes.get("draw", 0)}
    return _lay_out(dict(zip(names, rows, strict=True)), levels, sizes).to_xarray()


def summarize_each(
    outputs: Mapping[str, AnyDraws],
    *,
    probs: Sequence[float],
    attributes: Mapping[str, Mapping[str, Any]],
    draws: int,
    intervals: Intervals = "conditional",
) -> Summary:
    """Summarise outputs whose draws need not be held, as `summarize` does.

    Parameters
    ----------
    outputs
        Draws or sketches by output.
    probs, intervals
        As in `summarize`; ArviZ takes draws that are held.
    attributes
        By output, with `units`, `long_name` and `tail_index`.
    draws
        Draws of a chain.

    Raises
    ------
    DataError
        Draws that are not finite numbers.
    """
    levels = read_probs(probs)

    def row(name: str) -> Row:
        found = _row(outputs[name], levels, attributes[name], intervals)
        outputs[name].forget_tables()
        return found

    rows = each(row, list(outputs), threads=1)
    chains = next((one.chains for one in outputs.values()), 0)
    table = dict(zip(outputs, rows, strict=True))
    return _lay_out(table, levels, {"chains": chains, "draws": draws})


@dataclass(frozen=True, eq=False)
class Summary:
    """Statistics of outputs as `summarize` describes them, in plain arrays.

    Parameters
    ----------
    outputs, probs
        Names, and probabilities of the intervals.
    statistics
        By name the dims, `output` first, and the array.
    sizes
        Numbers of chains and draws.
    """

    outputs: list[str]
    probs: list[float]
    statistics: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]]
    sizes: dict[str, int]

    def row(self, output: str) -> dict[str, Any]:
        """Return the statistics of one output, by name."""
        place = self.outputs.index(output)
        return {name: array[place] for name, (_, array) in self.statistics.items()}

    def to_xarray(self) -> xr.Dataset:
        """Return them as a Dataset."""
        import xarray as xr

        return xr.Dataset(
            self.statistics,
            coords={
                "output": np.array(self.outputs, dtype=object),
                "prob": self.probs,
                "bound": ["low", "high"],
                "mode": np.arange(self.statistics["hdi"][1].shape[2]),
            },
            attrs=self.sizes,
        )


def _lay_out(rows: Mapping[str, Row], levels: Sequence[float], sizes: Mapping[str, int]) -> Summary:
    """Return rows by output as the arrays that `summarize` describes."""
    names = list(rows)
    modes = max((len(one.ends) for row in rows.values() for one in row["regions"]), default=1)
    one, interval = ("output",), ("output", "prob", "bound")
    pieces = ("output", "prob", "mode", "bound")
    data: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]] = {
        name: (one, np.array([row[name] for row in rows.values()])) for name in _SCALARS
    }
    data |= {
        name: (one, np.array([row[name] for row in rows.values()], dtype=object))
        for name in (*_WORDS, "units", "long_name", "pivot")
    }
    shape = (len(rows), len(levels), 2)
    for name in ("eti", "eti_mcse", "eti_beyond"):
        data[name] = (interval, np.reshape([row[name] for row in rows.values()], shape))
    for name, part, empty in (
        ("hdi", "ends", np.nan),
        ("hdi_mcse", "errors", np.nan),
        ("hdi_beyond", "beyond", False),
    ):
        table = np.full((len(rows), len(levels), modes, 2), empty)
        for place, row in enumerate(rows.values()):
            for which, region in enumerate(row["regions"]):
                table[place, which, : len(region.ends)] = getattr(region, part)
        data[name] = (pieces, table)
    return Summary(names, list(levels), data, dict(sizes))


def read_probs(probs: Sequence[float]) -> list[float]:
    """Return probabilities of intervals, each once.

    Raises
    ------
    QuestionError
        There is none, or one is not between 0 and 1.
    """
    levels = list(dict.fromkeys(map(float, several("probs", probs, Real, PROBABILITIES))))
    wrong = [prob for prob in levels if not 0 < prob < 1]
    if wrong or not levels:
        found = ", ".join(map(str, wrong)) or "none"
        raise QuestionError(
            f"probabilities of intervals: found {found}; expected numbers between 0 and 1, "
            "such as 0.9"
        )
    return levels


def _row(
    draws: AnyDraws,
    probs: Sequence[float],
    attributes: Mapping[str, Any],
    intervals: Intervals = "conditional",
) -> Row:
    """Return the statistics of one output."""
    if intervals == "arviz":
        draws.conditional = None
    about = {
        "units": str(attributes.get("units", "")),
        "long_name": str(attributes.get("long_name", "")),
        "mcse_reason": "" if draws.chains > 1 else NEEDS_CHAINS,
        "pivot": draws.conditional.pivot.name if draws.conditional is not None else "",
    }
    facts = Facts.of(attributes)
    if draws.constant:
        reason = why_unsettled(draws, attributes)
        constant = _constant(draws, probs, reason)
        known = _moments(draws, facts) if reason and facts.exact else {}
        return _rounded(about | constant | known, attributes)
    tails = np.array([(1 - prob) / 2 for prob in probs])
    levels = np.concatenate([[0.5], tails, 1 - tails])
    counted = levels if draws.conditional is None else levels[:0]
    if not facts.exact:
        counted = np.append(counted, LEVELS)
    if counted.size:
        draws.gather(counted, largest_tail(draws.size))
    values, errors, gaps = quantiles_and_gaps(draws, levels)
    if draws.low < 0 < draws.high:  # 0 that rounding has left is no figure
        values = np.where(np.abs(values) <= _ROUNDING * np.abs(values).max(), 0.0, values)
    if intervals == "arviz":
        gaps[1:] = np.nan
        values[1:] = np.transpose([eti_of_draws(draws, prob) for prob in probs]).ravel()
        regions = [hdi_of_draws(draws, prob) for prob in probs]
    else:
        regions = highest_density(draws, probs)
    found = (
        about
        | _moments(draws, facts)
        | {
            "median": float(values[0]),
            "median_mcse": float(errors[0]),
            "eti": list(values[1:].reshape(2, -1).T),
            "eti_mcse": list(errors[1:].reshape(2, -1).T),
            "eti_beyond": list(beyond(draws, levels[1:]).reshape(2, -1).T),
            "regions": regions,
            "quantile_reason": gaps_in_words(levels, gaps, about["units"]),
            "hdi_reason": "; ".join(dict.fromkeys(one.note for one in regions if one.note)),
        }
    )
    return _rounded(found, attributes)


def _rounded(row: Row, attributes: Mapping[str, Any]) -> Row:
    """Return the statistics of one output with the grain of its numbers in their errors."""
    grain = float(attributes.get(GRAIN, 0.0))
    if not grain:
        return row
    errors = [f"{name}_mcse" for name in ("mean", "sd", "median", "eti")]
    wider = {name: np.hypot(row[name], grain) for name in errors}
    regions = [replace(one, errors=np.hypot(one.errors, grain)) for one in row["regions"]]
    return row | wider | {"regions": regions}


def gaps_in_words(levels: FloatArray, gaps: FloatArray, units: str) -> str:
    """Say which quantiles lie in a gap, and what else they may be; "" where none does.

    Examples
    --------
    >>> gaps_in_words(np.array([0.5, 0.05]), np.array([[1.1, 9.0], [np.nan, np.nan]]), "day")
    'any number from 1.1 to 9 day is a median; the middle is given'
    """
    shown = "" if units == "1" else f" {units}"
    found: dict[tuple[str, str], list[str]] = {}
    for level, (low, high) in zip(levels.tolist(), gaps.tolist(), strict=True):
        if low < high:
            name = "median" if level == 0.5 else f"{100 * level:.4g}% quantile"
            names = found.setdefault((f"{low:.3g}", f"{high:.3g}"), [])
            names += [name] if name not in names else []
    return "; ".join(
        f"any number from {low} to {high}{shown} is a {' and a '.join(names)}; the middle is given"
        for (low, high), names in found.items()
    )


def _moments(draws: AnyDraws, facts: Facts) -> dict[str, Any]:
    found = zip(("mean", "sd"), moments(draws, facts), strict=True)
    return {
        key: value
        for name, one in found
        for key, value in (
            (name, one.value),
            (f"{name}_mcse", one.mcse),
            (f"{name}_state", one.state),
            (f"{name}_reason", one.reason),
        )
    }


def why_unsettled(draws: AnyDraws, attributes: Mapping[str, Any]) -> str:
    """Say why draws that are one number do not settle that it is the only one.

    It is where the model lets their variable vary: a rare value may be in none of them, which is
    named where it is known. "" for a constant.
    """
    if not may_vary(attributes):
        return ""
    _, rare = hidden_moment(1, rare_of(attributes), draws.size)
    return (
        f"not settled at these draws: it rests on what varies and is the same in all "
        f"{draws.size:,} of them; {rare or 'more draws would tell a rare value'}"
    )


def _constant(draws: AnyDraws, probs: Sequence[float], reason: str) -> dict[str, Any]:
    """Return the statistics of draws that are one number, exact but where there is a reason."""
    value = draws.low
    error = 0.0 if draws.chains > 1 else np.nan
    ends, errors = np.full(2, value), np.full(2, error)
    return {
        "mean": value,
        "sd": 0.0,
        **dict.fromkeys(("mean_mcse", "sd_mcse"), np.nan if reason else error),
        **dict.fromkeys(("mean_state", "sd_state"), "unsettled" if reason else "exact"),
        "mean_reason": f"mean {reason}" if reason else "",
        "sd_reason": f"standard deviation {reason}" if reason else "",
        "median": value,
        "median_mcse": error,
        "hdi_reason": "",
        "quantile_reason": "",
        "eti": [ends] * len(probs),
        "eti_mcse": [errors] * len(probs),
        "eti_beyond": [np.zeros(2, dtype=bool)] * len(probs),
        "regions": [HighestDensity(ends[None], errors[None])] * len(probs),
    }


class Histogram(NamedTuple):
    """Counts between edges, and whether the edges are evenly spaced in logs."""

    counts: npt.NDArray[np.int64]
    edges: FloatArray
    logarithmic: bool


def histogram(values: npt.ArrayLike, bins: int = 24) -> Histogram:
    """Count draws over the central 99% of them.

    Parameters
    ----------
    values
        Finite draws, (chain, draw) or of any other shape.
    bins
        Number of bins.

    Returns
    -------
    Histogram
        `counts` of shape (bins,), `edges` of shape (bins + 1,), and `logarithmic`, which is true
        where all draws are positive and their middle spans more than a decade and a half.

    Examples
    --------
    >>> counts, edges, logarithmic = histogram(np.geomspace(1, 1e6, 1000), bins=4)
    >>> logarithmic, bool(counts.sum() >= 985)
    (True, True)
    """
    return histogram_of(Draws(np.asarray(values, dtype=float).reshape(1, -1)), bins)


def histogram_of(draws: AnyDraws, bins: int = 24) -> Histogram:
    """Count draws over the central 99% of them, held or not; see `histogram`.

    Where inputs are integrated out, counts are those expected.
    """
    average = draws.conditional
    if average is None:
        low, high = map(float, draws.at(np.array(_CENTRAL) * (draws.size - 1)))
    else:
        low, high = map(float, quantiles(draws, np.array(_CENTRAL))[0])
    if not low < high:  # nearly all draws are one number
        low, high = draws.low, draws.high
    if not low < high:
        reach = abs(low) / 2 or 0.5
        low, high = low - reach, high + reach
    logarithmic = bool(draws.low > 0 and np.log10(high / low) > _DECADES)
    edges = np.geomspace(low, high, bins + 1) if logarithmic else np.linspace(low, high, bins + 1)
    if average is None:
        return Histogram(draws.counts_between(edges), edges, logarithmic)
    below = average.coarser(_PLACES, rough=False).together("below", average.forward(edges))
    return Histogram(np.rint(draws.size * np.diff(below)).astype(np.int64), edges, logarithmic)
