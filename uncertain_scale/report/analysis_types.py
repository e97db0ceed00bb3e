"""The shapes of comparisons, sweeps, rankings and decisions, key by key.

See `document_types`.
"""

from typing import Annotated, Any, Literal, NotRequired, TypeAlias, TypedDict

from uncertain_scale.analysis.sensitivity.study import Scale
from uncertain_scale.report.document_types import (
    Belief,
    Chance,
    Error,
    Estimate,
    EventReport,
    Evidence,
    Incomplete,
    InputReport,
    Number,
    Output,
    Record,
    Report,
    SearchReport,
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
    given: Annotated[list[str], "correlated inputs, given which the rank is"]
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
    paths: NotRequired[
        Annotated[
            dict[str, list[list[float | None]]],
            "of a sweep over dates: some draws by answer, each one path along the dates",
        ]
    ]


class _Figure(TypedDict):
    """A figure with its Monte Carlo standard error."""

    value: Number
    mcse: Number


class _GoalReport(TypedDict):
    """A goal of a choice."""

    goal: Annotated[str, "as it was typed"]
    direction: Literal["maximise", "minimise"]
    measure: Literal["mean", "log", "quantile", "probability", "loss"]
    units: Units


class _LimitReport(TypedDict):
    """A limit of a choice."""

    limit: Annotated[str, "as it was typed"]
    event: str
    probability: Annotated[float, "that its event must have"]


class _OptionReport(TypedDict):
    """How an option does."""

    name: str
    settings: dict[str, str]
    scenario: str
    goals: Annotated[list[_Figure], "the value of each goal; of a log its geometric mean"]
    interval: Annotated[list[_Figure], "5% and 95% of the first goal's variable"]
    limits: Annotated[list[_Figure], "probability of each limit's event"]
    met: Annotated[list[bool | None], "whether each limit is met; null where draws do not tell"]
    best: Annotated[_Figure | None, "probability of being the best option that meets the limits"]
    regret: Annotated[_Figure | None, "expected loss of the first goal against the best"]
    tied: Annotated[bool, "whether draws do not tell it from the chosen one"]
    efficient: Annotated[bool, "with two goals: whether none is better in one and as good in both"]
    dominated_by: Annotated[str, "what is as good in every draw, or empty"]


class _Pilot(_Figure):
    """What a measurement is worth."""

    cost: Annotated[float | None, "what it costs, in the units of the goal"]


class _Nearest(TypedDict):
    """The option that misses its limits least, and limits that it would meet."""

    name: str
    values: Annotated[list[float | None], "of each limit's variable, that would be met"]
    units: Annotated[list[str], "units of the values"]


class DecisionReport(Record):
    """A choice among options; of the draws of the chosen one, or of that which is nearest."""

    goals: list[_GoalReport]
    limits: list[_LimitReport]
    options: list[_OptionReport]
    chosen: Annotated[str | None, "the option that is best; null where none meets the limits"]
    lead: Annotated[_Figure | None, "of the first goal over the next best option"]
    evpi: Annotated[_Figure | None, "worth of always knowing the best option"]
    known: Annotated[dict[str, _Figure], "worth of knowing an input or a group, most first"]
    groups: Annotated[dict[str, list[str]], "members of groups of inputs"]
    pilots: Annotated[dict[str, _Pilot], "worth of a measurement"]
    nearest: Annotated[_Nearest | None, "where no option meets the limits: what misses least"]
    inputs: dict[str, InputReport]
    search: NotRequired[SearchReport]
    incomplete: NotRequired[Incomplete]


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
    expected_loss_yes_low: Number
    expected_loss_yes_high: Annotated[float | None, "null where there is no bound"]
    expected_loss_no: Number
    expected_loss_no_mcse: Error
    expected_loss_no_low: Number
    expected_loss_no_high: Annotated[float | None, "null where there is no bound"]
    evpi: Annotated[float | None, "worth of knowing everything"]
    evpi_mcse: Error
    evpi_low: Number
    evpi_high: Annotated[float | None, "null where there is no bound"]


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

    reason: Annotated[str, "why the shares are not to be trusted, or empty"]
    inputs: dict[str, _Dependence]


class EvidenceSensitivityReport(Record):
    """Which inputs drive the answers, given evidence."""

    on: Scale
    reason: Annotated[str, "why there are no indices"]
    outputs: dict[str, _DependentOutput]
    events: list[EventReport]
    evidence: Evidence
