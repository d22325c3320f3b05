from dataclasses import replace

import pytest

from engine.model.event import Source, SourceKind, Unplanned
from engine.model.verdict import Accepted, Quarantined, Rejected
from engine.pipeline.admit import admit
from tests.support.events import an_event, an_inbound
from tests.support.releases import a_release


@pytest.fixture
def release(tmp_path):
    return a_release(tmp_path)


def verdict(release, body, unplanned=Unplanned.ALLOW):
    return admit(release, an_inbound(body, Source("shop", SourceKind.SERVER, unplanned)))


def test_an_event_that_meets_its_schema_is_accepted(release):
    assert isinstance(verdict(release, an_event()), Accepted)


def test_an_event_that_does_not_is_kept_as_it_came_with_the_reasons(release):
    body = an_event(properties={"total": None})

    found = verdict(release, body)

    assert isinstance(found, Quarantined)
    assert found.body is body
    assert [(one.path, one.message) for one in found.reasons] == [
        ("properties.order_id", "is missing")
    ]


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        (Unplanned.ALLOW, Accepted),
        (Unplanned.QUARANTINE, Quarantined),
        (Unplanned.REJECT, Rejected),
    ],
)
def test_an_event_that_is_not_planned_meets_its_source_s_policy(release, policy, kind):
    found = verdict(release, an_event("Store Visited"), policy)

    assert isinstance(found, kind)
    if not isinstance(found, Accepted):
        assert found.reasons[0].message == "Store Visited is not in the tracking plan"


@pytest.mark.parametrize("body", [None, [], "text", 1, True])
def test_what_is_no_object_is_rejected(release, body):
    assert isinstance(admit(release, replace(an_inbound(), body=body)), Rejected)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"type": "trak"}, "type"),
        ({"type": ...}, "type"),
        ({"event": ...}, "event"),
        ({"event": " "}, "event"),
        ({"event": 5}, "event"),
        ({"messageId": "x" * 101}, "messageId"),
        ({"messageId": {}}, "messageId"),
        ({"userId": ..., "anonymousId": ...}, "userId"),
        ({"userId": None, "anonymousId": ""}, "userId"),
        ({"type": "group"}, "groupId"),
        ({"type": "alias"}, "previousId"),
        ({"timestamp": "tomorrow"}, "timestamp"),
        ({"timestamp": []}, "timestamp"),
        ({"context": []}, "context"),
        ({"properties": "none"}, "properties"),
        ({"integrations": [1]}, "integrations"),
    ],
)
def test_an_event_of_the_wrong_shape_is_quarantined_whatever_the_plan_says(release, changes, path):
    found = verdict(release, an_event(**changes))

    assert isinstance(found, Quarantined)
    assert path in {reason.path for reason in found.reasons}


def test_a_message_id_of_a_hundred_characters_is_taken(release):
    assert isinstance(verdict(release, an_event(messageId="x" * 100)), Accepted)


def test_what_others_send_as_posted_counts_toward_the_size_of_their_event(release):
    posted = {"model": "event", "document": {"text": "x" * 40_000}}
    body = an_event(context={"posted": posted})
    limit = release.spec.server.max_event_bytes

    theirs = admit(release, an_inbound(body))
    ours = admit(release, replace(an_inbound(body), max_bytes=limit))

    assert isinstance(theirs, Quarantined)
    assert isinstance(ours, Accepted)
