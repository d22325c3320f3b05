"""What a repeat is answered: what was kept first, whatever it says itself."""

import pytest
import trio

from engine.model.clock import Millis
from tests.support.inbounds import STORE, an_inbound_face

pytestmark = pytest.mark.trio

KEY = {"Authorization": "Bearer shop-key"}
REPEATED = "Idempotent-Replayed"


def an_order(number: str, key: str = "k-1", user: str = "lucia") -> dict:
    return {"kind": "web", "orders": [{"key": key, "id": number, "user": user}]}


async def post(face, *bodies, path="/ingest/orders"):
    return [await face.http.post(path, json=body, headers=KEY) for body in bodies]


async def test_a_repeat_is_answered_with_what_was_kept_first_and_a_header_says_so(tmp_path):
    async with an_inbound_face(tmp_path, STORE) as face:
        one, two = await post(face, an_order("SO-1"), an_order("SO-2"))

        assert (one.status_code, two.status_code) == (201, 201)
        assert two.json() == one.json()
        assert two.json()["orderId"] == "SO-1"
        assert (one.headers.get(REPEATED), two.headers.get(REPEATED)) == (None, "true")


async def test_a_repeat_that_comes_later_keeps_the_moment_of_the_first(tmp_path):
    async with an_inbound_face(tmp_path, STORE) as face:
        [one] = await post(face, an_order("SO-1"))
        face.clock.pass_ms(75_000)
        [two] = await post(face, an_order("SO-1"))

        assert two.json() == one.json()


async def test_forty_at_once_are_all_told_the_one_that_is_stored(tmp_path):
    answers = []

    async def one(number):
        answers.append(
            await face.http.post("/ingest/orders", json=an_order(f"SO-{number}"), headers=KEY)
        )

    async with an_inbound_face(tmp_path, STORE) as face:
        async with trio.open_nursery() as nursery:
            for number in range(40):
                nursery.start_soon(one, number)
        [kept] = await face.kept()

        assert [answer.status_code for answer in answers] == [201] * 40
        assert {answer.json()["orderId"] for answer in answers} == {kept["properties"]["order_id"]}
        assert sum(REPEATED in answer.headers for answer in answers) == 39


async def test_a_repeat_by_a_route_of_another_model_shows_no_document_that_is_not_its_own(tmp_path):
    others = STORE["rules/inbound/orders.yaml"].replace("inbound: orders", "inbound: others")
    others = others.replace("[/hooks/orders]", "[/hooks/others]")
    files = {**STORE, "rules/inbound/others.yaml": others.replace("conversion", "interaction")}
    async with an_inbound_face(tmp_path, files) as face:
        [one] = await post(face, an_order("SO-1"))
        [two] = await post(face, an_order("SO-2"), path="/ingest/others")

        # The store keeps no interaction of it, and callers of that route know no other model.
        assert one.json()["orderId"] == "SO-1"
        assert (two.status_code, two.headers[REPEATED]) == (202, "true")
        assert two.json()["duplicate"] == 1
        assert len(await face.kept()) == 1


async def test_of_several_events_each_repeat_is_told_and_the_header_stands_for_all_alone(tmp_path):
    both = {"orders": [*an_order("SO-9")["orders"], *an_order("SO-2", "k-2")["orders"]]}
    async with an_inbound_face(tmp_path, STORE) as face:
        _, one, two = await post(face, an_order("SO-1"), both, both)

        assert [document["orderId"] for document in one.json()] == ["SO-1", "SO-2"]
        assert two.json() == one.json()
        assert (one.headers.get(REPEATED), two.headers.get(REPEATED)) == (None, "true")


async def test_the_same_id_twice_in_one_body_shows_the_first_twice(tmp_path):
    both = {"orders": [*an_order("SO-1")["orders"], *an_order("SO-2")["orders"]]}
    async with an_inbound_face(tmp_path, STORE) as face:
        [answer] = await post(face, both)

        assert [document["orderId"] for document in answer.json()] == ["SO-1", "SO-1"]


async def test_a_repeat_of_what_is_in_quarantine_shows_no_document(tmp_path):
    bad = an_order("SO-1", "k" * 101)
    async with an_inbound_face(tmp_path, STORE) as face:
        one, two = await post(face, bad, bad)

        assert (one.status_code, two.status_code) == (202, 202)
        assert [answer.json()["results"][0]["verdict"] for answer in (one, two)] == [
            "quarantined",
            "duplicate",
        ]


async def test_a_repeat_of_what_the_log_keeps_no_longer_is_answered_as_it_came(tmp_path):
    async with an_inbound_face(tmp_path, STORE) as face:
        await post(face, an_order("SO-1"))
        log = face.control.log
        await log.pass_over(await log.groups())
        await log.trim(received_before=Millis(face.clock.at + 1))
        [two] = await post(face, an_order("SO-2"))

        assert (two.status_code, two.json()["orderId"]) == (201, "SO-2")
        assert two.headers[REPEATED] == "true"


async def test_verdicts_say_themselves_what_came_before_and_the_header_too(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        one, two = await post(face, an_order("SO-1"), an_order("SO-2"))

        assert (one.json()["accepted"], two.json()["duplicate"]) == (1, 1)
        assert (one.headers.get(REPEATED), two.headers.get(REPEATED)) == (None, "true")
