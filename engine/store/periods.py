"""Days, months and all time, in UTC: what counts are kept by, and what a range is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from engine.model.clock import Millis
from engine.store.arguments import DAY_MS

ALL = 0
"""The period of all time; a month is 202611, a day 20261124."""

FIRST_OF_1970 = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Parts:
    """A range as whole periods, and what is left at its ends: of each, from and until when."""

    periods: tuple[int, ...]
    edges: tuple[tuple[Millis, Millis], ...] = ()


EVER = Parts((ALL,))


def periods_of(at: Millis) -> tuple[int, int, int]:
    """The periods that a moment counts in."""
    return _of_day(at // DAY_MS)


def parts_of(since: Millis, until: Millis) -> Parts:
    """The range from ``since`` up to before ``until``, in as few parts as can be."""
    if since >= until:
        return Parts(())
    first, last = -(-since // DAY_MS), until // DAY_MS
    if first > last:
        return Parts((), ((since, until),))
    ends = ((since, Millis(first * DAY_MS)), (Millis(last * DAY_MS), until))
    edges = tuple((begin, end) for begin, end in ends if begin < end)
    return Parts(tuple(_whole(first, last)), edges)


def days_of(since: Millis, until: Millis) -> Parts:
    """The range as days, also where whole months lie in it."""
    whole = parts_of(since, until)
    first, last = -(-since // DAY_MS), until // DAY_MS
    return Parts(tuple(_of_day(day)[2] for day in range(first, last)), whole.edges)


def day_text(period: int) -> str:
    """A day's period as ISO 8601."""
    text = f"{period:08}"
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def _whole(first: int, last: int) -> Iterator[int]:
    """The periods from day ``first`` up to before day ``last``."""
    day = first
    while day < last:
        _, month, number = _of_day(day)
        until = _next_month(day)
        if number % 100 == 1 and until <= last:
            yield month
            day = until
        else:
            yield number
            day += 1


@lru_cache(maxsize=4096)
def _of_day(day: int) -> tuple[int, int, int]:
    found = _date(day)
    month = found.year * 100 + found.month
    return ALL, month, month * 100 + found.day


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
