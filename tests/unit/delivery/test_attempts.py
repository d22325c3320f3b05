"""Each attempt of a delivery is kept, over a real log and a real state."""

from dataclasses import replace

import pytest

from engine.model.clock import system_clock
from engine.model.delivery import Answer, State
from tests.support.consuming import OK, a_consumer_s_world

pytestmark = [pytest.mark.trio, pytest.mark.slow]


@pytest.fixture
async def running(tmp_path):
    async with a_consumer_s_world(tmp_path) as world:
        yield world


async def test_each_attempt_is_kept_with_what_the_vendor_said(running):
    answers = [Answer(503, {}, "later"), OK]
    running.vendor.answers = lambda items: answers.pop(0)
    await running.append("a")

    async with running.consuming():
        [delivery] = await running.reach(State.DELIVERED)

    [tried] = (await running.state.attempts("a")).values()
    assert [(one.number, one.outcome, one.status, one.answer) for one in tried] == [
        (1, "retry", 503, "later"),
        (2, "delivered", 200, "{}"),
    ]
    assert delivery.attempts == 2


async def test_a_payload_that_was_split_off_tells_of_each_request(running):
    def answers(items):
        return Answer(400, {}, "bad") if any(one["id"] == "c" for one in items) else OK

    running.vendor.answers = answers
    await running.append("a", "b", "c", "d")

    async with running.consuming():
        await running.reach(State.DEAD)

    [tried] = (await running.state.attempts("c")).values()
    assert [(one.number, one.batch) for one in tried] == [(1, 4), (2, 2), (3, 1)]
    assert {(one.status, one.answer) for one in tried} == {(400, "bad")}


async def test_a_dead_letter_retried_by_hand_is_decided_anew_and_counts_on(running):
    running.vendor.answers = lambda items: Answer(400, {}, "bad")
    [position] = await running.append("a")
    async with running.consuming():
        [dead] = await running.reach(State.DEAD)

    later = system_clock()
    by_hand = replace(
        dead, state=State.RETRYING, reason="retried by hand", due_at=later, next_at=later
    )
    await running.state.record([by_hand])
    await running.log.retry("hook", [position], later)
    running.vendor.answers = lambda items: OK
    async with running.consuming():
        [delivered] = await running.reach(State.DELIVERED)

    assert (delivered.due_at, delivered.attempts) == (later, 2)
    [tried] = (await running.state.attempts("a")).values()
    assert [(one.number, one.outcome) for one in tried] == [(1, "dead"), (2, "delivered")]


PERSONAL = "bad user_data: email ana.perez@gmail.com, phone 601 7654321, +573007654321"
SHOWN = "bad user_data: email [email], phone [number], [number]"


@pytest.mark.parametrize(
    ("status", "state", "begins"),
    [(401, State.PAUSED, "HTTP 401"), (400, State.DEAD, "HTTP 400"), (503, State.RETRYING, "HTTP")],
)
async def test_a_reason_says_no_more_of_a_person_than_the_answer_that_is_kept(
    running, status, state, begins
):
    body = {"error": {"message": PERSONAL}}
    running.vendor.answers = lambda items: Answer(status, {}, body)
    await running.append("a")

    async with running.consuming() as consumer:
        [delivery] = await running.reach(state)
        standing = consumer.attempts.gate.standing()

    [tried] = (await running.state.attempts("a")).values()
    assert delivery.reason.startswith(begins)
    for told in (delivery.reason, tried[-1].reason, tried[-1].answer):
        assert SHOWN in told
        assert "ana.perez" not in told
    assert PERSONAL not in standing.reason
    assert SHOWN in running.said.getvalue()
    assert "7654321" not in running.said.getvalue()
