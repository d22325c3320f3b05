"""The wall clock jumps, ahead and back: no event is lost, nothing waits for ever, nothing spins."""

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import trio

from engine.delivery.supervise import Delivery
from engine.ingest.accept import Ingest, accept
from engine.log.open import DAY_MS, LogSettings, open_log
from engine.model.clock import Millis, system_clock, to_iso
from engine.model.delivery import Answer
from engine.model.delivery import State as Ends
from engine.model.event import Inbound, Source
from engine.model.verdict import verdict_name
from engine.sqlite.database import Databases
from engine.state.interface import DeliveryFilter
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.consuming import OK, Vendor
from tests.support.events import an_event
from tests.support.releases import FILES, a_release

pytestmark = pytest.mark.trio

SLOW = FILES["destinations/hook.yaml"] + "retry: { first: 300ms, longest: 300ms }\n"
REFUSED = Answer(503, {}, {})


@dataclass
class JumpingClock:
    """The machine's clock, set by hand to another time."""

    ahead_ms: int = 0

    def __call__(self):
        return Millis(system_clock() + self.ahead_ms)


@dataclass
class World:
    clock: JumpingClock
    ingest: Ingest
    state: object
    vendor: Vendor

    async def send(self, *ids):
        now = self.clock()
        bodies = [an_event(messageId=one, timestamp=to_iso(now)) for one in ids]
        verdicts = await accept(self.ingest, [Inbound(Source("shop"), one, now) for one in bodies])
        return [verdict_name(one) for one in verdicts]

    async def states(self):
        found = await self.state.deliveries(DeliveryFilter(), limit=1000)
        return {one.message_id: one.state for one in found}

    async def reach(self, state, *ids):
        with trio.fail_after(5):
            while True:
                states = await self.states()
                if all(states.get(one) is state for one in ids):
                    return
                await trio.sleep(0.02)


@asynccontextmanager
async def a_world(folder):
    release = a_release(folder / "project", {"destinations/hook.yaml": SLOW})
    (folder / "data").mkdir()
    clock, vendor = JumpingClock(), Vendor()
    notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
    async with Databases(folder / "data") as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(clock, DAY_MS))
        state = await open_state("sqlite:kept.db", files)
        ingest = Ingest(lambda: release, log, state, notices)
        delivery = Delivery(release, log, state, vendor, notices, clock)
        await delivery.create_groups()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(delivery.run)
            yield World(clock, ingest, state, vendor)
            delivery.stop()


@pytest.mark.slow
@pytest.mark.parametrize("days", [-400, -1, -0.01, 0.01, 1, 400])
async def test_events_go_on_their_way_after_a_jump(tmp_path, days):
    async with a_world(tmp_path) as world:
        await world.send("before")
        await world.reach(Ends.DELIVERED, "before")

        world.clock.ahead_ms = round(days * DAY_MS)
        verdicts = await world.send("after")
        await world.reach(Ends.DELIVERED, "after")

        assert verdicts == ["accepted"]
        assert sorted(world.vendor.ids()) == ["after", "before"]


@pytest.mark.slow
async def test_what_waits_for_a_retry_comes_in_its_time_though_the_clock_is_set_back(tmp_path):
    async with a_world(tmp_path) as world:
        world.vendor.answers = lambda items: REFUSED
        await world.send("waits")
        await world.reach(Ends.RETRYING, "waits")

        world.clock.ahead_ms = -10 * DAY_MS
        world.vendor.answers = lambda items: OK
        await world.reach(Ends.DELIVERED, "waits")


@pytest.mark.slow
async def test_after_the_clock_was_set_back_nothing_is_tried_again_and_again(tmp_path):
    async with a_world(tmp_path) as world:
        world.vendor.answers = lambda items: REFUSED
        await world.send("one")
        await world.reach(Ends.RETRYING, "one")

        world.clock.ahead_ms = -10 * DAY_MS
        tried = len(world.vendor.got)
        await trio.sleep(2)

        # Waits of 0 to 300 ms, 150 ms as a rule: some 13, and no thousand.
        assert len(world.vendor.got) - tried < 60


@pytest.mark.slow
async def test_what_a_jump_ahead_made_too_old_is_a_dead_letter_and_not_lost(tmp_path):
    async with a_world(tmp_path) as world:
        world.vendor.answers = lambda items: REFUSED
        await world.send("waits")
        await world.reach(Ends.RETRYING, "waits")

        world.clock.ahead_ms = 30 * DAY_MS
        await world.reach(Ends.DEAD, "waits")

        (letter,) = await world.state.deliveries(DeliveryFilter(), limit=9)
        assert letter.reason


@pytest.mark.slow
@pytest.mark.parametrize("days", [-10, -0.5, 0, 0.5])
async def test_a_repeat_is_still_a_duplicate_after_a_jump_within_the_window(tmp_path, days):
    async with a_world(tmp_path) as world:
        await world.send("once")

        world.clock.ahead_ms = round(days * DAY_MS)

        assert await world.send("once") == ["duplicate"]
