"""Files of options, goals and limits, as `decide` reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from uncertain_scale.errors import DataError, FileError
from uncertain_scale.inputs.document import File, Line, Name, Table, Version
from uncertain_scale.inputs.toml import TomlReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_Value = Annotated[str | int | float, Field(description="a value as at the command line")]


class OptionTable(Table):
    """One option: a scenario or chip, and what is given."""

    name: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="what the option is called, such as 'rent GB200'"
    )
    scenario: str = Field("", description="A shipped scenario, or a prior file.")
    chip: str = Field("", description="A chip of the catalogue, in place of a scenario.")
    number_format: str = Field("", description="What the chip trains in.")
    given: dict[Name, _Value] = Field(default_factory=dict, description="Values by variable.")


class OptionFile(File):
    """A whole file of options."""

    sort = "Option file"
    schema_version: Version
    title: Line = Field("", description="The choice in one line.")
    options: list[OptionTable] = Field(default_factory=list)
    choose: dict[Name, str] = Field(
        default_factory=dict,
        description="What may be chosen besides, by variable: 'H100, GB200' or '10k..100k:10'.",
    )
    maximise: list[str] = Field(default_factory=list, description="Goals that are to be large.")
    minimise: list[str] = Field(default_factory=list, description="Goals that are to be small.")
    limits: list[str] = Field(default_factory=list, description="What an option must meet.")
    pilots: list[str] = Field(default_factory=list, description="Measurements to weigh.")
    groups: dict[Name, str] = Field(
        default_factory=dict,
        description="Inputs that would be known together, by the group's name: 'mfu, hourly_rate'.",
    )


@dataclass(frozen=True)
class Options:
    """What a file states, as it would be typed."""

    options: Sequence[dict[str, str]] = field(default_factory=list)
    choose: Sequence[str] = field(default_factory=list)
    maximise: Sequence[str] = field(default_factory=list)
    minimise: Sequence[str] = field(default_factory=list)
    limits: Sequence[str] = field(default_factory=list)
    pilots: Sequence[str] = field(default_factory=list)
    groups: Sequence[str] = field(default_factory=list)

    def beside(self, more: Options) -> Options:
        """Return these and more."""
        ours, others = vars(self), vars(more)
        return Options(**{name: [*ours[name], *others[name]] for name in ours})


def read_options(path: Path) -> Options:
    """Read a file of options.

    Raises
    ------
    DataError
        Everything that is wrong with it.
    """
    try:
        reader = TomlReader(path, FileError)
        file = reader.checked(OptionFile, reader.document, ())
    except FileError as error:
        raise DataError("\n".join(error.faults)) from None
    names = [one.name for one in file.options] if file else []
    for index, name in enumerate(names):
        if name in names[:index]:
            text = f"two options are called '{name[:40]}'; rename one"
            reader.fault(("options", index, "name"), text)
    if file is None or reader.faults:
        raise DataError("\n".join(reader.faults))
    rows = []
    for one in file.options:
        stated = {"scenario": one.scenario, "chip": one.chip, "number_format": one.number_format}
        named = {key: text for key, text in stated.items() if text}
        given = {name: str(value) for name, value in one.given.items()}
        rows.append({"name": one.name, **named, **given})
    choose = [f"{name}={values}" for name, values in file.choose.items()]
    groups = [f"{name}={members}" for name, members in file.groups.items()]
    return Options(rows, choose, file.maximise, file.minimise, file.limits, file.pilots, groups)
