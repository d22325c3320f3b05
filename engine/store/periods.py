"""Hours, days, months and all time, in UTC: what counts are kept by, what a range is made of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from engine.model.clock import Millis

ALL = 0
"""The period of all time; a month is 202611, a day 20261124, its hour from 13:00 -2026112413."""

HOUR_MS = 3_600_000
HOURS = 24
FIRST_OF_1970 = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Parts:
    """A range as whole periods, and what is left at its ends: of each, from and until when.

    ``span`` is the same range as one; nothing of it counts for all time.
    """

    periods: tuple[int, ...]
    edges: tuple[tuple[Millis, Millis], ...] = ()
    span: tuple[Millis, Millis] = field(default=(Millis(0), Millis(0)), compare=False)


EVER = Parts((ALL,))
NEVER = Parts(())


def periods_of(at: Millis) -> tuple[int, int, int, int]:
    """The periods that a moment counts in: all time, its month, its day, its hour."""
    hours = at // HOUR_MS
    month, day = _of_day(hours // HOURS)
    return ALL, month, day, _of_hour(hours)


def day_of(period: int) -> int:
    """The day of a period that is a day, or an hour."""
    return period if period >= 0 else -period // 100


def parts_of(since: Millis, until: Millis) -> Parts:
    """The range from ``since`` up to before ``until``, in as few parts as can be."""
    return _parts(since, until, months=True)


def days_of(since: Millis, until: Millis) -> Parts:
    """The range in parts of which none is longer than a day."""
    return _parts(since, until, months=False)


def day_text(period: int) -> str:
    """A day's period as ISO 8601."""
    text = f"{period:08}"
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def _parts(since: Millis, until: Millis, *, months: bool) -> Parts:
    if since >= until:
        return NEVER
    span = (since, until)
    first, last = -(-since // HOUR_MS), until // HOUR_MS
    if first > last:
        return Parts((), (span,), span)
    ends = ((since, Millis(first * HOUR_MS)), (Millis(last * HOUR_MS), until))
    edges = tuple((begin, end) for begin, end in ends if begin < end)
    return Parts(tuple(_whole(first, last, months=months)), edges, span)


def _whole(first: int, last: int, *, months: bool) -> Iterator[int]:
    """The periods from hour ``first`` up to before hour ``last``."""
    hour = first
    while hour < last:
        day = hour // HOURS
        if hour % HOURS or (day + 1) * HOURS > last:
            yield _of_hour(hour)
            hour += 1
            continue
        month, number = _of_day(day)
        until = _next_month(day)
        if months and number % 100 == 1 and until * HOURS <= last:
            yield month
            hour = until * HOURS
        else:
            yield number
            hour += HOURS


def _of_hour(hour: int) -> int:
    # Below zero, where no month and no day of any year has the same number.
    return -(_of_day(hour // HOURS)[1] * 100 + hour % HOURS)


@lru_cache(maxsize=4096)
def _of_day(day: int) -> tuple[int, int]:
    found = _date(day)
    month = found.year * 100 + found.month
    return month, month * 100 + found.day


def _next_month(day: int) -> int:
    found = _date(day)
    year, month = divmod(found.year * 12 + found.month, 12)
    # The last month that a date can hold has no next one.
    if year > date.max.year:
        return day + 31
    return date(year, month + 1, 1).toordinal() - FIRST_OF_1970


def _date(day: int) -> date:
    ordinal = day + FIRST_OF_1970
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))
