"""Many questions at once: those that cannot be answered are told, the others share their draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from uncertain_scale.analysis.comparison import inputs_beside, inputs_in, same_way
from uncertain_scale.analysis.coupling import (
    INDEPENDENT,
    SHARED,
    STATED,
    coupled,
    couplings,
    readings,
)
from uncertain_scale.analysis.guards import warnings_in
from uncertain_scale.analysis.held_against import has_ratio
from uncertain_scale.errors import DataError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.trends import as_stated
from uncertain_scale.model import Problem, ask, believe
from uncertain_scale.sampling import sample
from uncertain_scale.sampling.engine import Simulation, propagate, refuse_mixing
from uncertain_scale.sampling.paths import Paths, sample_beside
from uncertain_scale.statistics.outputs import all_draws, joined_pivots, read_draws
from uncertain_scale.units.dates import DATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from uncertain_scale.analysis.coupling import Coupling
    from uncertain_scale.inputs import Prior, Priors
    from uncertain_scale.model import Model
    from uncertain_scale.sampling import Design
    from uncertain_scale.statistics.draws import Draws
    from uncertain_scale.units.aliases import FloatArray

_FEW = (2, 2)


@dataclass(frozen=True)
class Whole:
    """A question to a scenario but for the variable wanted, by which draws are shared.

    Parameters
    ----------
    scenario
        Prior file.
    assuming, given
        Inputs replaced and what is known, by variable, as typed.
    free
        Inputs that are solved for.
    """

    scenario: Path
    assuming: tuple[tuple[str, str], ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    free: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What is to be drawn, under a label for people.

    Parameters
    ----------
    over, under
        A question, and for a ratio the one that it is over.
    reading
        How the inputs that the two sides of a ratio believe differently depend on one another: as
        `stated`, all `shared` or all `independent`; what they believe alike is always shared.
    """

    label: str
    over: Whole
    under: Whole | None = None
    reading: str = STATED

    @property
    def sides(self) -> tuple[Whole, ...]:
        """The questions, one or two."""
        return (self.over,) if self.under is None else (self.over, self.under)


class QuestionCache:
    """Takes questions to one model, and draws each once.

    Parameters
    ----------
    model
        The equations.
    design
        How draws are made; a question whose inputs are all constant needs no design.

    Attributes
    ----------
    warnings
        What is doubtful about the peak and utilisation of what was drawn.
    loaded
        Scenarios that were read, by file.
    in_use
        Priors that the questions that judge rest on, by input, of each scenario that is asked.
    """

    def __init__(self, model: Model, design: Design) -> None:
        self.model = model
        self.warnings: list[str] = []
        self._design = design
        self.loaded: dict[Path, Priors] = {}
        self.in_use: dict[Path, dict[str, Prior]] = {}
        self._dated: dict[Path, Priors] = {}
        self._wanted: dict[Whole, dict[str, None]] = {}
        self._warned: set[Whole] = set()
        self._drawn: dict[Whole, dict[str, xr.DataArray]] = {}
        self._behind: dict[Whole, dict[str, xr.DataArray]] = {}  # the inputs' draws

    def priors(self, path: Path) -> Priors:
        """Return a scenario in the model's units, read once.

        Raises
        ------
        PriorError
            The file has faults.
        """
        if path not in self.loaded:
            self.loaded[path] = load_priors(path, variables=self.model.variables)
        return self.loaded[path]

    def stated(self) -> dict[Path, Priors]:
        """Return what each scenario that was read came to, with its trends where it had dates."""
        return {
            path: as_stated(plain, self._dated[path]) if path in self._dated else plain
            for path, plain in self.loaded.items()
        }

    def check(self, asked: Asked, variable: str, *, judges: bool = False) -> None:
        """Tell what is wrong with a question, and note the priors of one that judges.

        Raises
        ------
        UncertainScaleError
            It cannot be answered, or a scenario has faults.
        """
        problems = [self._problem(whole, (variable,)) for whole in asked.sides]
        for whole, problem in zip(asked.sides, problems, strict=True):
            names = problem.plan.known("prior", "fallback")
            if judges:
                used = self.in_use.setdefault(whole.scenario, {})
                used |= {name: problem.priors.inputs[name] for name in names}
        if asked.reading != STATED:
            same_way(problems[0], problems[1].priors)

    def manner(self, asked: Asked, variable: str) -> str | None:
        """Say how the two sides of a ratio are read together; None where another reading is equal.

        Returns
        -------
        str or None
            `shared`, `independent`, or `coupled` where inputs are correlated, or some are one and
            some the other.
        """
        found = self._couplings(asked, variable)
        if asked.reading not in readings(found):
            return None
        if asked.reading != STATED:
            return asked.reading
        kinds = {one.kind for one in found.values() if one.asked} or {SHARED}
        return kinds.pop() if kinds in ({SHARED}, {INDEPENDENT}) else "coupled"

    def _couplings(self, asked: Asked, variable: str) -> dict[str, Coupling]:
        over, under = asked.sides
        problem = self._problem(under, (variable,))
        return couplings(problem.plan, self._problem(over, (variable,)).priors, problem.priors)

    def uncertain(self, whole: Whole, variable: str) -> dict[str, bool]:
        """Return the inputs that an answer rests on, and whether each is uncertain.

        Raises
        ------
        UncertainScaleError
            The question cannot be answered, or the scenario has faults.
        """
        known = _known(self._problem(whole, (variable,)))
        return {name: _varies(prior) for name, prior in known.items()}

    def believes(self, path: Path) -> bool:
        """Whether a scenario holds any uncertain input.

        Raises
        ------
        PriorError
            The file has faults.
        """
        return any(map(_varies, self.priors(path).inputs.values()))

    def want(self, asked: Asked, variable: str, *, warn: bool = False) -> None:
        """Note a variable that will be wanted of a question, and whether warnings are, too."""
        for whole in asked.sides:
            self._wanted.setdefault(whole, {})[variable] = None
        if warn and asked.under is None:
            self._warned.add(asked.over)

    def draws(self, asked: Asked, variable: str) -> Draws:
        """Return the draws of a variable, or of its ratio, draw by draw.

        Raises
        ------
        DataError
            Some draws are not finite numbers, or the lower side of a ratio is 0 in some, or the two
            take both signs.
        """
        asked = self._on_one_date(asked, variable)
        over = self._draw(asked.over)[variable]
        behind = self._behind.get(asked.over, {})
        if asked.under is None:
            return read_draws(over, behind)
        under, other, ranks = self._beside(asked, variable)
        if not under.values.all():
            raise DataError(f"{variable} is 0 in some draws of {asked.under.scenario.stem}")
        if not has_ratio(under.values, over.values):
            raise DataError(
                f"{variable} takes both signs, and a ratio of such figures means nothing; claim it "
                "of each scenario by itself"
            )
        shape = max(over.shape, under.shape)
        ratio = _array(variable, _in_shape(over, shape) / _in_shape(under, shape))
        inputs, renamed = inputs_beside(behind, other, ranks)
        ratio.attrs = joined_pivots(over.attrs, under.attrs, "power", under_names=renamed)
        return read_draws(ratio, inputs)

    def _on_one_date(self, asked: Asked, variable: str) -> Asked:
        """Return a ratio of which one side alone has a date with that date on the other, too.

        There nothing moves: the levels of its trends, which the two sides share, are what it is of.
        """
        dates = [dict(whole.given).get(DATE) for whole in asked.sides]
        if None not in dates or (date := next(filter(None, dates), None)) is None:
            return asked

        def still(whole: Whole) -> Whole:
            if DATE in dict(whole.given):
                return whole
            dated = replace(whole, given=(*whole.given, (DATE, date)))
            problem = self._problem(dated, (variable,))
            trends = problem.priors.trends.values()
            none = {name: "0" if one.rate else "1" for one in trends for name in one.growths}
            none |= {one.part(what): "0" for one in trends for what in ("volatility", "scatter")}
            known = {name: none[name] for name in problem.plan.inputs if name in none}
            return replace(dated, assuming=(*whole.assuming, *known.items()))

        sides = [still(whole) for whole in asked.sides]
        for whole in sides:
            self._wanted.setdefault(whole, {})[variable] = None
        return replace(asked, over=sides[0], under=sides[1])

    def _beside(
        self, asked: Asked, variable: str
    ) -> tuple[xr.DataArray, dict[str, xr.DataArray], dict[str, float]]:
        """Return a ratio's lower side, its inputs, and how they depend on the upper's."""
        over, under = asked.sides
        problem, other = (self._problem(whole, (variable,)) for whole in (under, over))
        ranks = readings(self._couplings(asked, variable))[asked.reading]
        apart = coupled(problem.plan, other.priors, problem.priors, ranks)
        first = Simulation.of(other, self._design)
        second = Simulation.of(problem, self._design, apart)
        if apart is None and not Paths([first, second]).names:
            return self._draw(under)[variable], self._behind.get(under, {}), ranks
        tree = sample_beside(first, second)
        return tree["prior_predictive"].to_dataset()[variable], inputs_in(tree), ranks

    def _problem(self, whole: Whole, outputs: Sequence[str]) -> Problem:
        stated, model = self.priors(whole.scenario), self.model
        if DATE in {*dict(whole.given), *outputs, *whole.free}:
            if whole.scenario not in self._dated:
                self._dated[whole.scenario] = load_priors(
                    whole.scenario, variables=model.variables, with_date=True
                )
            stated = self._dated[whole.scenario]
            model = model.with_trends(stated)
        elif stated.sums:
            model = model.with_trends(stated)
        priors = believe(stated, model, dict(whole.assuming), option="assuming")
        question = ask(model, dict(whole.given), outputs=outputs, free=whole.free)
        return Problem(model, priors, question)

    def _draw(self, whole: Whole) -> dict[str, xr.DataArray]:
        if whole not in self._drawn:
            problem = self._problem(whole, tuple(self._wanted[whole]))
            known, plan = _known(problem), problem.plan
            if not any(map(_varies, known.values())):
                few = {name: prior.ppf(np.full(_FEW, 0.5)) for name, prior in known.items()}
                refuse_mixing(plan, few)
                values = propagate(plan, few)
                self._drawn[whole] = {name: _array(name, values[name]) for name in plan.outputs}
                return self._drawn[whole]
            tree = sample(problem, self._design)
            self._behind[whole] = inputs_in(tree)
            outputs = tree["prior_predictive"].to_dataset()
            self._drawn[whole] = {name: outputs[name].copy() for name in plan.outputs}
            # An mfu that is given says nothing of a scenario: a peak is asked for with 1.
            if whole in self._warned and "mfu" not in problem.question.given:
                found = warnings_in(all_draws(tree))
                said = (f"{problem.priors.name}: {warning}" for warning in found)
                self.warnings += [one for one in said if one not in self.warnings]
        return self._drawn[whole]


def _known(problem: Problem) -> dict[str, Prior]:
    """Return the priors that an answer rests on, those that are given among them."""
    return {name: problem.believed.inputs[name] for name in problem.plan.inputs}


def _varies(prior: Prior) -> bool:
    low, high = prior.distribution.support
    return low < high


def _array(name: str, values: FloatArray) -> xr.DataArray:
    return xr.DataArray(values, dims=("chain", "draw"), name=name)


def _in_shape(one: xr.DataArray, shape: tuple[int, ...]) -> FloatArray:
    """Return draws in a shape; those that were drawn a few times only are all one number."""
    values: FloatArray = one.values
    return values if one.shape == shape else np.full(shape, values.flat[0])
