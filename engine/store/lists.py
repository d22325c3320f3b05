"""Answers that are documents, page by page, and the range that a question asks for."""

from collections.abc import Iterator, Sequence

from engine.model.clock import Millis, to_iso
from engine.model.jsonvalue import Body
from engine.store.arguments import DAY_MS, cursor_at
from engine.store.declared import Asked
from engine.store.interface import Answer
from engine.store.periods import EVER, NEVER, Parts, days_of, parts_of
from engine.store.reading import Counts, Found, Reading, Whose

NOWHEN = (Millis(0), Millis(0))
"""A range without a moment."""


def page_of(reading: Reading, whose: Whose, asked: Asked) -> Answer:
    """The newest of these documents, after the cursor if there is one."""
    found = reading.newest(whose, asked)
    return _page(found, [as_shown(one) for one in found[: asked.limit]], asked.limit)


def journey_of(reading: Reading, asked: Asked) -> Answer:
    """All documents of a session after the cursor, the oldest first."""
    found = reading.journey(asked.arguments["sessionId"], asked)
    shown = [_of_model(one) for one in found[: asked.limit]]
    return _page(found, shown, asked.limit)


def as_shown(one: Found) -> Body:
    """A document as it is answered: whatever else it holds, its id and its time are ours."""
    return {"_id": one.id} | dict(one.body) | {"_id": one.id, "timestamp": to_iso(one.at)}


def _of_model(one: Found) -> Body:
    """A document beside those of other models; a field that was posted as ``model`` gives way."""
    model = {"model": one.model.value}
    return model | dict(as_shown(one)) | model


def session_seconds(reading: Reading, session: str) -> float:
    """Seconds from the first to the last page view of a session, 0 where there is none."""
    first, last = reading.views_of(session) or (Millis(0), Millis(0))
    took_ms = last - first
    return took_ms // 1000 if took_ms % 1000 == 0 else took_ms / 1000


def range_of(reading: Reading, asked: Asked, which: Counts) -> Parts:
    """The range that is asked for; an open end is where what is counted ends."""
    if asked.since is None and asked.until is None:
        return EVER
    ends = _ends(reading, asked, which)
    return NEVER if ends is None else parts_of(*ends)


def recent_days(reading: Reading, asked: Asked, which: Counts, most: int) -> Parts:
    """The days that are asked for, at most the last ``most`` up to the end."""
    return days_of(*_recent(reading, asked, which, most))


def recent_stretches(reading: Reading, asked: Asked, which: Counts, most: int) -> Iterator[Parts]:
    """The same days in pieces, the newest first: a day, then twice as many each time.

    So who needs only the first rows of the newest days reads little more.
    """
    since, until = _recent(reading, asked, which, most)
    days = 1
    while since < until:
        begin = max(since, Millis((until - 1) // DAY_MS * DAY_MS - (days - 1) * DAY_MS))
        yield days_of(begin, until)
        until, days = begin, days * 2


def _recent(reading: Reading, asked: Asked, which: Counts, most: int) -> tuple[Millis, Millis]:
    since, until = _ends(reading, asked, which) or NOWHEN
    first = Millis((until - 1) // DAY_MS * DAY_MS - (most - 1) * DAY_MS)
    return max(since, first), until


def _page(found: Sequence[Found], shown: Sequence[Body], limit: int) -> Answer:
    more = len(found) > limit
    return Answer(shown, cursor_at(found[limit - 1].at, found[limit - 1].id) if more else None)


def _ends(reading: Reading, asked: Asked, which: Counts) -> tuple[Millis, Millis] | None:
    """From and until when; None where there is nothing in between."""
    each = [reading.ends(model) for model in which.models or (None,)]
    kept = [ends for ends in each if ends is not None]
    if not kept:
        return None
    first, last = min(begin for begin, _ in kept), max(end for _, end in kept)
    since = first if asked.since is None else max(asked.since, first)
    until = Millis(last + 1) if asked.until is None else min(asked.until, Millis(last + 1))
    return (since, until) if since < until else None
