import pytest
import trio
import trio.testing

from engine.delivery.breaker import Breaker
from engine.delivery.gate import LOOK_EVERY_MS, PROBE_EVERY_MS, Gate, Passage
from engine.delivery.retry import LONGEST_ASKED_MS
from engine.model.clock import Millis
from engine.project.policy import BreakerSpec

pytestmark = pytest.mark.trio


def trio_clock():
    return Millis(round(trio.current_time() * 1000))


async def test_an_open_gate_lets_through_at_once(autojump_clock):
    gate = Gate(trio_clock)

    assert await gate.passage() is Passage.GO
    assert not gate.is_shut()
    assert gate.standing().state == "running"


async def test_a_closed_gate_lets_a_probe_through_every_ten_minutes(autojump_clock):
    gate = Gate(trio_clock)
    began = trio.current_time()

    gate.close("the token is revoked")

    assert await gate.passage() is Passage.PROBE
    assert await gate.passage() is Passage.PROBE
    assert trio.current_time() - began == pytest.approx(2 * PROBE_EVERY_MS / 1000)


async def test_opening_lets_those_who_wait_through(autojump_clock):
    gate = Gate(trio_clock)
    gate.close("the token is revoked")
    passages = []

    async with trio.open_nursery() as nursery:

        async def wait():
            passages.append(await gate.passage())

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert gate.open() is True

    assert passages == [Passage.GO]


async def test_only_the_first_close_and_open_say_so(autojump_clock):
    gate = Gate(trio_clock)

    assert [gate.close("a"), gate.close("b"), gate.open(), gate.open()] == [
        True,
        False,
        True,
        False,
    ]


async def test_a_pause_by_hand_is_never_probed_and_no_answer_ends_it(autojump_clock):
    gate = Gate(trio_clock)
    gate.close("we move to another account", by_hand=True)

    gate.close("the token is revoked")
    ended = gate.taken()

    assert ended is False
    assert await gate.passage() is Passage.LOOK
    assert gate.is_shut(probe=True)
    assert gate.standing().reason == "we move to another account"
    assert gate.standing().until is None


async def test_a_pause_by_hand_is_looked_into_every_minute(autojump_clock):
    gate = Gate(trio_clock)
    gate.close("the token is revoked")
    gate.close("we move to another account", by_hand=True)
    began = trio.current_time()

    passages = [await gate.passage() for _ in range(3)]

    assert passages == [Passage.LOOK] * 3
    assert trio.current_time() - began == pytest.approx(3 * LOOK_EVERY_MS / 1000)
    assert LOOK_EVERY_MS <= 60_000


async def test_a_pause_by_hand_over_one_that_was_found_stays(autojump_clock):
    gate = Gate(trio_clock)

    gate.close("the token is revoked")
    gate.close("by hand", by_hand=True)

    assert (gate.taken(), gate.reason) == (False, "by hand")


async def test_what_a_vendor_takes_ends_a_pause_that_an_answer_made(autojump_clock):
    gate = Gate(trio_clock)
    gate.close("the token is revoked")

    assert [gate.taken(), gate.taken()] == [True, False]
    assert await gate.passage() is Passage.GO


async def test_a_slowed_gate_lets_nobody_through_before_its_time(autojump_clock):
    gate = Gate(trio_clock)

    assert [gate.slow(30_000, "HTTP 429"), gate.slow(20_000, "HTTP 429")] == [True, False]

    assert gate.is_shut(probe=True)
    assert gate.standing().state == "slowed"
    assert gate.standing().until == trio_clock() + 30_000
    began = trio.current_time()
    assert await gate.passage() is Passage.GO
    assert trio.current_time() - began == pytest.approx(30)


async def test_a_long_wait_is_looked_into_and_ends_after_a_day(autojump_clock):
    gate = Gate(trio_clock)
    gate.slow(10**12, "HTTP 429")
    began = trio.current_time()

    passages = [await gate.passage()]
    while passages[-1] is not Passage.GO:
        passages.append(await gate.passage())

    assert set(passages[:-1]) == {Passage.LOOK}
    assert trio.current_time() - began == pytest.approx(LONGEST_ASKED_MS / 1000)


async def test_an_open_breaker_shuts_the_gate_until_a_probe_works(autojump_clock):
    gate = Gate(trio_clock, Breaker(BreakerSpec(failures=2, open_ms=10_000)))

    assert [gate.failed("HTTP 503"), gate.failed("HTTP 503")] == [False, True]
    assert (gate.standing().state, gate.standing().until) == ("open", trio_clock() + 10_000)
    assert await gate.passage() is Passage.PROBE
    assert gate.standing().state == "half-open"
    assert (gate.is_shut(), gate.is_shut(probe=True)) == (True, False)
    assert gate.worked() is True
    assert await gate.passage() is Passage.GO
    assert gate.standing().state == "running"


async def test_a_clock_that_is_set_back_shuts_the_gate_no_longer(autojump_clock):
    back_ms = 0
    gate = Gate(lambda: Millis(trio_clock() - back_ms))
    gate.close("the token is revoked")

    back_ms = 86_400_000
    began = trio.current_time()

    assert await gate.passage() is Passage.PROBE
    assert trio.current_time() - began == pytest.approx(PROBE_EVERY_MS / 1000)
