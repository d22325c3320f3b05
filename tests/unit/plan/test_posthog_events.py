"""PostHog: which events go, under which names, with which properties, and what an answer means."""

import json

import pytest

from engine.model.delivery import Answer, Delivered, NoAnswer, Pause, Retry, Split
from engine.pipeline.classify import classify
from tests.support.events import NOW, PRODUCTS, an_event
from tests.unit.plan.posthog_payloads import decisions, destination, payload
from tests.unit.plan.tracking_plan import EVENT_SCHEMAS

PRODUCT = [
    "product_id",
    "sku",
    "category",
    "name",
    "brand",
    "variant",
    "price",
    "quantity",
    "coupon",
    "position",
]
ORDER = [
    "order_id",
    "affiliation",
    "total",
    "revenue",
    "shipping",
    "tax",
    "discount",
    "coupon",
    "currency",
]
CHECKOUT = ["checkout_id", "step", "shipping_method", "payment_method"]
COUPON = ["order_id", "cart_id", "coupon_id"]
WISHLIST = ["wishlist_id", "wishlist_name"]

# The e-commerce spec's events and properties; Signed In and Out are of its B2B part.
SPEC = {
    "Products Searched": ["query"],
    "Product List Viewed": ["list_id", "category", "products"],
    "Product List Filtered": ["list_id", "category", "filters", "sorts", "products"],
    "Promotion Viewed": ["promotion_id", "creative", "name", "position"],
    "Promotion Clicked": ["promotion_id", "creative", "name", "position"],
    "Product Clicked": PRODUCT,
    "Product Viewed": [*PRODUCT, "currency", "value"],
    "Product Added": ["cart_id", *PRODUCT],
    "Product Removed": ["cart_id", *PRODUCT],
    "Cart Viewed": ["cart_id", "products"],
    "Checkout Started": ["value", *(one for one in ORDER if one != "total"), "products"],
    "Checkout Step Viewed": CHECKOUT,
    "Checkout Step Completed": CHECKOUT,
    "Payment Info Entered": [*CHECKOUT, "order_id"],
    "Order Updated": [*ORDER, "products"],
    "Order Cancelled": [*ORDER, "products"],
    "Order Completed": [*ORDER, "subtotal", "checkout_id", "products"],
    "Order Refunded": ["order_id", "total", "currency", "products"],
    "Coupon Entered": COUPON,
    "Coupon Applied": [*COUPON, "coupon_name", "discount"],
    "Coupon Removed": [*COUPON, "coupon_name", "discount"],
    "Coupon Denied": [*COUPON, "coupon_name", "reason"],
    "Product Added to Wishlist": [*WISHLIST, *PRODUCT],
    "Product Removed from Wishlist": [*WISHLIST, *PRODUCT],
    "Wishlist Product Added to Cart": [*WISHLIST, "cart_id", *PRODUCT],
    "Product Shared": ["share_via", "product_id", "sku", "category", "name", "brand", "variant"],
    "Cart Shared": ["share_via", "cart_id", "products"],
    "Product Reviewed": ["product_id", "review_id", "rating"],
    "Signed In": ["method"],
    "Signed Out": ["method"],
}
NUMBERS = [
    "price",
    "quantity",
    "total",
    "subtotal",
    "revenue",
    "shipping",
    "tax",
    "discount",
    "value",
    "step",
    "rating",
]
NEVER = {
    "share_message": "para Ana",
    "recipient": "ana@example.com",
    "review_body": "muy bueno",
    "username": "ana@example.com",
    "email": "ana@example.com",
    "internal_note": "margen 12 %",
}
SERVER_ONLY = ["Order Completed", "Order Refunded", "Order Cancelled"]


def filled(names: list[str]) -> dict:
    """Properties of these names, with what must never leave beside them."""
    given = dict.fromkeys(names, "7") | NEVER
    if "currency" in names:
        given["currency"] = "cop"
    if "products" in names:
        given["products"] = PRODUCTS
    for name in ("filters", "sorts"):
        if name in names:
            given[name] = [{"type": "price", "value": "desc"}]
    return given


@pytest.mark.parametrize("name", SPEC)
def test_an_event_of_the_spec_keeps_its_name_and_its_properties(name):
    found = payload(an_event(name, properties=filled(SPEC[name])))

    properties = found["properties"]
    assert found["event"] == name
    assert {one: properties.get(one) for one in SPEC[name]}.keys() <= properties.keys()
    assert all(properties[one] == 7 for one in SPEC[name] if one in NUMBERS)
    assert not NEVER.keys() & properties.keys()
    assert not [text for text in NEVER.values() if text in json.dumps(found, ensure_ascii=False)]


def test_every_track_event_of_the_plan_has_a_rule():
    names = {
        schema["properties"]["event"]["const"]
        for schema in EVENT_SCHEMAS.values()
        if schema["properties"]["type"] == {"const": "track"}
    }
    matched = {name for rule in destination().routes.rules for name in rule.match.event}

    # Figures about everybody, which belong to no person.
    assert names - matched <= {"Clarity Insights Imported"}


@pytest.mark.parametrize("name", SPEC)
def test_unless_asked_for_only_what_browsers_can_t_tell_goes(name):
    body = an_event(name, properties=filled(SPEC[name]))

    found = decisions(body, POSTHOG_SCOPE="server-only")

    assert [one.verb for one in found] == ["send" if name in SERVER_ONLY else "drop"]


@pytest.mark.parametrize("type_", ["page", "screen", "identify", "alias", "group"])
def test_unless_asked_for_no_call_of_the_browser_s_goes_twice(type_):
    body = an_event(type=type_, event=..., properties=..., groupId="g", previousId="p")
    body |= {"userId": "cli-7", "name": "Inicio"}

    (found,) = decisions(body, POSTHOG_SCOPE="server-only")

    assert found.verb == "drop"
    assert "settings.scope" in found.reason


def test_a_page_and_a_screen_have_posthog_s_names():
    page = an_event(type="page", event=..., properties={"title": "Inicio"})
    page["context"]["page"] = {"url": "https://tienda.example.com/?correo=a@example.com&x=1"}

    found = payload(page)

    assert found["event"] == "$pageview"
    assert found["properties"]["$current_url"] == "https://tienda.example.com/?x=1"
    assert found["properties"]["$title"] == "Inicio"
    screen = payload(an_event(type="screen", event=..., properties=...) | {"name": "Carrito"})
    assert (screen["event"], screen["properties"]["$screen_name"]) == ("$screen", "Carrito")


BATCH = [one.payload for n in (1, 2) for one in decisions(an_event(messageId=f"m-{n}"))]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"status": "Ok"}, Delivered),
        (200, {"status": 1}, Delivered),
        (200, {"status": "Ok", "quota_limited": ["recordings"]}, Delivered),
        (200, {"status": "Ok", "quota_limited": ["events"]}, Pause),
        (200, "<html>hello</html>", Retry),
        (204, None, Delivered),
        (400, "failed to hydrate events from request: uuid", Split),
        (400, "event submitted without a distinct_id", Split),
        (401, "API key is not valid: personal_api_key", Pause),
        (401, "event submitted without an api_key", Pause),
        (408, "", Retry),
        (413, "maximum event size exceeded: 1100000", Split),
        (429, "billing limit reached", Retry),
        (429, "rate limited", Retry),
        (500, "", Retry),
        (502, "", Retry),
        (503, "transient error, please retry", Retry),
        (504, "", Retry),
    ],
)
def test_what_an_answer_means(status, body, kind):
    found = classify(destination(), BATCH, Answer(status, {}, body), NOW)

    assert [type(one) for one in found] == [kind, kind]


def test_what_is_throttled_waits_as_long_as_it_is_told():
    (found,) = classify(destination(), BATCH[:1], Answer(429, {"retry-after": "20"}, ""), NOW)

    assert found.after_ms == 20_000


def test_no_answer_is_tried_again():
    (found,) = classify(destination(), BATCH[:1], NoAnswer("no answer within 15 s"), NOW)

    assert isinstance(found, Retry)
