"""Errors, with messages for a person to act on.

Every error the package raises on purpose descends from `UncertainScaleError` and from the builtin
that fits. Each message says where, what was found, what was expected and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T")

__all__ = [
    "ClaimError",
    "ClusterError",
    "CommandLineError",
    "DataError",
    "EvidenceError",
    "FileError",
    "Interrupted",
    "ModelError",
    "OverdeterminedError",
    "PageError",
    "PriorError",
    "QuestionError",
    "UncertainScaleError",
    "UnitError",
    "by_name",
    "how_to_install",
    "listed",
    "nearest",
    "not_a_variable",
    "printable",
    "several",
]

PROBABILITIES = "probabilities, such as [0.9]"
OWN_EQUATIONS = "variables of your own come with their equations: --equations FILE.py"

_MOST_SHOWN = 100  # faults of a file in its message
_MOST_KNOWN, _LONGEST = 2_000, 80  # names, and letters of one, that are compared


class Interrupted(BaseException):
    """Somebody ended the program; neither click nor the standard library handles it."""


class UncertainScaleError(Exception):
    """Root of all errors that uncertain_scale raises on purpose.

    The names of classes are the codes of errors for programs, which docs/json.md lists.
    """


class UnitError(UncertainScaleError, ValueError):
    """A value or unit that cannot be read, or a unit that does not fit."""


class ModelError(UncertainScaleError, ValueError):
    """Equations that cannot make a model: units that disagree, a name used twice, no such file."""


class QuestionError(UncertainScaleError, ValueError):
    """A question that the model cannot answer as it was asked."""


class CommandLineError(QuestionError):
    """Words of a command line that are no command, option or value of it."""


class OverdeterminedError(QuestionError):
    """A question that fixes one variable in two ways."""


class DataError(UncertainScaleError, ValueError):
    """Draws, or a file of them, that cannot be used."""


class ClusterError(UncertainScaleError, RuntimeError):
    """A cluster that cannot be reached, or cannot do what it is asked."""


class PageError(UncertainScaleError, RuntimeError):
    """A page, or tools for assistants, that cannot be served."""


class FileError(UncertainScaleError, ValueError):
    """Everything that is wrong with a file that a person wrote, all faults at once.

    The message holds the first hundred of them.

    Parameters
    ----------
    faults
        One line each: `file:line [table] what was found; what to do`.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        more = len(faults) - _MOST_SHOWN
        also = [f"and {more:,} more; mend these first"] if more > 0 else []
        super().__init__("\n".join([*faults[:_MOST_SHOWN], *also]))
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[type[FileError], tuple[tuple[str, ...]]]:
        return type(self), (self.faults,)


class PriorError(FileError):
    """Everything that is wrong with a prior file."""


class EvidenceError(FileError):
    """Everything that is wrong with an evidence file, or why its facts cannot be believed."""


class ClaimError(FileError):
    """Everything that is wrong with a claims file."""


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them.

    Examples
    --------
    >>> listed(["mfu", "pue", "budget"])
    'mfu, pue and budget'
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def counted(count: int, noun: str) -> str:
    """Return a number of things: `1 input`, `25 inputs`.

    Examples
    --------
    >>> counted(1, "input"), counted(4096, "draw")
    ('1 input', '4,096 draws')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that a misspelt one was meant for, or the few there are.

    Examples
    --------
    >>> nearest("mfuu", ["mfu", "budget"])
    "did you mean 'mfu'?"
    """
    names = sorted(islice(known, _MOST_KNOWN))
    close = get_close_matches(name[:_LONGEST], names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:12])
    return f"known: {shown}{', …' if len(names) > 12 else ''}" if names else "none is known"


def not_a_variable(name: str, variables: Iterable[str]) -> str:
    """Return the message that a name is no variable of the model, with the nearest that is.

    Examples
    --------
    >>> not_a_variable("mfuu", ["mfu", "budget"])
    "'mfuu' is not a variable of the model; did you mean 'mfu'?"
    """
    hint = nearest(name, variables)
    hint = hint if hint.startswith("did") else f"{hint}; {OWN_EQUATIONS}"
    return f"'{name[:60]}' is not a variable of the model; {hint}"


def several(option: str, values: object, kind: Any, expected: str) -> tuple[Any, ...]:
    """Return what is said for an argument that takes several values, or one alone, as a tuple.

    Parameters
    ----------
    option, values
        Its name, and what was said.
    kind
        The type or types of one value.
    expected
        What is expected, for the message.

    Raises
    ------
    QuestionError
        It is neither one of that kind nor several.

    Examples
    --------
    >>> several("outputs", "gpus", str, "names of variables")
    ('gpus',)
    """
    one = isinstance(values, kind)
    found = (values,) if one else values
    several = isinstance(found, Iterable) and not isinstance(found, str | bytes | Mapping)
    found = tuple(found) if isinstance(found, Iterable) and several else ()
    wrong = next((value for value in found if not isinstance(value, kind)), None)
    if not several or wrong is not None:
        odd = values if wrong is None else wrong
        raise QuestionError(
            f"{option}: found {type(odd).__name__} {odd!r:.60}; expected {expected}"
        )
    return found


def by_name(
    option: str, values: Mapping[str, _T] | None, example: str = '{"budget": "100M"}'
) -> Mapping[str, _T]:
    """Return values by variable, none where there are none.

    Raises QuestionError: they are no mapping.
    """
    stated: object = values
    if stated is not None and not isinstance(stated, Mapping):
        found = f"{type(values).__name__} {values!r:.60}"
        raise QuestionError(f"{option}: found {found}; expected a mapping, such as {example}")
    return values or {}


def how_to_install(extra: str) -> str:
    """Return how an optional part of the package is installed.

    Examples
    --------
    >>> how_to_install("explore")
    "pip install -e '.[explore]' in the project's own folder"
    """
    return f"pip install -e '.[{extra}]' in the project's own folder"


def printable(text: object) -> str:
    r"""Return text whose control characters, which could steer a terminal, are shown as escapes.

    Line breaks are kept; so is all that people read.

    Examples
    --------
    >>> printable("red \x1b[31m text")
    'red \\x1b[31m text'
    """
    return "".join(
        character
        if character == "\n" or category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in str(text)
    )
