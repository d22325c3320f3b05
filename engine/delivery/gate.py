"""The gate of a destination: open, or closed by a pause, with a probe now and then."""

from dataclasses import dataclass, field

import trio

from engine.model.clock import Clock, Millis

NEVER = Millis(0)
PROBE_EVERY_MS = 600_000
"""How often a paused destination is tried with one batch (design, section 4)."""


@dataclass(slots=True)
class Gate:
    """``reason`` is None while the gate is open."""

    clock: Clock
    reason: str | None = None
    probe_at: Millis = NEVER
    _opened: trio.Event = field(default_factory=trio.Event)

    def close(self, reason: str) -> bool:
        """Pause; True if it was open."""
        was_open = self.reason is None
        if was_open:
            self._opened = trio.Event()
        self.reason = reason
        self.probe_at = Millis(self.clock() + PROBE_EVERY_MS)
        return was_open

    def open(self) -> bool:
        """Go on; True if it was closed."""
        was_closed = self.reason is not None
        self.reason = None
        self._opened.set()
        return was_closed

    async def passage(self) -> bool:
        """Wait until the gate is open or a probe is due; True where it is a probe."""
        while self.reason is not None:
            wait_s = (self.probe_at - self.clock()) / 1000
            if wait_s <= 0:
                self.probe_at = Millis(self.clock() + PROBE_EVERY_MS)
                return True
            with trio.move_on_after(wait_s):
                await self._opened.wait()
        return False
