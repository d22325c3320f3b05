"""Stand-in for PostHog's capture service, protocol v0; ``posthog_v1`` holds the newer one.

Every event of a request is checked before any is taken, so one bad event refuses the batch. The
project token is checked by its form alone, as PostHog does: an unknown one is answered 200.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import orjson

from engine.sandbox.bodies import UnreadableError, inflate, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, Script
from engine.sandbox.posthog_events import Captured, RefusedError, captured, texts_of
from engine.sandbox.posthog_notes import diagnostics
from engine.sandbox.posthog_v1 import PATH as V1_PATH
from engine.sandbox.posthog_v1 import V1_FAULTS, v1_answer
from engine.sandbox.repeats import Repeats

MIB = 1024 * 1024
MAX_BODY_BYTES: Mapping[str, int] = {
    "/batch": 20 * MIB,
    "/i/v0/e": 2 * MIB,
    "/e": 2 * MIB,
    "/capture": 2 * MIB,
    "/track": 2 * MIB,
    "/engage": 2 * MIB,
}
"""The paths that take events, without their optional slash, each with its limit."""
MAX_EVENT_BYTES = 1_000_000
MAX_TOKEN = 64
PROBES: Mapping[str, str] = {"/_readiness": "capture", "/_liveness": "ok"}

TOO_BIG = "maximum event size exceeded: "
TOKEN_NAMES = ("api_key", "token", "$token")


def answer(call: Call, repeats: Repeats) -> Reply:
    """PostHog's answer: 200 once all events are good, else its plain text."""
    path = call.path.rstrip("/")
    if path in PROBES and call.method == "GET":
        return Reply(200, PROBES[path])
    if path == V1_PATH:
        return v1_answer(call)
    if path not in MAX_BODY_BYTES:
        return Reply(404, "not found")
    if call.method != "POST":
        return Reply(405, "method not allowed", headers={"Allow": "POST"})
    try:
        return _taken(call, path, repeats)
    except RefusedError as refusal:
        return Reply(refusal.status, str(refusal))


def _taken(call: Call, path: str, repeats: Repeats) -> Reply:
    body = _body(call, MAX_BODY_BYTES[path])
    envelope, raw_events = _opened(body)
    _check_token(envelope, raw_events)
    default_name = "$identify" if path == "/engage" else None
    events = [_captured(event, default_name) for event in raw_events]
    notes = diagnostics(events, envelope, call.at, repeats)
    keys = tuple(event.uuid for event in events)
    if call.query.get("beacon") == "1":
        return Reply(204, accepted=keys, diagnostics=notes)
    return Reply(200, {"status": "Ok"}, accepted=keys, diagnostics=notes)


def _body(call: Call, max_bytes: int) -> Json:
    if len(call.raw) > max_bytes:
        raise RefusedError(413, TOO_BIG + f"the body has over {max_bytes} bytes")
    if not call.raw:
        raise RefusedError(400, "request missing data payload")
    encoding = call.headers.get("content-encoding", "").strip().lower()
    is_gzip = encoding == "gzip" or call.query.get("compression", "").startswith("gzip")
    try:
        raw = inflate(call.raw) if is_gzip else call.raw
    except UnreadableError as fault:
        raise RefusedError(400, f"failed to decode request: {fault}") from None
    if len(raw) > max_bytes:
        raise RefusedError(413, TOO_BIG + f"the inflated body has over {max_bytes} bytes")
    try:
        return parse_json(raw)
    except UnreadableError as fault:
        raise RefusedError(400, f"failed to parse request: {fault}") from None


def _opened(body: Json) -> tuple[Mapping[str, Json], list[Json]]:
    """The envelope and the events of a batch, a list of events, or a single event."""
    if isinstance(body, list):
        envelope: Mapping[str, Json] = {}
        events = body
    elif isinstance(body, dict):
        batch = body.get("batch")
        envelope = body
        events = [body] if batch is None else batch if isinstance(batch, list) else []
    else:
        raise RefusedError(400, "failed to parse request: expected an object or an array")
    if not events:
        raise RefusedError(400, "request holds no event")
    return envelope, events


def _check_token(envelope: Mapping[str, Json], events: list[Json]) -> None:
    own = _token(envelope)
    tokens = {_token(event) for event in events} if own is None else {own}
    if None in tokens:
        raise RefusedError(401, "event submitted without an api_key")
    if len(tokens) > 1:
        raise RefusedError(401, "batch submitted with inconsistent api_key values")
    reason = token_fault(str(tokens.pop()))
    if reason:
        raise RefusedError(401, f"API key is not valid: {reason}")


def _token(holder: object) -> str | None:
    fields = holder if isinstance(holder, Mapping) else {}
    properties = fields.get("properties")
    places = (fields, properties if isinstance(properties, dict) else {})
    return next((text for place in places for text in texts_of(place, TOKEN_NAMES)), None)


def token_fault(token: str) -> str | None:
    """Why the token can't be a project's, in PostHog's word, or None."""
    text = token.strip()
    faults = {
        "empty": not text,
        "not_ascii": not text.isascii(),
        "too_long": len(text) > MAX_TOKEN,
        "personal_api_key": text.startswith("phx_"),
        "null_byte": "\0" in text,
    }
    return next((reason for reason, found in faults.items() if found), None)


def _captured(event: Json, default_name: str | None) -> Captured:
    if len(orjson.dumps(event)) > MAX_EVENT_BYTES:
        raise RefusedError(413, TOO_BIG + f"an event has over {MAX_EVENT_BYTES} bytes")
    return captured(event, default_name)


def _vanishes(code: str, why: str, extra: Mapping[str, Json]) -> Script:
    """A fault by which the events are answered 200 and are gone."""

    def script(_call: Call, honest: Callable[[], Reply]) -> Reply:
        reply = honest()
        if reply.status != 200:
            return reply
        gone = Diagnostic(None, code, why)
        return replace(reply, content={"status": "Ok", **extra}, accepted=(), diagnostics=(gone,))

    return script


POSTHOG_FAULTS: Mapping[str, Script] = {
    "quota-limited": _vanishes(
        "quota_limited", "the project is over its quota", {"quota_limited": ["events"]}
    ),
    "unknown-token": _vanishes("unknown_token", "no project has this token", {}),
    **V1_FAULTS,
}
"""Faults that only PostHog has: events answered 200 that vanish, and v1's results by event."""
