"""All that follows from what is known, and whether it contradicts itself.

Equations fire forward from the givens and the priors, each variable once, until nothing new is
reached. Only where what is asked is not reached by then, laws are solved for it. What a variable
rests on (its basis, the givens it descends from) decides whether two ways to it contradict each
other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from uncertain_scale.model.question import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uncertain_scale.model.equation import Equation
    from uncertain_scale.model.problem import Problem

__all__ = ["Closure", "Contradiction", "Origin", "Reached"]

Origin: TypeAlias = Literal["given", "prior", "fallback", "equation"]


@dataclass(frozen=True)
class Reached:
    """How a variable is known.

    Parameters
    ----------
    origin
        A given, a prior, a fallback prior, or an equation.
    equation
        The equation, where it is one.
    basis
        The givens that it rests on.
    ancestors
        All variables that it is computed from.
    """

    origin: Origin
    equation: Equation | None = None
    basis: frozenset[str] = frozenset()
    ancestors: frozenset[str] = frozenset()


class Contradiction(NamedTuple):
    """A variable that is reached in two ways, neither of which descends from it."""

    variable: str
    first: Reached
    second: Reached


class Closure:
    """All that follows from the givens and priors of a problem.

    Parameters
    ----------
    problem
        What is known and asked.

    Attributes
    ----------
    reached
        How each variable is known, in an order in which it can be computed.
    """

    def __init__(self, problem: Problem) -> None:
        self._model = model = problem.model
        question = problem.question
        self.reached: dict[str, Reached] = {
            name: Reached("given", basis=frozenset({name})) for name in question.given
        }
        fallbacks = []
        for name, prior in problem.priors.inputs.items():
            if name in self.reached or name in question.free or name not in model.variables:
                continue
            if prior.fallback:
                fallbacks.append(name)
            else:
                self.reached[name] = Reached("prior")
        self._fire()
        for name in fallbacks:
            if name not in self.reached:
                self.reached[name] = Reached("fallback")
                self._fire()
        outputs = question.outputs if question.outputs != EVERYTHING else ()
        self._solve_laws({*outputs, *question.also, *question.free})

    def computed(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of the names that an equation reaches."""
        return tuple(
            name
            for name in names
            if name in self.reached and self.reached[name].origin == "equation"
        )

    def overridden_by(self, name: str) -> list[str]:
        """Return the givens that could be worked back to a prior that is kept."""
        bases = [
            self._by(equation).basis
            for equation in self._model.ways_to(name)
            if self._can_fire(equation) and not self._descends(equation)
        ]
        return sorted(frozenset().union(*bases))

    def _fire(self) -> None:
        """Fire every equation whose arguments are known and whose variable is not, to the end."""
        fired = True
        while fired:
            fired = False
            for equation in self._model.equations:
                if equation.target not in self.reached and self._can_fire(equation):
                    self.reached[equation.target] = self._by(equation)
                    fired = True

    def _solve_laws(self, wanted: set[str]) -> None:
        """Solve laws for their arguments where nothing else reaches what is wanted.

        One law is solved at a time, as equations may fire from there, rather one that rests on
        givens than one on priors alone, and none that is not needed.
        """
        if wanted <= self.reached.keys() or not self._model.inverses:
            return
        before = dict(self.reached)
        solved = self._fire_until(wanted, self._model.inverses)
        reached, self.reached = self.reached, before
        if wanted <= reached.keys():
            needed = wanted.union(*(reached[name].ancestors for name in wanted))
            self._fire_until(wanted, [one for one in solved if one.target in needed])

    def _fire_until(self, wanted: set[str], inverses: Sequence[Equation]) -> list[Equation]:
        """Fire inverses, one at a time, until what is wanted is reached; return those fired."""
        fired = []
        while not wanted <= self.reached.keys():
            ready = (e for e in inverses if e.target not in self.reached and self._can_fire(e))
            inverse = max(ready, key=lambda e: bool(self._by(e).basis), default=None)
            if inverse is None:
                break
            self.reached[inverse.target] = self._by(inverse)
            fired.append(inverse)
            self._fire()
        return fired

    def _can_fire(self, equation: Equation) -> bool:
        return all(name in self.reached for name in equation.arguments)

    def _descends(self, equation: Equation) -> bool:
        """Return whether an equation's own variable is among what its arguments rest on."""
        target = equation.target
        return any(target in self.reached[name].ancestors for name in equation.arguments)

    def _by(self, equation: Equation) -> Reached:
        ways = [self.reached[name] for name in equation.arguments]
        return Reached(
            "equation",
            equation,
            basis=frozenset().union(*(way.basis for way in ways)),
            ancestors=frozenset(equation.arguments).union(*(way.ancestors for way in ways)),
        )

    def contradiction(self) -> Contradiction | None:
        """Return a second way to a variable that does not descend from it and may disagree.

        A given overrides what priors alone would have produced, and a prior stands against a way
        that rests on a given: the contradiction then shows at the given itself.
        """
        for equation in self._model.equations:
            if equation.target not in self.reached or not self._can_fire(equation):
                continue
            first = self.reached[equation.target]
            if first.equation is equation or self._descends(equation):
                continue
            second = self._by(equation)
            overridden = first.origin == "given" and not second.basis
            believed = first.origin in {"prior", "fallback"} and second.basis
            if not overridden and not believed:
                return Contradiction(equation.target, first, second)
        return None
