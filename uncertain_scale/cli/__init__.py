"""The command line: the only place that prints and exits."""

from __future__ import annotations

try:
    from uncertain_scale.cli.main import main
except KeyboardInterrupt:  # before there is anything to lose
    raise SystemExit(130) from None

__all__ = ["main"]
