"""What draws say: statistics with honest Monte Carlo errors."""

from uncertain_scale.analysis.histogram import Histogram, histogram
from uncertain_scale.analysis.monte_carlo_error import spread
from uncertain_scale.analysis.streamed import Streamed, stream
from uncertain_scale.analysis.summary import summarize
from uncertain_scale.analysis.sweep import sweep

__all__ = ["Histogram", "Streamed", "histogram", "spread", "stream", "summarize", "sweep"]
