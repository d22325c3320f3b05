"""JSON values as MongoDB keeps them, and back.

MongoDB can't hold every JSON value. Some are written otherwise and come back as they were: a name
with a dot, a NUL or a dollar at its beginning, and ``__v``, where Mongoose counts, are escaped as
in a URL; a whole number beyond 64 bits is an object with its digits; and what lies deeper than
MongoDB can nest, or looks like such an object, is an object with its JSON text.
What other writers kept is read as JSON too, whatever it is: an ObjectId as its digits, a date as
ISO 8601.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from bson import Decimal128, ObjectId
from bson.datetime_ms import DatetimeMS

from engine.codec.body import dumps, loads
from engine.model.clock import Millis, from_iso, to_iso
from engine.model.jsonvalue import Body, Json
from engine.store.arguments import FIRST_MOMENT, LAST_MOMENT

LARGEST: Final = 2**63
DIGITS: Final = "encaminaDigits"
"""The one name of the object that stands for a number beyond 64 bits."""

AS_TEXT: Final = "encaminaJson"
"""The one name of the object that stands for a value which can't be kept as it is."""

_OURS: Final = frozenset({DIGITS, AS_TEXT})

# MongoDB takes 100 levels, of which the document itself and lists are some.
DEEPEST: Final = 90

MOST_DIGITS: Final = 4300
"""Digits of a number that Python reads, so that no event has more."""

MONGOOSE: Final = "__v"
"""The field in which Mongoose counts the versions of a document: none of ours, and not shown."""

_ESCAPED: Final = re.compile(r"%(?=25|2E|24|00|5F)")
_ESCAPE: Final = re.compile(r"%(25|2E|24|00|5F)")
_SPECIAL: Final = re.compile(r"[.\0%]|^\$")
_WHOLE: Final = re.compile(rf"-?[1-9][0-9]{{1,{MOST_DIGITS - 1}}}", re.ASCII)


def fields_of(body: Body, *, flat: bool = False) -> dict[str, Any]:
    """The fields of a document as the library writes them.

    ``flat`` is for a server that keeps no list directly in a list: the inner one is kept as text.
    """
    return {
        "%5F_v" if name == MONGOOSE else _to_name(name): to_kept(value, 1, flat=flat)
        for name, value in body.items()
    }


def to_kept(value: Json, depth: int = 0, *, flat: bool = False) -> Any:
    """``value`` as the library writes it."""
    match value:
        case Mapping():
            if depth >= DEEPEST or (len(value) == 1 and not value.keys().isdisjoint(_OURS)):
                return _as_text(value)
            return {
                _to_name(name): to_kept(item, depth + 1, flat=flat) for name, item in value.items()
            }
        case list() | tuple():
            if depth >= DEEPEST:
                return _as_text(value)
            return [
                _as_text(item)
                if flat and isinstance(item, list | tuple)
                else to_kept(item, depth + 1, flat=flat)
                for item in value
            ]
        case int() if not -LARGEST <= value < LARGEST:
            return {DIGITS: str(value)}
    return value


def from_kept(value: Any) -> Json:
    """What is kept as JSON; an object that only looks like one of ours is given back as it is."""
    match value:
        case dict():
            if len(value) == 1 and (found := _stood_for(value)):
                return found[0]
            return {_from_name(name): from_kept(item) for name, item in value.items()}
        case list():
            return [from_kept(item) for item in value]
        case _:
            return _from_single(value)


def body_of(row: Mapping[str, Any]) -> Body:
    """The fields of a document as it is kept, without its id and its time."""
    return {
        _from_name(name): from_kept(item)
        for name, item in row.items()
        if name not in {"_id", "timestamp", MONGOOSE}
    }


def time_of(row: Mapping[str, Any]) -> Millis | None:
    """When a document was; where it has no readable ``timestamp``, when its id was made."""
    found = _moment_in(row.get("timestamp"))
    if found is not None and FIRST_MOMENT <= found <= LAST_MOMENT:
        return Millis(round(found))
    id_ = row.get("_id")
    if isinstance(id_, ObjectId):
        return Millis(round(id_.generation_time.timestamp() * 1000))
    return None


def _moment_in(value: Any) -> float | None:
    """The milliseconds that a field means, which may be out of all range."""
    match value:
        case DatetimeMS():
            return int(value)
        case datetime():
            return value.replace(tzinfo=value.tzinfo or UTC).timestamp() * 1000
        case int() | float() if not isinstance(value, bool):
            return value
        case str():
            return from_iso(value)
        case _:
            return None


def _as_text(value: Json) -> dict[str, str]:
    return {AS_TEXT: dumps(value).decode()}


def _stood_for(value: Mapping[str, Any]) -> tuple[Json] | None:
    """What an object of one name stands for, None where it is none of ours."""
    match value:
        case {"encaminaDigits": str() as digits} if _WHOLE.fullmatch(digits):
            number = int(digits)
            return None if -LARGEST <= number < LARGEST else (number,)
        case {"encaminaJson": str() as text}:
            try:
                return (loads(text.encode()),)
            except (ValueError, RecursionError):
                return None
    return None


def _to_name(name: str) -> str:
    if not _SPECIAL.search(name):
        return name
    escaped = _ESCAPED.sub("%25", name).replace(".", "%2E").replace("\0", "%00")
    return f"%24{escaped[1:]}" if escaped.startswith("$") else escaped


def _from_name(name: str) -> str:
    if "%" not in name:
        return name
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)


def _from_single(value: Any) -> Json:
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)  # the library's Int64 is a kind of int
        case float():
            return value if isfinite(value) else None
        case _:
            return _from_other(value)


def _from_other(value: Any) -> Json:
    """What only other writers keep."""
    match value:
        case DatetimeMS():
            try:
                return to_iso(Millis(int(value)))
            except (OverflowError, ValueError):
                return int(value)
        case Decimal128():
            number = value.to_decimal()
            if not number.is_finite():
                return None
            return _from_decimal(number)
        case bytes():
            return b64encode(value).decode()
        case _:
            return str(value)


def _from_decimal(number: Decimal) -> Json:
    if number.adjusted() >= MOST_DIGITS:
        return str(number)
    if number == number.to_integral_value():
        return int(number)
    return float(number)
