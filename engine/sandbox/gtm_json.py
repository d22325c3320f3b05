"""A server container's clients for JSON events: what they take, refuse, and what is lost behind.

Square's server-to-server client: a bearer token, a list of flat events, an answer that names the
events that its schema refuses and those whose tags failed (google.md, section 10).
"""

import re
from collections.abc import Iterator, Mapping

from engine.sandbox.bodies import UnreadableError, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply
from engine.sandbox.ga4 import params_key

FAILS = "tags_fail"
FAILS_IN_PART = "tags_fail_in_part"
NAMES = ("event_name", "eventName", "event", "e_n")
"""By what the Data Client knows an event's name; one without is called "Data"."""

_HASHED = ("sha256_email_address", "sha256_phone_number")
_ADDRESS = ("sha256_first_name", "sha256_last_name", "sha256_street")
_HASH = re.compile(r"[0-9a-f]{64}")


def square_client(call: Call) -> Reply:
    """Its answer: 200 if every tag of every event worked, else which events had trouble."""
    if not call.headers["authorization"].removeprefix("Bearer").strip():
        return Reply(401, {"status": "error", "error": "bad bearer token"})
    try:
        events = parse_json(call.raw)
    except UnreadableError as fault:
        return Reply(400, {"status": "error", "error": f"the body is not JSON: {fault}"})
    if not isinstance(events, list):
        return Reply(422, {"status": "error", "error": "the body must be an array of events"})
    names = [one.get("event_name") if isinstance(one, dict) else None for one in events]
    invalid = [at for at, name in enumerate(names) if not (isinstance(name, str) and name)]
    failed = [at for at, name in enumerate(names) if name == FAILS]
    in_part = [at for at, name in enumerate(names) if name == FAILS_IN_PART]
    keys = [
        params_key(one) if isinstance(one, dict) else None
        for at, one in enumerate(events)
        if at not in (*invalid, *failed)
    ]
    return Reply(
        _status(len(events), invalid, failed, in_part),
        {
            "status": "error" if invalid or failed or in_part else "ok",
            "error": None,
            "invalidSchemaEvents": [*invalid],
            "fullyFailedTagEvents": [*failed],
            "partialFailedTagEvents": [*in_part],
            "failedTags": [
                {"tagInfo": {"id": "1", "name": "GA4"}, "eventIndex": at}
                for at in sorted((*failed, *in_part))
            ],
        },
        accepted=tuple(keys),
        diagnostics=tuple(
            note
            for at, one in enumerate(events)
            if isinstance(one, dict)
            for note in event_notes(one, at)
        ),
    )


def _status(count: int, invalid: list[int], failed: list[int], in_part: list[int]) -> int:
    if count and len(invalid) == count:
        return 422
    if count and len(failed) == count:
        return 500
    return 206 if invalid or failed or in_part else 200


def event_notes(event: Mapping[str, Json], index: int) -> Iterator[Diagnostic]:
    """What a container takes of an event and makes something else of than was meant."""
    for name in ("ip_override", "user_agent"):
        if not event.get(name):
            text = f"{name} is missing: the caller's own is taken"
            yield Diagnostic(index, "callers_own", text)
    if not any(event.get(name) for name in NAMES):
        yield Diagnostic(index, "no_name", 'event_name is missing: the event is called "Data"')
    if not (event.get("client_id") or event.get("data_client_id") or event.get("_dcid")):
        yield Diagnostic(index, "no_client", "client_id is missing: tags know no visitor")
    for name in event:
        if name.startswith(("x-ga-", "x-sst-")):
            text = f"{name} is a key that Google's tags keep for themselves"
            yield Diagnostic(index, "reserved_key", text)
    if "value" in event and (not _is_number(event["value"])):
        yield Diagnostic(index, "wrong_type", "value must be a number")
    yield from _person(event.get("user_data"), index)


def _person(user_data: Json, index: int) -> Iterator[Diagnostic]:
    person = user_data if isinstance(user_data, dict) else {}
    for name in ("email_address", "phone_number"):
        if name in person:
            yield Diagnostic(index, "in_clear", f"user_data.{name} is contact data in clear")
    address = person.get("address")
    places = address if isinstance(address, list) else [address]
    hashed = [(person, _HASHED), *((one, _ADDRESS) for one in places if isinstance(one, dict))]
    for holder, names in hashed:
        for name in names:
            if name in holder and not _HASH.fullmatch(str(holder[name])):
                text = f"{name} must be a SHA-256 in lower-case hex"
                yield Diagnostic(index, "wrong_hash", text)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
