"""Files of other programs turned into prior files: SIPmath libraries and Guesstimate spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uncertain_scale.errors import PriorError
from uncertain_scale.inputs.document import as_name
from uncertain_scale.inputs.guesstimate import is_space, read_space
from uncertain_scale.inputs.sipmath import is_library, read_library
from uncertain_scale.inputs.writing import prior_files
from uncertain_scale.reading import UnreadableError, parse_json, read_text

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["read_import"]

_MOST_BYTES = 64_000_000


def read_import(
    path: Path, *, trials: int | None = None, taken: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Read a file of another program.

    Parameters
    ----------
    path
        A SIPmath 3.0 library or a Guesstimate space, in JSON.
    trials
        As in `read_library`.
    taken
        Names of variables that cells of a space may not have.

    Returns
    -------
    texts, lost
        Texts of files by name, the prior file first; and a line for each thing left out.

    Raises
    ------
    PriorError
        It cannot be read, is of neither kind, or nothing of it can be carried over.
    """
    try:
        document = parse_json(read_text(path, _MOST_BYTES))
    except UnreadableError as error:
        raise PriorError([error.of(path)]) from None
    except ValueError as error:
        raise PriorError([f"{path} is not JSON of finite numbers: {error!s:.200}"]) from None
    stem = as_name(path.stem)
    if is_library(document):
        priors, lost = read_library(document, str(path), trials)
        return prior_files(priors, stem), lost
    if not is_space(document):
        found = "is neither a SIPmath library, with 'sips', nor a Guesstimate space, with a 'graph'"
        raise PriorError([f"{path} {found}"])
    if trials is not None:
        raise PriorError([f"{path} is a Guesstimate space; --trials are of SIPmath libraries"])
    priors, equations, lost = read_space(document, str(path), taken)
    return prior_files(priors, stem) | ({f"{stem}.py": equations} if equations else {}), lost
