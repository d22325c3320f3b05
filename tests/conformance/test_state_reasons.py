"""What every engine of the state promises to who looks at dead letters and at the quarantine."""

from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.model.delivery import Delivery, DeliveryKey, State
from engine.model.verdict import Reason
from engine.state.interface import DeliveryFilter, QuarantineFilter, ReasonCount

pytestmark = pytest.mark.trio

DEAD = DeliveryFilter(state=State.DEAD)
TOTAL = (Reason("properties.total", "expected a number"),)
BOTH = (*TOTAL, Reason("", "too large"))


def a_dead_one(position, destination="meta", **changed):
    made = Delivery(
        key=DeliveryKey(position, destination, "purchase"),
        message_id=f"m{position}",
        event="Order Completed",
        state=State.DEAD,
        reason="contract: products[0] is wrong",
        attempts=0,
        at=Millis(1_000 + position),
        due_at=Millis(1_000),
        release="r1",
        event_at=Millis(900),
    )
    return replace(made, **changed)


async def found(state, **wanted):
    which = replace(DEAD, **wanted)
    listed = await state.deliveries(which, limit=9)
    assert await state.count_deliveries(which) == len(listed)
    return [one.key.position for one in listed]


async def test_dead_letters_are_found_by_event_reason_and_time(engine):
    async with engine.state() as state:
        await state.record(
            [
                a_dead_one(1),
                a_dead_one(2, event="Product Viewed"),
                a_dead_one(3, reason="400: bad * sign"),
                a_dead_one(4, state=State.DELIVERED, reason=""),
            ]
        )

        assert await found(state) == [1, 2, 3]
        assert await found(state, event="Order *") == [1, 3]
        assert await found(state, event="Order Completed") == [1, 3]
        assert await found(state, reason="products[0]") == [1, 2]
        assert await found(state, reason="contract*wrong") == [1, 2]
        assert await found(state, reason="wrong?") == []
        assert await found(state, since=Millis(1_002)) == [2, 3]
        assert await found(state, until=Millis(1_002)) == [1]


async def test_reasons_are_counted_with_the_newest_of_each(engine):
    async with engine.state() as state:
        await state.record([a_dead_one(1), a_dead_one(3), a_dead_one(2)])
        await state.record([a_dead_one(4, "ga4", reason="older than 72h", event="page")])
        await state.record([a_dead_one(5, state=State.DELIVERED)])

        assert await state.reasons(DEAD) == [
            ReasonCount(
                "meta", "contract: products[0] is wrong", 3, "Order Completed", "m3", Millis(1_003)
            ),
            ReasonCount("ga4", "older than 72h", 1, "page", "m4", Millis(1_004)),
        ]
        assert await state.reasons(replace(DEAD, destination="ga*")) == [
            ReasonCount("ga4", "older than 72h", 1, "page", "m4", Millis(1_004))
        ]


async def test_quarantined_events_are_found_by_source_event_and_reason(engine, an_event):
    deep = {"type": "track"}
    for _ in range(300):
        deep = {"a": deep}
    async with engine.state() as state:
        first, second = an_event("m1"), an_event("m2", source="web")
        await state.quarantine([(first, dict(first.body), TOTAL), (second, {"type": "page"}, BOTH)])
        await state.quarantine([(an_event("m3"), {"big": 10**30, "event": "Año"}, TOTAL)])
        await state.quarantine([(an_event("m4"), deep, TOTAL)])

        async def numbers(**wanted):
            which = QuarantineFilter(**wanted)
            listed = await state.quarantined(limit=9, which=which)
            assert await state.count_quarantined(which) == len(listed)
            assert await state.quarantined(limit=9, after=0, which=which) == listed
            return [one.message_id for one in listed]

        assert await numbers() == ["m1", "m2", "m3", "m4"]
        assert await numbers(source="web") == ["m2"]
        assert await numbers(event="Order *") == ["m1"]
        assert await numbers(event="A*o") == ["m3"]
        assert await numbers(event="page") == ["m2"]
        assert await numbers(reason="too large") == ["m2"]
        assert await numbers(reason="properties.total: expected*") == ["m1", "m2", "m3", "m4"]
        assert await numbers(message_id="m3", since=first.received_at) == ["m3"]
        assert await numbers(until=first.received_at) == []


async def test_the_reasons_of_the_quarantine_are_counted_as_people_read_them(engine, an_event):
    async with engine.state() as state:
        for number in range(3):
            one = an_event(f"m{number}")
            await state.quarantine([(one, dict(one.body), TOTAL)])
        last = an_event("m9", source="web")
        await state.quarantine([(last, {"type": "page"}, BOTH)])

        counted = await state.quarantine_reasons(QuarantineFilter())

        assert [(one.group, one.reason, one.count, one.event) for one in counted] == [
            ("shop", "properties.total: expected a number", 3, "Order Completed"),
            ("web", "properties.total: expected a number; too large", 1, "page"),
        ]


async def test_reasons_are_renewed_and_the_event_stays(engine, an_event):
    async with engine.state() as state:
        one = an_event("m1")
        await state.quarantine([(one, dict(one.body), TOTAL)])
        [kept] = await state.quarantined(limit=9)

        await state.renew_reasons({kept.number: BOTH, kept.number + 7: TOTAL})

        assert await state.quarantined(limit=9) == [replace(kept, reasons=BOTH)]


async def test_what_leaves_the_quarantine_is_counted_as_what_it_became(engine, an_event):
    async with engine.state() as state:
        items = [an_event(f"m{number}") for number in range(3)]
        await state.quarantine([(one, dict(one.body), TOTAL) for one in items])
        await state.note_verdicts("shop", {"quarantined": 3, "accepted": 1})

        assert await state.leave_quarantine("shop", ["m0", "m2", "other"], "accepted") == 2
        assert await state.leave_quarantine("shop", ["m0", "m2"], "accepted") == 0
        assert await state.leave_quarantine("web", ["m1"], "rejected") == 0

        assert [one.message_id for one in await state.quarantined(limit=9)] == ["m1"]
        counts = await state.verdict_counts()
        assert counts.by_source == {"shop": {"quarantined": 1, "accepted": 3}}


async def test_what_the_request_told_of_the_sender_is_kept_with_the_event(engine, an_event):
    seen = an_event("m1", context={"ip": "203.0.113.9", "userAgent": "Browser/1"})
    given = {**seen.body, "context": {"userAgent": "Own/1"}}
    async with engine.state() as state:
        await state.quarantine([(seen, given, TOTAL)])

        [kept] = await state.quarantined(limit=9)

        assert (kept.ip, kept.user_agent, kept.timestamp) == ("203.0.113.9", None, seen.timestamp)
