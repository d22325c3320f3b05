"""Stand-in for a careful receiver of signed webhooks, at any path.

It checks ``X-Signature: t=UNIX,v1=HEX`` as the page for receivers tells to: the time within five
minutes, an HMAC-SHA-256 over ``t``, a dot and the raw body, no signature twice. It knows the secret
of the demo alone, so a signature by another is taken and noted.
"""

import hashlib
import hmac
from collections.abc import Iterator

from engine.sandbox.bodies import UnreadableError, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply
from engine.sandbox.refused import RefusedError
from engine.sandbox.repeats import Repeats

SECRET = b"demo-webhook-secret"
TOLERANCE_S = 300
HEX_LENGTH = 64
_HEX = frozenset("0123456789abcdef")


def answer(call: Call, repeats: Repeats) -> Reply:
    """200 for one signed event with its key; a repeat is taken, and counts once."""
    try:
        time, signatures = _signature(call)
        key = _key(call)
    except RefusedError as refusal:
        return refusal.reply
    if repeats.seen_before(("signature", *signatures), call.at, TOLERANCE_S):
        return _refusal(409, "this very request came before").reply
    notes = tuple(_notes(call, time, signatures, key, repeats))
    return Reply(200, {"received": True}, accepted=(key,), diagnostics=notes)


def _signature(call: Call) -> tuple[str, list[str]]:
    """The time and the signatures of the header, once their form and the time are good."""
    if call.method != "POST":
        raise _refusal(405, "POST is expected")
    parts = _parts(call.headers.get("x-signature", ""))
    times, signatures = parts.get("t", []), parts.get("v1", [])
    if len(times) != 1 or not times[0].isdecimal() or not signatures:
        raise _refusal(401, "X-Signature is missing, or not t=UNIX,v1=HEX")
    if any(len(one) != HEX_LENGTH or not _HEX.issuperset(one) for one in signatures):
        raise _refusal(401, "X-Signature: v1 is no SHA-256 in hex")
    if abs(call.at - int(times[0])) > TOLERANCE_S:
        raise _refusal(401, "X-Signature: t is more than five minutes away")
    return times[0], signatures


def _key(call: Call) -> str:
    """The event's key, once it and the body are good."""
    key = call.headers.get("idempotency-key", "")
    if not key or not call.headers.get("x-event-id"):
        raise _refusal(400, "Idempotency-Key or X-Event-Id is missing")
    try:
        body = parse_json(call.raw)
    except UnreadableError as fault:
        raise _refusal(400, f"the body is not JSON: {fault}") from None
    if problem := _problem(body, call):
        raise _refusal(422, problem)
    return key


def _problem(body: Json, call: Call) -> str:
    if not isinstance(body, dict):
        return "the body is not one event"
    if body.get("id") != call.headers.get("x-event-id"):
        return "the body's id is not that of X-Event-Id"
    missing = [name for name in ("type", "timestamp", "user") if not body.get(name)]
    return f"the event has no {missing[0]}" if missing else ""


def _notes(
    call: Call, time: str, signatures: list[str], key: str, repeats: Repeats
) -> Iterator[Diagnostic]:
    expected = hmac.digest(SECRET, f"{time}.".encode() + call.raw, hashlib.sha256).hex()
    if not any(hmac.compare_digest(expected, one) for one in signatures):
        yield Diagnostic(None, "unknown_secret", "not signed with the demo's secret: not checked")
    if repeats.seen_before(("key", key), call.at):
        yield Diagnostic(0, "duplicate", "this Idempotency-Key came before: counted once")


def _parts(header: str) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for part in header.split(","):
        name, equals, value = part.strip().partition("=")
        if equals:
            parts.setdefault(name, []).append(value)
    return parts


def _refusal(status: int, text: str) -> RefusedError:
    return RefusedError(Reply(status, {"error": text}))
