"""Events made of what the shop's old routes bring: whose they are, and what was in the cart."""

import sqlite3
from contextlib import closing

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

ON = {
    "DERIVED_MODE": "live",
    "SESSIONS_MODE": "off",
    "CART_ABANDONED_AFTER": "12s",
    "SHOP_CURRENCY": "COP",
}
CONSENT = {
    "consent": {
        "categoryPreferences": {"advertising": True, "analytics": True, "functional": True}
    },
    "ga_client_id": "1290837465.1792328412",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("derived-routes")
    project, port = a_project(folder), free_port()
    settings = (project / "encamina.yaml").read_text()
    listener = f"listeners: [{{ listen: '127.0.0.1:{port}', source: shop, auth: none }}]"
    (project / "encamina.yaml").write_text(
        settings.replace("  max_request:", f"  {listener}\n  max_request:", 1)
    )
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, project, **ON) as running,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        yield running, http


def logged(running, name):
    lines = running.lines("events", "--limit", "1000")
    return [one["event"] for one in lines if one["event"].get("event") == name]


def told(http, route, body):
    answer = http.post(f"/analytics/track/{route}", json={**body, "context": CONSENT})
    assert answer.status_code == 201, answer.text


def conversion(http, order_id, session, value, **more):
    body = {"conversionType": "purchase", "orderId": order_id, "conversionValue": value}
    told(http, "conversion", {**body, "sessionId": session, "productIds": ["A"], **more})


def event(http, name, session, metadata, **more):
    body = {"eventName": name, "eventCategory": "conversion", "eventAction": name}
    told(http, "event", {**body, "sessionId": session, "metadata": metadata, **more})


def keys_of_purchases(running):
    """Under which keys each window of the purchases is found, and how many were forgotten."""
    path = f"file:{running.data}/encamina.db?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as file:
        keys = file.execute(
            "SELECT key, number FROM derived_keys WHERE name = 'purchases'"
        ).fetchall()
        windows = file.execute(
            "SELECT number FROM derived_windows WHERE name = 'purchases'"
        ).fetchall()
    return dict(keys), {number for (number,) in windows}


def test_an_order_told_as_a_guests_and_as_a_users_leaves_strangers_apart(shop):
    running, http = shop
    gus = {"userId": "cli-gus"}
    order = {"total": 100, "products": [{"productId": "A", "quantity": 1}]}
    conversion(http, "G-1", "ses-gus", 100)
    # Of another service, that has an id of its own for it: else it would be dropped as a repeat.
    again = {**gus, "messageId": "payment-of-G-1"}
    event(http, "purchase", "ses-of-the-payment", {**order, "orderId": "G-1"}, **again)
    for number in ("G-2", "G-3"):
        conversion(http, number, "ses-of-the-payment", 100, **gus)
    conversion(http, "Z-1", "ses-zoe", 7777, userId="new-zoe")
    conversion(http, "G-4", "ses-of-the-payment", 100, **gus)

    wait_until(lambda: len(logged(running, "Repeat Purchase")) == 3)
    last = max(logged(running, "Repeat Purchase"), key=lambda one: one["properties"]["orders"])
    first = {one["properties"]["order_id"] for one in logged(running, "First Purchase")}
    shown = running.lines("derived", "show", "purchases")
    said = [
        (one["properties"]["order_id"], one["properties"].get("new_customer"))
        for one in logged(running, "Order Completed")
    ]
    keys, windows = keys_of_purchases(running)

    assert (last["properties"]["orders"], last["properties"]["average_order_value"]) == (4, 100)
    assert first == {"G-1", "Z-1"}
    assert {(order_id, is_new) for order_id, is_new in said if order_id == "G-1"} == {("G-1", True)}
    assert {is_new for order_id, is_new in said if order_id in ("G-2", "G-3", "G-4")} == {False}
    assert all(one["keys"] for one in shown)
    assert set(keys.values()) == windows


def test_a_cart_left_at_the_payment_has_its_lines_its_pieces_and_its_user(shop):
    running, http = shop
    luis = {"userId": "cli-luis"}
    line = {"productId": "A", "productName": "A", "price": 10}
    event(http, "add_to_cart", "ses-luis", {**line, "quantity": 2}, **luis)
    event(http, "add_to_cart", "ses-luis", {**line, "quantity": 2}, **luis)
    event(http, "remove_from_cart", "ses-luis", {**line, "quantity": 1}, **luis)
    event(http, "begin_checkout", "ses-luis", {"value": 30})
    event(http, "add_payment_info", "ses-luis", {"paymentMethod": "Addi"})
    event(http, "add_payment_info", "ses-nothing", {"paymentMethod": "Addi"})
    for user in ("und-a", "und-b"):
        put_in = {**line, "productId": user, "cartId": "undefined"}
        event(http, "add_to_cart", f"ses-{user}", put_in, userId=user)

    made = wait_until(lambda: len(found := logged(running, "Cart Abandoned")) == 3 and found, 60)
    carts = {one["userId"]: one["properties"] for one in made}

    def at_posthog():
        bodies = [one["body"] for one in running.received("posthog")]
        events = [one for body in bodies for one in body.get("batch", [body])]
        return [one for one in events if one["event"] == "Cart Abandoned"]

    sent = wait_until(lambda: len(found := at_posthog()) == 3 and found)
    assert carts["cli-luis"]["products"][0]["quantity"] == 3
    assert carts["cli-luis"]["value"] == 30
    assert len(carts["cli-luis"]["products"]) == 1
    assert [one["product_id"] for one in carts["und-a"]["products"]] == ["und-a"]
    assert [one["product_id"] for one in carts["und-b"]["products"]] == ["und-b"]
    assert {one["distinct_id"] for one in sent} == {"cli-luis", "und-a", "und-b"}
    assert running.lines("quarantine", "list") == []
