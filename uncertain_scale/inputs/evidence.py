"""Published training runs: the table that travels with the prior files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from uncertain_scale.inputs.catalog import shipped_folder

__all__ = ["PublishedRun", "published_runs"]

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class PublishedRun:
    """A training run with what was published of it.

    Parameters
    ----------
    name, hardware, precision, grade, source
        As the table has them; grades A and B have hours and computation that are independent.
    peak_flops
        Dense BF16 peak of its chip, FLOP/s/gpu.
    chip_hours, training_flop
        gpu*hour and FLOP, or None where they are not published.
    """

    name: str
    hardware: str
    precision: str
    grade: str
    source: str
    peak_flops: float
    chip_hours: float | None
    training_flop: float | None

    @property
    def mfu(self) -> float | None:
        """Whole-run utilisation of the dense BF16 peak, or None where it cannot be worked out."""
        if self.chip_hours is None or self.training_flop is None:
            return None
        return self.training_flop / (self.chip_hours * _SECONDS_PER_HOUR * self.peak_flops)


@cache
def published_runs() -> tuple[PublishedRun, ...]:
    """Read the shipped table of published runs.

    Examples
    --------
    >>> run = next(run for run in published_runs() if run.name == "Llama 3.1 405B")
    >>> round(run.mfu, 3)
    0.345
    """
    path = shipped_folder() / "evidence" / "published_runs.csv"
    with path.open(newline="", encoding="utf-8") as lines:
        return tuple(
            PublishedRun(
                name=row["name"],
                hardware=row["hardware"],
                precision=row["precision"],
                grade=row["backtest_grade"],
                source=row["source"],
                peak_flops=float(row["peak_bf16_dense_flop_per_s"]),
                chip_hours=_number(row["chip_hours"]),
                training_flop=_number(row["training_flop"]),
            )
            for row in csv.DictReader(lines)
        )


def _number(text: str) -> float | None:
    return float(text) if text else None
