"""A question with the analyses of the command line as methods, in its words.

`Problem` of `uncertain_scale.model` knows nothing of what is done with it, as it lies below the
analyses; the one here is the same with methods that call them. Each makes the same calls as the
command of its name, so that its figures are the same to the bit.
"""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from uncertain_scale import model as models
from uncertain_scale.analysis.events import parse_event
from uncertain_scale.analysis.query import Query
from uncertain_scale.analysis.sensitivity.study import SCALES
from uncertain_scale.api.results import Answer, Result
from uncertain_scale.errors import QuestionError, by_name, nearest, several
from uncertain_scale.inputs import Priors, load_priors
from uncertain_scale.inputs.chip_scenarios import chip_scenario
from uncertain_scale.model.question import BELIEVED, NAMES
from uncertain_scale.sampling import Design

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.conditioning import Method
    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.sensitivity.study import Scale
    from uncertain_scale.analysis.swept import Spacing

__all__ = ["Problem", "ask", "backtest", "claims", "names_stated", "refuse_misspelt"]

_PROBS = (0.9, 0.5, 0.95)
_GIVENS = ("budget", "gpus", "training_time", "training_flop", "date")
_EVENTS = 'events, such as ["training_flop >= 1e26"]'
_SCENARIOS = 'scenarios or prior files, such as "h100-dense-fp8"'
_FILES = 'files, such as ["my.toml"]'


@dataclass(frozen=True, eq=False)
class Problem(models.Problem):
    """A model, what is believed, and what is asked of them, with all that can be done with it.

    `ask` makes one from words, `Model.ask` from a model of one's own. Each method returns a result
    that a notebook shows, with `to_frame()`, `to_dict()`, `plot` and `save(folder)`.

    Parameters
    ----------
    model, priors, question
        As for `uncertain_scale.model.Problem`.
    design
        How draws are made.
    events
        Events whose probabilities are wanted, such as `training_flop >= 1e26`.
    query
        The words that made it; None where it was made of parts.

    Examples
    --------
    >>> problem = ask(budget="100M", outputs=["training_flop"], draws=512)
    >>> answer = problem.run()
    >>> answer["training_flop"].dims
    ('chain', 'draw')
    >>> answer.to_frame().query("kind == 'answer'")["name"].unique().tolist()
    ['training_flop']
    """

    design: Design = field(default_factory=Design)
    events: tuple[str, ...] = ()
    query: Query | None = None

    def run(
        self,
        *,
        prob: Sequence[float] = _PROBS,
        evidence: Sequence[str | Path] = (),
        method: Method = "auto",
    ) -> Answer:
        """Answer with draws, made once; the result holds them and is shown as the report.

        Parameters
        ----------
        prob
            Probabilities of the intervals; the first is shown.
        evidence
            Evidence files, or names of shipped ones, by which the priors are updated.
        method
            How the posterior is found: `auto`, `importance` or `smc`.

        Raises
        ------
        UncertainScaleError
            The question cannot be answered, or the evidence has faults.

        Examples
        --------
        >>> answer = ask(budget="100M", gpus="25k", scenario="post-2024-07").run()
        >>> print(repr(answer).splitlines()[0])
        Given budget = 100M USD, gpus = 25k gpu
        """
        from uncertain_scale.sampling.sample import sample_arrays

        problem = self._dated()
        files = _evidence(evidence)
        if files:
            return problem._answer("report", problem._given_evidence(files, method), prob)  # noqa: SLF001 (its own kind)
        return problem._answer("report", sample_arrays(problem, problem.design), prob)  # noqa: SLF001 (as above)

    def update(
        self,
        *evidence: str | Path,
        method: Method = "auto",
        prob: Sequence[float] = _PROBS,
    ) -> Answer:
        """Update the priors by observed facts, and tell what moved.

        Observations with a fault are left out with a warning, where there are others.

        Parameters
        ----------
        *evidence
            Evidence files, or names of shipped ones, such as "h100-clusters".
        method, prob
            As in `run`.

        Raises
        ------
        EvidenceError
            All observations have faults, or cannot be believed.
        """
        if not evidence:
            raise QuestionError('update takes evidence files or names, such as "h100-clusters"')
        tree = self._given_evidence(_evidence(evidence), method, keep_sound=True)
        answer = self._answer("update", tree, prob)
        _warn("left out", answer.document["evidence"]["left_out"])
        return answer

    def sensitivity(
        self,
        *of: str,
        on: Scale = "value",
        group: Mapping[str, Sequence[str]] | None = None,
        second_order: bool = False,
        loss: str | None = None,
        evidence: Sequence[str | Path] = (),
    ) -> Result:
        """Rank the inputs by how much of an answer's spread each accounts for.

        Parameters
        ----------
        *of
            Outputs looked at; all that are asked for by default.
        on
            Whether variance is that of the `value` or of its `log`.
        group
            Inputs taken as one in Sobol' indices, by the group's name.
        second_order
            Whether Sobol' indices of pairs are wanted.
        loss
            What a wrong answer to the one event costs: "false yes=20M USD, false no=5M USD".
        evidence
            As in `run`: what can then be said of inputs that it ties together.

        Returns
        -------
        Result
            `data` is the dataset of `analysis.sensitivity.sensitivity`.

        Raises
        ------
        QuestionError
            No input moves an output, or what is asked makes no sense together.

        Examples
        --------
        >>> ranked = ask(budget="100M", draws=512).sensitivity("training_flop")
        >>> ranked.to_frame().query("measure == 'shapley'")["input"].iloc[0]
        'mfu'
        """
        from uncertain_scale.analysis import sensitivity as analysis
        from uncertain_scale.report.sensitivity_report import sensitivity_document
        from uncertain_scale.sampling import sample

        if on not in SCALES:
            raise QuestionError(f"on = {on!r:.40}; expected one of {', '.join(SCALES)}")
        files, events = _evidence(evidence), self._events()
        if loss is not None and len(events) != 1:
            raise QuestionError(f"loss is of one event; found {len(events)}: ask(event=…)")
        if files:
            if group or loss is not None:
                raise QuestionError("group and loss do not go with evidence; drop them or it")
            return self._dependent(files, of, on)
        found = analysis.sensitivity(
            self, self.design, of=of, groups=group, second_order=second_order
        )
        analysis.refuse_unmoved(found)
        thresholds = [event.threshold() for event in events]
        units = self.model.variables
        stated = None if loss is None else analysis.parse_loss(loss, units[thresholds[0][0]])
        decisions = [
            analysis.decision_value(
                self,
                self.design,
                output=name,
                threshold=threshold,
                direction=sign,
                loss=stated,
                groups=group,
            )
            for name, sign, threshold in thresholds
        ]
        tree, judged = sample(self, self.design), list(zip(events, decisions, strict=True))
        return Result("sensitivity", sensitivity_document(tree, found, on, judged, stated), found)

    def _dependent(self, files: Sequence[str | Path], of: Sequence[str], on: Scale) -> Result:
        from uncertain_scale.analysis.conditioning import posterior_sensitivity
        from uncertain_scale.report.posterior_reports import dependent_document

        tree = self._given_evidence(files, "auto")
        found = posterior_sensitivity(tree, of=of, on=on)
        document = dependent_document(tree, found, self._events())
        return Result("sensitivity given evidence", document, found)

    def compare(
        self,
        *others: str | Path | Priors | models.Problem,
        chips: Sequence[str] = (),
        couple: Sequence[str] = (),
        evidence: Sequence[str | Path] = (),
        prob: Sequence[float] = _PROBS,
    ) -> Result:
        """Hold other scenarios against the question's own, draw by draw.

        Parameters
        ----------
        *others
            Scenarios, prior files, or priors of the same model.
        chips
            Chips of the catalogue, such as "GB200", whose scenarios are compared too.
        couple
            How inputs that differ depend on one another: "shared", "independent" or a rank
            correlation, for all or as "input=…".
        evidence
            As in `run`: each scenario is updated, and medians are compared.
        prob
            Probabilities of the intervals.

        Returns
        -------
        Result
            `data` is a list of `Comparison`, or the trees where there is evidence.

        Raises
        ------
        QuestionError
            There is nothing to compare with, or a scenario answers otherwise.

        Examples
        --------
        >>> problem = ask(budget="100M", scenario="h100-dense-fp8", outputs=["training_flop"])
        >>> float(problem.compare("h100-sparse-fp8").data[0].ratio["median"][0])
        2.0
        """
        named = [*others, *map(chip_scenario, several("chips", chips, str, 'such as ["GB200"]'))]
        if not named:
            raise QuestionError(
                "compare takes at least one other scenario, such as gb200-dense-fp8"
            )
        problems = self._beside(named)
        files = _evidence(evidence)
        if files:
            from uncertain_scale.report.posterior_reports import evidence_comparison_document

            trees = [one._given_evidence(files, "auto") for one in problems]  # noqa: SLF001 (its own kind)
            document = evidence_comparison_document(trees, list(prob), self._events())
            return Result("compare given evidence", document, trees)
        from uncertain_scale.analysis.comparison import compare as hold_against
        from uncertain_scale.report.comparison_report import comparison_document

        first, *rest = problems
        tree, found = hold_against(
            first,
            [one.priors for one in rest],
            self.design,
            probs=prob,
            events=self._events(),
            couple=couple,
        )
        return Result("compare", comparison_document(tree, found, prob), found)

    def sweep(
        self,
        *,
        points: int | Mapping[str, int] | None = None,
        steps: Spacing = "auto",
        prob: Sequence[float] = _PROBS,
        **given: Any,
    ) -> Result:
        """Answer at many values of one or two givens, on the same draws.

        Parameters
        ----------
        points
            Points of a range, or of each by variable; 25 for one range, 9 each for two.
        steps
            Spacing of a range: `log`, `linear`, or `auto`.
        prob
            Probabilities of the intervals.
        **given
            By variable a range ("10M..1B") or a list; other values stand as given.

        Returns
        -------
        Result
            `data` is the dataset that `uncertain_scale.sweep` returns.

        Raises
        ------
        UncertainScaleError
            A range cannot be read, or no answer depends on it.

        Examples
        --------
        >>> swept = ask(outputs="gpu_hours", scenario="post-2024-07").sweep(budget="2M, 4M")
        >>> swept.data["median"].values.ravel().tolist()
        [1000000.0, 2000000.0]
        """
        from uncertain_scale.analysis.sweep import Sweep, last_point
        from uncertain_scale.analysis.swept import read_axes
        from uncertain_scale.report.sweep_report import sweep_document

        fixed, axes = read_axes({**self._stated_givens(), **given}, points=points, spacing=steps)
        problem = self._giving(last_point(fixed, axes))
        study = Sweep(problem, self.design, axes)
        found = study.summarize(probs=prob, events=self._events())
        return Result("sweep", sweep_document(study.tree(), found, axes), found)

    def decide(
        self,
        plan: str | Path | None = None,
        *,
        maximise: str | Sequence[str] = (),
        minimise: str | Sequence[str] = (),
        limit: str | Sequence[str] = (),
        pilot: str | Sequence[str] = (),
        **options: str | Sequence[str],
    ) -> Result:
        """Choose among options under limits, on the same draws.

        Parameters
        ----------
        plan
            A file of options, goals and limits.
        maximise, minimise
            Goals: a variable, mean(…), log(…), q05(…) or P(…); of two the first chooses.
        limit
            What an option must meet, such as "facility_power <= 150 MW with 90%".
        pilot
            Measurements to weigh, such as "mfu +- 10% for 1M USD".
        **options
            What may be chosen, by name: `chip=["H100", "GB200"]`, `gpus="10k..100k:10"`.

        Returns
        -------
        Result
            `data` is a `Choice`.

        Raises
        ------
        QuestionError
            There is nothing to choose, or no goal.
        """
        from uncertain_scale.analysis.decide_search import choose
        from uncertain_scale.analysis.option_grid import read_choice
        from uncertain_scale.inputs.option_files import Options, read_options
        from uncertain_scale.report.decide_report import choice_document

        typed = Options(
            [],
            [f"{name}={_listed(name, values)}" for name, values in options.items()],
            _texts("maximise", maximise),
            _texts("minimise", minimise),
            _texts("limit", limit),
            _texts("pilot", pilot),
        )
        file = Options() if plan is None else read_options(Path(plan))

        def asked(
            scenario: str | None, given: Mapping[str, str], wanted: Sequence[str]
        ) -> models.Problem:
            return self._giving({**self._stated_givens(), **given}, scenario, tuple(wanted))

        scenario = self.query.scenario if self.query else None
        try:
            stated = read_choice(file.beside(typed), asked, scenario=scenario)  # type: ignore[arg-type]
        except QuestionError as error:  # which names options as the command line does
            raise QuestionError(str(error).replace("--", "")) from None
        found = choose(stated, self.design)
        return Result("decide", choice_document(found), found)

    def _events(self) -> list[Event]:
        if self.query is not None:
            return self.query.events_in(self.model.variables)
        return [parse_event(text, self.model.variables) for text in self.events]

    def _answer(
        self, kind: Literal["report", "update"], drawn: Any, prob: Sequence[float]
    ) -> Answer:
        from uncertain_scale.report import report_document
        from uncertain_scale.report.html.parts import background_of

        document = report_document(drawn, probs=prob, events=self._events())
        behind = {
            "plan": self.plan,
            "priors": {name: self.believed.inputs[name] for name in self.plan.inputs},
            "background": lambda: background_of(self, self.design, document),
        }
        return Answer(kind, document, drawn, behind, problem=self)

    def _given_evidence(
        self, files: Sequence[str | Path], method: Method, *, keep_sound: bool = False
    ) -> xr.DataTree:
        from uncertain_scale.analysis.conditioning import condition

        return condition(self, self.design, files, method=method, keep_sound=keep_sound)

    def _dated(self) -> Problem:
        """Return the problem, its date sought where two givens contradict each other without."""
        if self.query is None or (dated := self.query.dated(self)) is self.query:
            return self
        return _problem(dated, self.design)

    def _stated_givens(self) -> Mapping[str, Any]:
        if self.query is not None:
            return self.query.given
        return {name: one.provenance.stated for name, one in self.question.given.items()}

    def _giving(
        self,
        given: Mapping[str, Any],
        scenario: str | None = None,
        outputs: tuple[str, ...] = (),
    ) -> Problem:
        """Return the problem with other givens, and where named another scenario and outputs."""
        if self.query is not None:
            outputs = outputs or self.query.outputs
            scenario = scenario or self.query.scenario  # type: ignore[assignment]
            asked = replace(self.query, given=given, scenario=scenario, outputs=outputs)
            return _problem(asked, self.design)
        question = models.ask(
            self.model,
            given,
            outputs=outputs or self.question.outputs,
            free=self.question.free,
            also=self.question.also,
            as_of=self.question.as_of,
        )
        priors = self.priors if scenario is None else self._priors_of(scenario)
        return replace(self, question=question, priors=priors)

    def _beside(self, others: Sequence[Any]) -> list[Problem]:
        """Return the problem under its own scenario and under others."""
        named = all(isinstance(one, str | Path) for one in others)
        if named and self.query is not None:
            alone = self.query.priors and not self.query.scenario
            first = self.query.scenario or (self.query.priors[0] if alone else "base")
            rest = self.query.priors[1:] if alone else self.query.priors
            scenarios = [first, *others]
            asked = [replace(self.query, scenario=one, priors=rest) for one in scenarios]
            return [_problem(one, self.design, scenarios) for one in asked]
        return [self, *(replace(self, priors=self._priors_of(one)) for one in others)]

    def _priors_of(self, other: str | Path | Priors | models.Problem) -> Priors:
        if isinstance(other, models.Problem):
            other = other.priors
        if isinstance(other, Priors):
            return other.in_units_of(self.model.variables)
        several("others", other, (str, Path), _SCENARIOS)
        return load_priors(other, variables=self.model.variables)


def _problem(query: Query, design: Design, beside: Sequence[str | Path] = ()) -> Problem:
    made = query.problem(beside)
    return Problem(made.model, made.priors, made.question, design, query.events, query)


def _evidence(files: Sequence[str | Path]) -> tuple[str | Path, ...]:
    return several("evidence", files, (str, Path), 'evidence files, such as ["h100-clusters"]')


def _texts(option: str, stated: str | Sequence[str]) -> tuple[str, ...]:
    return several(option, stated, str, 'text, such as "training_flop"')


def _listed(name: str, values: Any) -> str:
    """Return the values of an option as they are typed."""
    if isinstance(values, str):
        return values
    return ", ".join(map(str, several(name, values, (str, int, float), "values to choose among")))


def _warn(what: str, faults: Iterable[object]) -> None:
    if lines := "\n".join(map(str, faults)):
        warnings.warn(f"{what}:\n{lines}", stacklevel=3)


def refuse_misspelt(names: Iterable[str], words: Iterable[str], error: QuestionError) -> None:
    """Refuse a name that is no variable and was meant for a word.

    Raises QuestionError: naming the word, in the place of an error that names a variable.
    """
    for name in names:
        hint = nearest(name, words)
        if str(error).startswith(f"'{name}' is not a variable") and hint.startswith("did"):
            raise QuestionError(f"'{name}' is neither a variable nor an option; {hint}") from None


@overload
def ask(
    model: models.Model,
    given: Mapping[str, Any],
    *,
    outputs: Iterable[str] = (),
    free: Iterable[str] = (),
    also: Iterable[str] = (),
    as_of: str | dt.date | None = None,
) -> models.Question: ...


@overload
def ask(
    *,
    budget: Any = None,
    gpus: Any = None,
    training_time: Any = None,
    training_flop: Any = None,
    date: Any = None,
    given: Mapping[str, Any] | None = None,
    set: Mapping[str, Any] | None = None,
    free: str | Sequence[str] = (),
    outputs: str | Sequence[str] = (),
    event: str | Sequence[str] = (),
    scenario: str | Path | None = None,
    chip: str | None = None,
    number_format: str | None = None,
    priors: str | Path | Sequence[str | Path] = (),
    equations: str | Path | Sequence[str | Path] = (),
    extends_builtin: bool = False,
    as_of: str | dt.date | None = None,
    draws: int = 4096,
    chains: int = 16,
    design: Literal["sobol", "lhs", "random"] = "sobol",
    seed: int = 0,
    **variables: Any,
) -> Problem: ...


def ask(  # noqa: PLR0913 (each is one option of the command line)
    model: Any = None,
    given: Mapping[str, Any] | None = None,
    *,
    budget: Any = None,
    gpus: Any = None,
    training_time: Any = None,
    training_flop: Any = None,
    date: Any = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the command's word)
    free: Any = (),
    outputs: Any = (),
    also: Iterable[str] = (),
    event: Any = (),
    scenario: str | Path | None = None,
    chip: str | None = None,
    number_format: str | None = None,
    priors: Any = (),
    equations: Any = (),
    extends_builtin: bool = False,
    as_of: str | dt.date | None = None,
    draws: int = 4096,
    chains: int = 16,
    design: Literal["sobol", "lhs", "random"] = "sobol",
    seed: int = 0,
    **variables: Any,
) -> Problem | models.Question:
    """Ask, in the words of the command line: `ask(budget="100M", scenario="base")`.

    With a model and givens in front it reads a `Question` to that model alone, as
    `uncertain_scale.model.ask` does.

    Parameters
    ----------
    budget, gpus, training_time, training_flop, date
        What is known, as people type it: "100M", "25k", 8e7, "80M to 120M", `to(80, 120, "day")`.
    given, **variables
        Any other variable that is known.
    set
        Inputs whose priors are replaced, such as `{"mfu": "0.3 to 0.5"}`; values as in `Model`.
    free
        Inputs to be solved for.
    outputs
        Variables wanted; the model's headline by default, everything reachable for "all".
    event
        Events whose probabilities are wanted, such as "training_flop >= 1e26".
    scenario
        A shipped scenario or a prior file; `base` unless `priors` stand alone.
    chip, number_format
        The scenario of a chip such as "GB300", in "bf16", "fp8" or "fp4".
    priors
        Prior files laid over the scenario.
    equations, extends_builtin
        Files of equations of one's own, which with priors of their own are free of the built-in
        ones unless `extends_builtin`.
    as_of
        Day to which the ages of figures are counted.
    draws, chains, design, seed
        As in `Design`.

    Returns
    -------
    Problem
        On which `run`, `sensitivity`, `compare`, `sweep`, `update` and `decide` are asked for.

    Raises
    ------
    UncertainScaleError
        Anything that is wrong with the names, the values or the files.

    Examples
    --------
    >>> answer = ask(budget="100M", set={"mfu": "0.3 to 0.5"}, draws=512).run()
    >>> float(answer.probability("training_flop >= 1e24"))
    1.0
    """
    if model is not None:
        if not isinstance(model, models.Model):
            found = f"{type(model).__name__} {model!r:.40}"
            raise QuestionError(f'ask: found {found}; expected words, such as budget="100M"')
        return models.ask(model, given or {}, outputs=outputs, free=free, also=also, as_of=as_of)
    if chip is not None and scenario is not None:
        raise QuestionError(f"chip {chip[:40]} is a scenario of its own; drop it or {scenario}")
    if number_format is not None and chip is None:
        raise QuestionError("number_format says how a chip trains; name it by chip")
    own = zip(_GIVENS, (budget, gpus, training_time, training_flop, date), strict=True)
    named = {name: value for name, value in own if value is not None}
    other = {**by_name("given", given), **variables}
    for name in named.keys() & other.keys():
        raise QuestionError(f"{name} is given twice; keep one")
    asked = Query(
        given={**other, **named},
        changes=by_name("set", set, BELIEVED),
        free=several("free", free, str, NAMES),
        outputs=names_stated(outputs),
        events=several("event", event, str, _EVENTS),
        scenario=scenario if chip is None else chip_scenario(chip, number_format),
        priors=several("priors", priors, (str, Path), _FILES),
        equations=several("equations", equations, (str, Path), _FILES),
        extends_builtin=extends_builtin,
        as_of=as_of,
    )
    drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)
    try:
        return _problem(asked, drawn)
    except QuestionError as error:
        refuse_misspelt(variables, inspect.signature(ask).parameters, error)
        raise


def names_stated(stated: str | Sequence[str]) -> tuple[str, ...]:
    """Return names in a list, or in text with commas between them."""
    if isinstance(stated, str):
        return tuple(name.strip() for name in stated.split(",") if name.strip())
    return several("outputs", stated, str, NAMES)


def claims(  # noqa: PLR0913 (each is one option of the command line)
    source: str | Path = "post-2024-07",
    *,
    scenario: str | Path | Sequence[str | Path] = (),
    chip: str | Sequence[str] = (),
    claim: str | Sequence[str] = (),
    equations: str | Path | Sequence[str | Path] = (),
    prob: Sequence[float] = (0.5, 0.9, 0.95),
    as_of: str | dt.date | None = None,
    draws: int = 4096,
    chains: int = 16,
    design: Literal["sobol", "lhs", "random"] = "sobol",
    seed: int = 0,
) -> Result:
    """Tell whether a document's claims follow from its own inputs, and where they fall in ours.

    Claims with a fault are left out with a warning.

    Parameters
    ----------
    source
        Shipped claims, or a claims file.
    scenario, chip
        Scenarios, and chips' scenarios, to judge under besides.
    claim
        Names of claims; all by default.
    equations
        Files of equations of one's own.
    prob, as_of, draws, chains, design, seed
        As in `ask` and `Problem.run`.

    Returns
    -------
    Result
        `data` is what `check_claims` returns.

    Raises
    ------
    UncertainScaleError
        The files have faults, or there is no such claim.

    Examples
    --------
    >>> held = claims("post-2024-07", claim="flop-bf16", draws=64, chains=4)
    >>> [one["name"] for one in held.to_dict()["claims"]]
    ['flop-bf16']
    """
    from uncertain_scale.analysis.claims import check_claims, model_for
    from uncertain_scale.inputs.claim_files import load_claims
    from uncertain_scale.model.model import OwnEquations
    from uncertain_scale.report.claims_report import claims_document

    own = OwnEquations.read(several("equations", equations, (str, Path), _FILES))
    chips = several("chip", chip, str, 'chips, such as ["GB200"]')
    scenarios = several("scenario", scenario, (str, Path), _SCENARIOS)
    judges = [*scenarios, *map(chip_scenario, chips)]
    names = several("claim", claim, str, "names of claims")
    stated = load_claims(source, own.variables).only(names)
    model = model_for(own, stated, judges)
    drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)
    found = check_claims(model, stated, drawn, scenarios=judges, probs=prob)
    document = claims_document(stated, found, model, drawn, prob, as_of=as_of)  # type: ignore[arg-type]
    _warn("left out", document["faults"])
    return Result("claims", document, found)


def backtest(  # noqa: PLR0913 (each is one option of the command line)
    runs: str | Path | None = None,
    *,
    scenario: str | Path | None = None,
    chip: str | None = None,
    number_format: str | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (the command's word)
    priors: str | Path | Sequence[str | Path] = (),
    one_prior: bool = False,
    trends: bool = False,
    as_of: str | dt.date | None = None,
    draws: int = 1024,
    chains: int = 16,
    design: Literal["sobol", "lhs", "random"] = "sobol",
    seed: int = 0,
) -> Result:
    """Test the priors: forecast published runs and score the forecasts.

    Rows of the table with a fault are left out with a warning.

    Parameters
    ----------
    runs
        A table of runs; the shipped one by default.
    one_prior
        Whether the scenario's mfu is used on every chip, not the fit of the chip's family.
    trends
        Test forecasts of the shipped trends, in place of the runs.
    scenario, chip, number_format, set, priors, as_of, draws, chains, design, seed
        As in `ask`.

    Returns
    -------
    Result
        `data` is what `analysis.backtest.backtest` returns.

    Raises
    ------
    UncertainScaleError
        The table or the priors have faults, or there is nothing to test.
    """
    if trends:
        from uncertain_scale.analysis.trend_backtest import backtest_shipped
        from uncertain_scale.report.trend_report import trends_document

        if runs or scenario or chip or set or priors or one_prior:
            raise QuestionError("trends tests the shipped series; drop all else")
        studied = backtest_shipped()
        return Result("backtest of trends", trends_document(studied), studied)
    from uncertain_scale.analysis.backtest import backtest as test_priors
    from uncertain_scale.inputs.runs import read_runs, shipped_runs
    from uncertain_scale.report.backtest_report import backtest_document

    table = shipped_runs() if runs is None else read_runs(Path(runs))
    problem = ask(
        scenario=scenario,
        chip=chip,
        number_format=number_format,
        set=set,
        priors=priors,
        draws=draws,
        chains=chains,
        design=design,
        seed=seed,
    )
    found = test_priors(problem.model, problem.priors, table, problem.design, one_prior=one_prior)
    _warn(f"{table.file}: rows left out", table.faults)
    document = backtest_document(found, problem.model, as_of=as_of)
    return Result("backtest", document, found)
