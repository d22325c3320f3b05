"""A delivery as a row, and back."""

from collections.abc import Iterable
from typing import TypeAlias, cast

from engine.codec.body import loads
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey, State

KEY = "position, destination, rule, part, replay"
FACTS = "message_id, event, state, reason, attempts, at, due_at, release"
MORE = "next_at, digest, dedupe_key, payload, window_ms, event_at"
COLUMNS = f"{KEY}, {FACTS}, {MORE}"
"""What ``row_of`` gives, in its order."""

PACKED = f"json_array(json_array({KEY}), json_array({FACTS}), json_array({MORE}))"
WITH_PAYLOAD = PACKED.replace("payload", "CAST(payload AS TEXT)")
WITHOUT_PAYLOAD = PACKED.replace("payload", "NULL")
"""A row as ``deliveries_of`` reads it."""


def parts_of(key: DeliveryKey) -> list[int | str]:
    """The columns of ``KEY``."""
    return [key.position, key.destination, key.rule, key.part, key.replay]


def row_of(delivery: Delivery) -> tuple[object, ...]:
    """The columns of ``COLUMNS``; a settled delivery keeps no payload."""
    return (
        *parts_of(delivery.key),
        delivery.message_id,
        delivery.event,
        delivery.state.value,
        delivery.reason,
        delivery.attempts,
        delivery.at,
        delivery.due_at,
        delivery.release,
        delivery.next_at,
        delivery.digest,
        delivery.dedupe_key,
        delivery.payload if delivery.state in UNSETTLED else None,
        delivery.window_ms,
        delivery.event_at,
    )


_Texts: TypeAlias = tuple[str, str, str, str, int, Millis, Millis, str]
_Rest: TypeAlias = tuple[Millis | None, str | None, str | None, str | None, int | None, Millis]
Packed: TypeAlias = tuple[tuple[int, str, str, int, int], _Texts, _Rest]
"""A row as ``PACKED`` gives it."""


def deliveries_of(packed: bytes) -> list[Delivery]:
    """The deliveries of a JSON list of rows."""
    return [delivery_of(*parts) for parts in cast("Iterable[Packed]", loads(packed))]


def delivery_of(key: tuple[int, str, str, int, int], texts: _Texts, rest: _Rest) -> Delivery:
    """The delivery of one row."""
    message_id, event, state, reason, attempts, at, due_at, release = texts
    next_at, digest, dedupe_key, payload, window_ms, event_at = rest
    return Delivery(
        key=DeliveryKey(*key),
        message_id=message_id,
        event=event,
        state=State(state),
        reason=reason,
        attempts=attempts,
        at=at,
        due_at=due_at,
        release=release,
        next_at=next_at,
        digest=digest,
        dedupe_key=dedupe_key,
        payload=None if payload is None else payload.encode(),
        window_ms=window_ms,
        event_at=event_at,
    )
