"""The circuit breaker of a destination: it opens when the vendor fails, and probes before it shuts.

Pure: told what became of each request and when. ``now`` is in milliseconds of a clock that never
jumps. A request fails when nothing of it was taken and all of it is to be tried again: no answer,
429, a 5xx. What a vendor refuses for its content says that the vendor is well.
"""

from collections import deque
from dataclasses import dataclass, field

from engine.project.policy import BreakerSpec

FEWEST = 20
"""Requests in the window before their share of failures says anything."""

LONGEST_OPEN_MS = 300_000
"""The longest that doubling makes it stay open; a longer ``open`` stays as it is."""

SLICES = 10
"""Parts of the window that are counted and forgotten as one."""


@dataclass(slots=True)
class _Slice:
    began: int
    requests: int = 0
    failures: int = 0


@dataclass(slots=True)
class Breaker:
    """Closed while ``until`` is None; open up to ``until``; then half-open: one request may go.

    ``reason`` is the failure that opened it.
    """

    spec: BreakerSpec
    until: int | None = None
    reason: str = ""
    _openings: int = 0
    _in_a_row: int = 0
    _window: deque[_Slice] = field(default_factory=deque)

    def failed(self, now: int, reason: str) -> bool:
        """A request failed; True if the breaker opens by this, for the first time or again."""
        if self.until is not None:
            # What was on its way when it opened says nothing new.
            return now >= self.until and self._open(now, reason)
        self._in_a_row += 1
        self._count(now, failures=1)
        if self._in_a_row < self.spec.failures and not self._fails_too_often():
            return False
        return self._open(now, reason)

    def worked(self, now: int) -> bool:
        """The vendor answered as one that is well; True if the breaker closes by this."""
        if self.until is not None:
            return now >= self.until and self.close()
        self._in_a_row = 0
        self._count(now, failures=0)
        return False

    def close(self) -> bool:
        """Forget all failures; True if it was not closed."""
        was_open = self.until is not None
        self.until, self.reason = None, ""
        self._openings = self._in_a_row = 0
        self._window.clear()
        return was_open

    def _open(self, now: int, reason: str) -> bool:
        longest = max(self.spec.open_ms, LONGEST_OPEN_MS)
        # The exponent is bounded only to keep the number small.
        self.until = now + min(self.spec.open_ms * 2 ** min(self._openings, 30), longest)
        self.reason = reason
        self._openings += 1
        return True

    def _count(self, now: int, failures: int) -> None:
        window = self._window
        while window and window[0].began <= now - self.spec.window_ms:
            window.popleft()
        if not window or window[-1].began <= now - self.spec.window_ms / SLICES:
            window.append(_Slice(now))
        window[-1].requests += 1
        window[-1].failures += failures

    def _fails_too_often(self) -> bool:
        requests = sum(one.requests for one in self._window)
        failures = sum(one.failures for one in self._window)
        return requests >= FEWEST and failures >= requests * self.spec.share
