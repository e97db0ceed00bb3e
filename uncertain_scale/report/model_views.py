"""The model for people: its equations, its graph, how an answer is reached; MFU fitted to runs."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import DataError, nearest
from uncertain_scale.inputs.chips import families
from uncertain_scale.report.blocks import Table
from uncertain_scale.report.numbers import units_in_words
from uncertain_scale.report.render.markdown import markdown
from uncertain_scale.units.domain import domain_of
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uncertain_scale.analysis.backtest.mfu_fit import MfuFit
    from uncertain_scale.model import Model, Plan
    from uncertain_scale.model.equation import Equation

_WIDTH = 80


def equations_in_words(model: Model) -> str:
    """Return a model's equations by subject, each with its units and source."""
    lines: list[str] = []
    for subject, equations in groupby(model.equations, key=lambda equation: equation.subject):
        lines += [subject, ""]
        for equation in equations:
            unit = units_in_words(model.variables[equation.target]) or "a plain number"
            lines.append(f"  {label_of(equation.target)} ({unit})")
            lines += [
                _fitted(f"      {line}", 2)
                for line in (str(equation), equation.summary, *_references(equation))
                if line
            ]
        lines.append("")
    return "\n".join(lines).rstrip()


def equations_as_data(model: Model) -> dict[str, Any]:
    """Return a model's variables and equations as plain data."""
    return {
        "variables": {name: _variable(model, name) for name in model.variables},
        "equations": [_equation(equation) for equation in model.equations],
        "hash": model.digest(),
    }


def steps_as_data(plan: Plan, model: Model) -> dict[str, Any]:
    """Return how a question is answered as plain data: what is known, and what fires in turn."""
    return {
        "outputs": list(plan.outputs),
        "variables": {
            name: {**_variable(model, name), "origin": way.origin}
            for name, way in plan.reached.items()
        },
        "equations": [_equation(equation) for equation in plan.steps],
        "hash": model.digest(),
    }


def markdown_equations(equations: Mapping[str, Any]) -> str:
    """Return equations as Markdown, from what `equations_as_data` or `steps_as_data` returns."""
    variables = equations["variables"]
    rows = [
        (
            label_of(one["computes"]),
            one["computes"],
            units_in_words(variables[one["computes"]]["units"]),
            f"{one['name']}({', '.join(one['from'])})",
            one["summary"],
            "; ".join(one["references"]),
        )
        for one in equations["equations"]
    ]
    header = ("answer", "name", "units", "equation", "meaning", "references")
    return markdown([Table(header, rows)]).rstrip("\n")


def mermaid(model: Model, plan: Plan | None = None) -> str:
    """Return a model's graph, or that of one answer, as Mermaid text, which GitHub draws.

    Parameters
    ----------
    model
        The equations; only the first way to each variable is drawn.
    plan
        Where given, what one question uses is drawn instead: givens and priors in their own shapes.
    """
    if plan is None:
        equations = [e for e in model.equations if e.name == e.target]
        names = dict.fromkeys(name for e in equations for name in (*e.arguments, e.target))
        boxes = [f'  {name}["{label_of(name)}"]' for name in names]
    else:
        equations = plan.steps
        shapes = {"given": ('[["', '"]]'), "equation": ('["', '"]')}
        boxes = [
            f"  {name}{start}{label_of(name)}{end}"
            for name, way in plan.reached.items()
            for start, end in [shapes.get(way.origin, ('(["', '"])'))]
        ]
    arrows = [f"  {argument} --> {e.target}" for e in equations for argument in e.arguments]
    return "\n".join(["flowchart LR", *boxes, *arrows])


def explanation(plan: Plan, model: Model, name: str) -> str:
    """Return how one variable was reached, as an indented tree down to givens and priors."""
    return "\n".join(_fitted(line, 6) for line in _explain(plan, model, name, 0, set()))


def _explain(plan: Plan, model: Model, name: str, depth: int, seen: set[str]) -> Iterator[str]:
    way = plan.reached[name]
    indent = "  " * depth
    unit = units_in_words(model.variables[name])
    head, named = f"{indent}{label_of(name)}", f"({name}{f', {unit}' if unit else ''})"
    if way.equation is None:
        words = {"given": "given", "prior": "prior", "fallback": "prior, as nothing determines it"}
        yield f"{head} {named}: {words[way.origin]}"
    elif name in seen:
        yield f"{head} {named}: as above"
    else:
        seen.add(name)
        of_units = f" ({unit})" if unit else ""  # the equation says the name
        yield f"{head}{of_units}: {way.equation}, {way.equation.subject}"
        for argument in way.equation.arguments:
            yield from _explain(plan, model, argument, depth + 1, seen)


def _fitted(line: str, hanging: int) -> str:
    """Break a line that is wider than a terminal; what follows hangs so many columns further in."""
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _variable(model: Model, name: str) -> dict[str, str]:
    units = model.variables[name]
    domain = domain_of(units)
    words = domain.words(units) if domain else "any"
    return {"units": units, "long_name": model.long_name(name), "range": words}


def _equation(equation: Equation) -> dict[str, Any]:
    return {
        "name": equation.name,
        "computes": equation.target,
        "from": list(equation.arguments),
        "subject": equation.subject,
        "summary": equation.summary,
        "references": _references(equation),
    }


def _references(equation: Equation) -> list[str]:
    """Return what stands behind `Reference:` in an equation's docstring."""
    text = inspect.getdoc(equation.function) or ""
    return [
        " ".join(entry.split()) for entry in re.findall(r"(?ms)^References?:(.+?)(?:\n\n|\Z)", text)
    ]


def mfu_prior_file(fit: MfuFit, *, family: str, file: str, smallest: float, moe: float) -> str:
    """Return a prior file for the MFU of one chip family, what the fit found in its comments.

    Parameters
    ----------
    fit
        What `fit_mfu` returns.
    family
        Whose next run the prior is about; a family without runs is taken as a new one.
    file, smallest
        Where the runs stand, and the FLOP from which they count.
    moe
        Probability of a mixture of experts that `mfu` is for.

    Raises
    ------
    DataError
        There is no such family.
    """
    known = families()
    if family not in known:
        raise DataError(f"'{family[:40]}' is not a chip family; {nearest(family, known)}")
    return "\n".join(_lines(fit, family, file, smallest, moe)) + "\n"


def _lines(fit: MfuFit, family: str, file: str, smallest: float, chance: float) -> Iterator[str]:
    counts = Counter(one.family for one in fit.observations)
    size = f" of at least {smallest:g} FLOP" if smallest else ""
    counted = f"{len(fit.observations)} runs{size} in {file}"
    by_family = ", ".join(f"{name} {count}" for name, count in counts.items())
    experts = sum(one.moe == 1 for one in fit.observations)
    within, between = fit.spreads()
    yield "#:schema ./schema.json"
    yield "# Lay it over a scenario: --scenario base --priors THIS_FILE"
    yield f"# {counted}: {by_family}; {experts} of them mixtures of experts."
    yield f"# Standard deviation of logits: {within:.3f} within families, {between:.3f} between."
    yield "# Next run's mfu, and how far in probability a logit-normal of its 5% and 95% is off:"
    for name in (*counts, *(one for one in (family, "other") if one not in counts)):
        for kind, moe in (("dense", 0.0), ("experts", 1.0)):
            predictive = fit.predictive(name, moe=moe)
            low, middle, high = predictive.quantiles([0.05, 0.5, 0.95])
            yield (
                f"#   {name:<6} {kind:<7}  5% {low:.3f}   50% {middle:.3f}   95% {high:.3f}   "
                f"off {predictive.distance():.3f}"
            )
    note = (
        "uncertain-scale priors fit-mfu: logits of a dense model's mfu normal within chip "
        "families, their means normal about a common one, a mixture of experts a factor of it; "
        "FP8's speed-up taken out where a run had it or may have had it."
    )
    yield "schema_version = 1"
    yield f'title = "mfu of {family} chips, fitted to runs"'
    runs = f"posterior predictive of one more run of family {family}"
    yield from _input(
        "mfu",
        ("logitnormal", *fit.predictive(family, moe=chance).summary()),
        "Whole-run utilisation of the dense BF16 peak",
        f"{counted} ({by_family}): {runs}, a mixture of experts with probability {chance:g}",
        note,
        unless="moe",
    )
    yield from _input(
        "dense_model_mfu",
        ("logitnormal", *fit.predictive(family).summary()),
        "Whole-run utilisation of the dense BF16 peak by a dense model",
        f"{counted} ({by_family}): {runs}, of a dense model",
        note,
    )
    low, high = fit.moe_factor([0.05, 0.95]).tolist()
    yield from _input(
        "moe_factor",
        ("lognormal", low, high),
        "Utilisation by a sparse mixture of experts over that by a dense model",
        f"{experts} runs of mixtures of experts among {counted}",
        note,
    )


def _input(  # noqa: PLR0913 (the keys of a table)
    name: str,
    belief: tuple[str, float, float],
    words: str,
    source: str,
    note: str,
    *,
    unless: str = "",
) -> Iterator[str]:
    """Return the table of one input that is an interval from 5% to 95%."""
    kind, low, high = belief
    yield ""
    yield f"[inputs.{name}]"
    yield f'kind = "{kind}"'
    yield f"q05 = {low:.3f}"
    yield f"q95 = {high:.3f}"
    yield 'units = "1"'
    if unless:
        yield f'unless = "{unless}"'
    yield f'long_name = "{words}"'
    yield f"source = {json.dumps(source, ensure_ascii=False)}"
    yield f"note = {json.dumps(note)}"
