"""Stand-in for Google's Data Manager API, ``POST /v1/events:ingest``, and for its tokens.

All or nothing, as Google does it: the first bad event refuses the whole request, named by the path
of its field. A good request is answered with its id alone; what becomes of its events is told
later. ``validateOnly`` records nothing. The form of the refusals is Google's, the texts and the
spelling of the paths are this simulator's own.

``POST /token`` gives a token for a service account's signed statement, good for an hour. The
statement's grant, algorithm, audience, scope and times are judged; its signature is not, as the
sandbox knows no account's key. Other tokens than these are taken too, but for ``invalid``, and
``no-access``, whose account has no rights.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from http import HTTPStatus

from engine.sandbox.bodies import UnreadableError, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, Script, dedupe_key
from engine.sandbox.google_ads_checks import Violation, violations
from engine.sandbox.google_ads_token import ISSUED, token_reply
from engine.sandbox.repeats import Repeats

STATUSES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_BEARER = re.compile(r"bearer\s+(\S+)", re.IGNORECASE)


def answer(call: Call, repeats: Repeats) -> Reply:
    """Google's answer: the request's id, or the first thing that is wrong with it."""
    if call.path == "/token":
        return token_reply(call)
    if call.method != "POST" or call.path != "/v1/events:ingest":
        return _status(404, "there is no such method")
    refusal = _refused_token(call)
    if refusal is not None:
        return refusal
    try:
        body = parse_json(call.raw)
    except UnreadableError:
        return _status(400, "Invalid JSON payload received.")
    found = violations(body)
    if found or not isinstance(body, dict):
        return _status(400, "There was a problem with the request.", found)
    return _taken(call, body, repeats)


def _refused_token(call: Call) -> Reply | None:
    match = _BEARER.fullmatch(call.headers.get("authorization", "").strip())
    word = match[1] if match else "invalid"
    issued = ISSUED.fullmatch(word)
    if word == "invalid" or (issued and int(issued[1]) <= call.at):
        return _status(401, "Request had invalid authentication credentials.")
    if word == "no-access":
        return _status(403, "The caller does not have permission.")
    return None


def _taken(call: Call, body: Mapping[str, Json], repeats: Repeats) -> Reply:
    request_id = sha256(call.raw + repr(call.at).encode()).hexdigest()[:32]
    listed = body.get("events")
    if not isinstance(listed, list) or body.get("validateOnly") is True:
        listed = []
    events = [one for one in listed if isinstance(one, dict)]
    keys = [dedupe_key(one.get("transactionId")) for one in events]
    notes = [
        note
        for index, event in enumerate(events)
        for note in _notes(index, event, (_action(body), keys[index]), call.at, repeats)
    ]
    return Reply(200, {"requestId": request_id}, tuple(keys), tuple(notes))


def _notes(
    index: int,
    event: Mapping[str, Json],
    key: tuple[str, str | None],
    now: float,
    repeats: Repeats,
) -> Iterator[Diagnostic]:
    """What Google would hold against an event that it took; none of it stands in its answer."""
    if key[1] is None:
        text = "without a transactionId it can't be told from the tag's own"
        yield Diagnostic(index, "no_transaction_id", text)
    elif repeats.seen_before(key, now):
        yield Diagnostic(index, "duplicate", "this conversion action has this transactionId")
    if not event.get("userData") and not event.get("adIdentifiers"):
        text = "neither a click id nor contact data: it belongs to no ad"
        yield Diagnostic(index, "matches_nobody", text)
    value = event.get("conversionValue")
    if value is not None and not event.get("currency"):
        yield Diagnostic(index, "no_currency", "a value without a currency")
    if isinstance(value, int | float) and value < 0:
        yield Diagnostic(index, "negative_value", "a negative value; a refund is no conversion")


def _action(body: Mapping[str, Json]) -> str:
    match body.get("destinations"):
        case [{"productDestinationId": str() as action}, *_]:
            return action
        case _:
            return ""


def _status(status: int, message: str, found: list[Violation] | None = None) -> Reply:
    error: dict[str, Json] = {
        "code": status,
        "status": STATUSES.get(status, HTTPStatus(status).name),
        "message": message,
    }
    if found:
        error["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": one.field, "description": one.description, "reason": one.reason}
                    for one in found
                ],
            }
        ]
    return Reply(status, {"error": error})


def _says(status: int, message: str) -> Script:
    def script(call: Call, honest: Callable[[], Reply]) -> Reply:
        return honest() if call.path == "/token" else _status(status, message)

    return script


def _no_token(call: Call, honest: Callable[[], Reply]) -> Reply:
    if call.path != "/token":
        return honest()
    content = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    return Reply(400, {**content})


GOOGLE_ADS_FAULTS: Mapping[str, Script] = {
    "quota": _says(429, "Quota exceeded."),
    "unauthenticated": _says(401, "Request had invalid authentication credentials."),
    "no-token": _no_token,
}
"""Faults that only Google has; of them only ``no-token`` is one of the token's own address."""
