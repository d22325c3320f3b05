"""What the reference project keeps of events in its analytics store."""

import json
from functools import cache

import pytest

from engine.model.decision import Verb
from engine.model.verdict import Accepted
from engine.pipeline.admit import admit
from engine.pipeline.decide import decide
from tests.support.events import NOW, SHOP, an_inbound
from tests.support.processes import DEMO_ENV, ROOT
from tests.support.releases import the_reference_release

LINES = (ROOT / "tests/data/shop-day.jsonl").read_text().splitlines()


@cache
def the_release():
    return the_reference_release(DEMO_ENV)


def kept(body):
    """The payloads that the store gets of an event, by the model of each."""
    event = admit(the_release(), an_inbound(body)).event
    decisions = decide(the_release().store, event, SHOP, NOW)
    assert all(one.verb in (Verb.SEND, Verb.SKIP) for one in decisions), decisions
    return {one.payload.body["model"]: one.payload.body for one in decisions if one.payload}


def a_track(name, properties, **context):
    return {
        "type": "track",
        "event": name,
        "messageId": "m-1",
        "timestamp": "2026-11-20T14:59:58.000Z",
        "userId": "cli-1",
        "anonymousId": "anon-1",
        "context": context,
        "properties": properties,
    }


ORDER = {
    "order_id": "TE-1",
    "total": "5966821",
    "currency": "cop",
    "products": [
        {"product_id": "40017", "name": "Galaxy S26", "price": 5462101, "quantity": 1},
        {"sku": "TE-FUN", "price": 109160},
    ],
}


def test_an_order_is_an_event_of_category_conversion_and_a_conversion():
    found = kept(a_track("Order Completed", ORDER, sessionId="ses-1"))
    assert found["conversion"]["document"] == {
        "userId": "cli-1",
        "sessionId": "ses-1",
        "conversionType": "purchase",
        "conversionValue": 5966821,
        "currency": "COP",
        "orderId": "TE-1",
        "productIds": ["40017", "TE-FUN"],
    }
    event = found["event"]["document"]
    assert (event["eventName"], event["eventCategory"]) == ("Order Completed", "conversion")
    assert event["metadata"] == ORDER
    assert found["event"]["about"]["products"][0] == {
        "productId": "40017",
        "name": "Galaxy S26",
        "price": 5462101,
        "quantity": 1,
        "currency": "COP",
    }


def test_an_event_that_no_schema_names_is_kept_as_a_custom_event():
    found = kept(a_track("Drone Delivered", {"altitude": 120}))
    assert found == {
        "event": {
            "model": "event",
            "timestamp": "2026-11-20T14:59:58.000Z",
            "document": {
                "userId": "cli-1",
                "sessionId": "anon-1",
                "eventName": "Drone Delivered",
                "eventCategory": "custom",
                "eventAction": "drone_delivered",
                "metadata": {"altitude": 120},
            },
        }
    }


def test_a_page_is_a_page_view_without_what_says_how_people_came_there():
    url = "https://shop.example/p/7?color=azul&utm_source=mail&gclid=x&email=ana%40x.co"
    body = {**a_track("", {}, page={"url": url, "title": "P7"}), "type": "page"}
    del body["event"]
    found = kept(body)
    assert found["page_view"]["document"]["pageUrl"] == "https://shop.example/p/7?color=azul"
    assert found["event"]["document"]["eventCategory"] == "page_view"


@pytest.mark.parametrize("kind", ["identify", "group", "alias"])
def test_what_only_tells_who_somebody_is_gives_no_document(kind):
    body = {**a_track("", {}), "type": kind, "groupId": "g", "previousId": "p", "traits": {"a": 1}}
    assert kept(body) == {}


@pytest.mark.parametrize("model", ["page_view", "event", "conversion", "interaction"])
def test_a_body_of_the_shop_s_own_routes_is_kept_as_it_came(model):
    document = {
        "page_view": {"pageUrl": "/a?gclid=x", "pageTitle": "", "deviceInfo": {"x": [None, {}]}},
        "event": {"eventName": "x", "eventCategory": "y", "eventAction": "", "metadata": {"a": {}}},
        "conversion": {"conversionType": "compra", "currency": "cop", "orderId": 7},
        "interaction": {"interactionType": "click", "pageUrl": "ana@x.co", "x": 1.25},
    }[model]
    document = {**document, "sessionId": " ses-1 ", "more": {"b": [0, False, ""]}}
    body = a_track(
        "Product Viewed", {"product_id": "7"}, posted={"model": model, "document": document}
    )
    if model == "page_view":
        body = {**body, "type": "page"}
        del body["event"]
    found = kept(body)[model]["document"]
    assert json.dumps(found) == json.dumps(document)


def test_a_posted_body_can_set_neither_the_id_nor_the_time():
    document = {"conversionType": "x", "sessionId": "s", "_id": "forged", "timestamp": "2020"}
    found = kept(a_track("X", {}, posted={"model": "conversion", "document": document}))
    assert found["conversion"]["document"] == {"conversionType": "x", "sessionId": "s"}
    assert found["conversion"]["timestamp"] == "2026-11-20T14:59:58.000Z"


@pytest.mark.parametrize(
    ("posted", "event", "counts_as"),
    [
        ({"event": "Order Completed"}, "Order Completed", "purchase"),
        # It lacked an order, so it stayed an event of its own.
        ({"event": "Order Completed"}, "compra", "purchase"),
        ({"event": "Product Viewed"}, "ver_producto", "product_viewed"),
        # As the log has bodies of before that name was kept.
        ({}, "Signed Up", "registration"),
        ({}, "ruleta_girada", None),
    ],
)
def test_a_posted_conversion_counts_under_the_plan_s_name(posted, event, counts_as):
    document = {"conversionType": "Compra", "sessionId": "s"}
    posted = {"model": "conversion", "document": document, **posted}
    found = kept(a_track(event, {}, posted=posted))["conversion"]
    assert found.get("about", {}).get("conversion") == counts_as
    assert found["document"] == document


@pytest.mark.parametrize("name", ["First Purchase", "Repeat Purchase"])
def test_what_an_order_was_worth_stands_in_the_order_alone(name):
    worth = {"order_id": "TE-1", "currency": "COP", "value": 100, "products": ORDER["products"]}
    derived = {"by": "purchases", "cause": "m-0"}
    found = kept(a_track(name, worth, derived=derived))
    assert found["conversion"]["document"]["orderId"] == "TE-1"
    assert not {"conversionValue", "currency"} & found["conversion"]["document"].keys()
    assert "eventValue" not in found["event"]["document"]
    # A shop that tells it itself may tell no order.
    assert kept(a_track(name, worth))["conversion"]["document"]["conversionValue"] == 100


def test_an_abandoned_cart_keeps_its_worth():
    derived = {"by": "cart-abandoned", "cause": "m-0"}
    found = kept(a_track("Cart Abandoned", {"value": 7, "currency": "COP"}, derived=derived))
    assert found["conversion"]["document"]["conversionValue"] == 7


@pytest.mark.parametrize(
    ("context", "session"),
    [
        ({"sessionId": "a", "posthog": {"session_id": "b"}, "ga_session_id": 7}, "a"),
        ({"posthog": {"session_id": "b"}, "ga_session_id": 7}, "b"),
        ({"ga_session_id": 1795179817}, "1795179817"),
        ({}, "anon-1"),
    ],
)
def test_a_session_is_what_the_caller_calls_it_else_what_the_browser_s_tools_do(context, session):
    assert kept(a_track("X", {}, **context))["event"]["document"]["sessionId"] == session


def test_an_event_of_nobody_is_a_session_of_its_own():
    body = a_track("X", {})
    del body["userId"], body["anonymousId"]
    found = admit(the_release(), an_inbound({**body, "userId": "u"})).event
    assert found.message_id == "m-1"
    assert kept({**body, "userId": "u"})["event"]["document"]["sessionId"] == "u"


def test_every_event_of_the_shop_s_day_that_is_accepted_is_kept_and_none_is_dead():
    models = {}
    for line in LINES:
        verdict = admit(the_release(), an_inbound(json.loads(line)))
        if not isinstance(verdict, Accepted):
            continue
        decisions = decide(the_release().store, verdict.event, SHOP, NOW)
        assert {one.verb for one in decisions} <= {Verb.SEND, Verb.SKIP}, (line, decisions)
        for one in decisions:
            if one.payload:
                model = one.payload.body["model"]
                models[model] = models.get(model, 0) + 1
    assert models == {"page_view": 105, "event": 308, "conversion": 25, "interaction": 14}


def test_addresses_in_metadata_are_without_click_ids_campaigns_and_contact_data():
    whole = "https://t.example/p?talla=m&utm_source=x&gclid=1&fbclid=2&email=ana%40y.co"
    names = ("url", "referrer", "landing_page", "exit_page")
    found = kept(a_track("Session Ended", {"events": 2, **dict.fromkeys(names, whole)}))

    assert found["event"]["document"]["metadata"] == {
        "events": 2,
        **dict.fromkeys(names, "https://t.example/p?talla=m"),
    }


@pytest.mark.parametrize("odd", [7, {"a": 1}, [1], True])
def test_what_is_no_address_costs_no_document(odd):
    found = kept(a_track("mi_evento", {"url": odd, "n": 1}))

    assert found["event"]["document"]["metadata"]["n"] == 1
