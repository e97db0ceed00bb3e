"""A choice among options: as plain data, as CSV, and in blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from uncertain_scale.report.blocks import (
    Block,
    Figure,
    Form,
    Gap,
    Heading,
    Items,
    Page,
    Table,
    Text,
)
from uncertain_scale.report.completeness import completeness_in_words
from uncertain_scale.report.completeness import percent as size
from uncertain_scale.report.document import inputs_document, record_document
from uncertain_scale.report.numbers import error_in_words, percent, scale_for, share_in_words
from uncertain_scale.report.render.csv import as_csv
from uncertain_scale.report.rows import (
    design_in_words,
    input_remarks,
    inputs_table,
    opening,
    question_in_words,
    record_table,
    scenario_in_words,
    versions_in_words,
)
from uncertain_scale.sampling.chains import as_tree
from uncertain_scale.sampling.engine import Simulation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure as Drawing

    from uncertain_scale.analysis.decide import Choice, Estimate, Rated
    from uncertain_scale.analysis.events import Event
    from uncertain_scale.analysis.goals import Goal
    from uncertain_scale.model import Model
    from uncertain_scale.report.document import Document

__all__ = ["choice_blocks", "choice_document", "csv_choice"]

_MOST_ROWS = 20  # of options in the terminal
_ROUNDING = 1e-12
_MOST_INPUTS = 6  # of which the worth is told in the terminal
_MOST_NEVER = 3  # options that dominate others, of which these are told
_LEAST = 1e-3  # of the worth of knowing everything, below which an input is not named


def choice_document(choice: Choice) -> Document:
    """Return a choice as plain data, at full precision, with the record of the chosen option."""
    rated = choice.chosen or (choice.nearest[0] if choice.nearest else choice.rated[0])
    problem = rated.option.problem
    tree = as_tree(Simulation(problem, choice.design))
    record = record_document(tree, [], warnings=[])
    for name in rated.option.settings:
        record["question"]["given"].pop(name, None)
    return {
        **record,
        "goals": [_goal(goal, problem.model) for goal in choice.goals],
        "limits": [
            {"limit": one.text, "event": one.event.text, "probability": one.probability}
            for one in choice.limits
        ],
        "options": [_option(one, choice) for one in choice.rated],
        "chosen": choice.chosen.option.name if choice.chosen else None,
        "lead": _figure(choice.lead),
        "evpi": _figure(choice.evpi),
        "known": {name: _figure(one) for name, one in choice.known.items()},
        "groups": {name: list(members) for name, members in choice.groups.items()},
        "pilots": {
            one.text: {**_known(choice.pilots[one.text]), "cost": one.cost}
            for one in choice.measured
        },
        "nearest": _nearest(choice, problem.model),
        "inputs": inputs_document(tree),
    }


def _goal(goal: Goal, model: Model) -> dict[str, Any]:
    direction = "maximise" if goal.sign > 0 else "minimise"
    return {
        "goal": goal.text,
        "direction": direction,
        "measure": goal.measure,
        "units": goal.units(model.variables),
    }


def _option(one: Rated, choice: Choice) -> dict[str, Any]:
    return {
        "name": one.option.name,
        "settings": dict(one.option.settings),
        "scenario": one.option.problem.priors.name,
        "goals": [_value(found, goal) for found, goal in zip(one.goals, choice.goals, strict=True)],
        "interval": [_known(end) for end in one.interval],
        "limits": [_figure(found) for found in one.limits],
        "met": list(one.met),
        "best": _figure(one.best),
        "regret": _figure(one.regret),
        "tied": one.tied,
        "efficient": one.efficient,
        "dominated_by": one.dominated_by,
    }


def _value(found: Estimate, goal: Goal) -> dict[str, float | None]:
    """Return the value of a goal; of a mean of logarithms the geometric mean."""
    if goal.measure != "log":
        return _known(found)
    middle = math.exp(found.value)
    return {"value": middle, "mcse": _finite(middle * found.mcse)}


def _figure(found: Estimate | None) -> dict[str, float | None] | None:
    return None if found is None else _known(found)


def _known(found: Estimate) -> dict[str, float | None]:
    return {"value": _finite(found.value), "mcse": _finite(found.mcse)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _nearest(choice: Choice, model: Model) -> dict[str, Any] | None:
    if choice.nearest is None:
        return None
    rated, values = choice.nearest
    return {
        "name": rated.option.name,
        "values": [_finite(value) for value in values],
        "units": [_units(limit.event, model) for limit in choice.limits],
    }


def _units(event: Event, model: Model) -> str:
    """Return the units of what would meet a limit; of two variables, what the factor is of."""
    name, *others = event.variables
    return f"times {others[0]}" if others else str(model.variables[name])


def choice_blocks(document: Document) -> Iterator[Block]:
    """Yield the blocks of what `choice_document` returns."""
    given = question_in_words(document)
    run = design_in_words(document)
    yield Page(_headline(document), run, "What to choose?", title="Choice", about="")
    yield from opening(document, given, f"{run}.")
    yield Gap()
    yield Heading("Options", only=Form.full)
    yield Text(_verdict(document), "bold", only=Form.brief | Form.full)
    brief, short = _table(document, brief=True)
    yield Table(brief, short[:_MOST_ROWS], only=Form.terminal, widths={0: 16})
    header, rows = _table(document)
    yield Table(header, rows, only=Form.full)
    yield Table(header, rows[:_MOST_ROWS], only=Form.notebook)
    numbered = [f"limit {k}: {one['limit']}" for k, one in enumerate(document["limits"], 1)]
    if numbered:
        yield Text(numbered, "dim", only=Form.terminal)
    yield Figure(lambda: _drawn(document))
    if len(rows) > _MOST_ROWS:
        more = f"{len(rows) - _MOST_ROWS} more; --format csv has them all"
        yield Text(more, "dim", only=Form.brief)
    worth = list(_worth(document))
    if worth:
        yield Heading("What it is worth to know", only=Form.full)
        header = ("if known", "worth", "standard error")
        most = _MOST_INPUTS + 1 + len(document["pilots"])
        yield Table(header, worth[:most], only=Form.brief)
        yield Table(header, worth, only=Form.full)
    notes = [
        *_sureness(document),
        *document["notes"],
        *input_remarks(document["inputs"]),
        *_remarks(document),
    ]
    yield Items(notes, "! ", only=Form.brief)
    yield Items(notes, only=Form.full)
    yield Heading("Inputs", only=Form.markdown)
    yield inputs_table(document)
    yield Heading("Run", only=Form.markdown)
    yield record_table(document)
    views = "--format md, json or csv shows every option and source in full"
    made = (scenario_in_words(document), run, versions_in_words(document))
    yield Text(made, "dim", only=Form.brief)
    yield Text(views, "dim", only=Form.terminal)


def csv_choice(document: Document) -> str:
    """Return a choice as comma-separated values, a row for each option."""
    rows = []
    for one in document["options"]:
        row: dict[str, Any] = {"option": one["name"], **one["settings"]}
        for goal, found in zip(document["goals"], one["goals"], strict=True):
            row |= {goal["goal"]: found["value"], f"{goal['goal']} mcse": found["mcse"]}
        for limit, found, met in zip(document["limits"], one["limits"], one["met"], strict=True):
            name = f"P({limit['event']})"
            row |= {name: found["value"], f"{name} mcse": found["mcse"], f"{name} met": met}
        for key in ("best", "regret"):
            found = one[key] or {"value": None, "mcse": None}
            row |= {key: found["value"], f"{key} mcse": found["mcse"]}
        rows.append(row | {key: one[key] for key in ("tied", "efficient", "dominated_by")})
    return as_csv(list(dict.fromkeys(name for row in rows for name in row)), rows)


def _drawn(document: Document) -> Drawing:
    from uncertain_scale.report.figures import plot_decision

    return plot_decision(document)


def _headline(document: Document) -> str:
    return _verdict(document)[0].rstrip(".") + "."


def _verdict(document: Document) -> list[str]:
    """Say which option is best, and what cannot be told from it."""
    goal = document["goals"][0]
    words = f"{goal['direction']} {goal['goal']}"
    if document["chosen"] is None:
        nearest = document["nearest"]
        lines = [f"No option meets the limits; {nearest['name']} misses them least"]
        for limit, value, units in zip(
            document["limits"], nearest["values"], nearest["units"], strict=True
        ):
            if value is not None:
                scale = scale_for([value], units)
                relaxed = f"{scale.write(value)} {scale.units}".rstrip()
                share = percent(limit["probability"])
                lines.append(f"'{limit['limit']}' would hold for it with {relaxed} ({share})")
        return lines
    rows = {one["name"]: one for one in document["options"]}
    best = rows[document["chosen"]]
    lines = [f"Best to {words}: {best['name']}, {_written(best['goals'][0], goal)}"]
    tied = [one["name"] for one in document["options"] if one["tied"]]
    if tied:
        more = f" and {len(tied) - 3} more" if len(tied) > 3 else ""
        lines.append(f"a tie: the draws cannot tell it from {', '.join(tied[:3])}{more}")
    return lines


def _written(found: dict[str, Any], goal: dict[str, Any]) -> str:
    if goal["measure"] == "probability":
        return share_in_words(found["value"], found["mcse"])
    scale = scale_for([found["value"]], goal["units"])
    return f"{scale.write(found['value'], found['mcse'])} {scale.units}".rstrip()


def _table(
    document: Document, *, brief: bool = False
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and a row an option, the best first, those that break limits last.

    In brief, limits are numbers, and beside them no interval is told.
    """
    goals, limits = document["goals"], document["limits"]
    wide = bool(document["options"][0]["interval"]) and not (brief and len(goals) + len(limits) > 1)
    named = ["loss" if goal["measure"] == "loss" else goal["goal"] for goal in goals]
    named[1:1] = ["90%"] if wide else []
    events = (f"limit {k}" if brief else f"P({one['event']})" for k, one in enumerate(limits, 1))
    header = ("option", *named, *events)
    sign = 1 if goals[0]["direction"] == "maximise" else -1

    def order(one: dict[str, Any]) -> tuple[bool, float]:
        return one["best"] is None, -sign * one["goals"][0]["value"]

    rows = []
    for one in sorted(document["options"], key=order):
        chances = (
            f"{share_in_words(found['value'], found['mcse'])}{_MET[met]}"
            for found, met in zip(one["limits"], one["met"], strict=True)
        )
        best = "" if one["best"] is None else share_in_words(one["best"]["value"])
        regret = "" if one["regret"] is None else _difference(one["regret"], goals[0])
        cells = [_written(f, goal) for f, goal in zip(one["goals"], goals, strict=True)]
        frontier = ("*" if one["efficient"] else "",) if len(goals) > 1 else ()
        cells[1:1] = [_interval(one, goals[0])] if wide else []
        rows.append((one["name"], *cells, *chances, best, regret, *frontier))
    last = ("frontier",) if len(goals) > 1 else ()
    return (*header, "best in", "regret", *last), rows


def _interval(one: dict[str, Any], goal: dict[str, Any]) -> str:
    """Write where 90% of the first goal's variable lie."""
    low, high = one["interval"]
    scale = scale_for([one["goals"][0]["value"], low["value"], high["value"]], goal["units"])
    return " to ".join(scale.write(end["value"], end["mcse"]) for end in (low, high))


_MET = {True: "", False: " no", None: " ?"}


def _difference(found: dict[str, Any], goal: dict[str, Any]) -> str:
    """Write a difference of utility: of logarithms in per cent."""
    if found["value"] is None:
        return "-"
    if goal["measure"] == "log":
        return f"{100 * math.expm1(max(found['value'], 0.0)):.3g}%"
    if goal["measure"] == "probability":
        return share_in_words(max(found["value"], 0.0))
    scale = scale_for([found["value"] or 1.0], goal["units"])
    return f"{scale.write(found['value'], found['mcse'])} {scale.units}".rstrip()


def _worth(document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield what knowing everything, an input, or the result of a pilot adds to the goal."""
    goal = document["goals"][0]
    if document["evpi"] is None or not (document["evpi"]["value"] or 0.0) > _ROUNDING:
        return
    every = {"everything": document["evpi"]}
    every |= {f"a measurement of {name}": one for name, one in document["pilots"].items()}
    groups = document["groups"]
    every |= {
        f"{name} ({len(groups[name])} inputs)" if name in groups else name: one
        for name, one in document["known"].items()
    }
    for name, one in every.items():
        told = one["value"] is not None and one["mcse"] is not None
        least = max(2 * (one["mcse"] or 0.0), _LEAST * (document["evpi"]["value"] or 0.0))
        if not told or (name != "everything" and one["value"] <= least):
            if name.startswith("a measurement"):
                yield name, "not above its error", _error(one, goal)
            continue
        cost = one.get("cost")
        net = "" if cost is None else f", {_net(one['value'] - cost, goal)}"
        yield name, f"{_difference(one, goal)}{net}", _error(one, goal)


def _net(gain: float, goal: dict[str, Any]) -> str:
    """Say what a measurement brings over its cost."""
    scale = scale_for([abs(gain) or 1.0], goal["units"])
    words = f"{scale.write(abs(gain))} {scale.units}".rstrip()
    return f"{words} {'over' if gain > 0 else 'less than'} its cost"


def _error(found: dict[str, Any], goal: dict[str, Any]) -> str:
    if not found["mcse"]:
        return ""
    if goal["measure"] == "log":
        return error_in_words(found["mcse"])
    scale = scale_for([abs(found["value"]) or found["mcse"]], goal["units"])
    return scale.write_error(found["mcse"])


def _sureness(document: Document) -> Iterator[str]:
    """Yield how much of a run was finished, and how sure its goals are."""
    if found := document.get("search"):
        reached = found["reached"]
        within = "of no known error" if reached is None else f"known to {size(reached)} (95%)"
        ended = "" if found["why"] == "reached" else f" NOT reached ({found['why']})"
        yield f"precision {size(found['precision'])}{ended}: the goal and its lead are {within}"
    yield from completeness_in_words({"incomplete": document.get("incomplete")})


def _never_best(document: Document) -> Iterator[str]:
    """Yield options that are never best, by what is as good as they in every draw."""
    together: dict[str, list[str]] = {}
    for one in document["options"]:
        if one["best"] and one["best"]["value"] == 0:
            together.setdefault(one["dominated_by"], []).append(one["name"])
    several = sorted(together.items(), key=lambda item: -len(item[1]))
    for by, names in several[:_MOST_NEVER]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        why = f"{by} is at least as good in every draw" if by else "no one option is as good always"
        yield f"never best: {'; '.join(names[:3])}{more}: {why}"
    if rest := sum(len(names) for _, names in several[_MOST_NEVER:]):
        yield f"never best: {rest} more, each dominated by another; --format csv says by which"


def _best_sizes(document: Document) -> Iterator[str]:
    """Yield for pilots of several sizes which of them brings most over its cost."""
    sizes: dict[str, list[tuple[float, str]]] = {}
    goal = document["goals"][0]
    for name, one in document["pilots"].items():
        pilot, runs, size = name.rpartition(" in ")
        if runs and one["cost"] is not None and one["value"] is not None:
            sizes.setdefault(pilot, []).append((one["value"] - one["cost"], size))
    for pilot, nets in sizes.items():
        net, size = max(nets)
        yield (
            f"a measurement of {pilot} brings most in {size}: {_net(net, goal)}"
            if net > 0
            else f"a measurement of {pilot} is not worth its cost in any of these sizes"
        )


def _remarks(document: Document) -> Iterator[str]:
    """Yield what is never best, and what the figures of logarithms mean."""
    yield from _never_best(document)
    yield from _best_sizes(document)
    open_ = [one["name"] for one in document["options"] if None in one["met"]]
    if open_:
        yield (
            f"whether {', '.join(open_[:3])} meet{'s' if len(open_) == 1 else ''} every limit the "
            "draws do not tell (?); more draws would"
        )
    if document["goals"][0]["measure"] == "log":
        yield (
            f"{document['goals'][0]['goal']} is compared by the mean of its logarithm and shown as "
            "geometric mean; regret and worth are in per cent of it"
        )
    if document["goals"][0]["measure"] == "quantile":
        yield (
            f"the choice is by {document['goals'][0]['goal']}; how often an option is best, regret "
            "and worth are of the variable itself, on average"
        )
