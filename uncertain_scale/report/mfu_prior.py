"""The fit of MFU to runs, as a prior file that can be laid over a scenario."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError, nearest
from uncertain_scale.inputs.runs import families

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uncertain_scale.analysis.backtest.mfu_fit import MfuFit

__all__ = ["mfu_prior_file"]


def mfu_prior_file(fit: MfuFit, *, family: str, file: str, smallest: float) -> str:
    """Return a prior file for the MFU of one chip family, what the fit found in its comments.

    Parameters
    ----------
    fit
        What `fit_mfu` returns.
    family
        Whose next run the prior is about; a family without runs is taken as a new one.
    file, smallest
        Where the runs stand, and the FLOP from which they count.

    Raises
    ------
    DataError
        There is no such family.
    """
    known = families()
    if family not in known:
        raise DataError(f"'{family[:40]}' is not a chip family; {nearest(family, known)}")
    return "\n".join(_lines(fit, family, file, smallest)) + "\n"


def _lines(fit: MfuFit, family: str, file: str, smallest: float) -> Iterator[str]:
    counts = Counter(one.family for one in fit.observations)
    counted = f"{len(fit.observations)} runs of at least {smallest:g} FLOP in {file}"
    by_family = ", ".join(f"{name} {count}" for name, count in counts.items())
    within, between = fit.spreads()
    yield "#:schema ./schema.json"
    yield f"# {counted}: {by_family}."
    yield f"# Standard deviation of logits: {within:.3f} within families, {between:.3f} between."
    yield "# Next run's mfu, and how far in probability a logit-normal of its 5% and 95% is off:"
    for name in (*counts, *(one for one in (family, "other") if one not in counts)):
        predictive = fit.predictive(name)
        low, middle, high = predictive.quantiles([0.05, 0.5, 0.95])
        off = predictive.distance()
        yield f"#   {name:<6} 5% {low:.3f}   50% {middle:.3f}   95% {high:.3f}   off {off:.3f}"
    low, high = fit.predictive(family).summary()
    source = f"{counted} ({by_family}): posterior predictive of one more run of family {family}"
    note = (
        "uncertain-scale priors fit-mfu: logits of mfu normal within chip families, their means "
        "normal about a common one, FP8's speed-up taken out where a run had it or may have had it."
    )
    yield "schema_version = 1"
    yield f'title = "mfu of {family} chips, fitted to runs"'
    yield ""
    yield "[inputs.mfu]"
    yield 'kind = "logitnormal"'
    yield f"q05 = {low:.3f}"
    yield f"q95 = {high:.3f}"
    yield 'units = "1"'
    yield 'long_name = "Whole-run utilisation of the dense BF16 peak"'
    yield f"source = {json.dumps(source, ensure_ascii=False)}"
    yield f"note = {json.dumps(note)}"
