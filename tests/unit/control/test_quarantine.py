"""Out of quarantine: admitted after a fix, or dropped."""

from dataclasses import replace

import pytest

from engine.control.verbs import perform
from engine.ingest.accept import accept
from engine.model.clock import to_iso
from engine.model.event import Inbound, Source, SourceKind
from engine.model.verdict import Accepted, Quarantined
from tests.support.controls import sent
from tests.support.events import NOW, an_event
from tests.support.releases import FILES, a_release

pytestmark = pytest.mark.trio

NO_ID = {"total": 5, "currency": "COP"}
LOOSE = FILES["schemas/events/order-completed.yaml"].replace("required: [order_id]", "required: []")


@pytest.fixture
def fixed(control, tmp_path):
    """The same control after the schema was fixed: an order needs no id any more."""
    release = a_release(tmp_path / "fixed", {"schemas/events/order-completed.yaml": LOOSE})
    return replace(
        control, release=release, ingest=replace(control.ingest, release=lambda: release)
    )


async def logged(control):
    return [entry.event for entry in await control.log.read_range(0, 100)]


async def held(control):
    return [one.message_id for one in await control.state.quarantined(limit=100)]


async def counts(control, source="shop"):
    return (await control.state.verdict_counts()).by_source[source]


async def test_a_good_event_goes_into_the_log_as_the_event_that_it_was(control, fixed, clock):
    skewed = an_event(messageId="m1", properties=NO_ID, timestamp="2026-11-20T14:00:00.000Z")
    inbound = Inbound(Source("shop"), skewed, NOW, sent_at="2026-11-20T14:30:00.000Z")
    [verdict] = await accept(control.ingest, [inbound])
    assert isinstance(verdict, Quarantined)
    clock.pass_ms(3_600_000)

    done = await perform(fixed, "quarantine/retry", {"all": True})

    assert done == {"accepted": 1, "duplicate": 0, "still": 0}
    [event] = await logged(control)
    assert event.timestamp == verdict.event.timestamp
    assert event.body == verdict.event.body
    assert event.body["receivedAt"] == to_iso(NOW)
    assert event.received_at == clock.at
    assert await held(control) == []


async def test_a_made_up_id_and_what_the_request_told_stay_with_the_event(control, tmp_path, clock):
    strict = an_event("Unplanned thing", messageId=...)
    context = {key: strict["context"][key] for key in ("traits", "consent")}
    web = Source("web", SourceKind.BROWSER)
    inbounds = [
        Inbound(
            replace(web, unplanned="quarantine"),
            {**strict, "context": context},
            NOW,
            index,
            remote_ip="203.0.113.9",
            user_agent="Browser/1",
        )
        for index in range(2)
    ]
    verdicts = await accept(control.ingest, inbounds)
    release = a_release(
        tmp_path / "fixed",
        {
            "encamina.yaml": FILES["encamina.yaml"].replace(
                "unplanned: quarantine", "unplanned: allow"
            )
        },
    )
    fixed = replace(control, ingest=replace(control.ingest, release=lambda: release))

    await perform(fixed, "quarantine/retry", {"source": "web"})

    was = [one.event for one in verdicts]
    now = await logged(control)
    assert [one.body for one in now] == [one.body for one in was]
    assert len({one.message_id for one in now}) == 2
    assert now[0].body["context"]["ip"] == "203.0.113.9"


async def test_a_bad_event_stays_with_the_reasons_of_today(control, tmp_path):
    await sent(control, an_event(messageId="m1", properties=NO_ID))
    other = LOOSE.replace("required: []", "required: [coupon]")
    release = a_release(tmp_path / "other", {"schemas/events/order-completed.yaml": other})
    changed = replace(control, ingest=replace(control.ingest, release=lambda: release))

    done = await perform(changed, "quarantine/retry", {"all": True})

    assert done == {"accepted": 0, "duplicate": 0, "still": 1}
    [one] = await control.state.quarantined(limit=9)
    assert "coupon" in str(one.reasons)
    assert await logged(control) == []


async def test_counts_add_up_through_readmission_and_drop(control, fixed):
    await sent(control, *(an_event(messageId=f"m{at}", properties=NO_ID) for at in range(5)))
    await sent(control, an_event(messageId="good"))

    await perform(fixed, "quarantine/retry", {"message_id": "m1"})
    done = await perform(fixed, "quarantine/drop", {"message_id": "m2"})

    assert done == {"dropped": 1}
    assert await held(control) == ["m0", "m3", "m4"]
    assert {name: n for name, n in (await counts(control)).items() if n} == {
        "accepted": 2,
        "quarantined": 3,
        "rejected": 1,
    }


async def test_what_is_in_the_log_already_is_not_appended_again(control, fixed):
    await sent(control, an_event(messageId="m1", properties=NO_ID))
    [item] = await control.state.quarantined(limit=9)
    await perform(fixed, "quarantine/retry", {"all": True})
    # As after a crash between the log and the quarantine.
    event = (await logged(control))[0]
    await control.state.quarantine([(event, item.body, item.reasons)])
    await control.state.note_verdicts("shop", {"quarantined": 1, "accepted": -1})

    done = await perform(fixed, "quarantine/retry", {"all": True})

    assert done == {"accepted": 0, "duplicate": 1, "still": 0}
    assert len(await logged(control)) == 1
    assert await held(control) == []


async def test_what_was_learnt_of_the_person_since_is_filled_in(control, fixed):
    await sent(control, an_event(messageId="m1", properties=NO_ID, context={}))
    seen = an_event(messageId="m2", context={"ip": "203.0.113.77", "userAgent": "Browser/7"})
    assert isinstance((await sent(control, seen))[0], Accepted)

    await perform(fixed, "quarantine/retry", {"all": True})

    event = (await logged(control))[-1]
    assert event.message_id == "m1"
    assert event.body["context"]["ip"] == "203.0.113.77"
    assert "context.ip" in event.body["context"]["remembered"]


async def test_an_event_of_a_source_that_is_gone_stays_and_says_so(control, fixed):
    event = next(
        one.event for one in await sent(control, an_event(messageId="m1", properties=NO_ID))
    )
    other = event._replace(source="gone", message_id="m2")
    await control.state.quarantine([(other, {}, ())])

    done = await perform(fixed, "quarantine/retry", {"source": "gone"})

    assert done["still"] == 1
    [one] = [one for one in await control.state.quarantined(limit=9) if one.source == "gone"]
    assert "not in encamina.yaml" in one.reasons[0].message


async def test_a_body_that_is_nested_too_deeply_ends_alone(control, fixed):
    await sent(control, an_event(messageId="m1", properties=NO_ID))
    [event] = [one.event for one in await sent(control, an_event(messageId="m3", properties=NO_ID))]
    deep = {}
    for _ in range(200):
        deep = {"a": deep}
    await control.state.quarantine(
        [(event._replace(message_id="m2"), {**event.body, "b": deep}, ())]
    )

    done = await perform(fixed, "quarantine/retry", {"all": True})

    assert done["accepted"] + done["still"] == 3
    assert done["accepted"] >= 2


async def test_more_events_than_a_page_all_go(control, fixed):
    for start in range(0, 450, 150):
        batch = range(start, start + 150)
        await sent(control, *(an_event(messageId=f"m{at}", properties=NO_ID) for at in batch))

    assert (await perform(fixed, "quarantine/retry", {"all": True}))["accepted"] == 450


async def test_what_came_in_at_its_size_comes_back_at_it(control, fixed):
    posted = {"model": "conversion", "document": {"text": "x" * 40_000}}
    body = an_event(messageId="m1", properties=NO_ID, context={"posted": posted})
    limit = control.release.spec.server.max_event_bytes
    inbound = replace(Inbound(Source("shop"), body, NOW), max_bytes=limit)
    [verdict] = await accept(control.ingest, [inbound], is_ours=True)
    assert [one.path for one in verdict.reasons] == ["properties.order_id"]

    done = await perform(fixed, "quarantine/retry", {"all": True})

    assert done == {"accepted": 1, "duplicate": 0, "still": 0}


async def test_what_was_too_large_stays_until_it_may_be_so_large(control):
    body = an_event(messageId="m1", text="x" * 40_000)
    [verdict] = await accept(control.ingest, [Inbound(Source("shop"), body, NOW)])
    assert isinstance(verdict, Quarantined)
    server = replace(control.release.spec.server, max_event_bytes=64 * 1024)
    larger = replace(control.release, spec=replace(control.release.spec, server=server))

    still = await perform(control, "quarantine/retry", {"all": True})
    done = await perform(
        replace(control, ingest=replace(control.ingest, release=lambda: larger)),
        "quarantine/retry",
        {"all": True},
    )

    assert (still["still"], done["accepted"]) == (1, 1)
