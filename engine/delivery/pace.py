"""Pace: how many requests a destination may begin in a second."""

from dataclasses import dataclass

import trio


@dataclass(slots=True)
class Pace:
    """Spaces requests evenly; ``rate_per_s`` None lets everything through."""

    rate_per_s: float | None
    _next_s: float = 0.0

    async def wait(self) -> None:
        """Return when the next request may begin."""
        if self.rate_per_s is None:
            return
        now_s = trio.current_time()
        begins_s = max(now_s, self._next_s)
        self._next_s = begins_s + 1 / self.rate_per_s
        await trio.sleep_until(begins_s)
