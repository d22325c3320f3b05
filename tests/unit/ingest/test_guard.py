"""A write key sends at its rate, no more; a large batch is late, and never refused for ever."""

import io
from dataclasses import replace
from types import SimpleNamespace

import pytest

from engine.ingest.guard import Guard
from engine.model.errors import Refused
from engine.model.event import Source
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices

SHOP = Source("shop")


class Clock:
    now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def notices():
    return Notices(make_logger(as_json=True, stream=io.StringIO()))


def a_guard(notices, clock, rate=None, own=None):
    spec = SimpleNamespace(
        server=SimpleNamespace(rate_per_s=rate),
        sources=[SimpleNamespace(name="shop", rate_per_s=own)],
    )
    return Guard(lambda: SimpleNamespace(spec=spec), notices, clock)


def admitted(guard, events=1, key="k", source=SHOP):
    """None, or for how long the client is asked to wait."""
    try:
        guard.admit(key, source, events)
    except Refused as refused:
        return refused.retry_after_s
    return None


def test_without_a_rate_everything_is_admitted(notices, clock):
    guard = a_guard(notices, clock)

    assert [admitted(guard, 10_000) for _ in range(100)] == [None] * 100


def test_a_seconds_worth_may_come_at_once_and_then_it_fills_at_its_rate(notices, clock):
    guard = a_guard(notices, clock, rate=10.0)

    assert [admitted(guard) for _ in range(11)] == [None] * 10 + [1]
    clock.now_s += 0.5
    assert [admitted(guard) for _ in range(6)] == [None] * 5 + [1]


def test_a_batch_larger_than_the_rate_is_taken_and_then_waited_for(notices, clock):
    guard = a_guard(notices, clock, rate=100.0)

    assert admitted(guard, 2500) is None
    assert admitted(guard, 1) == 24
    clock.now_s += 24.1
    assert admitted(guard, 2500) is None


def test_the_wait_that_is_told_is_between_one_second_and_five_minutes(notices, clock):
    slow = a_guard(notices, clock, rate=1 / 3600)

    assert admitted(slow, 1) is None
    assert admitted(slow, 1) == 1
    assert admitted(a_guard(notices, clock, rate=1e9), 0) is None
    assert admitted(slow, 1) == 1
    huge = a_guard(notices, clock, rate=1.0)
    assert (admitted(huge, 2500), admitted(huge, 1)) == (None, 300)


def test_each_key_has_a_bucket_of_its_own_and_a_source_its_own_rate(notices, clock):
    guard = a_guard(notices, clock, rate=1.0, own=2.0)
    other = replace(SHOP, name="blog")

    assert [admitted(guard, key="a") for _ in range(3)] == [None, None, 1]
    assert [admitted(guard, key="b") for _ in range(3)] == [None, None, 1]
    assert [admitted(guard, key="c", source=other) for _ in range(2)] == [None, 1]


def test_a_refusal_says_what_the_rate_is_and_that_nothing_was_kept(notices, clock):
    guard = a_guard(notices, clock, rate=0.5)
    guard.admit("k", SHOP, 1)

    with pytest.raises(Refused, match="may send 30 events a minute; nothing was kept") as caught:
        guard.admit("k", SHOP, 1)

    assert (caught.value.status, caught.value.code) == (429, "rate_limited")


def test_an_empty_batch_counts_as_one(notices, clock):
    guard = a_guard(notices, clock, rate=1.0)

    assert (admitted(guard, 0), admitted(guard, 0)) == (None, 1)


def test_what_is_over_the_rate_is_counted(notices, clock):
    guard = a_guard(notices, clock, rate=1.0)

    admitted(guard, 5)
    admitted(guard, 7)

    assert b'encamina_rate_limited_events_total{source="shop"} 7.0' in notices.metrics()
