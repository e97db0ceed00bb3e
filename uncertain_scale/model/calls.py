"""One call of an equation: arguments that it cannot change, a number for each draw as its result.

Draws are shared: what an equation wrote into an argument, every other equation and the report would
read. And its result goes on as plain float64, so all else is refused with what was found.
"""

from __future__ import annotations

import inspect
import numbers
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from uncertain_scale.errors import Interrupted, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from uncertain_scale.model.equation import Equation
    from uncertain_scale.units.aliases import FloatArray

_thread = threading.local()
CHANGES = (
    "gives the same draws another result when it is called again; expected the same result each "
    "time: what is random in it belongs into a prior, as an argument, and it keeps nothing between "
    "calls"
)
"""What is wrong with an equation that is random, or counts its calls."""
_RAISES = {"RAISE_VARARGS", "RERAISE"}
_KINDS = {
    "c": "complex numbers; take their real part, or abs",
    "U": "text",
    "S": "bytes",
    "M": "dates; give a number of years or days",
    "m": "times; give a number in the units of the annotation",
    "V": "records",
}


class StandIn(np.lib.mixins.NDArrayOperatorsMixin):
    """What an equation is run on once in the place of arrays, to learn what it does to them.

    It has a rule for some of NumPy's functions, by name, and refuses all else.
    """

    rules: ClassVar[dict[str, Callable[..., Any]]] = {}

    def __array__(self, *_: Any, **__: Any) -> Any:
        """Refuse to be an array, so that no rule is passed by."""
        raise TypeError(f"a {type(self).__name__} is no array")

    def __bool__(self) -> bool:
        """Refuse to be true or false, which differs between draws."""
        raise TypeError(f"a {type(self).__name__} is neither true nor false")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Apply the rule of a NumPy function."""
        rule = self.rules.get(ufunc.__name__)
        if rule is None or method != "__call__" or kwargs:
            return NotImplemented
        return rule(*inputs)


def running() -> bool:
    """Return whether this thread is inside of an equation, or of the file that holds some."""
    return getattr(_thread, "depth", 0) > 0


@contextmanager
def user_code() -> Iterator[None]:
    """Mark what runs inside as a user's, whose floating-point settings end with it."""
    _thread.depth = getattr(_thread, "depth", 0) + 1
    try:
        # A division by a draw of zero gives inf or nan, which the summary reports in words.
        with np.errstate(all="ignore"):
            yield
    finally:
        _thread.depth -= 1


def try_on(
    equation: Equation, arguments: Sequence[Any], read: Callable[[Any], Any] = lambda found: found
) -> Any:
    """Return what an equation makes of stand-ins, or None where these have no rule for it.

    Parameters
    ----------
    equation, arguments
        What is run, and on what.
    read
        Applied to the result; None is returned where it fails, too.
    """
    try:
        with user_code():
            return read(equation.function(*arguments))
    except BaseException as error:
        if is_interrupt(error):
            raise
        return None


def call(equation: Equation, arguments: Sequence[FloatArray]) -> FloatArray:
    """Return what an equation gives for some draws, in an array that is nobody else's.

    Parameters
    ----------
    equation
        The equation.
    arguments
        Draws of its arguments, of one shape. It sees them read-only and in one row.

    Raises
    ------
    ModelError
        It fails, writes into an argument, or does not give a number for each draw.
    """
    array = call_shared(equation, arguments)
    if array.base is not None or not array.flags.writeable:
        array = array.copy()  # of an argument that comes back, or of a part of another array
    return array.reshape(arguments[0].shape)


def call_shared(equation: Equation, arguments: Sequence[FloatArray]) -> FloatArray:
    """Return what an equation gives, as `call` does, in one row and perhaps not a copy."""
    views = [_read_only(draws.reshape(-1)) for draws in arguments]
    try:
        with user_code():
            result = equation.function(**dict(zip(equation.arguments, views, strict=True)))
    except BaseException as error:
        if is_interrupt(error):
            raise
        said = _writing(equation, arguments, error) or failure(error, "arrays of draws")
        raise ModelError(f"{equation.where} {equation} {said}") from error
    if said := misfit(result):
        raise ModelError(
            f"{equation.where} {equation} gives {said}; expected one number for each draw"
        )
    array: FloatArray = np.asarray(result, dtype=float)
    if array.shape != views[0].shape:
        raise ModelError(
            f"{equation.where} {equation} gives an array of shape {array.shape} for draws of "
            f"shape {views[0].shape}; expected one number for each draw"
        )
    return array


def writes(equation: Equation, arguments: Sequence[FloatArray]) -> str:
    """Say which of its arguments an equation writes into; "" for none."""
    views = map(_read_only, arguments)
    try:
        with user_code():
            equation.function(**dict(zip(equation.arguments, views, strict=True)))
    except Exception as error:  # noqa: BLE001 (a user's equation may raise anything)
        return _writing(equation, arguments, error)
    return ""


def failure(error: BaseException, given: str) -> str:
    """Say how an equation failed on what it was given."""
    if isinstance(error, Exception):
        return f"fails on {given}: {type(error).__name__}: {error}; write it with numpy's functions"
    code = f"({error})" if str(error) else ""
    return f"ends the program by {type(error).__name__}{code}; raise a ValueError, or give nan"


def misfit(result: Any) -> str:  # noqa: PLR0911 (one for each kind)
    """Say what a result is that is not made of plain numbers; "" for one that is."""
    if result is None:
        return "None; end it with 'return' and the result"
    if inspect.isgenerator(result) or inspect.iscoroutine(result) or callable(result):
        return f"a {type(result).__name__}; give its numbers"
    if hasattr(result, "units") and hasattr(result, "magnitude"):
        return "a quantity with units; give its magnitude in the units of the annotation"
    if isinstance(result, np.ma.MaskedArray):
        return "a masked array; fill it (result.filled(...)), or give nan where there is no answer"
    if isinstance(result, np.ndarray) and type(result) is not np.ndarray:
        return f"a {type(result).__name__}; give a plain array (np.array(result))"
    try:
        array = np.asarray(result)
    except Exception:  # noqa: BLE001 (of lists of several lengths, or of a user's class)
        return f"a {type(result).__name__} of which numpy makes no array"
    if array.dtype.kind == "O":
        other = [one for one in array.flat if not isinstance(one, numbers.Real)]
        return f"objects ({type(other[0]).__name__})" if other else ""
    return _KINDS.get(array.dtype.kind, "")


def _read_only(draws: FloatArray) -> FloatArray:
    """Return draws as an array that cannot be made writable, as a view of theirs could be."""
    return np.asarray(memoryview(cast("Any", draws)).toreadonly())


def _refuses_writing(error: BaseException) -> bool:
    return isinstance(error, ValueError) and any(
        words in str(error) for words in ("read-only", "WRITEABLE", "not writeable")
    )


def _writing(equation: Equation, arguments: Sequence[FloatArray], error: BaseException) -> str:
    """Say which arguments an equation writes into; "" where that is not what it failed at."""

    def refuses(read_only: str) -> bool:
        given = {name: draws.flatten() for name, draws in named.items()}
        if read_only:
            given[read_only] = _read_only(given[read_only])
        try:
            with user_code():
                equation.function(**given)
        except Exception as other:  # noqa: BLE001 (any other failure is of the copies)
            return _refuses_writing(other)
        return False

    named = dict(zip(equation.arguments, arguments, strict=True))
    if not _refuses_writing(error) or refuses(""):  # of what it made read-only itself
        return ""
    written = [name for name in named if refuses(name)]
    if not written:
        return ""
    names = ", ".join(f"'{name}'" for name in written)
    line = line_in(equation.function.__code__.co_filename, error)
    place = f" (line {line})" if line else ""
    return (
        f"writes into its argument {names}{place}, which others read too; write "
        f"into a copy, {written[0]} = np.array({written[0]}) (np.asarray makes none)"
    )


def line_in(file: str, error: BaseException) -> int:
    """Return the line of a file at which an error arose, 0 where it arose elsewhere."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def is_interrupt(error: BaseException) -> bool:
    """Return whether it is a signal: Ctrl-C comes between two instructions, unlike a `raise`."""
    if isinstance(error, Interrupted):
        return True
    if not isinstance(error, KeyboardInterrupt):
        return False
    import dis

    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is None or not any(
        step.offset == trace.tb_lasti and step.opname in _RAISES
        for step in dis.get_instructions(trace.tb_frame.f_code)
    )
