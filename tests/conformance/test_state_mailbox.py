"""What every engine of the state promises of payloads that wait for a browser session."""

from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.model.delivery import Delivery, DeliveryKey, State
from engine.state.interface import DeliveryFilter, Mail

pytestmark = pytest.mark.trio

AT = Millis(2_000)
UNTIL = Millis(10_000)
TAKEN = "handed to the browser"


def a_mail(number, box="session-a", destination="bridge", **changed):
    delivery = Delivery(
        key=DeliveryKey(number, destination, "order"),
        message_id=f"m{number}",
        event="Order Completed",
        state=State.WAITING,
        reason="",
        attempts=0,
        at=AT,
        due_at=Millis(1_000),
        release="r1",
        event_at=Millis(900),
        payload=b'{"n":%d}' % number,
    )
    return Mail(box, changed.pop("id", f"m{number}"), replace(delivery, **changed), UNTIL)


async def waiting(state, box="session-a", destination="bridge", now=AT):
    return [one.id for one in await state.mail(destination, box, now=now, limit=100)]


async def records(state):
    found = await state.deliveries(DeliveryFilter(), limit=1000)
    return {one.message_id: (one.state, one.reason) for one in found}


async def test_what_is_posted_waits_in_its_box_until_it_is_taken(engine):
    async with engine.state() as state:
        posted = await state.post([a_mail(2), a_mail(1), a_mail(3, "session-b")], most=9, at=AT)
        again = [await state.mail("bridge", "session-a", now=AT, limit=9) for _ in range(2)]

        assert {one.message_id for one in posted} == {"m1", "m2", "m3"}
        assert again[0] == again[1] == [a_mail(1), a_mail(2)]
        assert await waiting(state, "session-b") == ["m3"]
        assert await waiting(state, destination="other") == []
        assert await state.delivery_counts() == {"bridge": {State.WAITING: 3}}


async def test_what_was_posted_survives_a_crash_with_its_record(engine):
    async with engine.state() as state:
        await state.post([a_mail(1)], most=9, at=AT)
        crashed = engine.after_a_crash()

    async with crashed.state() as state:
        assert await state.mail("bridge", "session-a", now=AT, limit=9) == [a_mail(1)]
        assert await records(state) == {"m1": (State.WAITING, "")}


async def test_posting_again_changes_nothing(engine):
    async with engine.state() as state:
        await state.post([a_mail(1), a_mail(2)], most=9, at=AT)
        await state.take("bridge", "session-a", ["m1"], reason=TAKEN, at=AT)

        assert await state.post([a_mail(1), a_mail(2)], most=9, at=AT) == []
        assert await waiting(state) == ["m2"]
        assert await records(state) == {"m1": (State.DELIVERED, TAKEN), "m2": (State.WAITING, "")}


@pytest.mark.parametrize("taken", [False, True])
async def test_another_delivery_with_an_id_that_is_known_is_skipped(engine, taken):
    async with engine.state() as state:
        await state.post([a_mail(1)], most=9, at=AT)
        if taken:
            await state.take("bridge", "session-a", ["m1"], reason=TAKEN, at=AT)
        await state.post([a_mail(5, id="m1"), a_mail(6), a_mail(7, id="m6")], most=9, at=AT)

        assert await waiting(state) == ([] if taken else ["m1"]) + ["m6"]
        found = await records(state)
        assert found["m5"] == found["m7"] == (State.SKIPPED, "a repeat of what is there")
        assert sum((await state.delivery_counts())["bridge"].values()) == 4


async def test_one_id_at_two_destinations_is_two(engine):
    async with engine.state() as state:
        await state.post([a_mail(1), a_mail(1, destination="other")], most=9, at=AT)

        assert await waiting(state) == await waiting(state, destination="other") == ["m1"]


async def test_the_oldest_over_the_bound_of_a_box_are_dead(engine):
    async with engine.state() as state:
        await state.post([a_mail(n) for n in range(1, 4)], most=3, at=AT)
        await state.post([a_mail(4), a_mail(5), a_mail(9, "session-b")], most=3, at=AT)

        assert await waiting(state) == ["m3", "m4", "m5"]
        assert await waiting(state, "session-b") == ["m9"]
        dead = (State.DEAD, "pushed out: at most 3 wait for one session")
        assert (await records(state))["m1"] == (await records(state))["m2"] == dead


async def test_a_thousand_for_one_box_in_one_write_leave_the_newest(engine):
    async with engine.state() as state:
        recorded = await state.post([a_mail(n) for n in range(1, 1001)], most=2, at=AT)

        assert await waiting(state) == ["m999", "m1000"]
        assert await state.delivery_counts() == {"bridge": {State.WAITING: 2, State.DEAD: 998}}
        assert len(recorded) == 1998


async def test_taking_is_told_once_and_frees_the_payload(engine):
    async with engine.state() as state:
        await state.post([a_mail(1), a_mail(2)], most=9, at=AT)
        first = await state.take("bridge", "session-a", ["m1", "nobody"], reason=TAKEN, at=UNTIL)
        second = await state.take("bridge", "session-a", ["m1"], reason=TAKEN, at=UNTIL)
        [kept] = await state.deliveries_at("bridge", [1])

        assert [one.message_id for one in first] == ["m1"]
        assert second == []
        assert (kept.state, kept.reason, kept.attempts) == (State.DELIVERED, TAKEN, 1)
        assert (kept.at, kept.payload) == (UNTIL, None)


async def test_nobody_takes_from_the_box_of_another_session(engine):
    async with engine.state() as state:
        await state.post([a_mail(1)], most=9, at=AT)

        assert await state.take("bridge", "session-b", ["m1"], reason=TAKEN, at=AT) == []
        assert await state.take("other", "session-a", ["m1"], reason=TAKEN, at=AT) == []
        assert await waiting(state) == ["m1"]


async def test_what_waited_too_long_is_no_longer_handed_out_and_then_dead(engine):
    async with engine.state() as state:
        await state.post([a_mail(1), a_mail(2)], most=9, at=AT)
        await state.take("bridge", "session-a", ["m2"], reason=TAKEN, at=AT)

        assert await waiting(state, now=UNTIL) == []
        assert await state.expire("bridge", Millis(UNTIL - 1), reason="late", at=UNTIL) == []
        assert await state.expire("other", UNTIL, reason="late", at=UNTIL) == []
        [dead] = await state.expire("bridge", UNTIL, reason="late", at=UNTIL)

        assert (dead.message_id, dead.state, dead.reason) == ("m1", State.DEAD, "late")
        assert await state.expire("bridge", UNTIL, reason="late", at=UNTIL) == []
        assert await records(state) == {"m1": (State.DEAD, "late"), "m2": (State.DELIVERED, TAKEN)}


async def test_an_id_is_free_again_once_it_has_expired(engine):
    async with engine.state() as state:
        await state.post([a_mail(1)], most=9, at=AT)
        await state.expire("bridge", UNTIL, reason="late", at=UNTIL)
        await state.post([a_mail(5, id="m1")], most=9, at=AT)

        assert await waiting(state) == ["m1"]


async def test_what_was_settled_elsewhere_is_neither_handed_out_nor_changed(engine):
    async with engine.state() as state:
        await state.post([a_mail(1)], most=9, at=AT)
        await state.record([replace(a_mail(1).delivery, state=State.ERASED)])

        assert await waiting(state) == []
        assert await state.take("bridge", "session-a", ["m1"], reason=TAKEN, at=AT) == []
        assert await records(state) == {"m1": (State.ERASED, "")}
