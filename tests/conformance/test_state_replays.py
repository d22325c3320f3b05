"""What every engine of the state promises of replays."""

from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.model.delivery import DeliveryKey, State
from engine.model.replay import TALLIED, Replay, ReplayState
from tests.conformance.test_state import a_delivery

pytestmark = pytest.mark.trio

ASKED = Replay(
    "meta",
    after=3,
    until=90,
    asked_at=Millis(5_000),
    since=Millis(1_000),
    event="Order *",
    again=True,
    rate_per_s=12.5,
    reached=3,
)


def of_replay(number, position, **changed):
    """A delivery of a replay, of live traffic where the number is 0."""
    made = a_delivery(position, **{"state": State.WAITING, "payload": b"{}", **changed})
    return replace(made, key=DeliveryKey(position, "meta", "purchase", 0, number))


async def test_a_replay_gets_a_number_of_its_own_and_comes_back_whole(engine):
    async with engine.state() as state:
        first = await state.add_replay(ASKED)
        second = await state.add_replay(replace(ASKED, before=Millis(2_000), event=None))
    async with engine.state() as state:
        assert await state.replays() == [first, second]
    assert first == replace(ASKED, number=first.number)
    assert second.number > first.number > 0


async def test_how_far_it_is_is_written_over(engine):
    async with engine.state() as state:
        kept = await state.add_replay(ASKED)
        further = replace(kept.plus(dict.fromkeys(TALLIED, 2)), reached=40)
        await state.set_replay(further)

        assert await state.replays() == [further]


async def test_one_that_was_stopped_stays_stopped(engine):
    async with engine.state() as state:
        kept = await state.add_replay(ASKED)
        stopped = replace(kept, state=ReplayState.STOPPED, reason="stopped by hand")
        await state.set_replay(stopped)
        await state.set_replay(replace(kept, reached=50))

        assert await state.replays() == [stopped]


async def test_one_that_has_ended_runs_once_more_and_reads_no_further(engine):
    async with engine.state() as state:
        kept = await state.add_replay(ASKED)
        running = await state.add_replay(ASKED)
        stopped = replace(kept, state=ReplayState.STOPPED, reason="stopped by hand", reached=40)
        await state.set_replay(stopped)
        for one in (kept, kept, running):
            await state.reopen_replay(one.number)

        assert await state.replays() == [
            replace(stopped, state=ReplayState.RUNNING, until=40),
            running,
        ]


async def test_its_open_deliveries_are_its_own_and_those_due_are_told(engine):
    now = of_replay(1, 4)
    later = of_replay(1, 5, state=State.RETRYING, next_at=Millis(9_000))
    live, other, settled = of_replay(0, 4), of_replay(2, 4), of_replay(1, 6, state=State.DEAD)

    async with engine.state() as state:
        await state.record([now, later, live, other, settled])

        assert await state.open_deliveries(1, limit=9, due_by=Millis(8_000)) == [now]
        assert await state.open_deliveries(1, limit=9) == [now, later]
        assert await state.open_deliveries(1, limit=1) == [now]
        assert await state.count_open(1) == 2
        assert await state.count_open(3) == 0
