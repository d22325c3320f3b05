"""What PostHog does to events it took: merges refused, clocks corrected, repeats removed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from engine.sandbox.call import Diagnostic, Json
from engine.sandbox.posthog_events import Captured, moment
from engine.sandbox.posthog_kinds import kind_notes
from engine.sandbox.repeats import Repeats

_ILLEGAL_IDS = """
    0 00000000-0000-0000-0000-000000000000 anonymous anonymous-user backend distinct_id distinctid
    email false guest id nan none not_authenticated null system true undefined user
    """
ILLEGAL_IDS = frozenset(_ILLEGAL_IDS.split()) | {"[object object]"}

SHIFT_TOLD = timedelta(seconds=1)
MAX_AHEAD = timedelta(hours=23)
HISTORY = timedelta(hours=48)
MAX_DISTINCT_ID = 200
MERGES: Mapping[str, str] = {"$identify": "$anon_distinct_id", "$create_alias": "alias"}
"""The events that make two ids one person, and where the second id stands."""


def diagnostics(
    events: list[Captured], envelope: Mapping[str, Json], at: float, repeats: Repeats
) -> tuple[Diagnostic, ...]:
    """All there is to say of the events of one request."""
    now = datetime.fromtimestamp(at, UTC)
    sent_at = moment(envelope.get("sent_at"))
    is_import = envelope.get("historical_migration") is True
    return tuple(
        Diagnostic(index, code, message)
        for index, event in enumerate(events)
        for code, message in (
            *_identity(event),
            *_times(event, _stored_at(event, sent_at, now), now, is_import=is_import),
            *_place(event),
            *kind_notes(event),
            *_repeat(event, _stored_at(event, sent_at, now), now, repeats),
        )
    )


def _identity(event: Captured) -> Iterator[tuple[str, str]]:
    if _means_nobody(event.distinct_id):
        yield "illegal_distinct_id", "this distinct_id means nobody: no merge, one common person"
    if event.is_cut:
        yield "distinct_id_cut", f"distinct_id is cut to {MAX_DISTINCT_ID} characters"
    other = event.properties.get(MERGES.get(event.name, ""))
    if isinstance(other, str) and (_means_nobody(other) or len(other) > MAX_DISTINCT_ID):
        yield "merge_refused", f"{MERGES[event.name]} means nobody, or is too long: no merge"


def _means_nobody(distinct_id: str) -> bool:
    return distinct_id.strip().lower() in ILLEGAL_IDS


def _times(
    event: Captured, stored: datetime, now: datetime, *, is_import: bool
) -> Iterator[tuple[str, str]]:
    if event.is_naive:
        yield "naive_timestamp", "the timestamp has no zone: read as UTC"
    if event.timestamp is not None and abs(stored - event.timestamp) > SHIFT_TOLD:
        yield "timestamp_shifted", f"stored as of {stored.isoformat()}"
    if now - stored > HISTORY and not is_import:
        yield "not_historical", "over 48 h old: it belongs in a batch with historical_migration"


def _place(event: Captured) -> Iterator[tuple[str, str]]:
    ip, is_off = event.properties.get("$ip"), event.properties.get("$geoip_disable")
    if not ip and is_off is not True:
        yield "placed_at_sender", "neither $ip nor $geoip_disable: placed where the sender stands"


def _repeat(
    event: Captured, stored: datetime, now: datetime, repeats: Repeats
) -> Iterator[tuple[str, str]]:
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
