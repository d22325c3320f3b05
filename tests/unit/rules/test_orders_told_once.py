"""One order is one purchase, by whichever word and whichever of the shop's routes it is told."""

import json
from typing import Any

import pytest

from engine.authoring.dry_inbound import DryInbound, dry_inbound
from engine.model.clock import from_iso
from engine.model.decision import Verb
from engine.model.verdict import Accepted
from engine.pipeline.decide import decide
from engine.release.release import Release
from tests.support.events import SHOP
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

NOW = from_iso("2026-11-25T15:00:00Z")
BROWSER = {
    "consent": {"categoryPreferences": {"advertising": True, "analytics": True}},
    "ga_client_id": "1290837465.1792328412",
    "userAgent": "Mozilla/5.0 (Linux; Android 15; SM-S938B) Mobile",
    "page": {"url": "https://tienda.example.com/gracias"},
}
CONVERSION = {
    "conversionType": "purchase",
    "conversionValue": 5415775,
    "currency": "COP",
    "sessionId": "ses-1",
    "productIds": ["A"],
    "orderId": "TE-1",
    "context": BROWSER,
}
EVENT = {"eventCategory": "conversion", "eventAction": "a", "sessionId": "ses-2"}
ORDER = {"orderId": "TE-1", "total": 5415775, "currency": "COP"}
WITH_WORTH = (
    {"total": "5415775", "currency": "COP"},
    {"valor": 5415775, "moneda": "COP"},
    {"currency": "COP", "products": [{"id": "A", "price": 5415775}]},
)
ODD = ("abc", "", "x" * 2000, [], {}, [1], {"a": 1}, [[1], "x", {"price": {}}], True, 0, -1, 1e300)


@pytest.fixture(scope="module")
def release() -> Release:
    return the_reference_release(DEMO_ENV)


def made(release: Release, body: dict[str, Any]) -> DryInbound:
    """The one event of a body."""
    name = "analytics-event" if "eventName" in body else "analytics-conversion"
    mapping = release.inbound(name)
    assert mapping is not None
    assert NOW is not None
    [found] = dry_inbound(release, mapping, body, NOW)
    assert isinstance(found.verdict, Accepted), found
    return found


def body_of(release: Release, body: dict[str, Any]) -> dict[str, Any]:
    return dict(made(release, body).verdict.event.body)


def id_of(release: Release, body: dict[str, Any]) -> str:
    return str(body_of(release, body)["messageId"])


def conversion(type_: str = "purchase", **changed: Any) -> dict[str, Any]:
    return {**CONVERSION, "conversionType": type_, **changed}


def event(name: str = "purchase", **metadata: Any) -> dict[str, Any]:
    return {**EVENT, "eventName": name, "metadata": metadata}


def test_every_word_and_both_routes_give_an_order_one_id(release):
    words = ("purchase", "Purchase", "compra", "venta", "primera_compra", "Compra recurrente")
    told = [conversion(word) for word in words]
    told += [conversion(orderId=" TE-1 "), conversion(conversionValue=1, productIds=None)]
    told += [event(word, **ORDER) for word in ("purchase", "Compra", "first_purchase")]
    told += [event(orderId="TE-1", **worth) for worth in WITH_WORTH]

    assert {body_of(release, one)["event"] for one in told} == {"Order Completed"}
    assert len({id_of(release, one) for one in told}) == 1


def test_other_orders_and_what_has_an_id_of_its_own_are_apart(release):
    ids = [
        id_of(release, one)
        for one in (
            conversion(),
            conversion(orderId="TE-2"),
            conversion("refund"),
            conversion(messageId="m-1"),
            {**event(**ORDER), "messageId": "m-2"},
        )
    ]

    assert len({*ids}) == 5
    assert ids[3:] == ["m-1", "m-2"]


def test_types_of_the_shops_own_are_one_however_they_are_spelled(release):
    ids = [
        id_of(release, conversion(type_)) for type_ in ("mi_tipo", "Mi Tipo", "otro", "日本", "日")
    ]

    assert ids[0] == ids[1]
    assert len({*ids}) == 4


@pytest.mark.parametrize(
    "told",
    [
        conversion(conversionValue=None),
        conversion(currency=None),
        # Kept as a custom event.
        conversion(currency="$"),
        event(orderId="TE-1"),
        event(orderId="TE-1", total=5, currency="$"),
        event(orderId="TE-1", total="much", currency="COP"),
    ],
)
def test_one_that_does_not_count_keeps_out_none_that_does(release, told):
    assert id_of(release, told) != id_of(release, conversion())


def test_a_conversion_that_does_not_count_is_a_repeat_of_itself_alone(release):
    for changed in ({"conversionValue": None}, {"currency": "$"}):
        ids = {id_of(release, conversion(**changed)) for _ in range(2)}
        assert len(ids) == 1


@pytest.mark.parametrize("order", ["undefined", "null", " ", "0"])
def test_a_text_that_means_nothing_joins_no_orders(release, order):
    told = [conversion(orderId=order), event(**{**ORDER, "orderId": order})]

    # Fresh ones, as they are made here.
    assert {id_of(release, one)[:8] for one in told} == {"00000000"}


def what_goes(release: Release, vendor: str, body: dict[str, Any]) -> Any:
    found = made(release, body)
    [one] = decide(release.destination(vendor), found.verdict.event, SHOP, NOW)
    assert one.verb is Verb.SEND, one
    assert one.faults == ()
    return one.payload.body


@pytest.mark.parametrize(
    ("word", "is_new", "meta", "ga4"),
    [
        ("primera_compra", True, "new_customer_to_business", "new"),
        ("first_purchase", True, "new_customer_to_business", "new"),
        ("compra_recurrente", False, "existing_customer_to_business", "returning"),
        ("Repeat Purchase", False, "existing_customer_to_business", "returning"),
    ],
)
def test_a_first_or_a_further_purchase_is_the_purchase_itself(release, word, is_new, meta, ga4):
    body = body_of(release, conversion(word))
    of_meta = what_goes(release, "meta", conversion(word))
    of_ga4 = what_goes(release, "ga4", conversion(word))["event"]
    of_posthog = what_goes(release, "posthog", conversion(word))

    assert (body["event"], body["properties"]["new_customer"]) == ("Order Completed", is_new)
    assert body["context"]["posted"]["document"]["conversionType"] == word
    assert (of_meta["event_name"], of_meta["customer_segmentation"]) == ("Purchase", meta)
    assert of_meta["custom_data"]["value"] == 5415775
    assert (of_ga4["name"], of_ga4["params"]["customer_type"]) == ("purchase", ga4)
    assert of_posthog["event"] == "Order Completed"


@pytest.mark.parametrize(
    "changed",
    [{"orderId": None}, {"conversionValue": None}, {"currency": None}, {"messageId": "m"}],
)
def test_one_that_could_be_a_second_purchase_or_is_worth_nothing_stays_what_it_says(
    release, changed
):
    body = body_of(release, conversion("primera_compra", **changed))

    assert body["event"] == "First Purchase"
    assert "new_customer" not in body["properties"]


def test_the_store_counts_a_first_purchase_that_is_an_order_as_the_order(release):
    found = made(release, conversion("primera_compra"))
    decided = decide(release.store, found.verdict.event, SHOP, NOW)
    [kept] = [one.payload.body for one in decided if one.payload.body.get("model") == "conversion"]

    assert kept["document"]["conversionType"] == "primera_compra"
    assert kept["about"]["conversion"] == "purchase"


@pytest.mark.parametrize("name", ["purchase", "primera_compra"])
@pytest.mark.parametrize("odd", ODD, ids=lambda one: json.dumps(one)[:20])
def test_odd_metadata_cost_no_event(release, name, odd):
    for key in ("orderId", "total", "value", "currency", "moneda", "products", "new_customer"):
        made(release, event(name, **{"orderId": "T", "currency": "COP", key: odd}))


def test_a_line_has_each_value_under_the_plans_name_alone(release):
    line = {"productId": "A", "nombre": "Galaxy", "precio": 10, "cantidad": 2, "color": "negro"}
    body = body_of(release, event(**ORDER, products=[line]))

    assert body["properties"]["products"] == [
        {"product_id": "A", "name": "Galaxy", "price": 10, "quantity": 2, "color": "negro"}
    ]
    assert body["context"]["posted"]["document"]["metadata"]["products"] == [line]


@pytest.mark.parametrize(
    ("worth", "counts"),
    [
        ({"total": 5}, True),
        ({"revenue": "5.50"}, True),
        ({"subtotal": 5}, True),
        ({"value": 0}, True),
        ({"valor": 5}, True),
        ({"productos": [{"id": "A"}, {"id": "B", "precio": 5}]}, True),
        ({"items": [{"id": "A"}, {"id": "B", "price": "5"}], "total": ""}, True),
        ({"products": [{"id": "A", "price": ""}]}, False),
        ({"productIds": ["A"]}, False),
        ({"total": -5}, False),
        ({"total": "-5"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("word", ["purchase", "primera_compra"])
def test_an_order_has_the_orders_id_exactly_where_vendors_count_its_worth(
    release, word, worth, counts
):
    body = event(word, orderId="TE-1", currency="COP", **worth)
    told = made(release, {**body, "context": BROWSER}).verdict.event
    ends = {
        vendor: decide(release.destination(vendor), told, SHOP, NOW)[0].verb
        for vendor in ("meta", "ga4")
    }

    assert (told.body["messageId"] == id_of(release, conversion())) == counts
    assert set(ends.values()) == {
        Verb.SEND if counts else Verb.DROP if told.name == "Order Completed" else Verb.SKIP
    }


def test_a_purchase_below_zero_is_told_to_nobody_as_one(release):
    told = made(release, conversion(conversionValue=-5)).verdict.event

    for vendor in ("meta", "ga4"):
        [one] = decide(release.destination(vendor), told, SHOP, NOW)
        assert (one.verb, one.rule) == (Verb.DROP, "purchase-without-worth")
    assert told.body["messageId"] != id_of(release, conversion())


@pytest.mark.parametrize("order", ["undefined", "null", "N/A", "  "])
def test_an_order_whose_id_means_nothing_has_none_and_says_so(release, order):
    for body, path in (
        (conversion(orderId=order), "orderId"),
        (event(**{**ORDER, "orderId": order}), "metadata.order_id"),
    ):
        found = made(release, body)
        assert found.verdict.event.body["event"] == "purchase"
        assert path in {one.path for one in found.faults}


def test_the_event_route_knows_every_word_of_the_conversion_route(release):
    events, conversions, first_or_not = (
        release.inbound(f"analytics-{name}").tables[table]
        for name, table in (
            ("event", "events"),
            ("conversion", "conversions"),
            ("event", "first_or_not"),
        )
    )
    told = {word: is_ for word, is_ in conversions.items() if word not in first_or_not}

    assert told.items() <= events.items()
    assert {conversions[word] for word in first_or_not} == {"First Purchase", "Repeat Purchase"}
    also = {word for word, is_ in events.items() if is_ in {*told.values()}} - {*told}
    assert also == set()


@pytest.mark.parametrize(
    ("worth", "total"),
    [
        # What is named goes before eventValue, which is often a mere 1.
        ({"revenue": 500}, 500),
        ({"subtotal": 500}, 500),
        ({"monto": 500}, 500),
        ({}, 1),
    ],
)
def test_every_vendor_gets_the_amount_that_is_named(release, worth, total):
    body = {**event(orderId="TE-1", currency="COP", **worth), "eventValue": 1, "context": BROWSER}

    assert what_goes(release, "meta", body)["custom_data"]["value"] == total
    assert what_goes(release, "ga4", body)["event"]["params"]["value"] == total


def test_a_currency_that_there_is_not_is_told_and_keeps_out_no_order_that_counts(release):
    told = [conversion(currency="ABC"), event(**{**ORDER, "currency": "PSO"})]

    for body in told:
        found = made(release, body)
        assert [one.path.rpartition(".")[2] for one in found.faults] == ["currency"]
        assert found.verdict.event.body["messageId"] != id_of(release, conversion())


@pytest.mark.parametrize("value", [None, -5])
def test_an_order_without_what_it_was_worth_is_told(release, value):
    found = made(release, conversion(conversionValue=value))

    assert [one.path for one in found.faults] == ["conversionValue"]


@pytest.mark.parametrize(
    "key", ["order_id", "orderID", "transactionId", "pedidoId", "id_pedido", "numeroPedido"]
)
@pytest.mark.parametrize("order", [7, 7.0, "7"])
def test_an_order_is_one_under_whatever_name_and_type_its_id_comes(release, key, order):
    told = event(**{key: order, "total": 5, "currency": "COP"})

    assert id_of(release, told) == id_of(release, conversion(orderId="7"))
    assert body_of(release, told)["properties"]["order_id"] == "7"
