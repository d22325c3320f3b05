"""What every engine of the log promises of what is put off."""

import pytest
import trio
import trio.testing

from engine.log.open import DAY_MS
from engine.model.clock import Millis
from tests.support.logs import filled, nothing_comes, positions

pytestmark = pytest.mark.trio


async def test_what_is_put_off_comes_again_when_it_is_due(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1], Millis(clock.at + 60_000))
        before = await nothing_comes(log, "meta")
        clock.pass_ms(60_000)
        due = await log.read("meta", 10)

        assert before
        assert [(entry.position, entry.put_off) for entry in due] == [(1, True)]
        assert due[0].event == an_event("m1")
        assert await nothing_comes(log, "meta")


async def test_read_sleeps_until_the_next_is_due(engine, an_event, clock, autojump_clock):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [2], Millis(clock.at + 7_200_000))
        await log.retry("meta", [1], Millis(clock.at + 3_600_000))
        started = trio.current_time()

        handed = [positions(await log.read("meta", 10)) for _ in range(2)]

        assert handed == [[1], [2]]
        assert trio.current_time() - started >= 3_600


async def test_a_retry_that_is_due_sooner_wakes_a_reader_that_waits(engine, an_event, clock):
    handed = []

    async def read():
        handed.extend(positions(await log.read("meta", 10)))

    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1], Millis(clock.at + 3_600_000))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            await log.retry("meta", [2], clock.at)

        assert handed == [2]


async def test_what_is_due_comes_before_what_is_new(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 3, "meta")
        await log.read("meta", 1)
        await log.retry("meta", [1], clock.at)

        assert positions(await log.read("meta", 2)) == [1, 2]


async def test_what_is_put_off_holds_up_nothing_after_a_crash(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 3, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1], Millis(clock.at + 60_000))
        await log.acknowledge("meta", [2])
        crashed = engine.after_a_crash()

    async with crashed.log() as log:
        early = positions(await log.read("meta", 10))
        clock.pass_ms(60_000)
        due = positions(await log.read("meta", 10))

        assert (early, due) == ([3], [1])


async def test_what_is_put_off_waits_for_its_moment_even_if_something_before_it_was_out(
    engine, an_event, clock
):
    async with engine.log() as log:
        await filled(log, an_event, 3, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [3], Millis(clock.at + 60_000))
        crashed = engine.after_a_crash()

    async with crashed.log() as log:
        assert positions(await log.read("meta", 10)) == [1, 2]
        assert await nothing_comes(log, "meta")


async def test_after_a_crash_each_that_was_put_off_comes_at_its_own_moment(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1], Millis(clock.at + 60_000))
        await log.retry("meta", [2], Millis(clock.at + 90_000))
        crashed = engine.after_a_crash()

    clock.pass_ms(60_000)
    async with crashed.log() as log:
        with trio.fail_after(5):
            first = positions(await log.read("meta", 10))
        clock.pass_ms(30_000)
        with trio.fail_after(5):
            second = positions(await log.read("meta", 10))

    assert (first, second) == ([1], [2])


async def test_what_was_put_off_and_handed_out_again_survives_a_crash(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1, 2], clock.at)
        await log.read("meta", 10)
        await log.acknowledge("meta", [2])
        crashed = engine.after_a_crash()

    async with crashed.log() as log:
        assert positions(await log.read("meta", 10)) == [1]
        assert await nothing_comes(log, "meta")


async def test_an_entry_can_be_put_off_again_and_again(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 1, "meta")
        handed = []
        for _ in range(3):
            handed += positions(await log.read("meta", 10))
            await log.retry("meta", [1], Millis(clock.at + 1_000))
            clock.pass_ms(1_000)

        assert handed == [1, 1, 1]


async def test_an_entry_that_was_finished_long_ago_can_be_handed_out_again(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.acknowledge("meta", [1, 2])

        await log.retry("meta", [1], clock.at)

        assert positions(await log.read("meta", 10)) == [1]


async def test_an_entry_put_off_before_it_was_handed_out_comes_once(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.retry("meta", [2], clock.at)

        assert sorted(positions(await log.read("meta", 10))) == [1, 2]
        assert await nothing_comes(log, "meta")


async def test_wake_hands_out_at_once_all_that_the_group_has_put_off(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta", "ga4")
        for group in ("meta", "ga4"):
            await log.read(group, 10)
            await log.retry(group, [1, 2], Millis(clock.at + 3_600_000))

        await log.wake("meta")

        assert positions(await log.read("meta", 10)) == [1, 2]
        assert await nothing_comes(log, "ga4")


async def test_wake_reaches_a_reader_that_waits(engine, an_event, clock):
    handed = []

    async def read():
        handed.extend(positions(await log.read("meta", 10)))

    async with engine.log() as log:
        await filled(log, an_event, 1, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1], Millis(clock.at + 3_600_000))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            await log.wake("meta")

        assert handed == [1]


async def test_what_is_put_off_comes_in_time_though_the_clock_is_set_back(
    engine, an_event, clock, autojump_clock
):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1], Millis(clock.at + 60_000))

        clock.pass_ms(-10 * DAY_MS)
        began = trio.current_time()
        due = await log.read("meta", 10)

    assert positions(due) == [1]
    assert trio.current_time() - began <= 61


async def test_after_the_clock_was_set_back_a_retry_still_waits_for_its_moment(
    engine, an_event, clock, autojump_clock
):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1], Millis(clock.at + 60_000))
        clock.pass_ms(-10 * DAY_MS)
        await log.read("meta", 10)

        began = trio.current_time()
        await log.retry("meta", [1], Millis(clock.at + 60_000))
        again = await log.read("meta", 10)

    assert positions(again) == [1]
    assert trio.current_time() - began >= 59


async def test_what_is_put_off_by_the_clock_before_it_was_set_back_comes_in_time(
    engine, an_event, clock, autojump_clock
):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        told = Millis(clock.at + 60_000)
        clock.pass_ms(-10 * DAY_MS)
        assert await nothing_comes(log, "meta")  # by then the log has noticed

        await log.retry("meta", [1], told)
        began = trio.current_time()
        due = await log.read("meta", 10)

    assert positions(due) == [1]
    assert trio.current_time() - began <= 61


async def test_a_clock_that_is_set_right_again_makes_nothing_come_too_early(
    engine, an_event, clock, autojump_clock
):
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        for days in (-10, 10):
            clock.pass_ms(days * DAY_MS)
            assert await nothing_comes(log, "meta")

        await log.retry("meta", [1], Millis(clock.at + 60_000))
        began = trio.current_time()
        due = await log.read("meta", 10)

    assert positions(due) == [1]
    assert trio.current_time() - began >= 59


async def test_after_a_restart_nothing_waits_for_a_clock_that_ran_ahead(engine, an_event, clock):
    clock.pass_ms(400 * DAY_MS)
    async with engine.log() as log:
        await filled(log, an_event, 2, "meta")
        await log.read("meta", 10)
        await log.retry("meta", [1], Millis(clock.at + 60_000))
    clock.pass_ms(-400 * DAY_MS)

    async with engine.log() as log:
        due = await log.read("meta", 1)

    assert positions(due) == [1]
