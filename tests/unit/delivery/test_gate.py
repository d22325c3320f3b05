import pytest
import trio
import trio.testing

from engine.delivery.gate import PROBE_EVERY_MS, Gate
from engine.model.clock import Millis

pytestmark = pytest.mark.trio


def trio_clock():
    return Millis(round(trio.current_time() * 1000))


async def test_an_open_gate_lets_through_at_once(autojump_clock):
    gate = Gate(trio_clock)

    assert await gate.passage() is False


async def test_a_closed_gate_lets_a_probe_through_every_ten_minutes(autojump_clock):
    gate = Gate(trio_clock)
    began = trio.current_time()

    gate.close("the token is revoked")

    assert await gate.passage() is True
    assert await gate.passage() is True
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

    assert passages == [False]


async def test_only_the_first_close_and_open_say_so(autojump_clock):
    gate = Gate(trio_clock)

    assert [gate.close("a"), gate.close("b"), gate.open(), gate.open()] == [
        True,
        False,
        True,
        False,
    ]
