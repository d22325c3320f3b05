"""The gate of a destination: open, or shut by a pause, by what the vendor asked for, or a breaker.

Waits are measured by a clock that never jumps; only what is shown and recorded is wall time.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import trio

from engine.delivery.breaker import Breaker
from engine.delivery.retry import LONGEST_ASKED_MS
from engine.model.clock import Clock, Millis
from engine.project.policy import BreakerSpec

NEVER = Millis(0)
PROBE_EVERY_MS = 600_000
"""How often a paused destination is tried with one batch (design, section 4)."""

LOOK_EVERY_MS = 60_000
"""How often one that a person paused is looked at for what is too old: it costs no request."""


class Passage(IntEnum):
    """How a gate lets through: ``GO`` freely; ``PROBE`` one batch, to see what the vendor says.

    ``LOOK``: nothing may be sent, but what has grown too old meanwhile is let go.
    """

    GO = 0
    PROBE = 1
    LOOK = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """How a destination stands: running, paused, open, half-open or slowed, and why.

    ``until`` is when it is tried again, None where it runs, or waits for a person.
    """

    state: str = "running"
    reason: str = ""
    since: Millis | None = None
    until: Millis | None = None


@dataclass(slots=True)
class Gate:
    """``reason`` is None while nothing is paused; ``by_hand`` tells whose pause it is.

    A pause comes before the vendor's own wait, and that before the breaker.
    """

    clock: Clock
    breaker: Breaker = field(default_factory=lambda: Breaker(BreakerSpec()))
    reason: str | None = None
    by_hand: bool = False
    since: Millis = NEVER
    _noted_at: tuple[int, Millis] = (0, NEVER)
    _tries_at: int = 0
    _slow_until: int = 0
    _slow_reason: str = ""
    _changed: trio.Event = field(default_factory=trio.Event)

    @property
    def probe_at(self) -> Millis:
        """When it is tried, or looked at, again."""
        return self._wall(self._next())

    @property
    def rests(self) -> bool:
        """Whether the vendor is left alone for a while, by the breaker or by its own wish."""
        return self.breaker.until is not None or self._slow_until > _now()

    def close(self, reason: str, *, by_hand: bool = False, since: Millis | None = None) -> bool:
        """Pause; True if it was open. A pause by hand stays one, whatever a vendor says."""
        was_open = self.reason is None
        if self.by_hand and not by_hand:
            return False
        self.reason, self.by_hand = reason, by_hand
        if was_open:
            self.since = self.clock() if since is None else since
        self._tries_at = self._note() + self._try_every_ms()
        self._change()
        return was_open

    def open(self) -> bool:
        """Go on, whatever it was shut for; True if it was paused or left alone."""
        was_shut = self.reason is not None or self.rests
        self.reason, self.by_hand = None, False
        self._slow_until = 0
        self.breaker.close()
        self._change()
        return was_shut

    def taken(self) -> bool:
        """The vendor took something: its pause is over, but none by hand; True if one was."""
        if self.reason is None or self.by_hand:
            return False
        self.reason = None
        self._change()
        return True

    def slow(self, asked_ms: int, reason: str) -> bool:
        """Send nothing for so long, as the vendor asked; True if it was not slowed yet."""
        now = self._note()
        was_slowed = self._slow_until > now
        self._slow_until = max(self._slow_until, now + min(asked_ms, LONGEST_ASKED_MS))
        self._slow_reason = reason
        self._tries_at = now + PROBE_EVERY_MS
        return not was_slowed

    def failed(self, reason: str) -> bool:
        """A request failed as the breaker counts it; True if that opens it."""
        return self.breaker.failed(self._note(), reason)

    def worked(self) -> bool:
        """The vendor answered as one that is well; True if that closes the breaker."""
        return self.breaker.worked(_now())

    def is_shut(self, *, probe: bool = False) -> bool:
        """Whether nothing may be sent now; a ``probe`` may where a probe is due."""
        if self.by_hand or self._slow_until > _now():
            return True
        return not probe and (self.reason is not None or self.breaker.until is not None)

    def standing(self) -> Standing:
        """How it stands now."""
        if self.reason is not None:
            until = None if self.by_hand else self.probe_at
            return Standing("paused", self.reason, self.since, until)
        if self._slow_until > _now():
            return Standing("slowed", self._slow_reason, until=self._wall(self._slow_until))
        if (until_ms := self.breaker.until) is None:
            return Standing()
        state = "open" if until_ms > _now() else "half-open"
        return Standing(state, self.breaker.reason, until=self._wall(until_ms))

    async def passage(self) -> Passage:
        """Wait until something may be done, and say what."""
        while (wait_ms := self._next() - _now()) > 0:
            with trio.move_on_after(wait_ms / 1000):
                await self._changed.wait()
        if self.reason is not None or self._slow_until > _now():
            self._tries_at = self._note() + self._try_every_ms()
            return Passage.LOOK if self.is_shut(probe=True) else Passage.PROBE
        return Passage.PROBE if self.breaker.until is not None else Passage.GO

    def _next(self) -> int:
        """The moment up to which nobody passes; long ago where the gate is open."""
        if self.reason is not None:
            return self._tries_at
        if self._slow_until > _now():
            return min(self._slow_until, self._tries_at)
        return self.breaker.until or 0

    def _try_every_ms(self) -> int:
        return LOOK_EVERY_MS if self.by_hand else PROBE_EVERY_MS

    def _change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def _note(self) -> int:
        """The moment it is; what is shown as wall time is counted from here."""
        now = _now()
        self._noted_at = (now, self.clock())
        return now

    def _wall(self, moment: int) -> Millis:
        noted, wall = self._noted_at
        return Millis(wall + moment - noted)


def _now() -> int:
    return round(trio.current_time() * 1000)
