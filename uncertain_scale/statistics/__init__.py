"""From draws to numbers: statistics of held or counted draws, with honest Monte Carlo errors."""

from uncertain_scale.statistics.intervals import spread
from uncertain_scale.statistics.summary import Histogram, histogram, summarize

__all__ = ["Histogram", "histogram", "spread", "summarize"]
