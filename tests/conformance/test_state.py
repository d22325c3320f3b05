"""What every engine of the state promises (engine/state/interface)."""

from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.model.delivery import Delivery, DeliveryKey, MatchCount, State
from engine.model.verdict import Reason
from engine.state.interface import DeliveryFilter

pytestmark = pytest.mark.trio

ANY = DeliveryFilter()
REASONS = (Reason("properties.total", "expected a number"), Reason("", "too large"))


def a_delivery(position, destination="meta", rule="purchase", part=0, **changed):
    made = Delivery(
        key=DeliveryKey(position, destination, rule, part),
        message_id=f"m{position}",
        event="Order Completed",
        state=State.DELIVERED,
        reason="",
        attempts=1,
        at=Millis(2_000),
        due_at=Millis(1_000),
        release="r1",
        digest="5e88",
        dedupe_key=f"m{position}",
        window_ms=604_800_000,
        event_at=Millis(900),
    )
    return replace(made, **changed)


def keys(deliveries):
    return [(one.key.position, one.key.destination, one.key.rule) for one in deliveries]


async def test_a_delivery_comes_back_as_it_was_recorded(engine):
    full = a_delivery(
        1,
        part=3,
        state=State.RETRYING,
        reason="503 ñ",
        next_at=Millis(9),
        payload=b'{"a":"\xc3\xb1"}',
    )
    bare = a_delivery(2, digest=None, dedupe_key=None, window_ms=None)

    async with engine.state() as state:
        await state.record([full, bare])
    async with engine.state() as state:
        assert await state.deliveries_at("meta", [2, 1, 7]) == [full, bare]


async def test_recording_again_writes_over_what_the_key_held(engine):
    later = a_delivery(1, state=State.DEAD, reason="400", attempts=2)

    async with engine.state() as state:
        await state.record([a_delivery(1, state=State.RETRYING)])
        await state.record([later])
        await state.record([later])

        assert await state.deliveries_at("meta", [1]) == [later]
        assert await state.delivery_counts() == {"meta": {State.DEAD: 1}}


async def test_the_last_of_a_key_in_one_batch_counts(engine):
    async with engine.state() as state:
        await state.record([a_delivery(1, state=State.WAITING), a_delivery(1)])

        assert await state.delivery_counts() == {"meta": {State.DELIVERED: 1}}


async def test_what_was_recorded_survives_a_crash(engine):
    async with engine.state() as state:
        await state.record([a_delivery(1)])
        crashed = engine.after_a_crash()

    async with crashed.state() as state:
        assert await state.deliveries_at("meta", [1]) == [a_delivery(1)]


@pytest.mark.parametrize("end", [State.DELIVERED, State.DEAD, State.SKIPPED, State.ERASED])
async def test_a_settled_delivery_keeps_no_payload(engine, end):
    waiting = a_delivery(1, state=State.WAITING, payload=b"{}")

    async with engine.state() as state:
        await state.record([waiting])
        kept = await state.deliveries_at("meta", [1])
        await state.record([replace(waiting, state=end)])
        settled = await state.deliveries_at("meta", [1])

    assert [kept[0].payload, settled[0].payload] == [b"{}", None]


async def test_deliveries_at_gives_every_rule_and_part_of_one_destination(engine):
    wanted = [a_delivery(1), a_delivery(1, rule="lead"), a_delivery(1, part=1)]

    async with engine.state() as state:
        await state.record([*wanted, a_delivery(1, "ga4"), a_delivery(2)])

        found = await state.deliveries_at("meta", [1])

    assert sorted(found, key=repr) == sorted(wanted, key=repr)


async def test_forgotten_records_are_gone_and_not_counted(engine):
    async with engine.state() as state:
        await state.record([a_delivery(1), a_delivery(2), a_delivery(2, "ga4")])

        await state.forget([DeliveryKey(2, "meta", "purchase", 0), DeliveryKey(9, "meta")])
        await state.forget([DeliveryKey(2, "meta", "purchase", 0)])

        assert keys(await state.deliveries(ANY, limit=10)) == [
            (1, "meta", "purchase"),
            (2, "ga4", "purchase"),
        ]
        assert await state.delivery_counts() == {
            "meta": {State.DELIVERED: 1},
            "ga4": {State.DELIVERED: 1},
        }


async def test_counts_are_the_sum_of_what_is_recorded_through_every_change(engine):
    async with engine.state() as state:
        await state.record([a_delivery(n, state=State.RETRYING) for n in range(1, 701)])
        await state.record([a_delivery(n) for n in range(101, 701)])
        await state.record([a_delivery(n, "ga4", state=State.UNVERIFIED) for n in range(1, 4)])

        assert await state.delivery_counts() == {
            "meta": {State.RETRYING: 100, State.DELIVERED: 600},
            "ga4": {State.UNVERIFIED: 3},
        }


async def test_the_newest_deliveries_are_listed_last_and_without_payloads(engine):
    recorded = [a_delivery(n, state=State.WAITING, payload=b"{}") for n in (3, 1, 2)]

    async with engine.state() as state:
        await state.record(recorded)

        listed = await state.deliveries(ANY, limit=2)

    assert [one.key.position for one in listed] == [2, 3]
    assert [one.payload for one in listed] == [None, None]


async def test_deliveries_are_paged_by_key_without_a_gap_or_a_repeat(engine):
    recorded = [
        a_delivery(position, destination, rule)
        for position in (1, 2)
        for destination in ("ga4", "meta")
        for rule in ("lead", "purchase")
    ]
    paged, after = [], DeliveryKey(0, "")

    async with engine.state() as state:
        await state.record(recorded[::-1])
        while page := await state.deliveries(ANY, limit=3, after=after):
            paged += page
            after = page[-1].key

    assert paged == recorded


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (DeliveryFilter(destination="meta"), [1, 2]),
        (DeliveryFilter(destination="me*"), [1, 2, 3]),
        (DeliveryFilter(state=State.DEAD), [2, 3]),
        (DeliveryFilter(state=State.DELIVERED), [1]),
        (DeliveryFilter(state=State.DEAD, destination="m?ta"), [2]),
        (DeliveryFilter(rule="lead"), [3]),
        (DeliveryFilter(rule="l*"), [3]),
        (DeliveryFilter(message_id="m2"), [2]),
        (DeliveryFilter(since=Millis(2_001)), [3]),
        (DeliveryFilter(destination="", rule=""), [1, 2, 3]),
        (DeliveryFilter(destination="x' OR '1'='1"), []),
    ],
)
async def test_deliveries_are_filtered_by_everything_that_is_given(engine, which, found):
    async with engine.state() as state:
        await state.record(
            [
                a_delivery(1),
                a_delivery(2, state=State.DEAD),
                a_delivery(3, "metoo", "lead", state=State.DEAD, at=Millis(2_001)),
            ]
        )

        assert [one.key.position for one in await state.deliveries(which, limit=10)] == found


async def test_quarantine_keeps_the_body_as_it_came_and_the_reasons(engine, an_event):
    event = an_event("m1")
    body = {"total": None, "text": "ñ", "big": 10**30, "list": [1, "a"]}

    async with engine.state() as state:
        kept = await state.quarantine([(event, body, REASONS), (an_event("m2"), "no object", ())])
    async with engine.state() as state:
        first, second = await state.quarantined(limit=10)

    assert kept == [True, True]
    assert (first.source, first.message_id, first.received_at) == ("shop", "m1", event.received_at)
    assert (first.body, first.reasons) == (body, REASONS)
    assert (second.body, second.reasons) == ("no object", ())


async def test_an_id_is_in_quarantine_once(engine, an_event):
    one, other = an_event("m1"), an_event("m1", source="app")

    async with engine.state() as state:
        first = await state.quarantine([(one, {}, REASONS), (one, {}, REASONS)])
        second = await state.quarantine([(one, {"b": 1}, REASONS), (other, {}, REASONS)])

        assert (first, second) == ([True, False], [False, True])
        assert [item.body for item in await state.quarantined(limit=10)] == [{}, {}]


async def test_quarantine_is_paged_by_number(engine, an_event):
    async with engine.state() as state:
        await state.quarantine([(an_event(f"m{n}"), {}, REASONS) for n in range(5)])

        first = await state.quarantined(limit=3, after=0)
        rest = await state.quarantined(limit=3, after=first[-1].number)
        newest = await state.quarantined(limit=2)

    assert [item.message_id for item in newest] == ["m3", "m4"]
    assert [item.message_id for item in first + rest] == ["m0", "m1", "m2", "m3", "m4"]


async def test_accepted_ids_leave_quarantine_and_their_number_is_not_used_again(engine, an_event):
    async with engine.state() as state:
        await state.quarantine([(an_event("m1"), {}, REASONS), (an_event("m2"), {}, REASONS)])
        (_, last) = await state.quarantined(limit=10)

        await state.note_verdicts("shop", {"accepted": 2}, ["m2", "never-seen"])
        await state.note_verdicts("app", {"accepted": 1}, ["m1"])
        again = await state.quarantine([(an_event("m2"), {}, REASONS)])
        items = await state.quarantined(limit=10)

    assert again == [True]
    assert [item.message_id for item in items] == ["m1", "m2"]
    assert items[-1].number > last.number


async def test_verdict_counts_add_up_over_requests_and_restarts(engine):
    async with engine.state() as state:
        await state.note_verdicts("shop", {"accepted": 3, "duplicate": 1})
        await state.note_verdicts("app", {"rejected": 2})
    async with engine.state() as state:
        await state.note_verdicts("shop", {"accepted": 4})

        assert (await state.verdict_counts()).by_source == {
            "shop": {"accepted": 7, "duplicate": 1},
            "app": {"rejected": 2},
        }


async def test_a_setting_is_kept_changed_and_removed(engine):
    async with engine.state() as state:
        await state.set_setting("pause:meta", "401")
        await state.set_setting("pause:meta", "no token")
    async with engine.state() as state:
        kept = await state.setting("pause:meta")
        await state.set_setting("pause:meta", None)
        await state.set_setting("never", None)

        assert (kept, await state.setting("pause:meta")) == ("no token", None)


async def test_settings_are_found_by_the_beginning_of_their_name(engine):
    async with engine.state() as state:
        for name in ("pause:meta", "pause:ga4", "pauses", "mode", "pause%"):
            await state.set_setting(name, name.upper())

        assert await state.settings("pause:") == {
            "pause:meta": "PAUSE:META",
            "pause:ga4": "PAUSE:GA4",
        }
        assert len(await state.settings("")) == 5


async def test_match_keys_are_counted_by_event_and_an_attempt_leaves_them(engine):
    both, one = (("em", True), ("ph", True)), (("em", True), ("ph", False))

    async with engine.state() as state:
        await state.record(
            [
                a_delivery(1, match_keys=both),
                a_delivery(2, match_keys=one),
                a_delivery(3, event="Signed Up", match_keys=one),
                a_delivery(4, destination="ga4", match_keys=one),
                a_delivery(5, state=State.SKIPPED),
            ]
        )
        await state.record([a_delivery(1, attempts=2)])
        counts = await state.match_counts("m*")

    assert counts == [
        MatchCount("meta", "Order Completed", 2, {"em": 2, "ph": 1}),
        MatchCount("meta", "Signed Up", 1, {"em": 1, "ph": 0}),
    ]
