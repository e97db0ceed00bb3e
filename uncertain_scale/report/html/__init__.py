"""What pages of reports are made of: their templates, and the parts that only they show."""

from uncertain_scale.report.html.background import Background, background_of

__all__ = ["Background", "background_of"]
