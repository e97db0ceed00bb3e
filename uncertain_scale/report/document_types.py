"""The shapes of reports, models and priors, and of what other documents share, key by key.

The functions that make documents are annotated with these types, and `schema.py` makes the JSON
Schemas from them. The text behind a type is the key's description.
"""

from typing import Annotated, Literal, NotRequired, TypeAlias, TypedDict

from uncertain_scale.analysis.precision_search import Outcome
from uncertain_scale.model.problem import Origin
from uncertain_scale.sampling.design import DesignKind
from uncertain_scale.statistics.moments import State

Number: TypeAlias = Annotated[float | None, "null where the number does not exist"]
Error: TypeAlias = Annotated[
    float | None, "Monte Carlo standard error, in the figure's units; null where it is not known"
]
Units: TypeAlias = Annotated[str, "units of the figures beside it; 1 of a plain number"]
Date: TypeAlias = Annotated[str, "an ISO date, or empty"]


class Given(TypedDict):
    """What the question takes as known of a variable."""

    stated: Annotated[str, "as it was typed"]
    value: Annotated[float | None, "in `units`; null where it is uncertain, or swept"]
    units: Units


class Question(TypedDict):
    """What was asked."""

    given: Annotated[dict[str, Given], "by variable"]
    outputs: Annotated[list[str], "variables that were asked for"]
    free: Annotated[list[str], "inputs that were solved for"]


class Effort(TypedDict):
    """How the draws were made."""

    design: DesignKind
    seed: int
    chains: Annotated[int, "independent randomised designs, whose spread gives the errors"]
    draws: Annotated[int, "draws of each chain"]
    versions: Annotated[dict[str, str], "by package"]


class Hashes(TypedDict):
    """SHA-256 of what the answer rests on."""

    priors: str
    equations: str


class Old(TypedDict):
    """An input whose figures are dated more than 18 months before the reader's day."""

    as_of: Annotated[str, "ISO date of its figures"]
    months: Annotated[int, "whole months from then to the reader's day"]
    newer: Annotated[str, "shipped scenario with newer figures, or empty"]


class Ages(TypedDict):
    """The reader's day, and which figures are old on it."""

    as_of: Annotated[str, "the reader's day, an ISO date"]
    old: Annotated[dict[str, Old], "by input, prices first"]


class Record(Effort):
    """What was asked, and how the draws were made."""

    question: Question
    scenario: Annotated[str, "a shipped scenario, or the name of a prior file"]
    title: str
    notes: list[str]
    warnings: Annotated[list[str], "what is doubtful about the answer"]
    ages: Ages
    probs: Annotated[list[float], "probabilities of the intervals; the first is shown first"]
    hashes: Hashes


class Belief(TypedDict):
    """A prior: its distribution, its exact quantiles, and where it comes from."""

    distribution: Annotated[str, "as in `--set`, in `stated_units`"]
    stated_units: Annotated[str, "units of the prior file"]
    units: Units
    joint: Annotated[str, "inputs drawn together with it, with + between, or empty"]
    label: NotRequired[Annotated[str, "what it is called in views"]]
    long_name: str
    source: str
    as_of: Date
    note: str
    where: Annotated[str, "file and line, or option"]
    q05: Annotated[float | None, "5% quantile, in `units`"]
    q50: Annotated[float | None, "median, in `units`"]
    q95: Annotated[float | None, "95% quantile, in `units`"]
    interpreted: Annotated[bool | Literal[0, 1], "whether the program read more than was stated"]


class InputReport(Belief):
    """A belief, and how the question knows it."""

    origin: Origin


class Estimate(TypedDict):
    """A figure with its Monte Carlo error."""

    value: float
    mcse: Error


class Chance(TypedDict):
    """A probability; where no draw or every draw counts, `low` and `high` are bounds."""

    probability: float
    mcse: Error
    low: Annotated[float, "lower end of the 95% interval of the probability"]
    high: Annotated[float, "upper end of the 95% interval of the probability"]


class EventReport(Chance):
    """The probability of an event."""

    event: Annotated[str, "as it was typed"]


class Sufficient(Estimate):
    """What suffices with a probability."""

    prob: float


class IntervalEnds(TypedDict):
    """An interval, in the units of its figure, with the standard errors of its ends."""

    prob: Annotated[float, "probability that the interval holds"]
    low: Number
    high: Number
    low_mcse: Error
    high_mcse: Error


class _Interval(IntervalEnds):
    """An equal-tailed interval, or a piece of a highest-density region."""

    kind: Literal["eti", "hdi"]
    low_beyond: NotRequired[Annotated[Literal[True], "the end is beyond the draws: a 95% bound"]]
    high_beyond: NotRequired[Annotated[Literal[True], "the end is beyond the draws: a 95% bound"]]
    low_unsettled: NotRequired[Annotated[Literal[True], "the draws do not tell its error"]]
    high_unsettled: NotRequired[Annotated[Literal[True], "the draws do not tell its error"]]


class _States(TypedDict):
    """How a moment is known: none where it does not exist."""

    mean: State
    sd: State


class _Reasons(TypedDict):
    """Why a figure or an error is null or not settled; a key for each that is."""

    mean: NotRequired[str]
    sd: NotRequired[str]
    quantile: NotRequired[str]
    hdi: NotRequired[str]
    mcse: NotRequired[str]


class Statistics(TypedDict):
    """Statistics of draws, each with its Monte Carlo standard error."""

    mean: Number
    mean_mcse: Error
    sd: Annotated[float | None, "standard deviation; null where it does not exist"]
    sd_mcse: Error
    median: Number
    median_mcse: Error
    constant: Annotated[bool, "whether it is one number, in all draws and by the model"]
    pivot: Annotated[str, "inputs that median and intervals have integrated out, or empty"]
    intervals: list[_Interval]
    state: _States
    reason: _Reasons


class Output(Statistics):
    """An answer: its statistics are in `units`."""

    label: NotRequired[Annotated[str, "what it is called in views"]]
    units: Units
    long_name: str
    equation: Annotated[str, "the equation that computed it, or empty"]
    rests_on: Annotated[str, "givens and inputs that it rests on, with commas between"]


class _Atom(TypedDict):
    """A number that many draws are equal to."""

    value: float
    share: Annotated[float, "of the draws"]


class _Histogram(TypedDict):
    """The draws of an answer, counted over the central 99% of them."""

    counts: list[int]
    edges: Annotated[list[float], "of the bins, in the answer's units; one more than `counts`"]
    log: Annotated[bool, "whether the bins are equally wide in the logarithm"]
    atoms: list[_Atom]


class _ReportedOutput(Output):
    """An answer with the shape of its distribution."""

    histogram: _Histogram


class _Observation(TypedDict):
    """An observed fact, and its predictions before and after; three numbers are 5%, 50%, 95%."""

    name: str
    variable: str
    units: Units
    stated: str
    error_on: Annotated[Literal["log", "value"] | None, "null of a bound"]
    given: Annotated[dict[str, str | float], "what was known of it, as it was stated, by variable"]
    own: Annotated[dict[str, float], "its own inputs: rank correlations with the question's"]
    shares: Annotated[list[str], "inputs that it bears on"]
    observed: Annotated[list[float] | None, "in `units`; null of a bound"]
    lower: Annotated[float | None, "a lower bound, in `units`"]
    upper: Annotated[float | None, "an upper bound, in `units`"]
    prior_predictive: list[Number]
    prior_predictive_mcse: list[Error]
    posterior_predictive: list[Number]
    posterior_predictive_mcse: list[Error]
    p_value: Annotated[float | None, "probability under the priors of one as far out"]
    p_value_mcse: Error
    source: str
    as_of: Date
    note: str
    where: str


class _Quantiles(TypedDict):
    """Quantiles of a prior, which are exact."""

    q05: Number
    q50: Number
    q95: Number


class _EstimatedQuantiles(_Quantiles):
    """Quantiles of draws."""

    q05_mcse: Error
    q50_mcse: Error
    q95_mcse: Error


class Moved(TypedDict):
    """An input before and after the evidence."""

    units: Units
    joint: Annotated[str, "inputs drawn together with it, with + between, or empty"]
    label: NotRequired[Annotated[str, "what it is called in views"]]
    bits: Annotated[float | None, "information gained about it"]
    bits_mcse: Error
    prior: _Quantiles
    posterior: _EstimatedQuantiles


class _Before(TypedDict):
    """An answer before the evidence, with its interval of the first probability."""

    units: Units
    median: Number
    median_mcse: Error
    low: Number
    low_mcse: Error
    high: Number
    high_mcse: Error


class Evidence(TypedDict):
    """How a posterior was found, and what moved."""

    method: Annotated[Literal["importance", "smc"], "method: importance weights, or SMC"]
    reason: Annotated[str, "why this method"]
    k_hat: Annotated[float | None, "shape of the weights' tail, trusted up to 0.7"]
    effective: Annotated[float | None, "draws that count by weight"]
    draws_weighted: int | None
    stages: int
    memory: Annotated[float | None, "correlation of draws with where they began"]
    log_evidence: Annotated[float | None, "natural logarithm of the marginal likelihood"]
    log_evidence_mcse: Error
    bears: Annotated[bool, "whether it bears on an input that the answers rest on"]
    observations: list[_Observation]
    left_out: Annotated[list[str], "faults of observations that were left out"]
    notes: list[str]
    bits: Annotated[float | None, "information gained about all inputs together"]
    bits_mcse: Error
    moved: Annotated[dict[str, Moved], "by input"]
    before: Annotated[dict[str, _Before], "by answer"]


class _End(TypedDict):
    """The end of an interval that is known worst."""

    output: str
    kind: Literal["eti", "hdi"]
    prob: float
    bound: Literal["low", "high"]
    value: Annotated[float, "in the answer's units"]
    standard_error: Error
    relative_to: Annotated[float, "what the error is measured by, in the answer's units"]


class _Tried(TypedDict):
    """A run of the search."""

    draws: int
    chains: int
    error: Annotated[float | None, "relative, of the worst end"]


class SearchReport(TypedDict):
    """The search for a precision."""

    precision: Annotated[float, "relative error asked for, 95%"]
    max_draws: Annotated[int, "most draws of all chains"]
    why: Annotated[Outcome, "why it ended"]
    reached: Annotated[float | None, "relative error of the worst end"]
    tried: list[_Tried]


class _Search(SearchReport):
    """The search for a precision, and what it found worst."""

    worst: Annotated[_End | None, "null where no answer varies"]


class Incomplete(TypedDict):
    """What is known of a run of which not all chains were finished."""

    why: Annotated[str, "why it ended"]
    finished: Annotated[int, "chains that the figures are of"]
    chains: Annotated[int, "chains that were asked for"]


class Report(Record):
    """Answers to a question, with intervals."""

    inputs: Annotated[dict[str, InputReport], "by variable"]
    outputs: Annotated[dict[str, _ReportedOutput], "by variable"]
    events: list[EventReport]
    suffices: Annotated[
        dict[str, list[Sufficient]], "what of a resource that was asked for suffices, by resource"
    ]
    evidence: Annotated[Evidence | None, "null without evidence"]
    search: NotRequired[_Search]
    incomplete: NotRequired[Incomplete]


class _Variable(TypedDict):
    """A variable."""

    units: Units
    long_name: str
    range: Annotated[str, "the values that it can have, in words; any where none are declared"]


_Equation = TypedDict(
    "_Equation",
    {
        "name": str,
        "computes": Annotated[str, "a variable"],
        "from": Annotated[list[str], "variables"],
        "subject": str,
        "summary": str,
        "references": list[str],
    },
)
_Equation.__doc__ = "An equation."


class ModelReport(TypedDict):
    """The model's variables and equations."""

    variables: dict[str, _Variable]
    equations: list[_Equation]
    hash: Annotated[str, "SHA-256 of the equations"]


class _Reached(_Variable):
    """A variable, and how the question reaches it."""

    origin: Origin


class Explanation(TypedDict):
    """How a question is answered: variables that are reached, and equations in their order."""

    outputs: list[str]
    variables: dict[str, _Reached]
    equations: list[_Equation]
    hash: Annotated[str, "SHA-256 of the equations"]


class ErrorParts(TypedDict):
    """What is wrong, in parts; one that the message does not have is empty."""

    code: Annotated[str, "the kind of error"]
    where: Annotated[str, "the file with its line, the option, the variable or the text"]
    found: Annotated[str, "what stands there"]
    expected: Annotated[str, "what can stand there"]
    hint: Annotated[str, "what to do"]
    message: Annotated[str, "the whole message, as people read it"]


class Refusal(TypedDict):
    """Why there is no answer, on stderr."""

    error: ErrorParts
    more: Annotated[list[ErrorParts], "further faults"]


class Scenarios(TypedDict):
    """The shipped scenarios."""

    scenarios: Annotated[dict[str, str], "titles by name"]


class ChipFigure(TypedDict):
    """A figure of a chip with its source."""

    figure: Annotated[str, "what it is of, such as a peak, a fact or a price"]
    value: Annotated[str, "a figure or an interval, in `units`"]
    units: Annotated[str, "the units of `value`"]
    date: Annotated[str, "of a price; of a date, what it is of"]
    source: str
    note: str
    where: Annotated[str, "file and line"]


class ChipReport(TypedDict):
    """A chip of the catalogue."""

    product: Annotated[str, "its name with the maker"]
    family: str
    announced: Annotated[bool, "whether nothing but an announcement stands behind it"]
    date: str
    ratios: Annotated[dict[str, float], "printed over dense peak, by number format"]
    scenarios: Annotated[list[str], "names, one for each number format"]
    summary: Annotated[list[str], "cells of its row in the table of all"]
    figures: list[ChipFigure]


class ChipsReport(TypedDict):
    """The catalogue of chips, or one of them."""

    chips: Annotated[dict[str, ChipReport], "by name"]


class PriorsReport(TypedDict):
    """A scenario's priors."""

    scenario: str
    title: str
    inputs: dict[str, InputReport]
