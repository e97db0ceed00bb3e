"""The shapes of what is held against what others say: claims, published runs, other results.

See `document_types`.
"""

from typing import Annotated, Any, Literal, TypeAlias, TypedDict

from uncertain_scale.analysis.verdict import Place, Side
from uncertain_scale.inputs.assertion import Kind
from uncertain_scale.report.document_types import (
    Ages,
    Chance,
    Date,
    Effort,
    Error,
    Hashes,
    IntervalEnds,
    Units,
)


class _Asserted(TypedDict):
    """What is asserted, in the claim's units."""

    text: str
    kind: Kind
    value: Annotated[float | None, "null of an interval"]
    low: Annotated[float | None, "least that it covers; null where there is no such end"]
    high: Annotated[float | None, "most that it covers; null where there is no such end"]
    digits: Annotated[int | None, "significant digits that it is stated to"]


class _Found(TypedDict):
    """What draws of a variable come to, in the claim's units."""

    median: float
    median_mcse: Error
    constant: Annotated[bool, "whether all draws are one number"]
    intervals: Annotated[list[IntervalEnds], "equal-tailed"]


class _Own(_Found):
    """What follows from a document's own inputs."""

    reading: str
    follows: bool
    excess: Annotated[float | None, "what is asserted above what follows, as a share of it"]


class _Below(Chance):
    """The share of the draws below a value."""

    value: float


class _Judged(_Found):
    """Where a claim falls among the draws of a scenario."""

    scenario: str
    own: Annotated[bool, "whether it is the document's own"]
    without_assumptions: bool
    in_place_of: Annotated[str, "the scenario that gives one number, or empty"]
    below: list[_Below]
    covered: Annotated[Chance, "probability of what the claim covers"]
    place: Place
    prob: Annotated[float, "of the narrowest interval that holds it, or of the widest"]
    beyond: Annotated[Side, "side of the next narrower interval, or empty"]
    rounded: Annotated[float, "of a narrower interval that holds a number that rounds to it, or 0"]
    asserted_over_median: Annotated[float | None, "null where one of them is not positive"]
    borderline: Annotated[bool, "within two standard errors of another verdict"]
    verdict: str


class _Claim(TypedDict):
    """A claim and its verdicts; numbers in `units`."""

    name: str
    says: str
    variable: str
    ratio: Annotated[bool, "whether it is on the ratio of two scenarios"]
    units: Units
    implied: Annotated[bool, "not asserted, but what the document's inputs lead to"]
    asserted: _Asserted
    given: Annotated[dict[str, str | float], "as it was stated, by variable"]
    free: list[str]
    quote: str
    note: str
    own: _Own | None
    readings: list[_Own]
    own_verdict: str
    judged: list[_Judged]


class _ClaimHashes(TypedDict):
    """SHA-256 of what the verdicts rest on."""

    priors: Annotated[dict[str, str], "by scenario"]
    equations: str


class ClaimsReport(Effort):
    """What a document claims, held against its own inputs and against draws."""

    claims_of: str
    title: str
    source: str
    as_of: Date
    note: str
    summary: list[str]
    claims: list[_Claim]
    apart: Annotated[int, "claims that could not be checked"]
    faults: list[str]
    warnings: list[str]
    ages: Annotated[Ages, "of the scenarios that judge"]
    probs: list[float]
    hashes: _ClaimHashes


class _Table(TypedDict):
    """The table of runs."""

    file: str
    rows: int
    tested: int
    not_tested: int
    faulty: int
    unused_columns: list[str]


class _TrendCoverage(TypedDict):
    """How many values lie in an interval."""

    prob: float
    inside: int
    share: float


class _Coverage(_TrendCoverage):
    """How many runs an interval holds."""

    low: Annotated[float, "lower end of the share's interval"]
    high: Annotated[float, "upper end of the share's interval"]


class _Gain(TypedDict):
    """A baseline, which gives one number."""

    crps: float
    worse_by: Annotated[float, "its score above ours"]
    standard_error: Error


class _Score(TypedDict):
    """Scores of forecasts; the CRPS is of natural logarithms."""

    runs: int
    coverage: list[_Coverage]
    mean_transform: float
    uniformity_p: Annotated[float | None, "p-value of uniform transforms"]
    crps: float
    crps_mcse: Error
    baselines: dict[str, _Gain]


class _Scores(TypedDict):
    """Scores with the prior as it is, and with each run left out of its fit."""

    in_sample: _Score
    left_out: _Score
    refitted: Annotated[int, "runs without which the prior was fitted again"]


class _ForecastInterval(IntervalEnds):
    """An interval of a forecast."""

    inside: Annotated[bool, "whether it holds what was published"]


class _Forecast(TypedDict):
    """A forecast, in the run's units."""

    median: float
    intervals: list[_ForecastInterval]
    transform: Annotated[float, "share of the draws below what was published"]
    transform_mcse: Error
    crps: float
    crps_mcse: Error


class _Baseline(TypedDict):
    """What one number in place of an interval would have been."""

    forecast: float
    crps: float


class _Tested(TypedDict):
    """A published run and its forecasts."""

    run: str
    chip: str
    family: str
    precision: str
    grade: str
    scored: Annotated[bool, "whether the scores count it"]
    date: str
    notes: str
    source: str
    quantity: Annotated[str, "the variable that is forecast"]
    units: Units
    given: Annotated[dict[str, float], "in the model's units, by variable"]
    published: Annotated[float, "in `units`"]
    refitted: bool
    in_sample: _Forecast
    left_out: _Forecast
    baselines: dict[str, _Baseline]


class _Transforms(TypedDict):
    """Counts of transforms, which a calibrated forecast spreads evenly."""

    edges: list[float]
    in_sample: list[int]
    left_out: list[int]


class _NotTested(TypedDict):
    """A run that was not forecast."""

    run: str
    reason: str


class _Fault(TypedDict):
    """A cell that cannot be read."""

    line: int
    run: str
    column: str
    message: str
    text: str


class BacktestReport(Effort):
    """Forecasts of published runs, and their scores."""

    scenario: str
    title: str
    table: _Table
    ages: Ages
    notes: list[str]
    probs: list[float]
    scores: Annotated[dict[str, _Scores], "by quantity"]
    groups: Annotated[dict[str, _Scores], "of training FLOP, by kind of run"]
    transforms: _Transforms
    forecasts: list[_Tested]
    not_tested: list[_NotTested]
    faults: list[_Fault]
    hashes: Hashes


class _TrendScores(TypedDict):
    """Scores of a set of forecasts of trends."""

    values: int
    series: Annotated[int, "how many series they are of"]
    coverage: list[_TrendCoverage]
    mean_transform: float
    crps: Annotated[float, "of the logarithm"]
    baselines: Annotated[dict[str, float], "mean |log error| of point forecasts"]


class _TrendInterval(TypedDict):
    """An equal-tailed interval of a forecast of a trend."""

    prob: float
    low: float
    high: float
    inside: Annotated[bool, "whether it holds the value"]


class _TrendForecast(TypedDict):
    """A later value of a series and its forecast, in the series' units."""

    series: str
    units: Units
    cutoff: Annotated[str, "day whose knowledge is fitted"]
    fitted: Annotated[int, "values known then"]
    name: str
    date: Annotated[str, "day of the value"]
    year: Annotated[int, "after the cutoff, from 1"]
    value: Annotated[float, "as it is known now"]
    median: float
    intervals: list[_TrendInterval]
    transform: Annotated[float, "probability below the value"]
    crps: Annotated[float, "of the logarithm"]
    baselines: dict[str, _Baseline]


class _TrendTransforms(TypedDict):
    """Counts of transforms, which a calibrated forecast spreads evenly."""

    edges: list[float]
    counts: list[int]


class _TrendNotTested(TypedDict):
    """A series that had too few values on a day."""

    series: str
    cutoff: str
    reason: str


class TrendsBacktestReport(TypedDict):
    """Forecasts of trends from what was known on a day, and their scores."""

    title: str
    probs: list[float]
    scores: _TrendScores | None
    cutoffs: Annotated[dict[str, _TrendScores], "by the day whose knowledge is fitted"]
    years_ahead: Annotated[dict[str, _TrendScores], "by years ahead, from 1"]
    series: Annotated[dict[str, _TrendScores], "by series"]
    transforms: _TrendTransforms
    forecasts: list[_TrendForecast]
    not_tested: list[_TrendNotTested]
    versions: dict[str, str]


_Grade: TypeAlias = Literal["same", "rounding", "chance", "different"]


class _Change(TypedDict):
    """A place where two results differ."""

    place: Annotated[str, "keys from the top, with dots between"]
    old: Annotated[Any, "any value, or (absent)"]
    new: Annotated[Any, "any value, or (absent)"]
    grade: _Grade


class Differences(TypedDict):
    """What changed between two saved results."""

    verdict: str
    grade: Annotated[_Grade, "the worst but of versions and ages"]
    values: Annotated[int, "how many were compared"]
    changes: Annotated[dict[str, list[_Change]], "by part: question, inputs, answers and so on"]


class _Files(TypedDict):
    """How the files of a folder differ from its record."""

    changed: list[str]
    missing: list[str]
    added: list[str]
    unlisted: Annotated[bool, "whether the record, of an earlier version, lists the result alone"]


class Verification(Differences):
    """What changed between a saved result and its replay."""

    intact: Annotated[bool, "whether all files of the record are as they were written"]
    files: _Files
