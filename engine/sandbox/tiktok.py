"""Stand-in for TikTok's Events API: ``POST /open_api/v1.3/event/track/``.

The status is 200 whatever happened; ``code`` in the body tells. A request whose shape is wrong is
refused whole (40002); of its events the bad ones are refused and the others taken: 20001 where
there are both, 40002 where none is good. The numbers are TikTok's, the texts this simulator's own.
Tokens are not known to the sandbox, so any text is one, but for the word ``invalid``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

from engine.sandbox.bodies import UnreadableError, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, Script, dedupe_key
from engine.sandbox.repeats import Repeats

MAX_EVENTS = 1_000
DEDUPE_S = 48 * 3600
QUOTED_AGE_S = 7 * 86_400
"""Often quoted as the age of the oldest web event, by TikTok's own pages not confirmed: a note."""

OK, PARTIAL, BAD_TOKEN, BAD_DATA, THROTTLED = 0, 20001, 40001, 40002, 40100
SOURCES = ("web", "app", "offline", "crm")
HASHED = ("email", "phone", "external_id")
SECONDS_HAVE_DIGITS = 10

_PATH = re.compile(r"/open_api/v1\.3/event/track/?")
_HASH = re.compile(r"[0-9a-f]{64}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def answer(call: Call, repeats: Repeats) -> Reply:
    """TikTok's answer: a code, a text, an id of the request, and no data."""
    if call.method != "POST" or not _PATH.fullmatch(call.path):
        return Reply(404, "404 page not found")
    if call.headers.get("access-token", "").strip() in ("", "invalid"):
        return _reply(call, BAD_TOKEN, "the access token is missing or not valid")
    try:
        body = parse_json(call.raw)
    except UnreadableError:
        return _reply(call, BAD_DATA, "the body is not JSON")
    fields = body if isinstance(body, dict) else {}
    fault = next(_faults_of_request(fields), None)
    if fault is not None:
        return _reply(call, BAD_DATA, fault)
    data = fields["data"]
    return _judged(call, data if isinstance(data, list) else [], repeats)


def _faults_of_request(body: Mapping[str, Json]) -> Iterator[str]:
    data = body.get("data")
    if body.get("event_source") not in SOURCES:
        yield f"event_source: expected one of {', '.join(SOURCES)}"
    if not dedupe_key(body.get("event_source_id")):
        yield "event_source_id: is missing"
    if not isinstance(data, list) or not data:
        yield "data: expected a list of events"
        return
    if len(data) > MAX_EVENTS:
        yield f"data: at most {MAX_EVENTS} events are taken in one request"
    if body.get("test_event_code") and len(data) > 1:
        yield "test_event_code: test events are not taken in batches"


def _judged(call: Call, events: list[Json], repeats: Repeats) -> Reply:
    accepted: list[str | None] = []
    notes: list[Diagnostic] = []
    faults: list[str] = []
    for index, event in enumerate(events):
        found = [f"data.{index}.{one}" for one in _faults(event)]
        faults += found[:1]
        if found or not isinstance(event, dict):
            continue
        accepted.append(dedupe_key(event.get("event_id")))
        notes += _notes(index, event, call.at, repeats)
    code = OK if not faults else PARTIAL if accepted else BAD_DATA
    return _reply(call, code, faults[0] if faults else "OK", tuple(accepted), tuple(notes))


def _faults(event: Json) -> Iterator[str]:
    """What is wrong with an event: the field, and what is expected there."""
    if not isinstance(event, dict):
        yield "event: expected an object"
        return
    name, at = event.get("event"), event.get("event_time")
    if not isinstance(name, str) or not name:
        yield "event: is missing"
    if isinstance(at, bool) or not isinstance(at, int) or len(str(at)) != SECONDS_HAVE_DIGITS:
        yield "event_time: expected unix seconds"
    user = event.get("user")
    if not isinstance(user, dict):
        yield "user: expected an object"
    else:
        yield from _faults_of_user(user)
    properties = event.get("properties")
    if properties is not None:
        yield from _faults_of_properties(properties)
    limited = event.get("limited_data_use")
    if limited is not None and not isinstance(limited, bool):
        yield "limited_data_use: expected true or false"


def _faults_of_user(user: Mapping[str, Json]) -> Iterator[str]:
    for name in HASHED:
        value = user.get(name)
        values = value if isinstance(value, list) and name == "external_id" else [value]
        for one in values:
            if one is not None and not (isinstance(one, str) and _HASH.fullmatch(one)):
                yield f"user.{name}: expected a SHA-256 in hex"


def _faults_of_properties(properties: Json) -> Iterator[str]:
    if not isinstance(properties, dict):
        yield "properties: expected an object"
        return
    value, currency = properties.get("value"), properties.get("currency")
    if value is not None and not _is_number(value):
        yield "properties.value: expected a number"
    if currency is not None and not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        yield "properties.currency: expected three letters, as in ISO 4217"
    contents = properties.get("contents")
    if contents is None:
        return
    if not isinstance(contents, list):
        yield "properties.contents: expected a list"
        return
    for index, content in enumerate(contents):
        if not isinstance(content, dict):
            yield f"properties.contents.{index}: expected an object"
        elif content.get("price") is not None and not _is_number(content["price"]):
            yield f"properties.contents.{index}.price: expected a number"


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _notes(
    index: int, event: Mapping[str, Json], now: float, repeats: Repeats
) -> Iterator[Diagnostic]:
    """What TikTok would hold against an event that it took."""
    name, key, at = event.get("event"), dedupe_key(event.get("event_id")), event.get("event_time")
    if key is None:
        text = "without an event_id it can't be told from the pixel's own"
        yield Diagnostic(index, "no_event_id", text)
    elif repeats.seen_before((str(name), key), now, DEDUPE_S):
        text = f"{name} with this event_id came within 48 hours before, and stays the first"
        yield Diagnostic(index, "duplicate", text)
    if isinstance(at, int) and now - at > QUOTED_AGE_S:
        yield Diagnostic(index, "may_be_too_old", "older than the seven days that are often quoted")
    properties = event.get("properties")
    if isinstance(properties, dict):
        yield from _notes_on_properties(index, event, properties)
    if not event.get("user"):
        yield Diagnostic(index, "matches_nobody", "user is empty, so the event matches nobody")


def _notes_on_properties(
    index: int, event: Mapping[str, Json], properties: Mapping[str, Json]
) -> Iterator[Diagnostic]:
    if properties.get("value") is not None and not properties.get("currency"):
        yield Diagnostic(index, "no_currency", "a value without a currency")
    sale = event.get("event") in ("Purchase", "CompletePayment")
    if sale and properties.get("value") is None:
        yield Diagnostic(index, "no_value", "a sale without a value")
    value = properties.get("value")
    if isinstance(value, int | float) and value < 0:
        yield Diagnostic(index, "negative_value", "a negative value; a refund is no sale")


def _reply(
    call: Call,
    code: int,
    message: str,
    accepted: tuple[str | None, ...] = (),
    notes: tuple[Diagnostic, ...] = (),
) -> Reply:
    request_id = sha256(call.raw + repr((call.path, call.at)).encode()).hexdigest()[:34].upper()
    content: dict[str, Json] = {
        "code": code,
        "message": message,
        "request_id": request_id,
        "data": {},
    }
    return Reply(200, content, accepted, notes)


def _says(code: int, message: str) -> Script:
    def script(call: Call, _honest: Callable[[], Reply]) -> Reply:
        return _reply(call, code, message)

    return script


TIKTOK_FAULTS: Mapping[str, Script] = {
    "throttled": _says(THROTTLED, "too many requests"),
    "token-expired": _says(BAD_TOKEN, "the access token has expired"),
    "internal": _says(50000, "internal error"),  # a code that no page tells
}
"""Faults that only TikTok has: each is an answer with status 200."""
