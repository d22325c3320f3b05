"""What a consumer does with a vendor that fails, throttles, or is paused; only the vendor is played."""

import pytest
import trio

from engine.delivery import gate as gate_module
from engine.model.clock import system_clock
from engine.model.delivery import Answer, NoAnswer, State
from tests.support.consuming import OK, QUICK, a_consumer_s_world
from tests.support.releases import a_release

pytestmark = [pytest.mark.trio, pytest.mark.slow]

DOWN = Answer(503, {}, "")


@pytest.fixture
async def running(tmp_path):
    async with a_consumer_s_world(tmp_path) as world:
        yield world


def with_breaker(folder, text="{ failures: 2, open: 300ms }", more=""):
    one = QUICK.replace("max_events: 10", "max_events: 1") + f"breaker: {text}\n{more}"
    return a_release(folder / "breaker", {"destinations/hook.yaml": one})


async def until(condition):
    with trio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await trio.sleep(0.01)


async def test_a_retry_holds_up_no_newer_event(running):
    poison = [{"id": "a", "total": 1_414_700}]
    running.vendor.answers = lambda items: DOWN if poison[0] in items else OK
    await running.append("a")
    async with running.consuming():
        await running.reach(State.RETRYING)
        await running.append("b", "c")
        await running.reach(State.DELIVERED, 2)

        assert [one.message_id for one in await running.reach(State.RETRYING)] == ["a"]


async def test_an_open_breaker_sends_one_probe_at_a_time_and_reads_nothing(running, tmp_path):
    release = with_breaker(tmp_path)
    running.vendor.answers = lambda items: DOWN
    async with running.consuming(release) as consumer:
        await running.append(*(f"m-{number}" for number in range(300)))
        gate = consumer.attempts.gate
        await until(lambda: gate.standing().state == "open")
        with trio.move_on_after(0.25):
            await until(lambda: gate.standing().state != "open")
        before = len(running.vendor.got)
        await trio.sleep(1.2)
        probes = len(running.vendor.got) - before
        unread = await running.log.backlog("hook")
        await running.append("late")
        assert await running.log.backlog("hook") == unread + 1

        running.vendor.answers = lambda items: OK
        await running.reach(State.DELIVERED, 301)

    assert before <= 2 + 4
    assert 1 <= probes <= 3
    assert gate.standing().state == "running"
    assert '"event": "breaker open"' in running.said.getvalue()
    assert '"event": "breaker closed"' in running.said.getvalue()


async def test_what_waits_behind_a_breaker_says_why_and_until_when(running, tmp_path):
    release = with_breaker(tmp_path, "{ failures: 1, open: 1h }")
    running.vendor.answers = lambda items: DOWN
    await running.append("a", "b", "c")
    async with running.consuming(release) as consumer:
        waiting = await running.reach(State.RETRYING, 3)
        until_ms = consumer.attempts.gate.standing().until

    held = [one for one in waiting if one.attempts == 0]
    assert held
    assert {one.reason for one in held} == {"open: HTTP 503"}
    assert {one.next_at for one in waiting} == {until_ms}


async def test_a_refusal_opens_no_breaker(running, tmp_path):
    release = with_breaker(tmp_path)
    running.vendor.answers = lambda items: Answer(400, {}, "no")
    await running.append(*"abcdef")
    async with running.consuming(release) as consumer:
        await running.reach(State.DEAD, 6)
        assert consumer.attempts.gate.standing().state == "running"


async def test_what_grows_too_old_behind_a_breaker_is_dead(running, tmp_path):
    folder = tmp_path / "short"
    text = QUICK.replace("first: 10ms", "max_age: 300ms, first: 10ms")
    text = text.replace("max_events: 10", "max_events: 1")
    text += "breaker: { failures: 1, open: 200ms }\n"
    release = a_release(folder, {"destinations/hook.yaml": text})
    running.vendor.answers = lambda items: NoAnswer("refused")
    async with running.consuming(release):
        await running.append(*(f"m-{number}" for number in range(60)))
        dead = await running.reach(State.DEAD, 60)

    assert all(one.reason.startswith("given up after") for one in dead)
    assert len(running.vendor.got) < 10


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_slows_the_whole_destination(running, status):
    running.vendor.answers = lambda items: Answer(status, {"retry-after": "1"}, "")
    async with running.consuming() as consumer:
        await running.append("a")
        await running.reach(State.RETRYING)
        asked = trio.current_time()
        running.vendor.answers = lambda items: OK
        await running.append("b")
        standing = consumer.attempts.gate.standing()
        await running.reach(State.DELIVERED, 2)
        waited_s = trio.current_time() - asked

    assert (standing.state, standing.reason) == ("slowed", f"HTTP {status}")
    assert waited_s > 0.8
    assert running.vendor.got[0] == ["a"]


async def test_a_request_that_came_too_early_slows_nobody_else(running):
    early = Answer(425, {"retry-after": "3600"}, "")
    running.vendor.answers = lambda items: early if items[0]["id"] == "a" else OK
    async with running.consuming() as consumer:
        await running.append("a")
        await running.reach(State.RETRYING)
        await running.append("b")
        await running.reach(State.DELIVERED)

        assert consumer.attempts.gate.standing().state == "running"


async def test_a_batch_that_waits_for_its_turn_is_not_sent_into_a_pause(running, tmp_path):
    release = with_breaker(tmp_path, "{}", "limits: { rate: 2/s, concurrency: 4 }\n")
    running.vendor.answers = lambda items: Answer(401, {}, "no")
    async with running.consuming(release) as consumer:
        consumer.attempts.pace.__init__(2)
        await running.append("a", "b", "c", "d")
        paused = await running.reach(State.PAUSED, 4)

    assert len(running.vendor.got) == 1
    assert sorted(one.attempts for one in paused) == [0, 0, 0, 1]


async def test_what_was_held_back_untried_goes_by_the_rules_of_its_day(
    running, tmp_path, monkeypatch
):
    monkeypatch.setattr(gate_module, "LOOK_EVERY_MS", 200)
    async with running.consuming() as consumer:
        await running.append("before")
        await running.reach(State.DELIVERED)
        consumer.attempts.gate.close("we look", by_hand=True)
        await running.append("a")
        [held] = await running.reach(State.PAUSED)
    rules = """
        destination: hook
        rules:
          - name: renamed
            match: { type: track, event: Order Completed }
            payload: { id: "{{ event.messageId }}" }
        """
    files = {"destinations/hook.yaml": QUICK, "rules/hook.yaml": rules}
    release = a_release(tmp_path / "other", files)
    await running.log.wake("hook")
    async with running.consuming(release):
        await running.reach(State.DELIVERED, 2)
    delivered = (await running.deliveries())["a"]

    assert (held.key.rule, held.digest) == ("order", None)
    assert delivered.key.rule == "renamed"


async def test_a_pause_by_hand_lets_go_what_grows_too_old_and_sends_nothing(
    running, tmp_path, monkeypatch
):
    monkeypatch.setattr(gate_module, "LOOK_EVERY_MS", 200)
    text = QUICK.replace("first: 10ms", "max_age: 400ms, first: 10ms")
    release = a_release(tmp_path / "short", {"destinations/hook.yaml": text})
    async with running.consuming(release) as consumer:
        consumer.attempts.gate.close("we look", by_hand=True)
        await running.append(*(f"m-{number}" for number in range(30)))
        await running.reach(State.DEAD, 30)

    assert running.vendor.got == []


async def test_a_lone_last_event_goes_out_within_linger(running):
    began = system_clock()
    await running.append("a")
    async with running.consuming():
        [one] = await running.reach(State.DELIVERED)

    assert one.at - began < 50 + 500


async def test_a_backlog_goes_side_by_side_once_the_probe_is_taken(running, tmp_path):
    release = with_breaker(tmp_path, "{ failures: 1, open: 200ms }")
    at_once, most = 0, 0

    async def send(vendor, request, timeout_ms):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await trio.sleep(0.02)
        at_once -= 1
        return OK

    running.vendor.answers = lambda items: DOWN
    async with running.consuming(release) as consumer:
        await running.append("first")
        await until(lambda: consumer.attempts.gate.standing().state == "open")
        await running.append(*(f"m-{number}" for number in range(20)))
        running.vendor.send = send
        await running.reach(State.DELIVERED, 21)

    assert most == 4


async def test_one_event_that_the_vendor_fails_at_keeps_no_breaker_open(running, tmp_path):
    release = with_breaker(tmp_path, "{ failures: 1, open: 50ms }")
    running.vendor.answers = lambda items: DOWN if items[0]["id"] == "poison" else OK
    async with running.consuming(release):
        await running.append("poison", "a", "b", "c", "d")
        await running.reach(State.DELIVERED, 4)
