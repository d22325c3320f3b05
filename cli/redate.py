"""Old events made today's: times moved so that the last is now, and ids renewed."""

import uuid
from collections.abc import Mapping, Sequence

from engine.model.clock import Millis, from_iso, to_iso
from engine.model.jsonvalue import Json

TIMES = ("timestamp", "originalTimestamp", "sentAt")
LONGEST_ID = 100


def redated(events: Sequence[Json], now: Millis) -> list[Json]:
    """The events with their times moved by one span, and a new ``messageId`` for each old one.

    Equal ids stay equal and an id that is too long stays so, so that what was a duplicate or broken
    still is.
    """
    moments = [moment for event in events for moment in _moments(event)]
    shift_ms = now - max(moments) if moments else 0
    ids: dict[str, str] = {}
    return [_moved(event, shift_ms, ids) for event in events]


def _moments(event: Json) -> list[Millis]:
    if not isinstance(event, Mapping):
        return []
    texts = [event[key] for key in TIMES if isinstance(event.get(key), str)]
    return [moment for text in texts if (moment := from_iso(str(text))) is not None]


def _moved(event: Json, shift_ms: int, ids: dict[str, str]) -> Json:
    if not isinstance(event, Mapping):
        return event
    moved = dict(event)
    for key in TIMES:
        if isinstance(text := event.get(key), str) and (moment := from_iso(text)) is not None:
            moved[key] = to_iso(Millis(moment + shift_ms))
    if isinstance(old := event.get("messageId"), str):
        moved["messageId"] = ids.setdefault(old, _new_id(old))
    return moved


def _new_id(old: str) -> str:
    """A new id; one that is too long is followed by as much as the old one was too long."""
    return str(uuid.uuid4()).ljust(len(old), "x") if len(old) > LONGEST_ID else str(uuid.uuid4())
