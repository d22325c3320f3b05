"""One destination's way out, over a real log and a real state; only the vendor is played."""

import pytest
import trio

from engine.delivery import fates as fates_module
from engine.delivery import gate as gate_module
from engine.log.open import LogSettings, open_log
from engine.model.clock import system_clock
from engine.model.delivery import Answer, State
from engine.model.event import UNREADABLE
from engine.sqlite.database import Databases
from engine.state.open import open_state
from tests.support.consuming import OK, QUICK, Running, a_consumer_s_world
from tests.support.releases import ENV, FILES, a_release

pytestmark = [pytest.mark.trio, pytest.mark.slow]


@pytest.fixture
async def running(tmp_path):
    async with a_consumer_s_world(tmp_path) as world:
        yield world


async def test_events_are_batched_sent_and_recorded(running):
    await running.append("a", "b", "c")

    async with running.consuming():
        await running.reach(State.DELIVERED, 3)

    assert running.vendor.got == [["a", "b", "c"]]
    [first, *_] = (await running.deliveries()).values()
    assert (first.attempts, first.key.rule, first.payload) == (1, "order", None)
    assert first.digest is not None


async def test_a_retry_sends_the_same_bytes_even_by_other_rules(running, tmp_path):
    await running.append("a")
    running.vendor.answers = lambda items: Answer(503, {}, "")
    async with running.consuming():
        await running.reach(State.RETRYING)

    rules = FILES["rules/hook.yaml"].replace("name: order", "name: renamed")
    other = tmp_path / "other"
    release = a_release(other, {"rules/hook.yaml": rules, "destinations/hook.yaml": QUICK})
    running.vendor.answers = lambda items: OK
    async with running.consuming(release):
        [delivery] = await running.reach(State.DELIVERED)

    assert delivery.key.rule == "order"
    assert set(running.vendor.ids()) == {"a"}
    assert len(await running.deliveries()) == 1


async def test_a_split_ends_with_the_bad_payload_alone(running):
    bad = "c"

    def answers(items):
        return Answer(400, {}, "no") if any(item["id"] == bad for item in items) else OK

    running.vendor.answers = answers
    await running.append("a", "b", "c", "d")
    async with running.consuming():
        [dead] = await running.reach(State.DEAD)
        await running.reach(State.DELIVERED, 3)

    assert dead.message_id == bad
    assert running.vendor.got[0] == ["a", "b", "c", "d"]
    assert sorted(running.vendor.ids().count(one) for one in "abd") == [2, 2, 3]


async def test_a_pause_keeps_everything_and_a_probe_ends_it(running):
    await running.append("a", "b")
    running.vendor.answers = lambda items: Answer(401, {}, {"error": "bad token"})
    async with running.consuming() as consumer:
        first, _ = await running.reach(State.PAUSED, 2)
        assert first.next_at == consumer.attempts.gate.probe_at > system_clock()
        await running.append("c")
        await trio.sleep(0.1)
        sent_while_paused = len(running.vendor.got)

        running.vendor.answers = lambda items: OK
        consumer.attempts.gate.open()
        await running.log.wake("hook")
        await running.reach(State.DELIVERED, 3)

    assert sent_while_paused == 1
    assert {"a", "b", "c"} == set(running.vendor.ids())


async def test_what_a_pause_kept_goes_at_once_after_a_start_with_the_secret_mended(running):
    await running.append("a")
    running.vendor.answers = lambda items: Answer(401, {}, {"error": "bad token"})
    async with running.consuming():
        await running.reach(State.PAUSED)
    running.vendor.answers = lambda items: OK

    async with running.consuming():
        await running.reach(State.DELIVERED)

    assert running.vendor.ids() == ["a", "a"]


async def test_a_fault_of_ours_ends_as_a_retry_and_goes_on_when_it_is_mended(running, monkeypatch):
    decide = fates_module.decide

    def fails_for_b(destination, event, *others):
        if event.message_id == "b":
            raise ZeroDivisionError
        return decide(destination, event, *others)

    monkeypatch.setattr(fates_module, "decide", fails_for_b)
    await running.append("a", "b", "c")
    async with running.consuming():
        await running.reach(State.DELIVERED, 2)
        [faulted] = await running.reach(State.RETRYING)
        monkeypatch.setattr(fates_module, "decide", decide)
        await running.reach(State.DELIVERED, 3)

    assert "ZeroDivisionError" in faulted.reason
    assert '"where": "decide"' in running.said.getvalue()
    assert len(await running.deliveries()) == 3


async def test_an_event_that_the_disk_gives_back_broken_is_dead_alone(running):
    lost = running.event("b")._replace(type=UNREADABLE, name="", body={"type": UNREADABLE})
    await running.log.append([running.event("a"), lost, running.event("c")])
    async with running.consuming():
        [dead] = await running.reach(State.DEAD)
        await running.reach(State.DELIVERED, 2)

    assert (dead.message_id, dead.reason[:32]) == ("b", "the stored event can't be read: ")


async def test_what_is_too_old_to_be_counted_is_dead_with_that_reason(running, tmp_path):
    text = QUICK + "        window: 7d\n"
    text = text.replace("        window: 7d\n", "", 1).replace(
        "first: 10ms", "max_age: 500ms, first: 10ms"
    )
    release = a_release(tmp_path / "short", {"destinations/hook.yaml": text})
    running.vendor.answers = lambda items: Answer(503, {}, "")
    await running.append("a")

    async with running.consuming(release):
        [dead] = await running.reach(State.DEAD)

    assert dead.reason.startswith("given up after")
    assert "HTTP 503" in dead.reason
    assert dead.payload is None


async def test_what_was_recorded_before_a_crash_is_not_sent_again(running, tmp_path):
    await running.append("a", "b")
    async with running.consuming():
        await running.reach(State.DELIVERED, 2)
    # The crash came between the record and the acknowledgement: the cursor still stands before.
    async with Databases(tmp_path) as files:
        database = await files.get("kept.db")
        await database.writer.run(
            lambda connection: connection.execute("UPDATE groups SET floor = 0")
        )
    async with Databases(tmp_path) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(system_clock, 1000))
        state = await open_state("sqlite:kept.db", files)
        again = Running(log, state, running.vendor, running.release, running.said)
        await again.append("c")
        async with again.consuming():
            await again.reach(State.DELIVERED, 3)

    assert sorted(running.vendor.ids()) == ["a", "b", "c"]


async def test_a_probe_is_one_request_whatever_waits(running, tmp_path, monkeypatch):
    monkeypatch.setattr(gate_module, "PROBE_EVERY_MS", 300)
    text = QUICK.replace("linger: 50ms", "linger: 50ms, group_by: [id]")
    release = a_release(tmp_path / "grouped", {"destinations/hook.yaml": text})
    running.vendor.answers = lambda items: Answer(401, {}, "no")
    async with running.consuming(release) as consumer:
        await running.append(*"abcdefgh")
        await running.reach(State.PAUSED, 8)
        before = len(running.vendor.got)
        await trio.sleep(1)
        probes = len(running.vendor.got) - before

        running.vendor.answers = lambda items: OK
        await running.reach(State.DELIVERED, 8)

    assert 1 <= probes <= 4
    assert consumer.attempts.gate.reason is None


async def test_what_grows_too_old_in_a_pause_is_dead_and_holds_nothing(
    running, tmp_path, monkeypatch
):
    monkeypatch.setattr(gate_module, "PROBE_EVERY_MS", 200)
    text = QUICK.replace("first: 10ms", "max_age: 500ms, first: 10ms")
    text = text.replace("max_events: 10", "max_events: 1")
    release = a_release(tmp_path / "short", {"destinations/hook.yaml": text})
    running.vendor.answers = lambda items: Answer(401, {}, "no")
    async with running.consuming(release):
        await running.append("first")
        await running.reach(State.PAUSED)
        await running.append(*(f"m-{number}" for number in range(50)))

        dead = await running.reach(State.DEAD, 51)

    assert all(one.reason.startswith("given up after") for one in dead)


async def test_a_secret_that_a_vendor_repeats_is_not_kept(running, tmp_path):
    text = QUICK.replace("  body:", '  headers: { X: "{{ env.HOOK_TOKEN }}" }\n  body:')
    env = {**ENV, "HOOK_TOKEN": "s3cret"}
    release = a_release(tmp_path / "secret", {"destinations/hook.yaml": text}, env)
    running.vendor.answers = lambda items: Answer(400, {}, "bad token s3cret")
    await running.append("a")

    async with running.consuming(release):
        [dead] = await running.reach(State.DEAD)

    assert dead.reason == "HTTP 400: bad token ***"
    assert "s3cret" not in running.said.getvalue()


async def test_three_bad_ones_of_a_thousand_are_found_and_every_other_goes(running, tmp_path):
    bad = {"m-0", "m-500", "m-999"}
    text = QUICK.replace("max_events: 10", "max_events: 1000")
    text = text.replace("linger: 50ms", "linger: 1s")
    release = a_release(tmp_path / "large", {"destinations/hook.yaml": text})
    refused = Answer(400, {}, "no")
    running.vendor.answers = lambda items: refused if bad & {one["id"] for one in items} else OK
    await running.append(*(f"m-{number}" for number in range(1000)))
    async with running.consuming(release):
        dead = await running.reach(State.DEAD, 3)
        await running.reach(State.DELIVERED, 997)

    assert {one.message_id for one in dead} == bad
    # Halving asks at most twice for each level of each bad one.
    assert len(running.vendor.got) <= 1 + 3 * 2 * 10
