"""The bounds of rule 8 of a mapping's meaning, and the checks that hold them."""

import json

import orjson

from engine.model.document import Place
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Json

LOOP_STEPS = 1_000
FREE_STEPS = 16
"""Steps whose elements are not weighed one by one: the usual cart pays nothing (0.4 µs a step), and
what so few can make is bounded by their texts."""

PAYLOAD_CHARS = 1_000_000
TEXT_BYTES = 64 * 1024
EXPRESSION_CHARS = 2_000
EXPRESSION_LEVELS = 30
LOOP_DEPTH = 5
TREE_DEPTH = 20
TREE_NODES = 10_000
"""Nodes of one payload tree with its fragments taken in, which could double at each level."""

BYTES_A_CHAR = 4
"""The most that UTF-8 takes for one character."""


def utf8(text: str) -> bytes:
    """The text in UTF-8; half a surrogate pair, which has no form in it, becomes a ``?``."""
    return text.encode("utf-8", "replace")


def bounded(text: str) -> str:
    """The text itself; raises ``BoundPassed`` if it is longer than a mapping may make."""
    chars = len(text)
    if chars * BYTES_A_CHAR > TEXT_BYTES and (chars > TEXT_BYTES or len(utf8(text)) > TEXT_BYTES):
        raise too_long()
    return text


def check_length(chars: int) -> None:
    """Raises ``BoundPassed`` if a text of so many characters can't be made; asked before it is."""
    if chars > TEXT_BYTES:
        raise too_long()


def too_long() -> BoundPassed:
    """The bound of one text."""
    return BoundPassed("a text would be longer than 64 KiB", "a text in it is longer than 64 KiB")


def weigh(value: Json, place: Place) -> int | None:
    """The bytes of a payload as JSON, unless orjson can't write it; ``BoundPassed`` if too many."""
    try:
        data = orjson.dumps(value)
    except TypeError:  # a number beyond 64 bits, or half a surrogate pair
        check_weight(_exact_weight(value), place)
        return None
    if len(data) > PAYLOAD_CHARS:
        check_weight(len(data.decode()), place)
    return len(data)


def _exact_weight(value: Json) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def check_weight(chars: int, place: Place) -> None:
    """Raises ``BoundPassed`` if a payload has more characters than it may."""
    if chars > PAYLOAD_CHARS:
        more = f"longer than {PAYLOAD_CHARS:,} characters"
        passed = BoundPassed(f"the payload would be {more}", f"what is made of it would be {more}")
        raise located(passed, place)


def heavier(chars: int, value: Json, place: Place) -> int:
    """The characters of a list with one more element; raises ``BoundPassed`` if they are too many.

    Asked after each step of a loop, so that its memory is bounded too.
    """
    try:
        chars += len(orjson.dumps(value).decode())
    except TypeError:
        chars += _exact_weight(value)
    check_weight(chars, place)
    return chars


def check_steps(steps: int, place: Place) -> None:
    """Raises ``BoundPassed`` if a payload's loops take more steps than they may."""
    if steps > LOOP_STEPS:
        passed = BoundPassed(
            f"the loops of the payload would take more than {LOOP_STEPS:,} steps",
            f"its lists have more than {LOOP_STEPS:,} elements in all",
        )
        raise located(passed, place)


def located(passed: BoundPassed, place: Place) -> BoundPassed:
    """The same bound with the line of the rule in front."""
    return BoundPassed(passed.bound, passed.of_input, place.file, place.line)
