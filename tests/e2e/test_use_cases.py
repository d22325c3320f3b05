"""The brief's ten use cases and five conversions, told through the shop's old routes alone."""

import time

import httpx
import pytest

from tests.support.processes import sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

WITHIN_S = 60

KEY = ("demo-write-key", "")
ON = {
    "GA4_MODE": "live",
    "POSTHOG_SCOPE": "all",
    "DERIVED_MODE": "live",
    "SESSIONS_MODE": "off",
    "CART_ABANDONED_AFTER": "2s",
}
BROWSER = {
    "consent": {"categoryPreferences": {"advertising": True, "analytics": True}},
    "userAgent": "Mozilla/5.0 (Linux; Android 15; SM-S938B) Mobile",
    "ip": "203.0.113.24",
    "fbp": "fb.1.1792328412345.1836294015",
    "ga_client_id": "1290837465.1792328412",
    "page": {"url": "https://tienda.example.com/celulares"},
}
PRODUCT = {"productId": "S26", "productName": "Galaxy S26", "price": 5000000, "currency": "COP"}
LINES = {"products": [{"productId": "S26", "name": "Galaxy S26", "price": 5000000, "quantity": 1}]}


def an_event(name, session="ses-1", **metadata):
    category = {"eventCategory": "user_interaction", "eventAction": name}
    return "event", {"eventName": name, **category, "sessionId": session, "metadata": metadata}


def a_conversion(type_, order_id="", **body):
    told = {"conversionType": type_, "sessionId": "ses-1", "userId": "cli-7", **body}
    return "conversion", {**told, **({"orderId": order_id} if order_id else {})}


PURCHASE = {"conversionValue": 5000000, "currency": "COP", "productIds": ["S26"]}
USE_CASES = [
    (
        "page-view",
        {"pageUrl": "https://tienda.example.com/", "pageTitle": "Inicio", "sessionId": "ses-1"},
    ),
    an_event("product_view", **PRODUCT),
    an_event("add_to_cart", **PRODUCT, quantity=1),
    an_event("remove_from_cart", **PRODUCT, quantity=1),
    an_event("begin_checkout", **LINES, value=5000000, currency="COP"),
    an_event("add_payment_info", **LINES, value=5000000, currency="COP", paymentMethod="addi"),
    an_event("search", query="galaxy s26"),
    ("conversion", {"conversionType": "registro", "sessionId": "ses-1", "userId": "cli-7"}),
    an_event("chatbot_interaction", topic="envios"),
    a_conversion("purchase", "TE-1", **PURCHASE),
    a_conversion("purchase", "TE-2", **PURCHASE),
    an_event("add_to_cart", session="ses-lost", **PRODUCT, quantity=1),
]

META = {"PageView", "ViewContent", "AddToCart", "RemoveFromCart", "InitiateCheckout"}
META |= {"AddPaymentInfo", "Purchase", "Search", "CompleteRegistration", "CartAbandoned"}
GOOGLE = {"page_view", "view_item", "add_to_cart", "remove_from_cart", "begin_checkout"}
GOOGLE |= {"add_payment_info", "purchase", "search", "sign_up"}
POSTHOG = {"$pageview", "Product Viewed", "Product Added", "Product Removed", "Checkout Started"}
POSTHOG |= {"Payment Info Entered", "Order Completed", "Products Searched", "Signed Up"}
POSTHOG |= {"First Purchase", "Repeat Purchase", "Cart Abandoned", "Chatbot Interaction"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, **ON) as running,
    ):
        with httpx.Client(base_url=running.server.url, timeout=30, auth=KEY) as http:
            for route, body in USE_CASES:
                answer = http.post(f"/analytics/track/{route}", json={**body, "context": BROWSER})
                assert answer.status_code == 201, answer.text
        yield running


def names(shop, vendor, events):
    return [name for item in shop.received(vendor) for name in events(item)]


def of_meta(item):
    return [one["event_name"] for one in item["body"]["data"]]


def of_ga4(item):
    return [one["name"] for one in item["body"]["events"]]


def of_posthog(item):
    return [one["event"] for one in item["body"].get("batch", [item["body"]])]


@pytest.mark.parametrize(
    ("vendor", "events", "expected"),
    [
        ("meta", of_meta, META),
        ("ga4", of_ga4, GOOGLE),
        ("gtm", of_ga4, GOOGLE | {"cart_abandoned"}),
        ("posthog", of_posthog, POSTHOG),
    ],
)
def test_every_use_case_and_conversion_reaches(shop, vendor, events, expected):
    def missing():
        return expected - set(names(shop, vendor, events))

    deadline = time.monotonic() + WITHIN_S
    while missing() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert missing() == set()


def test_first_and_repeat_are_told_on_the_purchase_and_never_as_a_second_one(shop):
    def purchases():
        bodies = [one["body"]["data"] for one in shop.received("meta")]
        return [one for body in bodies for one in body if one["event_name"] == "Purchase"]

    wait_until(lambda: len(purchases()) >= 2)

    said = {one["custom_data"]["order_id"]: one["customer_segmentation"] for one in purchases()}
    assert len(purchases()) == 2
    assert set(said) == {"TE-1", "TE-2"}
    assert said["TE-1"] == "new_customer_to_business"


def test_the_store_answers_of_them(shop):
    def told(user):
        found = shop.lines("store", "ask", "conversions-by-user", user)
        return {one["conversionType"] for one in found}

    wait_until(
        lambda: {"registro", "purchase", "first_purchase", "repeat_purchase"} <= told("cli-7")
    )
