"""Stand-in for PostHog's newer protocol: ``POST /i/v1/analytics/events``, a result per event."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from engine.sandbox.bodies import UnreadableError, inflated_if_gzip, parse_json
from engine.sandbox.call import Call, Json, Reply, Script, dedupe_key
from engine.sandbox.posthog_events import RefusedError, moment

PATH = "/i/v1/analytics/events"
MAX_BODY_BYTES = 20 * 1024 * 1024
MAX_NAME = 200
MAX_DISTINCT_ID = 200
NEEDED_HEADERS = (
    "posthog-sdk-info",
    "posthog-attempt",
    "posthog-request-id",
    "posthog-request-timestamp",
)


def v1_answer(call: Call) -> Reply:
    """A result by uuid for every event, or the first fault under its tag."""
    if call.method != "POST":
        return Reply(405, "method not allowed", headers={"Allow": "POST"})
    try:
        events = _checked_events(call)
    except _TaggedError as fault:
        return Reply(fault.status, {"error": fault.tag, "error_description": str(fault)})
    keys = [str(event["uuid"]) for event in events]
    results: dict[str, Json] = {key: {"result": "ok"} for key in keys}
    return Reply(200, {"results": results}, accepted=tuple(keys))


class _TaggedError(Exception):
    def __init__(self, tag: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.tag = tag
        self.status = status


def _checked_events(call: Call) -> list[Mapping[str, Json]]:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip().startswith("phc_"):
        raise _TaggedError("invalid_api_token", "send Authorization: Bearer phc_...", 401)
    missing = [name for name in NEEDED_HEADERS if not call.headers.get(name)]
    if missing:
        raise _TaggedError("missing_required_headers", ", ".join(missing))
    if len(call.raw) > MAX_BODY_BYTES:
        raise _TaggedError("payload_too_large", f"at most {MAX_BODY_BYTES} bytes", 413)
    if call.content_type != "application/json":
        raise _TaggedError("unsupported_content_type", "send application/json", 415)
    events = _events(call)
    uuids = [_check_event(event) for event in events]
    if len(set(uuids)) < len(uuids):
        raise _TaggedError("duplicate_event_uuid", "a uuid stands twice in the batch")
    return events


def _events(call: Call) -> list[Mapping[str, Json]]:
    try:
        body = parse_json(inflated_if_gzip(call))
    except UnreadableError as fault:
        raise _TaggedError("invalid_body", str(fault)) from None
    batch = body.get("batch") if isinstance(body, dict) else None
    events = (
        [event for event in batch if isinstance(event, dict)] if isinstance(batch, list) else []
    )
    if not events:
        raise _TaggedError("empty_batch", "batch must hold events")
    return [*events]


def _check_event(event: Mapping[str, Json]) -> str:
    """The event's uuid, once its fields were found good."""
    name, distinct_id = dedupe_key(event.get("event")), dedupe_key(event.get("distinct_id"))
    if not name:
        raise _TaggedError("missing_event_name", "event is missing")
    if len(name) > MAX_NAME:
        raise _TaggedError("event_name_too_long", f"at most {MAX_NAME} characters")
    if not distinct_id:
        raise _TaggedError("missing_distinct_id", "distinct_id is missing")
    if len(distinct_id) > MAX_DISTINCT_ID:
        raise _TaggedError("distinct_id_too_large", f"at most {MAX_DISTINCT_ID} characters")
    _check_timestamp(event.get("timestamp"))
    try:
        return str(UUID(str(event.get("uuid"))))
    except ValueError:
        raise _TaggedError("missing_event_uuid", "uuid is missing or no UUID") from None


def _check_timestamp(value: Json) -> None:
    try:
        known = moment(value)
    except RefusedError:
        known = None
    # moment() reads a naive time as UTC; v1 wants the zone written out.
    zoned = isinstance(value, str) and (value.endswith(("Z", "z")) or value[-6:-5] in ("+", "-"))
    if known is None or not zoned:
        raise _TaggedError("invalid_event_timestamp", "timestamp must be RFC 3339 with a zone")


def _first_gets(result: str, details: str | None) -> Script:
    """A fault by which the first event of a v1 request gets this result."""

    def script(_call: Call, honest: Callable[[], Reply]) -> Reply:
        reply = honest()
        results = reply.content.get("results") if isinstance(reply.content, dict) else None
        if not isinstance(results, dict) or not reply.accepted:
            return reply
        told: dict[str, Json] = {"result": result, **({"details": details} if details else {})}
        content: Json = {"results": {**results, str(reply.accepted[0]): told}}
        kept = reply.accepted if result == "warning" else reply.accepted[1:]
        return replace(reply, content=content, accepted=kept)

    return script


V1_FAULTS: Mapping[str, Script] = {
    "v1-retry": _first_gets("retry", None),
    "v1-drop": _first_gets("drop", "event_restriction_drop"),
    "v1-warning": _first_gets("warning", "person_processing_disabled"),
}
