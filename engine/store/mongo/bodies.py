"""JSON values as MongoDB keeps them, and back.

MongoDB can't hold every JSON value. Three are written otherwise and come back as they were: a name
with a dot, a NUL or a dollar at its beginning (escaped as in a URL), and a whole number beyond 64
bits (an object with its digits). What lies deeper than MongoDB can nest is kept as JSON text.
What other writers kept is read as JSON too: an ObjectId as its digits, a date as ISO 8601.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from bson import Decimal128, ObjectId
from bson.datetime_ms import DatetimeMS

from engine.codec.body import dumps
from engine.model.clock import Millis, from_iso, to_iso
from engine.model.jsonvalue import Body, Json

LARGEST: Final = 2**63
DIGITS: Final = "encaminaDigits"
"""The one name of the object that stands for a number beyond 64 bits."""

# MongoDB takes 100 levels, of which the document itself and lists are some.
DEEPEST: Final = 90

_ESCAPED: Final = re.compile(r"%(?=25|2E|24|00)")
_ESCAPE: Final = re.compile(r"%(25|2E|24|00)")
_SPECIAL: Final = re.compile(r"[.\0%]|^\$")


def to_kept(value: Json, depth: int = 0) -> Any:
    """``value`` as the library writes it."""
    match value:
        case Mapping():
            if depth >= DEEPEST:
                return dumps(value).decode()
            return {_to_name(name): to_kept(item, depth + 1) for name, item in value.items()}
        case list() | tuple():
            if depth >= DEEPEST:
                return dumps(value).decode()
            return [to_kept(item, depth + 1) for item in value]
        case int() if not -LARGEST <= value < LARGEST:
            return {DIGITS: str(value)}
    return value


def from_kept(value: Any) -> Json:
    """What is kept as JSON."""
    match value:
        case {"encaminaDigits": str() as digits} if len(value) == 1:
            return int(digits)
        case dict():
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
        if name not in {"_id", "timestamp", "__v"}
    }


def time_of(row: Mapping[str, Any]) -> Millis | None:
    """When a document was; where it has no readable ``timestamp``, when its id was made."""
    match row.get("timestamp"):
        case DatetimeMS() as found:
            return Millis(int(found))
        case datetime() as found:
            return Millis(round(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1000))
        case int() | float() as found:
            return Millis(int(found))
        case str() as found if (read := from_iso(found)) is not None:
            return read
    id_ = row.get("_id")
    if isinstance(id_, ObjectId):
        return Millis(round(id_.generation_time.timestamp() * 1000))
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
            return int(number) if number == number.to_integral_value() else float(number)
        case bytes():
            return b64encode(value).decode()
        case _:
            return str(value)
