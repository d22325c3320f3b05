"""How a destination is sent to, as its file says: in what batches, how fast, how often again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """``batch:`` of a destination; ``group_by`` are dotted paths in the payload."""

    max_events: int = 1
    max_bytes: int = 1024 * 1024
    linger_ms: int = 0
    group_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitsSpec:
    """``limits:`` of a destination; ``rate_per_s`` counts requests, None is no limit.

    ``events_per_s`` counts the payloads in them.
    """

    rate_per_s: float | None = None
    concurrency: int = 4
    timeout_ms: int = 10_000
    events_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class BreakerSpec:
    """``breaker:`` of a destination: when a failing vendor is left alone, and for how long.

    It opens after so many ``failures`` in a row, or a ``share`` of them, 0 to 1, of the requests
    within ``window_ms``; at first for ``open_ms``.
    """

    failures: int = 10
    share: float = 0.8
    window_ms: int = 30_000
    open_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class RetrySpec:
    """``retry:`` of a destination."""

    max_age_ms: int
    first_ms: int = 1000
    longest_ms: int = 15 * 60 * 1000
