import pytest
import trio
import trio.testing

from engine.delivery.pace import BURST_S, Pace

pytestmark = pytest.mark.trio


async def moments(pace, count, events=1):
    """When each of so many requests begins, in seconds from now."""
    began = trio.current_time()
    found = []
    for _ in range(count):
        await pace.wait(events)
        found.append(trio.current_time() - began)
    return found


def most_in_a_second(found):
    return max(sum(one <= other < one + 1 for other in found) for one in found)


async def test_without_a_rate_nothing_waits(autojump_clock):
    assert await moments(Pace(None), 1000) == [0] * 1000


async def test_requests_keep_to_the_rate(autojump_clock):
    found = await moments(Pace(50), 200)

    assert found[-1] == pytest.approx(200 / 50 - BURST_S)
    assert most_in_a_second(found) <= 50 * (1 + BURST_S) + 1


async def test_a_slow_rate_lets_one_go_at_a_time(autojump_clock):
    assert await moments(Pace(2), 4) == pytest.approx([0, 0.5, 1, 1.5])


async def test_a_rest_saves_up_no_more_than_a_tenth_of_a_second(autojump_clock):
    pace = Pace(50)
    await moments(pace, 10)
    await trio.sleep(3600)

    found = await moments(pace, 100)

    assert sum(one == 0 for one in found) == 50 * BURST_S
    assert most_in_a_second(found) <= 50 * (1 + BURST_S) + 1


async def test_events_are_counted_whatever_requests_they_share(autojump_clock):
    found = await moments(Pace(None, 1000), 5, events=500)

    assert found == pytest.approx([0, 0.4, 0.9, 1.4, 1.9], abs=0.01)


async def test_a_batch_larger_than_a_second_s_events_goes_and_the_next_waits_for_it(autojump_clock):
    pace = Pace(None, 100)

    assert await moments(pace, 2, events=1000) == pytest.approx([0, 10], abs=0.1)


async def test_the_narrower_of_both_rates_holds(autojump_clock):
    requests = await moments(Pace(10, 10_000), 20)
    events = await moments(Pace(1000, 10), 20)

    assert requests[-1] == pytest.approx(1.9)
    assert events[-1] == pytest.approx(1.9)


async def test_who_asks_first_goes_first(autojump_clock):
    pace, went = Pace(10), []

    async def go(number):
        await pace.wait()
        went.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(go, number)
            await trio.testing.wait_all_tasks_blocked()

    assert went == list(range(5))


async def test_a_place_that_is_taken_is_waited_for_by_whoever_took_it(autojump_clock):
    pace, began = Pace(None, 0.1), trio.current_time()

    moments_s = [pace.take(events) - began for events in (5, 1)]

    assert moments_s == [0, 50]
