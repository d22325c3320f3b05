"""Stand-in for Klaviyo's events: ``POST /api/events``.

One event a request. 202 with an empty body takes it; a refusal lists ``errors`` in the form of
JSON:API, each with a pointer into the body. Keys are not known to the sandbox, so any that begins
with ``pk_`` is one, but ``pk_invalid`` is refused. What a bulk job would judge later isn't here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.sandbox.bodies import UnreadableError, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, dedupe_key
from engine.sandbox.refused import RefusedError
from engine.sandbox.repeats import Repeats

MAX_BODY_BYTES = 5_000_000
MAX_PROPERTIES = 400
MAX_TEXT_BYTES = 100_000
MAX_ELEMENTS = 4_000
MAX_DEPTH = 10
METRIC_BELOW = 128
MAX_EXTERNAL_ID = 255
AHEAD = timedelta(days=366)
FIRST = datetime(2000, 1, 1, tzinfo=UTC)

ATTRIBUTES = "/data/attributes"
PROFILE = f"{ATTRIBUTES}/profile/data/attributes"
METRIC = f"{ATTRIBUTES}/metric/data/attributes/name"
IDENTIFIERS = ("email", "phone_number", "external_id", "anonymous_id")

_REVISION = re.compile(r"\d{4}-\d{2}-\d{2}(\.pre)?")
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Something that refuses the event, and where it stands."""

    detail: str
    pointer: str


def answer(call: Call, repeats: Repeats) -> Reply:
    """Klaviyo's answer: 202 and nothing else, or all that is wrong."""
    try:
        attributes = _attributes(call)
    except RefusedError as refusal:
        return refusal.reply
    if wrong := list(_faults(attributes, call.at)):
        return Reply(400, {"errors": [_error(400, "invalid", one) for one in wrong]})
    key = dedupe_key(attributes.get("unique_id"))
    notes = tuple(_notes(attributes, key, call.at, repeats))
    return Reply(202, None, accepted=(key,), diagnostics=notes)


def _attributes(call: Call) -> Mapping[str, Json]:
    """The event's attributes, once key, path, headers and size are good."""
    scheme, _, key = call.headers.get("authorization", "").partition(" ")
    if scheme != "Klaviyo-API-Key" or not key.startswith("pk_") or key == "pk_invalid":
        raise _refusal(401, "not_authenticated", "Incorrect authentication credentials.")
    if call.path.rstrip("/") != "/api/events":
        raise _refusal(404, "not_found", "There is no such endpoint.")
    if call.method != "POST":
        raise _refusal(405, "method_not_allowed", "The method is not allowed.")
    if not _REVISION.fullmatch(call.headers.get("revision", "")):
        raise _refusal(400, "invalid", "The revision header is missing or no date.", "/revision")
    if len(call.raw) > MAX_BODY_BYTES:
        raise _refusal(413, "payload_too_large", "The body is larger than 5 MB.")
    try:
        data = _object(parse_json(call.raw), "data")
    except UnreadableError as fault:
        raise _refusal(400, "invalid", f"The body is not JSON: {fault}") from None
    if data.get("type") != "event":
        raise _refusal(400, "invalid", "The type must be 'event'.", "/data/type")
    return _object(data, "attributes")


def _faults(attributes: Mapping[str, Json], at: float) -> Iterator[_Wrong]:
    yield from _metric_faults(attributes)
    yield from _profile_faults(attributes)
    yield from _time_faults(attributes.get("time"), at)
    value = attributes.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield _Wrong("A number is needed.", f"{ATTRIBUTES}/value")
    properties = attributes.get("properties")
    if not isinstance(properties, dict):
        yield _Wrong("The properties are missing.", f"{ATTRIBUTES}/properties")
        return
    if len(properties) > MAX_PROPERTIES:
        yield _Wrong(f"At most {MAX_PROPERTIES} properties.", f"{ATTRIBUTES}/properties")
    yield from _size_faults(properties)


def _metric_faults(attributes: Mapping[str, Json]) -> Iterator[_Wrong]:
    metric = _object(_object(attributes, "metric"), "data")
    name = _object(metric, "attributes").get("name")
    if metric.get("type") != "metric" or not isinstance(name, str) or not name:
        yield _Wrong("The metric has no name.", METRIC)
    elif len(name) >= METRIC_BELOW:
        yield _Wrong(f"A metric's name has fewer than {METRIC_BELOW} characters.", METRIC)


def _profile_faults(attributes: Mapping[str, Json]) -> Iterator[_Wrong]:
    data = _object(_object(attributes, "profile"), "data")
    profile = _object(data, "attributes")
    told = [name for name in IDENTIFIERS if profile.get(name)]
    if data.get("type") != "profile" or not (told or data.get("id")):
        yield _Wrong(f"One of {', '.join(IDENTIFIERS)} is needed.", PROFILE)
    email, phone = profile.get("email"), profile.get("phone_number")
    if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
        yield _Wrong("This is no e-mail address.", f"{PROFILE}/email")
    if phone is not None and not (isinstance(phone, str) and _E164.fullmatch(phone)):
        yield _Wrong("A phone number must be in E.164.", f"{PROFILE}/phone_number")
    if len(str(profile.get("external_id") or "")) > MAX_EXTERNAL_ID:
        yield _Wrong(
            f"An external_id has at most {MAX_EXTERNAL_ID} characters.", f"{PROFILE}/external_id"
        )


def _time_faults(time: Json, at: float) -> Iterator[_Wrong]:
    if time is None:
        return
    try:
        moment = datetime.fromisoformat(str(time))
    except ValueError:
        yield _Wrong("A time must be in ISO 8601.", f"{ATTRIBUTES}/time")
        return
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment < FIRST:
        yield _Wrong("A time must be after the year 2000.", f"{ATTRIBUTES}/time")
    if moment > datetime.fromtimestamp(at, UTC) + AHEAD:
        yield _Wrong("A time must be at most one year ahead.", f"{ATTRIBUTES}/time")


def _size_faults(properties: dict[str, Json]) -> Iterator[_Wrong]:
    """Texts, lists and depth; the properties themselves are the first level."""
    level: list[Json] = [properties]
    place = f"{ATTRIBUTES}/properties"
    for depth in range(1, MAX_DEPTH + 2):
        inner: list[Json] = []
        for one in level:
            if isinstance(one, str) and len(one.encode()) > MAX_TEXT_BYTES:
                yield _Wrong("A text has at most 100 KB.", place)
            elif isinstance(one, list):
                if len(one) > MAX_ELEMENTS:
                    yield _Wrong(f"A list has at most {MAX_ELEMENTS} elements.", place)
                inner += one
            elif isinstance(one, dict):
                inner += one.values()
        if depth > MAX_DEPTH and any(isinstance(one, list | dict) for one in level):
            yield _Wrong(f"Nested deeper than {MAX_DEPTH} levels.", place)
        level = inner


def _notes(
    attributes: Mapping[str, Json], key: str | None, at: float, repeats: Repeats
) -> Iterator[Diagnostic]:
    metric = str(_object(_object(attributes, "metric"), "data").get("attributes"))
    profile = _object(_object(_object(attributes, "profile"), "data"), "attributes")
    person = next((str(profile[name]) for name in IDENTIFIERS if profile.get(name)), "")
    if key is None:
        yield Diagnostic(0, "no_unique_id", "events of one second become one without a unique_id")
    if attributes.get("value") is not None and not attributes.get("value_currency"):
        yield Diagnostic(0, "no_currency", "the value is in no currency")
    counted_by = key or str(attributes.get("time") or int(at))[:19]
    if repeats.seen_before((person, metric, counted_by), at):
        yield Diagnostic(0, "duplicate", "this unique_id of the profile and metric came before")


def _object(value: object, name: str) -> Mapping[str, Json]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, dict) else {}


def _refusal(status: int, code: str, detail: str, pointer: str = "/data") -> RefusedError:
    return RefusedError(Reply(status, {"errors": [_error(status, code, _Wrong(detail, pointer))]}))


def _error(status: int, code: str, wrong: _Wrong) -> Json:
    return {
        "id": "5f0c6a52-0000-4000-8000-000000000000",
        "status": status,
        "code": code,
        "title": "Invalid input." if code == "invalid" else "Error.",
        "detail": wrong.detail,
        "source": {"pointer": wrong.pointer},
    }
