"""Reading what a change was asked with: JSON of a closed shape, or a ``ControlError``."""

from collections.abc import Iterable

from engine.control.control import ControlError
from engine.model.clock import Millis, from_iso
from engine.model.jsonvalue import Body, Json
from engine.model.names import did_you_mean


def only(asked: Body, names: Iterable[str]) -> None:
    """Pass where nothing else was asked; raises ``ControlError`` for any other name."""
    expected = list(names)
    for name in asked:
        if name not in expected:
            hint = did_you_mean(name, expected) or f"expected {', '.join(expected)}"
            raise ControlError(f'nothing is asked with "{name}"; {hint}')


def text(asked: Body, name: str) -> str | None:
    """The text of that name, None where it was not asked for."""
    value = asked.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise _other(name, value, "a text")
    if not _is_whole(value):
        raise ControlError(f"{name} holds half a character (a lone surrogate); expected a text")
    return value


def _is_whole(value: str) -> bool:
    """Whether it can be written as UTF-8, which is what everybody reads it as later."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def needed(asked: Body, name: str) -> str:
    """The text of that name, which has to be there."""
    value = text(asked, name)
    if value is None:
        raise ControlError(f"{name} is missing; expected a text")
    return value


def flag(asked: Body, name: str) -> bool:
    """Whether that was asked for."""
    value = asked.get(name, False)
    if not isinstance(value, bool):
        raise _other(name, value, "true or false")
    return value


def moment(asked: Body, name: str) -> Millis | None:
    """The moment of that name, an ISO 8601 time, None where it was not asked for."""
    value = asked.get(name)
    if value is None:
        return None
    found = from_iso(value) if isinstance(value, str) else None
    if found is None:
        raise _other(name, value, "a time such as 2026-11-20T12:00:00Z")
    return found


def some_of(asked: Body, names: Iterable[str]) -> None:
    """Pass where there is a filter, or all were asked for in so many words."""
    expected = list(names)
    if not flag(asked, "all") and not any(asked.get(name) for name in expected):
        raise ControlError(f'nothing says which; give one of {", ".join(expected)}, or "all": true')


def _other(name: str, value: Json, expected: str) -> ControlError:
    found = f'"{value}"' if isinstance(value, str) else type(value).__name__
    return ControlError(f"{name} is {found}; expected {expected}")
