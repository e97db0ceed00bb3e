"""Options and arguments of commands: their declaration, their refusals, and command lines of them.

What a shell completes their values with is here too: functions of the word that is being typed,
which return the words that it may become.

A declaration says more than typer asks for: which kind of file a value names, and what stands for
the option in a command line that makes a result again. Every command line that the program writes,
into a record or on a page, is made from these declarations.
"""

from __future__ import annotations

import inspect
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import ArgumentInfo, OptionInfo

from uncertain_scale.errors import CommandLineError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UsageError: type[Any] = typer.BadParameter.__bases__[0]  # of click, or of typer's copy of it
DRAWS = "Draws"
"""Panel of the options that say how draws are made."""

Reads = Literal[
    "scenario",
    "overlay",
    "evidence",
    "equations",
    "claims",
    "runs",
    "series",
    "options",
    "result",
    "import",
]
"""The kind of file or folder that a value names, some of which are shipped and have bare names."""

Replay = Literal["kept", "merged", "recorded", "dropped"]
"""Whether a command line that makes a result again has the option.

`kept`: yes, in a record and on a page. `merged`: on a page; in a record, the file of merged priors
stands for it. `recorded`: in a record alone, for it changes no figure. `dropped`: in neither, for
it says where a result goes, in which form, or how long to look for it.
"""

StandIns = dict[tuple[Reads | None, str | None], str]
"""Files of a record by the kind and the word that they stand for; None where none was typed."""

_Result = TypeVar("_Result")


class Option(OptionInfo):
    """The declaration of an option.

    `name` is what is typed for it, by default `--` and the parameter's name; a flag needs one.
    `reads` and `replay` say which kind of file it names, and what a record has of it.
    """

    def __init__(
        self,
        help_text: str,
        metavar: str | None = None,
        name: str | None = None,
        *,
        panel: str | None = None,
        reads: Reads | None = None,
        replay: Replay = "kept",
        **more: Any,
    ) -> None:
        named = name or ...  # typer looks for a name in the place of a default
        super().__init__(
            default=named, help=help_text, metavar=metavar, rich_help_panel=panel, **more
        )
        self.reads: Reads | None = reads
        self.replay: Replay = replay


class Argument(ArgumentInfo):
    """The declaration of an argument, which is known by its position."""

    def __init__(
        self,
        help_text: str,
        metavar: str | None = None,
        *,
        reads: Reads | None = None,
        replay: Replay = "kept",
        **more: Any,
    ) -> None:
        super().__init__(default=..., help=help_text, metavar=metavar, **more)
        self.reads: Reads | None = reads
        self.replay: Replay = replay


@dataclass(frozen=True)
class Parameter:
    """An option or argument of a command, by the name that the command's function has for it."""

    name: str
    default: Any
    info: Option | Argument
    kind: Any

    @property
    def option(self) -> str | None:
        """The option as it is typed; None of an argument."""
        if isinstance(self.info, Argument):
            return None
        named = self.info.default
        return named if isinstance(named, str) else f"--{self.name.replace('_', '-')}"

    def usual(self, value: Any) -> bool:
        """Return whether a value is the one that it has where nothing is typed."""
        return _items(value) == _items(self.default)

    def words(self, value: Any) -> list[str]:
        """Return the words that give it a value; none for a flag that is off."""
        words: list[str] = []
        for item in _items(value):
            if item is not None and item is not False:
                words += [self.option] if self.option else []
                words += [] if item is True else [_word(item)]
        return words


def with_parameters(
    function: Callable[..., _Result], parameters: list[inspect.Parameter]
) -> Callable[..., _Result]:
    """Let a function have other parameters, all by keyword, in the signature that typer reads."""
    keywords = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    function.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    function.__annotations__ = {one.name: one.annotation for one in parameters}
    return function


def declared(command: Callable[..., object]) -> list[Parameter]:
    """Return the options and arguments of a command, in the order in which it declares them."""
    signature = inspect.signature(command, eval_str=True)
    return [
        Parameter(name, parameter.default, info, get_args(parameter.annotation)[0])
        for name, parameter in signature.parameters.items()
        for info in getattr(parameter.annotation, "__metadata__", ())
        if isinstance(info, Option | Argument)
    ]


def typed(
    command: Callable[..., object], arguments: Mapping[str, Any], *, design: bool = False
) -> str:
    """Return the command line that makes the same figures, as people type it.

    Arguments at their defaults are left out, but with `design` none that says how draws are made.
    """
    words = ["uncertain-scale", command.__name__]
    for parameter in declared(command):
        value = arguments.get(parameter.name, parameter.default)
        if parameter.info.replay in {"kept", "merged"} and (
            not parameter.usual(value) or (design and parameter.info.rich_help_panel == DRAWS)
        ):
            words += parameter.words(value)
    return shlex.join(words)


def spelt_out(
    command: Callable[..., object], arguments: Mapping[str, Any], stand_ins: StandIns
) -> list[str]:
    """Return the words that make a result again from the stand-ins, every option spelt out."""
    words, positional = [command.__name__], ["--"]
    for parameter, items in _recorded(command, arguments, stand_ins):
        kind = parameter.info.reads
        value = [stand_ins.get((kind, _word(item)), item) for item in items]
        (words if parameter.option else positional).extend(parameter.words(value))
    return words + (positional if positional[1:] else [])


def files_read(
    command: Callable[..., object], arguments: Mapping[str, Any], stand_ins: StandIns
) -> list[tuple[Reads, str]]:
    """Return the kinds and paths of the files that a command read, but for what has a stand-in."""
    return [
        (parameter.info.reads, _word(item))
        for parameter, items in _recorded(command, arguments, stand_ins)
        for item in items
        if parameter.info.reads and item is not None and Path(item).is_file()
        if (parameter.info.reads, _word(item)) not in stand_ins
    ]


def _recorded(
    command: Callable[..., object], arguments: Mapping[str, Any], stand_ins: StandIns
) -> Iterator[tuple[Parameter, list[Any]]]:
    """Yield the parameters that a record has, and their values; merged ones last."""
    merged = any(kind == "scenario" for kind, _ in stand_ins)
    for parameter in sorted(declared(command), key=lambda one: one.info.replay == "merged"):
        items = _items(arguments.get(parameter.name))
        if merged and parameter.info.replay == "merged":
            items = [one for one in items if (parameter.info.reads, _word(one)) in stand_ins]
        if parameter.info.replay != "dropped":
            yield parameter, items


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _word(item: Any) -> Any:
    """Return a value as it is typed; None where none is."""
    return None if item is None else str(item.value if isinstance(item, Enum) else item)


class Command(TyperCommand):
    """A command whose options have values, and one value each unless they are repeatable.

    Of options that say how draws are made the last counts: scripts append them. Numbers are refused
    as they are elsewhere, with the spelling that is read.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words behind the command's name.

        Where a shell completes one nothing is refused.

        Raises CommandLineError: a value is empty, or no number where one is expected, or an option
        that takes one value has several.
        """
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        with refusing(ctx):
            values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        by_name = {parameter.name: parameter for parameter in self.get_params(ctx)}
        hints = get_type_hints(self.callback)
        for name, value in values.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if isinstance(one, str) and not one.strip():
                    raise CommandLineError(f"{_label(by_name[name])} is empty; give a value")
                if isinstance(one, str):
                    _check_choice(by_name[name], hints.get(name), one)
                    _check_number(by_name[name], hints.get(name), one.strip())
        for name, times in Counter(parameter.name for parameter in order).items():
            if times > 1 and _asks_once(by_name[name]):
                raise CommandLineError(f"{_label(by_name[name])} is given {times} times; keep one")
        with refusing(ctx):
            return super().parse_args(ctx, args)


class Group(TyperGroup):
    """A group of commands that refuses wrong usage as commands do; without words it shows help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words behind the group's name."""
        with refusing(ctx) if args else nullcontext():
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first word names."""
        with refusing(ctx):
            return super().resolve_command(ctx, args)


@contextmanager
def refusing(ctx: Any) -> Iterator[None]:
    """Turn errors of usage into a CommandLineError, which is one line of the program's own."""
    try:
        yield
    except UsageError as error:
        text = error.format_message().strip().removesuffix(".").replace(". Did you", "; did you")
        known = {name for one in ctx.command.params for name in one.opts}
        if (meant := _misplaced(text)).partition(" ")[0] in known:
            raise CommandLineError(f"{text[:1].lower()}{text[1:]}; did you mean {meant}?") from None
        hint = "" if text.endswith("?") else f"; {ctx.command_path} --help shows what there is"
        raise CommandLineError(f"{text[:1].lower()}{text[1:]}{hint}") from None


def _misplaced(text: str) -> str:
    """Return the option that a word was meant for which stands where none is expected, or ""."""
    match = re.search(r"unexpected extra argument\S* \((\S+?)[\s)]", text)
    if match is None:
        return ""
    word = match[1]
    if word in complete_scenario(word) or word.endswith(".toml"):
        return f"--scenario {word}"
    return f"--chip {word}" if word in complete_chip(word) else ""


def _check_choice(parameter: Any, annotation: Any, text: str) -> None:
    """Refuse a word that is none of those that an option takes."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Enum):
            known = [str(one.value) for one in kind]
            if text not in known:
                raise CommandLineError(
                    f"{_label(parameter)} '{text[:60]}' is unknown; {nearest(text, known)}"
                )


def _check_number(parameter: Any, annotation: Any, text: str) -> None:
    """Refuse a text that is not the number that an option takes, and tell how it is written."""
    kind = next((one for one in (int, float) if one in {annotation, *get_args(annotation)}), None)
    if kind is None:
        return
    try:
        if not text.isascii():
            raise ValueError(text)
        whole_number(text) if kind is int else kind(text)
    except ValueError:
        sort = "a whole number" if kind is int else "a number"
        said = f"{_label(parameter)} '{text[:60]}' is not {sort}"
        raise CommandLineError(f"{said}; {_number_advice(text, kind, parameter)}") from None


def whole_number(text: str | int) -> int:
    """Read a count as people type it, with a suffix or an exponent or without: 4096, 4k, 1e6.

    Raises ValueError: it is none, or is ambiguous.
    """
    from uncertain_scale.units import parse_quantity

    with suppress(ValueError):
        return int(text)
    number = parse_quantity(str(text))
    if number.units is not None or not number.value.is_integer():
        raise ValueError(text)
    return int(number.value)


def _number_advice(text: str, kind: type, parameter: Any) -> str:
    """Return what to write in the place of a text: the numbers that it may be meant for."""
    meant = _meant(text)
    if meant and (kind is float or all(one.is_integer() for one in meant)):
        written = [
            f"{one:.12g}".replace("e+", "e") if kind is float else f"{one:.0f}" for one in meant
        ]
        return f"write {' or '.join(dict.fromkeys(written))}"
    usual = parameter.default
    usual = usual[0] if isinstance(usual, list) and usual else usual
    example = f", such as {usual:g}" if isinstance(usual, int | float) else ""
    return f"expected digits{example}"


def _meant(text: str) -> list[float]:
    """Return the numbers that a text may be meant for, without units or suffixes."""
    from uncertain_scale.errors import UnitError
    from uncertain_scale.units import SpellingError, parse_quantity

    try:
        return [parse_quantity(text).to("1")]
    except SpellingError as error:
        return [number for one in error.readings for number in _meant(one)]
    except UnitError:
        return []


def _asks_once(parameter: Any) -> bool:
    """Return whether a second value would change what is asked, and not only how it is drawn."""
    return (
        parameter.param_type_name == "option"
        and not parameter.multiple
        and not parameter.is_flag
        and getattr(parameter, "rich_help_panel", None) != DRAWS
    )


def _label(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name.upper())


def complete_scenario(incomplete: str) -> list[str]:
    """Return the shipped scenarios and those of chips.

    Examples
    --------
    >>> complete_scenario("h100-dense")
    ['h100-dense-bf16', 'h100-dense-fp8']
    """
    from uncertain_scale.inputs.catalog import scenario_names
    from uncertain_scale.inputs.chip_scenarios import chip_scenarios

    names = dict.fromkeys([*scenario_names(), *chip_scenarios()])
    return [name for name in names if name.startswith(incomplete)]


def complete_chip(incomplete: str) -> list[str]:
    """Return the chips of the catalogue, whatever the case of what is typed."""
    from uncertain_scale.inputs.chips import chips

    return [name for name in chips() if name.casefold().startswith(incomplete.casefold())]


def complete_variable(incomplete: str) -> list[tuple[str, str]]:
    """Return the variables of the built-in model, each with its label.

    Examples
    --------
    >>> complete_variable("training_f")
    [('training_flop', 'Training compute')]
    """
    from uncertain_scale.model import default_model
    from uncertain_scale.units.labels import label_of

    names = [name for name in default_model().variables if name.startswith(incomplete)]
    return [(name, label_of(name)) for name in names]


def complete_variables(incomplete: str) -> list[tuple[str, str]]:
    """Complete the last of variables with commas between them."""
    head, comma, last = incomplete.rpartition(",")
    return [(f"{head}{comma}{name}", label) for name, label in complete_variable(last)]


def complete_assignment(incomplete: str) -> list[tuple[str, str]]:
    """Complete NAME=VALUE as far as its name.

    Examples
    --------
    >>> complete_assignment("hourly"), complete_assignment("mfu=0.")
    ([('hourly_rate=', 'Rental rate')], [])
    """
    found = [] if "=" in incomplete else complete_variable(incomplete)
    return [(f"{name}=", label) for name, label in found]


def complete_event(incomplete: str) -> list[tuple[str, str]]:
    """Complete the variable of an event."""
    return [] if " " in incomplete else complete_variable(incomplete)
