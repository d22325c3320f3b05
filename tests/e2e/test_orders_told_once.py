"""One order told by several faces, and events of the shop's own, through real processes."""

import httpx
import pytest

from tests.support.processes import sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

KEY = ("demo-write-key", "")
ON = {"DERIVED_MODE": "live", "SESSIONS_MODE": "off"}
BROWSER = {
    "consent": {"categoryPreferences": {"advertising": True, "analytics": True}},
    "userAgent": "Mozilla/5.0 (Linux; Android 15; SM-S938B) Mobile",
    "ip": "203.0.113.24",
    "fbp": "fb.1.1792328412345.1836294015",
    "ga_client_id": "1290837465.1792328412",
    "page": {"url": "https://tienda.example.com/gracias"},
}


def a_conversion(type_, order_id, user, value=100):
    told = {"conversionType": type_, "orderId": order_id, "conversionValue": value}
    return "conversion", {**told, "currency": "COP", "productIds": ["A"], "userId": user}


def an_event(name, user, category="conversion", **metadata):
    told = {"eventName": name, "eventCategory": category, "eventAction": name}
    return "event", {**told, "userId": user, "metadata": metadata}


O_1 = {"orderId": "O-1", "total": 100, "currency": "COP"}
TOLD = [
    a_conversion("purchase", "O-1", "ana"),
    an_event("purchase", "ana", **O_1),
    a_conversion("compra", "O-1", "ana"),
    a_conversion("Purchase", "O-1", "ana", 999),
    a_conversion("primera_compra", "O-1", "ana"),
    # A shop that tells the first and the further ones alone.
    a_conversion("primera_compra", "P-1", "eva", 200),
    a_conversion("compra_recurrente", "P-2", "eva", 300),
    an_event("mi_evento", "eva", "custom", premio="10%"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told-once")
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox, **ON) as running:
        with httpx.Client(base_url=running.server.url, timeout=30, auth=KEY) as http:
            answers = [
                http.post(
                    f"/analytics/track/{route}",
                    json={**body, "sessionId": f"ses-{body['userId']}", "context": BROWSER},
                )
                for route, body in TOLD
            ]
        yield running, answers


def events_at(running, vendor, of):
    return [one for item in running.received(vendor) for one in of(item["body"])]


def test_each_is_answered_in_the_model_of_its_route(shop):
    _, answers = shop

    assert [one.status_code for one in answers] == [201] * len(TOLD)
    assert [one.headers.get("Idempotent-Replayed") for one in answers] == [
        None, "true", "true", "true", "true", None, None, None,
    ]  # fmt: skip
    # By another route, what the store keeps of it in that one's model.
    assert answers[1].json()["eventName"] == "Order Completed"
    assert answers[3].json()["conversionValue"] == 100
    assert answers[5].json()["conversionType"] == "primera_compra"


def test_every_vendor_gets_each_order_once(shop):
    running, _ = shop

    def at_meta():
        found = events_at(running, "meta", lambda body: body["data"])
        return [one for one in found if one["event_name"] == "Purchase"]

    def at_ga4():
        found = events_at(running, "ga4", lambda body: body["events"])
        return [one for one in found if one["name"] == "purchase"]

    def at_posthog():
        return events_at(running, "posthog", lambda body: body.get("batch", [body]))

    wait_until(lambda: {"mi_evento", "Repeat Purchase"} <= {one["event"] for one in at_posthog()})
    wait_until(lambda: len(at_meta()) >= 3 and len(at_ga4()) >= 3)

    said = {
        one["custom_data"]["order_id"]: (one["custom_data"]["value"], one["customer_segmentation"])
        for one in at_meta()
    }
    new, old = "new_customer_to_business", "existing_customer_to_business"
    assert said == {"O-1": (100, new), "P-1": (200, new), "P-2": (300, old)}
    assert len(at_meta()) == 3
    orders = [one["params"]["transaction_id"] for one in at_ga4()]
    assert sorted(orders) == ["O-1", "P-1", "P-2"]
    names = [one["event"] for one in at_posthog()]
    assert [names.count(one) for one in ("Order Completed", "First Purchase")] == [3, 2]
    assert names.count("Repeat Purchase") == 1


def test_the_store_counts_each_order_once_with_its_value(shop):
    running, _ = shop

    def summary():
        [found] = running.lines("store", "ask", "conversions-summary")
        return found

    wait_until(lambda: summary()["purchases"] == {"first": 2, "repeat": 1})

    [bought] = [one for one in summary()["total"] if one["conversionType"] == "purchase"]
    assert (bought["count"], bought["value"]) == (3, 600)
    assert sum(one["value"] for one in summary()["total"]) == 600


def test_the_server_and_explain_tell_of_what_has_no_vendor(shop):
    running, _ = shop
    [order] = [
        one["event"]
        for one in running.lines("events", "--limit", "1000")
        if one["event"].get("properties", {}).get("order_id") == "P-2"
        and one["event"]["event"] == "Order Completed"
    ]

    def text():
        return running.encamina("explain", order["messageId"]).stdout

    assert wait_until(lambda: "delivered  kept" in text())
    assert "no answer" not in text()
    said = running.server.said()
    assert "Events are made from events by average-cart-value, cart-abandoned, purchases" in said
    assert "sessions" not in said.partition("Events are made")[2].partition("\n")[0]
