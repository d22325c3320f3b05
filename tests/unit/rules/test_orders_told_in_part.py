"""Purchases that a caller tells in part: what each destination makes of them."""

from itertools import combinations
from typing import Any

import pytest

from engine.authoring.dry_inbound import dry_inbound
from engine.model.decision import Decision, Verb
from engine.model.verdict import Accepted
from engine.pipeline.decide import decide
from tests.support.events import NOW, SHOP
from tests.unit.rules.whole import the_release

ORDER = {
    "conversionType": "purchase",
    "conversionValue": 5415775,
    "currency": "COP",
    "productIds": ["TE-S26U-256-NG", "TE-FUN-S26"],
    "orderId": "TE-20261120-0107",
    "userId": "cli-10023",
    "sessionId": "ses-7f3a-8c1f7a52-40d6",
    "timestamp": NOW - 1000,
    "ip": "190.25.101.7",
    "userAgent": "Mozilla/5.0",
    "context": {
        "page": {"url": "https://tienda.example.com/pago/gracias?gclid=Cj0abc"},
        "ga_client_id": "1290837465.1792328412",
        "fbp": "fb.1.1792328412345.1836294015",
        "traits": {"email": "ana.nunez@tienda.example", "phone": "+573007654321"},
        "consent": {"categoryPreferences": ["advertising", "analytics", "functional"]},
    },
}
PARTS = ("conversionValue", "currency", "productIds")
FEWER = [left for count in (1, 2, 3) for left in combinations(PARTS, count)]
WORTH_ALONE = {"meta", "ga4", "gtm", "tiktok", "pinterest"}
"""Who counts a purchase by its value and its currency."""

ANY = {"posthog", "klaviyo", "amplitude", "mixpanel", "webhook", "google-ads", "store"}


def fate(**changed: Any) -> tuple[str, dict[str, list[Decision]]]:
    """The name of the event that the order becomes, and what is decided of it."""
    release = the_release()
    mapping = release.inbound("analytics-conversion")
    assert mapping is not None
    body = {key: value for key, value in {**ORDER, **changed}.items() if value is not None}
    [made] = dry_inbound(release, mapping, body, NOW)
    assert isinstance(made.verdict, Accepted), made
    event = made.verdict.event
    return event.name, {one.name: [*decide(one, event, SHOP, NOW)] for one in release.destinations}


@pytest.mark.parametrize("left", FEWER, ids="+".join)
def test_an_order_told_in_part_is_an_order_and_breaks_nobodys_contract(left):
    name, decided = fate(**dict.fromkeys(left))

    assert name == "Order Completed"
    bad = {
        destination: [(one.rule, one.reason, one.faults) for one in made]
        for destination, made in decided.items()
        if any(one.verb in (Verb.INVALID, Verb.ERROR) or one.faults for one in made)
    }
    assert bad == {}


@pytest.mark.parametrize("destination", sorted(WORTH_ALONE | ANY))
def test_an_order_without_products_is_sent(destination):
    _, decided = fate(productIds=None)

    assert Verb.SEND in {one.verb for one in decided[destination]}


@pytest.mark.parametrize("left", ["conversionValue", "currency"])
@pytest.mark.parametrize("destination", sorted(WORTH_ALONE))
def test_an_order_without_its_worth_is_dropped_with_the_reason_by_who_counts_that(
    destination, left
):
    _, decided = fate(**{left: None})

    [one] = decided[destination]
    assert (one.rule, one.verb) == ("purchase-without-worth", Verb.DROP)
    assert "value and its currency" in one.reason


@pytest.mark.parametrize("destination", sorted(ANY))
def test_an_order_without_its_worth_is_sent_to_who_counts_it_all_the_same(destination):
    _, decided = fate(conversionValue=None, productIds=None)

    assert Verb.SEND in {one.verb for one in decided[destination]}


def test_nobody_is_sent_a_value_in_no_currency_that_would_have_to_guess_one():
    _, decided = fate(currency=None)

    [ads] = decided["google-ads"]
    sent = [one.payload.body for one in decided["klaviyo"] if one.payload]
    assert ads.payload is not None
    assert "conversionValue" not in ads.payload.body["event"]
    assert not any("value" in one for one in sent)


def test_an_order_without_its_id_stays_an_event_of_its_own():
    name, decided = fate(orderId=None)

    assert name == "purchase"
    assert {one.verb for one in decided["meta"]} == {Verb.SKIP}


def test_as_many_products_of_as_long_ids_as_a_body_may_have_reach_everybody():
    ids = [f"{number:0100}" for number in range(1000)]

    name, decided = fate(productIds=ids)

    verbs = {one.verb for made in decided.values() for one in made}
    assert name == "Order Completed"
    assert verbs <= {Verb.SEND, Verb.SHADOW, Verb.SKIP, Verb.DROP}
    assert Verb.SEND in {one.verb for one in decided["meta"]}
