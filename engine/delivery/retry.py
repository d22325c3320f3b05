"""When a delivery is tried again: exponential backoff with full jitter, and what vendors ask."""

from engine.model.clock import Millis
from engine.project.policy import RetrySpec

LONGEST_ASKED_MS = 24 * 3_600_000
"""The longest wait that a vendor's Retry-After is believed."""

DOUBLINGS = 40
"""After so many doublings every backoff stands at its longest; keeps the number small."""


def retry_at(
    attempts: int, now: Millis, retry: RetrySpec, asked_ms: int | None, jitter: float
) -> Millis:
    """The moment of the next attempt after ``attempts`` of them; ``jitter`` is in [0, 1).

    The wait is random up to ``first`` doubled with each attempt, at most ``longest``, and never
    shorter than what the vendor asked for.
    """
    doubled = retry.first_ms * 2 ** min(max(attempts - 1, 0), DOUBLINGS)
    wait_ms = round(min(doubled, retry.longest_ms) * jitter)
    return Millis(now + max(wait_ms, min(asked_ms or 0, LONGEST_ASKED_MS), 1))
