"""When derived events fall due: by the times of receiving, and by the clock where nothing comes.

The wall clock may be set. What was to fall due in ten minutes still does so in ten minutes then, so
all timers are moved with it. By which clock they are is kept with them, so that a change while
nothing ran is known too, unless the machine was started anew meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import trio

from engine.log.interface import Entry, Log
from engine.model.clock import Clock, Millis, Uptime
from engine.model.event import Event
from engine.release.derived import Derived
from engine.state.interface import State

GRACE_MS = 2_000
"""So long an event may take from being received to standing in the log."""

NOTICED_MS = 3_000
"""Less is no change of the clock: clocks are corrected a little all the time."""

LONGEST_WAIT_S = 30.0
"""The clock is looked at as often as this."""

CLOCK = "derived-clock:"
"""The setting that tells by which clock the timers of a file are."""


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock was set by ``by_ms``, at ``at`` by the new one.

    What stands in the log up to ``position`` may have been received before.
    """

    by_ms: int
    at: Millis
    position: int

    def by_this_clock(self, entry: Entry) -> Event:
        """The event as the new clock would have told when it was received."""
        event, latest = entry.event, Millis(self.at - self.by_ms + NOTICED_MS)
        if self.by_ms > 0 and entry.position <= self.position and event.received_at <= latest:
            return event._replace(received_at=Millis(event.received_at + self.by_ms))
        return event


@dataclass(slots=True)
class Timers:
    """The timers of one file; make it with ``Timers.over``."""

    derived: Derived
    state: State
    clock: Clock
    uptime: Callable[[], Uptime | None]
    _ahead_ms: float
    _jump: Jump | None = None

    @classmethod
    def over(
        cls, derived: Derived, state: State, clock: Clock, uptime: Callable[[], Uptime | None]
    ) -> Self:
        """The timers as they stand from this moment on."""
        return cls(derived, state, clock, uptime, clock() - trio.current_time() * 1000)

    async def begin(self, log: Log) -> int:
        """After a start: move all timers with a clock that was set since; by how many milliseconds.

        Then nothing falls due later than if its event had come just now.
        """
        if self.derived.within_ms is None:
            return 0
        name, setting = self.derived.name, self._by_which_clock()
        kept = await self.state.setting(setting[0])
        jump_ms = _apart(kept, setting[1])
        if abs(jump_ms) >= NOTICED_MS:
            await self._jumped(jump_ms, log)
        elif kept != setting[1]:
            await self.state.set_setting(*setting)
        latest = Millis(self.clock() + self.derived.within_ms)
        await self.state.windows.pull_in(name, latest)
        return jump_ms if abs(jump_ms) >= NOTICED_MS else 0

    async def mind_the_clock(self, log: Log) -> int:
        """Move all timers with a clock that was set; by how many milliseconds, mostly 0."""
        ahead_ms = self.clock() - trio.current_time() * 1000
        jump_ms = round(ahead_ms - self._ahead_ms)
        if abs(jump_ms) < NOTICED_MS:
            return 0
        self._ahead_ms = ahead_ms
        await self._jumped(jump_ms, log)
        return jump_ms

    async def _jumped(self, by_ms: int, log: Log) -> None:
        self._jump = Jump(by_ms, self.clock(), await log.last_position())
        if self.derived.within_ms is not None:
            setting = self._by_which_clock()
            await self.state.windows.shift(self.derived.name, by_ms, setting)

    def _by_which_clock(self) -> tuple[str, str]:
        """The setting that tells it: a start of the machine, and what the clock said at it."""
        up = self.uptime()
        told = "" if up is None else f"{up.boot} {self.clock() - up.ms}"
        return f"{CLOCK}{self.derived.name}", told

    def by_this_clock(self, entry: Entry) -> Event:
        """The event of an entry, as if this clock had told when it was received.

        What was received before the clock was set is met after its timers have moved. Set back, it
        would have come in the future, and let fall due what doesn't; set ahead, its own time would
        be over already.
        """
        event = entry.event if self._jump is None else self._jump.by_this_clock(entry)
        now = self.clock()
        if event.received_at <= now:
            return event
        return event._replace(received_at=now, timestamp=min(event.timestamp, now))

    async def wait_s(self) -> float:
        """How long it may wait for events until something falls due, or may have."""
        if self.derived.within_ms is None:
            return LONGEST_WAIT_S
        due = await self.state.windows.next_due(self.derived.name)
        if due is None:
            return LONGEST_WAIT_S
        return min(max((due + GRACE_MS - self.clock()) / 1000, 0.0), LONGEST_WAIT_S)

    def over_by(self) -> Millis:
        """Until when everything that came in is in the log, if the log was read to its end."""
        return Millis(self.clock() - GRACE_MS)


def _apart(kept: str | None, now: str) -> int:
    """By how many milliseconds a clock is ahead of the one that is kept; 0 where none can tell."""
    boot, _, at = now.rpartition(" ")
    kept_boot, _, kept_at = (kept or "").rpartition(" ")
    return int(at) - int(kept_at) if boot and boot == kept_boot else 0
