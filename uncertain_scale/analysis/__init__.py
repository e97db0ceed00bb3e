"""What draws say: statistics with honest Monte Carlo errors."""

from uncertain_scale.analysis.streamed import Streamed, stream
from uncertain_scale.analysis.sweep import sweep
from uncertain_scale.statistics import Histogram, histogram, spread, summarize

__all__ = ["Histogram", "Streamed", "histogram", "spread", "stream", "summarize", "sweep"]
