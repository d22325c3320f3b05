"""What callers of posted bodies are told: refusals, and what is wrong with what is taken."""

import hmac

import pytest

from tests.support.inbounds import ORDERS, STORE, an_inbound_face

pytestmark = pytest.mark.trio

KEY = {"Authorization": "Bearer shop-key"}
BODY = {"kind": "web", "orders": [{"key": "k-1", "id": "SO-1", "user": "lucia"}]}
ANY_JSON = {
    "rules/inbound/orders.yaml": ORDERS.replace("      body: schemas/inbound/orders.yaml\n", "")
}


async def test_another_method_is_a_405_in_the_words_of_nestjs(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        answer = await face.http.get("/hooks/orders", headers=KEY)

        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json() == {
            "success": False,
            "statusCode": 405,
            "code": "method_not_allowed",
            "message": "this path takes POST alone",
        }


async def test_where_nothing_is_posted_it_is_told_what_makes_a_file_count(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        answer = await face.http.post("/ingest/new-one", json=BODY, headers=KEY)

        assert (answer.status_code, answer.json()["statusCode"]) == (404, 404)
        assert "restart" in answer.json()["message"]
        assert "/v1/batch" not in answer.text


async def test_who_sends_no_key_is_told_every_way_to_send_one(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        answer = await face.http.post("/ingest/orders", json=BODY)

        assert answer.status_code == 401
        assert "Authorization: Bearer KEY" in answer.json()["message"]


@pytest.mark.parametrize("body", [{"pedidos": BODY["orders"]}, {}, 5, "text", []])
async def test_a_body_without_the_list_of_its_events_is_told_of(tmp_path, body):
    async with an_inbound_face(tmp_path, ANY_JSON) as face:
        answer = await face.http.post("/ingest/orders", json=body, headers=KEY)

        told = "orders: is missing, so the body makes no event"
        assert (answer.status_code, answer.json()["received"]) == (200, 0)
        assert told in answer.json()["warnings"]
        assert told in answer.headers["warning"]


async def test_an_empty_list_is_no_reason_to_say_anything(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        answer = await face.http.post(
            "/ingest/orders", json={"kind": "web", "orders": []}, headers=KEY
        )

        assert (answer.status_code, answer.json()["received"]) == (200, 0)
        assert "warning" not in answer.headers


@pytest.mark.parametrize("number", ["1e400", "-1e400"])
async def test_a_number_beyond_all_is_read_as_null_with_a_warning(tmp_path, number):
    body = f'{{"kind": {number}, "orders": [{{"key": "k", "id": "SO-1", "user": "u"}}]}}'
    schema = "type: object\nproperties: { kind: { type: ['null', number] } }\n"
    files = {"schemas/inbound/orders.yaml": schema}
    async with an_inbound_face(tmp_path, files) as face:
        answer = await face.http.post("/ingest/orders", content=body, headers=KEY)

        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
        assert "a number that is too large for any computer was read as null" in answer.text


async def test_a_document_is_of_the_model_that_the_mapping_names_or_none_is_answered(tmp_path):
    other = STORE["rules/inbound/orders.yaml"].replace("model: conversion", "model: interaction")
    async with an_inbound_face(tmp_path, {**STORE, "rules/inbound/orders.yaml": other}) as face:
        answer = await face.http.post("/ingest/orders", json=BODY, headers=KEY)

        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)


TIMED = """
    inbound: signed
    source: erp
    post:
      signature:
        secret: "{{ env.HOOK_SECRET }}"
        given: "{{ headers['x-signature'] }}"
        signed: "{{ headers['x-time'] }}.{{ raw_body }}"
    event: { type: track, event: Order Told, userId: "{{ body.user }}" }
    """


@pytest.mark.parametrize(
    ("headers", "signed", "status"),
    [
        ({"X-Time": "7"}, b'7.{"user": "lucia"}', 201),
        ({}, b"", 401),  # as if nothing had been signed: one signature for any body
        ({}, b'.{"user": "lucia"}', 401),
    ],
)
async def test_without_a_header_that_was_signed_no_signature_fits(
    tmp_path, headers, signed, status
):
    digest = hmac.digest(b"top-secret", signed, "sha256").hex()
    files = {".env": "HOOK_SECRET=top-secret\n", "rules/inbound/signed.yaml": TIMED}
    async with an_inbound_face(tmp_path, files) as face:
        answer = await face.http.post(
            "/ingest/signed",
            content=b'{"user": "lucia"}',
            headers={**headers, "X-Signature": digest},
        )

        assert answer.status_code == status
