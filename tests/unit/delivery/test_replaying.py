"""A replay beside live traffic, over a real log and a real state; only the vendor is played."""

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio

from engine.delivery.attempt import Attempts
from engine.delivery.line import Line
from engine.delivery.replay import Replaying
from engine.delivery.settle import Settlement
from engine.model.clock import Millis, system_clock
from engine.model.delivery import UNSETTLED, Answer, DeliveryKey, State
from engine.model.replay import OF_DELIVERIES, Replay, ReplayState
from engine.state.interface import DeliveryFilter
from tests.support.consuming import OK, QUICK, a_consumer_s_world
from tests.support.events import SHOP
from tests.support.releases import FILES, a_release

pytestmark = [pytest.mark.trio, pytest.mark.slow]

DOWN = Answer(503, {}, "")
REFUSED = Answer(400, {}, "no")
STEADY = QUICK.replace("linger: 50ms", "linger: 5ms") + (
    "breaker: { failures: 1000000, window: 1ms }\n"
)
ORDERED = STEADY + "order_by: user\n"
TWO_UNDER_ONE_KEY = """
destination: hook
rules:
  - name: order
    match: { type: track, event: Order Completed }
    also: true
    payload: { id: "{{ event.messageId }}", total: 1 }
  - name: lead
    match: { type: track, event: Order Completed }
    payload: { id: "{{ event.messageId }}", total: 2 }
"""


@pytest.fixture
async def running(tmp_path):
    async with a_consumer_s_world(tmp_path) as world:
        yield world


@pytest.fixture
def ordered(tmp_path):
    return a_release(tmp_path / "ordered", {"destinations/hook.yaml": ORDERED})


@pytest.fixture
def steady(tmp_path):
    return a_release(tmp_path / "steady", {"destinations/hook.yaml": STEADY})


async def asked(running, **changed):
    last = await running.log.last_position()
    replay = Replay("hook", after=0, until=last, asked_at=system_clock())
    return await running.state.add_replay(replace(replay, **changed))


def worker(running, release, consumer, replay):
    """Who runs the replay beside that consumer."""
    live = consumer.attempts
    settlement = Settlement("hook", running.log, running.state, live.notices)
    way = Attempts(
        live.destination,
        release.env,
        running.vendor,
        settlement,
        live.gate,
        live.pace,
        live.notices,
        system_clock,
        lambda: 0.5,
    )
    return Replaying(
        replay,
        release.name,
        {"shop": SHOP},
        running.log,
        running.state,
        way,
        trio.Semaphore(4),
        lambda: consumer,
    )


@asynccontextmanager
async def replaying(running, release, consumer, replay):
    made = worker(running, release, consumer, replay)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        yield
        made.stop()


async def ended(running, number=1):
    with trio.fail_after(10):
        while True:
            [found] = [one for one in await running.state.replays() if one.number == number]
            if found.state is not ReplayState.RUNNING:
                return found
            await trio.sleep(0.01)


async def until(is_so):
    with trio.fail_after(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for has no event
            await trio.sleep(0.01)


async def live(running, message_id, state):
    """The live delivery of that event, once it is in that state."""
    which = DeliveryFilter(message_id=message_id, state=state, replay=0)
    with trio.fail_after(10):
        while not await running.state.count_deliveries(which):  # noqa: ASYNC110 - as above
            await trio.sleep(0.01)


async def of_replay(running, number=1):
    return await running.state.deliveries(DeliveryFilter(replay=number), limit=100)


async def all_settled(running, count):
    with trio.fail_after(10):
        while True:
            found = await running.state.deliveries(DeliveryFilter(), limit=100)
            if len(found) >= count and not any(one.state in UNSETTLED for one in found):
                return found
            await trio.sleep(0.01)


def of(person, vendor):
    return [one for one in vendor.ids() if one.startswith(person)]


def counted(replay):
    return {name: getattr(replay, name) for name in OF_DELIVERIES if getattr(replay, name)}


async def delivered(running, release, *people, count=3):
    """Some events of each of these, delivered by live traffic, and then forgotten by the vendor."""
    for number in range(count):
        for person in people:
            await running.append(f"{person}-{number}", userId=person)
    async with running.consuming(release):
        await running.reach(State.DELIVERED, count * len(people))
    running.vendor.got.clear()


async def test_a_replay_keeps_each_person_s_order_and_a_failure_holds_up_that_person_alone(
    running, ordered
):
    [hook] = ordered.destinations
    # A batch that fails is tried again as it was, so in one with ana-1 nobody would get through.
    alone = replace(ordered, destinations=(replace(hook, batch=replace(hook.batch, max_events=1)),))
    await delivered(running, alone, "ana", "leo")
    running.vendor.answers = lambda items: DOWN if "ana-1" in {x["id"] for x in items} else OK
    async with running.consuming(alone) as consumer:
        replay = await asked(running, again=True)
        async with replaying(running, alone, consumer, replay):
            await until(lambda: "leo-2" in running.vendor.ids())
            assert "ana-2" not in running.vendor.ids()
            running.vendor.answers = lambda items: OK
            done = await ended(running)

    assert list(dict.fromkeys(of("ana", running.vendor))) == ["ana-0", "ana-1", "ana-2"]
    assert list(dict.fromkeys(of("leo", running.vendor))) == ["leo-0", "leo-1", "leo-2"]
    assert counted(done) == {"to_send": 6}


async def test_a_request_of_a_replay_carries_one_event_of_a_person(running, ordered):
    await delivered(running, ordered, "ana", "leo")
    async with running.consuming(ordered) as consumer:
        replay = await asked(running, again=True)
        async with replaying(running, ordered, consumer, replay):
            await ended(running)

    assert [sorted(batch) for batch in running.vendor.got] == [
        [f"ana-{number}", f"leo-{number}"] for number in range(3)
    ]


async def test_whom_live_traffic_has_something_of_waits_in_a_replay(running, ordered):
    await delivered(running, ordered, "ana", "leo", count=1)
    running.vendor.answers = lambda items: DOWN if "ana-9" in {x["id"] for x in items} else OK
    async with running.consuming(ordered) as consumer:
        await running.append("ana-9", userId="ana")
        await running.reach(State.RETRYING)
        replay = await asked(running, again=True)
        async with replaying(running, ordered, consumer, replay):
            await until(lambda: "leo-0" in running.vendor.ids())
            assert "ana-0" not in running.vendor.ids()
            running.vendor.answers = lambda items: OK
            done = await ended(running)

    assert list(dict.fromkeys(of("ana", running.vendor))) == ["ana-9", "ana-0"]
    assert counted(done) == {"to_send": 2, "on_their_way": 1}


async def test_live_traffic_waits_for_the_one_request_that_a_replay_has_of_its_person(
    running, ordered
):
    await delivered(running, ordered, "ana", count=1)
    answered, began = trio.Event(), trio.Event()
    send = running.vendor.send

    async def hangs(vendor, request, timeout_ms):
        began.set()
        await answered.wait()
        return await send(vendor, request, timeout_ms)

    running.vendor.send = hangs
    async with running.consuming(ordered) as consumer:
        replay = await asked(running, again=True)
        async with replaying(running, ordered, consumer, replay):
            await began.wait()
            await running.append("ana-1", userId="ana")
            await live(running, "ana-1", State.WAITING)
            answered.set()
            await live(running, "ana-1", State.DELIVERED)
            await ended(running)

    assert running.vendor.ids() == ["ana-0", "ana-1"]


async def test_a_restart_keeps_the_order_of_a_replay(running, ordered):
    await delivered(running, ordered, "ana")
    running.vendor.answers = lambda items: DOWN
    async with running.consuming(ordered) as consumer:
        replay = await asked(running, again=True)
        async with replaying(running, ordered, consumer, replay):
            await until(lambda: len(running.vendor.got) >= 2)
    running.vendor.answers = lambda items: OK
    async with running.consuming(ordered) as consumer:
        [replay] = await running.state.replays()
        async with replaying(running, ordered, consumer, replay):
            await ended(running)

    assert list(dict.fromkeys(running.vendor.ids())) == ["ana-0", "ana-1", "ana-2"]


async def test_a_full_line_decides_no_further_events(running, ordered, monkeypatch):
    monkeypatch.setattr("engine.delivery.line.MOST_HELD", 2)
    line = Line("hook", 1, running.log, running.state)
    await running.append("ana-0", "ana-1", userId="ana")
    entries = await running.log.read_range(0, 9)

    line.add(entries[:1])
    assert not line.is_full
    line.add(entries)

    assert line.is_full
    assert await line.due(None, 9) == []


async def test_what_live_traffic_still_has_is_left_out_and_counted(running, steady):
    running.vendor.answers = lambda items: DOWN
    await running.append("retried")
    async with running.consuming(steady):
        await running.reach(State.RETRYING)
    await running.append("unread")
    async with running.consuming(steady) as consumer:
        consumer.stop()
        replay = await asked(running, again=True)
        before = len(running.vendor.got)
        async with replaying(running, steady, consumer, replay):
            done = await ended(running)

    assert counted(done) == {"on_their_way": 2}
    assert await of_replay(running) == []
    assert len(running.vendor.got) == before


async def test_what_another_replay_has_on_its_way_is_left_out(running, steady):
    await delivered(running, steady, "ana", count=1)
    [one] = (await running.deliveries()).values()
    other = replace(
        one,
        key=replace(one.key, replay=7),
        state=State.RETRYING,
        payload=b'{"id":"ana-0"}',
        next_at=Millis(system_clock() + 60_000),
    )
    await running.state.record([other])
    async with running.consuming(steady) as consumer:
        replay = await asked(running, again=True)
        async with replaying(running, steady, consumer, replay):
            done = await ended(running)

    assert counted(done) == {"on_their_way": 1}


@pytest.mark.parametrize(
    ("again", "word", "sent"), [(False, "dropped", []), (True, "to_send", ["a"])]
)
async def test_what_was_dropped_by_hand_goes_only_when_asked_for_again(
    running, steady, again, word, sent
):
    running.vendor.answers = lambda items: REFUSED
    await running.append("a")
    async with running.consuming(steady):
        [dead] = await running.reach(State.DEAD)
    await running.state.record(
        [replace(dead, state=State.SKIPPED, reason=f"dropped by hand: {dead.reason}")]
    )
    running.vendor.answers = lambda items: OK
    running.vendor.got.clear()
    async with running.consuming(steady) as consumer:
        replay = await asked(running, again=again)
        async with replaying(running, steady, consumer, replay):
            done = await ended(running)

    assert counted(done) == {word: 1}
    assert running.vendor.ids() == sent


async def test_of_two_things_under_one_key_the_dead_one_goes_in_a_replay(running, tmp_path):
    files = {
        "destinations/hook.yaml": STEADY.replace("max_events: 10", "max_events: 1"),
        "rules/hook.yaml": TWO_UNDER_ONE_KEY,
    }
    release = a_release(tmp_path / "two", {**FILES, **files})
    running.vendor.answers = lambda items: REFUSED if items[0]["total"] == 2 else OK
    await running.append("a")
    async with running.consuming(release):
        await all_settled(running, 2)
    running.vendor.answers = lambda items: OK
    async with running.consuming(release) as consumer:
        replay = await asked(running)
        async with replaying(running, release, consumer, replay):
            done = await ended(running)

    assert counted(done) == {"to_send": 1, "left_out": 1}
    [one] = await of_replay(running)
    assert (one.key.rule, one.state) == ("lead", State.DELIVERED)


async def test_counts_name_each_delivery_once(running, steady):
    await delivered(running, steady, "ana", count=2)
    await running.append("other", event="Product Viewed")
    async with running.consuming(steady):
        await running.reach(State.SKIPPED)
    async with running.consuming(steady) as consumer:
        replay = await asked(running)
        async with replaying(running, steady, consumer, replay):
            done = await ended(running)

    told = done.as_json()
    assert counted(done) == {"left_out": 2, "no_rule": 1}
    assert (told["events"], told["deliveries"], told["to_send"]) == (3, 3, 0)


async def dead_of_replay(running, release, *ids, **changed):
    """A replay whose deliveries are all dead."""
    await running.append(*ids)
    async with running.consuming(release):
        await running.reach(State.DELIVERED, len(ids))
    running.vendor.answers = lambda items: REFUSED
    async with running.consuming(release) as consumer:
        replay = await asked(running, again=True, **changed)
        async with replaying(running, release, consumer, replay):
            await ended(running)
    running.vendor.answers = lambda items: OK
    running.vendor.got.clear()
    return await of_replay(running)


async def retried(running, *letters):
    now = Millis(system_clock())
    again = {"state": State.RETRYING, "reason": "retried by hand", "due_at": now, "next_at": now}
    await running.state.record([replace(one, payload=None, **again) for one in letters])
    await running.state.reopen_replay(letters[0].key.replay)


@pytest.mark.parametrize("how", ["in any order", "by user"])
async def test_a_dead_letter_of_a_replay_that_is_retried_goes_by_today_s_rules_as_its_replay_s(
    running, tmp_path, steady, how
):
    letters = await dead_of_replay(running, steady, "a", "b")
    assert {one.state for one in letters} == {State.DEAD}
    await retried(running, letters[0])
    files = {
        "destinations/hook.yaml": STEADY if how == "in any order" else ORDERED,
        "rules/hook.yaml": FILES["rules/hook.yaml"].replace("properties.total | number", "7"),
    }
    today = a_release(tmp_path / "today", {**FILES, **files})
    async with running.consuming(today) as consumer:
        [replay] = await running.state.replays()
        async with replaying(running, today, consumer, replay):
            done = await ended(running)

    first, second = await of_replay(running)
    assert running.vendor.ids() == ["a"]
    assert (first.state, first.key.replay, second.state) == (State.DELIVERED, 1, State.DEAD)
    assert first.attempts == letters[0].attempts + 1
    assert first.release == today.name
    assert (done.state, done.to_send) == (ReplayState.DONE, 2)


async def test_a_stopped_replay_that_runs_for_a_retry_reads_no_further_and_stays_stopped(
    running, steady
):
    letters = await dead_of_replay(running, steady, "a")
    await running.append("b")
    [replay] = await running.state.replays()
    last = await running.log.last_position()
    # As if it had been stopped before it came to the second event.
    stopped = replace(replay, state=ReplayState.RUNNING, until=last, reason="stopped by hand")
    await running.state.reopen_replay(1)
    await running.state.set_replay(replace(stopped, state=ReplayState.STOPPED))
    await retried(running, *letters)
    async with running.consuming(steady) as consumer:
        await live(running, "b", State.DELIVERED)
        running.vendor.got.clear()
        [replay] = await running.state.replays()
        async with replaying(running, steady, consumer, replay):
            done = await ended(running)

    assert running.vendor.ids() == ["a"]
    assert (done.state, done.until) == (ReplayState.STOPPED, last - 1)


async def test_a_retried_letter_of_a_replay_whose_event_is_gone_ends_dead_and_says_so(
    running, steady
):
    [letter] = await dead_of_replay(running, steady, "a")
    lost = replace(letter, key=replace(letter.key, position=99))
    await running.state.forget([letter.key])
    await retried(running, lost)
    async with running.consuming(steady) as consumer:
        [replay] = await running.state.replays()
        async with replaying(running, steady, consumer, replay):
            await ended(running)

    [one] = await of_replay(running)
    assert one.key == DeliveryKey(99, "hook", "order", 0, 1)
    assert (one.state, one.reason) == (State.DEAD, "the log keeps its event no more")
