"""Decisions and outcomes -> Delivery records: the one place where a state is chosen."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from engine.codec.body import dumps, loads
from engine.delivery.gate import Standing
from engine.log.interface import Entry
from engine.model.clock import Millis
from engine.model.decision import Decision, Payload, Verb
from engine.model.delivery import (
    UNSETTLED,
    Attempt,
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
    word_of,
)
from engine.model.jsonvalue import as_body
from engine.pipeline.batch import Item
from engine.pipeline.decide import NO_RULE, age_text, look_up, payload_of, too_old
from engine.project.units import duration_text
from engine.release.destination import Destination

BY_HAND = "retried by hand"
DROPPED = "dropped by hand"
"""The reason of what a person retried, and how that of what a person dropped begins."""


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
        digest=digest_of(payload) if payload is not None else None,
        dedupe_key=decision.payload.dedupe_key if decision.payload else None,
        payload=payload if state is State.WAITING else None,
        window_ms=decision.window_ms,
        event_at=event.timestamp,
        match_keys=_carried(destination, decision.payload),
    )


def digest_of(payload: bytes) -> str:
    """What a payload is known by once it is not kept any more."""
    return hashlib.sha256(payload).hexdigest()


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
        case Verb.INVALID:
            return State.DEAD, "; ".join([decision.reason, *_fault_lines(decision)])
        case Verb.ERROR:
            return State.DEAD, "; ".join(_fault_lines(decision)) or decision.reason
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


def taken_up(fresh: Delivery, before: Sequence[Delivery]) -> Delivery:
    """The fresh record of an event that ``before`` had no payload for, such as a dead letter.

    A retry by hand lets it fall due anew. Attempts count on under the same key, so that each has
    its own number.
    """
    due_at = max((one.due_at for one in before), default=fresh.due_at)
    attempts = max((one.attempts for one in before if one.key == fresh.key), default=0)
    return replace(fresh, due_at=due_at, attempts=attempts)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back of one request, as it is kept; see ``Attempt``."""

    at: Millis
    status: int | None = None
    answer: str = ""
    batch: int = 0


def attempted(item: Item, outcome: Outcome, heard: Heard) -> Item:
    """The item with one more attempt to its name, to be sent at once in another request."""
    one = _attempt(item, outcome, heard)
    tried = (*item.delivery.tried, one)
    return Item(replace(item.delivery, attempts=one.number, tried=tried), item.payload)


def outcome_of(item: Item, outcome: Outcome, heard: Heard, when: When) -> Delivery:
    """The record after an attempt that decides for now what becomes of the delivery."""
    one = _attempt(item, outcome, heard)
    state, next_at = _after(outcome, when)
    return replace(
        item.delivery,
        state=state,
        reason=one.reason,
        attempts=one.number,
        at=when.now,
        next_at=next_at,
        payload=item.delivery.payload if state in UNSETTLED else None,
        tried=(*item.delivery.tried, one),
    )


def _attempt(item: Item, outcome: Outcome, heard: Heard) -> Attempt:
    reason = "" if isinstance(outcome, Delivered | Unverified) else outcome.reason
    number = item.delivery.attempts + 1
    return Attempt(
        number, heard.at, word_of(outcome), reason, heard.status, heard.answer, heard.batch
    )


def _after(outcome: Outcome, when: When) -> tuple[State, Millis | None]:
    """The state that an outcome leads to, and when it is tried again."""
    match outcome:
        case Delivered():
            return State.DELIVERED, None
        case Unverified():
            return State.UNVERIFIED, None
        case Dead() | Split():
            return State.DEAD, None
        case Retry():
            return State.RETRYING, when.retry_at
        case Pause():
            return State.PAUSED, when.probe_at
        case _:
            assert_never(outcome)


def held(delivery: Delivery, how: Standing, now: Millis, again: Millis) -> Delivery:
    """The record of a delivery that is kept back, untried, while its destination is shut.

    One that was never attempted has no payload yet: the rules of when it goes will make it. (A
    replay keeps what it made.)
    """
    paused = how.state == "paused"
    one = replace(
        delivery,
        state=State.PAUSED if paused else State.RETRYING,
        reason=how.reason if paused else f"{how.state}: {how.reason}",
        at=now,
        next_at=again,
    )
    if one.attempts or one.key.replay:
        return one
    return replace(one, payload=None, digest=None, match_keys=None)


def _settled(delivery: Delivery, state: State, reason: str) -> Delivery:
    return replace(delivery, state=state, reason=reason, payload=None)


def without_consent(delivery: Delivery, now: Millis) -> Delivery:
    """The record of a delivery on its way whose person refuses it now."""
    return replace(_settled(delivery, State.SKIPPED, "consent"), at=now, next_at=None)


def without_place(
    letter: Delivery, heir: tuple[str, int] | None, skips: Sequence[Delivery], now: Millis
) -> Delivery:
    """The record of a retried dead letter that has no delivery under its own name today.

    ``heir`` is the rule and part that took its place, ``skips`` what keeps the whole event from
    its destination. Without any of both it stays dead.
    """
    rule = letter.key.rule
    if heir is not None:
        state, reason = State.SKIPPED, f'rule "{heir[0]}" took the place of rule "{rule}"'
    elif skips and skips[0].reason != NO_RULE:
        state, reason = State.SKIPPED, skips[0].reason
    else:
        state, reason = State.DEAD, f'rule "{rule}" is gone, or takes this event no more'
    return replace(_settled(letter, state, reason), at=now, next_at=None)


def not_kept(delivery: Delivery, now: Millis) -> Delivery:
    """The record of a retried letter whose event is gone from the log meanwhile."""
    reason = "the log keeps its event no more"
    return replace(_settled(delivery, State.DEAD, reason), at=now, next_at=None)


def expired(delivery: Delivery, max_age_ms: int, now: Millis) -> Delivery | None:
    """The delivery as a dead letter if it may not be sent any more, else None."""
    last = f"; last: {delivery.reason}" if delivery.reason else ""
    if too_old(delivery.event_at, delivery.window_ms, now):
        assert delivery.window_ms is not None
        reason = f"{age_text(delivery.window_ms)}{last}"
    elif now - delivery.due_at > max_age_ms:
        reason = f"given up after {duration_text(max_age_ms)}{last}"
    else:
        return None
    return replace(_settled(delivery, State.DEAD, reason), at=now, next_at=None)


def stored_payload(destination: Destination, delivery: Delivery) -> Payload:
    """The payload that the first attempt fixed."""
    assert delivery.payload is not None
    return payload_of(destination, as_body(loads(delivery.payload)), len(delivery.payload))
