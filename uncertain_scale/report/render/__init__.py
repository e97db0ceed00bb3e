"""Renderers: blocks as something that rich prints, as Markdown, as a page, in a notebook."""
