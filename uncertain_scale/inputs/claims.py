"""What a document asserts, after its claims file is read: Reading, Claim and Claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from uncertain_scale.inputs.assertion import Assertion

__all__ = ["Claim", "Claims", "Reading"]


@dataclass(frozen=True)
class Reading:
    """A way to read the document's own inputs.

    Parameters
    ----------
    name, title
        Its name in the file, and in words.
    scenario
        Prior file of the inputs.
    given, assuming
        As typed, by variable: what replaces a claim's givens, and the scenario's inputs.
    """

    name: str
    title: str
    scenario: Path
    given: Mapping[str, str] = field(default_factory=dict)
    assuming: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim, its units those of the model.

    Parameters
    ----------
    name, says, quote, note
        As in the file.
    variable, asserted
        What it is about, and what is asserted of it; None for what is only implied.
    given, free
        The question that it answers, under any scenario.
    reading, others
        The document's own inputs as the claim takes them, None where the document states none; and
        further readings.
    scenario, against
        Prior file that it is judged under, or None for any; and the one that a ratio is against.
    against_reading
        The document's own inputs that a ratio is against.
    places
        File and line by key, and of the claim itself by "".
    """

    name: str
    says: str
    variable: str
    asserted: Assertion | None
    given: Mapping[str, str]
    free: tuple[str, ...]
    reading: Reading | None
    others: tuple[Reading, ...]
    scenario: Path | None
    against: Path | None
    against_reading: Reading | None
    quote: str
    note: str
    places: Mapping[str, str] = field(default_factory=dict, repr=False)

    def fault(self, key: str, text: str) -> str:
        """Return a line that names the claim and the place of one of its keys."""
        return f"{self.places.get(key, self.places[''])} [[claims]] '{self.name}' {text}"


@dataclass(frozen=True)
class Claims:
    """What a document asserts.

    Parameters
    ----------
    name, title, source, as_of, note
        The file's name without its ending, and what it says of the document.
    claims
        Those that can be asked of the model.
    faults
        What is wrong with the others, a line each.
    apart
        How many others there are.
    """

    name: str
    title: str
    source: str
    as_of: dt.date | None
    note: str
    claims: tuple[Claim, ...]
    faults: tuple[str, ...]
    apart: int = 0
