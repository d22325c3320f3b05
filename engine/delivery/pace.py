"""Pace: how many requests, and how many events in them, a destination may begin in a second."""

from dataclasses import dataclass, field

import trio

BURST_S = 0.1
"""A rate saved up while nothing was sent is good for a tenth of a second at once, or one request.

So no second sees more than the rate and a tenth of it, however a vendor cuts its seconds.
"""


@dataclass(slots=True)
class _Bucket:
    """Tokens that come at a rate; kept as the moment at which the bucket is empty no more.

    What is larger than the bucket goes out on credit: the next waits until it is paid.
    """

    rate_per_s: float
    _paid_at_s: float = float("-inf")

    def take(self, tokens: int, now_s: float) -> float:
        """When so many may go. Whoever asks first goes first."""
        saved_s = max(0.0, BURST_S - 1 / self.rate_per_s)
        begins_s = max(self._paid_at_s, now_s - saved_s)
        self._paid_at_s = begins_s + tokens / self.rate_per_s
        return max(begins_s, now_s)


@dataclass(slots=True)
class Pace:
    """Spaces requests by rate; None lets everything through."""

    rate_per_s: float | None
    events_per_s: float | None = None
    _requests: _Bucket | None = field(init=False)
    _events: _Bucket | None = field(init=False)

    def __post_init__(self) -> None:
        self._requests = _bucket(self.rate_per_s)
        self._events = _bucket(self.events_per_s)

    async def wait(self, events: int = 1) -> None:
        """Return when the next request, with so many events, may begin."""
        if self._requests is not None or self._events is not None:
            await trio.sleep_until(self.take(events))

    def take(self, events: int = 1) -> float:
        """The moment at which that request may begin, by trio's clock; its place is taken."""
        now_s = begins_s = trio.current_time()
        if self._requests is not None:
            begins_s = max(begins_s, self._requests.take(1, now_s))
        if self._events is not None:
            begins_s = max(begins_s, self._events.take(events, now_s))
        return begins_s


def _bucket(rate_per_s: float | None) -> _Bucket | None:
    return None if rate_per_s is None else _Bucket(rate_per_s)
