"""Retention removes what is finished and old, and nothing that could still be sent."""

import io
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import trio

from engine.ingest.disk import Disk
from engine.log.interface import Log
from engine.log.open import DAY_MS, LogSettings, open_log
from engine.model.clock import Millis
from engine.model.delivery import Delivery, DeliveryKey
from engine.model.delivery import State as Ends
from engine.model.event import Event
from engine.model.window import Change, Window
from engine.project.spec import KeepSpec
from engine.server.tidy import Tidy
from engine.sqlite.database import Databases
from engine.sqlite.size import Usage
from engine.state.interface import DeliveryFilter, State
from engine.state.open import open_state
from engine.telemetry.disk import DiskNotices
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.releases import a_release

pytestmark = pytest.mark.trio

NOW = Millis(1_790_000_000_000)
ROOMY = Usage(0, 0, 2**40)


@dataclass
class Clock:
    at: Millis = NOW

    def __call__(self):
        return self.at

    def pass_days(self, days):
        self.at = Millis(self.at + round(days * DAY_MS))


@dataclass
class Kept:
    """A data folder, what tidies it, and what it says."""

    log: Log
    state: State
    files: Databases
    tidy: Tidy
    clock: Clock
    said: io.StringIO

    async def append(self, count, days_ago=0.0, body=None):
        at = Millis(self.clock() - round(days_ago * DAY_MS))
        start = await self.log.last_position()
        events = [
            Event("shop", f"m{start + n}", "track", "Lead", at, at, body or {"n": n})
            for n in range(count)
        ]
        await self.log.append(events)

    async def finish(self, group="hook", most=100_000):
        while most > 0 and await self.log.backlog(group):
            entries = await self.log.read(group, min(most, 500))
            await self.log.acknowledge(group, [one.position for one in entries])
            most -= len(entries)

    async def positions(self):
        return [one.position for one in await self.log.read_range(0, 1_000_000)]


@pytest.fixture
async def kept(tmp_path) -> AsyncIterator[Kept]:
    release = a_release(tmp_path / "project")
    clock, said = Clock(), io.StringIO()
    (tmp_path / "data").mkdir()
    async with Databases(tmp_path / "data") as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(clock, DAY_MS))
        state = await open_state("sqlite:kept.db", files)
        await log.create_group("hook")
        notices = DiskNotices(Notices(make_logger(as_json=True, stream=said)))
        disk = Disk(release.spec.keep, files.usage, notices)
        tidy = Tidy(release, log, state, files, disk, notices, clock)
        yield Kept(log, state, files, tidy, clock, said)


def with_keep(tidy, **keep):
    spec = replace(tidy.release.spec, keep=KeepSpec(**keep))
    tidy.release = replace(tidy.release, spec=spec)


def a_delivery(position, state=Ends.DELIVERED, at=NOW, destination="hook"):
    return Delivery(
        key=DeliveryKey(position, destination, "order"),
        message_id=f"m{position}",
        event="Lead",
        state=state,
        reason="",
        attempts=1,
        at=at,
        due_at=at,
        release="r",
        event_at=at,
        payload=b"{}" if state is Ends.RETRYING else None,
        next_at=at if state is Ends.RETRYING else None,
    )


async def test_an_event_goes_when_it_is_old_and_every_destination_has_finished_with_it(kept):
    await kept.append(3, days_ago=31)
    await kept.append(2)
    await kept.finish()

    await kept.tidy.round()

    assert await kept.positions() == [4, 5]
    assert '"count": 3' in kept.said.getvalue()


async def test_an_old_event_stays_while_a_destination_has_not_finished_with_it(kept):
    await kept.append(5, days_ago=31)
    await kept.finish(most=2)
    await kept.log.read("hook", 1)
    await kept.log.retry("hook", [3], Millis(NOW + 1000))
    await kept.append(1)

    await kept.tidy.round()

    assert await kept.positions() == [3, 4, 5, 6]


async def test_where_no_finished_event_is_left_the_oldest_records_make_room(kept):
    records = [a_delivery(number, at=Millis(NOW - 90_000_000 + number)) for number in range(20_000)]
    await kept.state.record([*records, a_delivery(20_001, Ends.RETRYING)])
    full = (await kept.files.usage()).used_bytes
    with_keep(kept.tidy, most_bytes=full)

    await kept.tidy.round()

    assert (await kept.files.usage()).used_bytes < 0.9 * full
    counts = (await kept.state.delivery_counts())["hook"]
    assert 0 < counts[Ends.DELIVERED] < 20_000
    assert counts[Ends.RETRYING] == 1
    assert '"what": "records"' in kept.said.getvalue()


async def test_near_the_limit_the_oldest_finished_events_go_before_their_time(kept):
    await kept.append(4000, body={"text": "x" * 1000})
    await kept.finish(most=3000)
    full = (await kept.files.usage()).used_bytes
    with_keep(kept.tidy, most_bytes=full)

    await kept.tidy.round()

    left = await kept.positions()
    assert 0.7 * full < (await kept.files.usage()).used_bytes < 0.9 * full
    assert left[-1] == 4000
    assert 1 < left[0] <= 3001


async def test_what_is_not_finished_stays_however_short_room_is(kept):
    await kept.append(1000, body={"text": "x" * 1000})
    await kept.finish(most=100)
    with_keep(kept.tidy, most_bytes=1000)

    await kept.tidy.round()

    assert await kept.positions() == list(range(101, 1001))


async def test_what_was_removed_goes_back_to_the_disk_where_it_is_scarce(kept):
    await kept.append(4000, body={"text": "x" * 1000})
    await kept.finish()
    with_keep(kept.tidy, most_bytes=1000, free_bytes=2**40)

    await kept.tidy.round()

    assert (await kept.files.usage()).idle_bytes == 0


async def test_a_destination_that_left_the_project_holds_the_log_for_a_day(kept):
    await kept.log.create_group("gone")
    await kept.append(3)
    await kept.finish()
    await kept.log.retry("gone", [one.position for one in await kept.log.read("gone", 1)], NOW)
    await kept.state.record([a_delivery(1, Ends.RETRYING, destination="gone")])

    await kept.tidy.round()
    kept.clock.pass_days(0.9)
    await kept.tidy.round()
    held = await kept.log.groups()
    kept.clock.pass_days(0.2)
    await kept.tidy.round()

    assert held == ["hook", "gone"]
    assert await kept.log.groups() == ["hook"]
    (ended,) = await kept.state.deliveries(DeliveryFilter(destination="gone"), limit=9)
    assert (ended.state, ended.reason) == (Ends.SKIPPED, "the destination left the project")
    assert "destination dropped" in kept.said.getvalue()


async def test_of_a_derived_file_that_left_the_project_nothing_stays(kept):
    group = "derived:gone"
    await kept.log.create_group(group)
    window = Window(-1, {"n": 1}, touched_at=Millis(NOW))
    await kept.state.windows.write("gone", Change(1, [window], keys={"k": -1}))
    for setting in ("derived-form:gone", "derived-clock:gone"):
        await kept.state.set_setting(setting, "x")

    await kept.tidy.round()
    kept.clock.pass_days(1.1)
    await kept.tidy.round()

    assert group not in await kept.log.groups()
    assert (await kept.state.windows.standing("gone")).windows == 0
    assert await kept.state.settings("derived") == {}


async def test_a_destination_that_comes_back_within_the_day_goes_on_where_it_stood(kept):
    without = replace(kept.tidy.release, destinations=())
    with_it = kept.tidy.release
    await kept.append(3)

    kept.tidy.release = without
    await kept.tidy.round()
    kept.clock.pass_days(0.5)
    kept.tidy.release = with_it
    await kept.tidy.round()
    kept.clock.pass_days(0.6)
    kept.tidy.release = without
    await kept.tidy.round()

    assert await kept.log.groups() == ["hook"]
    assert await kept.log.backlog("hook") == 3


async def test_records_older_than_the_audit_go_and_what_is_on_its_way_stays(kept):
    old = Millis(NOW - 3 * 365 * DAY_MS)
    await kept.append(3)
    await kept.state.record(
        [a_delivery(1, at=old), a_delivery(2, Ends.RETRYING, at=old), a_delivery(3)]
    )

    await kept.tidy.round()

    left = await kept.state.deliveries(DeliveryFilter(), limit=9)
    assert [one.key.position for one in left] == [2, 3]


async def test_after_the_clock_jumped_ahead_nothing_is_removed_by_age(kept):
    await kept.append(3)
    await kept.finish()
    await kept.tidy.round()

    kept.clock.pass_days(400)
    await kept.tidy.round()
    await kept.tidy.round()

    assert await kept.positions() == [1, 2, 3]
    assert "the clock jumped" in kept.said.getvalue()


async def test_a_clock_that_is_set_back_removes_nothing(kept):
    await kept.append(3)
    await kept.finish()
    await kept.tidy.round()

    kept.clock.pass_days(-400)
    await kept.tidy.round()

    assert await kept.positions() == [1, 2, 3]


@pytest.mark.slow
async def test_trimming_a_hundred_thousand_events_stalls_no_append(kept, capsys):
    body = {"text": "x" * 400}
    for _ in range(100):
        await kept.append(1000, days_ago=31, body=body)
    await kept.finish()
    await kept.append(1)
    waits, trimming = [], True

    async def ingest():
        while trimming:
            began = time.perf_counter()
            await kept.append(1, body=body)
            waits.append(time.perf_counter() - began)
            await trio.sleep(0.005)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ingest)
        await kept.tidy.round()
        trimming = False

    p99 = statistics.quantiles(waits, n=100)[-1]
    with capsys.disabled():
        print(f"\n{len(waits)} appends while 100,000 events go: p99 {p99 * 1000:.0f} ms")
    assert min(await kept.positions()) == 100_001
    assert p99 < 0.25
