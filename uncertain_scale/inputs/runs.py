"""Published training runs: a shipped table, and one's own.

Columns are named as the model's variables are. A row that contradicts itself or cannot be read is
rejected with the reason; the other rows are used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError
from uncertain_scale.inputs.assertion import figure
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.chips import OTHER, Chip, chips, families, find_chip, same_peak
from uncertain_scale.inputs.tables import Cells, RowFault, read_table, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS: Mapping[str, str] = {
    "name": "what the run is called, once in a table",
    "hardware": "chip, as `chips` names it; any name where family and peak_flops are",
    "family": "family of a chip that `chips` does not name",
    "peak_flops": "dense BF16 peak of one chip (FLOP/s/gpu), where the chip is not known by name",
    "precision": "bf16, fp16, fp8, or empty where it is not known",
    "moe": "1 for a sparse mixture of experts, 0 for a dense model, or empty where it is not known",
    "gpus": "chips that trained at once (gpu)",
    "gpu_hours": "chip-hours of the whole run (gpu*hour)",
    "training_time": "length by the wall clock (day)",
    "training_flop": "computation of the run, model FLOP (FLOP)",
    "grade": "A, B or empty: hours and FLOP independent; C, S: shown apart (see priors/README.md)",
    "date": "when it was published",
    "notes": "what a reader should know, shown with runs that fall outside",
    "source": "where the figures stand",
    "organisation": "who trained it; for the reader",
    "params_active": "parameters in use for one token; for the reader",
    "params_total": "parameters in all; for the reader",
    "training_tokens": "tokens trained on; for the reader",
    "training_flop_basis": "how training_flop was come by; for the reader",
}
"""Columns with a meaning; others may be there and are not used."""

_GRADES = ("A", "B", "A-cost", "B-cost", "C", "S")
_PRECISIONS = ("bf16", "fp16", "fp8")
_MOE = {"": None, "0": False, "1": True}
_PEAK_OF_FP8 = 2.0  # over that of BF16, of a chip that is not known
_LEAST_MFU = 1e-3  # below it a unit is wrong, not a run slow
_LEAST_BUSY = 0.5  # share of the time that the chips of a run train
_PRODUCT = {"gpus": "gpu", "training_time": "day", "gpu_hours": "gpu*hour"}
_SECONDS_PER_HOUR = 3600.0
_HOURS_PER_DAY = 24.0


@dataclass(frozen=True)
class TrainingRun:
    """A training run with what was published of it.

    Parameters
    ----------
    name, date, grade, notes, source
        As the table has them.
    chip
        What it was trained on; its peak as the table has it.
    precision
        "bf16", "fp16", "fp8", or "" where it is not known.
    moe
        Whether it is a sparse mixture of experts; None where it is not known.
    gpus, gpu_hours, training_time, training_flop
        In gpu, gpu*hour, day and FLOP, or None where they are not published.
    """

    name: str
    chip: Chip
    precision: str
    gpus: float | None
    gpu_hours: float | None
    training_time: float | None
    training_flop: float | None
    moe: bool | None = None
    date: str = ""
    grade: str = ""
    notes: str = ""
    source: str = ""

    @property
    def peak_flops(self) -> float:
        """Dense BF16 peak of its chip, FLOP/s/gpu."""
        return self.chip.peak_flops

    @property
    def hours(self) -> float | None:
        """Its gpu*hours, from GPUs and days where they are not published; None without these."""
        if self.gpu_hours is not None:
            return self.gpu_hours
        if self.gpus is None or self.training_time is None:
            return None
        return self.gpus * self.training_time * _HOURS_PER_DAY

    @property
    def mfu(self) -> float | None:
        """Whole-run utilisation of the dense BF16 peak, or None where it cannot be worked out."""
        if self.hours is None or self.training_flop is None:
            return None
        return self.training_flop / (self.hours * _SECONDS_PER_HOUR * self.peak_flops)

    @property
    def may_be_fp8(self) -> bool:
        """Whether it trained in FP8, or may have done."""
        return self.precision == "fp8" or (not self.precision and self.chip.fp8 > 1)


@dataclass(frozen=True)
class RunsTable:
    """A table of runs that has been read.

    Parameters
    ----------
    file
        Its name as it was given.
    runs
        The rows without fault.
    faults
        What is wrong with the others, a line each.
    rows
        How many rows there are, good and bad.
    unused
        Columns that are not read.
    """

    file: str
    runs: tuple[TrainingRun, ...]
    faults: tuple[RowFault, ...]
    rows: int
    unused: tuple[str, ...]


def published_runs() -> tuple[TrainingRun, ...]:
    """Read the shipped table of published runs.

    Examples
    --------
    >>> run = next(run for run in published_runs() if run.name == "Llama 3.1 405B")
    >>> round(run.mfu, 3)
    0.345
    """
    return shipped_runs().runs


@cache
def shipped_runs() -> RunsTable:
    """Read the shipped table of published runs, as `read_runs` reads one.

    Raises DataError: a row of it has a fault.
    """
    shown = "evidence/published_runs.csv"
    table = read_runs(shipped_folder() / shown, shown=shown)
    refuse(table.faults)
    return table


def runs_of(path: str | Path | None) -> RunsTable:
    """Return the runs of a table, of the shipped one by default; raises what `read_runs` raises."""
    return shipped_runs() if path is None else read_runs(Path(path))


def read_runs(path: Path, *, shown: str | None = None) -> RunsTable:
    """Read a table of training runs.

    Parameters
    ----------
    path
        A CSV file with the columns of `COLUMNS`, of which `name` comes first and `hardware` must be
        there too; a column's units stand in its header (`gpu_hours [gpu*hour]`), in a row whose
        first cell is `units`, or in each cell.
    shown
        What messages call the file; the path by default.

    Returns
    -------
    RunsTable
        The good rows, and apart from them what is wrong with the others.

    Raises
    ------
    DataError
        The file cannot be read, or its header cannot be used.
    """
    table = read_table(path, required=("name", "hardware"), shown=shown)
    if table.columns[0] != "name":
        raise DataError(f"{table.file}:1 the first column is '{table.columns[0][:40]}', not 'name'")
    unused = tuple(column for column in table.columns if column and column not in COLUMNS)
    missing = [column for column in COLUMNS if column not in table.columns]
    for column in unused:
        if meant := get_close_matches(column, missing, n=1, cutoff=0.85):
            raise DataError(
                f"{table.file}:1 [{column}] is not a column; did you mean '{meant[0]}'?"
            )
    runs, faults = [], list(table.faults)
    lines: dict[str, int] = {}
    for row in table.rows:
        cells = Cells(table, row, row.cells["name"])
        run = _run(cells)
        earlier = lines.setdefault(cells.name.casefold(), row.line)
        if not cells.name:
            cells.add("name", "is empty; name the run")
        elif earlier != row.line:
            cells.add("name", f"stands on line {earlier} already; name each run once")
        faults += cells.found
        if run is not None and not cells.found:
            runs.append(run)
    faults.sort(key=lambda fault: fault.line)
    rows = len(table.rows) + len(table.faults)
    return RunsTable(table.file, tuple(runs), tuple(faults), rows, unused)


def _run(cells: Cells) -> TrainingRun | None:
    """Read one row; None where its chip is not known."""
    chip = _chip(cells)
    run = TrainingRun(
        name=cells.name,
        chip=chip or Chip("", OTHER, 1.0, fp8=_PEAK_OF_FP8, sparsity=False),
        precision=cells.one_of("precision", _PRECISIONS),
        gpus=cells.positive("gpus", "gpu"),
        gpu_hours=cells.positive("gpu_hours", "gpu*hour"),
        training_time=cells.positive("training_time", "day"),
        training_flop=cells.positive("training_flop", "FLOP"),
        moe=_MOE[cells.one_of("moe", tuple(filter(None, _MOE)))],
        date=cells.text("date"),
        grade=cells.one_of("grade", _GRADES),
        notes=cells.text("notes"),
        source=cells.text("source"),
    )
    disagree = _check_hours(cells, run)
    if chip is None:
        return None
    if run.precision == "fp8" and not chip.fp8:
        cells.add("precision", f"is fp8, which a {chip.full_name} does not compute in; correct one")
    most = max(chip.fp8, 1.0) if run.precision == "fp8" else 1.0
    if not disagree and run.mfu is not None and not _LEAST_MFU <= run.mfu <= most:
        hint = ", or say fp8 if that it was" if run.may_be_fp8 and not run.precision else ""
        cells.add(
            "training_flop",
            f"is {cells.text('training_flop')[:40]}, an mfu of {run.mfu:.3g} in {run.hours:.4g} "
            f"gpu*hour of {chip.peak_flops:.4g} FLOP/s; expected {_LEAST_MFU:g} to {most:g}; "
            f"check the units of both{hint if run.mfu > most else ''}",
        )
    return run


def _check_hours(cells: Cells, run: TrainingRun) -> bool:
    """Note hours that contradict GPUs and days, whatever was rounded, and return whether they do.

    GPUs that stand still now and then make fewer hours, but not most of the time.
    """
    ends: dict[str, tuple[float, float]] = {}
    for column, units in _PRODUCT.items():
        value = getattr(run, column)
        if value is None:
            return False
        read = figure(cells.text(column), units)
        ends[column] = read.low * value / (read.value or 1), read.high * value / (read.value or 1)
    low, high = (
        gpus * days * _HOURS_PER_DAY for gpus, days in zip(*list(ends.values())[:2], strict=True)
    )
    fewest, most = ends["gpu_hours"]
    if fewest <= high and most >= _LEAST_BUSY * low:
        return False
    gpus, days, hours = (cells.text(column)[:40] for column in _PRODUCT)
    product = (run.gpus or 0) * (run.training_time or 0) * _HOURS_PER_DAY
    cells.add(
        "gpu_hours",
        f"is {hours}, but gpus = {gpus} for training_time = {days} make {product:.4g} gpu*hour; "
        "correct one of the three, or leave it empty",
    )
    return True


def _chip(cells: Cells) -> Chip | None:
    """Read what a run was trained on: a chip that is known by name, or a family and a peak."""
    name = cells.text("hardware")
    peak = cells.positive("peak_flops", "FLOP/s/gpu")
    if family := cells.one_of("family", families()):
        if peak is None and not cells.text("peak_flops"):
            cells.add("peak_flops", "is empty; a chip that is given by its family needs its peak")
        return None if peak is None else Chip(name or family, family, peak, *_able(family, peak))
    try:
        chip = find_chip(name)
    except DataError as error:
        unknown = f"{error}; or give its family and its dense BF16 peak_flops"
        cells.add("hardware", unknown if name else "is empty; name the chip")
        return None
    if peak is not None and chip not in same_peak(peak):
        cells.add(
            "peak_flops",
            f"is {cells.text('peak_flops')[:40]}; expected {chip.peak_flops:.4g} FLOP/s/gpu, the "
            f"dense BF16 peak of {chip.full_name}, or an empty cell",
        )
        return None
    return replace(chip, peak_flops=peak or chip.peak_flops)


def _able(family: str, peak: float) -> tuple[float, bool]:
    """Return what FP8 gains, and whether there is sparsity, in a family; new ones have both."""
    same = [chip for chip in same_peak(peak) if chip.family == family]
    known = same or [chip for chip in chips().values() if chip.family == family]
    if not known:
        return _PEAK_OF_FP8, True
    return max(chip.fp8 for chip in known), any(chip.sparsity for chip in known)
