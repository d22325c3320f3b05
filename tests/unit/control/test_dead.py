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
from engine.model.replay import Replay, ReplayState
from engine.state.interface import DeliveryFilter
from tests.support.controls import sent
from tests.support.events import NOW, an_event

pytestmark = pytest.mark.trio

NONE = {"retried": 0, "not_kept": 0, "not_running": 0, "busy": 0, "delivered": 0}


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


def of_replay(number, position=1, **changed):
    return a_letter(position, key=DeliveryKey(position, "hook", "order", 0, number), **changed)


async def a_replay(control, **changed):
    made = Replay("hook", after=0, until=1, asked_at=NOW, reached=1, state=ReplayState.DONE)
    return await control.state.add_replay(replace(made, **changed))


async def of_its_replay(control, number=1):
    found = await control.state.deliveries(DeliveryFilter(replay=number), limit=9)
    return [one.state for one in found]


@pytest.mark.parametrize("ended", [ReplayState.DONE, ReplayState.STOPPED])
async def test_a_letter_of_a_replay_is_retried_by_its_replay_which_runs_once_more(control, ended):
    await orders(control, 2)
    await a_replay(control, state=ended, until=2)
    await control.state.record([of_replay(1)])

    assert await perform(control, "dead/retry", {"all": True}) == {**NONE, "retried": 1}

    [one] = await control.state.open_deliveries(1, limit=9)
    assert (one.reason, one.payload, one.due_at) == ("retried by hand", None, control.clock())
    [again] = await control.state.replays()
    assert (again.state, again.until) == (ReplayState.RUNNING, 1)
    assert await handed_out(control) == []


async def test_what_died_live_and_in_a_replay_is_retried_once(control):
    await orders(control, 1)
    await a_replay(control)
    await control.state.record([a_letter(1), of_replay(1, at=NOW + 5)])

    assert await perform(control, "dead/retry", {"all": True}) == {
        **NONE,
        "retried": 1,
        "busy": 1,
    }
    assert await of_its_replay(control) == [State.RETRYING]


async def test_a_letter_that_goes_elsewhere_already_is_busy(control):
    await orders(control, 2)
    await a_replay(control, until=2, reached=2)
    on_its_way = {"state": State.RETRYING, "payload": b"{}", "next_at": NOW}
    await control.state.record(
        [a_letter(1), of_replay(1, **on_its_way), a_letter(2, **on_its_way), of_replay(1, 2)]
    )

    assert await perform(control, "dead/retry", {"all": True}) == {**NONE, "busy": 2}


async def test_a_replay_that_was_just_stopped_lets_go_first(control):
    await orders(control, 2)
    await a_replay(control, state=ReplayState.STOPPED, until=2, reached=2)
    await control.state.record([of_replay(1), of_replay(1, 2, state=State.WAITING, payload=b"{}")])

    assert await perform(control, "dead/retry", {"all": True}) == {**NONE, "busy": 1}
    assert [one.state for one in await control.state.replays()] == [ReplayState.STOPPED]


async def test_what_came_through_otherwise_is_not_sent_again(control):
    await orders(control, 2)
    await a_replay(control, until=2, reached=2)
    came = {"state": State.DELIVERED, "dedupe_key": "k"}
    renamed = a_letter(1, key=DeliveryKey(1, "hook", "bought", 0, 2), **came)
    await control.state.record([a_letter(1, dedupe_key="k"), renamed])
    await control.state.record([a_letter(2, **came), of_replay(1, 2, dedupe_key="k")])

    assert await perform(control, "dead/retry", {"all": True}) == {**NONE, "delivered": 2}


async def test_what_a_replay_was_to_send_again_may_be_retried_though_it_came_through_before(
    control,
):
    await orders(control, 1)
    await a_replay(control, again=True)
    await control.state.record([a_letter(1, state=State.DELIVERED), of_replay(1, at=NOW + 5)])

    assert await perform(control, "dead/retry", {"all": True}) == {**NONE, "retried": 1}


async def test_of_two_things_under_one_key_the_dead_one_is_retried(control):
    await orders(control, 1)
    await a_replay(control, again=True)
    other = of_replay(1, state=State.DELIVERED, dedupe_key="k")
    lead = a_letter(1, key=DeliveryKey(1, "hook", "lead"), dedupe_key="k")
    live = a_letter(1, state=State.DELIVERED, dedupe_key="k")
    await control.state.record([other, lead, live])

    assert await perform(control, "dead/retry", {"all": True}) == {**NONE, "retried": 1}


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
