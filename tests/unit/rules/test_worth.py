"""What an event is worth: from whichever amount it tells, the same at every destination."""

import pytest

from tests.support.events import an_event
from tests.unit.rules.whole import at, payload

PLACES = {
    "meta": "custom_data/value",
    "ga4": "event/params/value",
    "gtm": "event/params/value",
    "tiktok": "item/properties/value",
    "pinterest": "custom_data/value",
    "google-ads": "event/conversionValue",
    "klaviyo": "value",
    "amplitude": "event_properties/value",
    "mixpanel": "properties/value",
}
LINES = [{"sku": "A", "price": "60000", "quantity": 2}, {"sku": "B", "price": 10_000}]
"""Worth 130,000."""

AMOUNTS = [
    ({"value": "100000", "total": 3}, 100_000),
    ({"revenue": 90_000, "total": 107_000}, 90_000),
    ({"total": "117000"}, 117_000),
    ({}, 130_000),
]
"""What a cart says of its worth beside its lines; one with a discount is worth less than they."""

STEPS = {
    "Checkout Started": PLACES,
    "Payment Info Entered": {name: one for name, one in PLACES.items() if name != "google-ads"},
    "Cart Viewed": {name: PLACES[name] for name in ("meta", "ga4", "gtm", "amplitude", "mixpanel")},
}


def worth(destination, name, properties):
    event = an_event(name, properties={"currency": "COP", **properties})
    found = at(payload(destination, event), PLACES[destination])
    return float(found) if isinstance(found, str) else found


@pytest.mark.parametrize(
    ("name", "destination"), [(name, one) for name, places in STEPS.items() for one in places]
)
def test_a_cart_is_worth_its_value_else_revenue_else_total_else_its_lines(name, destination):
    found = [worth(destination, name, {**said, "products": LINES}) for said, _ in AMOUNTS]

    assert found == [expected for _, expected in AMOUNTS]


@pytest.mark.parametrize("destination", [one for one in PLACES if one not in ("ga4", "gtm")])
def test_a_checkout_s_value_goes_before_its_revenue(destination):
    assert worth(destination, "Checkout Started", {"value": 5, "revenue": 4, "total": 6}) == 5


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"value": 107_000, "revenue": 90_000}, 90_000),
        ({"value": 107_000, "subtotal": "90000"}, 90_000),
        ({"total": 107_000, "tax": 12_000, "shipping": "5000"}, 90_000),
        ({"value": 95_000, "total": 107_000}, 95_000),
    ],
)
def test_ga4_is_told_what_the_goods_cost_without_tax_and_shipping(said, expected):
    assert worth("ga4", "Checkout Started", {**said, "products": LINES}) == expected


@pytest.mark.parametrize("destination", PLACES)
def test_a_checkout_without_any_amount_has_no_value(destination):
    lines = [{"sku": "A"}]

    assert worth(destination, "Checkout Started", {"products": lines}) is None


REFUNDS = {
    "ga4": ("event/params/value", 130_000),
    "klaviyo": ("value", 130_000),
    "amplitude": ("revenue", -130_000),
    "mixpanel": ("properties/revenue", -130_000),
}


@pytest.mark.parametrize("destination", REFUNDS)
def test_a_refund_that_tells_only_its_lines_is_worth_them(destination):
    path, expected = REFUNDS[destination]
    properties = {"order_id": "SO-1", "currency": "COP", "products": LINES}

    found = at(payload(destination, an_event("Order Refunded", properties=properties)), path)

    assert found == expected


@pytest.mark.parametrize("destination", REFUNDS)
def test_a_refund_that_tells_its_total_too_is_worth_that(destination):
    path, expected = REFUNDS[destination]
    properties = {"order_id": "SO-1", "currency": "COP", "total": -50_000, "products": LINES}

    found = at(payload(destination, an_event("Order Refunded", properties=properties)), path)

    assert found == (50_000 if expected > 0 else -50_000)


@pytest.mark.parametrize("destination", ["amplitude", "mixpanel", "klaviyo"])
def test_a_refund_of_a_whole_order_without_lines_or_amount_has_no_worth(destination):
    path, _ = REFUNDS[destination]

    body = payload(destination, an_event("Order Refunded", properties={"order_id": "SO-1"}))

    assert at(body, path) is None
