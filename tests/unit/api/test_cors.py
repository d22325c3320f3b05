"""Which pages may send, and what each answer tells them."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from engine.api.cors import Cors
from engine.api.problems import handlers
from engine.release.browsers import Browsers
from tests.support.faces import a_face

pytestmark = pytest.mark.trio

SHOP, BLOG, OTHER = "https://tienda.example", "https://blog.example", "https://otro.example"
LEAD = {"anonymousId": "a1", "event": "Lead"}
READABLE = {
    "access-control-allow-origin": SHOP,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "Retry-After",
    "vary": "Origin",
}


@pytest.fixture
async def face(tmp_path):
    async with a_face(tmp_path) as face:
        yield face


def asking(origin, headers="authorization,x-retry-count"):
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return asked | ({"Access-Control-Request-Headers": headers} if headers else {})


def readable(answer):
    return {name: answer.headers.get(name) for name in READABLE}


@pytest.mark.parametrize(
    "path",
    ["/v1/t", "/v1/track/", "/v1/batch", "/beacon/v1/batch", "/sourceConfig/", "/v1/m", "/v1/new"],
)
async def test_a_preflight_allows_what_was_asked_for(face, path):
    answer = await face.http.options(path, headers=asking(SHOP))

    assert (answer.status_code, answer.content) == (204, b"")
    assert readable(answer) == READABLE
    assert answer.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "authorization,x-retry-count"
    assert answer.headers["access-control-max-age"] == "600"


@pytest.mark.parametrize("asked", ["", "x\ty", "a" * 2_000, "*", "a,,b"])
async def test_odd_names_of_headers_are_not_repeated(face, asked):
    answer = await face.http.options("/v1/t", headers=asking(SHOP, asked))

    assert answer.status_code == 204
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "x-retry-count", "anonymousid"} <= set(allowed)


@pytest.mark.parametrize("origin", [OTHER, "null", "", "https://tienda.example.evil.example", "x"])
async def test_a_preflight_of_an_origin_that_no_source_lists_is_refused(face, origin):
    answer = await face.http.options("/v1/t", headers=asking(origin))

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("POST", "/v1/t", {"json": {**LEAD, "writeKey": "web-key"}}), 200),
        (("POST", "/v1/t", {"json": LEAD}), 401),
        (("POST", "/v1/t", {"content": b"{"}), 400),
        (("POST", "/v1/t", {"json": {**LEAD, "writeKey": "blog-key"}}), 403),
        (("POST", "/v1/nothing", {}), 404),
        (("GET", "/v1/t", {}), 405),
        (("GET", "/v1/projects/web-key/settings", {}), 200),
        (("GET", "/v1/projects/none/settings", {}), 404),
        (("GET", "/sourceConfig", {}), 401),
        (("GET", "/pixel/v1/track", {}), 200),
        (("POST", "/beacon/v1/batch?writeKey=web-key", {"json": {"batch": []}}), 200),
    ],
)
async def test_every_answer_can_be_read_by_a_listed_page(face, request_, status):
    method, path, body = request_

    answer = await face.http.request(method, path, headers={"Origin": SHOP}, **body)

    assert answer.status_code == status
    assert readable(answer) == READABLE


@pytest.mark.parametrize(
    ("path", "origin", "expected"),
    [("/v1/t", SHOP, READABLE), ("/v1/t", OTHER, {"vary": "Origin"}), ("/admin/x", SHOP, {})],
)
async def test_what_the_web_server_refuses_can_be_read_by_the_same_pages(path, origin, expected):
    async def silent(scope, receive, send):
        """Such as one whose client is too slow."""

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [(b"origin", origin.encode())],
        "extensions": {"encamina.refusal": {"headers": []}},
    }
    await Cors(silent, lambda: Browsers(origins=frozenset({SHOP})))(scope, None, None)

    left = scope["extensions"]["encamina.refusal"]["headers"]
    assert {name.decode().lower(): value.decode() for name, value in left} == expected


async def test_our_own_fault_can_be_read_too():
    async def broken(_):
        raise RuntimeError

    class Alarms:
        def alarm(self, *_):
            """Nobody to tell."""

    app = Starlette(
        routes=[Route("/v1/t", broken, methods=["POST"])], exception_handlers=handlers(Alarms())
    )
    cors = Cors(app, lambda: Browsers(origins=frozenset({SHOP})))
    transport = httpx.ASGITransport(app=cors, raise_app_exceptions=False)

    async with httpx.AsyncClient(transport=transport, base_url="https://events.example") as http:
        answer = await http.post("/v1/t", headers={"Origin": SHOP})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert readable(answer) == READABLE


@pytest.mark.parametrize("key", ["web-key", "blog-key", "own-key"])
async def test_a_page_sends_only_as_a_source_that_lists_it(face, key):
    body = {**LEAD, "writeKey": key}

    answers = {
        origin: (await face.http.post("/v1/t", json=body, headers={"Origin": origin})).status_code
        for origin in (SHOP, BLOG, OTHER, "null")
    }

    allowed = {"web-key": SHOP, "blog-key": BLOG}.get(key)
    assert {origin for origin, status in answers.items() if status == 200} == {allowed} - {None}
    assert {status for status in answers.values() if status != 200} == {403}
    assert len(await face.kept()) == (1 if allowed else 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://events.example"},
        {"Origin": OTHER, "Sec-Fetch-Site": "same-origin"},
        {},
    ],
    ids=["own host", "own host behind a proxy", "no page"],
)
async def test_pages_of_the_server_s_own_host_and_what_is_no_page_need_no_list(face, headers):
    answer = await face.http.post("/v1/t", json={**LEAD, "writeKey": "own-key"}, headers=headers)

    assert answer.status_code == 200


async def test_a_service_may_hand_on_the_headers_of_its_visitor(face):
    answer = await face.http.post(
        "/v1/t", json=LEAD, auth=("shop-key", ""), headers={"Origin": OTHER}
    )

    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_a_browser_s_key_may_not_import_and_a_service_s_may(face):
    body = {"batch": [{"type": "track", **LEAD}]}

    refused = await face.http.post("/v1/import", json=body, auth=("web-key", ""))
    taken = await face.http.post("/v1/import", json=body, auth=("shop-key", ""))

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (taken.status_code, taken.json()["accepted"]) == (200, 1)
