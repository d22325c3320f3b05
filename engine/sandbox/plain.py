"""Stand-in for any vendor the sandbox doesn't know: it takes JSON and answers 200."""

from engine.sandbox.bodies import UnreadableError, inflated_if_gzip, parse_json
from engine.sandbox.call import Call, Json, Reply, dedupe_key
from engine.sandbox.repeats import Repeats

USUAL_KEYS = ("event_id", "uuid", "messageId", "message_id", "id", "transaction_id")


def answer(call: Call, _repeats: Repeats) -> Reply:
    """200 and an empty object for JSON or no body at all, 400 for anything else."""
    try:
        raw = inflated_if_gzip(call)
        body = parse_json(raw) if raw else None
    except UnreadableError as fault:
        return Reply(400, {"error": f"the body is not JSON: {fault}"})
    events = body if isinstance(body, list) else [body] if raw else []
    return Reply(200, {}, accepted=tuple(map(_key, events)))


def _key(event: Json) -> str | None:
    """The first of the usual names for an event's own id that the object has."""
    if not isinstance(event, dict):
        return None
    keys = (dedupe_key(event.get(name)) for name in USUAL_KEYS)
    return next((key for key in keys if key), None)
