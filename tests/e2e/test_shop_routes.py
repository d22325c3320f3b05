"""The shop's own routes at a running server, without a key, as its services call them today."""

import socket

import httpx
import pytest

from tests.support.processes import (
    a_project,
    free_port,
    sandbox_running,
    server_running,
    wait_until,
)

pytestmark = pytest.mark.slow

CONSENT = {"consent": {"categoryPreferences": {"advertising": True, "analytics": True}}}
EVENT = {
    "eventName": "add_to_cart",
    "eventCategory": "user_interaction",
    "eventAction": "click",
    "sessionId": "ses-1",
    "userId": "cli-1",
    "metadata": {"productId": "A", "price": 7, "currency": "COP", "deep": {"a": [1]}},
}
PAGE = {
    "pageUrl": "https://tienda.example.com/p",
    "pageTitle": "P",
    "sessionId": "ses-1",
    "deviceInfo": {"device": "mobile", "own": {"x": 1}},
    "location": {"country": "CO"},
}
CONVERSION = {
    "conversionType": "purchase",
    "conversionValue": 5415775,
    "currency": "COP",
    "userId": "cli-1",
    "sessionId": "ses-1",
    "productIds": ["A", "B"],
    "orderId": "TE-1",
}
INTERACTION = {
    "interactionType": "click",
    "elementId": "buy",
    "pageUrl": "https://tienda.example.com/p",
    "sessionId": "ses-1",
    "x": 10,
    "y": 20,
}
ROUTES = {
    "event": EVENT,
    "page-view": PAGE,
    "conversion": CONVERSION,
    "interaction": INTERACTION,
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("routes")
    project, port = a_project(folder), free_port()
    settings = (project / "encamina.yaml").read_text()
    listener = f"listeners: [{{ listen: '127.0.0.1:{port}', source: shop, auth: none }}]"
    (project / "encamina.yaml").write_text(
        settings.replace("  max_request:", f"  {listener}\n  max_request:", 1)
    )
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, project) as running,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        yield running, http


@pytest.mark.parametrize("route", ROUTES)
def test_each_route_answers_201_with_the_document_that_is_stored(shop, route):
    _, http = shop
    body = {**ROUTES[route], "sessionId": f"of-{route}", "timestamp": "2026-01-02T03:04:05.678Z"}

    answer = http.post(f"/analytics/track/{route}", json={**body, "context": CONSENT})

    document = answer.json()
    assert answer.status_code == 201
    assert len(document.pop("_id")) == 24
    assert document == body


def test_the_events_reach_the_vendors_and_an_order_that_is_told_twice_does_so_once(shop):
    running, http = shop
    body = {**CONVERSION, "orderId": "TE-twice", "context": CONSENT}

    first = http.post("/analytics/track/conversion", json=body)
    second = http.post("/analytics/track/conversion", json=body)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["_id"] == second.json()["_id"]

    [sent] = wait_until(lambda: orders_at_meta(running, "TE-twice"))
    assert sent["event_name"] == "Purchase"


def orders_at_meta(running, order_id):
    bodies = [one["body"]["data"] for one in running.received("meta")]
    events = [event for body in bodies for event in body]
    return [one for one in events if one.get("custom_data", {}).get("order_id") == order_id]


def test_an_order_that_is_told_otherwise_is_answered_with_what_was_kept_first(shop):
    _, http = shop
    body = {**CONVERSION, "orderId": "TE-first", "conversionValue": 100}

    first = http.post("/analytics/track/conversion", json=body)
    other = {**body, "conversionValue": 999, "currency": "USD"}
    second = http.post("/analytics/track/conversion", json=other)

    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"


def test_a_purchase_without_products_reaches_the_ad_platforms(shop):
    running, http = shop
    body = {**CONVERSION, "orderId": "TE-bare", "productIds": None, "context": CONSENT}

    answer = http.post("/analytics/track/conversion", json=body)
    [sent] = wait_until(lambda: orders_at_meta(running, "TE-bare"))

    assert "warning" not in answer.headers
    assert (sent["event_name"], "contents" in sent["custom_data"]) == ("Purchase", False)


def test_why_a_purchase_is_none_can_be_found_out_afterwards(shop):
    running, http = shop
    body = {**CONVERSION, "orderId": None, "messageId": "no-order", "context": CONSENT}

    answer = http.post("/analytics/track/conversion", json=body)
    [found] = running.lines("explain", "no-order")

    assert answer.headers["warning"].startswith('299 - "orderId: is not as Order Completed needs')
    assert found["events"][0]["meant"] == {"event": "Order Completed", "fields": ["orderId"]}
    assert "no-order" in running.server.said()


def test_the_first_address_still_asks_for_a_key(shop):
    running, _ = shop

    with httpx.Client(base_url=running.server.url, timeout=30) as http:
        bare = http.post("/analytics/track/event", json=EVENT)
        known = http.post("/analytics/track/event", json=EVENT, auth=("demo-write-key", ""))

    assert (bare.status_code, known.status_code) == (401, 201)


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_web_pages_neither_send_nor_read_where_no_key_is_asked_for(shop, headers):
    _, http = shop

    sent = http.post("/analytics/track/event", json=EVENT, headers=headers)
    read = http.get("/analytics/page-views/popular", headers=headers)

    assert (sent.status_code, read.status_code) == (403, 403)
    assert sent.json()["code"] == read.json()["code"] == "origin_not_allowed"


def test_the_listener_is_bound_to_its_own_address_alone(shop):
    _, http = shop
    with socket.socket() as probe:
        probe.settimeout(1)
        assert probe.connect_ex(("127.0.0.2", http.base_url.port)) != 0


def test_an_unknown_category_is_taken_with_a_warning_in_the_head_and_in_the_log(shop):
    running, http = shop

    answer = http.post("/analytics/track/event", json={**EVENT, "eventCategory": "ventas"})

    assert answer.status_code == 201
    assert answer.headers["warning"].startswith('299 - "eventCategory: is none of page_view')
    assert "taken with warnings" in running.server.said()
