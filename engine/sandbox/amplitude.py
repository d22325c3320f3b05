"""Stand-in for Amplitude's HTTP API V2: ``POST /2/httpapi``, and ``/batch`` with its larger limit.

All or nothing: one bad event refuses the request, and the answer lists, by field, the events it is
about. Keys are not known to the sandbox, so any text is one, but ``invalid`` is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from engine.sandbox.bodies import UnreadableError, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, Script, dedupe_key
from engine.sandbox.refused import RefusedError
from engine.sandbox.repeats import Repeats

MB = 1_000_000
MAX_BODY_BYTES: Mapping[str, int] = {"/2/httpapi": MB, "/batch": 20 * MB}
EVENTS_BELOW = 2_000
MIN_ID_LENGTH = 5
EVENTS_A_SECOND = 30
REPEAT_WITHIN_S = 7 * 24 * 3600

NO_FIELD = "Request missing required field"
BAD_EVENTS = "Invalid events"

_Event: TypeAlias = Mapping[str, Json]
_ByField: TypeAlias = dict[str, list[int]]

NUMBERS = ("price", "quantity", "revenue")
OBJECTS = ("event_properties", "user_properties", "groups")
TEXTS = ("event_type", "insert_id", "ip", "productId")
IDS = ("user_id", "device_id")


def answer(call: Call, repeats: Repeats) -> Reply:
    """Amplitude's answer: how many events it took, or which of them it refuses and why."""
    try:
        body = _body(call)
        events = _events(body)
    except RefusedError as refusal:
        return refusal.reply
    if refused := _refused(events, _min_id_length(body)):
        return _error(400, BAD_EVENTS, **refused)
    return Reply(
        200,
        {
            "code": 200,
            "events_ingested": len(events),
            "payload_size_bytes": len(call.raw),
            "server_upload_time": round(call.at * 1000),
        },
        accepted=tuple(dedupe_key(event.get("insert_id")) for event in events),
        diagnostics=tuple(_notes(events, call.at, repeats)),
    )


def _body(call: Call) -> dict[str, Json]:
    """The body, once path, size and key are good."""
    most_bytes = MAX_BODY_BYTES.get(call.path.rstrip("/"))
    if most_bytes is None or call.method != "POST":
        raise RefusedError(_error(404, "Not Found"))
    if len(call.raw) >= most_bytes:
        raise RefusedError(_error(413, "Payload too large: a request has less than 1 MB"))
    try:
        body = parse_json(call.raw)
    except UnreadableError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(_error(400, "Invalid JSON request body"))
    key = body.get("api_key")
    if not isinstance(key, str) or not key:
        raise RefusedError(_error(400, NO_FIELD, missing_field="api_key"))
    if key == "invalid":
        raise RefusedError(_error(400, "Invalid API key: invalid"))
    return body


def _events(body: dict[str, Json]) -> list[dict[str, Json]]:
    events = body.get("events")
    if not isinstance(events, list) or not events:
        raise RefusedError(_error(400, NO_FIELD, missing_field="events"))
    if len(events) >= EVENTS_BELOW:
        text = f"Too many events: a request has fewer than {EVENTS_BELOW}"
        raise RefusedError(_error(413, text))
    objects = [event for event in events if isinstance(event, dict)]
    if len(objects) < len(events):
        raise RefusedError(_error(400, "Invalid events: an event is an object"))
    return objects


def _min_id_length(body: Mapping[str, Json]) -> int:
    options = body.get("options")
    told = options.get("min_id_length") if isinstance(options, dict) else None
    return told if isinstance(told, int) and not isinstance(told, bool) else MIN_ID_LENGTH


def _refused(events: list[dict[str, Json]], min_id_length: int) -> dict[str, Json]:
    """The lists of bad events by field, under the words of the answer; empty if all are good."""
    words: dict[str, Json] = {}
    for word, faults in (
        ("events_with_missing_fields", _missing_fields),
        ("events_with_invalid_fields", _invalid_fields),
    ):
        if found := _by_field(events, faults):
            words[word] = {field: list[Json](indexes) for field, indexes in found.items()}
    if found := _by_field(events, lambda event: _short_ids(event, min_id_length)):
        words["events_with_invalid_id_lengths"] = {
            field: list[Json](indexes) for field, indexes in found.items()
        }
    return words


def _by_field(events: list[dict[str, Json]], faults: Callable[[_Event], Iterator[str]]) -> _ByField:
    found: _ByField = {}
    for index, event in enumerate(events):
        for field in faults(event):
            found.setdefault(field, []).append(index)
    return found


def _missing_fields(event: _Event) -> Iterator[str]:
    if event.get("event_type") in (None, ""):
        yield "event_type"
    if all(event.get(name) is None for name in IDS):
        yield "user_id"


def _invalid_fields(event: _Event) -> Iterator[str]:
    time = event.get("time")
    if time is not None and (not _is_whole(time) or not isinstance(time, int) or time <= 0):
        yield "time"
    session = event.get("session_id")
    if session is not None and (not isinstance(session, int) or session < -1):
        yield "session_id"
    for name in NUMBERS:
        if event.get(name) is not None and not _is_number(event[name]):
            yield name
    for name in OBJECTS:
        if event.get(name) is not None and not isinstance(event[name], dict):
            yield name
    for name in (*TEXTS, *IDS):
        if event.get(name) is not None and not isinstance(event[name], str):
            yield name


def _short_ids(event: _Event, min_length: int) -> Iterator[str]:
    for name in IDS:
        value = event.get(name)
        if isinstance(value, str) and len(value) < min_length:
            yield name


def _notes(events: list[dict[str, Json]], at: float, repeats: Repeats) -> Iterator[Diagnostic]:
    for index, event in enumerate(events):
        key = dedupe_key(event.get("insert_id"))
        if key is None:
            yield Diagnostic(index, "no_insert_id", "without an insert_id a repeat counts twice")
        elif repeats.seen_before((event.get("device_id"), key), at, REPEAT_WITHIN_S):
            yield Diagnostic(index, "duplicate", "this insert_id came before: counted once")
        if event.get("time") is None:
            yield Diagnostic(index, "no_time", "without a time the event is of its arrival")
        if ("price" in event) != ("quantity" in event):
            yield Diagnostic(index, "no_revenue", "a price counts with a quantity alone")


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _error(status: int, text: str, **more: Json) -> Reply:
    return Reply(status, {"code": status, "error": text, **more})


def _throttled(call: Call, _honest: Callable[[], Reply]) -> Reply:
    """429 for every person and device of the request; nothing is taken."""
    try:
        body = parse_json(call.raw)
    except UnreadableError:
        body = None
    events = body.get("events") if isinstance(body, dict) else None
    listed = [one for one in events if isinstance(one, dict)] if isinstance(events, list) else []

    def counts(name: str) -> Json:
        ids = [str(event[name]) for event in listed if event.get(name)]
        return {one: EVENTS_A_SECOND + ids.count(one) for one in ids}

    return _error(
        429,
        "Too many requests for some devices and users",
        eps_threshold=EVENTS_A_SECOND,
        throttled_users=counts("user_id"),
        throttled_devices=counts("device_id"),
        throttled_events=list[Json](range(len(listed))),
    )


AMPLITUDE_FAULTS: Mapping[str, Script] = {"throttled": _throttled}
"""A fault that only Amplitude has: more than 30 events a second of one person or device."""
