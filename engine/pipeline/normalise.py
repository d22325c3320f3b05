"""Inbound -> Event: ids, times, clock skew, and nulls taken out.

How the clients write ids and times: docs/clients.md. Nothing is refused here: what can't be read
stays as it came, and the schema says so.
"""

import re
import uuid
from collections.abc import Mapping
from math import isfinite
from typing import cast

from engine.codec.body import dumps
from engine.mapping.filters.time import NORMAL
from engine.model.clock import Millis, from_iso, to_iso
from engine.model.event import Event, Inbound, SourceKind
from engine.model.jsonvalue import Body, Json, as_body

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, "encamina")
NULL = re.compile(rb"null")  # found in half the time of ``in``
IDS = ("messageId", "userId", "anonymousId", "groupId", "previousId")
EARLIEST = Millis(0)
FAR_FUTURE = 10**15
SECONDS_END = 100_000_000_000
"""A numeric time below this is in seconds (the year 5138), above it in milliseconds."""


def normalise(inbound: Inbound, body: Body, raw: bytes | None = None) -> Event:
    """The event that ``body``, an object, is; ``raw`` is its JSON, for who has that already.

    ``timestamp`` is ``timestamp`` or ``originalTimestamp``, less what the client's clock was off
    (``receivedAt - sentAt``); a time in the future becomes ``receivedAt``.
    """
    clean = cast("dict[str, Json]", without_nulls(body, raw))
    if clean is body:
        clean = dict(body)
    _texts(clean)
    if "messageId" not in clean:
        clean["messageId"] = _made_id(inbound, body)
    timestamp = _set_times(clean, inbound)
    if inbound.source.kind is SourceKind.BROWSER:
        clean["context"] = _from_request(as_body(clean.get("context")), inbound)
    type_, name = clean.get("type"), clean.get("event")
    if isinstance(name, str) and "\0" in name:
        clean["event"] = name = name.replace("\0", "\ufffd")
    return Event(
        inbound.source.name,
        str(clean["messageId"]),
        type_ if isinstance(type_, str) else "",
        name if isinstance(name, str) and type_ == "track" else "",
        timestamp,
        inbound.received_at,
        clean,
    )


def without_nulls(value: Json, raw: bytes | None = None) -> Json:
    """``value`` without the keys whose value is null, at every depth; itself if there are none."""
    # Most events have no null, and 2 us of writing tell it, where a walk takes 11 (tests.bench).
    return _without_nulls(value) if NULL.search(raw or dumps(value)) else value


def _without_nulls(value: Json) -> Json:
    if isinstance(value, Mapping):
        kept = {key: _without_nulls(item) for key, item in value.items() if not _is_null(item)}
        same = len(kept) == len(value) and all(kept[key] is item for key, item in value.items())
        return value if same else kept
    if isinstance(value, list):
        cleaned = [None if _is_null(item) else _without_nulls(item) for item in value]
        return cleaned if any(a is not b for a, b in zip(cleaned, value, strict=True)) else value
    return value


def _is_null(value: Json) -> bool:
    """Whether JSON writes null for it: a number such as 1e400, which no double holds, too."""
    return value is None or (isinstance(value, float) and not isfinite(value))


def _texts(body: dict[str, Json]) -> None:
    """Ids as trimmed texts, blank ones left out, as both SDK families expect."""
    for key in IDS:
        if key not in body:
            continue
        value = body[key]
        # Nearly all ids are texts, so that is asked first (tests.bench).
        if not isinstance(value, (str, bool)) and isinstance(value, (int, float)):
            value = str(value)
        if isinstance(value, str):
            # Log and state look ids up by JSON text in SQLite, which ends at a NUL.
            body[key] = value = value.replace("\0", "\ufffd").strip()
            # Nothing but signs that could not be read is no id: it would be everybody's.
            if not value.strip("\ufffd"):
                del body[key]


def _made_id(inbound: Inbound, body: Body) -> str:
    seed = f"{inbound.source.name}:{inbound.received_at}:{inbound.index}:"
    return str(uuid.uuid5(NAMESPACE, seed + dumps(body).decode()))


def _set_times(body: dict[str, Json], inbound: Inbound) -> Millis:
    received_at = inbound.received_at
    given = body.get("timestamp", body.get("originalTimestamp"))
    moment = told = received_at if given is None else _moment(given)
    sent_at = _moment(body.get("sentAt", inbound.sent_at))
    body["receivedAt"] = to_iso(received_at)
    if moment is None:
        body["timestamp"] = given
        return received_at
    if given is not None and sent_at is not None:
        moment = Millis(moment + received_at - sent_at)
    if not EARLIEST <= moment <= received_at:
        moment = received_at
    if given is not None and "originalTimestamp" not in body:
        # As text, which is what schemas take, also of a number.
        body["originalTimestamp"] = given if isinstance(given, str) else str(given)
    # Most clients write the very form that is kept: seen in 0.3 us, written in 1.6 (tests.bench).
    is_kept = moment == told and isinstance(given, str) and NORMAL.fullmatch(given)
    body["timestamp"] = given if is_kept else to_iso(moment)
    return moment


def _moment(value: Json) -> Millis | None:
    if isinstance(value, str):
        return from_iso(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < FAR_FUTURE:
        return Millis(round(value * 1000 if abs(value) < SECONDS_END else value))
    return None


def _from_request(context: Body, inbound: Inbound) -> Body:
    """The context of a browser's event, with what its request tells where it says nothing."""
    told = {"ip": inbound.remote_ip, "userAgent": inbound.user_agent}
    return {**{key: value for key, value in told.items() if value}, **context}
