"""What may be posted at a listener that asks for no key, and by whom; reading: test_questions."""

import pytest

from engine.project.listeners import ListenerSpec
from tests.support.events import NOW
from tests.support.inbounds import DIRECT, OPEN, an_inbound_face, as_bytes, signature

pytestmark = pytest.mark.trio

KEY = {"Authorization": "Bearer shop-key"}
BODY = {"kind": "web", "orders": [{"key": "k-1", "id": "SO-1", "user": "lucia"}]}
SECRET = {".env": "HOOK_SECRET=top-secret\n"}


async def test_a_listener_without_a_key_names_the_source_and_ignores_other_systems_tokens(tmp_path):
    async with an_inbound_face(tmp_path, listener=OPEN) as face:
        await face.http.post("/ingest/orders", json=BODY, headers={"Authorization": "Bearer jwt"})
        await face.http.post("/ingest/orders", json=BODY, headers=KEY)

        assert await face.sources() == ["erp", "shop"]


async def test_a_listener_that_needs_a_key_asks_for_one(tmp_path):
    listener = ListenerSpec("127.0.0.1:8081", "erp", needs_key=True)
    async with an_inbound_face(tmp_path, listener=listener) as face:
        assert (await face.http.post("/ingest/orders", json=BODY)).status_code == 401


async def test_a_key_in_the_body_counts_at_a_listener_without_one_and_others_are_passed_over(
    tmp_path,
):
    async with an_inbound_face(tmp_path, listener=OPEN) as face:
        for number, key in enumerate(["shop-key", "of another system", "", None, 7]):
            orders = [{"key": f"k-{number}", "id": "SO-1", "user": "lucia"}]
            body = {"kind": "web", "orders": orders, "writeKey": key}
            jwt = {"Authorization": "Bearer jwt"}
            assert (await face.http.post("/ingest/orders", json=body, headers=jwt)).is_success

        assert await face.sources() == ["shop", "erp", "erp", "erp", "erp"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Content-Type": "text/plain"},
        {"Origin": "null"},
        {"Origin": "http://events.example"},
        {"Origin": "https://tienda.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Authorization": "Bearer jwt"},
        {"Origin": "https://evil.example", "Authorization": "Bearer web-key"},
    ],
)
async def test_a_listener_without_keys_takes_nothing_of_a_web_page(tmp_path, headers):
    async with an_inbound_face(tmp_path, listener=OPEN, peer=DIRECT) as face:
        answer = await face.http.post("/ingest/orders", content=as_bytes(BODY), headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert answer.json()["statusCode"] == 403
        assert await face.kept() == []


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ({"User-Agent": "axios/1.7.9"}, DIRECT),
        ({"User-Agent": "node", "Accept-Language": "*", "Sec-Fetch-Mode": "cors"}, DIRECT),
        # The gateway that hands on what a browser sent answers for it.
        ({"Origin": "https://tienda.example", "Sec-Fetch-Site": "same-site"}, "192.0.2.10"),
    ],
)
async def test_a_listener_without_keys_takes_what_services_and_gateways_send(
    tmp_path, headers, peer
):
    async with an_inbound_face(tmp_path, listener=OPEN, peer=peer) as face:
        answer = await face.http.post("/ingest/orders", json=BODY, headers=headers)

        assert answer.status_code == 200
        assert await face.sources() == ["erp"]


async def test_pages_that_the_source_of_a_listener_lists_may_send_there(tmp_path):
    listener = ListenerSpec("127.0.0.1:8081", "web", needs_key=False)
    async with an_inbound_face(tmp_path, listener=listener, peer=DIRECT) as face:
        headers = {"Origin": "https://Tienda.example", "Sec-Fetch-Site": "cross-site"}
        answer = await face.http.post("/ingest/orders", json=BODY, headers=headers)

        assert answer.status_code == 200
        assert await face.sources() == ["web"]


async def test_a_page_with_a_key_is_held_to_the_origins_of_the_keys_source(tmp_path):
    body = {**BODY, "writeKey": "web-key"}
    async with an_inbound_face(tmp_path, listener=OPEN, peer=DIRECT) as face:
        answers = [
            await face.http.post("/ingest/orders", json=body, headers={"Origin": origin})
            for origin in ("https://evil.example", "https://tienda.example")
        ]

        assert [one.status_code for one in answers] == [403, 200]
        assert await face.sources() == ["web"]


async def test_what_is_signed_needs_no_other_proof_at_a_listener_without_keys(tmp_path):
    data = as_bytes({"user": "lucia"})
    async with an_inbound_face(tmp_path, SECRET, listener=OPEN, peer=DIRECT) as face:
        headers = {
            "X-Signature": signature("top-secret", data, NOW // 1000),
            "Origin": "https://payments.example",
        }
        answer = await face.http.post("/ingest/signed", content=data, headers=headers)

        assert answer.status_code == 201
