"""Events: as a source sent them, and as they are kept."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json


class SourceKind(StrEnum):
    """Who stands behind a write key: the shop's own services, or its visitors' browsers."""

    SERVER = "server"
    BROWSER = "browser"


class Unplanned(StrEnum):
    """What becomes of an event that no schema of the tracking plan is for."""

    ALLOW = "allow"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Source:
    """Who sends events."""

    name: str
    kind: SourceKind = SourceKind.SERVER
    unplanned: Unplanned = Unplanned.ALLOW


@dataclass(frozen=True, slots=True)
class Inbound:
    """One item of a request as it came, not yet looked into.

    ``index`` is its position in the batch, ``sent_at`` the batch's own time of sending,
    ``remote_ip`` and ``user_agent`` what the request tells of who sent it. Of what a mapping made,
    ``max_bytes`` is how large it may be, ``context.posted`` not counted: that we added.
    """

    source: Source
    body: Json
    received_at: Millis
    index: int = 0
    sent_at: str | None = None
    remote_ip: str | None = None
    user_agent: str | None = None
    max_bytes: int | None = None


UNREADABLE = "unreadable"
"""The type of an event whose stored body is no JSON any more: the disk gave back other bytes."""


class Event(NamedTuple):
    """A normalised event, a tuple by name as it is made so often (tests.bench).

    ``body`` is the Segment spec's object with ids, times and ``receivedAt``, ``name`` the track
    name, else the empty text, ``timestamp`` the corrected moment.
    """

    source: str
    message_id: str
    type: str
    name: str
    timestamp: Millis
    received_at: Millis
    body: Body
