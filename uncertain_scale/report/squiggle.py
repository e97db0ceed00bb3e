"""A question as a model in Squiggle: its inputs and equations as source of the same medians.

Inputs are sets of samples, so that a draw that two equations use is one. Equations are run once on
terms in the place of arrays, which gives their formulas, those of derived inverses too.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.errors import QuestionError, printable
from uncertain_scale.inputs.prior import correlation_matrix
from uncertain_scale.model.calls import StandIn, try_on
from uncertain_scale.report.numbers import units_in_words
from uncertain_scale.sampling.dependence import cholesky

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uncertain_scale.inputs.prior import JointSample, Prior
    from uncertain_scale.model import Problem
    from uncertain_scale.model.equation import Equation

__all__ = ["squiggle_model"]

_TRUTH, _SUM, _PRODUCT, _POWER, _ATOM = range(5)
_MOST_VALUES, _MOST_ROWS = 1_000, 10_000
_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_TAKEN = (
    *("if", "then", "else", "true", "false", "import", "export", "as", "to", "draw", "sampled"),
    *("exp", "log", "min", "max", "abs", "floor", "ceil", "round", "mx", "quantile", "cdf", "p"),
)


@dataclass(frozen=True, eq=False)
class _Term(StandIn):
    """A part of a formula: its text, how tightly it binds, and whether sample sets can take it."""

    text: str
    level: int = _ATOM
    plain: bool = True

    def at(self, level: int) -> str:
        """Return the text, in parentheses where an operation binds more tightly."""
        return self.text if self.level >= level else f"({self.text})"

    def __array_function__(self, function: Any, _: Any, given: Any, named: Any) -> Any:
        """Write a choice by a condition; refuse all else."""
        if function is not np.where or len(given) != 3 or named:
            return NotImplemented
        condition, yes, no = (_term(one).text for one in given)
        return _Term(f"(if {condition} then {yes} else {no})", _ATOM, plain=False)


def squiggle_model(problem: Problem) -> str:
    """Return a question as Squiggle source, whose value is a dictionary of the answers.

    Raises
    ------
    QuestionError
        An input's kind or an equation cannot be written in Squiggle; names it.
    """
    plan, variables = problem.plan, problem.model.variables
    lines = [
        _comment(problem.believed.title or problem.believed.name),
        "// written by uncertain-scale; medians are those of its report",
        "sampled(d) = SampleSet.fromDist(d)",
        "",
    ]
    for name, text in _inputs(problem):
        if (prior := problem.believed.inputs.get(name)) is not None:
            said = prior.provenance
            lines.append(_comment(units_in_words(variables[name]), said.long_name, said.source))
        lines.append(f"{_named(name)} = {text}")
    lines.append("")
    varying = {name for name in plan.inputs if problem.believed.inputs[name].varies}
    for equation in plan.steps:
        lines.append(_comment(units_in_words(variables[equation.target]), equation.summary))
        lines.append(f"{_named(equation.target)} = {_formula(equation, varying)}")
        if varying.intersection(equation.arguments):
            varying.add(equation.target)
    answers = ", ".join(f"{_named(name)}: {_named(name)}" for name in plan.outputs)
    return "\n".join([*lines, "", f"{{{answers}}}"])


def _comment(*parts: str) -> str:
    return f"// {printable(' '.join('; '.join(filter(None, parts)).split()))}".rstrip()


def _named(name: str) -> str:
    """Return what Squiggle calls a variable: small letters first, and no word of its own."""
    return name if _NAME.fullmatch(name) and name not in _TAKEN else f"v_{name}"


def _number(value: float) -> str:
    return re.sub(r"\.0(?=$|e)", "", repr(float(value)))


def _list(values: Iterable[float]) -> str:
    return f"[{', '.join(f'{value:.10g}' for value in values)}]"


def _formula(equation: Equation, varying: set[str]) -> str:
    """Return an equation's formula: of whole sample sets, or draw by draw where it must be."""
    names = [_named(name) for name in equation.arguments]
    term: _Term | None = try_on(equation, [_Term(name) for name in names], _term)
    if term is None:
        raise QuestionError(
            f"{equation.where} {equation} cannot be written in Squiggle: it is no formula of sums, "
            "products, powers, exp, log, maximum, minimum and where; ask for what does not need it"
        )
    drawn = [_named(name) for name in equation.arguments if name in varying]
    if term.plain or not drawn:
        return term.text
    places = {name: f"draw[{place}]" for place, name in enumerate(drawn)}
    each = try_on(equation, [_Term(places.get(name, name)) for name in names], _term)
    return f"SampleSet.mapN([{', '.join(drawn)}], {{|draw| {each.text}}})"


def _term(value: Any) -> _Term:
    if isinstance(value, _Term):
        return value
    number = float(value)
    if not math.isfinite(number):
        raise TypeError("no number of Squiggle's")
    return _Term(_number(number), _ATOM if number >= 0 else _SUM)


def _infix(a: Any, b: Any, *, sign: str, level: int, plain: bool = True) -> _Term:
    a, b = _term(a), _term(b)
    left = a.at(level + (level == _POWER))
    return _Term(f"{left} {sign} {b.at(level + 1)}", level, plain and a.plain and b.plain)


def _call(*arguments: Any, name: str, plain: bool = True) -> _Term:
    terms = [_term(one) for one in arguments]
    text = f"{name}({', '.join(one.text for one in terms)})"
    return _Term(text, _ATOM, plain and all(one.plain for one in terms))


def _tanh(a: Any) -> Any:
    return 1 - 2 / (np.exp(2 * a) + 1)


_TERMS: dict[str, tuple[str, int]] = {
    "add": ("+", _SUM),
    "subtract": ("-", _SUM),
    "multiply": ("*", _PRODUCT),
    "divide": ("/", _PRODUCT),
    "power": ("^", _POWER),
    "float_power": ("^", _POWER),
    "greater": (">", _TRUTH),
    "less": ("<", _TRUTH),
    "equal": ("==", _TRUTH),
    "greater_equal": (">=", _TRUTH),
    "less_equal": ("<=", _TRUTH),
    "not_equal": ("!=", _TRUTH),
}
_Term.rules = {
    **{
        name: partial(_infix, sign=sign, level=level, plain=level != _TRUTH)
        for name, (sign, level) in _TERMS.items()
    },
    **{name: partial(_call, name=name) for name in ("exp", "log")},
    **{
        name: partial(_call, name=theirs, plain=False)
        for name, theirs in (
            *(("maximum", "max"), ("minimum", "min"), ("absolute", "abs"), ("rint", "round")),
            *(("floor", "floor"), ("ceil", "ceil"), ("fmax", "max"), ("fmin", "min")),
        )
    },
    "sqrt": lambda a: a**0.5,
    "square": lambda a: a**2,
    "reciprocal": lambda a: 1 / a,
    "positive": lambda a: a,
    "negative": lambda a: -1 * a,
    "expm1": lambda a: np.exp(a) - 1,
    "log1p": lambda a: np.log(1 + a),
    "log10": lambda a: np.log(a) / math.log(10),
    "log2": lambda a: np.log(a) / math.log(2),
    "exp2": lambda a: 2**a,
    "tanh": _tanh,
}


def _inputs(problem: Problem) -> Iterator[tuple[str, str]]:
    """Yield the inputs, and what they are made of, each with its value."""
    believed, wanted = problem.believed, problem.plan.inputs
    scores = dict[str, str]()
    for names in _tied(problem):
        matrix = cholesky(correlation_matrix(names, believed.ties))
        for place, name in enumerate(names):
            yield f"{name}__own", "sampled(Sym.normal(0, 1))"
            own = [_named(f"{one}__own") for one in names[: place + 1]]
            parts = zip(matrix[place].tolist(), own, strict=False)
            yield f"{name}__score", " + ".join(f"{_number(w)} * {one}" for w, one in parts if w)
            scores[name] = _named(f"{name}__score")
    joints = {joint.name: joint for joint in believed.joints}
    for number, key in enumerate(dict.fromkeys(believed.inputs[name].joint for name in wanted)):
        if key:
            yield from _rows(
                joints[key], [n for n in wanted if believed.inputs[n].joint == key], number
            )
    for name in wanted:
        prior = believed.inputs[name]
        if not prior.joint:
            text = _value(prior, scores.get(name, ""))
            yield name, text if prior.factor == 1 else f"{_number(prior.factor)} * ({text})"


def _tied(problem: Problem) -> Iterator[list[str]]:
    """Yield the inputs wanted that correlations tie, group by group."""
    wanted = [n for n in problem.plan.inputs if not problem.believed.inputs[n].joint]
    groups: list[set[str]] = [{name} for name in wanted]
    for tie in problem.believed.ties:
        if set(tie.inputs) <= set(wanted) and not set(tie.inputs) & set(problem.question.given):
            one, other = (next(g for g in groups if name in g) for name in tie.inputs)
            if one is not other:
                groups.remove(other)
                one |= other
    yield from ([n for n in wanted if n in group] for group in groups if len(group) > 1)


def _rows(joint: JointSample, names: list[str], number: int) -> Iterator[tuple[str, str]]:
    """Yield the columns of a joint sample that are wanted, drawn by whole rows."""
    count = len(joint.rows)
    if count > _MOST_ROWS:
        raise _refusal(names[0], f"a joint sample of {count:,} rows; expected {_MOST_ROWS:,}")
    place = _named(f"row__{number}")
    yield f"row__{number}", f"sampled(Sym.uniform(0, {count}))"
    ends = joint.ends if joint.smooth else None
    for name in names:
        column = joint.inputs.index(name)
        yield f"{name}__rows", _list(joint.rows[:, column].tolist())
        value = f"{_named(f'{name}__rows')}[floor(draw)]"
        if ends is not None:
            yield f"{name}__reach", _list(joint.reach[:, column].tolist())
            value += f" + (2 * (draw - floor(draw)) - 1) * {_named(f'{name}__reach')}[floor(draw)]"
        yield name, f"SampleSet.map({place}, {{|draw| {value}}})"


def _value(prior: Prior, score: str) -> str:
    """Return the samples of an input, tied to others by a normal score or not."""
    try:
        return _drawn(prior.distribution, score)
    except ValueError:
        raise _refusal(prior.name, prior.distribution.describe(longest=4)) from None


def _refusal(name: str, found: str) -> QuestionError:
    advice = f"state another prior of {name}"
    return QuestionError(f"Squiggle has nothing for the prior of {name}, {found:.200}; {advice}")


def _drawn(distribution: Any, score: str = "") -> str:
    """Return the samples of a distribution, or a number; ValueError where Squiggle has none."""
    window = getattr(distribution, "_window", None)
    level = "p" if window is None else f"{_number(window.below_low)} + {_number(window.mass)} * p"
    if distribution.kind == "metalog":
        quantile, outer = _metalog(distribution), _on_scale(*distribution.whole_support)
        return outer.format(_by_level(quantile.format(f"({level})"), score))
    if (law := _law(distribution)) is None:
        if score or window is not None:
            raise ValueError(distribution.kind)
        return _otherwise(distribution)
    outer, symbolic = law
    if window is not None or (score and "normal" not in symbolic):
        return outer.format(_by_level(f"quantile({symbolic}, {level})", score))
    if score:
        mu, sigma = _number(distribution.mu), _number(distribution.sigma)
        return outer.format(f"({mu} + {sigma} * {score})")
    stated = distribution.stated
    if distribution.kind == "lognormal" and stated.keys() == {"q05", "q95"}:
        return f"sampled({_number(stated['q05'])} to {_number(stated['q95'])})"
    return outer.format(f"sampled({symbolic})")


def _otherwise(distribution: Any) -> str:
    """Return the samples of a kind that no symbolic distribution of Squiggle's gives."""
    if distribution.kind == "student_t":
        nu, mu, sigma = distribution.nu, distribution.mu, distribution.sigma
        gamma = f"sampled(Sym.gamma({_number(nu / 2)}, {_number(2 / nu)}))"
        return f"{_number(mu)} + {_number(sigma)} * sampled(Sym.normal(0, 1)) / {gamma} ^ 0.5"
    if distribution.kind == "mixture":
        weights = distribution.weights or [1.0] * len(distribution.components)
        return f"sampled(mx([{', '.join(map(_drawn, distribution.components))}], {_list(weights)}))"
    values, masses = distribution.atoms()
    if distribution.continuous or len(values) > _MOST_VALUES:
        raise ValueError(distribution.kind)
    several = len(values) > 1
    return f"sampled(mx({_list(values)}, {_list(masses)}))" if several else _number(values[0])


def _by_level(quantile: str, score: str) -> str:
    """Return the samples that a quantile function of p gives, tied to others or not."""
    levels = "sampled(Sym.uniform(0, 1))"
    if score:
        levels = f"SampleSet.map({score}, {{|z| cdf(Sym.normal(0, 1), z)}})"
    return f"SampleSet.map({levels}, {{|p| {quantile}}})"


def _law(one: Any) -> tuple[str, str] | None:
    """Return a formula of {}, and the symbolic distribution that stands there; None for no such."""
    symbolic: tuple[Any, ...]
    outer = "{}"
    match one.kind:
        case "uniform":
            symbolic = "uniform", one.lower, one.upper
        case "loguniform":
            outer, symbolic = "exp({})", ("uniform", math.log(one.lower), math.log(one.upper))
        case "normal" | "lognormal" | "logitnormal":
            outer, symbolic = _on_scale(*one.whole_support), ("normal", one.mu, one.sigma)
        case "gamma":
            symbolic = "gamma", one.alpha, 1 / one.beta
        case "beta" | "pert":
            lower, upper = one.whole_support
            outer = f"({_number(lower)} + {_number(upper - lower)} * {{}})"
            symbolic = "beta", *one.shapes
        case "triangular" if one.lower < one.mode < one.upper:
            symbolic = "triangular", one.lower, one.mode, one.upper
        case _:
            return None
    name, *parameters = symbolic
    return outer, f"Sym.{name}({', '.join(map(_number, parameters))})"


def _on_scale(lower: float, upper: float) -> str:
    """Return what makes {} on the scale that has no ends a value between two bounds."""
    low = "" if lower == 0 else f"{_number(lower)} + "
    if lower == -math.inf:
        return "{}" if upper == math.inf else f"({_number(upper)} - exp(-1 * {{}}))"
    if upper == math.inf:
        return f"({low}exp({{}}))" if low else "exp({})"
    return f"({low}{_number(upper - lower)} / (1 + exp(-1 * {{}})))"


def _metalog(metalog: Any) -> str:
    """Return a metalog's formula of the probability {0}, on the scale of its bounds."""

    def polynomial(weights: Iterable[float]) -> str:
        return " + ".join(
            f"{_number(weight)} * ({{0}} - 0.5) ^ {power}" if power else _number(weight)
            for power, weight in enumerate(weights)
            if weight or not power
        )

    a, b = (polynomial(one.tolist()) for one in metalog.polynomials)
    return f"({a} + ({b}) * log({{0}} / (1 - {{0}})))"
