"""What figures say in words: medians with intervals, as labels and as text alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.report.numbers import percent, scale_of
from uncertain_scale.report.rows import intervals_of

if TYPE_CHECKING:
    from uncertain_scale.report.document import Document

__all__ = ["in_brief", "interval_in_words", "percent"]


def interval_in_words(output: dict[str, Any], prob: float, *, median: bool = True) -> str:
    """Write an output's median and equal-tailed interval with the digits that they can bear."""
    scale = scale_of(output)
    exact = output["constant"]
    middle = scale.write(output["median"], output["median_mcse"], exact=exact)
    if exact:
        return f"{middle} {scale.units}".rstrip()
    piece = intervals_of(output, "eti", prob)[0]
    low, high = (scale.write_end(piece, end) for end in ("low", "high"))
    if not median:
        return f"{percent(prob)}: {low} to {high} {scale.units}".rstrip()
    return f"{middle} {scale.units}".rstrip() + f" ({percent(prob)}: {low} to {high})"


def in_brief(document: Document, name: str) -> str:
    """Name an output with its median and first interval."""
    return f"{name}: {interval_in_words(document['outputs'][name], document['probs'][0])}"
