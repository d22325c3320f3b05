"""A range in parts as one span of time again: here facts have their own time."""

from datetime import UTC, datetime

from engine.model.clock import Millis
from engine.store.arguments import DAY_MS
from engine.store.periods import Parts

_A_DAY = 10_000_000
"""Periods from here on are days, such as 20261124; below they are months, such as 202611."""


def span_of(parts: Parts) -> tuple[Millis, Millis]:
    """From and until when these parts are, which follow one another without a gap."""
    spans = [*parts.edges, *(_span(period) for period in parts.periods)]
    if not spans:
        return Millis(0), Millis(0)
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def _span(period: int) -> tuple[Millis, Millis]:
    # Before the year 1000 a number may be either; what has no such month is a day.
    if period >= _A_DAY or not 1 <= period % 100 <= 12:
        begin = _begin(period // 100, period % 100)
        return begin, Millis(begin + DAY_MS)
    year, month = divmod(period, 100)
    following = (year + 1) * 100 + 1 if month == 12 else period + 1
    return _begin(period, 1), _begin(following, 1)


def _begin(month: int, day: int) -> Millis:
    moment = datetime(month // 100, month % 100, day, tzinfo=UTC)
    return Millis(int(moment.timestamp()) * 1000)
