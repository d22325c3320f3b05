"""What is fetched on a schedule, over a real log and a real state; only the vendor is played."""

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio

from engine.ingest import pull as pull_module
from engine.ingest.accept import Ingest
from engine.ingest.pull import Pulls
from engine.log.open import LogSettings, open_log
from engine.model.clock import Millis, from_iso, to_iso
from engine.model.delivery import Answer, NoAnswer
from engine.model.errors import StorageError
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.releases import ENV, a_release

pytestmark = pytest.mark.trio

HOUR_MS = 3_600_000
START = from_iso("2026-11-20T15:00:00Z")
MAPPING = """
    inbound: report
    source: shop
    pull:
      mode: "{{ env.REPORT_MODE | default('live') }}"
      every: 24h
      at: "00:30"
      budget: { requests: 3, per: 24h }
      retry: { times: 1, after: 1m }
      request:
        url: https://report.example.com/rows
        headers: { Authorization: "Bearer {{ env.REPORT_TOKEN }}" }
    each: row in body
    event:
      type: track
      event: Report Read
      messageId: "{{ pull.at }} {{ row.id }}"
      anonymousId: report
      properties: { n: "{{ row.n | number }}" }
"""
TOKEN = {**ENV, "REPORT_TOKEN": "hush-hush"}
ROWS = Answer(200, {}, [{"id": "1", "n": "7"}, {"id": "2"}])


@dataclass
class Shop:
    """A server's pull of one report, whose clock is set by hand; the folder outlives restarts."""

    folder: object
    answers: list = field(default_factory=lambda: [ROWS])
    now: Millis = START
    asked: list = field(default_factory=list)
    said: io.StringIO = field(default_factory=io.StringIO)
    text: str = MAPPING
    env: dict = field(default_factory=lambda: TOKEN)
    release: object = None

    async def send(self, vendor, request, timeout_ms):
        self.asked.append((vendor, to_iso(self.now)))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @asynccontextmanager
    async def started(self):
        if self.release is None:
            files = {"rules/inbound/report.yaml": self.text}
            self.release = a_release(self.folder / "project", files, self.env)
        async with Databases(self.folder) as files:
            log = await open_log("sqlite:kept.db", files, LogSettings(lambda: self.now, 86_400_000))
            state = await open_state("sqlite:kept.db", files)
            notices = Notices(make_logger(as_json=True, stream=self.said))
            ingest = Ingest(lambda: self.release, log, state, notices)
            yield Pulls(ingest, self.send, lambda: self.now)

    async def look(self, pulls):
        """One look; the moment of the next."""
        [mapping] = pulls.ingest.release().inbounds
        return to_iso(await pulls.look(mapping, mapping.pull))

    async def look_once(self):
        """Start, one look, stop: what a server does that is restarted at once."""
        async with self.started() as pulls:
            return await self.look(pulls)

    async def logged(self):
        async with self.started() as pulls:
            return [one.event.message_id for one in await pulls.ingest.log.read_range(0, 100)]

    async def told(self, words):
        """Waits until the log has these words."""
        with trio.fail_after(5):
            while True:
                if words in self.said.getvalue():
                    return
                await trio.sleep(0.001)

    def later(self, ms):
        self.now = Millis(self.now + ms)


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


async def test_the_first_start_fetches_at_once_and_then_at_the_planned_time(shop):
    async with shop.started() as pulls:
        next_at = await shop.look(pulls)
        shop.now = from_iso(next_at)
        after = await shop.look(pulls)

    assert next_at == "2026-11-21T00:30:00.000Z"
    assert after == "2026-11-22T00:30:00.000Z"
    assert shop.asked == [
        ("report", "2026-11-20T15:00:00.000Z"),
        ("report", "2026-11-21T00:30:00.000Z"),
    ]
    assert await shop.logged() == [
        "2026-11-20T00:30:00.000Z 1",
        "2026-11-20T00:30:00.000Z 2",
        "2026-11-21T00:30:00.000Z 1",
        "2026-11-21T00:30:00.000Z 2",
    ]


async def test_a_restart_within_the_day_asks_for_nothing(shop):
    await shop.look_once()
    shop.later(HOUR_MS)

    next_at = await shop.look_once()

    assert next_at == "2026-11-21T00:30:00.000Z"
    assert len(shop.asked) == 1


async def test_what_was_missed_while_the_server_was_down_is_fetched_once(shop):
    await shop.look_once()
    shop.later(5 * 24 * HOUR_MS)

    next_at = await shop.look_once()

    assert next_at == "2026-11-26T00:30:00.000Z"
    assert len(shop.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 302])
async def test_a_refusal_is_not_asked_again_before_the_next_planned_time(shop, status):
    shop.answers = [Answer(status, {}, "Exceeded daily limit")]

    async with shop.started() as pulls:
        next_at = await shop.look(pulls)
        state = pulls.states()["report"]

    assert next_at == "2026-11-21T00:30:00.000Z"
    assert state["state"] == "failing"
    assert state["reason"] == f"HTTP {status}: Exceeded daily limit"
    assert "not pulled" in shop.said.getvalue()


@pytest.mark.parametrize("bad", [Answer(500, {}, ""), NoAnswer("no answer within 30 s")])
async def test_a_fault_of_the_vendor_is_tried_once_more_and_spends_budget(shop, bad):
    shop.answers = [bad]

    async with shop.started() as pulls:
        retry_at = await shop.look(pulls)
        shop.now = from_iso(retry_at)
        next_at = await shop.look(pulls)
        used = pulls.states()["report"]["budget"]

    assert retry_at == "2026-11-20T15:01:00.000Z"
    assert next_at == "2026-11-21T00:30:00.000Z"
    assert len(shop.asked) == 2
    assert used == {"used": 2, "of": 3}


async def test_a_retry_that_succeeds_gives_the_events_of_the_planned_moment(shop):
    shop.answers = [Answer(503, {}, ""), ROWS]

    shop.now = from_iso(await shop.look_once())
    await shop.look_once()

    assert await shop.logged() == ["2026-11-20T00:30:00.000Z 1", "2026-11-20T00:30:00.000Z 2"]


async def test_a_spent_budget_waits_until_a_request_is_free_again(shop):
    shop.text = MAPPING.replace("times: 1", "times: 9")
    shop.answers = [Answer(500, {}, "")] * 3 + [ROWS]
    for _ in range(3):
        shop.now = from_iso(await shop.look_once())

    free_at = await shop.look_once()
    asked_before = len(shop.asked)
    shop.now = from_iso(free_at)
    await shop.look_once()

    assert asked_before == 3
    assert "the budget of 3 requests is spent" in shop.said.getvalue()
    # The next planned moment comes first: then too nothing is free.
    assert free_at == "2026-11-21T00:30:00.000Z"
    assert len(shop.asked) == 3
    shop.now = from_iso("2026-11-21T15:00:00Z")
    await shop.look_once()
    assert len(shop.asked) == 4
    assert len(await shop.logged()) == 2


async def test_a_crash_between_the_count_and_the_request_never_overspends(shop):
    shop.text = MAPPING.replace("times: 1", "times: 100").replace("after: 1m", "after: 0s")
    shop.answers = [KeyboardInterrupt()]

    for _ in range(8):
        with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
            await shop.look_once()
        if len(shop.asked) == 3:
            break
    await shop.look_once()

    assert len(shop.asked) == 3
    assert "is spent" in shop.said.getvalue()


async def test_a_server_that_crashes_at_each_request_gives_up_until_the_next_planned_time(shop):
    shop.answers = [KeyboardInterrupt(), KeyboardInterrupt(), ROWS]
    for _ in range(2):
        with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
            await shop.look_once()
        shop.later(60_000)

    next_at = await shop.look_once()

    assert next_at == "2026-11-21T00:30:00.000Z"
    assert len(shop.asked) == 2


async def test_a_crash_after_the_events_were_taken_gives_no_event_twice(shop, monkeypatch):
    async with shop.started() as pulls:
        [mapping] = pulls.ingest.release().inbounds
        with monkeypatch.context() as patch:
            patch.setattr(Notices, "pulled", raising(KeyboardInterrupt()))
            with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
                await pulls.look(mapping, mapping.pull)
    shop.later(60_000)

    await shop.look_once()

    assert len(shop.asked) == 2
    assert len(await shop.logged()) == 2
    assert '"duplicate": 2' in shop.said.getvalue()


def raising(error):
    def raise_it(*_):
        raise error

    return raise_it


async def test_pulls_that_share_a_budget_spend_it_together(tmp_path):
    shared = MAPPING.replace("per: 24h", "per: 24h, name: shared")
    other = shared.replace("inbound: report", "inbound: other")
    shop = Shop(tmp_path, text=shared)
    release = a_release(
        tmp_path / "project",
        {"rules/inbound/report.yaml": shared, "rules/inbound/other.yaml": other},
        TOKEN,
    )
    async with shop.started() as pulls:
        for mapping in release.inbounds:
            await pulls.look(mapping, mapping.pull)

        states = pulls.states()

    assert states["report"]["budget"] == {"used": 2, "of": 3}


async def test_a_clock_that_is_set_back_neither_stops_the_pull_nor_frees_budget(shop):
    shop.now = from_iso("2036-01-01T12:00:00Z")
    await shop.look_once()
    shop.now = START

    async with shop.started() as pulls:
        next_at = await shop.look(pulls)
        used = pulls.states()["report"]["budget"]["used"]

    assert next_at == "2026-11-21T00:30:00.000Z"
    assert used == 2


async def test_what_was_spent_by_a_clock_far_ahead_is_free_again_a_day_after_it_was_set_back(shop):
    shop.text = MAPPING.replace("requests: 3", "requests: 1")
    shop.now = from_iso("2036-01-01T12:00:00Z")
    await shop.look_once()
    shop.now = START

    free_at = await shop.look_once()
    shop.later(24 * HOUR_MS + 1)
    await shop.look_once()

    assert free_at == "2026-11-21T00:30:00.000Z"
    assert len(shop.asked) == 2


async def test_a_body_that_is_no_json_is_told_and_not_asked_for_again(shop):
    shop.answers = [Answer(200, {}, "<html>")]

    async with shop.started() as pulls:
        await shop.look(pulls)
        state = pulls.states()["report"]

    assert state["reason"] == "the answer is no JSON, or is larger than is read"
    assert await shop.look_once() == "2026-11-21T00:30:00.000Z"
    assert len(shop.asked) == 1


async def test_a_row_that_breaks_its_mapping_costs_no_other_and_is_told(shop):
    shop.answers = [Answer(200, {}, [{"id": "1", "n": "many"}, {"id": "2"}, "no row"])]

    async with shop.started() as pulls:
        await shop.look(pulls)

    assert len(await shop.logged()) == 3
    assert "rules/inbound/report.yaml" in shop.said.getvalue()
    assert "many" not in shop.said.getvalue()


async def test_a_secret_never_stands_in_the_log(shop):
    shop.answers = [Answer(403, {}, "token hush-hush is not allowed")]

    await shop.look_once()

    assert "***" in shop.said.getvalue()
    assert "hush" not in shop.said.getvalue()


async def test_a_pull_that_lacks_its_secret_is_paused_with_the_name_and_asks_nobody(shop):
    shop.env = ENV
    async with shop.started() as pulls:
        with trio.fail_after(5):
            await pulls.run()
        states = pulls.states()

    assert states == {"report": {"state": "paused", "reason": "not set: REPORT_TOKEN"}}
    assert "pull paused" in shop.said.getvalue()
    assert shop.asked == []


async def test_a_pull_that_is_off_asks_nobody(shop):
    shop.env = {**TOKEN, "REPORT_MODE": "off"}
    async with shop.started() as pulls:
        with trio.fail_after(5):
            await pulls.run()
        states = pulls.states()

    assert states["report"]["state"] == "off"
    assert shop.asked == []


async def test_a_running_pull_follows_the_clock_and_outlives_a_fault(shop, monkeypatch):
    monkeypatch.setattr(pull_module, "LONGEST_SLEEP_S", 0.001)
    shop.answers = [StorageError("no room"), ROWS]
    async with shop.started() as pulls, trio.open_nursery() as nursery:
        nursery.start_soon(pulls.run)
        await shop.told('"where": "pull"')
        shop.later(60_000)
        await shop.told('"event": "pulled"')
        nursery.cancel_scope.cancel()

    assert len(shop.asked) == 2
    assert len(await shop.logged()) == 2
