"""Running trio from a command."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from engine.model.errors import EncaminaError

T = TypeVar("T")


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run ``main`` to its end; an error of ours inside a group of tasks is raised as itself."""
    try:
        return trio.run(main)
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = (group.subgroup(EncaminaError) or group).exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
