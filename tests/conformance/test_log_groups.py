"""What every engine of the log promises to those who read it."""

import pytest
import trio
import trio.testing

from engine.model.clock import Millis
from engine.model.errors import StorageError
from tests.support.logs import filled, nothing_comes, positions

pytestmark = pytest.mark.trio


async def test_a_new_group_starts_at_the_end_of_the_log(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 2)
        await log.create_group("meta")
        await log.append([an_event("next")])

        assert positions(await log.read("meta", 10)) == [3]


async def test_creating_a_group_that_is_there_moves_nothing(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
    async with engine.log() as log:
        await log.create_group("meta")

        assert positions(await log.read("meta", 10)) == [1, 2]


async def test_an_unknown_group_is_an_error_that_names_it(engine):
    async with engine.log() as log:
        for ask in (log.read("meta", 1), log.backlog("meta"), log.acknowledge("meta", [1])):
            with pytest.raises(StorageError, match="'meta'"):
                await ask


async def test_a_group_is_handed_each_entry_once_in_order_and_within_the_limit(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 5, "meta")

        handed = [await log.read("meta", 2) for _ in range(3)]

        assert [positions(entries) for entries in handed] == [[1, 2], [3, 4], [5]]
        flags = [(one.redelivered, one.put_off) for entries in handed for one in entries]
        assert not any(map(any, flags))
        assert await nothing_comes(log, "meta")


async def test_readers_of_one_group_share_its_entries(engine, an_event):
    handed = []

    async def read():
        handed.extend(positions(await log.read("meta", 2)))

    async with engine.log() as log:
        await filled(log, an_event, 6, "meta")
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(read)

        assert sorted(handed) == [1, 2, 3, 4, 5, 6]


async def test_groups_read_the_same_entries_at_their_own_pace(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 3, "meta", "ga4")

        fast = await log.read("meta", 10)
        slow = await log.read("ga4", 1)

        assert (positions(fast), positions(slow)) == ([1, 2, 3], [1])
        assert (await log.backlog("meta"), await log.backlog("ga4")) == (0, 2)


async def test_readers_of_one_group_that_wait_all_get_something(engine, an_event):
    handed = []

    async def read():
        handed.extend(positions(await log.read("meta", 1)))

    async with engine.log() as log:
        await filled(log, an_event, 0, "meta")
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(read)
                await trio.testing.wait_all_tasks_blocked()
                await log.append([an_event("a"), an_event("b"), an_event("c")])

        assert sorted(handed) == [1, 2, 3]


async def test_read_waits_until_something_is_appended(engine, an_event):
    handed = []

    async def read(group):
        handed.append((group, positions(await log.read(group, 10))))

    async with engine.log() as log:
        await filled(log, an_event, 0, "meta", "ga4")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read, "meta")
            nursery.start_soon(read, "ga4")
            await trio.testing.wait_all_tasks_blocked()
            await log.append([an_event("a")])

        assert sorted(handed) == [("ga4", [1]), ("meta", [1])]


async def test_a_read_that_was_cancelled_has_lost_nothing(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 3, "meta")
        with trio.CancelScope() as scope:
            scope.cancel()
            await log.read("meta", 10)

        assert positions(await log.read("meta", 10)) == [1, 2, 3]


async def test_after_a_crash_what_was_not_finished_is_handed_out_again_and_says_so(
    engine, an_event
):
    async with engine.log() as log:
        await filled(log, an_event, 4, "meta")
        await log.read("meta", 10)
        await log.acknowledge("meta", [1, 2])
        crashed = engine.after_a_crash()

    async with crashed.log() as log:
        again = await log.read("meta", 10)
        await log.append([an_event("new")])
        new = await log.read("meta", 10)

        assert [(entry.position, entry.redelivered) for entry in again] == [(3, True), (4, True)]
        assert [(entry.position, entry.redelivered) for entry in new] == [(5, False)]


async def test_what_was_finished_out_of_order_loses_nothing_before_it(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 4, "meta")
        await log.read("meta", 10)
        await log.acknowledge("meta", [4, 2])
        crashed = engine.after_a_crash()

    async with crashed.log() as log:
        assert {1, 3} <= set(positions(await log.read("meta", 10)))


async def test_acknowledging_twice_is_harmless(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 3, "meta")
        await log.read("meta", 10)
        await log.acknowledge("meta", [1])
        await log.acknowledge("meta", [1, 1])
        crashed = engine.after_a_crash()

    async with crashed.log() as log:
        assert positions(await log.read("meta", 10)) == [2, 3]


async def test_read_range_gives_what_lies_between_whatever_groups_have_read(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 6, "meta")
        await log.read("meta", 3)

        assert positions(await log.read_range(1, 10, until=4)) == [2, 3, 4]
        assert positions(await log.read_range(1, 2)) == [2, 3]
        assert await log.read_range(6, 10) == []


async def test_backlog_counts_what_was_not_handed_out_yet(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 5, "meta")
        await log.read("meta", 2)
        await log.retry("meta", [1], Millis(clock.at + 1_000))

        assert await log.backlog("meta") == 3


async def test_many_entries_reach_many_groups_complete_and_in_order(engine, an_event):
    groups = ["meta", "ga4", "gtm", "posthog"]
    handed = {group: [] for group in groups}

    async def read(group):
        while len(handed[group]) < 1000:
            entries = await log.read(group, 70)
            handed[group] += positions(entries)
            await log.acknowledge(group, positions(entries))

    async def append(start):
        for number in range(start, start + 250, 50):
            await log.append([an_event(f"m{n}") for n in range(number, number + 50)])

    async with engine.log() as log:
        for group in groups:
            await log.create_group(group)
        async with trio.open_nursery() as nursery:
            for group in groups:
                nursery.start_soon(read, group)
            for start in range(0, 1000, 250):
                nursery.start_soon(append, start)

    assert all(handed[group] == list(range(1, 1001)) for group in groups)


async def test_what_a_reader_that_ended_had_is_handed_out_again(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 3, "meta")
        await log.read("meta", 10)
        await log.acknowledge("meta", [1])
        await log.retry("meta", [2], Millis(engine.clock.at + 1000))

        await log.give_back("meta")

        again = await log.read("meta", 10)
        assert [(one.position, one.redelivered) for one in again] == [(3, True)]
        engine.clock.pass_ms(1000)
        due = await log.read("meta", 10)
        assert [(one.position, one.put_off) for one in due] == [(2, True)]


async def test_groups_that_are_passed_over_have_finished_with_all_there_is(engine, an_event):
    async with engine.log() as log:
        await log.create_group("off")
        await filled(log, an_event, 4, "meta")
        handed = positions(await log.read("off", 2))
        await log.retry("off", handed, Millis(0))

        await log.pass_over(["off"])
        await log.pass_over(["off"])

        assert handed == [1, 2]
        assert await log.backlog("off") == 0
        assert await nothing_comes(log, "off")
        assert positions(await log.read("meta", 10)) == [1, 2, 3, 4]
    async with engine.log() as log:
        await log.append([an_event("next")])
        assert positions(await log.read("off", 10)) == [5]
