"""The way into a mailbox, over a real log and a real state; the browser is played by the test."""

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import trio

from engine.delivery import mailbox as mailbox_module
from engine.delivery.mailbox import TAKEN, is_session_key
from engine.delivery.supervise import Delivery
from engine.log.open import LogSettings, open_log
from engine.model.clock import Millis, system_clock, to_iso
from engine.model.delivery import State
from engine.pipeline.admit import admit
from engine.sqlite.database import Databases
from engine.state.interface import DeliveryFilter
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import an_event, an_inbound
from tests.support.releases import a_release

SESSION = "01a1f90e-2be1-7f2a-823e-24e629fd4ec3"
BRIDGE = """
    name: hook
    kind: mailbox
    dedupe: id
    mailbox: { key: browser.session, keep: 30m, max_pending: 3, origins: ["https://shop.example"] }
    """
RULES = """
    destination: hook
    rules:
      - name: order
        match: { type: track, event: Order Completed }
        payload:
          id: "{{ properties.order_id }}"
          browser: { session: "{{ context.sessionId }}" }
          note: "{{ properties.note }}"
    """
FILES = {"destinations/hook.yaml": BRIDGE, "rules/hook.yaml": RULES}

unit = pytest.mark.trio


@dataclass
class Running:
    """A mailbox's surroundings; ``late_ms`` is how far its clock is ahead."""

    log: object
    state: object
    release: object
    late_ms: int = 0

    def clock(self):
        return Millis(system_clock() + self.late_ms)

    async def append(self, *orders, session=SESSION, note=..., message=""):
        """One event an order; ``message`` sets its message ids apart."""
        for order in orders:
            now = system_clock()
            properties = {"order_id": order, "total": 1, "currency": "COP"}
            body = an_event(
                messageId=f"m-{order}{message}",
                timestamp=to_iso(now),
                context={
                    **({"sessionId": session} if session else {}),
                    "consent": {"categoryPreferences": {"advertising": True}},
                },
                properties=properties if note is ... else {**properties, "note": note},
            )
            inbound = replace(an_inbound(body), received_at=now)
            await self.log.append([admit(self.release, inbound).event])

    async def waiting(self, session=SESSION):
        return [
            one.id for one in await self.state.mail("hook", session, now=self.clock(), limit=100)
        ]

    async def take(self, *ids):
        return await self.state.take("hook", SESSION, ids, reason=TAKEN, at=system_clock())

    async def reach(self, *states):
        """The deliveries, in order, once they are in these states."""
        with trio.fail_after(10):
            while True:
                found = await self.state.deliveries(DeliveryFilter(), limit=100)
                if [one.state for one in found] == list(states):
                    return found
                await trio.sleep(0.01)

    @asynccontextmanager
    async def delivering(self):
        notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
        delivery = Delivery(self.release, self.log, self.state, None, notices, self.clock)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(delivery.run)
            yield notices
            delivery.stop()


@pytest.fixture
async def running(tmp_path):
    async with Databases(tmp_path) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(system_clock, 1000))
        await log.create_group("hook")
        state = await open_state("sqlite:kept.db", files)
        yield Running(log, state, a_release(tmp_path, FILES))


@unit
async def test_a_payload_waits_until_the_browser_has_it_and_is_then_delivered(running):
    await running.append("A-1", "A-2")

    async with running.delivering():
        first, _ = await running.reach(State.WAITING, State.WAITING)
        handed = await running.state.mail("hook", SESSION, now=running.clock(), limit=9)
        await running.take("A-1")
        taken, _ = await running.reach(State.DELIVERED, State.WAITING)

    assert [one.id for one in handed] == ["A-1", "A-2"]
    assert (first.reason, first.attempts) == ("", 0)
    assert (taken.reason, taken.attempts) == ("handed to the browser", 1)


@unit
async def test_the_log_is_not_held_by_what_waits(running):
    await running.append("A-1")

    async with running.delivering():
        await running.reach(State.WAITING)

    await running.log.give_back("hook")
    with trio.move_on_after(0.1):
        assert await running.log.read("hook", 10) == []


@unit
async def test_what_waited_before_a_restart_is_there_after_it_once(running):
    await running.append("A-1")
    async with running.delivering():
        await running.reach(State.WAITING)

    await running.append("A-2")
    async with running.delivering():
        await running.reach(State.WAITING, State.WAITING)

    assert await running.waiting() == ["A-1", "A-2"]


@unit
async def test_what_the_log_hands_out_again_after_a_crash_changes_nothing(running, monkeypatch):
    await running.append("A-1", "A-2")

    async def is_lost(group, positions):
        """The process dies between the state's write and the log's."""

    with monkeypatch.context() as crashing:
        crashing.setattr(running.log, "acknowledge", is_lost)
        async with running.delivering():
            await running.reach(State.WAITING, State.WAITING)
    await running.take("A-1")
    async with running.delivering():
        await running.append("A-3")
        await running.reach(State.DELIVERED, State.WAITING, State.WAITING)

    assert await running.waiting() == ["A-2", "A-3"]


@unit
async def test_the_same_order_from_two_events_is_handed_out_once(running):
    await running.append("A-1")
    await running.append("A-1", message="again")

    async with running.delivering():
        _, repeat = await running.reach(State.WAITING, State.SKIPPED)

    assert await running.waiting() == ["A-1"]
    assert repeat.reason == "a repeat of what is there"


@unit
async def test_the_oldest_of_too_many_is_dead_with_the_reason(running):
    await running.append("A-1", "A-2", "A-3", "A-4")

    async with running.delivering():
        oldest, *_ = await running.reach(State.DEAD, *[State.WAITING] * 3)

    assert oldest.reason == "pushed out: at most 3 wait for one session"


async def retry(running, dead):
    now = running.clock()
    again = replace(dead, state=State.RETRYING, reason="retried by hand", due_at=now, next_at=now)
    await running.state.record([again])
    await running.log.retry("hook", [dead.key.position], system_clock())


@unit
async def test_one_that_was_pushed_out_and_is_retried_waits_anew(running):
    await running.append("A-1", "A-2", "A-3", "A-4")
    async with running.delivering():
        oldest, *_ = await running.reach(State.DEAD, *[State.WAITING] * 3)
        await running.take("A-2")
        await retry(running, oldest)

        await running.reach(State.WAITING, State.DELIVERED, *[State.WAITING] * 2)
        assert await running.waiting() == ["A-1", "A-3", "A-4"]
        await running.take("A-1")
        await running.reach(*[State.DELIVERED] * 2, *[State.WAITING] * 2)


@unit
@pytest.mark.parametrize("why", ["pushed out", "not fetched"])
async def test_one_that_is_retried_and_not_fetched_again_is_dead_in_time(running, monkeypatch, why):
    monkeypatch.setattr(mailbox_module, "EXPIRE_EVERY_S", 0.01)
    await running.append("A-1", "A-2", "A-3", *(["A-4"] if why == "pushed out" else []))
    async with running.delivering():
        if why == "pushed out":
            oldest, *_ = await running.reach(State.DEAD, *[State.WAITING] * 3)
            await running.take("A-2", "A-3", "A-4")
        else:
            await running.reach(*[State.WAITING] * 3)
            await running.take("A-2", "A-3")
            running.late_ms = 31 * 60_000 + 1000
            oldest, *_ = await running.reach(State.DEAD, *[State.DELIVERED] * 2)
        taken = [State.DELIVERED] * (3 if why == "pushed out" else 2)
        await retry(running, oldest)
        await running.reach(State.WAITING, *taken)
        running.late_ms += 31 * 60_000 + 1000
        dead, *_ = await running.reach(State.DEAD, *taken)

    assert dead.reason == "no page fetched it in 30m"


@unit
@pytest.mark.parametrize(
    "session", [None, "short", "1790000000.1790000000", "a" * 40, "ana@shop.example"]
)
async def test_a_payload_without_a_key_that_nobody_guesses_is_dead(running, session):
    await running.append("A-1", session=session)

    async with running.delivering():
        [dead] = await running.reach(State.DEAD)

    assert dead.reason.startswith("browser.session is no key of a browser session")


@unit
async def test_a_payload_that_is_too_large_for_a_page_is_dead(running):
    await running.append("A-1", note="x" * 33_000)

    async with running.delivering():
        [dead] = await running.reach(State.DEAD)

    assert dead.reason == "larger than 32,768 bytes, the most a page is handed"


@unit
async def test_what_nobody_fetched_in_time_is_dead_and_says_so(running, monkeypatch):
    monkeypatch.setattr(mailbox_module, "EXPIRE_EVERY_S", 0.01)
    await running.append("A-1", "A-2")

    async with running.delivering() as notices:
        await running.reach(State.WAITING, State.WAITING)
        await running.take("A-2")
        running.late_ms = 30 * 60_000
        assert await running.waiting() == []
        # A page that fetched in the last moment may still say so for a minute.
        await trio.sleep(0.1)
        await running.reach(State.WAITING, State.DELIVERED)
        running.late_ms += 61_000
        dead, _ = await running.reach(State.DEAD, State.DELIVERED)

    assert dead.reason == "no page fetched it in 30m"
    assert b'deliveries_total{destination="hook",state="dead"} 1.0' in notices.metrics()


@unit
async def test_an_event_that_comes_here_late_is_not_handed_to_a_later_page(running):
    await running.append("A-1")
    running.late_ms = 31 * 60_000

    async with running.delivering():
        [dead] = await running.reach(State.DEAD)

    assert dead.reason == "no page fetched it in 30m"


@unit
async def test_a_mailbox_that_is_off_takes_nothing_and_lets_go_what_waits(
    running, tmp_path, monkeypatch
):
    monkeypatch.setattr(mailbox_module, "EXPIRE_EVERY_S", 0.01)
    await running.append("A-1")
    async with running.delivering():
        await running.reach(State.WAITING)

    off = {
        **FILES,
        "destinations/hook.yaml": BRIDGE.replace("dedupe: id", "dedupe: id\n    mode: off"),
    }
    running.release = a_release(tmp_path / "off", off)
    await running.append("A-2")
    async with running.delivering():
        running.late_ms = 32 * 60_000
        await running.reach(State.DEAD)


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("01a1f90e-2be1-7f2a-823e-24e629fd4ec3", True),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", True),
        ("q7Zt-u_9Rk2.xV~4", True),
        ("q7Zt-u_9Rk2.xV~", False),
        ("1795555555555555555", False),
        ("1790000000.1790000000", False),
        ("abababababababababab", False),
        ("q7Zt u 9Rk2 xV 4 5", False),
        ("q7Zt'u_9Rk2.xV~4;--", False),
        ("ñ1a2b3c4d5e6f7g8h9", False),
        ("x1y2z3w4" * 17, False),
        ("", False),
    ],
)
def test_a_session_key_is_long_and_no_number(key, good):
    assert is_session_key(key) is good
