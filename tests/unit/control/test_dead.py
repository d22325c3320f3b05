"""Dead letters, retried and dropped by hand."""

from dataclasses import replace

import pytest
import trio
import trio.testing

from engine.control.control import ControlError
from engine.control.dead import PAGE, SPARE_MS
from engine.control.verbs import perform
from engine.delivery.send import open_sender
from engine.delivery.supervise import Delivery as Consumers
from engine.model.delivery import Attempt, Delivery, DeliveryKey, State
from engine.model.errors import StorageError
from engine.state.interface import DeliveryFilter
from tests.support.controls import sent
from tests.support.events import NOW, an_event

pytestmark = pytest.mark.trio

NONE = {"retried": 0, "not_kept": 0, "not_running": 0, "busy": 0, "of_replays": 0, "delivered": 0}


def a_letter(position, **changed):
    made = Delivery(
        key=DeliveryKey(position, "hook", "order"),
        message_id=f"m{position}",
        event="Order Completed",
        state=State.DEAD,
        reason="HTTP 400: no",
        attempts=2,
        at=NOW,
        due_at=NOW,
        release="r1",
        event_at=NOW,
    )
    return replace(made, **changed)


async def read_off(control, count):
    """The consumer has read and finished with the first ``count`` entries."""
    entries = await control.log.read("hook", count)
    await control.log.acknowledge("hook", [entry.position for entry in entries])


async def orders(control, count):
    await sent(control, *(an_event(messageId=f"m{number}") for number in range(1, count + 1)))
    await read_off(control, count)


async def recorded(control):
    found = await control.state.deliveries(DeliveryFilter(), limit=10_000)
    return {one.key.position: one for one in found}


async def handed_out(control):
    """What the log hands out now, without waiting for more."""
    with trio.move_on_after(0.01):
        return [entry.position for entry in await control.log.read("hook", 10_000)]
    return []


async def test_a_retried_letter_is_undecided_and_its_entry_handed_out_at_once(control, clock):
    await orders(control, 2)
    await control.state.record([a_letter(1), a_letter(2)])
    clock.pass_ms(60_000)

    done = await perform(control, "dead/retry", {"message_id": "m2"})

    assert done == {**NONE, "retried": 1}
    one = (await recorded(control))[2]
    assert (one.state, one.reason, one.payload) == (State.RETRYING, "retried by hand", None)
    assert one.due_at == one.next_at == clock.at
    assert (await recorded(control))[1].state is State.DEAD
    assert await handed_out(control) == [2]


async def test_only_what_the_filter_finds_is_retried(control):
    await orders(control, 3)
    await control.state.record(
        [a_letter(1), a_letter(2, reason="older than 7d"), a_letter(3, state=State.DELIVERED)]
    )

    done = await perform(control, "dead/retry", {"reason": "400", "destination": "h*"})

    assert done["retried"] == 1
    states = [one.state for one in (await recorded(control)).values()]
    assert states == [State.RETRYING, State.DEAD, State.DELIVERED]


async def test_an_event_that_the_log_does_not_keep_stays_dead(control):
    await orders(control, 1)
    await control.state.record([a_letter(1), a_letter(99)])

    assert await perform(control, "dead/retry", {"all": True}) == {
        **NONE,
        "retried": 1,
        "not_kept": 1,
    }
    assert (await recorded(control))[99].state is State.DEAD


async def test_a_destination_that_is_gone_takes_no_retry(control):
    await orders(control, 1)
    await control.state.record([a_letter(1, key=DeliveryKey(1, "gone", "order"))])

    assert (await perform(control, "dead/retry", {"all": True}))["not_running"] == 1


async def test_a_letter_of_a_replay_is_left_to_replays(control):
    await orders(control, 1)
    await control.state.record([a_letter(1, key=DeliveryKey(1, "hook", "order", 0, 7))])

    assert (await perform(control, "dead/retry", {"all": True}))["of_replays"] == 1


async def test_more_letters_than_a_page_are_all_retried(control):
    count = PAGE + 20
    await orders(control, count)
    # Two of an event, so that a page would end between them.
    for part in (0, 1):
        await control.state.record(
            [a_letter(at, key=DeliveryKey(at, "hook", "order", part)) for at in range(1, count + 1)]
        )

    done = await perform(control, "dead/retry", {"all": True})

    assert done == {**NONE, "retried": 2 * count}
    assert len(await handed_out(control)) == count


async def test_an_entry_that_is_in_hand_is_not_touched(control, tmp_path):
    await orders(control, 3)
    moving = a_letter(2, key=DeliveryKey(2, "hook", "other"), state=State.RETRYING, payload=b"{}")
    await control.state.record([a_letter(1), a_letter(2), moving, a_letter(3)])
    async with open_sender("http://127.0.0.1:1") as sender:
        consumers = Consumers(
            control.release,
            control.log,
            control.state,
            sender,
            control.ingest.notices,
            control.clock,
        )
        consumer = consumers._consumer(control.release.destination("hook"))
        consumers._consumers["hook"] = consumer
        consumer.attempts.settlement.expect(1, [DeliveryKey(1, "hook", "another")])

        done = await perform(replace(control, delivery=consumers), "dead/retry", {"all": True})

    assert done == {**NONE, "retried": 1, "busy": 2}
    assert await handed_out(control) == [3]


async def test_a_retry_that_ends_half_way_leaves_nothing_stuck(control, clock, monkeypatch):
    await orders(control, 1)
    await control.state.record([a_letter(1)])
    put_off, calls = control.log.retry, []

    async def breaks_the_second_time(group, positions, at):
        calls.append(at)
        if len(calls) == 2:
            raise StorageError("gone")
        await put_off(group, positions, at)

    monkeypatch.setattr(control.log, "retry", breaks_the_second_time)
    with pytest.raises(StorageError):
        await perform(control, "dead/retry", {"all": True})

    assert (await recorded(control))[1].state is State.RETRYING
    assert await handed_out(control) == []
    clock.pass_ms(SPARE_MS + 1)
    await control.log.wake("hook")
    assert await handed_out(control) == [1]


async def test_a_dropped_letter_ends_skipped_with_the_reason_it_died_of(control, clock):
    await orders(control, 1)
    await control.state.record([a_letter(1), a_letter(50)])
    clock.pass_ms(5)

    assert await perform(control, "dead/drop", {"all": True}) == {"dropped": 2}

    one = (await recorded(control))[1]
    assert (one.state, one.at) == (State.SKIPPED, clock.at)
    assert one.reason == "dropped by hand: HTTP 400: no"
    assert await control.state.delivery_counts() == {"hook": {State.SKIPPED: 2}}


@pytest.mark.parametrize("name", ["dead/retry", "dead/drop"])
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "nothing says which; give one of message_id, destination"),
        ({"all": False}, "nothing says which"),
        ({"all": 1}, "all is int; expected true or false"),
        ({"destinations": "hook"}, 'did you mean "destination"'),
        ({"since": "2d"}, 'since is "2d"; expected a time such as'),
        ({"destination": ["hook"]}, "destination is list; expected a text"),
    ],
)
async def test_what_can_not_be_meant_changes_nothing(control, name, asked, told):
    await orders(control, 1)
    await control.state.record([a_letter(1)])

    with pytest.raises(ControlError) as refused:
        await perform(control, name, asked)

    assert told in str(refused.value)
    assert (await recorded(control))[1].state is State.DEAD


@pytest.mark.parametrize("name", ["dead/retry", "dead/drop"])
async def test_the_attempts_of_a_dead_letter_are_still_told_after_a_change_by_hand(control, name):
    await orders(control, 1)
    tried = Attempt(1, NOW, "dead", "HTTP 400: no", 400, '{"error":"no"}', 3)
    await control.state.record([a_letter(1, attempts=1, tried=(tried,))])

    await perform(control, name, {"all": True})

    assert await control.state.attempts("m1") == {DeliveryKey(1, "hook", "order"): [tried]}
