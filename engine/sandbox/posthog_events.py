"""A PostHog event as the capture service reads it, or the text with which it refuses it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from engine.sandbox.call import Json

HYDRATE = "failed to hydrate events from request: "
MAX_DISTINCT_ID = 200
DISTINCT_ID_NAMES = ("distinct_id", "$distinct_id")


class RefusedError(Exception):
    """The request is refused with this status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Captured:
    """One event as it was taken; ``uuid`` is None where PostHog would make one.

    ``is_cut`` tells that its ``distinct_id`` was longer, ``is_naive`` that its time had no zone.
    """

    name: str
    distinct_id: str
    uuid: str | None
    timestamp: datetime | None
    properties: Mapping[str, Json]
    is_cut: bool = False
    is_naive: bool = False


def captured(event: Json, default_name: str | None = None) -> Captured:
    """The event's values, checked in PostHog's order."""
    if not isinstance(event, dict):
        raise RefusedError(400, HYDRATE + "an event must be an object")
    properties = _properties(event)
    uuid = _uuid(event.get("uuid"))
    name = _name(event.get("event", default_name))
    distinct_id = _distinct_id(event, properties)
    timestamp = moment(event.get("timestamp"))
    return Captured(
        name=name,
        distinct_id=distinct_id[:MAX_DISTINCT_ID],
        uuid=uuid,
        timestamp=timestamp,
        properties={**_persons(event), **properties},
        is_cut=len(distinct_id) > MAX_DISTINCT_ID,
        is_naive=timestamp is not None and _is_naive(event.get("timestamp")),
    )


def texts_of(fields: Mapping[str, Json], names: tuple[str, ...]) -> Iterator[str]:
    """The values under these names that are text."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            yield value


def moment(value: Json) -> datetime | None:
    """The time of an ISO 8601 text, in UTC where it names no zone."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise RefusedError(400, HYDRATE + "timestamp must be a string")
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise RefusedError(400, "event submitted with invalid timestamp") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _is_naive(value: Json) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is None


def _persons(event: Mapping[str, Json]) -> Mapping[str, Json]:
    """What of the person's properties stands beside the event's; both places are read."""
    return {name: event[name] for name in ("$set", "$set_once") if event.get(name) is not None}


def _properties(event: Mapping[str, Json]) -> Mapping[str, Json]:
    for name in ("properties", "$set", "$set_once"):
        if not isinstance(event.get(name), dict | None):
            raise RefusedError(400, HYDRATE + f"{name} must be an object")
    properties = event.get("properties")
    return properties if isinstance(properties, dict) else {}


def _uuid(value: Json) -> str | None:
    if value is None:
        return None
    try:
        UUID(str(value))
    except ValueError:
        raise RefusedError(400, HYDRATE + "uuid is not a UUID") from None
    return str(value)


def _name(value: Json) -> str:
    if not isinstance(value, str):
        raise RefusedError(400, HYDRATE + "missing field `event`")
    if not value:
        raise RefusedError(400, "event submitted with an empty event name")
    return value


def _distinct_id(event: Mapping[str, Json], properties: Mapping[str, Json]) -> str:
    places = (event, properties)
    for value in (place.get(name) for place in places for name in DISTINCT_ID_NAMES):
        if value in (None, "") or isinstance(value, list | dict):
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return text.replace("\0", "")
    raise RefusedError(400, "event submitted without a distinct_id")
