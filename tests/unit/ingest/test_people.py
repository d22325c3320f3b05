"""The memory of people on the way in, over a real log and a real state."""

import io
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import trio

from engine.ingest.accept import Ingest, accept
from engine.ingest.people import People
from engine.log.open import DAY_MS, LogSettings, open_log
from engine.model.cache import PEOPLE, Caches
from engine.model.clock import Millis, to_iso
from engine.model.errors import StorageError
from engine.model.person import BROWSER, USER, PersonKey
from engine.model.verdict import verdict_name
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import NOW, an_event, an_inbound
from tests.support.releases import FILES, a_release

pytestmark = pytest.mark.trio

FBP = "fb.1.1735689600456.1029384756"
HOUR_MS = 3_600_000


@dataclass
class Door:
    ingest: Ingest
    caches: Caches

    async def send(self, *bodies, at=NOW):
        inbounds = [replace(an_inbound(body), received_at=Millis(at)) for body in bodies]
        return [verdict_name(one) for one in await accept(self.ingest, inbounds)]

    async def logged(self):
        entries = await self.ingest.log.read_range(0, 100_000)
        return {entry.event.message_id: entry.event.body for entry in entries}

    async def known(self, kind, id_):
        found = await self.ingest.state.people([PersonKey(kind, id_)], since=Millis(0))
        return found.get(PersonKey(kind, id_))


@asynccontextmanager
async def a_door(folder, caches=None, **files):
    release = a_release(folder, files)
    caches = caches or Caches.on()
    async with Databases(folder) as databases:
        log = await open_log("sqlite:kept.db", databases, LogSettings(lambda: NOW, DAY_MS))
        state = await open_state("sqlite:kept.db", databases)
        notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
        people = People(state, notices, caches)
        yield Door(Ingest(lambda: release, log, state, notices, people), caches)


@pytest.fixture(params=["on", "off"])
async def door(tmp_path, request):
    async with a_door(tmp_path, getattr(Caches, request.param)()) as door:
        yield door


def visit(user="lucia", anonymous="browser-7", **more):
    context = {"ip": "203.0.113.27", "cookies": {"_fbp": FBP}}
    body = {
        "type": "page",
        "messageId": str(uuid.uuid4()),
        "userId": user,
        "anonymousId": anonymous,
        "timestamp": to_iso(NOW),
        "context": context,
        **more,
    }
    return {key: value for key, value in body.items() if value is not ...}


def order(message_id="order", **more):
    body = {"messageId": message_id, "anonymousId": ..., "context": ..., **more}
    return an_event(timestamp=to_iso(NOW), **body)


async def test_an_order_in_the_batch_of_its_visit_is_given_the_browser(door):
    await door.send(visit(), order())

    body = (await door.logged())["order"]
    assert body["context"]["cookies"] == {"_fbp": FBP}
    assert body["context"]["remembered"] == ["anonymousId", "context.ip", "context.cookies._fbp"]


async def test_an_order_in_a_later_request_is_given_the_browser(door):
    await door.send(visit(user=...))
    await door.send(visit(context=...))
    await door.send(order())

    assert (await door.logged())["order"]["context"]["cookies"] == {"_fbp": FBP}


async def test_two_requests_at_once_write_over_nothing_of_each_other(door):
    async with trio.open_nursery() as both:
        for number in range(20):
            cookies = {f"_ga_{number}": "GS1.1.1.2"}
            both.start_soon(door.send, visit(context={"cookies": cookies}))

    known = await door.known(BROWSER, "browser-7")
    assert len(known.values) == 20
    assert not door.ingest.people.known


async def test_what_is_remembered_survives_a_restart(tmp_path):
    async with a_door(tmp_path) as door:
        await door.send(visit())
    async with a_door(tmp_path) as door:
        await door.send(order())

        assert (await door.logged())["order"]["anonymousId"] == "browser-7"


async def test_the_schema_judges_the_event_as_it_is_kept(tmp_path):
    schema = FILES["schemas/events/order-completed.yaml"]
    schema = schema.replace(
        "required: [type, event, properties]", "required: [properties, context]"
    )
    async with a_door(tmp_path, **{"schemas/events/order-completed.yaml": schema}) as door:
        assert await door.send(order("early")) == ["quarantined"]
        assert await door.send(visit(), order("late")) == ["accepted", "accepted"]


async def test_quarantine_keeps_the_body_as_it_came(door):
    bad = order("bad", properties={})
    await door.send(visit(), bad)

    [kept] = await door.ingest.state.quarantined(limit=1)
    assert kept.body == bad


async def test_nothing_is_remembered_of_an_event_that_is_not_accepted(door):
    await door.send(order("bad", properties={}, context={"fbp": FBP}), "no object")

    assert await door.known(USER, "lucia") is None


async def test_a_repeat_is_a_duplicate_and_is_not_written_again(door):
    body = visit()
    assert await door.send(body) == ["accepted"]
    first = await door.known(BROWSER, "browser-7")

    assert await door.send(body, at=NOW + HOUR_MS) == ["duplicate"]
    assert await door.known(BROWSER, "browser-7") == first


@pytest.mark.parametrize("off", ["off", "0", "0d"])
async def test_turned_off_nothing_is_remembered_and_nothing_filled_in(tmp_path, off):
    settings = FILES["encamina.yaml"] + f"privacy: {{ remember: {off} }}\n"
    async with a_door(tmp_path, **{"encamina.yaml": settings}) as door:
        await door.send(visit(), order())

        assert "context" not in (await door.logged())["order"]
        assert await door.known(BROWSER, "browser-7") is None


async def test_after_the_project_s_own_time_it_is_forgotten(tmp_path):
    settings = FILES["encamina.yaml"] + "privacy: { remember: 2d }\n"
    async with a_door(tmp_path, **{"encamina.yaml": settings}) as door:
        await door.send(visit())
        await door.send(order("soon"), at=NOW + HOUR_MS)
        await door.send(order("late"), at=NOW + 49 * HOUR_MS)

        logged = await door.logged()
        assert logged["soon"]["anonymousId"] == "browser-7"
        assert "anonymousId" not in logged["late"]


class Broken:
    """A state that can neither say nor keep what it knows of people."""

    def __init__(self, state):
        self._state = state

    def __getattr__(self, name):
        return getattr(self._state, name)

    async def people(self, keys, *, since):
        raise StorageError("no people")

    async def remember(self, people, *, since):
        raise StorageError("no people")


async def test_a_fault_of_the_memory_costs_the_memory_and_never_an_event(tmp_path):
    async with a_door(tmp_path) as door:
        await door.send(visit())
        known = await door.known(BROWSER, "browser-7")
        door.caches.clear()
        door.ingest.people._state = Broken(door.ingest.state)

        assert await door.send(order(), visit(context={"fbp": "other"})) == ["accepted", "accepted"]
        assert "remembered" not in (await door.logged())["order"].get("context", {})
        assert await door.known(BROWSER, "browser-7") == known
        assert b'encamina_alarms_total{where="recall"} 1.0' in door.ingest.notices.metrics()


async def test_old_people_are_forgotten_when_asked(tmp_path):
    async with a_door(tmp_path) as door:
        await door.send(*(visit(f"u{number}", f"a{number}") for number in range(1_200)))
        await door.ingest.people.forget(Millis(NOW + 1))

        assert await door.known(USER, "u7") is None


@pytest.mark.slow
async def test_twenty_thousand_people_keep_the_memory_bounded(tmp_path):
    async with a_door(tmp_path) as door:
        for start in range(0, 20_000, 1_000):
            await door.send(*(visit(f"u{n}", f"a{n}") for n in range(start, start + 1_000)))

        assert not door.ingest.people.known
        assert not door.ingest.people._held
        assert 0 < door.caches.counts()["people"].size <= PEOPLE.size
        assert (await door.known(USER, "u0")).links["last"].value == "a0"


def stating(**stated):
    return {"consent": {"categoryPreferences": stated}}


async def test_of_a_quarantined_event_only_the_word_on_consent_is_learnt(door):
    await door.send(visit(context={}))
    context = {"fbp": FBP, "traits": {"vip": True}, **stating(advertising=False)}
    bad = order("bad", properties={}, anonymousId="browser-7", context=context)
    misshapen = {**order("shapeless", userId="other", context=context), "properties": "none"}

    assert await door.send(bad, misshapen, "no object") == ["quarantined"] * 2 + ["rejected"]

    for user in ("lucia", "other"):
        person = await door.known(USER, user)
        assert person.consent["advertising"].value is False
        assert (person.values, person.traits) == ({}, {})
    assert not (await door.known(BROWSER, "browser-7")).values


@pytest.mark.parametrize("context", ["text", [1], {"consent": 3}, {"consent": {"x": 1}}, None])
async def test_a_quarantined_event_of_any_shape_does_no_harm(door, context):
    assert await door.send(order("bad", properties={}, context=context)) == ["quarantined"]
