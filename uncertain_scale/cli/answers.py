"""Standard output for answers alone: what a user's equations print goes to standard error."""

from __future__ import annotations

import sys
from typing import Any, TextIO

__all__ = ["keep_for_answers"]


class _Answers:
    """A stream that is another one inside of equations, in each thread by itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        from uncertain_scale.model.calls import running

        return getattr(sys.stderr if running() else self._stream, name)


def keep_for_answers(equations: list[Any]) -> list[Any]:
    """Keep standard output for answers once there are equations; return them as they are."""
    if equations and not isinstance(sys.stdout, _Answers):
        sys.stdout = _Answers(sys.stdout)
    return equations
