"""``order_by: user``, over a real log and a real state; only the vendor is played."""

from dataclasses import replace

import pytest
import trio

from engine.delivery import order as order_module
from engine.delivery.order import Order, restored
from engine.model.clock import system_clock
from engine.model.delivery import Answer, State
from tests.support.consuming import OK, QUICK, a_consumer_s_world
from tests.support.releases import a_release

pytestmark = [pytest.mark.trio, pytest.mark.slow]

DOWN = Answer(503, {}, "")
ORDERED = (
    QUICK.replace("linger: 50ms", "linger: 5ms")
    + "order_by: user\nbreaker: { failures: 1000000, window: 1ms }\n"
)


@pytest.fixture
async def running(tmp_path):
    async with a_consumer_s_world(tmp_path) as world:
        yield world


@pytest.fixture
def ordered(tmp_path):
    return a_release(tmp_path / "ordered", {"destinations/hook.yaml": ORDERED})


def of(person, vendor):
    return [one for one in vendor.ids() if one.startswith(person)]


async def all_left(consumer):
    with trio.fail_after(5):
        while len(consumer.order):  # noqa: ASYNC110 - what is waited for has no event
            await trio.sleep(0.01)


def first_of_each(sequence):
    return list(dict.fromkeys(sequence))


async def test_a_person_s_events_go_one_after_the_other(running, ordered):
    for number in range(8):
        await running.append(f"ana-{number}", userId="ana")
        await running.append(f"leo-{number}", userId="leo")

    async with running.consuming(ordered) as consumer:
        await running.reach(State.DELIVERED, 16)
        await all_left(consumer)

    assert of("ana", running.vendor) == [f"ana-{number}" for number in range(8)]
    assert of("leo", running.vendor) == [f"leo-{number}" for number in range(8)]
    assert not any(sum(one.startswith("ana") for one in batch) > 1 for batch in running.vendor.got)


async def test_what_is_tried_again_holds_up_its_person_and_nobody_else(running, ordered):
    running.vendor.answers = lambda items: DOWN if "ana-0" in {x["id"] for x in items} else OK
    await running.append("ana-0", "ana-1", userId="ana")
    async with running.consuming(ordered):
        await running.reach(State.RETRYING)
        await running.append("leo-0", "leo-1", userId="leo")
        await running.reach(State.DELIVERED, 2)
        [waiting] = await running.reach(State.WAITING)
        sent_meanwhile = set(of("ana", running.vendor))

        running.vendor.answers = lambda items: OK
        await running.reach(State.DELIVERED, 4)

    assert sent_meanwhile == {"ana-0"}
    assert (waiting.message_id, waiting.reason) == ("ana-1", order_module.BEHIND)
    assert first_of_each(of("ana", running.vendor)) == ["ana-0", "ana-1"]


async def test_a_dead_one_lets_go_of_the_next(running, ordered):
    refused = Answer(400, {}, "no")
    running.vendor.answers = lambda items: refused if "ana-0" in {x["id"] for x in items} else OK
    await running.append("ana-0", "ana-1", userId="ana")
    async with running.consuming(ordered):
        await running.reach(State.DEAD)
        [delivered] = await running.reach(State.DELIVERED)

    assert delivered.message_id == "ana-1"


async def test_without_a_user_the_anonymous_id_is_the_person_and_without_both_nobody_waits(
    running, ordered
):
    running.vendor.answers = lambda items: DOWN if "ana-0" in {x["id"] for x in items} else OK
    await running.append("ana-0", "ana-1", userId=..., anonymousId="anon-ana")
    await running.append("leo-0", userId=..., anonymousId="anon-leo")
    [hook] = ordered.destinations
    # A batch that fails is tried again as it was, so in one with ana-0 nobody would get through.
    alone = replace(ordered, destinations=(replace(hook, batch=replace(hook.batch, max_events=1)),))
    async with running.consuming(alone):
        delivered = await running.reach(State.DELIVERED)
        await running.reach(State.WAITING)

    assert [one.message_id for one in delivered] == ["leo-0"]


async def test_a_restart_keeps_the_order(running, ordered):
    running.vendor.answers = lambda items: DOWN
    await running.append("ana-0", "ana-1", "ana-2", userId="ana")
    async with running.consuming(ordered):
        await running.reach(State.RETRYING)
        await running.reach(State.WAITING, 2)
    await running.append("ana-3", userId="ana")

    running.vendor.answers = lambda items: OK
    async with running.consuming(ordered):
        await running.reach(State.DELIVERED, 4)

    assert first_of_each(of("ana", running.vendor)) == [f"ana-{number}" for number in range(4)]


async def test_what_was_on_its_way_at_a_crash_goes_before_what_waited_behind_it(running, ordered):
    never = trio.Event()
    running.vendor.answers = lambda items: OK

    async def hangs(vendor, request, timeout_ms):
        await never.wait()

    await running.append("ana-0", "ana-1", userId="ana")
    send, running.vendor.send = running.vendor.send, hangs
    async with trio.open_nursery() as nursery:

        async def consume():
            async with running.consuming(ordered):
                await trio.sleep_forever()

        nursery.start_soon(consume)
        await running.reach(State.WAITING)
        nursery.cancel_scope.cancel()

    # Due before anything else is read, so that only the order itself can hold it back.
    await running.log.wake("hook")
    running.vendor.send = send
    async with running.consuming(ordered):
        await running.reach(State.DELIVERED, 2)

    assert running.vendor.ids() == ["ana-0", "ana-1"]


async def test_what_waits_grows_too_old_like_everything_else(running, tmp_path, monkeypatch):
    monkeypatch.setattr(order_module, "LOOK_EVERY_MS", 100)
    text = ORDERED.replace("first: 10ms", "max_age: 400ms, first: 10ms")
    release = a_release(tmp_path / "short", {"destinations/hook.yaml": text})
    running.vendor.answers = lambda items: DOWN
    await running.append("ana-0", "ana-1", "ana-2", userId="ana")
    async with running.consuming(release) as consumer:
        dead = await running.reach(State.DEAD, 3)
        await all_left(consumer)

    assert all(one.reason.startswith("given up after") for one in dead)
    assert set(running.vendor.ids()) == {"ana-0"}


async def test_with_too_many_held_nothing_new_is_read_and_what_is_due_still_goes(
    running, ordered, monkeypatch
):
    monkeypatch.setattr(order_module, "MOST_HELD", 5)
    monkeypatch.setattr("engine.delivery.destination.READ", 2)
    running.vendor.answers = lambda items: DOWN
    await running.append(*(f"ana-{number}" for number in range(20)), userId="ana")
    async with running.consuming(ordered) as consumer:
        await running.reach(State.WAITING, 4)
        await trio.sleep(0.3)
        held, unread = len(consumer.order), await running.log.backlog("hook")

        running.vendor.answers = lambda items: OK
        await running.reach(State.DELIVERED, 20)

    assert held <= 5 + 2
    assert unread >= 20 - 5 - 2
    assert first_of_each(running.vendor.ids()) == [f"ana-{number}" for number in range(20)]


async def test_an_order_that_is_restored_knows_who_is_unsettled(running, ordered):
    running.vendor.answers = lambda items: DOWN
    await running.append("ana-0", "ana-1", userId="ana")
    await running.append("leo-0", userId="leo")
    async with running.consuming(ordered):
        await running.reach(State.RETRYING, 2)
        await running.reach(State.WAITING)

    order = await restored("hook", running.log, running.state)

    assert len(order) == 3
    assert order.known == 3


async def test_what_is_handed_out_twice_is_open_once():
    order = Order()
    order.put(1, person=7)

    assert not order.is_open(1)
    assert await order.room(10, system_clock) == 10


async def test_one_that_is_due_again_before_the_log_has_told_is_not_lost(running, ordered):
    retry = running.log.retry

    async def slow(group, positions, at):
        await retry(group, positions, at)
        await trio.sleep(0.1)  # meanwhile it is due, and read again

    running.log.retry = slow
    times = iter([DOWN, DOWN])
    running.vendor.answers = lambda items: next(times, OK)
    await running.append("ana-0", "ana-1", userId="ana")
    async with running.consuming(ordered):
        await running.reach(State.DELIVERED, 2)

    assert first_of_each(of("ana", running.vendor)) == ["ana-0", "ana-1"]
