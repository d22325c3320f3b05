"""Whether the wall clock was set back: due moments were told by the clock as it was before."""

from dataclasses import dataclass
from typing import Self

import trio

from engine.model.clock import Clock, Millis

NOTICED_MS = 2000
"""Less is no jump: clocks are corrected a little all the time."""

LONG_MS = 15 * 60_000
"""What waits by the clock before a shorter jump comes so much later, which no retry minds."""

LATE_S = 60.0
"""So long after a jump may come what was told by the clock before it: an attempt is recorded first,
and its time-out is a minute at the most."""


@dataclass(slots=True)
class Watch:
    """Compares the wall clock with one that only goes on; make it with ``Watch.over``."""

    clock: Clock
    _ahead_ms: float
    _lost_ms: int = 0
    _stood_at: int = 0
    _late_until_s: float = 0.0

    @classmethod
    def over(cls, clock: Clock) -> Self:
        """A watch over ``clock``, from this moment on."""
        return cls(clock, clock() - trio.current_time() * 1000)

    def set_back_ms(self) -> int:
        """How far the clock was set back since the last look; 0 where it was not."""
        ahead_ms = self.clock() - trio.current_time() * 1000
        lost_ms = self._ahead_ms - ahead_ms
        self._ahead_ms = ahead_ms
        if lost_ms < -NOTICED_MS:
            self._late_until_s = 0.0  # set ahead: what it tells now is beyond where it stood
        if lost_ms <= NOTICED_MS:
            return 0
        if lost_ms > LONG_MS:
            self._lost_ms = round(lost_ms)
            self._stood_at = self.clock() + self._lost_ms
            self._late_until_s = trio.current_time() + LATE_S
        return round(lost_ms)

    def by_this_clock(self, at: Millis) -> Millis:
        """A moment as the clock tells it now, that may have been told by the one before a jump."""
        is_late = trio.current_time() < self._late_until_s and at > self._stood_at - NOTICED_MS
        return Millis(at - self._lost_ms) if is_late else at
