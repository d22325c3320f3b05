"""Filters of moments, which are ISO 8601 texts as in ``event.timestamp`` and ``now``."""

import re
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.mapping.faults import Misfit
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.mapping.missing import finite
from engine.model.clock import Millis, from_iso, to_iso
from engine.model.jsonvalue import Json

NORMAL: Final = re.compile(
    r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z",
    re.ASCII,
)
"""What ``to_iso`` writes, but for the last days of a month, which not every month has."""

SECOND_DIGITS: Final = 10
"""Of a second since 1970, from 2001 to 2286."""

LAST_MOMENT: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z: what comes after has no ISO 8601 form."""


def moment(text: str) -> Millis:
    """Milliseconds since 1970 of an ISO 8601 text."""
    found = from_iso(text)
    if found is None and (found := from_iso(text.strip())) is None:
        raise Misfit("a moment must be an ISO 8601 text such as 2026-11-24T21:06:03Z")
    return found


def local(text: str, zone: str) -> datetime:
    """The moment by the clocks of a time zone."""
    try:
        return datetime.fromtimestamp(moment(text) / 1000, _zone(zone))
    except (OverflowError, OSError, ValueError):
        raise Misfit("the moment is outside of the calendar") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misfit("a time zone must have a name such as America/Bogota") from None


def no_zone(value: Json) -> str:
    """What is wrong with the name of a time zone in a rule."""
    try:
        _zone(str(value))
    except Misfit:
        return "must be a time zone such as America/Bogota"
    return ""


def seconds_before(text: str, other: str) -> Any:
    """How many seconds after it ``other`` is."""
    apart = moment(other) - moment(text)
    return apart / 1000 if apart % 1000 else apart // 1000


def not_older_than(text: str, at: str, seconds: float) -> Any:
    """The text if it is a second since 1970 that lies no further from the moment, back or ahead."""
    if len(text) != SECOND_DIGITS or not text.isdecimal():
        return None
    return text if abs(moment(at) - int(text) * 1000) <= seconds * 1000 else None


def plus_seconds(text: str, seconds: float) -> str:
    """The moment so many seconds later, in its normal form."""
    later = moment(text) + round(finite(seconds) * 1000)
    if not -62_135_596_800_000 <= later <= LAST_MOMENT:
        raise Misfit("the moment is outside of the calendar")
    return to_iso(Millis(later))


def normal(text: str) -> str:
    """The moment in its normal form, which most have already: 0.4 µs instead of 3 (tests.bench)."""
    return text if NORMAL.fullmatch(text) else plus_seconds(text, 0)


def _date(text: str, zone: str = "UTC") -> str:
    return local(text, zone).date().isoformat()


_ZONE = (Argument("zone", Kind.TEXT, "UTC", no_zone),)
_MOMENT = "2026-11-24T21:06:03.120Z"

FILTERS: Final = (
    FilterSpec(
        "unix",
        "whole seconds since 1970",
        Kind.TEXT,
        Kind.NUMBER,
        lambda text: moment(text) // 1000,
        (Example(_MOMENT, 1795554363), Example("2026-11-24T16:06:03-05:00", 1795554363)),
    ),
    FilterSpec(
        "unix_ms",
        "milliseconds since 1970",
        Kind.TEXT,
        Kind.NUMBER,
        moment,
        (Example(_MOMENT, 1795554363120),),
    ),
    FilterSpec(
        "unix_micros",
        "microseconds since 1970",
        Kind.TEXT,
        Kind.NUMBER,
        lambda text: moment(text) * 1000,
        (Example(_MOMENT, 1795554363120000),),
    ),
    FilterSpec(
        "iso",
        "in the normal form: UTC, milliseconds, Z",
        Kind.TEXT,
        Kind.TEXT,
        normal,
        (Example("2026-11-24T16:06:03-05:00", "2026-11-24T21:06:03.000Z"),),
    ),
    FilterSpec(
        "date",
        "the day, in UTC or in the time zone",
        Kind.TEXT,
        Kind.TEXT,
        _date,
        (
            Example("2026-11-24T03:00:00Z", "2026-11-24"),
            Example("2026-11-24T03:00:00Z", "2026-11-23", ("America/Bogota",)),
        ),
        _ZONE,
    ),
    FilterSpec(
        "hour",
        "the hour of the day, 0 to 23, in UTC or in the time zone",
        Kind.TEXT,
        Kind.NUMBER,
        lambda text, zone="UTC": local(text, zone).hour,
        (Example("2026-11-24T03:00:00Z", 22, ("America/Bogota",)),),
        _ZONE,
    ),
    FilterSpec(
        "seconds_before",
        "how many seconds it is before the other moment",
        Kind.TEXT,
        Kind.NUMBER,
        seconds_before,
        (Example("2026-11-24T21:00:00Z", 90, ("2026-11-24T21:01:30Z",)),),
        (Argument("other", Kind.TEXT),),
    ),
    FilterSpec(
        "not_older_than",
        "as it is if it is a second since 1970 that lies so near the moment, before or after it, "
        "else missing: for ids of sessions that are the second of their beginning",
        Kind.TEXT,
        Kind.TEXT,
        not_older_than,
        (
            Example("1795554363", "1795554363", ("2026-11-25T21:06:03Z", 86_400)),
            Example("1795554363", None, ("2026-11-25T21:06:04Z", 86_400)),
            Example("1795554363000", None, ("2026-11-25T21:06:03Z", 86_400)),
            Example("1895554363", None, ("2026-11-25T21:06:03Z", 86_400)),
        ),
        (Argument("moment", Kind.TEXT), Argument("seconds", Kind.NUMBER)),
        may_be_missing=True,
    ),
    FilterSpec(
        "plus_seconds",
        "the moment so many seconds later",
        Kind.TEXT,
        Kind.TEXT,
        plus_seconds,
        (Example("2026-11-24T21:06:03Z", "2026-11-24T21:07:33.000Z", (90,)),),
        (Argument("n", Kind.NUMBER),),
    ),
)
