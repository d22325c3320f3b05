"""Replays: a second, bounded read of the log for one destination."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from engine.model.clock import Millis, to_iso
from engine.model.jsonvalue import Body


class ReplayState(StrEnum):
    """How a replay stands; only what runs is taken up by a server."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


Tally: TypeAlias = dict[str, int]
"""How many of what became of the events read; the names are ``TALLIED``."""

OF_DELIVERIES = (
    "to_send",
    "left_out",
    "on_their_way",
    "dropped",
    "too_old",
    "no_rule",
    "no_consent",
    "skipped",
    "dead",
)
"""What a delivery is counted as, once each: ``to_send`` are on their way or settled; ``left_out``
came through before; ``on_their_way`` goes already, as live traffic or another replay; ``dropped``
was by hand; ``too_old`` are so for the vendor; ``no_rule`` and ``no_consent`` stand for an event
that has none; ``skipped`` are so for another reason; ``dead`` break the contract or a rule."""

TALLIED = ("events", *OF_DELIVERIES)
"""``events`` were read and match, each once."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay: which events go where again, and how far it has come.

    It reads the positions from ``after`` (not included) up to ``until``, of them the events that
    were received from ``since`` up to ``before`` (not included) and whose name matches the glob
    ``event``. ``reached`` is the position up to which it has decided. ``number`` counts up from 1,
    and is 0 until the state has given one.
    """

    destination: str
    after: int
    until: int
    asked_at: Millis
    since: Millis | None = None
    before: Millis | None = None
    event: str | None = None
    again: bool = False
    rate_per_s: float | None = None
    number: int = 0
    reached: int = 0
    state: ReplayState = ReplayState.RUNNING
    reason: str = ""
    events: int = 0
    to_send: int = 0
    left_out: int = 0
    on_their_way: int = 0
    dropped: int = 0
    too_old: int = 0
    no_rule: int = 0
    no_consent: int = 0
    skipped: int = 0
    dead: int = 0

    @property
    def is_running(self) -> bool:
        """Whether it is to go on."""
        return self.state is ReplayState.RUNNING

    @property
    def is_read(self) -> bool:
        """Whether every event has been decided; some may still be on their way."""
        return self.reached >= self.until

    def plus(self, tally: Tally) -> "Replay":
        """The replay with these counts added."""
        return replace(self, **{name: getattr(self, name) + tally[name] for name in TALLIED})

    @property
    def deliveries(self) -> int:
        """How many deliveries its events make, also those that are not sent."""
        return sum(getattr(self, name) for name in OF_DELIVERIES)

    def as_json(self) -> Body:
        """What ``replay --json`` prints."""
        return {
            "replay": self.number,
            "destination": self.destination,
            "state": str(self.state),
            "reason": self.reason,
            "asked_at": to_iso(self.asked_at),
            "since": None if self.since is None else to_iso(self.since),
            "until": None if self.before is None else to_iso(self.before),
            "event": self.event,
            "again": self.again,
            "rate": self.rate_per_s,
            "positions": {"after": self.after, "until": self.until, "reached": self.reached},
            "events": self.events,
            "deliveries": self.deliveries,
            **{name: getattr(self, name) for name in OF_DELIVERIES},
        }
