"""Events made from events, by a real server over the reference project, through kill -9."""

import signal
import sqlite3
import time
import uuid
from contextlib import closing

import pytest

from engine.model.clock import from_iso
from tests.support.processes import sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

AFTER_S = 30
ON = {
    "DERIVED_MODE": "live",
    "SESSIONS_MODE": "off",
    "CART_ABANDONED_AFTER": f"{AFTER_S}s",
    "GA4_MODE": "live",
    "POSTHOG_SCOPE": "all",
}
GRANTED = {"categoryPreferences": {"advertising": True, "analytics": True, "functional": True}}


def an_event(event, who, /, **properties):
    return {
        "type": "track",
        "event": event,
        "messageId": str(uuid.uuid4()),
        **who,
        "context": {
            "consent": GRANTED,
            "ga_client_id": "1290837465.1792328412",
            "fbp": "fb.1.1792328412345.1836294015",
            "userAgent": "Mozilla/5.0",
            "ip": "203.0.113.24",
            "page": {"url": "https://tienda.example.com/carrito"},
        },
        "properties": properties,
    }


def added(who, cart_id, product_id, price):
    return an_event(
        "Product Added",
        who,
        cart_id=cart_id,
        product_id=product_id,
        name=product_id,
        price=price,
        quantity=2,
        currency="COP",
    )


def order(who, order_id, **properties):
    products = [{"product_id": "A", "name": "A", "price": 100, "quantity": 1}]
    told = {"order_id": order_id, "total": 100, "currency": "COP", "products": products}
    return an_event("Order Completed", who, **told, **properties)


def sent_names(shop, vendor, path):
    return [name for item in shop.received(vendor) for name in path(item["body"])]


def logged(shop, name):
    return [
        one["event"]
        for one in shop.lines("events", "--limit", "1000")
        if one["event"].get("event") == name
    ]


def test_a_cart_is_abandoned_once_through_kill_9_and_reaches_the_vendors(tmp_path):
    lost, kept = {"anonymousId": "browser-lost"}, {"anonymousId": "browser-kept"}
    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox, **ON) as shop:
            cause = added(lost, "car-1", "A", 50)
            assert shop.post([cause, added(kept, "car-2", "B", 70)]).status_code == 200
            shop.post([{"type": "identify", **kept, "userId": "cli-7", "context": {}}])
            # Of the payment nothing is known but who paid.
            shop.post([order({"userId": "cli-7"}, "TE-7")])
            wait_until(lambda: logged(shop, "First Purchase") and waiting(shop) == 1)
            assert logged(shop, "Cart Abandoned") == []
            shop.server.process.send_signal(signal.SIGKILL)
            shop.server.process.wait()

        with server_running(tmp_path, sandbox, **ON) as shop:
            [made] = wait_until(lambda: logged(shop, "Cart Abandoned"), AFTER_S + 60)
            begun = {one["messageId"]: one["receivedAt"] for one in logged(shop, "Product Added")}
            wait_until(lambda: "CartAbandoned" in meta_names(shop))
            time.sleep(3)
            again = logged(shop, "Cart Abandoned")
            meta = meta_names(shop)
            told = shop.encamina("explain", made["messageId"]).stdout
            shop.server.process.send_signal(signal.SIGKILL)
            shop.server.process.wait()

        with server_running(tmp_path, sandbox, **ON) as shop:
            time.sleep(2)
            assert len(logged(shop, "Cart Abandoned")) == 1
            assert meta_names(shop).count("CartAbandoned") == 1
            assert meta_names(shop).count("Purchase") == 1
            posthog = sent_names(
                shop, "posthog", lambda body: [one["event"] for one in batch(body)]
            )
            assert posthog.count("Cart Abandoned") == 1
            assert posthog.count("First Purchase") == 1

    assert len(again) == 1
    assert meta.count("CartAbandoned") == 1
    assert made["anonymousId"] == "browser-lost"
    assert made["properties"]["value"] == 100
    assert made["properties"]["cart_id"] == "car-1"
    assert made["context"]["derived"] == {"by": "cart-abandoned", "cause": cause["messageId"]}
    due = from_iso(begun[cause["messageId"]]) + AFTER_S * 1000
    assert from_iso(made["timestamp"]) == due
    assert f"made by rules/derived/ cart-abandoned, of {cause['messageId']}" in told


def batch(body):
    return body.get("batch", [body])


def meta_names(shop):
    return sent_names(shop, "meta", lambda body: [one["event_name"] for one in body["data"]])


def waiting(shop):
    """How many carts wait, read from the file: a command takes longer than a cart does here."""
    with closing(sqlite3.connect(f"file:{shop.data}/encamina.db?mode=ro", uri=True)) as file:
        return file.execute("SELECT count(due_ms) FROM derived_windows").fetchone()[0]


def test_first_and_repeat_stand_on_the_purchase_itself_and_in_the_figures(tmp_path):
    lucia = {"userId": "cli-1", "anonymousId": "browser-1"}
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, **ON) as shop,
    ):
        shop.post([order(lucia, "TE-1")])
        shop.post([order(lucia, "TE-2")])
        wait_until(lambda: meta_names(shop).count("Purchase") == 2)
        wait_until(lambda: logged(shop, "Repeat Purchase"))
        purchases = [one for item in shop.received("meta") for one in item["body"]["data"]]
        [shown] = shop.lines("derived", "show", "purchases", "--key", "cli-1")
        average = shop.lines("derived", "show", "average-cart-value")

    said = {one["custom_data"]["order_id"]: one["customer_segmentation"] for one in purchases}
    assert said == {
        "TE-1": "new_customer_to_business",
        "TE-2": "existing_customer_to_business",
    }
    assert shown["figures"]["orders"] == 2
    assert shown["show"] == {"average_order_value": 100}
    assert average[0]["show"]["average_order_value"] == 100


def test_a_back_fill_of_a_stopped_server_is_made_when_it_serves(tmp_path):
    lucia = {"userId": "cli-1"}
    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox, DERIVED_MODE="off") as shop:
            shop.post([order(lucia, "TE-1"), order(lucia, "TE-2")])
            assert shop.lines("derived", "show", "purchases") == []
        with server_running(tmp_path, sandbox, **ON) as shop:
            pass
        assert shop.lines("derived", "backfill", "purchases")[0]["derived"] == "purchases"
        with server_running(tmp_path, sandbox, **ON) as shop:
            [shown] = wait_until(lambda: shop.lines("derived", "show", "purchases"))
            shop.post([order(lucia, "TE-3")])
            [repeat] = wait_until(lambda: logged(shop, "Repeat Purchase"))

            assert shown["figures"]["orders"] == 2
            assert repeat["properties"]["orders"] == 3
            assert logged(shop, "First Purchase") == []


def test_a_visit_starts_and_ends(tmp_path):
    on = {"DERIVED_MODE": "off", "SESSIONS_MODE": "live", "SESSION_IDLE": "2s"}
    visitor = {"anonymousId": "browser-1"}
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, **on) as shop,
    ):
        for _ in range(3):
            shop.post([an_event("Product Viewed", visitor, product_id="A", name="A")])
        [ended] = wait_until(lambda: logged(shop, "Session Ended"))
        [started] = logged(shop, "Session Started")

        assert ended["properties"]["events"] == 3
        assert started["properties"]["session_id"] == "browser-1"


def test_orders_right_after_a_kill_9_are_told_that_they_are_not_the_first(tmp_path):
    lucia = {"userId": "cli-1"}
    with sandbox_running(tmp_path) as sandbox:
        for number in ("TE-1", "TE-2"):
            with server_running(tmp_path, sandbox, **ON) as shop:
                assert shop.post([order(lucia, number)]).json()["accepted"] == 1
                # Most likely before it was counted.
                shop.server.process.send_signal(signal.SIGKILL)
                shop.server.process.wait()
        with server_running(tmp_path, sandbox, **ON) as shop:
            shop.post([order(lucia, "TE-3"), order({"userId": "cli-2"}, "TE-4")])
            wait_until(lambda: len(logged(shop, "Repeat Purchase")) == 2)
            orders = logged(shop, "Order Completed")
            first = logged(shop, "First Purchase")

    told = {one["properties"]["order_id"]: one["properties"]["new_customer"] for one in orders}
    assert told == {"TE-1": True, "TE-2": False, "TE-3": False, "TE-4": True}
    assert {one["properties"]["order_id"] for one in first} == {"TE-1", "TE-4"}
