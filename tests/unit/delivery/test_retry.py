import pytest

from engine.delivery.retry import LONGEST_ASKED_MS, retry_at
from engine.model.clock import Millis
from engine.project.policy import RetrySpec

NOW = Millis(1_000_000)
RETRY = RetrySpec(max_age_ms=604_800_000, first_ms=1000, longest_ms=900_000)


@pytest.mark.parametrize(
    ("attempts", "longest_wait_ms"),
    [(1, 1000), (2, 2000), (3, 4000), (11, 900_000), (500, 900_000)],
)
def test_the_wait_doubles_up_to_the_longest(attempts, longest_wait_ms):
    assert retry_at(attempts, NOW, RETRY, None, jitter=1.0) == NOW + longest_wait_ms
    assert retry_at(attempts, NOW, RETRY, None, jitter=0.5) == NOW + longest_wait_ms // 2


def test_the_vendor_s_wait_is_the_shortest():
    assert retry_at(1, NOW, RETRY, 30_000, jitter=0.5) == NOW + 30_000
    assert retry_at(11, NOW, RETRY, 30_000, jitter=1.0) == NOW + 900_000


def test_no_vendor_can_ask_for_more_than_a_day():
    assert retry_at(1, NOW, RETRY, 10**12, jitter=0.0) == NOW + LONGEST_ASKED_MS


def test_a_retry_is_never_at_once():
    assert retry_at(1, NOW, RETRY, None, jitter=0.0) > NOW
