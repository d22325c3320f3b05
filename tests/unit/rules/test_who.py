"""Who an event is of: ids that are contact data, click ids, and events of somebody unknown."""

import hashlib
import json

import pytest

from engine.model.decision import Verb
from tests.support.events import an_event
from tests.unit.rules.whole import agreed, at, decisions, payload

DEVICES = {
    "amplitude": ("device_id", "user_id"),
    "mixpanel": ("properties/$device_id", "properties/$user_id"),
    "klaviyo": ("profile/data/attributes/anonymous_id", ""),
    "webhook": ("user/anonymous_id", ""),
}
CONTACTS = ["ana@example.com", "user:ana@example.com", "+573007654321", "300 765 4321"]


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def without_contacts(name="Order Completed", **changed):
    """An event that has neither an e-mail nor a phone in its traits."""
    event = an_event(name, **changed)
    context = {key: one for key, one in event["context"].items() if key != "traits"}
    return agreed({**event, "context": context})


@pytest.mark.parametrize("destination", DEVICES)
@pytest.mark.parametrize("contact", CONTACTS)
def test_an_anonymous_id_that_is_contact_data_never_leaves_in_the_clear(destination, contact):
    event = without_contacts("Product Viewed", anonymousId=contact, userId="cli-7")

    sent = json.dumps(payload(destination, event))

    assert contact not in sent
    assert "7654321" not in sent
    assert "765 4321" not in sent


@pytest.mark.parametrize("destination", ["amplitude", "mixpanel"])
@pytest.mark.parametrize(
    ("contact", "plain"),
    [
        (" Ana@Example.com ", "ana@example.com"),
        ("+57 300 765 4321", "573007654321"),
        ("user:ana@example.com", "user:ana@example.com"),
    ],
)
def test_it_goes_as_the_hash_by_which_a_user_id_of_that_kind_goes(destination, contact, plain):
    device, user = DEVICES[destination]

    anonymous = payload(destination, without_contacts(anonymousId=contact, userId=...))
    known = payload(destination, without_contacts(anonymousId="a-1", userId=contact))

    assert at(anonymous, device) == sha(plain)
    if not plain.startswith("user:"):
        assert at(known, user) == sha(plain)


def test_mixpanel_s_person_without_a_user_id_is_that_hash_too():
    event = without_contacts(anonymousId="ana@example.com", userId=...)

    assert at(payload("mixpanel", event), "properties/distinct_id") == sha("ana@example.com")


@pytest.mark.parametrize("destination", DEVICES)
@pytest.mark.parametrize("plain", ["8c1f7a52-40d6-4b1e-9d35-6a1f0c2b7e11", "anon-lucia"])
def test_a_random_anonymous_id_stays_what_the_browser_calls_itself(destination, plain):
    path, _ = DEVICES[destination]

    event = agreed(an_event(anonymousId=plain))

    assert at(payload(destination, event), path) == plain


def with_context(name, **context):
    event = without_contacts(name, userId=...)
    event["properties"] = {"currency": "COP", "value": 10, "order_id": "SO-1", "sku": "A"}
    event["properties"]["products"] = [{"sku": "A", "price": 10}]
    merged = {**event["context"], **context}
    return {**event, "context": {key: one for key, one in merged.items() if one is not None}}


@pytest.mark.parametrize(
    ("context", "gclid"),
    [
        ({"cookies": {"_gcl_aw": "GCL.1790000000.Cj0KCQ_a-B"}}, "Cj0KCQ_a-B"),
        ({"gclid": "kept", "cookies": {"_gcl_aw": "GCL.1790000000.old"}}, "kept"),
        ({"page": {"url": "https://s.example/?gclid=new"}, "gclid": "kept"}, "new"),
    ],
)
def test_google_s_click_id_is_the_page_s_else_the_kept_one_else_the_cookie_s(context, gclid):
    body = payload("google-ads", with_context("Order Completed", **context))

    assert body["event"]["adIdentifiers"] == {"gclid": gclid}


CONVERSIONS = [
    *("Order Completed", "Signed Up", "Lead", "Product Added", "Wishlist Product Added to Cart"),
    "Checkout Started",
]


@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize(
    "context", [{}, {"cookies": {"_gcl_aw": "GCL.1790000000"}}, {"traits": {"email": "none"}}]
)
def test_a_conversion_of_nobody_known_is_a_drop_at_google_and_no_dead_letter(name, context):
    [decision] = decisions("google-ads", with_context(name, **context))

    assert (decision.verb, decision.rule) == (Verb.DROP, "nobody-known")
    assert "tells Google who it was" in decision.reason


@pytest.mark.parametrize(
    "context",
    [
        {"gclid": "g"},
        {"gbraid": "g"},
        {"wbraid": "w"},
        {"cookies": {"_gcl_aw": "GCL.1790000000.g"}},
        {"page": {"url": "https://s.example/?gbraid=g"}},
        {"page": {"url": "https://s.example/?wbraid=w"}},
        {"traits": {"email": "ana@example.com"}},
        {"traits": {"phone": "300 765 4321"}},
        {
            "traits": {
                "firstName": "Ana",
                "lastName": "Núñez",
                "address": {"country": "CO", "postalCode": "110231"},
            }
        },
    ],
)
def test_whatever_tells_google_who_it_was_sends_the_conversion(context):
    body = payload("google-ads", with_context("Checkout Started", **context))

    assert body["conversion_action"] == "7005"


@pytest.mark.parametrize("destination", ["google-ads", "pinterest"])
def test_contact_data_of_a_wrong_type_is_none_and_no_dead_letter(destination):
    event = with_context("Checkout Started", ip=None)
    event["properties"] |= {"email": 12, "first_name": 3, "last_name": 4}

    [decision] = decisions(destination, event)

    assert (decision.verb, decision.rule) == (Verb.DROP, "nobody-known")


WEB = [
    *("Product List Viewed", "Product Viewed", "Products Searched", "Product Added"),
    *("Wishlist Product Added to Cart", "Product Added to Wishlist", "Product Removed"),
    *("Checkout Started", "Payment Info Entered", "Order Completed", "Signed Up", "Lead"),
    "Chatbot Message Sent",
]


@pytest.mark.parametrize("name", WEB)
@pytest.mark.parametrize("lacking", [{"ip": None}, {"userAgent": None}, {"ip": "10.0.0.7"}])
def test_an_event_of_nobody_known_is_a_drop_at_pinterest_and_no_dead_letter(name, lacking):
    event = with_context(name, **lacking)
    event["properties"] |= {"query": "funda", "message_count": 1}

    assert {(one.verb, one.rule) for one in decisions("pinterest", event)} == {
        (Verb.DROP, "nobody-known")
    }


def test_a_page_view_of_nobody_known_is_a_drop_at_pinterest():
    event = {**with_context("", ip=None), "type": "page", "event": ...}
    page = {key: one for key, one in event.items() if one is not ...}

    [decision] = decisions("pinterest", page)

    assert (decision.verb, decision.rule) == (Verb.DROP, "nobody-known-on-a-page")


@pytest.mark.parametrize("context", [{}, {"ip": None, "traits": {"email": "ana@example.com"}}])
def test_a_pair_of_address_and_browser_or_an_e_mail_is_enough_for_pinterest(context):
    assert payload("pinterest", with_context("Lead", **context))["event_name"] == "lead"


def test_figures_that_were_fetched_from_clarity_go_to_no_destination_by_themselves():
    row = {"metric": "traffic", "day": "2026-11-20"}
    event = agreed(an_event("Clarity Insights Imported", properties=row))

    for destination in ("webhook", "posthog", "meta", "ga4", "amplitude", "mixpanel", "klaviyo"):
        assert {one.payload for one in decisions(destination, event)} == {None}, destination
    assert decisions("webhook", event)[0].reason == (
        "figures that were fetched from Clarity go nowhere by themselves"
    )
