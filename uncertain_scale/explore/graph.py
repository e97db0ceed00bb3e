"""The graph of a question, with values on it, and its equations as people write them.

Variables stand in columns, each to the right of what it is computed from, inputs just before the
first equation that takes them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from uncertain_scale.report.figures.axes import interval_in_words
from uncertain_scale.report.numbers import scale_for, share_in_words, units_in_words, with_powers
from uncertain_scale.report.rows import input_rows
from uncertain_scale.units.labels import label_of

if TYPE_CHECKING:
    from uncertain_scale.explore.answer import Answer
    from uncertain_scale.model import Plan, Problem
    from uncertain_scale.model.equation import Equation

_SWEEPS = 4


def graph_of(answer: Answer) -> dict[str, Any]:
    """Return nodes, in columns and rows, and arrows between them as plain data.

    Those that lead to the answer looked at are marked as `leads`; an input has its share of it.
    """
    plan = answer.problem.plan
    places, values = _places(plan), _values(answer)
    leads = {answer.of, *plan.reached[answer.of].ancestors}
    shares = answer.ranking["outputs"][answer.of].get("shapley", {})
    nodes = []
    for name, (column, row) in places.items():
        share = shares.get(name, {}).get("shapley")
        kind = "answer" if name in plan.outputs else plan.reached[name].origin
        nodes.append(
            {
                "name": name,
                "label": label_of(name),
                "kind": "input" if kind in {"prior", "fallback"} else kind,
                "column": column,
                "row": row,
                "value": with_powers(values[name]),
                "share": "" if share is None else share_in_words(share),
                "leads": name in leads,
            }
        )
    arrows = [[a, e.target, e.target in leads] for e in plan.steps for a in e.arguments]
    return {"nodes": nodes, "arrows": arrows, "of": answer.of}


def _values(answer: Answer) -> dict[str, str]:
    document, variables = answer.document, answer.problem.model.variables
    words = {}
    for name, value in answer.steps.items():
        scale = scale_for([value], variables[name])
        words[name] = f"about {scale.write(value)} {scale.units}".strip()
    for row in input_rows(document):
        words[row.name] = f"{row.interval or row.median} {row.units}".strip()
    for name, output in document["outputs"].items():
        interval = interval_in_words(output, document["probs"][0], median=False)
        words[name] = interval.rpartition(": ")[2]
    return words


def _places(plan: Plan) -> dict[str, tuple[int, int]]:
    """Return column and row of each variable; rows are near those of what it is tied to."""
    columns: dict[str, int] = {}
    for equation in plan.steps:
        columns[equation.target] = 1 + max(columns.get(name, 0) for name in equation.arguments)
    taken: dict[str, list[str]] = {name: [] for name in plan.reached}
    for equation in plan.steps:
        for name in equation.arguments:
            taken[name].append(equation.target)
    for name in plan.inputs:
        columns[name] = min((columns[one] for one in taken[name]), default=1) - 1
    steps = {equation.target: equation.arguments for equation in plan.steps}
    near = {name: (*steps.get(name, ()), *taken[name]) for name in plan.reached}
    order = {name: float(n) for n, name in enumerate(plan.reached)}
    for _ in range(_SWEEPS):
        for column in range(max(columns.values()) + 1):
            members = [name for name in order if columns[name] == column]
            pull = {
                name: sum(order[one] for one in near[name]) / max(len(near[name]), 1)
                for name in members
            }
            members.sort(key=lambda name: pull[name])
            order.update({name: float(row) for row, name in enumerate(members)})
    return {name: (columns[name], int(order[name])) for name in plan.reached}


def equation_rows(problem: Problem) -> list[tuple[str, str, str]]:
    """Return each equation that a question uses as a formula, with its units and meaning."""
    variables = problem.model.variables
    return [
        (formula(equation), units_in_words(variables[equation.target]), equation.summary)
        for equation in problem.plan.steps
    ]


def formula(equation: Equation) -> str:
    """Return an equation as people write it, or its signature where it is no single expression.

    Examples
    --------
    >>> from uncertain_scale.model import default_model
    >>> laws = default_model().equations
    >>> formula(next(law for law in laws if law.name == "gpu_hours"))
    'gpu_hours = budget / hourly_rate'
    """
    if equation.law is not None:
        return f"{equation.target}, solved from {formula(equation.law)}"
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(equation.function)))
    except (OSError, TypeError, SyntaxError):
        return str(equation)
    body = tree.body[0].body if isinstance(tree.body[0], ast.FunctionDef) else []
    said = [one for one in body if not isinstance(one, ast.Expr)]
    if len(said) != 1 or not isinstance(said[0], ast.Return) or said[0].value is None:
        return str(equation)
    return f"{equation.target} = {ast.unparse(said[0].value).replace('**', '^').replace('*', '×')}"
