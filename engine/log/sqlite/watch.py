"""Whether the wall clock was set back: due moments were told by the clock as it was before."""

from dataclasses import dataclass
from typing import Self

import trio

from engine.model.clock import Clock

NOTICED_MS = 2000
"""Less is no jump: clocks are corrected a little all the time."""


@dataclass(slots=True)
class Watch:
    """Compares the wall clock with one that only goes on; make it with ``Watch.over``."""

    clock: Clock
    _ahead_ms: float

    @classmethod
    def over(cls, clock: Clock) -> Self:
        """A watch over ``clock``, from this moment on."""
        return cls(clock, clock() - trio.current_time() * 1000)

    def set_back_ms(self) -> int:
        """How far the clock was set back since the last look; 0 where it was not."""
        ahead_ms = self.clock() - trio.current_time() * 1000
        lost_ms = self._ahead_ms - ahead_ms
        self._ahead_ms = ahead_ms
        return round(lost_ms) if lost_ms > NOTICED_MS else 0
