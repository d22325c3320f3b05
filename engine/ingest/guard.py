"""How many events each write key may send: a bucket of tokens that fills at its rate."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import trio

from engine.model.errors import Refused
from engine.model.event import Source
from engine.release.release import Release
from engine.telemetry.notices import Notices

LONGEST_WAIT_S = 300
"""Longest wait that a client is told: released SDKs give up on more."""


@dataclass(slots=True)
class Bucket:
    """``tokens`` at ``at_s`` of the monotonic clock; below none after a large batch."""

    tokens: float
    at_s: float


class Guard:
    """Refuses the requests of a write key that sends more than its rate.

    A second's worth may come at once. A batch is taken whole if anything is left: its size is then
    waited for, so that a batch larger than the rate is late, and not refused for ever.
    """

    def __init__(
        self,
        release: Callable[[], Release],
        notices: Notices,
        monotonic_s: Callable[[], float] = trio.current_time,
    ) -> None:
        self._release = release
        self._notices = notices
        self._now_s = monotonic_s
        self._buckets: dict[str, Bucket] = {}

    def admit(self, key: str, source: Source, events: int) -> None:
        """Count the events of a request; raises ``Refused`` (429) where the key is over its rate.

        ``key`` is a known one: only those have a bucket.
        """
        rate_per_s = self._rate_of(source)
        if rate_per_s is None:
            return
        bucket = self._filled(key, rate_per_s)
        if bucket.tokens > 0:
            bucket.tokens -= max(events, 1)
            return
        self._notices.limited(source.name, events)
        wait_s = min(max(ceil(-bucket.tokens / rate_per_s), 1), LONGEST_WAIT_S)
        message = f"this write key may send {_words(rate_per_s)}; nothing was kept, send it again"
        raise Refused(429, "rate_limited", message, retry_after_s=wait_s)

    def _rate_of(self, source: Source) -> float | None:
        spec = self._release().spec
        own = next((one.rate_per_s for one in spec.sources if one.name == source.name), None)
        return spec.server.rate_per_s if own is None else own

    def _filled(self, key: str, rate_per_s: float) -> Bucket:
        now_s, most = self._now_s(), max(rate_per_s, 1.0)
        bucket = self._buckets.setdefault(key, Bucket(most, now_s))
        bucket.tokens = min(bucket.tokens + (now_s - bucket.at_s) * rate_per_s, most)
        bucket.at_s = now_s
        return bucket


def _words(rate_per_s: float) -> str:
    for seconds, unit in ((1, "second"), (60, "minute"), (3_600, "hour")):
        if rate_per_s * seconds >= 1:
            return f"{rate_per_s * seconds:,.10g} events a {unit}"
    return f"{rate_per_s * 86_400:,.10g} events a day"
