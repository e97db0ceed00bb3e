"""How a run's computation compares with that of the original GPT-4."""

from __future__ import annotations

from uncertain_scale.equations.inverses import inverses
from uncertain_scale.units.aliases import Flop, Ratio


@inverses(
    training_flop__from_multiple="FLOP of a run that is a multiple of the original GPT-4's",
    gpt4_flop__implied="FLOP of the original GPT-4, implied by a run that is a multiple of it",
)
def gpt4_multiple(training_flop: Flop, gpt4_flop: Flop) -> Ratio:
    """FLOP of the run over those of the original GPT-4.

    FLOP / GPT-4's FLOP: raw computation, whatever better algorithms add to it.
    """
    return training_flop / gpt4_flop
