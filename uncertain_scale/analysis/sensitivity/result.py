"""Every method of sensitivity analysis, each by itself or all at once as one labelled dataset."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.events import Event, happened, probability, share_of
from uncertain_scale.analysis.sensitivity.decision import Decision
from uncertain_scale.analysis.sensitivity.methods import (
    CONSTANT,
    IntervalReduction,
    RankCorrelation,
    Swing,
    VarianceCheck,
    run_methods,
)
from uncertain_scale.analysis.sensitivity.shapley import Shapley
from uncertain_scale.analysis.sensitivity.sobol import Sobol, known_sets
from uncertain_scale.analysis.sensitivity.study import SCALES, make_study
from uncertain_scale.errors import QuestionError
from uncertain_scale.model.problem import takes_problem
from uncertain_scale.sampling import sample
from uncertain_scale.sampling.branches import rare_facts
from uncertain_scale.sampling.chains import by_chain
from uncertain_scale.sampling.moment_facts import moment_facts
from uncertain_scale.statistics.moments import Facts
from uncertain_scale.statistics.outputs import all_draws
from uncertain_scale.units.rounding import SIGNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

    from uncertain_scale.analysis.events import Probability
    from uncertain_scale.analysis.sensitivity.loss import Loss
    from uncertain_scale.analysis.sensitivity.methods import Method
    from uncertain_scale.analysis.sensitivity.study import Scale
    from uncertain_scale.model import Problem
    from uncertain_scale.sampling.design import Design
    from uncertain_scale.units.rounding import Sign

_NO_MEAN = 0.95  # 1, but for the slope between two points of the tail

__all__ = [
    "decision_value",
    "interval_reduction",
    "rank_correlation",
    "refuse_unmoved",
    "sensitivity",
    "shapley_effects",
    "sobol_indices",
    "swing",
]


@takes_problem
def sensitivity(  # noqa: PLR0913 (a question, how to draw, and what to look at)
    problem: Problem,
    design: Design,
    *,
    of: Sequence[str] = (),
    on: Sequence[Scale] = SCALES,
    groups: Mapping[str, Sequence[str]] | None = None,
    second_order: bool = False,
    progress: Callable[[int], object] | None = None,
) -> xr.Dataset:
    """Say which inputs drive the answers to a question, by every method, in one run.

    Parameters
    ----------
    model
        The equations.
    priors
        The scenario, in the model's units.
    question
        What is given and what is wanted.
    design
        How draws are made; each chain makes every estimate, and their spread gives the errors.
    of
        The outputs looked at; all that the question asks for by default.
    on
        Scales on which outputs are looked at: `value`, `log`, or both.
    groups
        Inputs to be taken as one by Sobol' indices, by the group's name.
    second_order
        Whether Sobol' indices of pairs are wanted.
    progress
        Told how many chains are finished, now and then.

    Returns
    -------
    xarray.Dataset
        Dims `output`, `input` (a joint sample is one, named by its inputs), `group` (independent
        groups of inputs, whose `members` are listed), `scale` and `end`. Each estimate X comes with
        `X_mcse`, its Monte Carlo error, `X_low` and `X_high`, its 95% interval, and
        `X_unresolved`, which says so where that interval holds 0.

        - `first`, `total` (output, group, scale), `second` (output, group, group_2, scale): Sobol'
          indices; nan where the group is not one of the output's own.
        - `shapley`, `variance_reduction` (output, input, scale): shares of variance that add up to
          1, and the share that would go if the input were known; `shapley_sum` (output, scale).
        - `log_variance_share` (output, input): the Shapley effects on the log scale.
        - `rank`, `rank_share` (output, input, scale): the place by Shapley effect and the share of
          chains in which it holds; nan for an input that an output is not computed from.
        - `median` (output), `interval` (output, end) and, with the input held at its 5% and 95%
          quantile, `swing_low_median`, `swing_high_median` (output, input), `swing_low_interval`,
          `swing_high_interval` (output, input, end).
        - `rank_correlation` (output, input): Spearman's.
        - `interval_reduction` (output, input, scale): by how much of its width the 90% interval is
          expected to narrow if the input were known.
        - `units` (output): in the model's.
        - `reason` (output, scale): why numbers are 0 or nan, or not to be trusted; else "".

    Raises
    ------
    QuestionError
        An unknown output or scale, a question that cannot be answered, or groups that overlap or
        tear dependent inputs apart.

    Examples
    --------
    >>> from uncertain_scale.inputs import load_priors
    >>> from uncertain_scale.model import ask, default_model
    >>> from uncertain_scale.sampling import Design
    >>> model = default_model()
    >>> priors = load_priors("base", variables=model.variables)
    >>> question = ask(model, {"budget": "100M"}, outputs=["training_flop"])
    >>> found = sensitivity(model, priors, question, Design(draws=1024))
    >>> order = found["rank"].sel(output="training_flop", scale="log")
    >>> found.input.values[np.argsort(order.values)].tolist()
    ['mfu', 'hourly_rate', 'precision_factor']
    """
    study = make_study(problem, design, of=of, on=on)
    methods: list[Method] = [
        VarianceCheck(),
        Sobol(study, groups or {}, second_order),
        Shapley(study),
        Swing(),
        RankCorrelation(),
        IntervalReduction(),
    ]
    found = _explain_gaps(run_methods(study, methods, progress))
    units = [str(problem.model.variables[name]) for name in study.outputs]
    return found.assign(units=("output", units))


@takes_problem
def sobol_indices(
    problem: Problem,
    /,
    design: Design,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    second_order: bool = False,
    **options: Any,
) -> xr.Dataset:
    """Return Sobol' indices alone; as `sensitivity`, whose `of` and `on` are taken too."""
    study = make_study(problem, design, **options)
    return _explain_gaps(
        run_methods(study, [VarianceCheck(), Sobol(study, groups or {}, second_order)])
    )


@takes_problem
def shapley_effects(problem: Problem, /, design: Design, **options: Any) -> xr.Dataset:
    """Return Shapley effects and ranking alone; as `sensitivity`, with its `of` and `on`."""
    study = make_study(problem, design, **options)
    return _explain_gaps(run_methods(study, [VarianceCheck(), Shapley(study)]))


@takes_problem
def swing(problem: Problem, design: Design, *, of: Sequence[str] = ()) -> xr.Dataset:
    """Return the swing of outputs alone; as `sensitivity`."""
    return run_methods(make_study(problem, design, of=of), [Swing()])


@takes_problem
def rank_correlation(problem: Problem, design: Design, *, of: Sequence[str] = ()) -> xr.Dataset:
    """Return Spearman's rank correlations alone; as `sensitivity`."""
    return run_methods(make_study(problem, design, of=of), [RankCorrelation()])


@takes_problem
def interval_reduction(problem: Problem, /, design: Design, **options: Any) -> xr.Dataset:
    """Return what knowing an input does to intervals alone; as `sensitivity`."""
    study = make_study(problem, design, **options)
    return run_methods(study, [IntervalReduction()])


@takes_problem
def decision_value(  # noqa: PLR0913 (a question, how to draw, and the event)
    problem: Problem,
    design: Design,
    *,
    output: str,
    threshold: float,
    direction: Sign = ">=",
    loss: Loss | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    progress: Callable[[int], object] | None = None,
) -> xr.Dataset:
    """Say how knowing each input would change the answer to a question with a threshold.

    The answer is the one of smaller expected loss; without a stated loss, yes if the event's
    probability is at least 1/2.

    Parameters
    ----------
    problem, design
        As in `sensitivity`.
    output, threshold, direction
        The event: `output direction threshold`, the threshold in the model's units.
    loss
        What a wrong answer costs, such as `parse_loss` reads it.
    groups
        Inputs that would be known together, by the group's name. Inputs that hang together need no
        group: what is not known is drawn as it is given what is.

    Returns
    -------
    xarray.Dataset
        `probability` of the event and `answer`, with `answer_unresolved`, which says so where the
        other one may be as good. By `input`, groups behind the inputs, `changes`, how often knowing
        it would change the answer. Without a loss, `gain`, by how much the probability of a right
        answer would rise. With one, in its units, which `attrs` hold: `expected_loss_yes` and
        `expected_loss_no` of either answer without knowing more, `evpi`, the expected value of
        perfect information, and by input `evppi`, that of partial perfect information: by how much
        the expected loss would fall if the input were known. Errors and intervals as in
        `sensitivity`. The probability is that of `analysis.events.probability`; what it only bounds
        has no error, but its ends in `_low` and `_high`.

    Raises
    ------
    QuestionError
        An unknown output, direction or member of a group, a threshold that is no number, or a loss
        that has no expectation.

    Examples
    --------
    >>> from uncertain_scale.analysis.sensitivity import parse_loss
    >>> from uncertain_scale.inputs import load_priors
    >>> from uncertain_scale.model import ask, default_model
    >>> from uncertain_scale.sampling import Design
    >>> model = default_model()
    >>> priors = load_priors("base", variables=model.variables)
    >>> question = ask(model, {"budget": "100M"})
    >>> loss = parse_loss("false yes=20M USD, false no=20M USD", "FLOP")
    >>> found = decision_value(
    ...     model, priors, question, Design(draws=1024), output="training_flop", threshold=5e25,
    ...     loss=loss,
    ... )
    >>> str(found["answer"].item()), str(found["evppi"].idxmax().item())
    ('no', 'mfu')
    """
    if direction not in SIGNS:
        raise QuestionError(f"'{direction}' compares nothing; expected one of >=, >, <=, <")
    if np.isnan(threshold):
        raise QuestionError(f"the threshold for {output} is not a number; give one in its units")
    study = make_study(problem, design, of=[output])
    facts = Facts()
    if loss is not None and loss.grows:
        told = moment_facts(study.plan, study.sampler)[output]
        facts = Facts.of({**told, **rare_facts(study.plan, study.sampler)[output]})
        if facts.tail_index >= _NO_MEAN:
            raise QuestionError(
                f"the mean of {output} does not exist, nor that of a loss that grows with its "
                "distance from the threshold; state a loss without 'per'"
            )
    event = Event(f"{output} {direction} {threshold:g}", output, direction, threshold)
    chance = _probability(problem, design, event)
    sets = known_sets(study, groups or {}, problem.priors.inputs)
    decision = Decision(threshold, chance, direction, loss, sets, facts=facts)
    found = run_methods(study, [decision], progress)
    losses = [float(found.get(f"expected_loss_{answer}", 0.0)) for answer in ("yes", "no")]
    if not np.isfinite(losses).all():
        raise QuestionError(
            f"{output} is not finite in all draws, so a loss that grows with its distance from the "
            "threshold has no expectation; state a loss without 'per'"
        )
    return found


def refuse_unmoved(found: xr.Dataset) -> None:
    """Refuse a ranking in which there is nothing to rank.

    Raises QuestionError: all that the outputs rest on is constant.
    """
    if (found["reason"] == CONSTANT).all():
        names = ", ".join(map(str, found["output"].values))
        raise QuestionError(
            f"no input moves {names}: all that it rests on is constant; ask for other outputs, or "
            "give an input a range, such as mfu = '0.2 to 0.5'"
        )


def _probability(problem: Problem, design: Design, event: Event) -> Probability:
    """Return the probability of an event about one output, as a report gives it."""
    (output,) = event.variables
    question = replace(problem.question, outputs=(output,), also=())
    draws = all_draws(sample(replace(problem, question=question), design))
    values = by_chain(draws[output])
    if not np.isfinite(values).all():  # of which no report is made
        return share_of(happened(event, {output: values}))
    return probability(event, draws)


def _explain_gaps(found: xr.Dataset) -> xr.Dataset:
    """Give the reason where a scale fails on points between the samples only."""
    name = "shapley" if "shapley" in found else "first"
    values, reasons = found[name].values, found["reason"].values
    gap = np.isnan(values).all(axis=1) & (values.shape[1] > 0) & (reasons == "")
    if not gap.any():
        return found
    words = "not positive and finite in all draws: no shares of variance"
    return found.assign(reason=(found["reason"].dims, np.where(gap, words, reasons)))
