"""Stand-in for GA4's Measurement Protocol: ``/mp/collect`` and ``/debug/mp/collect``.

``/mp/collect`` answers 204 to anything, as GA4 does; what GA4 would have dropped, ignored or
counted once is in the record's diagnostics. ``/debug/mp/collect`` answers 200 with the first
message alone and records nothing as accepted.
"""

from collections.abc import Iterator, Mapping

from engine.sandbox.call import Call, Diagnostic, Json, Reply, dedupe_key
from engine.sandbox.ga4_checks import Finding, request_findings
from engine.sandbox.ga4_events import event_findings
from engine.sandbox.ga4_limits import MAX_BODY_BYTES
from engine.sandbox.ga4_parse import ParseError, parse_payload
from engine.sandbox.ga4_people import people_findings
from engine.sandbox.repeats import Repeats

COLLECT = "/mp/collect"
DEBUG = "/debug/mp/collect"


def answer(call: Call, repeats: Repeats) -> Reply:
    """GA4's answer: 204 for what was posted to the right place, whatever it holds."""
    path = call.path.rstrip("/")
    if path not in (COLLECT, DEBUG):
        return Reply(404, "Not Found")
    if call.method != "POST":
        return Reply(405, "Method Not Allowed", headers={"Allow": "POST"})
    if path == DEBUG:
        return validated(call)
    if len(call.raw) >= MAX_BODY_BYTES:
        return Reply(413, "Request Entity Too Large")
    return collected(call, repeats, status=204)


def collected(call: Call, repeats: Repeats, status: int) -> Reply:
    """The answer that says nothing, with the keys of all events and what becomes of them."""
    payload, findings = judged(call)
    events = _events(payload)
    notes = [finding.diagnostic() for finding in findings]
    notes.extend(_collapsed(events, call, repeats))
    return Reply(status, accepted=tuple(map(event_key, events)), diagnostics=tuple(notes))


def validated(call: Call) -> Reply:
    """The validation server's answer: at most one message, the first of the mode asked for."""
    payload, findings = judged(call)
    strict = payload.get("validation_behavior") == "ENFORCE_RECOMMENDATIONS"
    levels = ("relaxed", "strict") if strict else ("relaxed",)
    first = next((finding for finding in findings if finding.level in levels), None)
    return Reply(
        200,
        {"validationMessages": [first.message()] if first else []},
        diagnostics=tuple(finding.diagnostic() for finding in findings),
    )


def judged(call: Call) -> tuple[Mapping[str, Json], list[Finding]]:
    """The payload as parsed, empty if it can't be, and every finding of every level."""
    try:
        payload = parse_payload(call.raw)
    except ParseError as fault:
        return {}, [Finding("relaxed", "request_dropped", "VALUE_INVALID", None, str(fault))]
    return payload, list(_findings(payload, call))


def event_key(event: Json) -> str | None:
    """The param ``event_id``, else ``transaction_id``, else None."""
    params = event.get("params") if isinstance(event, dict) else None
    return params_key(params if isinstance(params, dict) else {})


def params_key(params: Mapping[str, Json]) -> str | None:
    """As ``event_key``, of the parameters themselves."""
    return dedupe_key(params.get("event_id")) or dedupe_key(params.get("transaction_id"))


def _findings(payload: Mapping[str, Json], call: Call) -> Iterator[Finding]:
    yield from request_findings(payload, call.query, call.at)
    yield from people_findings(payload)
    if len(call.raw) >= MAX_BODY_BYTES:
        text = f"the body must be smaller than {MAX_BODY_BYTES} bytes"
        yield Finding("lint", "request_dropped", "VALUE_OUT_OF_BOUNDS", None, text)
    is_app = bool(call.query.get("firebase_app_id"))
    for index, event in enumerate(_events(payload)):
        yield from event_findings(event, index, call.at, is_app=is_app)


def _events(payload: Mapping[str, Json]) -> list[Json]:
    events = payload.get("events")
    return events if isinstance(events, list) else []


def _collapsed(events: list[Json], call: Call, repeats: Repeats) -> Iterator[Diagnostic]:
    """Purchases whose transaction_id this stream has had; GA4 counts the first one alone."""
    if call.query.get("firebase_app_id"):
        return
    for index, event in enumerate(events):
        fields = event if isinstance(event, dict) else {}
        params = fields.get("params")
        order = params.get("transaction_id") if isinstance(params, dict) else None
        if fields.get("name") != "purchase" or not isinstance(order, str | int):
            continue
        if repeats.seen_before((call.query.get("measurement_id"), order), call.at):
            yield Diagnostic(index, "duplicate", "a purchase with this transaction_id was had")
