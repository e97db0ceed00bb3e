"""Pages of reports: their templates, and the parts that only they show."""
