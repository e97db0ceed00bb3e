"""Commands that refuse words of a command line which would otherwise be dropped in silence."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typer.core import TyperCommand

from uncertain_scale.errors import QuestionError

__all__ = ["DRAWS", "Command"]

DRAWS = "Draws"
"""Panel of the options that say how draws are made."""


class Command(TyperCommand):
    """A command whose options have values, and one value each unless they are repeatable.

    Of options that say how draws are made the last counts: scripts append them.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words behind the command's name.

        Raises
        ------
        QuestionError
            A value is empty, or an option that takes one value has several.
        """
        values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        by_name = {parameter.name: parameter for parameter in self.get_params(ctx)}
        for name, value in values.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if isinstance(one, str) and not one.strip():
                    raise QuestionError(f"{_label(by_name[name])} is empty; give a value")
        for name, times in Counter(parameter.name for parameter in order).items():
            if times > 1 and _asks_once(by_name[name]):
                raise QuestionError(f"{_label(by_name[name])} is given {times} times; keep one")
        return super().parse_args(ctx, args)


def _asks_once(parameter: Any) -> bool:
    """Tell whether a second value would change what is asked, and not only how it is drawn."""
    return (
        parameter.param_type_name == "option"
        and not parameter.multiple
        and not parameter.is_flag
        and getattr(parameter, "rich_help_panel", None) != DRAWS
    )


def _label(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name.upper())
