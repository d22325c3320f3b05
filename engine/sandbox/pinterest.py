"""Stand-in for Pinterest's Conversions API: ``POST /v5/ad_accounts/{id}/events``.

A request whose shape is wrong is refused whole (400); of its events each is told apart, in order:
those that are bad have failed, the others are processed. ``?test=true`` records nothing. The keys
of the answers are Pinterest's, texts and codes this simulator's own. Tokens are not known to the
sandbox, so any text is one, but ``invalid``, and ``other-account``, which has no access to this
one.
"""

import re
from collections.abc import Iterator, Mapping

from engine.sandbox.bodies import UnreadableError, parse_json
from engine.sandbox.call import Call, Diagnostic, Json, Reply, dedupe_key
from engine.sandbox.repeats import Repeats

MAX_EVENTS = 1_000
LATE_S = 3_600
SECONDS_HAVE_DIGITS = 10

SOURCES = ("web", "offline", "app_android", "app_ios")
NAMES = frozenset({
    *("page_visit", "view_content", "view_category", "search", "add_to_cart", "add_to_wishlist"),
    *("initiate_checkout", "add_payment_info", "checkout", "signup", "lead", "subscribe"),
    *("contact", "custom", "start_trial", "schedule"),
})  # fmt: skip
HASHED = ("em", "ph", "external_id", "fn", "ln", "zp", "country", "hashed_maids")

_PATH = re.compile(r"/v5/ad_accounts/\d+/events/?")
_HASH = re.compile(r"[0-9a-f]{64}")
_AMOUNT = re.compile(r"-?\d+(\.\d+)?")


def answer(call: Call, repeats: Repeats) -> Reply:
    """Pinterest's answer: how many came, how many were processed, and what became of each."""
    refusal = _refused(call)
    if refusal is not None:
        return refusal
    try:
        body = parse_json(call.raw)
    except UnreadableError:
        return _refusal(400, 1, "the body is not JSON")
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list) or not data:
        return _refusal(400, 1, "data: expected a list of events")
    if len(data) > MAX_EVENTS:
        return _refusal(400, 1, f"data: at most {MAX_EVENTS} events are taken in one request")
    return _told_apart(call, data, repeats)


def _refused(call: Call) -> Reply | None:
    if call.method != "POST" or not _PATH.fullmatch(call.path):
        return _refusal(404, 7, "there is nothing at this address")
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token.strip() in ("", "invalid"):
        return _refusal(401, 2, "authentication failed: the token is missing or not valid")
    if token.strip() == "other-account":
        return _refusal(403, 29, "the token has no access to this ad account")
    return None


def _told_apart(call: Call, data: list[Json], repeats: Repeats) -> Reply:
    is_test = call.query.get("test", "").lower() == "true"
    accepted: list[str | None] = []
    notes: list[Diagnostic] = []
    events: list[Json] = []
    for index, event in enumerate(data):
        fault = next(_faults(event), None)
        if fault is not None or not isinstance(event, dict):
            events.append({"status": "failed", "error_message": fault or "expected an object"})
            continue
        events.append({"status": "processed"})
        if not is_test:
            accepted.append(dedupe_key(event.get("event_id")))
            notes += _notes(index, event, call.at, repeats)
    processed = sum(one == {"status": "processed"} for one in events)
    content: dict[str, Json] = {
        "num_events_received": len(data),
        "num_events_processed": processed,
        "events": events,
    }
    return Reply(200, content, tuple(accepted), tuple(notes))


def _faults(event: Json) -> Iterator[str]:
    """What is wrong with an event: the field, and what is expected there."""
    if not isinstance(event, dict):
        yield "expected an object"
        return
    at = event.get("event_time")
    if event.get("event_name") not in NAMES:
        yield "event_name: is none of the names of events"
    if event.get("action_source") not in SOURCES:
        yield f"action_source: expected one of {', '.join(SOURCES)}"
    if isinstance(at, bool) or not isinstance(at, int) or len(str(at)) != SECONDS_HAVE_DIGITS:
        yield "event_time: expected unix seconds"
    if dedupe_key(event.get("event_id")) is None:
        yield "event_id: is missing"
    opt_out = event.get("opt_out")
    if opt_out is not None and not isinstance(opt_out, bool):
        yield "opt_out: expected true or false"
    user, custom = event.get("user_data"), event.get("custom_data")
    yield from _faults_of_user(user if isinstance(user, dict) else {})
    if custom is not None:
        yield from _faults_of_custom(custom)


def _faults_of_user(user: Mapping[str, Json]) -> Iterator[str]:
    both = user.get("client_ip_address") and user.get("client_user_agent")
    if not (user.get("em") or user.get("hashed_maids") or both):
        yield ("user_data: expected em, hashed_maids, or client_ip_address with client_user_agent")
    for name in HASHED:
        values = user.get(name)
        if values is None:
            continue
        if not isinstance(values, list):
            yield f"user_data.{name}: expected a list"
        elif not all(isinstance(one, str) and _HASH.fullmatch(one) for one in values):
            yield f"user_data.{name}: expected SHA-256 in hex"


def _faults_of_custom(custom: Json) -> Iterator[str]:
    if not isinstance(custom, dict):
        yield "custom_data: expected an object"
        return
    if not _is_amount(custom.get("value")):
        yield "custom_data.value: expected a text that is a number"
    contents = custom.get("contents")
    for index, content in enumerate(contents if isinstance(contents, list) else []):
        if not isinstance(content, dict):
            yield f"custom_data.contents.{index}: expected an object"
        elif not _is_amount(content.get("item_price")):
            yield f"custom_data.contents.{index}.item_price: expected a text that is a number"
    ids = custom.get("content_ids")
    if ids is not None and not (isinstance(ids, list) and all(isinstance(one, str) for one in ids)):
        yield "custom_data.content_ids: expected a list of texts"
    count = custom.get("num_items")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
        yield "custom_data.num_items: expected a whole number"


def _is_amount(value: Json) -> bool:
    return value is None or (isinstance(value, str) and bool(_AMOUNT.fullmatch(value)))


def _notes(
    index: int, event: Mapping[str, Json], now: float, repeats: Repeats
) -> Iterator[Diagnostic]:
    """What Pinterest would hold against an event that it processed."""
    key, at, custom = event.get("event_id"), event.get("event_time"), event.get("custom_data")
    is_late = isinstance(at, int) and now - at > LATE_S
    is_offline = is_late or event.get("action_source") == "offline"
    if is_late:
        text = "more than an hour late: counted as offline, and compared with no tag's event"
        yield Diagnostic(index, "counts_as_offline", text)
    if not is_offline and repeats.seen_before(str(key), now):
        yield Diagnostic(index, "duplicate", "this event_id came before")
    if event.get("opt_out") is True:
        yield Diagnostic(index, "opted_out", "opt_out: no ad is chosen by this event")
    if isinstance(custom, dict):
        value = custom.get("value")
        if value is not None and not custom.get("currency"):
            yield Diagnostic(index, "no_currency", "a value without a currency")
        if isinstance(value, str) and value.startswith("-"):
            yield Diagnostic(index, "negative_value", "a negative value; a refund is no sale")
        if event.get("event_name") == "checkout" and value is None:
            yield Diagnostic(index, "no_value", "a sale without a value")


def _refusal(status: int, code: int, message: str) -> Reply:
    return Reply(status, {"code": code, "message": message})
