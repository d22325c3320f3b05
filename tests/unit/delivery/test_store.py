"""Payloads on their way into the analytics store."""

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
import trio

from engine.delivery.store import Keeping
from engine.delivery.supervise import Delivery as Supervisor
from engine.log.open import LogSettings, open_log
from engine.model.clock import system_clock, to_iso
from engine.model.decision import Payload
from engine.model.delivery import Dead, Delivered, Delivery, DeliveryKey, Retry, State
from engine.model.errors import StorageError, StorageFull
from engine.pipeline.admit import admit
from engine.pipeline.batch import Item
from engine.sqlite.database import Databases
from engine.state.interface import DeliveryFilter
from engine.state.open import open_state
from engine.store.ids import document_id
from engine.store.open import open_store
from engine.store.questions import question, read_arguments
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import an_event, an_inbound
from tests.support.releases import a_release

pytestmark = pytest.mark.trio

KEPT = """
    name: kept
    kind: store
    retry: { first: 10ms, longest: 20ms }
    batch: { max_events: 10, linger: 20ms }
    """
RULES = """
    destination: kept
    defaults:
      payload:
        timestamp: "{{ event.timestamp | iso }}"
        document: { sessionId: "{{ event.anonymousId | default('none') }}" }
    rules:
      - name: conversion
        match: { type: track, event: Order Completed }
        also: true
        payload:
          model: conversion
          document:
            conversionType: purchase
            conversionValue: "{{ properties.total | number }}"
            userId: "{{ event.userId }}"
      - name: event
        match: { type: track }
        payload:
          model: "{{ properties.model | default('event') }}"
          document:
            eventName: "{{ event.event }}"
            eventCategory: conversion
            eventAction: done
            metadata: "{{ properties }}"
    """
PROJECT = {"destinations/kept.yaml": KEPT, "rules/kept.yaml": RULES}


@dataclass
class Failing:
    """A store that fails so many times, and then is the one behind it."""

    store: object
    times: int
    error: StorageError = field(default_factory=lambda: StorageFull("no room is left"))

    async def write(self, documents):
        if self.times:
            self.times -= 1
            raise self.error
        await self.store.write(documents)


@asynccontextmanager
async def a_world(folder, failing=0, url="sqlite:analytics.db"):
    """A server's deliveries over the small project with a store; gives what tests look at."""
    release = a_release(folder, PROJECT)
    kept = replace(release, destinations=tuple(one for one in release.destinations if one.store))
    async with Databases(folder) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(system_clock, 1000))
        state = await open_state("sqlite:kept.db", files)
        store = await open_store(url, files)
        notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
        used = Failing(store, failing) if failing else store
        supervisor = Supervisor(kept, log, state, None, notices, system_clock, store=used)
        await supervisor.create_groups()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run)
            yield World(kept, log, state, store)
            supervisor.stop()


@dataclass
class World:
    release: object
    log: object
    state: object
    store: object

    async def append(self, *ids, **overrides):
        now = system_clock()
        events = []
        for one in ids:
            body = an_event(messageId=one, timestamp=to_iso(now), **overrides)
            events.append(admit(self.release, replace(an_inbound(body), received_at=now)).event)
        await self.log.append(events)

    async def settled(self, count):
        with trio.fail_after(10):
            while True:
                found = await self.state.deliveries(DeliveryFilter(), limit=1000)
                if sum(one.state in (State.DELIVERED, State.DEAD) for one in found) >= count:
                    return found
                await trio.sleep(0.01)

    async def ask(self, name, **arguments):
        asked = read_arguments(question(name), arguments)
        return (await self.store.ask(asked)).value


async def test_an_event_is_delivered_as_the_documents_of_its_rules(tmp_path):
    async with a_world(tmp_path) as world:
        await world.append("m-1", userId="u-1")
        found = await world.settled(2)
        assert {(one.key.rule, one.state) for one in found} == {
            ("conversion", State.DELIVERED),
            ("event", State.DELIVERED),
        }
        [document] = await world.ask("conversions_by_user", userId="u-1")
        assert document["_id"] == document_id("m-1", "conversion", 0)
        assert document["conversionType"] == "purchase"


async def test_a_store_that_fails_gets_everything_later_and_once(tmp_path):
    async with a_world(tmp_path, failing=3) as world:
        await world.append("m-1", "m-2")
        found = await world.settled(4)
        assert all(one.state is State.DELIVERED for one in found)
        assert max(one.attempts for one in found) >= 2
        assert len(await world.ask("events_by_category", category="conversion")) == 2


async def test_what_is_no_document_is_dead_and_holds_up_nobody(tmp_path):
    async with a_world(tmp_path) as world:
        properties = {"order_id": "7", "model": "picture"}
        await world.append("bad", properties=properties)
        await world.append("good")
        found = {(one.message_id, one.key.rule): one for one in await world.settled(4)}
        assert found["bad", "event"].state is State.DEAD
        assert "model is none of" in found["bad", "event"].reason
        assert found["bad", "conversion"].state is State.DELIVERED
        assert found["good", "event"].state is State.DELIVERED


async def test_each_failure_is_a_retry_with_the_reason_of_the_storage():
    class Full:
        async def write(self, documents):
            raise StorageFull("no room is left")

    outcomes = await Keeping(Full()).hand_over([an_item({"model": "event"}), an_item({})])
    assert outcomes[0] == Retry("no room is left")
    assert isinstance(outcomes[1], Dead)


async def test_an_id_and_a_time_of_the_payload_s_own_are_left_out():
    class Keeps:
        async def write(self, documents):
            self.documents = documents

    store = Keeps()
    document = {"_id": "forged", "timestamp": "2020-01-01T00:00:00Z", "sessionId": "s"}
    assert await Keeping(store).hand_over([an_item({"document": document})]) == [Delivered()]
    [kept] = store.documents
    assert (kept.id, kept.body) == (document_id("m", "rule", 0), {"sessionId": "s"})


def an_item(changed):
    body = {"model": "event", "timestamp": "2026-11-24T12:00:00Z", "document": {}, **changed}
    if changed == {}:
        body["timestamp"] = "noon"
    delivery = Delivery(
        DeliveryKey(1, "kept", "rule"), "m", "E", State.WAITING, "", 0, 0, 0, "r", 0
    )
    return Item(delivery, Payload(body, 10, (), None))


async def test_a_document_that_the_store_will_never_keep_is_dead_at_once_and_alone(
    tmp_path, ferretdb
):
    url = ferretdb.new_url()
    with ferretdb.client(url) as database:
        database["conversion_event_entity"].create_index("userId", unique=True)
    async with a_world(tmp_path, url=url) as world:
        await world.append("first", "second", userId="u-1")
        found = {(one.message_id, one.key.rule): one for one in await world.settled(4)}
        dead = [one for one in found.values() if one.state is State.DEAD]
        assert [(one.key.rule, one.attempts) for one in dead] == [("conversion", 1)]
        assert "a unique index of the collection" in dead[0].reason
        assert len(await world.ask("events_by_category", category="conversion")) == 2


async def test_lists_in_lists_are_kept_and_come_back(tmp_path, ferretdb):
    nested = [1, [2, [3]]]
    async with a_world(tmp_path, url=ferretdb.new_url()) as world:
        await world.append("nested", properties={"order_id": "7", "nested": nested})
        found = await world.settled(2)
        assert {one.state for one in found} == {State.DELIVERED}
        [event] = await world.ask("events_by_category", category="conversion")
        assert event["metadata"]["nested"] == nested
