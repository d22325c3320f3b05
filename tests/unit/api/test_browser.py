"""What browser SDKs ask for before they begin, and the beacon of a page that is left."""

import pytest

from engine.control.verbs import perform
from tests.support.faces import SETTINGS, a_face

pytestmark = pytest.mark.trio

PROXY = '\n    server: { trusted_proxies: ["127.0.0.1"] }\n'
PUBLIC = "\n    server: { public_url: https://tienda.example/e/ }\n"


@pytest.fixture
async def face(tmp_path):
    async with a_face(tmp_path) as face:
        yield face


async def reached(folder, settings, base_url, **headers):
    async with a_face(folder, settings, base_url) as face:
        answer = await face.http.get("/v1/projects/web-key/settings", headers=headers)
        given = answer.json()["integrations"]["Segment.io"]
        return f"{given['protocol']}://{given['apiHost']}"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_settings_document_sends_events_here(face, slash):
    answer = await face.http.get(f"/v1/projects/web-key/settings{slash}")

    assert answer.status_code == 200
    assert answer.json() == {
        "integrations": {
            "Segment.io": {"apiKey": "web-key", "apiHost": "events.example/v1", "protocol": "https"}
        }
    }


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("how", [{"auth": ("web-key", "")}, {"params": {"writeKey": "web-key"}}])
async def test_the_source_config_has_no_destination_of_its_own(face, slash, how):
    answer = await face.http.get(f"/sourceConfig{slash}", **how)

    assert answer.status_code == 200
    assert answer.json() == {
        "source": {"id": "web", "name": "web", "enabled": True, "config": {}, "destinations": []}
    }


@pytest.mark.parametrize(
    ("base_url", "headers", "expected"),
    [
        ("http://events.example:8080", {}, "http://events.example:8080/v1"),
        ("http://localhost:8080", {"Origin": "https://tienda.example"}, "http://localhost:8080/v1"),
        ("http://[::1]:8080", {"Origin": "https://tienda.example"}, "http://[::1]:8080/v1"),
        (
            "http://events.example",
            {"Origin": "https://tienda.example"},
            "https://events.example/v1",
        ),
        ("http://events.example", {"Sec-Fetch-Site": "same-origin"}, "https://events.example/v1"),
        (
            "http://events.example",
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"},
            "http://events.example/v1",
        ),
    ],
)
async def test_it_names_the_host_and_the_scheme_that_the_page_can_reach(
    tmp_path, base_url, headers, expected
):
    assert await reached(tmp_path, SETTINGS, base_url, **headers) == expected


async def test_what_our_own_proxy_says_of_the_address_counts(tmp_path):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "e.tienda.example, inner"}

    found = await reached(tmp_path, SETTINGS + PROXY, "http://inner:8080", **headers)

    assert found == "https://e.tienda.example/v1"


@pytest.mark.parametrize(
    "odd",
    [
        *("evil.com:99999", "evil.com:0", "[::::]:1", "[::1", "-evil.com", "evil..com", "."),
        *("a_b.example", "1.2.3.999", "1.2.3", "evil.com/x", "evil.com:", "x" * 64, "[1.2.3.4]"),
    ],
)
async def test_what_our_own_proxy_hands_on_is_passed_over_where_it_is_no_host(tmp_path, odd):
    found = await reached(
        tmp_path, SETTINGS + PROXY, "http://inner:8080", **{"X-Forwarded-Host": odd}
    )

    assert found == "http://inner:8080/v1"


@pytest.mark.parametrize(
    "host", ["e.tienda.example:8443", "10.0.0.1:1", "[2800:e2::1]:443", "e.example.", "localhost"]
)
async def test_every_form_of_a_host_that_a_browser_can_ask_is_taken(tmp_path, host):
    found = await reached(
        tmp_path, SETTINGS + PROXY, "http://inner:8080", **{"X-Forwarded-Host": host}
    )

    assert found == f"http://{host}/v1"


async def test_the_public_address_of_the_settings_goes_first(tmp_path):
    found = await reached(tmp_path, SETTINGS + PUBLIC, "http://inner:8080")

    assert found == "https://tienda.example/e/v1"


@pytest.mark.parametrize("host", ["a b", "evil/x", '"', "user@evil.example"])
async def test_a_host_that_is_none_is_not_repeated(face, host):
    answer = await face.http.get("/v1/projects/web-key/settings", headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_host")


async def test_a_beacon_is_a_batch_with_its_key_in_the_address(face):
    body = b'{"batch": [{"type": "track", "event": "Lead", "anonymousId": "a1"}, 7]}'
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": "https://tienda.example"}

    answer = await face.http.post(
        "/beacon/v1/batch", params={"writeKey": "web-key"}, content=body, headers=headers
    )
    unknown = await face.http.post("/beacon/v1/batch/?writeKey=none", content=body, headers=headers)

    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (200, 1, 1)
    assert (unknown.status_code, unknown.json()["code"]) == (401, "invalid_write_key")


@pytest.mark.parametrize("path", ["/v1/projects/web-key/settings", "/sourceConfig"])
@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://tienda.example", 200), ("https://blog.example", 403), ("https://otro.example", 403)],
)
async def test_only_pages_that_the_source_lists_may_begin(face, path, origin, status):
    answer = await face.http.get(path, auth=("web-key", ""), headers={"Origin": origin})

    assert answer.status_code == status


async def test_a_key_made_while_it_runs_is_held_to_its_source_s_list(face):
    key = (await perform(face.control, "keys/create", {"kind": "write", "source": "web"}))["key"]
    body = {"writeKey": key, "anonymousId": "a1", "event": "Lead"}

    answers = [
        (await face.http.post("/v1/t", json=body, headers={"Origin": origin})).status_code
        for origin in ("https://tienda.example", "https://otro.example")
    ]

    assert answers == [200, 403]
