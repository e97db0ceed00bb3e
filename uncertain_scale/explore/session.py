"""A view as text for another machine: a session's file, or the end of an address.

It names shipped scenarios and holds every other file that the view reads. Reading a session opens
no file that it names and runs nothing: equations are run once somebody has agreed to it.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import asdict, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from uncertain_scale.errors import FileError, QuestionError
from uncertain_scale.explore.view import EDITS, View
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.catalog import find_prior_file, shipped_folder
from uncertain_scale.inputs.document import File, Line, Version
from uncertain_scale.inputs.toml import TomlReader, parse_toml
from uncertain_scale.inputs.writing import overlay_file
from uncertain_scale.model import default_model
from uncertain_scale.reading import UnreadableError, is_inside, read_text
from uncertain_scale.sampling import Design
from uncertain_scale.statistics.summary import read_probs

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION = "session.toml"
"""Name of the file that a session is saved as."""
MOST_BYTES = 4_000_000
MOST_CHARACTERS = 16_000
"""Of an address; a longer session is saved as a file."""
_Lines = Annotated[tuple[Line, ...], Field(strict=False)]
_BROKEN = (
    "the address holds no session behind its #: it was cut short or altered; ask for it again, or "
    "for the session as a file"
)


class SessionFile(File):
    """A saved session: a view, and the texts of files that it reads, by name."""

    sort: ClassVar[str] = "Sessions"
    schema_version: Version
    version: Line = Field(description="the program that wrote it")
    equations_digest: Line = Field("", description="of the built-in equations")
    scenario: Line = Field(description="a shipped scenario, or one of the files")
    given: dict[str, Line] = Field(default_factory=dict)
    free: _Lines = ()
    outputs: _Lines = ()
    events: _Lines = ()
    overlays: _Lines = ()
    others: _Lines = ()
    equations: _Lines = ()
    everywhere: bool = False
    extends_builtin: bool = False
    of: Line = ""
    at: Line = ""
    probs: Annotated[tuple[float, ...], Field(strict=False, min_length=1)] = (0.9,)
    design: dict[str, str | int] = Field(default_factory=dict)
    as_of: Line = ""
    edits: str = ""
    files: dict[str, str] = Field(default_factory=dict)


def written(view: View) -> str:
    """Return the text of a session.

    Raises
    ------
    UncertainScaleError
        A file cannot be read, or two have one name, or they are too large.
    """
    import tomli_w

    files: dict[str, str] = {}
    text = tomli_w.dumps(
        {
            "schema_version": 1,
            "version": version("uncertain-scale"),
            "equations_digest": _digest(),
            "scenario": _packed_file(view.scenario, files),
            "overlays": [_packed_file(one, files) for one in view.overlays],
            "others": [_packed_file(one, files) for one in view.others],
            "equations": [_keep(one, files) for one in view.equations],
            **{name: list(getattr(view, name)) for name in ("free", "outputs", "events", "probs")},
            **{name: getattr(view, name) or "" for name in ("of", "at", "as_of")},
            "everywhere": view.everywhere,
            "extends_builtin": view.extends_builtin,
            "given": dict(view.given),
            "design": asdict(view.design),
            "edits": overlay_file(view.edits.values()) if view.edits else "",
            "files": files,
        },
        multiline_strings=True,
    )
    if len(text.encode()) > MOST_BYTES:
        raise QuestionError(f"the session's files take more than {MOST_BYTES / 1e6:g} MB")
    return text


def _packed_file(source: str | Path, files: dict[str, str]) -> str:
    """Return what names a prior file in a session, which holds it unless it is shipped."""
    path = find_prior_file(source)
    if is_inside(path, shipped_folder()):
        return path.stem
    document = parse_toml(path)[1]
    joint = document.get("joint", [])
    for table in joint if isinstance(joint, list) else []:
        _keep(path.parent / str(table.get("samples")), files)
    if extended := document.get("extends"):
        _packed_file(find_prior_file(extended, beside=path.parent), files)
    return _keep(path, files)


def _keep(path: Path, files: dict[str, str]) -> str:
    try:
        text = read_text(path, MOST_BYTES)
    except UnreadableError as error:
        raise FileError([error.of(path)]) from None
    if files.setdefault(path.name, text) != text:
        raise QuestionError(f"two files are called {path.name}; a session needs one name for each")
    return path.name


def kept(files: Mapping[str, str], folder: Path) -> Path:
    """Write files into a folder of their own, which other texts do not share, and return it."""
    digest = hashlib.blake2b(repr(sorted(files.items())).encode(), digest_size=16).hexdigest()
    place = folder / digest
    place.mkdir(exist_ok=True)
    for name, text in files.items():
        (place / name).write_bytes(text.encode(errors="replace"))
    return place


def opened(text: str, folder: Path) -> tuple[View, str]:
    """Return the view of a session, and what a reader should know of it.

    Parameters
    ----------
    text
        As `written` returns it, or anything that somebody says is such.
    folder
        Where its files are written, to be read from there.

    Raises
    ------
    UncertainScaleError
        Everything that is wrong with it.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise QuestionError(f"the session is larger than {MOST_BYTES / 1e6:g} MB; it was not read")
    reader = TomlReader(kept({SESSION: text}, folder) / SESSION, FileError)
    found = reader.checked(SessionFile, reader.document, ())
    if found is None:
        raise FileError(reader.faults)
    for name in found.files:
        if not _is_name(name):
            raise QuestionError(f"the session has a file '{name[:60]}'; expected a plain name")
    place = kept(found.files, folder)

    def path(name: str) -> str:
        if name in found.files:
            return str(place / name)
        if Path(name).name != name or name.endswith((".toml", ".py")):
            raise QuestionError(
                f"the session names {name[:60]}, which it does not hold; save it again where that "
                "file is"
            )
        return name

    try:
        design = Design(**found.design)  # type: ignore[arg-type]
    except TypeError as error:
        raise QuestionError(f"the session's design cannot be read: {error}") from None
    view = View(
        found.given,
        found.free,
        found.outputs,
        found.events,
        path(found.scenario),
        tuple(Path(path(one)) for one in found.overlays),
        tuple(Path(path(one)) for one in found.equations),
        tuple(path(one) for one in found.others),
        everywhere=found.everywhere,
        of=found.of or None,
        at=found.at,
        probs=tuple(read_probs(found.probs)),
        design=design,
        as_of=found.as_of or None,
        extends_builtin=found.extends_builtin,
    )
    if found.edits:
        edits = load_priors(kept({EDITS: found.edits}, folder) / EDITS).inputs
        view = replace(view, edits={name: _by_hand(prior) for name, prior in edits.items()})
    return view, _news(found)


def _is_name(name: str) -> bool:
    return (
        Path(name).name == name and name.isprintable() and name.endswith((".toml", ".csv", ".py"))
    )


def _by_hand(prior: Any) -> Any:
    return replace(prior, provenance=replace(prior.provenance, where="edited"))


def _news(found: SessionFile) -> str:
    """Return a word on a session of another version, "" for one of this."""
    here = (version("uncertain-scale"), _digest())
    if (found.version, found.equations_digest) == here:
        return ""
    return (
        f"This session was made by uncertain-scale {found.version}, equations "
        f"{found.equations_digest[:16] or 'unknown'}. It is answered by {here[0]}, equations "
        f"{here[1]}: figures may differ."
    )


@cache
def _digest() -> str:
    return default_model().digest()[:16]


def packed(text: str) -> str:
    """Return a session as the end of an address; "" where it would be too long for one."""
    code = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    return code if len(code) <= MOST_CHARACTERS else ""


def unpacked(address: str) -> str:
    """Return the session behind the # of an address.

    Raises
    ------
    QuestionError
        There is none: it was cut short, altered or made to be huge.
    """
    code = address.rpartition("#")[2]
    try:
        if len(code) > MOST_CHARACTERS:
            raise ValueError(code)
        raw = zlib.decompressobj()
        text = raw.decompress(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)), MOST_BYTES)
        if not raw.eof:
            raise ValueError(code)
        return text.decode()
    except (ValueError, zlib.error) as error:
        raise QuestionError(_BROKEN) from error
