"""What GA4 gets of the events of a shop: their names there, their params and items."""

import json

import pytest

from engine.model.decision import Verb
from engine.pipeline.decide import payload_of
from engine.pipeline.request import Moment, build_request
from tests.support.events import NOW, PRODUCTS, an_event
from tests.unit.plan.google_payloads import (
    STREAM,
    decisions,
    order,
    params,
    payload,
    the_release,
    with_context,
)

PRODUCT = {**PRODUCTS[0], "currency": "COP"}
LIST = {"list_id": "cel", "category": "Celulares", "products": PRODUCTS}
CART = {"currency": "COP", "products": PRODUCTS}

EVENTS = [
    ("Product List Viewed", LIST, "view_item_list", {"item_list_id": "cel", "item_list_name": "Celulares"}),
    ("Product List Filtered", {**LIST, "filters": [{"type": "marca", "value": "Norte"}]}, "product_list_filtered",
     {"filter_types": "marca", "filter_values": "Norte"}),
    ("Product Clicked", {**PRODUCT, "list_id": "cel", "position": 3}, "select_item", {"item_list_id": "cel"}),
    ("Product Viewed", PRODUCT, "view_item", {"value": 1_299_900, "currency": "COP"}),
    ("Product Added", PRODUCT, "add_to_cart", {"value": 1_299_900}),
    ("Wishlist Product Added to Cart", PRODUCT, "add_to_cart", {"value": 1_299_900}),
    ("Product Removed", PRODUCT, "remove_from_cart", {"value": 1_299_900}),
    ("Product Added to Wishlist", PRODUCT, "add_to_wishlist", {"value": 1_299_900}),
    ("Product Removed from Wishlist", PRODUCT, "remove_from_wishlist", {"value": 1_299_900}),
    ("Cart Viewed", CART, "view_cart", {"value": 1_399_700}),
    ("Checkout Started", {**CART, "coupon": "N10"}, "begin_checkout", {"value": 1_399_700, "coupon": "N10"}),
    ("Checkout Step Viewed", {"step": 1}, "checkout_step_viewed", {"checkout_step": 1}),
    ("Checkout Step Completed", {**CART, "step": 2, "shipping_method": "Envío"}, "add_shipping_info",
     {"shipping_tier": "Envío", "value": 1_399_700}),
    ("Checkout Step Completed", {"step": 3, "payment_method": "PSE"}, "checkout_step_completed",
     {"checkout_step": 3, "payment_type": "PSE"}),
    ("Payment Info Entered", {**CART, "payment_method": "PSE"}, "add_payment_info", {"payment_type": "PSE"}),
    ("Order Completed", order(new_customer=True)["properties"], "purchase",
     {"transaction_id": "SO-1001", "shipping": 15_000, "customer_type": "new"}),
    ("Order Completed", order(new_customer=False)["properties"], "purchase", {"customer_type": "returning"}),
    ("Order Cancelled", {"order_id": "SO-1", "reason": "a@b.co no"}, "order_cancelled",
     {"transaction_id": "SO-1", "cancel_reason": "[email] no"}),
    ("Coupon Entered", {"coupon_id": "N10"}, "coupon_entered", {"coupon": "N10"}),
    ("Coupon Applied", {"coupon_id": "N10", "discount": 5}, "coupon_applied", {"coupon": "N10", "discount": 5}),
    ("Coupon Denied", {"coupon_id": "N10", "reason": "Vencido"}, "coupon_denied", {"denial_reason": "Vencido"}),
    ("Coupon Removed", {"coupon_id": "N10"}, "coupon_removed", {"coupon": "N10"}),
    ("Promotion Viewed", {"promotion_id": "P", "position": "top"}, "view_promotion", {"creative_slot": "top"}),
    ("Promotion Clicked", {"promotion_id": "P"}, "select_promotion", {"promotion_id": "P"}),
    ("Products Searched", {"query": "galaxy"}, "search", {"search_term": "galaxy"}),
    ("Product Shared", {**PRODUCT, "share_via": "whatsapp", "recipient": "3007654321"}, "share",
     {"method": "whatsapp", "content_type": "product", "item_id": "CEL-A56-128"}),
    ("Cart Shared", {"share_via": "email", "cart_id": "C", "products": PRODUCTS}, "share",
     {"content_type": "cart", "item_id": "C"}),
    ("Product Reviewed", {"product_id": "P", "rating": "5", "review_body": "Bien"}, "product_reviewed", {"rating": 5}),
    ("Signed In", {"method": "email", "username": "ana"}, "login", {"method": "email"}),
    ("Lead", {"form": "empresas", "value": 9, "currency": "COP"}, "generate_lead", {"lead_source": "empresas", "value": 9}),
    ("Chatbot Message Sent", {"action": "ask", "topic": "pago", "message": "hola"}, "chatbot_interaction",
     {"chat_action": "ask", "chat_topic": "pago"}),
    ("Subscription Started", {"plan": "care", "value": 9, "currency": "COP"}, "subscription_started", {"plan": "care", "value": 9}),
    ("Trial Started", {"trial_plan_name": "care"}, "trial_started", {"plan": "care"}),
    ("Store Located", {"store_id": "T2"}, "store_located", {"store_id": "T2"}),
    ("Credit Requested", {"provider": "Addi"}, "credit_requested", {"credit_provider": "Addi"}),
    ("Points Earned", {"points": 3}, "points_earned", {"points": 3}),
    ("Web Vital Measured", {"metric": "LCP", "value": 2.5}, "web_vital", {"metric_name": "LCP", "metric_value": 2.5}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "properties", "sent_as", "some"), EVENTS)
def test_each_event_of_the_shop_is_sent_by_ga4s_name_with_its_params(
    name, properties, sent_as, some
):
    event = payload(an_event(name, properties=properties))["event"]

    assert event["name"] == sent_as
    assert some.items() <= event["params"].items()
    assert "Bien" not in json.dumps(event)
    assert "3007654321" not in json.dumps(event)
    assert "hola" not in json.dumps(event)


@pytest.mark.parametrize("name", ["Order Updated", "Signed Out"])
def test_what_ga4_has_no_event_for_is_dropped_with_a_reason(name):
    (decision,) = decisions(an_event(name, properties={"order_id": "SO-1"}))

    assert decision.verb is Verb.DROP
    assert decision.reason.startswith("GA4")


def test_an_item_carries_all_that_a_line_tells():
    line = {
        "sku": "A56",
        "name": "A56",
        "brand": "Norte",
        "variant": "Azul",
        "coupon": "N10",
        "price": "90",
        "discount": 10,
        "quantity": "2",
        "position": 4,
        "affiliation": "Norte SAS",
        "category": "Hogar > Celulares/Gama alta/A/B/C",
        "list_id": "cel",
        "list_name": "Celulares",
        "location_id": "ChIJ1",
    }

    [item] = params(order(products=[line]))["items"]

    assert item == {
        "item_id": "A56",
        "item_name": "A56",
        "item_brand": "Norte",
        "item_variant": "Azul",
        "item_category": "Hogar",
        "item_category2": "Celulares",
        "item_category3": "Gama alta",
        "item_category4": "A",
        "item_category5": "B",
        "coupon": "N10",
        "affiliation": "Norte SAS",
        "item_list_id": "cel",
        "item_list_name": "Celulares",
        "location_id": "ChIJ1",
        "price": 90,
        "discount": 10,
        "quantity": 2,
        "index": 4,
    }


def test_debug_mode_comes_from_the_environment_alone():
    assert params(an_event(), GA4_DEBUG_MODE="1")["debug_mode"] == 1
    assert "debug_mode" not in params(order(debug_mode=True))


def test_the_events_of_a_request_stand_in_the_order_of_their_times():
    destination = the_release().destination("ga4")
    times = ["2026-11-20T14:59:58Z", "2026-11-20T14:50:00Z", "2026-11-20T14:55:00Z"]
    batch = [
        payload_of(destination, payload(an_event(timestamp=time, messageId=time))) for time in times
    ]

    body = json.loads(build_request(destination, the_release().env, batch, Moment(NOW)).body)

    assert [one["params"]["event_id"] for one in body["events"]] == sorted(times)


def test_a_container_gets_what_ga4_gets():
    event = with_context(cookies={STREAM: "GS2.1.s1795186000$o1$g0"})

    assert payload(event, "gtm") == payload(event, "ga4")
