"""Every way out of a delivery's life: each decision and each outcome leads to one named state."""

import typing
from dataclasses import replace

import pytest

from engine.delivery.gate import Standing
from engine.delivery.records import (
    Heard,
    When,
    attempted,
    decided,
    expired,
    faulted,
    held,
    outcome_of,
    taken_up,
    without_consent,
)
from engine.log.interface import Entry
from engine.model.clock import Millis
from engine.model.decision import Decision, Payload, Verb
from engine.model.delivery import (
    UNSETTLED,
    Attempt,
    Dead,
    Delivered,
    Delivery,
    DeliveryKey,
    Outcome,
    Pause,
    Retry,
    Split,
    State,
    Unverified,
    gives_up_at,
    word_of,
)
from engine.pipeline.batch import Item
from tests.support.events import NOW, a_logged_event
from tests.support.releases import a_release

WHEN = When(Millis(NOW + 50), Millis(NOW + 1_000), Millis(NOW + 600_000))
HEARD = Heard(Millis(NOW + 40), 400, "no", 3)
PAYLOAD = Payload({"id": "message-1"}, 18, (), "message-1")
HOUR = 3_600_000

OUTCOMES = {
    Delivered: (Delivered(), State.DELIVERED, None),
    Unverified: (Unverified(), State.UNVERIFIED, None),
    Retry: (Retry("503"), State.RETRYING, WHEN.retry_at),
    Split: (Split("400"), State.DEAD, None),
    Dead: (Dead("gone"), State.DEAD, None),
    Pause: (Pause("401"), State.PAUSED, WHEN.probe_at),
}
VERBS = {
    Verb.SEND: (State.WAITING, ""),
    Verb.SHADOW: (State.SHADOWED, ""),
    Verb.SKIP: (State.SKIPPED, "why"),
    Verb.DROP: (State.SKIPPED, "why"),
    Verb.INVALID: (State.DEAD, "why"),
    Verb.ERROR: (State.DEAD, "why"),
}


def a_delivery(**changed):
    made = Delivery(
        key=DeliveryKey(1, "hook", "order"),
        message_id="message-1",
        event="Order Completed",
        state=State.WAITING,
        reason="",
        attempts=0,
        at=NOW,
        due_at=NOW,
        release="r1",
        event_at=NOW,
        digest="5e88",
        payload=b'{"id":"message-1"}',
        window_ms=7 * 24 * HOUR,
    )
    return replace(made, **changed)


def test_the_tables_of_this_test_are_whole():
    assert set(OUTCOMES) == set(typing.get_args(Outcome))
    assert set(VERBS) == set(Verb)
    reached = {state for _, state, _ in OUTCOMES.values()} | {state for state, _ in VERBS.values()}
    # Erasure is a person's act, beside the path of a delivery.
    assert reached | {State.ERASED} == set(State)


@pytest.mark.parametrize("verb", list(Verb))
def test_each_decision_is_recorded_in_its_state(verb, tmp_path):
    state, reason = VERBS[verb]
    [hook] = a_release(tmp_path).destinations
    entry = Entry(1, a_logged_event())
    why = "" if verb in (Verb.SEND, Verb.SHADOW) else "why"
    decision = Decision("hook", verb, "order", reason=why, payload=PAYLOAD)

    record = decided(decision, hook, entry, "r1", NOW)

    assert (record.state, record.reason, record.attempts) == (state, reason, 0)
    assert (record.payload is not None) == (state in UNSETTLED)
    assert record.due_at == entry.event.received_at


@pytest.mark.parametrize("kind", list(OUTCOMES))
@pytest.mark.parametrize("before", sorted(UNSETTLED))
def test_each_outcome_leads_from_each_unsettled_state_to_one_state(kind, before):
    outcome, state, next_at = OUTCOMES[kind]
    item = Item(a_delivery(state=before, attempts=2, next_at=NOW, reason="before"), PAYLOAD)

    record = outcome_of(item, outcome, HEARD, WHEN)

    assert (record.state, record.next_at, record.attempts) == (state, next_at, 3)
    assert record.reason == getattr(outcome, "reason", "")
    assert (record.payload is not None) == (state in UNSETTLED)
    assert (record.due_at, record.digest) == (NOW, "5e88")


@pytest.mark.parametrize("kind", list(OUTCOMES))
def test_each_attempt_is_told_of_with_its_outcome_and_the_answer(kind):
    outcome, *_ = OUTCOMES[kind]

    [tried] = outcome_of(Item(a_delivery(), PAYLOAD), outcome, HEARD, WHEN).tried

    reason = getattr(outcome, "reason", "")
    assert tried == Attempt(1, HEARD.at, word_of(outcome), reason, 400, "no", 3)


def test_a_batch_that_was_split_counts_each_request():
    split = attempted(Item(a_delivery(), PAYLOAD), Split("400"), HEARD)

    record = outcome_of(split, Delivered(), replace(HEARD, status=200, batch=1), WHEN)

    told = [(one.number, one.outcome, one.status) for one in record.tried]
    assert told == [(1, "split", 400), (2, "delivered", 200)]
    assert (record.state, record.attempts) == (State.DELIVERED, 2)


@pytest.mark.parametrize("before", sorted(UNSETTLED))
@pytest.mark.parametrize(
    ("standing", "state", "reason"),
    [
        (Standing("paused", "401"), State.PAUSED, "401"),
        (Standing("open", "10 failures"), State.RETRYING, "open: 10 failures"),
    ],
)
def test_what_is_held_back_keeps_what_was_tried_and_is_decided_anew_otherwise(
    before, standing, state, reason
):
    tried, fresh = (
        held(a_delivery(state=before, attempts=count), standing, NOW, WHEN.probe_at)
        for count in (1, 0)
    )

    for record in (tried, fresh):
        assert (record.state, record.reason, record.next_at) == (state, reason, WHEN.probe_at)
    assert tried.payload is not None
    assert fresh.payload is None


@pytest.mark.parametrize("before", sorted(UNSETTLED))
def test_a_refusal_ends_what_is_on_its_way(before):
    record = without_consent(a_delivery(state=before, next_at=NOW), NOW)

    assert (record.state, record.reason) == (State.SKIPPED, "consent")
    assert (record.payload, record.next_at) == (None, None)


@pytest.mark.parametrize("before", sorted(UNSETTLED))
@pytest.mark.parametrize(
    ("max_age_ms", "window_ms", "reason"),
    [
        (HOUR, None, "given up after 1h"),
        (30 * 24 * HOUR, 24 * HOUR, "older than 1d"),
    ],
)
def test_what_grows_too_old_is_dead_and_just_then(before, max_age_ms, window_ms, reason):
    delivery = a_delivery(state=before, window_ms=window_ms, reason="503")
    end = gives_up_at(delivery, max_age_ms)

    assert expired(delivery, max_age_ms, end) is None
    record = expired(delivery, max_age_ms, Millis(end + 1))

    assert record is not None
    assert (record.state, record.reason) == (State.DEAD, f"{reason}; last: 503")
    assert (record.payload, record.next_at) == (None, None)


@pytest.mark.parametrize("state", sorted(set(State) - UNSETTLED))
def test_what_is_settled_does_not_give_up(state):
    assert gives_up_at(a_delivery(state=state), HOUR) is None


def test_a_fault_of_ours_keeps_the_event_for_another_try(tmp_path):
    [hook] = a_release(tmp_path).destinations

    record = faulted(Entry(1, a_logged_event()), hook, "r1", "fault of Encamina: X", NOW)

    assert (record.state, record.payload) == (State.RETRYING, None)
    assert record.reason == "fault of Encamina: X"


def test_a_dead_letter_that_is_retried_falls_due_anew_and_counts_on():
    later = Millis(NOW + 9 * HOUR)
    by_hand = a_delivery(state=State.RETRYING, payload=None, due_at=later, attempts=4)
    other = a_delivery(key=DeliveryKey(1, "hook", "renamed"))

    same, renamed = (taken_up(one, [by_hand]) for one in (a_delivery(), other))

    assert (same.due_at, same.attempts) == (later, 4)
    assert (renamed.due_at, renamed.attempts) == (later, 0)
