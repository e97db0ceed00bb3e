"""The shapes of comparisons, sweeps, rankings, claims, backtests and differences, key by key.

See `document_types`.
"""

from typing import Annotated, Any, Literal, NotRequired, TypeAlias, TypedDict

from uncertain_scale.analysis.sensitivity.study import Scale
from uncertain_scale.analysis.verdict import Place, Side
from uncertain_scale.inputs.assertion import Kind
from uncertain_scale.report.document_types import (
    Belief,
    Chance,
    Date,
    Effort,
    Error,
    Estimate,
    EventReport,
    Evidence,
    Hashes,
    InputReport,
    IntervalEnds,
    Number,
    Output,
    Record,
    Report,
    Statistics,
    Units,
)


class Estimates:
    """The keys that `estimate` gives each measure of an input.

    Parameters
    ----------
    members
        Whether the inputs that are drawn together are beside them.
    measures
        By name, with what each is.
    """

    def __init__(self, *, members: bool = False, **measures: str) -> None:
        self.members, self.measures = members, measures

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a dictionary of these measures."""
        keys: dict[str, Any] = {}
        if self.members:
            keys["members"] = {"type": "array", "items": {"type": "string"}}
        for name, meaning in self.measures.items():
            for key, about in (
                (name, meaning),
                (f"{name}_mcse", "Monte Carlo standard error"),
                (f"{name}_low", "lower end of the 95% interval"),
                (f"{name}_high", "upper end of the 95% interval"),
            ):
                keys[key] = {"type": ["number", "null"], "description": about}
            about = "says so where that interval holds 0, else empty"
            keys[f"{name}_unresolved"] = {"type": "string", "description": about}
        return {
            "type": "object",
            "properties": keys,
            "required": list(keys),
            "additionalProperties": False,
        }


_Measured: TypeAlias = dict[str, Any]


class _Changed(TypedDict):
    """Both priors of an input that differs."""

    base: Belief
    other: Belief


class _Coupling(TypedDict):
    """How inputs that differ depend on those of the other scenario."""

    inputs: list[str]
    kind: Literal["shared", "independent", "correlated"]
    rank: Annotated[float, "rank correlation between the scenarios"]
    reason: str


class _ComparedEvent(TypedDict):
    """An event in both scenarios."""

    event: Annotated[str, "as it was typed"]
    base: Chance
    other: Chance


class _Greater(TypedDict):
    """The probability that the other scenario gives more, and its 95% interval."""

    probability_greater: float
    probability_greater_mcse: Error
    probability_greater_low: float
    probability_greater_high: float


class _Ratio(_Greater):
    """The ratio of an answer, other to base."""

    ratio: Annotated[Statistics | None, "a plain number; null where the base may be 0"]


class _Difference(Statistics):
    """An answer, other minus base."""

    units: Units


class _ComparedOutput(_Ratio):
    """An answer in both scenarios."""

    difference: _Difference
    otherwise: Annotated[dict[str, _Ratio], "with all that differs coupled so"]
    ratio_of_medians: Number
    attribution: Annotated[dict[str, float], "share of its logarithm by input"]
    factors: Annotated[dict[str, float], "factor of the ratio of medians by input"]


class _Compared(TypedDict):
    """A scenario held against the base."""

    other: str
    warnings: list[str]
    events: list[_ComparedEvent]
    changed_inputs: dict[str, _Changed]
    changed_correlations: Annotated[list[list[str]], "pairs of inputs"]
    couplings: list[_Coupling]
    outputs: dict[str, _ComparedOutput]


class ComparisonReport(Record):
    """Scenarios held against a base, draw by draw."""

    base: str
    comparisons: list[_Compared]


class _ComparedPosterior(TypedDict):
    """A scenario that the evidence updated, against the base."""

    other: str
    log_bayes_factor: Annotated[float, "natural logarithm, other to base"]
    log_bayes_factor_mcse: Error
    ratios_of_medians: dict[str, Estimate]
    report: Report


class EvidenceComparisonReport(Report):
    """Scenarios updated by the same evidence; the report is the base's."""

    base: str
    reason: Annotated[str, "why draws are not compared"]
    comparisons: list[_ComparedPosterior]


class _Swept(TypedDict):
    """A given that was swept."""

    name: str
    units: Units
    long_name: str
    steps: Annotated[Literal["log", "linear", "list"], "how the values are spaced"]
    values: Annotated[list[float], "in `units`"]


class _Point(TypedDict):
    """The answers at one point."""

    at: Annotated[dict[str, float], "value of each swept variable, in its units"]
    outputs: dict[str, Output]
    events: list[EventReport]
    warnings: list[str]


class SweepReport(Record):
    """Answers at the points of a sweep, the last variable fastest."""

    swept: list[_Swept]
    inputs: dict[str, InputReport]
    points: list[_Point]


class _SwingEnd(TypedDict):
    """An answer with an input fixed: its median and 90% interval, in its units."""

    median: Number
    low: Number
    high: Number


class _Swing(TypedDict):
    """An answer with an input at its own 5% and at its own 95%."""

    low: _SwingEnd
    high: _SwingEnd


class _Drivers(TypedDict):
    """Which inputs drive an answer; inputs that are drawn together have + between their names."""

    units: Units
    reason: Annotated[str, "why there is no ranking, or empty"]
    ranking: Annotated[list[str], "inputs, the first drives most"]
    rank_share: Annotated[dict[str, float], "share of the chains in which the rank holds"]
    sobol: dict[
        str,
        Annotated[_Measured, Estimates(first="first-order index", total="total index")],
    ]
    second: NotRequired[
        dict[str, dict[str, Annotated[_Measured, Estimates(second="index of the second order")]]]
    ]
    shapley: dict[
        str, Annotated[_Measured, Estimates(shapley="share of variance; shares add up to 1")]
    ]
    log_variance_share: dict[str, Number]
    rank_correlation: dict[
        str, Annotated[_Measured, Estimates(rank_correlation="Spearman's, with the answer")]
    ]
    variance_reduction: dict[
        str,
        Annotated[
            _Measured, Estimates(variance_reduction="share of variance gone, if it were known")
        ],
    ]
    interval_reduction: dict[
        str,
        Annotated[_Measured, Estimates(interval_reduction="how much narrower, if it were known")],
    ]
    median: Annotated[float | None, "in `units`"]
    swing: dict[str, _Swing]


class PenaltyReport(TypedDict):
    """What a wrong answer costs."""

    amount: Annotated[float, "in the loss's units"]
    per: Annotated[float | None, "distance that costs it; null where distance does not matter"]
    per_units: str | None


class _Loss(TypedDict):
    """What wrong answers cost, and what to expect of either answer; in `units`."""

    units: Units
    false_yes: PenaltyReport
    false_no: PenaltyReport
    expected_loss_yes: Number
    expected_loss_yes_mcse: Error
    expected_loss_no: Number
    expected_loss_no_mcse: Error
    evpi: Annotated[float | None, "worth of knowing everything"]
    evpi_mcse: Error


_CHANGES = "how often knowing the input would change the answer"
_Worth: TypeAlias = (
    Annotated[
        _Measured,
        Estimates(members=True, changes=_CHANGES, evppi="worth of knowing it, as the loss"),
    ]
    | Annotated[
        _Measured,
        Estimates(members=True, changes=_CHANGES, gain="share of wrong answers mended"),
    ]
)


class _Decision(TypedDict):
    """An event as a question to answer yes or no, and what it is worth to know an input."""

    event: str
    probability: Number
    mcse: Error
    low: Number
    high: Number
    answer: Literal["yes", "no"]
    answer_unresolved: Annotated[str, "says so where either may be right, else empty"]
    loss: NotRequired[_Loss]
    inputs: dict[str, _Worth]


class SensitivityReport(Record):
    """Which inputs drive the answers."""

    on: Annotated[Scale, "scale that indices, shares and the ranking are on"]
    outputs: dict[str, _Drivers]
    events: list[_Decision]


class _Dependence(TypedDict):
    """How an answer depends on an input, given evidence."""

    variance_reduction: Annotated[float | None, "share of variance gone, if it were known"]
    variance_reduction_mcse: Error
    rank_correlation: Number
    rank_correlation_mcse: Error


class _DependentOutput(TypedDict):
    """Which inputs an answer depends on."""

    inputs: dict[str, _Dependence]


class EvidenceSensitivityReport(Record):
    """Which inputs drive the answers, given evidence."""

    on: Scale
    reason: Annotated[str, "why there are no indices"]
    outputs: dict[str, _DependentOutput]
    events: list[EventReport]
    evidence: Evidence


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


class _Coverage(TypedDict):
    """How many runs an interval holds."""

    prob: float
    inside: int
    share: float
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
    notes: list[str]
    probs: list[float]
    scores: Annotated[dict[str, _Scores], "by quantity"]
    groups: Annotated[dict[str, _Scores], "of training FLOP, by kind of run"]
    transforms: _Transforms
    forecasts: list[_Tested]
    not_tested: list[_NotTested]
    faults: list[_Fault]
    hashes: Hashes


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
    grade: Annotated[_Grade, "the worst but of versions"]
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
