"""What GA4 holds against a request: the validation server's messages, and what they cost.

Each finding has a level. ``relaxed`` is what the validation server says by default, ``strict``
what ``ENFORCE_RECOMMENDATIONS`` adds, ``lint`` what only Google's event builder says. The
descriptions known verbatim are in google.md section 7; the others are our own wording under the
right code. ``effect`` is what becomes of it at ``/mp/collect``, which answers 204 all the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.sandbox import ga4_limits as limits
from engine.sandbox.call import Diagnostic, Json

Level: TypeAlias = Literal["relaxed", "strict", "lint"]
Effect: TypeAlias = Literal[
    "request_dropped",
    "event_dropped",
    "param_ignored",
    "redated",
    "may_be_lost",
    "reports_worse",
    "breaks_policy",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One message of the validation server; ``index`` is the event's, None for the request."""

    level: Level
    effect: Effect
    code: str
    place: str | None
    text: str
    index: int | None = None

    def message(self) -> dict[str, Json]:
        """The entry of ``validationMessages``; a fault of parsing has no ``fieldPath``."""
        place: dict[str, Json] = {} if self.place is None else {"fieldPath": self.place}
        return {**place, "description": self.text, "validationCode": self.code}

    def diagnostic(self) -> Diagnostic:
        """The same for the record of the sandbox."""
        return Diagnostic(self.index, self.effect, self.text)


_NUMBER_DOT_NUMBER = re.compile(r"\d+\.\d+")
_GA_COOKIE = re.compile(r"GA\d\.\d+(-\d+)?\.\d+\.\d+")
_PROPERTY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NOT_HEX = re.compile(r"[^0-9a-fA-F]")


def request_findings(
    payload: Mapping[str, Json], query: Mapping[str, str], now: float
) -> Iterator[Finding]:
    """Everything to be said of the request outside its events."""
    stream = "firebase_app_id" if query.get("firebase_app_id") else "measurement_id"
    for name in (stream, "api_secret"):
        if not query.get(name):
            text = f"Unable to find non-empty parameter [{name}] value in request."
            yield Finding("relaxed", "request_dropped", "VALUE_REQUIRED", name, text)
    if stream == "firebase_app_id":
        yield from _app_instance(payload.get("app_instance_id"))
    else:
        yield from _client(payload.get("client_id"))
    yield from _user(payload)
    yield from age_findings(payload.get("timestamp_micros"), "timestamp_micros", now)
    yield from _event_count(payload.get("events"))


def _client(client_id: Json) -> Iterator[Finding]:
    if not client_id:
        text = "Measurement requires a client_id."
        yield Finding("relaxed", "request_dropped", "VALUE_REQUIRED", "client_id", text)
    elif not (_NUMBER_DOT_NUMBER.fullmatch(str(client_id)) or _GA_COOKIE.fullmatch(str(client_id))):
        text = (
            f"client_id [{client_id}] has invalid format. It should be in <number>.<number> format."
        )
        yield Finding("strict", "reports_worse", "VALUE_INVALID", "client_id", text)


def _app_instance(value: Json) -> Iterator[Finding]:
    app_id, place = str(value or ""), "app_instance_id"
    strange = _NOT_HEX.search(app_id)
    if not app_id:
        text = "Measurement requires an app_instance_id."
        yield Finding("relaxed", "request_dropped", "VALUE_REQUIRED", place, text)
    elif strange:
        text = f"Measurement app_instance_id contains non hexadecimal character [{strange[0]}]."
        yield Finding("strict", "request_dropped", "VALUE_INVALID", place, text)
    elif len(app_id) != 32:
        text = (
            "Measurement app_instance_id is expected to be a 32 digit hexadecimal number"
            f" but was [{len(app_id)}] digits."
        )
        yield Finding("strict", "request_dropped", "VALUE_INVALID", place, text)


def _user(payload: Mapping[str, Json]) -> Iterator[Finding]:
    if len(str(payload.get("user_id") or "")) > limits.MAX_USER_ID:
        text = f"user_id can have at most [{limits.MAX_USER_ID}] characters."
        yield Finding("strict", "param_ignored", "VALUE_OUT_OF_BOUNDS", "user_id", text)
    properties = payload.get("user_properties")
    if not isinstance(properties, dict):
        return
    if len(properties) > limits.MAX_USER_PROPERTIES:
        text = f"A request can have at most [{limits.MAX_USER_PROPERTIES}] user properties."
        yield Finding("strict", "may_be_lost", "EXCEEDED_MAX_ENTITIES", "user_properties", text)
    for name, value in properties.items():
        yield from _user_property(name, value)


def _user_property(name: str, holder: Json) -> Iterator[Finding]:
    place = f"user_properties.{name}"
    value = holder.get("value") if isinstance(holder, dict) else None
    if name in limits.RESERVED_USER_PROPERTIES or name.startswith(
        limits.RESERVED_USER_PROPERTY_PREFIXES
    ):
        text = f"User property name [{name}] is reserved."
        yield Finding("relaxed", "param_ignored", "NAME_RESERVED", place, text)
    if len(name) > limits.MAX_USER_PROPERTY_NAME:
        text = f"User property name [{name}] has over {limits.MAX_USER_PROPERTY_NAME} characters."
        yield Finding("strict", "param_ignored", "NAME_INVALID", place, text)
    if name in limits.UNWISE_NAMES:
        text = f"user property name [{name}] is one of those that GA4 keeps for itself"
        yield Finding("lint", "param_ignored", "NAME_RESERVED", place, text)
    if not _PROPERTY_NAME.fullmatch(name):
        text = f"user property [{name}] should be a letter, then letters, digits, underscores"
        yield Finding("lint", "param_ignored", "NAME_INVALID", place, text)
    if value is None:
        text = f"User property [{name}] requires a value."
        yield Finding("strict", "param_ignored", "VALUE_REQUIRED", place, text)
    if isinstance(value, str) and len(value) > limits.MAX_USER_PROPERTY_VALUE:
        text = f"User property [{name}] has over {limits.MAX_USER_PROPERTY_VALUE} characters."
        yield Finding("strict", "param_ignored", "VALUE_OUT_OF_BOUNDS", place, text)


def age_findings(
    micros: Json, place: str, now: float, index: int | None = None
) -> Iterator[Finding]:
    """What there is to say of a timestamp, at most one finding."""
    if not isinstance(micros, int | float):
        return
    now_micros = int(now * 1_000_000)
    if now_micros - micros > limits.MAX_AGE_MICROS:
        text = (
            "Measurement timestamp_micros has timestamp too far in the past. Measurement protocol"
            " only supports timestamps [72h] into the past."
            f" The current time in UNIX microseconds is [{now_micros}]."
        )
        yield Finding("strict", "redated", "VALUE_INVALID", place, text, index)
    elif micros > now_micros:
        text = "Measurement timestamp_micros is in the future."
        yield Finding("strict", "redated", "VALUE_INVALID", place, text, index)


def _event_count(events: Json) -> Iterator[Finding]:
    count = len(events) if isinstance(events, list) else 0
    if count == 0:
        text = "Measurement requires at least one event."
        yield Finding("relaxed", "request_dropped", "VALUE_REQUIRED", "events", text)
    elif count > limits.MAX_EVENTS:
        text = f"A request can have at most [{limits.MAX_EVENTS}] events."
        yield Finding("strict", "request_dropped", "EXCEEDED_MAX_ENTITIES", "events", text)
