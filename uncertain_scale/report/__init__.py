"""What people see: results as terminal tables, Markdown, JSON and files."""

from uncertain_scale.report.document import Document, priors_document, report_document

__all__ = ["Document", "priors_document", "report_document"]
