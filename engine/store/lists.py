"""Answers that are documents, page by page, and the range that a question asks for."""

from collections.abc import Iterator, Sequence

from engine.model.clock import Millis, to_iso
from engine.model.jsonvalue import Body
from engine.store.arguments import DAY_MS, cursor_at
from engine.store.declared import Asked
from engine.store.interface import Answer, Model
from engine.store.periods import EVER, NEVER, Parts, days_of, parts_of
from engine.store.reading import Found, Reading, Whose

NOWHEN = (Millis(0), Millis(0))
"""A range without a moment."""


def page_of(reading: Reading, whose: Whose, asked: Asked) -> Answer:
    """The newest of these documents, after the cursor if there is one."""
    found = reading.newest(whose, asked)
    return _page(found, [as_shown(one) for one in found[: asked.limit]], asked.limit)


def journey_of(reading: Reading, asked: Asked) -> Answer:
    """All documents of a session after the cursor, the oldest first."""
    found = reading.journey(asked.arguments["sessionId"], asked)
    shown = [{"model": one.model.value, **as_shown(one)} for one in found[: asked.limit]]
    return _page(found, shown, asked.limit)


def as_shown(one: Found) -> Body:
    """A document as it is answered."""
    return {"_id": one.id, **one.body, "timestamp": to_iso(one.at)}


def session_seconds(reading: Reading, session: str) -> float:
    """Seconds from the first to the last page view of a session, 0 where there is none."""
    first, last = reading.views_of(session) or (Millis(0), Millis(0))
    took_ms = last - first
    return took_ms // 1000 if took_ms % 1000 == 0 else took_ms / 1000


def range_of(reading: Reading, asked: Asked, model: Model | None) -> Parts:
    """The range that is asked for; an open end is where the documents, or sessions, end."""
    if asked.since is None and asked.until is None:
        return EVER
    ends = _ends(reading, asked, model)
    return NEVER if ends is None else parts_of(*ends)


def recent_days(reading: Reading, asked: Asked, model: Model | None, most: int) -> Parts:
    """The days that are asked for, at most the last ``most`` up to the end."""
    return days_of(*_recent(reading, asked, model, most))


def recent_stretches(
    reading: Reading, asked: Asked, model: Model | None, most: int
) -> Iterator[Parts]:
    """The same days in pieces, the newest first: a day, then twice as many each time.

    So who needs only the first rows of the newest days reads little more.
    """
    since, until = _recent(reading, asked, model, most)
    days = 1
    while since < until:
        begin = max(since, Millis((until - 1) // DAY_MS * DAY_MS - (days - 1) * DAY_MS))
        yield days_of(begin, until)
        until, days = begin, days * 2


def _recent(
    reading: Reading, asked: Asked, model: Model | None, most: int
) -> tuple[Millis, Millis]:
    since, until = _ends(reading, asked, model) or NOWHEN
    first = Millis((until - 1) // DAY_MS * DAY_MS - (most - 1) * DAY_MS)
    return max(since, first), until


def _page(found: Sequence[Found], shown: Sequence[Body], limit: int) -> Answer:
    more = len(found) > limit
    return Answer(shown, cursor_at(found[limit - 1].at, found[limit - 1].id) if more else None)


def _ends(reading: Reading, asked: Asked, model: Model | None) -> tuple[Millis, Millis] | None:
    """From and until when; None where there is nothing in between."""
    kept = reading.ends(model)
    if kept is None:
        return None
    first, last = kept
    since = first if asked.since is None else max(asked.since, first)
    until = Millis(last + 1) if asked.until is None else min(asked.until, Millis(last + 1))
    return (since, until) if since < until else None
