"""Stand-in for Meta's Conversions API: ``POST /v{n}.{m}/{dataset}/events``.

All or nothing, as Meta does it: the first fault of any event refuses the whole request. Order:
path, token, body, count, shape of every event, then each event's values. Tokens are not known to
the sandbox, so any text is one, but the words in ``TOKENS`` are refused as their names say.
"""

import re
from collections.abc import Mapping

from engine.sandbox.bodies import UnreadableError, decoded, form_fields, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, dedupe_key
from engine.sandbox.meta_checks import Event, event_faults
from engine.sandbox.meta_errors import (
    NO_ACCESS,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    GraphError,
    error_reply,
    invalid_event,
    trace_id,
)
from engine.sandbox.meta_notes import diagnostics
from engine.sandbox.meta_shapes import shape_faults
from engine.sandbox.repeats import Repeats

MAX_EVENTS = 1_000
PROOF_LIFE_S = 300

TOKENS: Mapping[str, GraphError] = {
    "invalid": TOKEN_INVALID,
    "expired": TOKEN_EXPIRED,
    "wrong-dataset": NO_ACCESS,
}
NO_TOKEN = GraphError(104, message="An access token is required.")
NO_DATA = GraphError(100, message="(#100) The parameter data is required")
NO_LIST = GraphError(100, message="(#100) The parameter data must be an array.")
TOO_MANY = GraphError(100, message=f"(#100) At most {MAX_EVENTS} events are taken in one request.")
BAD_PROOF = GraphError(100, message="(#100) The appsecret_proof argument is invalid.")

_PATH = re.compile(r"/v\d+\.\d+/\d+/events/?")
_PROOF = re.compile(r"[0-9a-f]{64}")


class RefusedError(Exception):
    """The request is refused with this error."""

    def __init__(self, error: GraphError) -> None:
        super().__init__(error)
        self.error = error


def answer(call: Call, repeats: Repeats) -> Reply:
    """Meta's answer: the number of events received, or the first error."""
    try:
        events, notes = _received(call)
    except RefusedError as refusal:
        return error_reply(refusal.error, call)
    for index, event in enumerate(events):
        notes.extend(diagnostics(index, event, call.at, repeats))
    return Reply(
        200,
        {"events_received": len(events), "messages": [], "fbtrace_id": trace_id(call)},
        accepted=tuple(dedupe_key(event.get("event_id")) for event in events),
        diagnostics=tuple(notes),
    )


def _received(call: Call) -> tuple[list[Event], list[Diagnostic]]:
    if call.method != "POST" or not _PATH.fullmatch(call.path):
        raise RefusedError(NO_ACCESS)
    fields = _fields(call)
    _check_token(call, fields)
    return _checked(_events(fields), call.at), _notes_on_request(fields)


def _fields(call: Call) -> dict[str, Json]:
    """The parameters of the body: a form's fields, or a JSON object's members."""
    form = form_fields(call)
    if form is not None:
        return {**form}
    try:
        body = parse_json(call.raw)
    except UnreadableError:
        return {}
    return body if isinstance(body, dict) else {}


def _check_token(call: Call, fields: Mapping[str, Json]) -> None:
    scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
    token = (
        call.query.get("access_token")
        or dedupe_key(fields.get("access_token"))
        or (bearer.strip() if scheme.lower() == "bearer" else "")
    )
    if not token:
        raise RefusedError(NO_TOKEN)
    if token in TOKENS:
        raise RefusedError(TOKENS[token])
    _check_proof({**fields, **call.query}, call.at)


def _check_proof(parameters: Mapping[str, Json], now: float) -> None:
    """The proof's form and age; whether it fits the token can't be known here."""
    proof = parameters.get("appsecret_proof")
    if proof is not None and not _PROOF.fullmatch(str(proof)):
        raise RefusedError(BAD_PROOF)
    made_at = parameters.get("appsecret_time")
    if made_at is None:
        return
    if not str(made_at).isdecimal() or abs(now - int(str(made_at))) > PROOF_LIFE_S:
        raise RefusedError(BAD_PROOF)


def _events(fields: Mapping[str, Json]) -> list[Json]:
    data = decoded(fields.get("data"))
    if data in (None, "", []):
        raise RefusedError(NO_DATA)
    if not isinstance(data, list):
        raise RefusedError(NO_LIST)
    if len(data) > MAX_EVENTS:
        raise RefusedError(TOO_MANY)
    return data


def _checked(elements: list[Json], now: float) -> list[Event]:
    """The events, once the shape of all and then the values of each were found good."""
    for index, element in enumerate(elements):
        for text in shape_faults(element, index):
            raise RefusedError(invalid_event(2804019, text))
    events = [element for element in elements if isinstance(element, dict)]
    for event in events:
        for error in event_faults(event, now):
            raise RefusedError(error)
    return [*events]


def _notes_on_request(fields: Mapping[str, Json]) -> list[Diagnostic]:
    notes = []
    if fields.get("test_event_code"):
        text = "the events show under Test events, and count all the same"
        notes.append(Diagnostic(None, "test_event_code", text))
    agent = fields.get("partner_agent")
    if agent is not None and not _is_agent(str(agent)):
        text = "partner_agent should have under 23 characters and two letters"
        notes.append(Diagnostic(None, "partner_agent", text))
    return notes


def _is_agent(text: str) -> bool:
    return len(text) < 23 and sum(character.isalpha() for character in text) >= 2
