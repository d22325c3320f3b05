"""Commands that have actions of their own: ``encamina dead retry``; without one, they list."""

from typing import Any

import typer
from typer.core import TyperGroup

LIST = "list"


class ListFirst(TyperGroup):
    """The actions of a command; where none is named, ``list`` is meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, with ``list`` before them if they begin with no action."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = [LIST, *args]
        return super().parse_args(ctx, args)


def actions(name: str, about: str) -> typer.Typer:
    """The typer app of a command with actions; its module calls it ``app``."""
    return typer.Typer(
        name=name,
        cls=ListFirst,
        help=about,
        add_completion=False,
        rich_markup_mode="rich",
        no_args_is_help=False,
        pretty_exceptions_enable=False,
    )
