import uuid

import pytest

from engine.model.event import Source, SourceKind
from engine.pipeline.normalise import normalise, without_nulls
from tests.support.events import NOW, an_event, an_inbound


def normalised(body, **inbound):
    return normalise(an_inbound(body, **inbound), body)


def test_the_ids_and_the_time_of_a_good_event_stay():
    event = normalised(an_event())

    assert (event.source, event.type, event.name) == ("shop", "track", "Order Completed")
    assert event.message_id == "3f2a6c1e-0000-4000-8000-000000000001"
    assert event.timestamp == NOW - 2000
    assert event.body["timestamp"] == "2026-11-20T14:59:58.000Z"
    assert event.body["receivedAt"] == "2026-11-20T15:00:00.000Z"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"timestamp": "2026-11-20T14:00:00Z"}, "2026-11-20T14:00:00.000Z"),
        (
            {"timestamp": ..., "originalTimestamp": "2026-11-20T14:00:00Z"},
            "2026-11-20T14:00:00.000Z",
        ),
        ({"timestamp": ...}, "2026-11-20T15:00:00.000Z"),
        ({"timestamp": "2026-11-20T14:00:00-01:00"}, "2026-11-20T15:00:00.000Z"),
        ({"timestamp": "2026-11-20T14:00:00"}, "2026-11-20T14:00:00.000Z"),
        ({"timestamp": 1795183200}, "2026-11-20T14:00:00.000Z"),
        ({"timestamp": 1795183200500}, "2026-11-20T14:00:00.500Z"),
        ({"timestamp": "2026-11-20T16:00:00Z"}, "2026-11-20T15:00:00.000Z"),
        (
            {"timestamp": "2026-11-20T13:50:00Z", "sentAt": "2026-11-20T14:00:00Z"},
            "2026-11-20T14:50:00.000Z",
        ),
        (
            {"timestamp": "2026-11-20T13:50:00Z", "originalTimestamp": "2026-11-20T14:00:00Z"},
            "2026-11-20T13:50:00.000Z",
        ),
    ],
    ids=[
        "timestamp",
        "original",
        "none",
        "zone",
        "no zone is UTC",
        "seconds",
        "milliseconds",
        "the future is now",
        "a wrong clock is corrected",
        "timestamp before original",
    ],
)
def test_the_time_of_an_event(times, expected):
    event = normalised(an_event(**times))

    assert event.body["timestamp"] == expected


def test_the_batch_s_time_of_sending_counts_where_the_event_has_none():
    event = normalised(an_event(timestamp="2026-11-20T13:50:00Z"), sent_at="2026-11-20T14:00:00Z")

    assert event.body["timestamp"] == "2026-11-20T14:50:00.000Z"
    assert event.body["originalTimestamp"] == "2026-11-20T13:50:00Z"


def test_a_time_that_is_none_stays_for_the_schema_to_refuse():
    event = normalised(an_event(timestamp="yesterday"))

    assert event.body["timestamp"] == "yesterday"


def test_a_missing_message_id_is_made_from_what_came_and_always_the_same():
    first, again = normalised(an_event(messageId=...)), normalised(an_event(messageId=...))
    other = normalised(an_event(messageId=...), index=1)

    assert uuid.UUID(first.message_id).version == 5
    assert first.message_id == again.message_id != other.message_id


def test_ids_become_trimmed_text_and_blank_ones_go():
    event = normalised(an_event(userId=42, anonymousId="  ", messageId=" m-1 "))

    assert event.body["userId"] == "42"
    assert "anonymousId" not in event.body
    assert event.message_id == "m-1"


def test_nulls_go_at_every_depth_but_stay_in_lists():
    value = {"a": None, "b": {"c": None, "d": 1}, "e": [None, {"f": None}]}

    assert without_nulls(value) == {"b": {"d": 1}, "e": [None, {}]}


def test_a_body_without_nulls_is_not_copied():
    body = an_event()

    assert without_nulls(body) is body


def test_the_body_that_came_is_not_written_into():
    body = an_event(userId=42, timestamp=...)
    before = dict(body)

    normalised(body)

    assert body == before


def test_only_a_browser_s_event_takes_ip_and_user_agent_from_its_request():
    body = an_event(context={})
    told = {"remote_ip": "203.0.113.9", "user_agent": "Firefox"}

    server = normalised(body, **told)
    browser = normalised(body, source=Source("web", SourceKind.BROWSER), **told)

    assert server.body["context"] == {}
    assert browser.body["context"] == {"ip": "203.0.113.9", "userAgent": "Firefox"}


def test_a_nul_in_an_id_or_a_name_is_mended():
    event = normalised(an_event("Or\0der", messageId="m\0-1", userId="ana\0"))

    assert (event.message_id, event.name) == ("m\ufffd-1", "Or\ufffdder")
    assert event.body["userId"] == "ana\ufffd"


def test_an_id_of_nothing_but_unreadable_signs_is_none():
    one = normalised(an_event(messageId="\0", userId="\ufffd\ufffd"))
    other = normalised(an_event("Lead", messageId="\ufffd"))

    assert "userId" not in one.body
    assert one.message_id != other.message_id


def test_a_number_that_no_double_holds_is_as_good_as_null():
    value = {"a": 1e400, "b": [1e400, 1], "c": {"d": -1e400, "e": 1}}

    assert without_nulls(value) == {"b": [None, 1], "c": {"e": 1}}


@pytest.mark.parametrize("key", ["timestamp", "sentAt", "originalTimestamp"])
@pytest.mark.parametrize("value", [1e400, 10**400, -(10**400), 1e308])
def test_a_time_beyond_all_calendars_harms_nobody(key, value):
    event = normalised(an_event(**{key: value}))

    assert event.received_at == NOW
