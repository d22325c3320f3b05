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


async def test_the_first_of_an_id_is_found_as_long_as_it_is_kept_within_the_window(
    engine, an_event, clock
):
    async with engine.log() as log:
        await log.append([an_event("old"), an_event("a", n=1), an_event("b")])
        await log.append([an_event("a", n=2), an_event("a", source="app")])

        asked = [("app", "a"), ("shop", "a"), ("shop", "none"), ("shop", "b")]
        found = await log.first_of(asked)
        await log.trim(received_before=Millis(clock.at + DAY_MS))
        trimmed = await log.first_of(asked)

        assert [one and one.position for one in found] == [4, 2, None, 3]
        assert found[1].event.body["n"] == 1
        assert trimmed == [None] * 4


async def test_the_first_of_an_id_is_another_when_the_window_has_passed(engine, an_event, clock):
    async with engine.log() as log:
        await log.append([an_event("a")])
        clock.pass_ms(DAY_MS)
        gone = await log.first_of([("shop", "a")])
        await log.append([an_event("a")])

        assert gone == [None]
        assert [one.position for one in await log.first_of([("shop", "a")])] == [2]


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


async def trimmed(log, before, limit=1000):
    """How many entries went, in as many steps as it takes."""
    gone, reached = 0, 0
    while reached is not None:
        step = await log.trim(received_before=Millis(before), after=reached, limit=limit)
        gone, reached = gone + step.gone, step.reached
    return gone


@pytest.mark.parametrize("limit", [1, 2, 1000])
async def test_trim_drops_what_every_group_has_finished_with_and_nothing_else(
    engine, an_event, clock, limit
):
    async with engine.log() as log:
        await filled(log, an_event, 6, "meta", "ga4")
        for group in ("meta", "ga4"):
            await log.read(group, 10)
        await log.acknowledge("meta", [1, 2, 3, 4, 5])
        await log.acknowledge("ga4", [1, 3, 4])
        await log.retry("ga4", [2], Millis(clock.at + 1_000))

        dropped = await trimmed(log, clock.at + 1, limit)

        assert dropped == 3
        assert positions(await log.read_range(0, 10)) == [2, 5, 6]


def received(event, moment):
    """The event, received at that moment."""
    return event._replace(received_at=Millis(moment))


@pytest.mark.parametrize("limit", [1, 1000])
async def test_trim_keeps_what_came_at_that_moment_or_later(engine, an_event, clock, limit):
    async with engine.log() as log:
        ages = [3, 2, 1, 0]
        await log.append([received(an_event(f"m{age}"), clock.at - age) for age in ages])

        gone = await trimmed(log, clock.at - 1, limit)

        assert gone == 2
        assert positions(await log.read_range(0, 10)) == [3, 4]


async def test_an_event_from_a_clock_that_ran_ahead_keeps_no_older_ones(engine, an_event, clock):
    async with engine.log() as log:
        await log.append([received(an_event("ahead"), clock.at + 10**10)])
        await log.append([an_event("after it")])

        gone = await trimmed(log, clock.at + 1, limit=1)

        assert gone == 1
        assert positions(await log.read_range(0, 10)) == [1]


async def test_a_dropped_group_holds_nothing_and_begins_anew_at_the_end(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 3, "meta", "gone")
        await log.acknowledge("meta", positions(await log.read("meta", 10)))
        await log.read("gone", 1)
        await log.retry("gone", [1], Millis(clock.at + 1_000))

        await log.drop_group("gone")
        await log.drop_group("never there")

        assert await log.groups() == ["meta"]
        assert await trimmed(log, clock.at + 1) == 3
        await log.create_group("gone")
        assert await log.backlog("gone") == 0


async def test_a_position_is_never_given_twice(engine, an_event, clock):
    async with engine.log() as log:
        await filled(log, an_event, 3)
        dropped = await trimmed(log, clock.at + 1)
        after = await log.append([an_event("next")])

    assert (dropped, after) == (3, [4])
    async with engine.log() as log:
        await trimmed(log, clock.at + 1)
        assert await log.last_position() == 4


async def test_entries_are_found_by_their_positions_as_far_as_they_are_kept(engine, an_event):
    async with engine.log() as log:
        await log.append([an_event(f"m{number}") for number in range(1, 6)])

        found = await log.read_at([4, 2, 99])

        assert [(one.position, one.event.message_id) for one in found] == [(2, "m2"), (4, "m4")]
        assert await log.read_at([]) == []
