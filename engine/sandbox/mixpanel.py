"""Stand-in for Mixpanel's import: ``POST /import?strict=1&project_id=…``.

A 400 is partial: the good events are stored all the same, and the answer names the others. Without
``strict=1`` everything is answered 200, and what is bad is lost. Accounts are not known to the
sandbox, so any name with a secret is one, but the name ``invalid`` is refused.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from engine.sandbox.bodies import UnreadableError, inflated_if_gzip, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, dedupe_key, texts_within
from engine.sandbox.refused import RefusedError
from engine.sandbox.repeats import Repeats

MAX_EVENTS = 2_000
MAX_BODY_BYTES = 10_000_000
MAX_EVENT_BYTES = 1_000_000
MAX_PROPERTIES = 255
MAX_TEXT = 255
MAX_DEPTH = 3
MAX_INSERT_ID = 36
FIRST_S = 31_536_000.0  # 1971-01-01
AHEAD_S = 3_600.0
IN_MS_FROM = 100_000_000_000
"""A time that is at least this is in milliseconds: in seconds it would be the year 5138."""
PLACEHOLDERS = frozenset(
    {*("anon", "anonymous", "nil", "none", "null", "n/a"), "00000000-0000-0000-0000-000000000000"}
)
FAILED = "some data points in the request failed validation"


@dataclass(frozen=True, slots=True)
class _Bad:
    """What is wrong with one event."""

    field: str
    message: str


def answer(call: Call, repeats: Repeats) -> Reply:
    """Mixpanel's answer: how many events it stored, and which not."""
    try:
        events = _events(call)
    except RefusedError as refusal:
        return refusal.reply
    return _answer_to_events(events, call, repeats)


def _events(call: Call) -> list[Json]:
    """The list of the body, once path, credentials and size are good."""
    if call.path.rstrip("/") != "/import" or call.method != "POST":
        raise _refusal(404, "no such endpoint")
    if problem := _bad_credentials(call):
        raise _refusal(401, problem)
    try:
        raw = inflated_if_gzip(call)
        events = parse_json(raw)
    except UnreadableError as fault:
        raise _refusal(400, f"the body is not JSON: {fault}") from None
    if not isinstance(events, list):
        raise _refusal(400, "the body is not a list of events")
    if len(raw) > MAX_BODY_BYTES:
        raise _refusal(413, "the request is larger than 10 MB")
    if len(events) > MAX_EVENTS:
        raise _refusal(413, f"the request has more than {MAX_EVENTS} events")
    return events


def _answer_to_events(events: list[Json], call: Call, repeats: Repeats) -> Reply:
    bad = {index: one for index, event in enumerate(events) if (one := _fault(event, call.at))}
    good = {i: one for i, one in enumerate(events) if i not in bad and isinstance(one, dict)}
    keys = tuple(dedupe_key(_properties(event).get("$insert_id")) for event in good.values())
    notes = [note for index, one in good.items() for note in _notes(index, one, call.at, repeats)]
    if not bad or call.query.get("strict") != "1":
        notes += [Diagnostic(i, "dropped", f"{one.field} {one.message}") for i, one in bad.items()]
        content: Json = {"code": 200, "num_records_imported": len(good), "status": "OK"}
        return Reply(200, content, keys, tuple(notes))
    records: list[Json] = [
        {
            "index": index,
            "insert_id": dedupe_key(_properties(events[index]).get("$insert_id")) or "",
            "field": one.field,
            "message": one.message,
        }
        for index, one in bad.items()
    ]
    content = {
        "code": 400,
        "error": FAILED,
        "status": "Bad Request",
        "num_records_imported": len(good),
        "failed_records": records,
    }
    return Reply(400, content, keys, tuple(notes))


def _bad_credentials(call: Call) -> str:
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    try:
        user, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "the Authorization header is not Basic"
    if scheme.lower() != "basic" or not colon or not user or user == "invalid":
        return "the credentials are invalid"
    # A project's token stands alone; a service account has a secret and names the project.
    if secret and not call.query.get("project_id"):
        return "a service account needs a project_id"
    return ""


def _fault(event: Json, at: float) -> _Bad | None:
    if not isinstance(event, dict):
        return _Bad("", "an event must be an object")
    if not isinstance(name := event.get("event"), str) or not name:
        return _Bad("event", "'event' must not be missing or blank")
    if not isinstance(event.get("properties"), dict):
        return _Bad("properties", "'properties' must be an object")
    if len(orjson.dumps(event)) > MAX_EVENT_BYTES:
        return _Bad("", "an event must not be larger than 1 MB")
    return next(_faults_of(_properties(event), at), None)


def _faults_of(properties: Mapping[str, Json], at: float) -> Iterator[_Bad]:
    if len(properties) > MAX_PROPERTIES:
        yield _Bad("properties", f"an event must not have more than {MAX_PROPERTIES} properties")
    time = properties.get("time")
    if time is None:
        yield _Bad("properties.time", "'properties.time' must not be missing")
    elif isinstance(time, bool) or not isinstance(time, int | float):
        yield _Bad("properties.time", "'properties.time' must be a number")
    else:
        yield from _time_faults(time / 1000 if time >= IN_MS_FROM else time, at)
    yield from _identity_faults(properties)
    for key, value in properties.items():
        if _depth(value) > MAX_DEPTH:
            yield _Bad(f"properties.{key}", f"nested deeper than {MAX_DEPTH} levels")


def _time_faults(time_s: float, at: float) -> Iterator[_Bad]:
    if time_s < FIRST_S:
        yield _Bad("properties.time", "'properties.time' must not be before 1971-01-01")
    if time_s > at + AHEAD_S:
        yield _Bad("properties.time", "'properties.time' must not be over an hour ahead")


def _identity_faults(properties: Mapping[str, Json]) -> Iterator[_Bad]:
    person = properties.get("distinct_id")
    if person is None:
        yield _Bad("properties.distinct_id", "'properties.distinct_id' must not be missing")
    elif str(person).strip().lower() in PLACEHOLDERS:
        yield _Bad("properties.distinct_id", "'properties.distinct_id' is a placeholder")
    key = dedupe_key(properties.get("$insert_id"))
    if key is None:
        yield _Bad("properties.$insert_id", "'properties.$insert_id' must not be missing")
    elif len(key) > MAX_INSERT_ID:
        yield _Bad("properties.$insert_id", f"must not have over {MAX_INSERT_ID} characters")


def _depth(value: Json) -> int:
    """How many lists and objects stand in each other; 0 for a plain value."""
    deepest, level = 0, [value]
    while level := [one for one in level if isinstance(one, list | dict)]:
        deepest += 1
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest


def _notes(index: int, event: dict[str, Json], at: float, repeats: Repeats) -> Iterator[Diagnostic]:
    properties = _properties(event)
    for key, value in properties.items():
        if any(len(text) > MAX_TEXT for text in texts_within(value)):
            yield Diagnostic(index, "cut", f"{key} has a text that is cut at {MAX_TEXT} characters")
    names = ("time", "distinct_id", "$insert_id")
    repeat_key = (event.get("event"), *(str(properties.get(name)) for name in names))
    if repeats.seen_before(repeat_key, at):
        yield Diagnostic(index, "duplicate", "event, time, distinct_id and $insert_id came before")


def _properties(event: Json) -> Mapping[str, Json]:
    found = event.get("properties") if isinstance(event, dict) else None
    return found if isinstance(found, dict) else {}


def _refusal(status: int, text: str) -> RefusedError:
    return RefusedError(Reply(status, {"code": status, "error": text, "status": "Bad Request"}))
