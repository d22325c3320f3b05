"""Decisions and outcomes -> Delivery records: the one place where a state is chosen."""

import hashlib
from dataclasses import dataclass, replace
from typing import assert_never

from engine.codec.body import dumps, loads
from engine.log.interface import Entry
from engine.model.clock import Millis
from engine.model.decision import Decision, Payload, Verb
from engine.model.delivery import (
    Dead,
    Delivered,
    Delivery,
    DeliveryKey,
    MatchKeys,
    Outcome,
    Pause,
    Retry,
    Split,
    State,
    Unverified,
)
from engine.model.jsonvalue import as_body
from engine.pipeline.batch import Item
from engine.pipeline.decide import age_text, look_up, payload_of, too_old
from engine.release.destination import Destination


@dataclass(frozen=True, slots=True)
class When:
    """The moments a record needs: ``now``, and when a retry and the next probe are due."""

    now: Millis
    retry_at: Millis
    probe_at: Millis


def decided(
    decision: Decision, destination: Destination, entry: Entry, release: str, now: Millis
) -> Delivery:
    """The record of a decision before any attempt."""
    event = entry.event
    state, reason = _state(decision)
    payload = dumps(decision.payload.body) if decision.payload is not None else None
    return Delivery(
        key=DeliveryKey(entry.position, decision.destination, decision.rule or "", decision.part),
        message_id=event.message_id,
        event=event.name or event.type,
        state=state,
        reason=reason,
        attempts=0,
        at=now,
        due_at=event.received_at,
        release=release,
        digest=hashlib.sha256(payload).hexdigest() if payload is not None else None,
        dedupe_key=decision.payload.dedupe_key if decision.payload else None,
        payload=payload if state is State.WAITING else None,
        window_ms=decision.window_ms,
        event_at=event.timestamp,
        match_keys=_carried(destination, decision.payload),
    )


def _carried(destination: Destination, payload: Payload | None) -> MatchKeys | None:
    """Which match keys the payload has; None where there is nothing to count."""
    if payload is None or not destination.match_keys:
        return None
    keys = destination.match_keys.items()
    return tuple([(name, look_up(payload.body, path) is not None) for name, path in keys])


def _state(decision: Decision) -> tuple[State, str]:
    match decision.verb:
        case Verb.SEND:
            return State.WAITING, ""
        case Verb.SHADOW:
            return State.SHADOWED, ""
        case Verb.SKIP | Verb.DROP:
            return State.SKIPPED, decision.reason
        case Verb.INVALID | Verb.ERROR:
            return State.DEAD, "; ".join([decision.reason, *_fault_lines(decision)])
        case _:
            assert_never(decision.verb)


def _fault_lines(decision: Decision) -> list[str]:
    return [
        f"{fault.path or 'payload'}: {fault.message}"
        + (f" ({fault.file}:{fault.line})" if fault.file else "")
        for fault in decision.faults[:5]
    ]


def faulted(
    entry: Entry, destination: Destination, release: str, reason: str, now: Millis
) -> Delivery:
    """The record of an event that our own fault kept from being decided: it has no payload."""
    event = entry.event
    return Delivery(
        key=DeliveryKey(entry.position, destination.name),
        message_id=event.message_id,
        event=event.name or event.type,
        state=State.RETRYING,
        reason=reason,
        attempts=0,
        at=now,
        due_at=event.received_at,
        release=release,
        window_ms=destination.window_ms,
        event_at=event.timestamp,
    )


def outcome_of(item: Item, outcome: Outcome, when: When) -> Delivery:
    """The record after an attempt."""
    tried = replace(item.delivery, attempts=item.delivery.attempts + 1, at=when.now, next_at=None)
    match outcome:
        case Delivered():
            return _settled(tried, State.DELIVERED, "")
        case Unverified():
            return _settled(tried, State.UNVERIFIED, "")
        case Dead(reason) | Split(reason):
            return _settled(tried, State.DEAD, reason)
        case Retry(reason):
            return replace(tried, state=State.RETRYING, reason=reason, next_at=when.retry_at)
        case Pause(reason):
            return replace(tried, state=State.PAUSED, reason=reason, next_at=when.probe_at)
        case _:
            assert_never(outcome)


def held(delivery: Delivery, reason: str, now: Millis, probe_at: Millis) -> Delivery:
    """The record of a delivery that is kept back, untried, while its destination is paused."""
    return replace(delivery, state=State.PAUSED, reason=reason, at=now, next_at=probe_at)


def _settled(delivery: Delivery, state: State, reason: str) -> Delivery:
    return replace(delivery, state=state, reason=reason, payload=None)


def without_consent(delivery: Delivery, now: Millis) -> Delivery:
    """The record of a delivery on its way whose person refuses it now."""
    return replace(_settled(delivery, State.SKIPPED, "consent"), at=now, next_at=None)


def expired(delivery: Delivery, max_age_ms: int, now: Millis) -> Delivery | None:
    """The delivery as a dead letter if it may not be sent any more, else None."""
    last = f"; last: {delivery.reason}" if delivery.reason else ""
    if too_old(delivery.event_at, delivery.window_ms, now):
        assert delivery.window_ms is not None
        reason = f"{age_text(delivery.window_ms)}{last}"
    elif now - delivery.due_at > max_age_ms:
        reason = f"given up after {max_age_ms / 3_600_000:g} h{last}"
    else:
        return None
    return replace(_settled(delivery, State.DEAD, reason), at=now, next_at=None)


def stored_payload(destination: Destination, delivery: Delivery) -> Payload:
    """The payload that the first attempt fixed."""
    assert delivery.payload is not None
    return payload_of(destination, as_body(loads(delivery.payload)), len(delivery.payload))
