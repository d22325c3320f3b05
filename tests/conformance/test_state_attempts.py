"""What every engine of the state promises of attempts (engine/state/interface)."""

from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.model.delivery import Attempt, Delivery, DeliveryKey, State
from engine.state.interface import DeliveryFilter

pytestmark = pytest.mark.trio

KEY = DeliveryKey(1, "meta", "purchase")
OK = Attempt(1, Millis(2_000), "delivered", "", 200, '{"events_received":2}', 2)
DOWN = Attempt(1, Millis(1_000), "retry", "status 503", 503, "try later ñ", 2)
SILENT = Attempt(2, Millis(1_500), "retry", "no answer within 10 s", None, "", 2)


def a_delivery(*tried, key=KEY, state=State.DELIVERED, **changed):
    made = Delivery(
        key=key,
        message_id="m1",
        event="Order Completed",
        state=state,
        reason=tried[-1].reason if tried else "",
        attempts=tried[-1].number if tried else 0,
        at=tried[-1].at if tried else Millis(500),
        due_at=Millis(400),
        release="r1",
        event_at=Millis(300),
        tried=tried,
    )
    return replace(made, **changed)


async def test_a_delivery_settled_at_once_keeps_its_attempt_with_the_answer(engine):
    other = replace(KEY, destination="ga4")

    async with engine.state() as state:
        await state.record([a_delivery(OK), a_delivery(OK, key=other)])

        assert await state.attempts("m1") == {other: [OK], KEY: [OK]}
        assert await state.attempts("m2") == {}


async def test_every_attempt_of_a_delivery_is_kept_by_number(engine):
    third = replace(OK, number=3)
    retrying = State.RETRYING

    async with engine.state() as state:
        await state.record([a_delivery(DOWN, state=retrying, payload=b"{}")])
        await state.record([a_delivery(SILENT, state=retrying, payload=b"{}")])
        await state.record([a_delivery(third)])

        assert await state.attempts("m1") == {KEY: [DOWN, SILENT, third]}


async def test_the_attempts_of_a_batch_that_was_split_come_together(engine):
    split = Attempt(1, Millis(1_000), "split", "status 400", 400, "bad", 2)
    alone = replace(split, number=2, batch=1)

    async with engine.state() as state:
        await state.record([a_delivery(split, alone, state=State.DEAD)])

        assert await state.attempts("m1") == {KEY: [split, alone]}


async def test_an_attempt_without_a_request_has_its_reason_alone(engine):
    unmade = Attempt(1, Millis(1_000), "pause", "request.url gives no text")

    async with engine.state() as state:
        await state.record([a_delivery(unmade, state=State.PAUSED, payload=b"{}")])

        assert await state.attempts("m1") == {KEY: [unmade]}


async def test_an_attempt_without_a_request_that_settles_is_kept_too(engine):
    taken = Attempt(1, Millis(1_000), "delivered", "handed to the browser")

    async with engine.state() as state:
        await state.record([a_delivery(taken)])

        assert await state.attempts("m1") == {KEY: [taken]}


async def test_a_dead_letter_that_is_retried_keeps_how_it_died(engine):
    died = Attempt(1, Millis(1_000), "dead", "status 400", 400, '{"error":"no"}', 1)
    dead = a_delivery(died, state=State.DEAD)
    by_hand = replace(dead, state=State.RETRYING, reason="retried by hand", tried=())
    second = replace(OK, number=2)

    async with engine.state() as state:
        await state.record([dead])
        await state.record([by_hand])
        assert await state.attempts("m1") == {KEY: [died]}
        await state.record([a_delivery(second)])

        assert await state.attempts("m1") == {KEY: [died, second]}


async def test_what_was_forgotten_for_another_rule_keeps_its_attempts(engine):
    other = replace(KEY, rule="order")

    async with engine.state() as state:
        await state.record([a_delivery(OK), a_delivery(key=other, state=State.SKIPPED)])
        await state.forget([KEY])

        assert await state.attempts("m1") == {KEY: [OK]}


async def test_of_many_attempts_the_first_and_the_newest_are_kept(engine):
    async with engine.state() as state:
        for number in range(1, 61):
            one = replace(DOWN, number=number, at=Millis(number))
            await state.record([a_delivery(one, state=State.RETRYING, payload=b"{}")])

        [kept] = (await state.attempts("m1")).values()

    assert [one.number for one in kept] == [1, 2, 3, 4, 5, *range(41, 61)]


async def test_a_record_that_comes_back_brings_no_attempt_again(engine):
    async with engine.state() as state:
        await state.record([a_delivery(DOWN, state=State.RETRYING, payload=b"{}")])

        [back] = await state.deliveries_at("meta", [1])

    assert back.tried == ()


async def test_the_audit_forgets_what_is_settled_and_old_some_at_a_time(engine):
    old = [a_delivery(OK, key=replace(KEY, position=one), message_id=f"m{one}") for one in (1, 2)]
    kept = a_delivery(DOWN, key=replace(KEY, position=3), state=State.RETRYING, payload=b"{}")
    late = replace(OK, at=Millis(9_000))
    new = a_delivery(late, key=replace(KEY, position=4), message_id="m4")

    async with engine.state() as state:
        await state.record([*old, replace(kept, message_id="m3"), new])

        gone = []
        while gone[-1:] != [0]:
            gone.append(await state.forget_audit(Millis(5_000), limit=3))

        left = await state.deliveries(DeliveryFilter(), limit=10)
        assert [one.message_id for one in left] == ["m3", "m4"]
        assert await state.delivery_counts() == {
            "meta": {State.RETRYING: 1, State.DELIVERED: 1},
        }
        assert await state.attempts("m4") == {new.key: [late]}
        assert await state.attempts("m1") == {}
    assert len(gone) > 1
