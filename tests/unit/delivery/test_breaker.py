import pytest

from engine.delivery.breaker import FEWEST, LONGEST_OPEN_MS, Breaker
from engine.project.policy import BreakerSpec

SPEC = BreakerSpec(failures=3, share=0.5, window_ms=30_000, open_ms=10_000)


def opened(breaker, now=0):
    while not breaker.failed(now, "HTTP 503"):
        pass
    return breaker


def test_it_opens_after_so_many_failures_in_a_row():
    breaker = Breaker(SPEC)

    assert [breaker.failed(at, "HTTP 503") for at in range(3)] == [False, False, True]
    assert (breaker.until, breaker.reason) == (10_002, "HTTP 503")


def test_one_that_works_starts_the_row_anew():
    breaker = Breaker(SPEC)

    for at in range(2):
        breaker.failed(at, "HTTP 503")
    breaker.worked(2)

    assert [breaker.failed(at, "HTTP 503") for at in (3, 4)] == [False, False]


def test_it_opens_when_too_large_a_share_fails():
    breaker = Breaker(BreakerSpec(failures=100, share=0.5))

    opens = []
    for at in range(FEWEST // 2):
        breaker.worked(at)
        opens.append(breaker.failed(at, "HTTP 500"))

    assert opens == [*[False] * (FEWEST // 2 - 1), True]


def test_a_smaller_share_opens_nothing():
    breaker = Breaker(BreakerSpec(failures=100, share=0.8))

    for at in range(1000):
        breaker.worked(at)
        assert breaker.failed(at, "HTTP 500") is False
        assert breaker.failed(at, "HTTP 500") is False


def test_failures_of_before_the_window_are_forgotten():
    breaker = Breaker(BreakerSpec(failures=100, share=0.5, window_ms=30_000))

    for at in range(FEWEST - 1):
        breaker.failed(at, "HTTP 500")

    assert breaker.failed(31_000, "HTTP 500") is False


def test_what_was_on_its_way_when_it_opened_changes_nothing():
    breaker = opened(Breaker(SPEC))

    assert breaker.worked(5_000) is False
    assert breaker.failed(6_000, "time-out") is False
    assert (breaker.until, breaker.reason) == (10_000, "HTTP 503")


def test_a_probe_that_works_closes_it():
    breaker = opened(Breaker(SPEC))

    assert breaker.worked(10_000) is True
    assert breaker.until is None
    assert breaker.failed(10_001, "HTTP 503") is False


def test_each_probe_that_fails_doubles_the_wait_up_to_the_longest():
    breaker = opened(Breaker(SPEC))

    waits = []
    for _ in range(8):
        now = breaker.until
        assert breaker.failed(now, "HTTP 503") is True
        waits.append(breaker.until - now)

    assert waits[:4] == [20_000, 40_000, 80_000, 160_000]
    assert set(waits[4:]) == {LONGEST_OPEN_MS}


def test_an_open_that_is_longer_than_the_longest_stays_as_it_is():
    breaker = opened(Breaker(BreakerSpec(failures=1, open_ms=3_600_000)))

    breaker.failed(breaker.until, "HTTP 503")

    assert breaker.until == 2 * 3_600_000


@pytest.mark.parametrize("was_open", [True, False])
def test_closing_says_whether_it_was_open(was_open):
    breaker = opened(Breaker(SPEC)) if was_open else Breaker(SPEC)

    assert breaker.close() is was_open
