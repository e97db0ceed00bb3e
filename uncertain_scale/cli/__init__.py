"""The command line: the only place that prints and exits."""

from __future__ import annotations

from uncertain_scale.cli.main import main

__all__ = ["main"]
