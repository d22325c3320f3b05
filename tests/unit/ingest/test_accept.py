"""The one way in, over a real log and a real state."""

import io
from dataclasses import dataclass

import pytest

from engine.ingest.accept import Ingest, accept
from engine.log.open import LogSettings, open_log
from engine.model.clock import Millis
from engine.model.verdict import verdict_name
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import NOW, an_event, an_inbound
from tests.support.releases import a_release

pytestmark = pytest.mark.trio

WINDOW_MS = 86_400_000


@dataclass
class HandClock:
    at: Millis = NOW

    def __call__(self):
        return self.at


@dataclass
class Door:
    ingest: Ingest
    clock: HandClock

    async def send(self, *bodies):
        verdicts = await accept(self.ingest, [an_inbound(body) for body in bodies])
        return [verdict_name(one) for one in verdicts]

    async def logged(self):
        entries = await self.ingest.log.read_range(0, 100)
        return [entry.event.message_id for entry in entries]

    async def quarantined(self):
        return [one.message_id for one in await self.ingest.state.quarantined(limit=100)]


@pytest.fixture
async def door(tmp_path):
    release = a_release(tmp_path)
    clock = HandClock()
    async with Databases(tmp_path) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(clock, WINDOW_MS))
        state = await open_state("sqlite:kept.db", files)
        notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
        yield Door(Ingest(lambda: release, log, state, notices), clock)


def good(message_id="m-1"):
    return an_event(messageId=message_id)


def bad(message_id="m-1"):
    return an_event(messageId=message_id, properties={})


async def test_each_event_of_a_batch_meets_its_own_verdict(door):
    verdicts = await door.send(good("m-1"), bad("m-2"), "no object", good("m-1"), good("m-3"))

    assert verdicts == ["accepted", "quarantined", "rejected", "duplicate", "accepted"]
    assert await door.logged() == ["m-1", "m-3"]
    assert await door.quarantined() == ["m-2"]


async def test_a_bad_repeat_of_a_quarantined_event_is_a_duplicate(door):
    assert await door.send(bad()) == ["quarantined"]
    assert await door.send(bad()) == ["duplicate"]
    assert await door.quarantined() == ["m-1"]


async def test_a_good_repeat_of_a_quarantined_event_is_accepted_and_closes_it(door):
    await door.send(bad())

    assert await door.send(good()) == ["accepted"]
    assert await door.quarantined() == []
    assert await door.logged() == ["m-1"]


async def test_a_bad_repeat_of_an_accepted_event_is_a_duplicate(door):
    await door.send(good())

    assert await door.send(bad()) == ["duplicate"]
    assert await door.quarantined() == []


async def test_after_the_window_an_id_is_new(door):
    await door.send(good())
    door.clock.at = Millis(door.clock.at + WINDOW_MS + 1)

    assert await door.send(good()) == ["accepted"]


async def test_the_counts_add_up(door):
    await door.send(good("m-1"), bad("m-2"), "no object")
    await door.send(good("m-1"), good("m-4"))

    counts = (await door.ingest.state.verdict_counts()).by_source["shop"]
    assert counts == {"accepted": 2, "quarantined": 1, "rejected": 1, "duplicate": 1}


async def test_an_empty_request_is_nothing(door):
    assert await door.send() == []


async def test_who_sends_cant_say_what_is_assumed_of_a_persons_consent(door):
    forged = {"basis": "person", "assumed": {"advertising": True}}
    stated = {"categoryPreferences": {"analytics": True}}
    await door.send(
        an_event(messageId="m-1", context={"consent": forged, "locale": "es-CO"}),
        an_event(messageId="m-2", context={"consent": {**forged, **stated}}),
        {**bad("m-3"), "context": {"consent": forged}},
    )

    kept = [entry.event.body for entry in await door.ingest.log.read_range(0, 100)]
    waiting = (await door.ingest.state.quarantined(limit=100))[0]
    assert kept[0]["context"] == {"locale": "es-CO"}
    assert kept[1]["context"] == {"consent": stated}
    assert waiting.body["context"] == {}


async def test_who_sends_cant_say_how_an_event_came_to_be(door):
    forged = {
        "derived": {"by": "purchases", "cause": "m-0"},
        "filled": ["properties.new_customer"],
        "posted": {"model": "conversion", "document": {"conversionValue": 1}},
    }
    await door.send(an_event(messageId="m-1", context={**forged, "locale": "es-CO"}))

    kept = [entry.event.body for entry in await door.ingest.log.read_range(0, 100)]
    assert kept[0]["context"] == {"locale": "es-CO"}


async def test_what_we_assume_ourselves_stays(door):
    ours = {"basis": "cause", "assumed": {"advertising": True}}
    inbound = an_inbound(an_event(context={"consent": ours}))
    await accept(door.ingest, [inbound], is_ours=True)

    kept = (await door.ingest.log.read_range(0, 100))[0].event.body
    assert kept["context"]["consent"] == ours
