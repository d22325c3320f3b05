"""Deliveries: one event, destination, rule and part on its way, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json


class State(StrEnum):
    """The one state a delivery is in."""

    WAITING = "waiting"
    RETRYING = "retrying"
    PAUSED = "paused"
    DELIVERED = "delivered"
    UNVERIFIED = "unverified"
    SKIPPED = "skipped"
    SHADOWED = "shadowed"
    DEAD = "dead"
    ERASED = "erased"


UNSETTLED = frozenset({State.WAITING, State.RETRYING, State.PAUSED})
"""States that a delivery leaves by itself; all others are final."""


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """What makes a delivery the one it is; ``rule`` is empty where none was tried or matched.

    ``replay`` is the number of the replay that it belongs to, 0 for live traffic.
    """

    position: int
    destination: str
    rule: str = ""
    part: int = 0
    replay: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that carried a delivery, and what came of it.

    ``number`` counts from 1 over the delivery's life, ``outcome`` is the word for it (``retry``).
    ``status`` is None where nothing came back, ``answer`` the vendor's own words, at most 1,000
    characters without secrets and contact data, ``batch`` how many payloads the request carried;
    0 where none could be made.
    """

    number: int
    at: Millis
    outcome: str
    reason: str
    status: int | None = None
    answer: str = ""
    batch: int = 0

    def as_json(self) -> Body:
        """The form it has in lists; ``at`` is put in by the caller."""
        return {
            "number": self.number,
            "outcome": self.outcome,
            "reason": self.reason,
            "status": self.status,
            "answer": self.answer,
            "batch": self.batch,
        }


MatchKeys: TypeAlias = tuple[tuple[str, bool], ...]
"""The name of each match key of the destination, and whether the payload carries it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One line of the audit trail.

    ``due_at`` is when the delivery fell due (``retry.max_age`` counts from there), ``next_at`` when
    it is tried again. ``payload`` is what the first attempt fixed, as JSON bytes, kept until the
    delivery is settled; ``digest`` is the payload's SHA-256 in hex.
    Only a fresh decision has ``match_keys``; ``tried`` are the attempts that are not recorded yet.
    """

    key: DeliveryKey
    message_id: str
    event: str
    state: State
    reason: str
    attempts: int
    at: Millis
    due_at: Millis
    release: str
    event_at: Millis
    next_at: Millis | None = None
    digest: str | None = None
    dedupe_key: str | None = None
    payload: bytes | None = None
    window_ms: int | None = None
    match_keys: MatchKeys | None = None
    tried: tuple[Attempt, ...] = ()

    def as_json(self) -> Body:
        """What ``deliveries --json`` prints; moments are ISO texts put in by the caller."""
        return {
            "message_id": self.message_id,
            "destination": self.key.destination,
            "rule": self.key.rule or None,
            "part": self.key.part,
            "replay": self.key.replay or None,
            "state": str(self.state),
            "reason": self.reason,
            "attempts": self.attempts,
        }


def gives_up_at(delivery: Delivery, max_age_ms: int, keep_ms: int | None = None) -> Millis | None:
    """When a delivery that is not settled is dead for its age; None of a settled one.

    ``max_age_ms`` counts from when it fell due, its window from the event's own time. ``keep_ms``
    is how long a mailbox keeps a payload, from when it fell due: once there, nothing else ends it.
    """
    if delivery.state not in UNSETTLED:
        return None
    ends = [delivery.due_at + (max_age_ms if keep_ms is None else min(max_age_ms, keep_ms))]
    if keep_ms is not None and delivery.state is State.WAITING:
        return Millis(delivery.due_at + keep_ms)
    if delivery.window_ms is not None:
        ends.append(delivery.event_at + delivery.window_ms)
    return Millis(min(ends))


def awaits_its_turn(delivery: Delivery) -> bool:
    """Whether it waits for an earlier event of its person, as ``order_by`` asks.

    Its ``next_at`` is then no try, but when it is looked at whether it has grown too old.
    """
    return delivery.state is State.WAITING and delivery.next_at is not None


def paused_by_hand(delivery: Delivery, reason: str) -> Delivery:
    """The delivery as it stands at a destination that a person paused for ``reason``.

    What is on its way is recorded as paused only when it falls due; it is not tried before the
    destination is resumed either way.
    """
    if delivery.state is State.RETRYING:
        last = f"; last: {delivery.reason}" if delivery.reason else ""
        return replace(delivery, state=State.PAUSED, reason=f"{reason}{last}", next_at=None)
    return replace(delivery, next_at=None) if delivery.state is State.PAUSED else delivery


@dataclass(frozen=True, slots=True)
class MatchCount:
    """How many ``payloads`` of an event went to a destination, and how many carried each key."""

    destination: str
    event: str
    payloads: int
    carried: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, whole. ``secrets`` are values that no log and no person may be shown."""

    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    body: bytes
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``body`` is parsed JSON, else the text; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Json


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came back: a time-out, a refused or a broken connection, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The vendor said that it has the event."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """The vendor answered 2xx, which it does to anything."""


@dataclass(frozen=True, slots=True)
class Retry:
    """To be tried again; ``after_ms`` is the wait the vendor asked for, ``now`` at once."""

    reason: str
    after_ms: int | None = None
    now: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """The batch was refused as a whole: to be tried in halves."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Can't succeed any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Credentials or configuration: the destination stops, everything is kept."""

    reason: str


Outcome: TypeAlias = Delivered | Unverified | Retry | Split | Dead | Pause


def word_of(outcome: Outcome) -> str:
    """The word of the design for it, in lower case."""
    return type(outcome).__name__.lower()
