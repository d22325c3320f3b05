"""What every engine of the state promises of the outbox (engine/state/outbox)."""

from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.model.delivery import Attempt, State
from engine.state.interface import Mail
from tests.conformance.test_state_attempts import DOWN, KEY, OK, a_delivery

pytestmark = pytest.mark.trio


def numbered(*positions, **changed):
    return [
        a_delivery(OK, key=replace(KEY, position=one), message_id=f"m{one}", **changed)
        for one in positions
    ]


async def waiting(state, name="kept"):
    return [one.delivery for one in await state.outbox.next(name, limit=100)]


def as_recorded(delivery):
    return replace(delivery, tried=(), payload=None)


async def test_nothing_is_noted_while_nobody_asks(engine):
    async with engine.state() as state:
        await state.record(numbered(1))
        await state.outbox.ask(["kept"])

        assert await waiting(state) == []


async def test_what_is_settled_waits_in_order_with_its_attempts_until_it_is_done(engine):
    died = Attempt(2, Millis(2_000), "dead", "status 400", 400, "no", 1)
    dead = a_delivery(DOWN, died, state=State.DEAD, key=replace(KEY, position=3))
    skipped = a_delivery(state=State.SKIPPED, key=replace(KEY, position=2), reason="no rule")
    [delivered] = numbered(1)

    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        for one in (dead, skipped, delivered):
            await state.record([one])

        found = await state.outbox.next("kept", limit=2)
        assert [one.delivery for one in found] == [as_recorded(dead), as_recorded(skipped)]
        assert [one.tries for one in found] == [[DOWN, died], []]
        assert await state.outbox.next("kept", limit=2) == found
        await state.outbox.done("kept", found[-1].number)

        [last] = await state.outbox.next("kept", limit=2)
        assert (last.delivery, last.tries) == (as_recorded(delivered), [OK])
        await state.outbox.done("kept", last.number)
        assert await waiting(state) == []


@pytest.mark.parametrize("unsettled", [State.WAITING, State.RETRYING, State.PAUSED])
async def test_what_is_still_on_its_way_is_not_noted(engine, unsettled):
    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record(numbered(1, state=unsettled, payload=b"{}"))

        assert await waiting(state) == []


async def test_every_final_state_is_noted_and_so_are_replays(engine):
    finals = [State.DELIVERED, State.UNVERIFIED, State.SKIPPED, State.SHADOWED]
    finals += [State.DEAD, State.ERASED]
    made = [
        a_delivery(key=replace(KEY, position=at, replay=at % 2), state=state)
        for at, state in enumerate(finals)
    ]

    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record(made)

        assert await waiting(state) == made


async def test_what_is_recorded_again_with_the_same_words_is_noted_once(engine):
    [one] = numbered(1)
    other = replace(one, reason="by another word", tried=())

    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record([one])
        await state.record([replace(one, tried=())])
        await state.record([other])

        assert await waiting(state) == [as_recorded(one), other]


async def test_a_dead_letter_that_is_retried_is_noted_as_it_died_and_as_it_ended(engine):
    died = Attempt(1, Millis(1_000), "dead", "status 400", 400, "no", 1)
    dead = a_delivery(died, state=State.DEAD)
    by_hand = replace(dead, state=State.RETRYING, reason="retried by hand", tried=())
    ended = a_delivery(replace(OK, number=2))

    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        for one in (dead, by_hand, ended):
            await state.record([one])

        first, second = await state.outbox.next("kept", limit=10)
        assert (first.delivery, first.tries) == (as_recorded(dead), [died])
        assert second.delivery == as_recorded(ended)
        assert [one.number for one in second.tries] == [1, 2]


async def test_what_a_browser_took_is_noted(engine):
    mail = a_delivery(key=replace(KEY, destination="clarity"), state=State.WAITING, payload=b"{}")

    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.post([Mail("box", "id1", mail, Millis(9_000))], most=10, at=Millis(1_000))
        taken = await state.take("clarity", "box", ["id1"], reason="taken", at=Millis(2_000))

        [found] = await state.outbox.next("kept", limit=10)
        assert found.delivery == as_recorded(taken[0])
        assert [one.reason for one in found.tries] == ["taken"]


async def test_each_that_asks_gets_all_and_what_both_have_goes(engine):
    async with engine.state() as state:
        await state.outbox.ask(["kept", "other"])
        await state.record(numbered(1, 2))
        one, two = await state.outbox.next("kept", limit=10)
        await state.outbox.done("kept", two.number)

        assert await waiting(state) == []
        assert await state.outbox.next("other", limit=10) == [one, two]
        await state.outbox.done("other", one.number)
        assert await state.outbox.next("other", limit=10) == [two]


async def test_who_is_new_gets_what_is_settled_from_now_on(engine):
    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record(numbered(1))
        await state.outbox.ask(["kept", "new"])
        await state.record(numbered(2))

        assert [one.message_id for one in await waiting(state)] == ["m1", "m2"]
        assert [one.message_id for one in await waiting(state, "new")] == ["m2"]


async def test_deliveries_at_those_that_ask_are_not_noted(engine):
    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record([a_delivery(OK, key=replace(KEY, destination="kept")), *numbered(1)])

        assert [one.key.destination for one in await waiting(state)] == ["meta"]


async def test_what_waits_survives_a_crash_and_a_restart(engine):
    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record(numbered(1, 2))
        crashed = engine.after_a_crash()

    async with crashed.state() as state:
        await state.outbox.ask(["kept"])
        assert [one.message_id for one in await waiting(state)] == ["m1", "m2"]


async def test_what_nobody_asks_for_any_more_goes_and_its_numbers_are_not_given_again(engine):
    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record(numbered(1))
        [before] = await state.outbox.next("kept", limit=10)
        await state.outbox.ask([])
        await state.record(numbered(2))
        await state.outbox.ask(["kept"])
        assert await waiting(state) == []

        await state.record(numbered(3))
        [after] = await state.outbox.next("kept", limit=10)

    assert after.delivery.message_id == "m3"
    assert after.number > before.number


async def test_who_does_not_ask_has_nothing_waiting(engine):
    async with engine.state() as state:
        await state.record(numbered(1))

        assert await waiting(state, "nobody") == []


async def test_what_is_forgotten_meanwhile_has_a_number_and_no_delivery(engine):
    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record(numbered(1, 2))
        await state.forget([replace(KEY, position=1)])

        gone, there = await state.outbox.next("kept", limit=10)

    assert gone.delivery is None
    assert there.delivery.message_id == "m2"


async def test_what_is_too_old_for_the_audit_waits_no_longer(engine):
    async with engine.state() as state:
        await state.outbox.ask(["kept"])
        await state.record(numbered(1))
        await state.record(numbered(2, at=Millis(9_000)))
        while await state.forget_audit(Millis(5_000), limit=10):
            pass

        assert [one.message_id for one in await waiting(state)] == ["m2"]
