"""No e-mail address in any text of any event goes out in clear, and none costs the event."""

import json
from functools import cache
from typing import Any

import pytest

from engine.authoring.dry_run import dry_run
from engine.model.decision import Verb
from tests.support.events import NOW, SHOP
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release
from tests.unit.plan.tracking_plan import EVENT_SCHEMAS, SCHEMAS, refusals
from tests.unit.rules.test_strange_events import ENV

TYPED = "x ana@y.co"
SHOWN = ("ana@y.co", "ana_y_co", "ana%40y.co", "anayco", "ana y co")
"""How the address would stand in a payload, as it is and as filters write it."""

MORE = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.example.com/services/T/B/x",
    "SLACK_BOT_TOKEN": "token",
    "GOOGLE_ADS_SIGN_UP_ACTION": "7002",
    "GOOGLE_ADS_LEAD_ACTION": "7003",
    "GOOGLE_ADS_ADD_TO_CART_ACTION": "7004",
    "GOOGLE_ADS_CHECKOUT_ACTION": "7005",
    "CLARITY_PROJECT_ID": "abcdefghij",
}
CONSENT = {"advertising": True, "analytics": True, "functional": True}
CONTEXT = {
    "campaign": dict.fromkeys(("source", "medium", "name", "term", "content"), TYPED),
    "location": {"city": TYPED, "region": "D.C", "country": "CO"},
    "device": {"type": "mobile", "manufacturer": TYPED, "model": TYPED},
    "os": {"name": TYPED, "version": TYPED},
    "page": {
        "url": "https://shop.example/p/x%20ana%40y.co?q=ana@y.co",
        "title": TYPED,
        "referrer": "https://shop.example/?m=ana%40y.co",
        "path": "/p/ana@y.co",
    },
    "gclid": TYPED,
    "fbclid": TYPED,
    "groupId": TYPED,
    "consent": {"categoryPreferences": CONSENT},
}
TRAITS = dict.fromkeys(("firstName", "lastName", "name", "industry", "plan", "website"), TYPED)
PLACE = dict.fromkeys(("street", "city", "state", "postalCode"), TYPED)


@cache
def the_release() -> Any:
    return the_reference_release({**DEMO_ENV, **ENV, **MORE})


def whole(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what it refers to; of a property that both know, both words."""
    name = schema.get("$ref", "").rpartition("/")[2]
    base = whole(SCHEMAS[f"schemas/common/{name}"]) if name else {}
    own, inherited = schema.get("properties", {}), base.get("properties", {})
    both = {key: {**inherited.get(key, {}), **own.get(key, {})} for key in {**inherited, **own}}
    return {**base, **schema, "properties": both}


def filled(schema: dict[str, Any], example: Any) -> Any:
    """The example with ``TYPED`` for every text that may be any, and with each that it lacks."""
    schema = whole(schema)
    kinds = schema.get("type", [])
    if schema["properties"]:
        known = example if isinstance(example, dict) else {}
        more = {key: filled(one, known.get(key)) for key, one in schema["properties"].items()}
        return {**known, **{key: one for key, one in more.items() if one is not None}}
    if "items" in schema:
        return [filled(schema["items"], one) for one in example or [None]]
    if "string" in kinds and not {"pattern", "enum", "const", "format"} & schema.keys():
        return TYPED
    return example


def typed_in(stem: str, *, seen: bool) -> dict[str, Any]:
    """The plan's example of an event with the address in every text."""
    schema = EVENT_SCHEMAS[stem]
    event = {**schema["examples"][0], "timestamp": "2026-11-20T14:59:58.000Z"}
    given = schema["properties"].get("properties")
    if given is not None:
        event["properties"] = filled(given, event.get("properties"))
    if event["type"] in ("page", "screen"):
        event |= {"name": TYPED, "category": TYPED}
    person = {"email": "lucia@example.com", "address": PLACE, **TRAITS}
    browser = {"ip": "203.0.113.27", "userAgent": "Mozilla/5.0"} if seen else {}
    event["context"] = {**CONTEXT, **browser, "traits": person}
    if "traits" in event:
        event["traits"] = {**event["traits"], **TRAITS}
    return {"userId": "cli-1", "anonymousId": "anon-1", **event}


@pytest.mark.parametrize("seen", [True, False], ids=["in a browser", "by a server"])
@pytest.mark.parametrize("stem", [one for one in EVENT_SCHEMAS if "clarity" not in one])
def test_an_address_in_any_text_stays_here_and_costs_no_event(stem, seen):
    event = typed_in(stem, seen=seen)
    assert refusals(event, stem) == set()

    # Store and archive are the shop's own: what is in them goes out to nobody.
    names = frozenset(
        one.name for one in the_release().destinations if one.store is None and one.archive is None
    )
    dry = dry_run(the_release(), event, SHOP, NOW, names)

    assert dry.decisions
    for destination, decision in dry.decisions:
        assert decision.verb not in (Verb.INVALID, Verb.ERROR), (destination.name, decision)
        body = json.dumps(decision.payload.body if decision.payload else None).lower()
        found = [one for one in SHOWN if one in body]
        assert found == [], (destination.name, decision.rule, body)


def test_the_events_of_this_test_hold_the_address_where_shops_have_it():
    order = typed_in("order-completed", seen=True)["properties"]

    assert order["products"][0]["name"] == TYPED
    assert {order["order_id"], order["coupon"], order["payment_method"]} == {TYPED}


def test_whoever_is_sent_an_order_is_sent_this_one():
    names = frozenset(one.name for one in the_release().destinations)
    dry = dry_run(the_release(), typed_in("order-completed", seen=True), SHOP, NOW, names)

    sent = {one.name for one, decision in dry.decisions if decision.verb is Verb.SEND}
    assert sent >= {"meta", "ga4", "posthog", "tiktok", "pinterest", "google-ads", "amplitude"}
    assert sent >= {"mixpanel", "klaviyo", "webhook", "gtm"}
