"""Reports as one self-contained HTML page each: no script, no request, light, dark and on paper."""

from uncertain_scale.report.html.background import Background, background_of
from uncertain_scale.report.html.pages import html_comparison, html_report, html_sensitivity
from uncertain_scale.report.html.tabled import (
    html_dependent,
    html_evidence_comparison,
)

__all__ = [
    "Background",
    "background_of",
    "html_comparison",
    "html_dependent",
    "html_evidence_comparison",
    "html_report",
    "html_sensitivity",
]
