"""What Meta holds against a well-shaped event: the first fault refuses the whole request."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from engine.sandbox.call import Json
from engine.sandbox.meta_errors import GraphError, invalid_event
from engine.sandbox.meta_shapes import HASHED

DAY_S = 86_400
MAX_AGE_S = 7 * DAY_S
MAX_AGE_IN_STORE_S = 62 * DAY_S
MAX_AHEAD_S = 60

TOO_BROAD = tuple(
    map(
        frozenset,
        (
            {"ct", "country", "st", "zp", "ge", "client_user_agent"},
            {"db", "client_user_agent"},
            {"fn", "ge"},
            {"ln", "ge"},
        ),
    )
)
"""Customer keys that together still match too many people; an empty set is one of them."""

MESSAGING_EVENTS = ("Purchase", "LeadSubmitted", "QualifiedLead")

_FBC = re.compile(r"fb\.\d\.\d{10,13}\.[^.\s]+(\.[A-Za-z0-9_-]{2,8})?")
# Meta's Parameter Builder adds a dot and eight characters to a hash.
_HASH = re.compile(r"[0-9a-fA-F]{64}(\.[A-Za-z0-9_-]{8})?")
_LEAD_ID = re.compile(r"\d{15,16}")

Event: TypeAlias = Mapping[str, Json]
Check: TypeAlias = Callable[[Event, float], Iterator[GraphError]]


def event_faults(event: Event, now: float) -> Iterator[GraphError]:
    """Every error that Meta would give the event, in the order in which it looks."""
    for check in CHECKS:
        yield from check(event, now)


def member(event: Event, name: str) -> Event:
    """The object under a name, empty where there is none."""
    inner = event.get(name)
    return inner if isinstance(inner, dict) else {}


def elements(value: Json) -> Iterable[Json]:
    """The value's elements when it is a list, else itself alone; nulls left out."""
    return [one for one in (value if isinstance(value, list) else [value]) if one is not None]


def event_time(event: Event) -> int:
    """The event's time in seconds; the shape was checked before."""
    value = event["event_time"]
    return int(value) if isinstance(value, int | str) else 0


def _check_time(event: Event, now: float) -> Iterator[GraphError]:
    in_store = event.get("action_source") == "physical_store"
    max_age_s = MAX_AGE_IN_STORE_S if in_store else MAX_AGE_S
    age_s = now - event_time(event)
    if age_s > max_age_s:
        yield invalid_event(2804003, f"event_time is over {max_age_s // DAY_S} days old.")
    elif age_s < -MAX_AHEAD_S:
        yield invalid_event(2804004, "event_time is in the future, or not in seconds.")


def _check_click_id(event: Event, _now: float) -> Iterator[GraphError]:
    for value in elements(member(event, "user_data").get("fbc")):
        if not _FBC.fullmatch(str(value)):
            yield invalid_event(2804001, "fbc must be fb.<index>.<milliseconds>.<click id>.")


def _check_hashes(event: Event, _now: float) -> Iterator[GraphError]:
    user_data = member(event, "user_data")
    for name in HASHED:
        if not all(_HASH.fullmatch(str(value)) for value in elements(user_data.get(name))):
            yield invalid_event(2804016, f"The user parameter {name} must be a SHA-256 hash.")


def _check_lead(event: Event, _now: float) -> Iterator[GraphError]:
    for value in elements(member(event, "user_data").get("lead_id")):
        if not _LEAD_ID.fullmatch(str(value)):
            yield invalid_event(2804036, "lead_id must have 15 or 16 digits.")


def _check_contents(event: Event, _now: float) -> Iterator[GraphError]:
    contents = member(event, "custom_data").get("contents")
    for content in contents if isinstance(contents, list) else ():
        if not isinstance(content, dict) or content.get("id") in (None, ""):
            yield invalid_event(2804008, "contents must be a list of objects with an id.")
        elif content.get("quantity") is None:
            yield invalid_event(2804008, "each element of contents needs a quantity.")


def _check_purchase(event: Event, _now: float) -> Iterator[GraphError]:
    if event["event_name"] != "Purchase":
        return
    custom_data = member(event, "custom_data")
    if not custom_data.get("currency"):
        yield invalid_event(2804010, "A Purchase needs a currency.")
    if custom_data.get("value") is None:
        yield invalid_event(2804009, "A Purchase needs a value.")


def _check_app(event: Event, _now: float) -> Iterator[GraphError]:
    extinfo = member(event, "app_data").get("extinfo")
    if isinstance(extinfo, list) and not extinfo[4]:
        yield invalid_event(2804043, "The fifth element of extinfo, the OS version, is blank.")


def _check_messaging(event: Event, _now: float) -> Iterator[GraphError]:
    if event.get("action_source") != "business_messaging":
        return
    if event["event_name"] not in MESSAGING_EVENTS:
        yield invalid_event(2804066, f"Allowed are {', '.join(MESSAGING_EVENTS)}.")
    user_data = member(event, "user_data")
    match event.get("messaging_channel"):
        case "whatsapp":
            if not user_data.get("ctwa_clid"):
                yield invalid_event(2804087, "A WhatsApp event needs the ctwa_clid of its click.")
            if not (user_data.get("page_id") or user_data.get("whatsapp_business_account_id")):
                yield invalid_event(2804116, "whatsapp_business_account_id is missing.")
        case "messenger" if not user_data.get("page_id"):
            yield invalid_event(2804069, "page_id is missing.")
        case "instagram" if not user_data.get("ig_account_id"):
            yield invalid_event(2804079, "ig_account_id is missing.")
        case None:
            yield invalid_event(2804019, "The parameter messaging_channel is required")


def _check_breadth(event: Event, _now: float) -> Iterator[GraphError]:
    user_data = member(event, "user_data")
    given = {name for name, value in user_data.items() if value not in (None, "", [])}
    if any(given <= broad for broad in TOO_BROAD):
        yield invalid_event(2804050, "Too little customer information to match the event.")


CHECKS: tuple[Check, ...] = (
    _check_time,
    _check_click_id,
    _check_hashes,
    _check_lead,
    _check_contents,
    _check_purchase,
    _check_app,
    _check_messaging,
    _check_breadth,
)
