"""What packets are answered: by a real log, state and store, over a small project."""

from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from engine.ingest.guard import Guard
from engine.model.errors import StorageError
from engine.nest.answer import NestFace
from engine.nest.packets import NO_HANDLER, Packet, normal_form
from engine.nest.patterns import does
from engine.sqlite.database import Databases
from engine.store.interface import Document, Model
from engine.store.open import open_store
from tests.support.controls import HandClock, a_control
from tests.support.events import NOW

pytestmark = pytest.mark.trio

SETTINGS = """
    version: 1
    sources:
      shop: { kind: server, write_key: shop-key, unplanned: allow%s }
      strict: { kind: server, write_key: strict-key, unplanned: reject }
    log: sqlite:encamina.db
    state: sqlite:encamina.db
    """

CLICKS = """
    inbound: clicks
    source: shop
    post:
      pattern: shop.click
      body: schemas/inbound/clicks.yaml
      answer: document
    event:
      type: track
      event: "{{ body.name }}"
      messageId: "{{ body.key }}"
      anonymousId: "{{ body.session }}"
      properties: { price: "{{ body.price }}" }
    """

OBJECTS = """
    inbound: orders
    source: strict
    post:
      pattern: '{"role":"shop","cmd":"order"}'
    event:
      type: track
      event: Order Completed
      messageId: "{{ body.id }}"
      userId: "{{ body.user }}"
      properties: { order_id: "{{ body.id }}" }
    """

SIGNED = """
    inbound: signed
    source: shop
    post:
      pattern: shop.signed
      signature: { secret: "{{ env.HOOK_SECRET }}", given: "{{ headers['x-signature'] }}" }
    event: { type: track, event: Signed, anonymousId: a }
    """

SCHEMA = """
    type: object
    required: [name, session]
    properties:
      name: { type: string }
      session: { type: string }
    """

STORE = """
    name: store
    title: The store
    kind: store
    contract: schemas/payloads/store.yaml
    """

PAYLOAD = """
    type: object
    required: [model, timestamp, document]
    properties:
      model: { enum: [event, page_view, conversion, interaction] }
      timestamp: { type: string }
      document: { type: object }
    """

RULE = """
    destination: store
    rules:
      - name: all
        match: { type: track }
        payload:
          model: event
          timestamp: "{{ event.timestamp }}"
          document: { eventName: "{{ event.event }}", sessionId: "{{ event.anonymousId }}" }
    """

FILES = {
    "rules/inbound/clicks.yaml": CLICKS,
    "rules/inbound/orders.yaml": OBJECTS,
    "rules/inbound/signed.yaml": SIGNED,
    "schemas/inbound/clicks.yaml": SCHEMA,
    "schemas/payloads/store.yaml": PAYLOAD,
    "destinations/store.yaml": STORE,
    "rules/store.yaml": RULE,
}
CLICK = {"name": "Clicked", "session": "s1", "key": "k1"}


@asynccontextmanager
async def a_face(folder, rate="", source=None):
    """The face, a way to send to it, and what is kept."""
    clock = HandClock()
    changed = {**FILES, "encamina.yaml": SETTINGS % rate}
    async with Databases(folder) as files, a_control(folder, clock, changed) as control:
        store = await open_store("sqlite:analytics.db", files)
        guard = Guard(control.ingest.release, control.ingest.notices)
        face = NestFace(control.ingest, clock, guard, source, store)

        async def send(pattern, data):
            return await face.answer(Packet(normal_form(pattern), data, "7", True), clock())

        async def emit(pattern, data):
            return await face.answer(Packet(normal_form(pattern), data, None, False), clock())

        async def kept():
            return [dict(one.event.body) for one in await control.log.read_range(0, 100)]

        def metrics():
            return control.ingest.notices.metrics().decode()

        yield SimpleNamespace(
            face=face, store=store, send=send, emit=emit, kept=kept, metrics=metrics
        )


async def test_what_is_sent_is_answered_with_its_document_and_kept(tmp_path):
    async with a_face(tmp_path) as face:
        answer = await face.send("shop.click", CLICK)

        document = answer["response"]
        assert answer == {"response": document, "isDisposed": True, "id": "7"}
        assert len(document.pop("_id")) == 24
        assert document == {
            "eventName": "Clicked",
            "sessionId": "s1",
            "timestamp": "2026-11-20T15:00:00.000Z",
        }
        assert [one["event"] for one in await face.kept()] == ["Clicked"]


async def test_a_repeat_is_answered_as_the_first_whatever_it_says_and_kept_once(tmp_path):
    async with a_face(tmp_path) as face:
        first, again, other = [
            await face.send("shop.click", body)
            for body in (CLICK, CLICK, {**CLICK, "name": "Other"})
        ]

        assert again == other == first
        assert len(await face.kept()) == 1


async def test_what_is_emitted_is_kept_and_not_answered(tmp_path):
    async with a_face(tmp_path) as face:
        assert await face.emit("shop.click", CLICK) is None

        assert len(await face.kept()) == 1


async def test_an_object_pattern_is_found_in_any_order_of_its_keys(tmp_path):
    wanted = {"cmd": "order", "role": "shop"}
    same = (wanted, dict(reversed(wanted.items())), '{"cmd":"order","role":"shop"}')
    async with a_face(tmp_path) as face:
        for n, pattern in enumerate(same):
            answer = await face.send(pattern, {"id": f"O{n}", "user": "u1"})

            assert (answer["response"]["received"], answer["response"]["accepted"]) == (1, 1)


async def test_a_command_alone_is_found_by_its_name(tmp_path):
    async with a_face(tmp_path) as face:
        answer = await face.send({"cmd": "shop.click"}, CLICK)

    assert answer["response"]["eventName"] == "Clicked"


async def test_a_body_that_breaks_its_schema_is_told_field_by_field(tmp_path):
    async with a_face(tmp_path) as face:
        answer = await face.send("shop.click", {"name": 5})

        err = answer["err"]
        assert (err["status"], err["statusCode"], err["code"]) == ("error", 400, "invalid_body")
        assert {one["path"] for one in err["errors"]} == {"name", "session"}
        assert answer.keys() == {"err", "isDisposed", "id"}
        assert await face.kept() == []


async def test_an_event_that_can_t_be_taken_is_an_error(tmp_path):
    async with a_face(tmp_path, source="strict") as face:
        answer = await face.send("shop.click", CLICK)

    assert answer["err"]["code"] == "rejected"
    assert answer["err"]["errors"]


async def test_any_json_is_answered(tmp_path):
    async with a_face(tmp_path) as face:
        for data in ("{}", [], 7, "text", False):
            for pattern in (
                "shop.click",
                {"cmd": "order", "role": "shop"},
                "analytics.events.byUser",
            ):
                assert {"response", "err"} & (await face.send(pattern, data)).keys()


async def test_what_is_nested_too_deeply_is_the_caller_s_fault(tmp_path):
    deep = []
    for _ in range(1_000):
        deep = [deep]

    async with a_face(tmp_path) as face:
        answer = await face.send("shop.click", {**CLICK, "price": deep})
        assert "response" in answer or answer["err"]["statusCode"] == 400

        assert 'alarms_total{where="nest"}' not in face.metrics()


async def test_an_unknown_pattern_is_answered_in_nestjs_own_words(tmp_path):
    told = {"id": "7", "status": "error", "err": NO_HANDLER}
    async with a_face(tmp_path) as face:
        for pattern in ("nope", "", None, {"cmd": "nope"}, "shop.signed"):
            assert await face.send(pattern, 1) == told


async def test_what_is_emitted_in_vain_is_counted_and_told_once(tmp_path):
    async with a_face(tmp_path, source="strict") as face:
        for _ in range(3):
            assert await face.emit("nope", 1) is None
        assert await face.emit("shop.click", {}) is None
        assert await face.emit("shop.click", CLICK) is None

        told = face.metrics()
    assert 'encamina_emits_dropped_total{pattern="unknown",why="unknown_pattern"} 3.0' in told
    assert 'encamina_emits_dropped_total{pattern="shop.click",why="invalid_body"} 1.0' in told
    assert 'encamina_emits_dropped_total{pattern="shop.click",why="rejected"} 1.0' in told


async def test_events_are_those_of_the_listener_s_source_else_of_the_mapping_s(tmp_path):
    async with a_face(tmp_path / "own") as face:
        await face.send("shop.click", CLICK)
        assert 'events_total{source="shop",verdict="accepted"} 1.0' in face.metrics()
    async with a_face(tmp_path / "named", source="strict") as face:
        await face.send("shop.click", CLICK)
        assert 'events_total{source="strict",verdict="rejected"} 1.0' in face.metrics()


async def test_who_sends_more_than_the_rate_is_told_when_to_come_back(tmp_path):
    async with a_face(tmp_path, rate=", rate: 2/s") as face:
        answers = [await face.send("shop.click", {**CLICK, "key": f"k{n}"}) for n in range(9)]

        refused = [one["err"] for one in answers if "err" in one]
        assert answers[-1]["err"]["statusCode"] == 429
        assert all(one["retryAfterSeconds"] >= 1 for one in refused)
        assert len(await face.kept()) == 9 - len(refused) >= 2


async def test_questions_are_answered_from_the_store(tmp_path):
    body = {"eventName": "x", "eventCategory": "custom", "eventAction": "a", "sessionId": "s1"}
    async with a_face(tmp_path) as face:
        await face.store.write([Document("a" * 24, Model.EVENT, body, NOW)])

        by_name = await face.send("analytics.events.bySession", {"sessionId": "s1"})
        bare = await face.send("analytics.events.bySession", "s1")
        nothing = await face.send("analytics.pageViews.popular", "")

    [document] = by_name["response"]
    assert document["eventName"] == "x"
    assert bare == by_name
    assert nothing["response"] == []


async def test_a_list_is_paged_by_what_its_last_document_shows(tmp_path):
    body = {"eventName": "x", "eventCategory": "custom", "eventAction": "a", "sessionId": "s1"}
    async with a_face(tmp_path) as face:
        # Five of seven are of one millisecond.
        await face.store.write(
            [Document(f"{n:024x}", Model.EVENT, body, NOW + max(0, n - 4)) for n in range(7)]
        )
        found, cursor = [], ""
        while True:
            asked = {"sessionId": "s1", "limit": 3, "cursor": cursor}
            page = (await face.send("analytics.events.bySession", asked))["response"]
            found += [int(one["_id"], 16) for one in page]
            if len(page) < 3:
                break
            cursor = f"{page[-1]['timestamp']}_{page[-1]['_id']}"

    assert found == [6, 5, 4, 3, 2, 1, 0]


async def test_an_argument_that_is_missing_is_told(tmp_path):
    async with a_face(tmp_path) as face:
        answer = await face.send("analytics.events.bySession", {})

    assert answer["err"]["status"] == "error"
    assert "sessionId is missing" in answer["err"]["message"]


@pytest.mark.parametrize("error", [StorageError("disk /var/x is broken"), KeyError("inner")])
async def test_a_fault_of_ours_shows_nothing_of_the_inside(tmp_path, error):
    class Broken:
        async def ask(self, asked):
            raise error

    async with a_face(tmp_path) as face:
        broken = replace(face.face, store=Broken(), _made=[])
        answer = await broken.answer(Packet("analytics.pageViews.popular", {}, 1, True), NOW)

        assert answer["err"]["status"] == "error"
        assert not {"disk", "inner", "broken"} & set(answer["err"]["message"].split())
        assert 'alarms_total{where="nest"} 1.0' in face.metrics()


async def test_without_a_store_nothing_is_asked(tmp_path):
    async with a_face(tmp_path) as face:
        without = replace(face.face, store=None, _made=[])
        answer = await without.answer(Packet("analytics.pageViews.popular", {}, 1, True), NOW)

    assert answer["err"] == NO_HANDLER


async def test_the_patterns_say_what_they_do(tmp_path):
    async with a_face(tmp_path) as face:
        told = {pattern: does(one) for pattern, one in face.face.patterns().items()}

    assert told["shop.click"] == "takes clicks"
    assert told['{"cmd":"order","role":"shop"}'] == "takes orders"
    assert told["analytics.events.byUser"] == "answers events_by_user"
