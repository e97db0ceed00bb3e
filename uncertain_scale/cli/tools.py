"""Commands as tools of an assistant: what each takes, as JSON Schema, and the words it stands for.

Both are made from the declarations of the commands' own options and from the model's variables, so
that an option which is added is there. What an assistant may not decide is not among them: code
that runs, other machines, how long to run, and where to write but for a folder.
"""

from __future__ import annotations

import inspect
import math
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from uncertain_scale.cli.command import declared, whole_number
from uncertain_scale.errors import QuestionError, nearest, printable
from uncertain_scale.reading import is_inside
from uncertain_scale.units.domain import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uncertain_scale.cli.command import Parameter

TOOLS = {
    "ask": "report",
    "rank": "sensitivity",
    "compare": "compare",
    "sweep": "sweep",
    "decide": "decide",
    "check_claim": "claims",
    "backtest": "backtest",
    "explain": "model",
    "list_variables": "model",
    "list_scenarios": "priors list",
    "list_chips": "chips",
}
"""Commands by the name of the tool; those that list take no arguments."""
MOST = {"draws": 65_536, "chains": 16}
"""The largest numbers that a tool draws with: a million draws in all."""
CLAIMS = "document"
"""The argument that holds a claims file."""

_AS_JSON = "--format=json"
_LONGEST = 20_000  # characters of a call's arguments
_PAIRS = re.compile(r"[A-Z]+=")
_SHAPE = re.compile(r"[|=\[-]")  # in what a value is called, if that says how it is written


class Setup(NamedTuple):
    """What a server was started with: units by variable, a folder, files of every question."""

    variables: Mapping[str, str]
    folder: Path | None = None
    priors: Sequence[Path] = ()
    equations: Sequence[Path] = ()


def described(name: str) -> str:
    """Return what a tool does, in words of the program's own."""
    if name.startswith("list_"):
        return f"List the {name.removeprefix('list_')} that questions can be about."
    return " ".join((inspect.getdoc(_command(name)) or "").partition("\n\n")[0].split())


def input_schema(name: str, setup: Setup) -> dict[str, Any]:
    """Return the JSON Schema of the arguments of a tool."""
    properties = {}
    for argument, one in _taken(name, setup).items():
        properties[argument] = _property(one, setup)
        if argument == "given" and name == "ask":  # once, for its length
            quantities = {variable: _quantity(units) for variable, units in setup.variables.items()}
            properties[argument]["properties"] = quantities
        if one.info.reads == "claims":
            from uncertain_scale.inputs.claim_files import ClaimsFile

            own = {"description": f"Claims of your own, in place of `{argument}`."}
            properties[CLAIMS] = ClaimsFile.editor_schema() | own
    return {"type": "object", "properties": properties, "additionalProperties": False}


def words_of(name: str, arguments: Mapping[str, Any], setup: Setup) -> list[str]:
    """Return the command line that a call of a tool stands for.

    Raises QuestionError: an argument is unknown, too long, or of another type than its schema says.
    """
    taken = _taken(name, setup)
    words, positional = TOOLS[name].split(), ["--"]
    if len(repr(arguments)) > _LONGEST:
        raise QuestionError(f"the arguments have over {_LONGEST:,} characters; ask for less")
    for argument, value in arguments.items():
        if argument not in taken:
            raise QuestionError(
                f"argument '{argument[:60]}' is unknown; {nearest(argument, taken)}"
            )
        option = taken[argument].option
        for text in _texts(argument, taken[argument], value):
            if argument == "output" and not _right_below(text, setup.folder):
                raise QuestionError(f"argument 'output' is '{text:.60}'; expected a name, no path")
            typed = f"{option}={text}" if text else f"{option}"
            (words if option else positional).append(typed if option else text)
    for file in {"priors", "equations"} & {one.name for one in _parameters(name)}:
        words += [f"--{file}={path}" for path in getattr(setup, file)]
    return [*words, _AS_JSON, *(positional if positional[1:] else [])]


def command_line(words: list[str]) -> str:
    """Return the command line as people type it."""
    return shlex.join(["uncertain-scale", *(word for word in words if word != _AS_JSON)])


def _command(name: str) -> Any:
    command = TOOLS[name]
    return getattr(import_module(f"uncertain_scale.cli.{command}"), command)


def _parameters(name: str) -> list[Parameter]:
    return [] if name.startswith("list_") else declared(_command(name))


def _taken(name: str, setup: Setup) -> dict[str, Parameter]:
    """Return the parameters that an assistant may state, by what they are called there."""
    return {
        (one.option or one.name).removeprefix("--").replace("-", "_"): one
        for one in _parameters(name)
        if one.info.reads != "equations"
        if one.info.replay != "dropped" or (one.name == "output" and setup.folder)
    }


def _property(parameter: Parameter, setup: Setup) -> dict[str, Any]:
    """Return the schema of one argument."""
    said = str(parameter.info.help).replace("; repeatable", "")
    metavar = parameter.info.metavar or ""
    if parameter.name in setup.variables:
        found = _quantity(setup.variables[parameter.name])
        return {**found, "description": f"{said} In {found['description']}."}
    if _PAIRS.match(metavar):
        kinds = {"type": ["number", "string", "array"]}
        found = {"type": "object", "additionalProperties": kinds}
    elif metavar == "A,B":
        found = {"type": "array", "items": {"type": "string"}}
    else:
        from pydantic import TypeAdapter

        found = TypeAdapter(parameter.kind).json_schema()
    if parameter.name in MOST:
        found |= {"minimum": 1, "maximum": MOST[parameter.name], "default": parameter.default}
    return {**found, "description": said + (f" As {metavar}." if _SHAPE.search(metavar) else "")}


def _quantity(units: str) -> dict[str, Any]:
    """Return the schema of a quantity: a number in the variable's units and range, or a text."""
    found: dict[str, Any] = {"type": ["number", "string"], "description": str(units)}
    if domain := domain_of(units):
        (low, high), (from_low, to_high) = domain.bounds, domain.closed
        ends = {"minimum" if from_low else "exclusiveMinimum": low}
        ends |= {"maximum" if to_high else "exclusiveMaximum": high}
        found |= {name: end for name, end in ends.items() if math.isfinite(end)}
        found["description"] = f"{units}, {domain.words()}"
    return found


def _texts(name: str, parameter: Parameter, value: Any) -> Iterator[str]:
    """Yield what is typed for a value, once for each time that its option is; "" for a flag."""
    if parameter.kind is bool and isinstance(value, bool):
        yield from [""] if value else []
    elif isinstance(value, dict) and _PAIRS.match(parameter.info.metavar or ""):
        yield from (f"{_text(name, key)}={_text(name, one)}" for key, one in value.items())
    else:
        several = isinstance(value, list) and str(parameter.kind).startswith("list[")
        yield from (_text(name, one) for one in (value if several else [value]))


def _text(name: str, value: Any) -> str:
    """Return what is typed for a value: several with commas."""
    values = value if isinstance(value, list) else [value]
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | int | float) or one == "":
            raise QuestionError(f"argument '{name}' is {one!r:.60}; expected text or a number")
        if name in MOST and _count(one) > MOST[name]:
            raise QuestionError(f"argument '{name}' is {one}; expected at most {MOST[name]:,}")
    text = ",".join(str(one).removesuffix(".0") for one in values)
    if "\n" in text or printable(text) != text:
        raise QuestionError(f"argument '{name}' is {text!r:.60}; drop the control characters")
    return text


def _count(value: Any) -> int:
    """Return a count as the command line reads it; 0 for what it refuses."""
    try:
        return whole_number(str(value))
    except ValueError:
        return 0


def _right_below(text: str, folder: Path | None) -> bool:
    return folder is not None and Path(text).name == text and is_inside(folder / text, folder)
