"""When something is reached: the date solved for, where the rest of a question determines it.

All of a draw moves with the date on one curve, that of its levels, growth and shocks. The date is
the first at which the curve reaches what is given, so that P(date <= t) is the probability that the
level at t has reached it. A path of a random walk is ahead of that: it may reach the level before t
and fall back (first passage).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs.distributions import Constant
from uncertain_scale.inputs.prior import Prior, correlation_matrix
from uncertain_scale.model.calls import call
from uncertain_scale.model.equation import Equation
from uncertain_scale.model.invert import Product, product_of
from uncertain_scale.model.model import largest_possible
from uncertain_scale.units.dates import DATE, DATES, FIRST_DATE, HORIZON, NEVER, PASSAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uncertain_scale.model.problem import Plan, Problem
    from uncertain_scale.units.aliases import FloatArray

__all__ = ["When", "first_passage", "solve_date"]

_STEPS = 32  # between the first date and the horizon
_ROUNDS = 16  # of refinement, each of which halves the bracket at least every other time
_NEAR = 1e-9  # years, a thirtieth of a second
_SINCE = "_level_date"
_MIDDLE = np.array([0.5, 0.5])
_HALVINGS = 40  # of the horizon: to 1e-11 years
_SAME = 1e-9  # relative, of two values that are one
_MONEY = "USD"


class When:
    """How a date follows from a given, by a plan that leads from the date to it.

    Parameters
    ----------
    target
        The variable that reaches what is given.
    plan
        From a date, the other givens and the priors to the target.
    rises
        Whether the target rises with the date.
    given
        What is given of it, where that is another variable: one that it is the largest of.
    """

    def __init__(self, target: str, plan: Plan, *, rises: bool, given: str = "") -> None:
        self.target, self.plan, self._sign = target, plan, 1.0 if rises else -1.0
        self.given, self.bounds = given or target, bool(given)
        self._bound = "least" if rises else "most"
        self._dates = [name for name in plan.inputs if name.endswith(_SINCE)]
        self.arguments = (self.given, *(name for name in plan.inputs if name != DATE))

    def equation(self) -> Equation:
        """Return the equation of the date."""

        def function(*values: Any, **named: Any) -> Any:
            return self(named or dict(zip(self.arguments, values, strict=True)))

        function.__module__ = __name__
        function.__doc__ = (
            f"First date at which {self.target} is at {self._bound} "
            f"{f'the given {self.given}' if self.bounds else 'what is given'}.\n\nFrom the "
            f"earliest level on, up to {HORIZON:.0f}; {NEVER} stands for none before that."
        )
        name = f"{DATE}__from_{self.given}"
        return Equation(name, DATE, self.arguments, {DATE: DATES}, function, subject="trends")

    def __call__(self, known: Mapping[str, FloatArray]) -> FloatArray:
        """Return the date of each draw."""
        wanted = np.asarray(known[self.given], dtype=float)
        missing = self.missing(known, wanted)
        start = np.minimum.reduce([known[name] for name in self._dates])
        start = np.minimum(np.broadcast_to(start, wanted.shape), HORIZON)
        start = start[:1] if start.ndim == 1 and start.size and not np.ptp(start) else start
        dates = start + (HORIZON - start) * np.linspace(0, 1, _STEPS + 1)[:, None]
        over = missing(dates)
        dates = np.broadcast_to(dates, over.shape)
        met = (over >= 0).any(axis=0)
        first = np.argmax(over >= 0, axis=0)
        before = np.where(met, np.maximum(first - 1, 0), _STEPS)
        ends = [
            np.take_along_axis(found, place[None], axis=0)[0]
            for found in (dates, over)
            for place in (before, first)
        ]
        low, high, below, above = ends
        return np.where(met, self._refined(missing, low, high, below, above), NEVER)

    def missing(
        self, known: Mapping[str, FloatArray], wanted: FloatArray
    ) -> Callable[..., FloatArray]:
        """Return by how much the logarithm at dates is over the given: below 0 before.

        Dates have the draws as their last dim, all or those in some places, or are one for all.
        """
        values = {name: np.asarray(one, dtype=float) for name, one in known.items()}
        moving = []
        for step in self.plan.steps:
            if DATE in self.plan.reached[step.target].ancestors:
                moving.append(step)
            else:
                values[step.target] = _result(step, values)
        used = {name for step in moving for name in step.arguments} & values.keys()

        def missing(date: FloatArray, places: Any = ...) -> FloatArray:
            goal = wanted[places]
            at = {name: np.broadcast_to(values[name], wanted.shape)[places] for name in used}
            at[DATE] = date
            for step in moving:
                at[step.target] = _result(step, at)
            shape = np.broadcast_shapes(date.shape, goal.shape)
            found = np.broadcast_to(at[self.target], shape)
            with np.errstate(all="ignore"):
                over = np.where((found > 0) & (goal > 0), np.log(found / goal), found - goal)
            return np.asarray(self._sign * over)

        return missing

    @staticmethod
    def _refined(
        missing: Callable[..., FloatArray],
        low: FloatArray,
        high: FloatArray,
        below: FloatArray,
        above: FloatArray,
    ) -> FloatArray:
        """Return the crossing in brackets, by secants whose weight halves where an end stays.

        Reference: Dowell, M. and Jarratt, P. (1971), doi:10.1007/BF01934364 (Illinois).
        """
        inside = (below < 0) & (above >= 0)
        side = np.zeros(low.shape)
        for _ in range(_ROUNDS):
            inside &= (high - low > _NEAR) & (above != 0)  # each draw by itself, whatever beside it
            at = np.nonzero(inside)
            if not at[0].size:
                break
            start, span = low[at], high[at] - low[at]
            with np.errstate(all="ignore"):
                share = below[at] / (below[at] - above[at])
            share = np.where(np.isfinite(share), np.clip(share, 0, 1), 0.5)
            date = start + share * span
            here = missing(date, at)
            up = here >= 0
            halved = np.where(side[at] > 0, below[at] / 2, below[at])
            above[at] = np.where(up, here, np.where(side[at] < 0, above[at] / 2, above[at]))
            below[at] = np.where(up, halved, here)
            high[at], low[at] = np.where(up, date, high[at]), np.where(up, start, date)
            side[at] = np.where(up, 1.0, -1.0)
        return high


def _result(step: Equation, values: Mapping[str, FloatArray]) -> FloatArray:
    """Return what an equation gives; the package's own need no watching."""
    arguments = [values[name] for name in step.arguments]
    if step.builtin:
        return np.asarray(step.function(*arguments))
    shape = np.broadcast_shapes(*(one.shape for one in arguments))
    rows = [np.broadcast_to(one, shape).ravel() for one in arguments]
    return np.asarray(call(step, rows).reshape(shape))


def solve_date(problem: Problem) -> When:
    """Find the given that determines the date of a question.

    Parameters
    ----------
    problem
        A question that asks for the date, with trends.

    Raises
    ------
    QuestionError
        None of its givens does.
    """
    given, largest = problem.question.given, largest_possible()
    why = ""
    for target in [*given][::-1]:
        try:
            plan = _leads_to(problem, target, target)
        except QuestionError as error:
            why = why or f" ({error})"
            continue
        if plan is not None:
            return When(target, plan, rises=_rises(problem, plan, target))
    for name in (one for one in given if largest.get(one) in problem.model.variables):
        with suppress(QuestionError):
            if (plan := _leads_to(problem, largest[name], name)) is not None:
                return When(largest[name], plan, rises=True, given=name)
    raise QuestionError(
        f"the date is asked for, and nothing that is given moves with it{why}; give what is to be "
        "reached, such as training_flop, and what it is reached with, such as a budget"
    )


def _leads_to(problem: Problem, target: str, given: str) -> Plan | None:
    """Return the plan from a date and all givens but one to a variable; None where it is idle."""
    question = problem.question
    others = {name: one for name, one in question.given.items() if name != given}
    at = {**others, DATE: Prior(DATE, Constant(value=HORIZON), units=DATE)}
    free = tuple(name for name in question.free if name != DATE)
    asked = replace(question, given=at, outputs=(target,), free=free, also=())
    plan = replace(problem, question=asked).plan
    way = plan.reached[target]
    return plan if DATE in way.ancestors and set(others) <= way.ancestors else None


def first_passage(when: When, problem: Problem) -> Equation:
    """Return the equation of the date at which a path of a random walk first reaches a given.

    Where the given is a product of powers of trends, its logarithm is a Brownian motion with drift
    from the latest date of their levels on, and the time to the first passage has the inverse
    Gaussian law, or the part of it that is ever reached where the drift leads away. The scatter of
    single values about a trend is none of the path's.

    Parameters
    ----------
    when
        How the date follows by levels.
    problem
        The question.

    Raises
    ------
    QuestionError
        A trend that it rests on has periods, a return, a floor or a cap, or the given is no product
        of powers of trends.

    References
    ----------
    J. L. Folks and R. S. Chhikara (1978), The inverse Gaussian distribution and its statistical
    application: a review, doi:10.1111/j.2517-6161.1978.tb01039.x.
    """
    reached = when.plan.reached
    trends = [one for name, one in problem.priors.trends.items() if name in reached]
    trends = [one for one in trends if reached[one.name].origin == "equation"]
    kinds = ("reversion", "floor", "cap")
    for one in trends:
        if one.until or any(one.part(kind) in reached for kind in kinds):
            raise QuestionError(
                f"{FIRST_DATE}: the law of a first passage is known for trends of one growth, and "
                f"{one.name} has periods, a return, a floor or a cap; ask for {DATE}, by levels"
            )
    powers = _powers(when, [one.name for one in trends])
    missing = when.missing
    shocks = [one.part("shock") for one in trends]
    matrix = correlation_matrix(shocks, problem.priors.correlations)

    def function(*values: Any, **named: Any) -> Any:
        known = named or dict(zip(arguments, values, strict=True))
        wanted = np.asarray(known[when.given], dtype=float)
        start = np.maximum.reduce([known[one.part("level_date")] + 0 * wanted for one in trends])
        none = np.zeros(wanted.shape)
        scatters = (one.part("scatter") for one in trends)
        path = {**known, **{name: none for name in scatters if name in known}}
        over = missing(path, wanted)(start)
        plain = missing({**path, **{name: none for name in shocks if name in known}}, wanted)
        drift = plain(start + 1) - plain(start)
        steps = [
            power * known[one.part("volatility")] for one, power in zip(trends, powers, strict=True)
        ]
        variance = np.einsum("i...,ij,j...->...", steps, matrix, steps)
        span = _passage(-over, drift, np.sqrt(variance), known[PASSAGE], HORIZON - start)
        return np.where(over >= 0, start, np.where(np.isfinite(span), start + span, NEVER))

    arguments = (*when.arguments, *(() if PASSAGE in when.arguments else (PASSAGE,)))
    function.__module__ = __name__
    function.__doc__ = (
        f"Date at which a path first reaches {when.target}.\n\nBy the inverse Gaussian law of a "
        f"first passage from the latest level on; {NEVER} stands for none before {HORIZON:.0f}."
    )
    name = f"{FIRST_DATE}__from_{when.given}"
    return Equation(name, FIRST_DATE, arguments, {FIRST_DATE: DATES}, function, subject="trends")


def _powers(when: When, names: Sequence[str]) -> list[float]:
    """Return the powers of some variables that what is reached is proportional to.

    Raises QuestionError: it is no product of powers of them.
    """
    products: dict[str, Product | None] = {}
    for name, way in when.plan.reached.items():
        products[name] = Product(powers={name: 1.0})
        if name not in names and DATE in way.ancestors and way.equation is not None:
            products[name] = product_of(way.equation, products)
    found = products[when.target]
    if found is None:
        raise QuestionError(
            f"{FIRST_DATE}: the law of a first passage is known for products of trends, and "
            f"{when.target} is none; ask for {DATE}, by levels"
        )
    return [found.powers.get(name, 0.0) for name in names]


def _passage(
    distance: FloatArray,
    drift: FloatArray,
    volatility: FloatArray,
    u: FloatArray,
    longest: FloatArray,
) -> FloatArray:
    """Return the time in which a Brownian motion first covers a distance, inf for one too long.

    P(T <= t) = Phi((m t - a) / (s sqrt t)) + exp(2 m a / s^2) Phi(-(m t + a) / (s sqrt t)), by
    bisection, for a distance a > 0, drift m and volatility s; with none, a / m.
    """
    from scipy.special import log_ndtr, ndtr

    noisy = volatility > 0
    with np.errstate(all="ignore"):
        scale = np.where(noisy, volatility, 1.0)

        def share(time: FloatArray) -> FloatArray:
            root = scale * np.sqrt(time)
            back = 2 * drift * distance / scale**2 + log_ndtr(-(drift * time + distance) / root)
            return np.asarray(ndtr((drift * time - distance) / root) + np.exp(back))

        low, high = np.zeros(distance.shape), longest + 0 * distance
        reached = share(high) >= u
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            late = share(middle) >= u
            low, high = np.where(late, low, middle), np.where(late, middle, high)
        straight = np.where(drift > 0, distance / drift, np.inf)
        straight = np.where(straight <= longest, straight, np.inf)
        return np.where(noisy, np.where(reached, high, np.inf), straight)


def _rises(problem: Problem, plan: Plan, target: str) -> bool:
    """Tell whether a variable is to rise to what is given, or to fall to it.

    A sum of money that is given beside another variable is to suffice: what it buys is to rise to
    what is given, and what it pays for is to cost no more. Else a variable goes as it does where
    all inputs are at their medians; where it stays, it rises if what is given lies above it.
    """
    given, units = problem.question.given, problem.model.variables
    if given.keys() - {target} and units[target] == _MONEY:
        return False
    if any(units[name] == _MONEY for name in given.keys() - {target}):
        return True
    beliefs = {**problem.priors.inputs, **given}
    middle = {name: beliefs[name].ppf(_MIDDLE) for name in plan.inputs if name != DATE}
    start = min(float(middle[name][0]) for name in middle if name.endswith(_SINCE))
    values = {**middle, DATE: np.array([start, HORIZON])}
    for step in plan.steps:
        values[step.target] = _result(step, values)
    first, last = values[target]
    if np.isclose(first, last, rtol=_SAME, atol=0):
        return bool(first < given[target].ppf(_MIDDLE)[0])
    return bool(first < last)
