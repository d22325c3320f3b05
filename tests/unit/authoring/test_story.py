"""The fate of one event, from what is recorded and what today's files say."""

import hashlib
from dataclasses import replace

import pytest

from engine.authoring.story import Kept, Reading, fates
from engine.codec.body import dumps
from engine.model.clock import Millis
from engine.model.delivery import Attempt, Delivery, DeliveryKey, State
from engine.pipeline.admit import admit
from tests.support.events import NOW, an_event, an_inbound
from tests.support.releases import FILES, a_release

HOUR = 3_600_000
PAYLOAD = {"id": "m1", "total": 1_414_700}
TRIED = Attempt(1, NOW, "retry", "status 503", 503, "later", 1)


@pytest.fixture
def release(tmp_path):
    return a_release(tmp_path)


@pytest.fixture
def event(release):
    return admit(release, an_inbound(an_event(messageId="m1"))).event


def a_delivery(**changed):
    made = Delivery(
        key=DeliveryKey(5, "hook", "order"),
        message_id="m1",
        event="Order Completed",
        state=State.RETRYING,
        reason="status 503",
        attempts=1,
        at=NOW,
        due_at=NOW,
        release="r1",
        event_at=Millis(NOW - HOUR),
        digest=hashlib.sha256(dumps(PAYLOAD)).hexdigest(),
        window_ms=7 * 24 * HOUR,
    )
    return replace(made, **changed)


def the_fate(kept, release, now=NOW, *, leaves=False):
    [fate] = fates(kept, release, now, leaves=leaves)
    return fate


def test_a_delivery_is_told_with_its_attempts_and_its_end(release, event):
    one = a_delivery()
    kept = Kept(5, event, [one], {one.key: [TRIED]}, {"hook": 5})

    fate = the_fate(kept, release)

    [told] = fate.deliveries
    assert (told.delivery, told.attempts) == (one, [TRIED])
    assert told.gives_up_at == one.event_at + 7 * 24 * HOUR
    assert told.same_payload is True
    assert fate.reading is Reading.READ


def test_another_payload_of_today_is_known_by_its_digest(tmp_path, event):
    rules = FILES["rules/hook.yaml"].replace("| number", "| number * 2")
    release = a_release(tmp_path, {"rules/hook.yaml": rules})

    [told] = the_fate(Kept(5, event, [a_delivery()]), release).deliveries

    assert told.same_payload is False


def test_what_is_not_read_yet_tells_how_many_go_before_it(release, event):
    fate = the_fate(Kept(5, event, floors={"hook": 2}), release)

    assert (fate.reading, fate.ahead) == (Reading.WAITING, 2)
    assert [one.verb for one in fate.decisions] == ["send"]


def test_what_was_passed_without_a_record_is_said_to_be_passed(release, event):
    assert the_fate(Kept(5, event, floors={"hook": 9}), release).reading is Reading.PASSED


def test_an_event_that_is_kept_no_longer_has_its_records_alone(release):
    fate = the_fate(Kept(5, None, [a_delivery()]), release)

    assert fate.why == []
    assert [told.same_payload for told in fate.deliveries] == [None]


def test_without_todays_files_what_was_recorded_is_told(event):
    fate = the_fate(Kept(5, event, [a_delivery()], floors={"hook": 5}), None)

    assert (fate.name, fate.destination, fate.why) == ("hook", None, [])
    assert fate.deliveries[0].gives_up_at is None


def test_a_destination_that_is_gone_is_told_of_where_it_has_records(release, event):
    gone = a_delivery(key=DeliveryKey(5, "gone", "order"))
    kept = Kept(5, event, [gone], floors={"hook": 5, "gone": 5, "never": 5})

    assert [one.name for one in fates(kept, release, NOW, leaves=False)] == ["hook", "gone"]


def test_attempts_under_a_rule_that_was_replaced_are_told_apart(release, event):
    before = DeliveryKey(5, "hook", "old-rule")
    kept = Kept(5, event, [a_delivery()], {before: [TRIED]})

    fate = the_fate(kept, release)

    assert fate.earlier == {before: [TRIED]}
    assert fate.deliveries[0].attempts == ()


def test_the_reasons_are_of_the_moment_of_the_record_and_not_of_now(release, event):
    much_later = Millis(NOW + 300 * 24 * HOUR)

    fate = the_fate(Kept(5, event, [a_delivery()]), release, much_later)

    assert [one.verb for one in fate.decisions] == ["send"]


def test_the_leaves_are_told_only_where_they_are_asked_for(release, event):
    kept = Kept(5, event, [a_delivery()])

    few, many = (the_fate(kept, release, leaves=leaves).why for leaves in (False, True))

    assert "rule order (rules/hook.yaml:3): matches" in few
    assert set(few) < set(many)
    assert any(line.startswith("total = 1414700") for line in many)


def test_a_pause_by_hand_is_told(release, event):
    kept = Kept(5, event, floors={"hook": 2}, paused={"hook": "new token"})

    assert the_fate(kept, release).paused == "new token"


def test_what_waits_in_a_mailbox_gives_up_when_the_mailbox_does(tmp_path, event):
    hook = FILES["destinations/hook.yaml"].partition("request:")[0]
    mailbox = f"{hook}kind: mailbox\nmailbox: {{ key: id, keep: 2h }}\nwindow: 7d\n"
    release = a_release(tmp_path, {"destinations/hook.yaml": mailbox})
    one = a_delivery(state=State.WAITING, reason="", attempts=0, window_ms=HOUR)

    fate = the_fate(Kept(5, event, [one], {}, {"hook": 5}), release)

    assert fate.deliveries[0].gives_up_at == NOW + 2 * HOUR
