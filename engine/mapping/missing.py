"""The operators of the language, which know the missing value (rules 1 to 4 of its meaning).

Inside, missing is ``None``: an absent key and a JSON null are the same thing. At the door a render
gives ``MISSING``, so that a type checker sees the difference. Objects are ``dict`` and lists
``list`` or ``tuple``, and nothing else is looked into, so no Python attribute can be reached.
"""

import math
from collections.abc import Callable, Hashable, Iterable
from enum import Enum
from typing import Any, Final, Literal

from engine.mapping.faults import Misfit
from engine.mapping.limits import bounded, check_length
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Json, a_json_type


class Missing(Enum):
    """The type of ``MISSING``."""

    MISSING = "missing"

    def __bool__(self) -> Literal[False]:
        return False


MISSING: Final = Missing.MISSING
"""What a render gives where there is nothing to send."""

NUMBERS: Final[frozenset[type[Any]]] = frozenset({int, float})
LISTS: Final[frozenset[type[Any]]] = frozenset({list, tuple})
PLAIN: Final[frozenset[type[Any]]] = frozenset({str, int, float, bool, type(None)})
STAYS: Final[frozenset[type[Any]]] = frozenset({int, float, bool})
"""Types whose values are sent even where Python calls them empty: 0 and false."""

INTEGERS: Final = range(-(2**63), 2**64)
"""What 64 bits hold: numbers beyond it are no longer the same in other JSON readers."""

Value = Any
"""A JSON value that the generated code works on; its type is looked at, not known."""


def is_number(value: Value) -> bool:
    """Whether it is a number; true and false are none."""
    return value.__class__ in NUMBERS


def item(base: Value, index: Value) -> Value:
    """``base[index]``: a key of an object, or an index of a list, counted from its end below 0."""
    if base.__class__ is dict:
        return base.get(index) if index.__class__ is str else None
    if base.__class__ in LISTS and is_number(index) and index == index // 1:
        return base[int(index)] if -len(base) <= index < len(base) else None
    return None


def equal(left: Value, right: Value) -> bool:
    """``==``: whether both are the same JSON value; 1 equals 1.0, true does not equal 1."""
    kind = left.__class__
    if kind is right.__class__ and kind in PLAIN:
        return bool(left == right)
    if kind in NUMBERS and right.__class__ in NUMBERS:
        return bool(left == right)
    if kind in PLAIN or right.__class__ in PLAIN:
        return False
    return frozen(left) == frozen(right)


def frozen(value: Value) -> Hashable:
    """A hashable stand-in that equals another one when the JSON values are equal."""
    try:
        return _frozen(value)
    except RecursionError:
        raise BoundPassed("a value is nested too deep to be compared") from None


def _frozen(value: Value) -> Hashable:
    kind = value.__class__
    if kind in NUMBERS:
        return ("number", value)
    if kind is dict:
        return ("object", frozenset((key, _frozen(one)) for key, one in value.items()))
    if kind in LISTS:
        return ("list", tuple(map(_frozen, value)))
    return (kind.__name__, value)


def contained(left: Value, right: Value) -> bool:
    """``left in right``: an equal element of a list, a key of an object, a part of a text."""
    if left is None or right is None:
        return False
    kind = right.__class__
    if kind is str or kind is dict:
        return left.__class__ is str and left in right
    if kind in LISTS:
        # A text equals nothing but the same text, in Python as in JSON.
        return left in right if left.__class__ is str else any(equal(left, one) for one in right)
    raise Misfit(f"in looks into a list, an object or a text, not into {a_json_type(right)}")


def _in_order(left: Value, right: Value) -> bool:
    """Whether both are there; a ``Misfit`` unless they are two numbers or two texts."""
    if left is None or right is None:
        return False
    one, other = left.__class__, right.__class__
    if (one in NUMBERS and other in NUMBERS) or (one is str and other is str):
        return True
    raise Misfit(
        f"{a_json_type(left)} and {a_json_type(right)} have no order; "
        "two numbers or two texts have one (| number makes a number of a text)"
    )


def less(left: Value, right: Value) -> bool:
    """``left < right``."""
    return _in_order(left, right) and left < right


def less_equal(left: Value, right: Value) -> bool:
    """``left <= right``."""
    return _in_order(left, right) and left <= right


def greater(left: Value, right: Value) -> bool:
    """``left > right``."""
    return _in_order(left, right) and left > right


def greater_equal(left: Value, right: Value) -> bool:
    """``left >= right``."""
    return _in_order(left, right) and left >= right


def number_operator(sign: str, operate: Callable[[Value, Value], Value]) -> Callable[..., Value]:
    """The operator of the language: missing with missing, a ``Misfit`` unless for numbers."""

    def calculate(left: Value, right: Value) -> Value:
        if left.__class__ not in NUMBERS or right.__class__ not in NUMBERS:
            if left is None or right is None:
                return None
            raise _no_numbers(sign, left, right)
        try:
            return finite(operate(left, right))
        except ZeroDivisionError:
            raise Misfit(f"{sign} by zero") from None
        except OverflowError:
            raise _not_finite() from None

    return calculate


subtract = number_operator("-", lambda left, right: left - right)
multiply = number_operator("*", lambda left, right: left * right)
divide = number_operator("/", lambda left, right: left / right)
divide_whole = number_operator("//", lambda left, right: left // right)
remainder = number_operator("%", lambda left, right: left % right)
_add_numbers = number_operator("+", lambda left, right: left + right)


def add(left: Value, right: Value) -> Value:
    """``left + right`` of two numbers or two texts."""
    if left.__class__ is str and right.__class__ is str:
        check_length(len(left) + len(right))
        return bounded(left + right)
    return _add_numbers(left, right)


def negate(value: Value) -> Value:
    """``-value``; of 0 there is no negative one."""
    return subtract(0, value)


def _no_numbers(sign: str, left: Value, right: Value) -> Misfit:
    found = f"{sign} takes two numbers, found {a_json_type(left)} and {a_json_type(right)}"
    has_text = left.__class__ is str or right.__class__ is str
    return Misfit(f"{found}; | number makes a number of a text" if has_text else found)


def finite(number: Value) -> Value:
    """The number itself; a ``Misfit`` if it is none that JSON can carry."""
    if number.__class__ is int:
        if number not in INTEGERS:
            raise Misfit("the result is a whole number beyond 64 bits")
    elif not math.isfinite(number):
        raise _not_finite()
    return number


def _not_finite() -> Misfit:
    return Misfit("the result is no finite number")


def joined(parts: Iterable[Value]) -> Value:
    """The parts as one text (``~``, or a text around expressions); missing if one of them is."""
    parts = tuple(parts)
    if any(part is None for part in parts):
        return None
    texts = [part if part.__class__ is str else plain_text(part) for part in parts]
    check_length(sum(map(len, texts)))
    return bounded("".join(texts))


def plain_text(value: Value) -> str:
    """A text as it is, a number or boolean as JSON writes it; a ``Misfit`` for any other value."""
    kind = value.__class__
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return str(finite(value))
    if kind is int:
        return _digits(value)
    raise Misfit(f"{a_json_type(value)} can't stand in a text; | json or | join makes a text of it")


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes at most 4,300 digits
        raise Misfit("a number of thousands of digits can't stand in a text") from None


def there(values: Iterable[Value]) -> list[Json]:
    """The list that a literal ``[a, b]`` gives: without what is missing."""
    return [value for value in values if value is not None]


def there_by_key(pairs: dict[str, Value]) -> dict[str, Json]:
    """The object that a literal ``{'a': b}`` gives: without what is missing."""
    return {key: value for key, value in pairs.items() if value is not None}
