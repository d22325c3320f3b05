"""What every engine of the log promises of its events (engine/log/interface)."""

import pytest
import trio

from engine.log.open import DAY_MS
from engine.model.clock import Millis

pytestmark = pytest.mark.trio


def positions(entries):
    return [entry.position for entry in entries]


async def filled(log, an_event, count, *groups):
    for group in groups:
        await log.create_group(group)
    return await log.append([an_event(f"m{number}") for number in range(1, count + 1)])


async def test_positions_start_at_one_and_rise_in_the_order_of_the_batch(engine, an_event):
    async with engine.log() as log:
        first = await log.append([an_event("a"), an_event("b")])
        second = await log.append([an_event("c")])

        assert (first, second) == ([1, 2], [3])
        assert await log.last_position() == 3


async def test_an_empty_log_has_last_position_zero(engine):
    async with engine.log() as log:
        assert await log.last_position() == 0
        assert await log.append([]) == []


async def test_an_event_comes_back_as_it_was_appended(engine, an_event):
    event = an_event(
        "niño\u0000🎈",
        text='ñandú " \\ \u2028',
        numbers=[0, -1, 1.5, 2**53 + 1, 2**63 - 1, 10**30],
        nothing=None,
        deep=[[{"a": [True, False]}]],
    )

    async with engine.log() as log:
        await log.append([an_event("a"), event])

    async with engine.log() as log:
        assert [entry.event for entry in await log.read_range(1, 10)] == [event]


async def test_a_repeated_id_has_no_position_and_is_not_kept_again(engine, an_event):
    async with engine.log() as log:
        await log.append([an_event("a")])

        again = await log.append([an_event("b"), an_event("a"), an_event("b"), an_event("c")])

        assert again == [2, None, None, 3]
        assert positions(await log.read_range(0, 10)) == [1, 2, 3]


async def test_the_same_id_from_another_source_is_another_event(engine, an_event):
    async with engine.log() as log:
        assert await log.append([an_event("a"), an_event("a", source="app")]) == [1, 2]


async def test_an_id_is_forgotten_when_the_window_has_passed(engine, an_event, clock):
    async with engine.log() as log:
        await log.append([an_event("a")])
        clock.pass_ms(DAY_MS - 1)
        within = await log.append([an_event("a")])
        clock.pass_ms(1)
        after = await log.append([an_event("a")])

        assert (within, after) == ([None], [2])


async def test_seen_tells_which_ids_were_appended_within_the_window(engine, an_event, clock):
    async with engine.log() as log:
        await log.append([an_event("old")])
        clock.pass_ms(DAY_MS)
        await log.append([an_event("a")])

        asked = [("shop", "a"), ("app", "a"), ("shop", "old"), ("shop", "b")]

        assert await log.seen(asked) == [True, False, False, False]


async def test_what_was_appended_and_its_marks_survive_a_crash(engine, an_event):
    async with engine.log() as log:
        await log.append([an_event("a"), an_event("b")])
        crashed = engine.after_a_crash()

    async with crashed.log() as log:
        assert positions(await log.read_range(0, 10)) == [1, 2]
        assert await log.append([an_event("a"), an_event("c")]) == [None, 3]


async def test_appends_at_the_same_time_all_get_positions_of_their_own(engine, an_event):
    given = []

    async def append(name):
        given.extend(await log.append([an_event(f"{name}-{number}") for number in range(5)]))

    async with engine.log() as log:
        async with trio.open_nursery() as nursery:
            for name in range(20):
                nursery.start_soon(append, name)

        assert sorted(given) == list(range(1, 101))
        assert len(await log.read_range(0, 1000)) == 100


async def test_the_same_id_in_appends_at_the_same_time_is_kept_once(engine, an_event):
    given = []

    async def append():
        given.extend(await log.append([an_event("a")]))

    async with engine.log() as log:
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(append)

        assert sorted(given, key=str) == [1] + [None] * 9


async def test_trim_drops_what_every_group_has_finished_with_and_nothing_else(
    engine, an_event, clock
):
    async with engine.log() as log:
        await filled(log, an_event, 6, "meta", "ga4")
        for group in ("meta", "ga4"):
            await log.read(group, 10)
        await log.acknowledge("meta", [1, 2, 3, 4, 5])
        await log.acknowledge("ga4", [1, 3, 4])
        await log.retry("ga4", [2], Millis(clock.at + 1_000))

        dropped = [await log.trim(1), await log.trim(6)]

        assert dropped == [1, 2]
        assert positions(await log.read_range(0, 10)) == [2, 5, 6]


async def test_a_position_is_never_given_twice(engine, an_event):
    async with engine.log() as log:
        await filled(log, an_event, 3)
        dropped = await log.trim(3)
        after = await log.append([an_event("next")])

    assert (dropped, after) == (3, [4])
    async with engine.log() as log:
        await log.trim(4)
        assert await log.last_position() == 4
