"""What PostHog does to events it took: merges refused, clocks corrected, repeats removed."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from engine.sandbox.call import Diagnostic, Json
from engine.sandbox.posthog_events import Captured, moment
from engine.sandbox.repeats import Repeats

_ILLEGAL_IDS = """
    0 00000000-0000-0000-0000-000000000000 anonymous anonymous-user backend distinct_id distinctid
    email false guest id nan none not_authenticated null system true undefined user
    """
ILLEGAL_IDS = frozenset(_ILLEGAL_IDS.split()) | {"[object object]"}

SHIFT_TOLD = timedelta(seconds=1)
MAX_AHEAD = timedelta(hours=23)


def diagnostics(
    events: list[Captured], envelope: Mapping[str, Json], at: float, repeats: Repeats
) -> tuple[Diagnostic, ...]:
    """All there is to say of the events of one request."""
    now = datetime.fromtimestamp(at, UTC)
    sent_at = moment(envelope.get("sent_at"))
    return tuple(
        Diagnostic(index, code, message)
        for index, event in enumerate(events)
        for code, message in _notes(event, sent_at, now, repeats)
    )


def _notes(
    event: Captured, sent_at: datetime | None, now: datetime, repeats: Repeats
) -> Iterator[tuple[str, str]]:
    if event.distinct_id.strip().lower() in ILLEGAL_IDS:
        yield "illegal_distinct_id", "this distinct_id means nobody: no merge, one common person"
    stored = _stored_at(event, sent_at, now)
    if event.timestamp is not None and abs(stored - event.timestamp) > SHIFT_TOLD:
        yield "timestamp_shifted", f"stored as of {stored.isoformat()}"
    if event.name == "$$heatmap":
        yield from _heatmap(event.properties)
    # Without a uuid PostHog makes one, so nothing ties two copies together.
    key = (event.uuid, event.name, stored, event.distinct_id)
    if event.uuid is not None and repeats.seen_before(key, now.timestamp()):
        yield "duplicate", "same uuid, event, timestamp and distinct_id: counted once"


def _stored_at(event: Captured, sent_at: datetime | None, now: datetime) -> datetime:
    """The time under which the event is kept: corrected by the sender's clock, never far ahead."""
    if event.timestamp is None:
        return now
    trusted = event.properties.get("$ignore_sent_at") is True or sent_at is None
    stored = event.timestamp if trusted or sent_at is None else now - (sent_at - event.timestamp)
    return now if stored - now > MAX_AHEAD else stored


def _heatmap(properties: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    sizes = (properties.get("$viewport_height"), properties.get("$viewport_width"))
    data = properties.get("$heatmap_data")
    if not all(map(_is_number, sizes)) or not properties.get("$session_id"):
        yield "heatmap_dropped", "$viewport_height, $viewport_width and $session_id are needed"
    pages = data.values() if isinstance(data, dict) else [None]
    if not all(isinstance(points, list) and all(map(_is_point, points)) for points in pages):
        yield "heatmap_dropped", "$heatmap_data must hold lists of points by URL"


def _is_point(point: Json) -> bool:
    return (
        isinstance(point, dict)
        and _is_number(point.get("x"))
        and _is_number(point.get("y"))
        and isinstance(point.get("target_fixed"), bool)
        and isinstance(point.get("type"), str)
        and bool(point["type"])
    )


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
