"""Replays that are stopped: nothing of them waits for ever."""

from dataclasses import replace

import pytest
import trio

from engine.delivery.replays import Replays
from engine.model.clock import system_clock
from engine.model.delivery import State
from engine.model.replay import ReplayState
from engine.state.interface import DeliveryFilter
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.consuming import a_consumer_s_world
from tests.support.releases import a_release
from tests.unit.delivery.test_replaying import STEADY, asked, delivered, replaying, until

pytestmark = pytest.mark.trio


@pytest.fixture
async def running(tmp_path):
    async with a_consumer_s_world(tmp_path) as world:
        yield world


@pytest.fixture
def one_by_one(tmp_path):
    text = STEADY.replace("max_events: 10", "max_events: 1")
    return a_release(tmp_path / "steady", {"destinations/hook.yaml": text})


async def of_replay(running, number=1):
    found = await running.state.deliveries(DeliveryFilter(replay=number), limit=100)
    return sorted(one.state for one in found)


async def all_settled(running, number=1):
    with trio.fail_after(5):
        while await running.state.count_open(number):  # noqa: ASYNC110 - it has no event
            await trio.sleep(0.02)
    return await of_replay(running, number)


@pytest.mark.slow
async def test_a_slow_replay_that_is_stopped_lets_go_of_the_rest_at_once(running, one_by_one):
    await delivered(running, one_by_one, "ana", count=3)
    async with running.consuming(one_by_one) as consumer:
        replay = await asked(running, again=True, rate_per_s=0.02)
        async with replaying(running, one_by_one, consumer, replay):
            await until(lambda: len(running.vendor.got) == 1)
            [stored] = await running.state.replays()
            stopped = replace(stored, state=ReplayState.STOPPED, reason="stopped by hand")
            await running.state.set_replay(stopped)

            assert await all_settled(running) == [State.DELIVERED, State.SKIPPED, State.SKIPPED]


async def left_open(running, release, state):
    """A replay in that state whose three deliveries wait, as a kill leaves it."""
    await delivered(running, release, "ana", count=3)
    replay = await asked(running, again=True)
    await running.state.set_replay(replace(replay, state=state, reason="stopped by hand"))
    live = await running.state.deliveries(DeliveryFilter(), limit=100)
    await running.state.record(
        [
            replace(
                one,
                key=replace(one.key, replay=replay.number),
                state=State.WAITING,
                payload=b'{"id":"ana"}',
                next_at=system_clock(),
            )
            for one in live
        ]
    )
    assert await running.state.count_open(1) == 3


def replays_of(running, made):
    notices = Notices(make_logger(as_json=True, stream=running.said))
    return Replays(running.state, notices, made.append)


async def test_a_stopped_replay_that_a_kill_left_open_is_let_go_of_at_start(running, one_by_one):
    await left_open(running, one_by_one, ReplayState.STOPPED)
    made = []
    replays = replays_of(running, made)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(replays.run)
        states = await all_settled(running)
        replays.stop()

    assert states == [State.SKIPPED] * 3
    assert made == []


async def test_a_replay_without_a_destination_is_let_go_of_when_it_is_stopped(running, one_by_one):
    await left_open(running, one_by_one, ReplayState.RUNNING)
    made = []
    replays = replays_of(running, made)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(replays.run)
        await until(lambda: made)
        [stored] = await running.state.replays()
        assert await running.state.count_open(1) == 3
        await running.state.set_replay(replace(stored, state=ReplayState.STOPPED))
        replays.look()
        states = await all_settled(running)
        replays.stop()

    assert states == [State.SKIPPED] * 3
