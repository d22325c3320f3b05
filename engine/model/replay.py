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

TALLIED = ("events", "deliveries", "skipped", "too_old", "left_out", "dead")
"""``events`` were read and match; ``deliveries`` are on their way or settled; ``skipped`` have no
rule or no consent; ``too_old`` are so for the vendor; ``left_out`` were delivered before; ``dead``
break the contract or a rule."""


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
    deliveries: int = 0
    skipped: int = 0
    too_old: int = 0
    left_out: int = 0
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
        return replace(
            self,
            events=self.events + tally["events"],
            deliveries=self.deliveries + tally["deliveries"],
            skipped=self.skipped + tally["skipped"],
            too_old=self.too_old + tally["too_old"],
            left_out=self.left_out + tally["left_out"],
            dead=self.dead + tally["dead"],
        )

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
            **{name: getattr(self, name) for name in TALLIED},
        }
