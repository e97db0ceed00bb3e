"""A question in the words of the command line."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from uncertain_scale import model as models
from uncertain_scale.analysis.query import Query
from uncertain_scale.api.analyses import Problem, problem_of
from uncertain_scale.errors import QuestionError, by_name, nearest, several
from uncertain_scale.inputs.chip_scenarios import chip_scenario
from uncertain_scale.model.question import BELIEVED, NAMES
from uncertain_scale.sampling import Design

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["ask", "names_stated", "refuse_misspelt"]

_GIVENS = ("budget", "gpus", "training_time", "training_flop", "date")
_EVENTS = 'events, such as ["training_flop >= 1e26"]'
FILES = 'files, such as ["my.toml"]'


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
        priors=several("priors", priors, (str, Path), FILES),
        equations=several("equations", equations, (str, Path), FILES),
        extends_builtin=extends_builtin,
        as_of=as_of,
    )
    drawn = Design(kind=design, draws=draws, chains=chains, seed=seed)
    try:
        return problem_of(asked, drawn)
    except QuestionError as error:
        refuse_misspelt(variables, inspect.signature(ask).parameters, error)
        raise


def names_stated(stated: str | Sequence[str]) -> tuple[str, ...]:
    """Return names in a list, or in text with commas between them."""
    if isinstance(stated, str):
        return tuple(name.strip() for name in stated.split(",") if name.strip())
    return several("outputs", stated, str, NAMES)
