"""A question with the analyses of the command line as methods.

`Problem` of `uncertain_scale.model` knows nothing of what is done with it, as it lies below the
analyses; the one here is the same with methods that call them. Each makes the same calls as the
command of its name, so that its figures are the same to the bit.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from uncertain_scale import model as models
from uncertain_scale.analysis.events import parse_event
from uncertain_scale.analysis.sensitivity.study import SCALES
from uncertain_scale.api.results import Answer, Result
from uncertain_scale.errors import QuestionError, several
from uncertain_scale.inputs import Priors, load_priors
from uncertain_scale.inputs.chip_scenarios import chip_scenario
from uncertain_scale.sampling import Design

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.conditioning import Method
    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.query import Query
    from uncertain_scale.analysis.sensitivity.study import Scale
    from uncertain_scale.analysis.swept import Axis, Spacing

__all__ = ["UNWATCHED", "Problem", "Watch", "problem_of", "warn"]

_PROBS = (0.9, 0.5, 0.95)
SCENARIOS = 'scenarios or prior files, such as "h100-dense-fp8"'


class Watch(Protocol):
    """Who is told how far an analysis is, such as a progress bar."""

    def counting(self, total: int, noun: str, before: int = 0) -> Callable[[int], None]:
        """Return what is called with how many things are finished, besides those before."""

    def chains_of(self, design: Design) -> Callable[[int], None]:
        """Return what is called with how many chains are finished."""


class _Unwatched:
    def counting(self, *_: object) -> Callable[[int], None]:
        return lambda _: None

    chains_of = counting


UNWATCHED: Watch = _Unwatched()
"""Nobody is told."""


@dataclass(frozen=True, eq=False, repr=False)
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
    watch
        Who is told how far an analysis is.

    Examples
    --------
    >>> from uncertain_scale import ask
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
    watch: Watch = UNWATCHED

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
        >>> from uncertain_scale import ask
        >>> answer = ask(budget="100M", gpus="25k", scenario="post-2024-07").run()
        >>> print(repr(answer).splitlines()[0])
        Given budget = 100M USD, GPUs = 25k gpu
        """
        from uncertain_scale.sampling.sample import sample_arrays

        problem = self._dated()
        files = _evidence(evidence)
        if files:
            tree = problem.given_evidence(files, method)
            return replace(problem._answer("report", tree, prob), evidence=files, method=method)  # noqa: SLF001 (its own kind)
        counted = self.watch.chains_of(problem.design)
        drawn = sample_arrays(problem, problem.design, progress=counted)
        return problem._answer("report", drawn, prob)  # noqa: SLF001 (as above)

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
        files = _evidence(evidence)
        tree = self.given_evidence(files, method, keep_sound=True)
        answer = replace(self._answer("update", tree, prob), evidence=files, method=method)
        warn("left out", answer.document["evidence"]["left_out"])
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
        >>> from uncertain_scale import ask
        >>> ranked = ask(budget="100M", draws=512).sensitivity("training_flop")
        >>> ranked.to_frame().query("measure == 'shapley'")["input"].iloc[0]
        'mfu'
        """
        from uncertain_scale.analysis import sensitivity as analysis
        from uncertain_scale.report.sensitivity_report import sensitivity_document
        from uncertain_scale.sampling import sample

        if on not in SCALES:
            raise QuestionError(f"on = {on!r:.40}; expected one of {', '.join(SCALES)}")
        files, asked = _evidence(evidence), self._events()
        if loss is not None and len(self.events) != 1:
            raise QuestionError(f"loss is of one event; found {len(self.events)}: ask(event=…)")
        if files:
            if group or loss is not None:
                raise QuestionError("group and loss do not go with evidence; drop them or it")
            return self._dependent(files, of, on)
        thresholds = [event.threshold() for event in asked]
        units, design = self.model.variables, analysis.ranking_design(self, self.design, of)
        stated = None if loss is None else analysis.parse_loss(loss, units[thresholds[0][0]])
        passes = design.chains * (1 + len(thresholds))
        found = analysis.sensitivity(
            self,
            design,
            of=of,
            groups=group,
            second_order=second_order,
            progress=self.watch.counting(passes, "chains"),
        )
        analysis.refuse_unmoved(found)
        decisions = [
            analysis.decision_value(
                self,
                design,
                output=name,
                threshold=threshold,
                direction=sign,
                loss=stated,
                groups=group,
                progress=self.watch.counting(passes, "chains", number * design.chains),
            )
            for number, (name, sign, threshold) in enumerate(thresholds, start=1)
        ]
        tree, judged = sample(self, design), list(zip(asked, decisions, strict=True))
        return Result("sensitivity", sensitivity_document(tree, found, on, judged, stated), found)

    def _dependent(self, files: Sequence[str | Path], of: Sequence[str], on: Scale) -> Result:
        from uncertain_scale.analysis.conditioning import posterior_sensitivity
        from uncertain_scale.report.posterior_reports import dependent_document

        tree = self.given_evidence(files)
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
        >>> from uncertain_scale import ask
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
            return self.held_against([one.given_evidence(files) for one in problems], prob)
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
            progress=self.watch.counting(len(problems), "scenarios"),
        )
        return Result("compare", comparison_document(tree, found, prob), found)

    def held_against(self, trees: Sequence[xr.DataTree], prob: Sequence[float]) -> Result:
        """Compare the medians of what the same evidence makes of scenarios, the first's the base.

        Parameters
        ----------
        trees
            As `given_evidence` returns them.
        prob
            Probabilities of the intervals.
        """
        from uncertain_scale.report.posterior_reports import evidence_comparison_document

        document = evidence_comparison_document(trees, list(prob), self._events())
        return Result("compare given evidence", document, trees)

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
        >>> from uncertain_scale import ask
        >>> swept = ask(outputs="gpu_hours", scenario="post-2024-07").sweep(budget="2M, 4M")
        >>> swept.data["median"].values.ravel().tolist()
        [1000000.0, 2000000.0]
        """
        from uncertain_scale.analysis.sweep import last_point
        from uncertain_scale.analysis.swept import read_axes

        fixed, axes = read_axes({**self._stated_givens(), **given}, points=points, spacing=steps)
        return self._giving(last_point(fixed, axes)).over(axes, prob)

    def over(self, axes: Sequence[Axis], prob: Sequence[float]) -> Result:
        """Answer at all points of axes, of which the question has one; see `sweep`.

        Parameters
        ----------
        axes
            Givens of the question, and the values that they take.
        prob
            Probabilities of the intervals.
        """
        from uncertain_scale.analysis.sweep import Sweep
        from uncertain_scale.report.sweep_report import sweep_document

        study = Sweep(self, self.design, axes)
        counted = self.watch.counting(len(study.points), "points")
        found = study.summarize(probs=prob, events=self._events(), progress=counted)
        return Result("sweep", sweep_document(study.tree(), found, axes, study.some_paths()), found)

    def decide(  # noqa: PLR0913 (the options of the command)
        self,
        plan: str | Path | None = None,
        *,
        maximise: str | Sequence[str] = (),
        minimise: str | Sequence[str] = (),
        limit: str | Sequence[str] = (),
        pilot: str | Sequence[str] = (),
        group: str | Sequence[str] = (),
        **options: str | Sequence[str],
    ) -> Result:
        """Choose among options under limits, on the same draws.

        Parameters
        ----------
        plan
            A file of options, goals and limits.
        maximise, minimise
            Goals: a variable, mean(…), log(…), q05(…), P(…) or loss(…); of two the first chooses.
        limit
            What an option must meet, such as "facility_power <= 150 MW with 90%".
        pilot
            Measurements to weigh, such as "mfu +- 10% for 1M USD in 1,4,16 runs".
        group
            Inputs that would be known together, such as "cost=hourly_rate,mfu".
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
            _texts("group", group),
        )
        file = Options() if plan is None else read_options(Path(plan))

        def asked(
            scenario: str | None, given: Mapping[str, str], wanted: Sequence[str]
        ) -> models.Problem:
            return self._giving({**self._stated_givens(), **given}, scenario, tuple(wanted))

        scenario = self.query.scenario if self.query else None
        stated = read_choice(file.beside(typed), asked, scenario=scenario)  # type: ignore[arg-type]
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

    def given_evidence(
        self,
        files: Sequence[str | Path],
        method: Method = "auto",
        *,
        keep_sound: bool = False,
    ) -> xr.DataTree:
        """Return the draws of the priors that evidence updates, as `condition` does."""
        from uncertain_scale.analysis.conditioning import condition

        return condition(
            self,
            self.design,
            files,
            method=method,
            keep_sound=keep_sound,
            progress=self.watch.chains_of(self.design),
        )

    def _dated(self) -> Problem:
        """Return the problem, its date sought where two givens contradict each other without."""
        if self.query is None or (dated := self.query.dated(self)) is self.query:
            return self
        return problem_of(dated, self.design, watch=self.watch)

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
            return problem_of(asked, self.design, watch=self.watch)
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
            return [problem_of(one, self.design, scenarios, self.watch) for one in asked]
        return [self, *(replace(self, priors=self._priors_of(one)) for one in others)]

    def _priors_of(self, other: str | Path | Priors | models.Problem) -> Priors:
        if isinstance(other, models.Problem):
            other = other.priors
        if isinstance(other, Priors):
            return other.in_units_of(self.model.variables)
        several("others", other, (str, Path), SCENARIOS)
        return load_priors(other, variables=self.model.variables)


def problem_of(
    query: Query,
    design: Design,
    beside: Sequence[str | Path] = (),
    watch: Watch = UNWATCHED,
) -> Problem:
    """Return the question of a query, which is asked of the scenarios `beside` too."""
    made = query.problem(beside)
    return Problem(made.model, made.priors, made.question, design, query.events, query, watch)


def _evidence(files: Sequence[str | Path]) -> tuple[str | Path, ...]:
    return several("evidence", files, (str, Path), 'evidence files, such as ["h100-clusters"]')


def _texts(option: str, stated: str | Sequence[str]) -> tuple[str, ...]:
    return several(option, stated, str, 'text, such as "training_flop"')


def _listed(name: str, values: Any) -> str:
    """Return the values of an option as they are typed."""
    if isinstance(values, str):
        return values
    return ", ".join(map(str, several(name, values, (str, int, float), "values to choose among")))


def warn(what: str, faults: Iterable[object]) -> None:
    """Warn of what was left out, with its faults, a line each."""
    if lines := "\n".join(map(str, faults)):
        warnings.warn(f"{what}:\n{lines}", stacklevel=3)
