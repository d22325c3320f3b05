"""Each field that the shop can fill at Meta, and what becomes of each event of the plan."""

import pytest

from engine.authoring.dry_run import dry_run
from engine.model.decision import Verb
from tests.support.events import NOW, SHOP, an_event
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release
from tests.unit.plan.meta_payloads import (
    GRANTED,
    META,
    decide,
    example_of,
    of_person,
    order,
    payload,
    with_context,
)

PAGE = {"url": "https://tienda.co/pago/gracias"}


@pytest.mark.parametrize(
    ("context", "source"),
    [
        ({"page": PAGE}, "website"),
        ({"page": PAGE, "userAgent": ...}, "other"),
        ({}, "other"),
        ({"page": {"url": "android-app://co.tienda"}}, "other"),
    ],
)
def test_website_is_said_where_there_is_a_browser_and_its_page(context, source):
    sent = payload(with_context(**context))

    assert sent["action_source"] == source
    assert ("event_source_url" in sent) == (context.get("page") == PAGE)


def test_the_shop_s_address_stands_for_the_page_of_a_browser_that_is_known():
    release = the_reference_release({**DEMO_ENV, "SHOP_URL": "https://tienda.co"})

    def sent(event):
        [(_, decision)] = dry_run(release, event, SHOP, NOW, META).decisions
        return decision.payload.body

    browser, app = sent(with_context()), sent(with_context(app={"name": "Tienda"}))
    nobody = sent(with_context(userAgent=...))

    assert (browser["action_source"], browser["event_source_url"]) == (
        "website",
        "https://tienda.co",
    )
    assert [one["action_source"] for one in (app, nobody)] == ["other", "other"]
    assert not any("event_source_url" in one for one in (app, nobody))


def test_an_event_of_eight_days_is_not_sent_and_says_why():
    old = an_event(timestamp="2026-11-12T14:59:58.000Z")

    [decision] = decide(old)

    assert (decision.verb, decision.reason) == (Verb.INVALID, "older than 7d")


@pytest.mark.parametrize("channel", ["pos", "physical_store", "tienda"])
def test_a_sale_in_a_shop_of_stone_counts_for_62_days(channel):
    properties = {**an_event()["properties"], "channel": channel}
    two_months = an_event(timestamp="2026-09-20T15:00:00.000Z", properties=properties)
    longer = an_event(timestamp="2026-09-19T14:00:00.000Z", properties=properties)

    [sent], [late] = decide(two_months), decide(longer)

    assert (sent.verb, sent.rule) == (Verb.SEND, "purchase-in-store")
    assert sent.payload.body["action_source"] == "physical_store"
    assert not {"client_ip_address", "client_user_agent"} & set(sent.payload.body["user_data"])
    assert (late.verb, late.reason) == (Verb.INVALID, "older than 62d")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ({"country": "US", "state": "California"}, (1, 1000)),
        ({"country": "Estados Unidos", "state": "tx"}, (1, 1005)),
        ({"country": "US", "state": "Washington"}, (0, 0)),
        ({"country": "CO", "state": "California"}, (0, 0)),
        ({}, (0, 0)),
    ],
)
def test_who_refuses_the_sale_of_data_gets_limited_data_use(address, place):
    event = of_person(email="ana@tienda.co", address=address)
    event["context"]["consent"] = {
        "categoryPreferences": {**GRANTED["categoryPreferences"], "Sale_Of_Data": False}
    }
    sent = payload(event)

    assert sent["data_processing_options"] == ["LDU"]
    assert (
        sent["data_processing_options_country"],
        sent["data_processing_options_state"],
    ) == place


@pytest.mark.parametrize("said", [{}, {"sale_of_data": True, "ad_personalization": True}])
def test_who_does_not_refuse_gets_no_limit(said):
    preferences = {**GRANTED["categoryPreferences"], **said}
    sent = payload(with_context(consent={"categoryPreferences": preferences}))

    assert not [key for key in sent if key.startswith(("data_processing", "opt_out"))]


def test_who_refuses_chosen_ads_is_measured_only():
    preferences = {**GRANTED["categoryPreferences"], "ad_personalization": False}

    assert payload(with_context(consent={"categoryPreferences": preferences}))["opt_out"] is True


def test_a_list_of_granted_names_limits_nothing_of_advertising():
    sent = payload(with_context(consent={"categoryPreferences": ["advertising"]}))

    assert "data_processing_options" not in sent
    assert "opt_out" not in sent


def test_an_order_tells_what_the_shop_knows_of_it():
    origin = {
        "event": "Signed Up",
        "timestamp": "2026-11-19T10:00:00Z",
        "messageId": "m-1",
        "order_id": 7,
    }
    sent = payload(
        order(
            new_customer=True,
            delivery_category="Recogida en tienda",
            net_revenue="900000",
            predicted_ltv=5_000_000,
            original_event=origin,
            products=[{"sku": "FUN-A56", "category": "Fundas", "price": 1}],
        )
    )

    assert sent["customer_segmentation"] == "new_customer_to_business"
    assert sent["original_event_data"] == {
        "event_name": "CompleteRegistration",
        "event_time": 1_795_082_400,
        "event_id": "m-1",
        "order_id": "7",
    }
    custom_data = sent["custom_data"]
    assert custom_data["delivery_category"] == "in_store"
    assert custom_data["net_revenue"] == 900_000
    assert custom_data["predicted_ltv"] == 5_000_000
    assert custom_data["content_category"] == "Fundas"


def test_a_customer_who_returns_is_told_as_such():
    sent = payload(order(new_customer=False))

    assert sent["customer_segmentation"] == "existing_customer_to_business"


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ("123456789012345", "123456789012345"),
        (1234567890123456, "1234567890123456"),
        ("L-7", None),
        (77, None),
    ],
)
def test_a_lead_of_a_form_on_meta_keeps_its_id(told, sent):
    found = payload(an_event("Lead", properties={"lead_id": told, "form": "empresas"}))

    assert found["user_data"].get("lead_id") == sent


def test_a_sign_in_with_facebook_is_told_by_its_id():
    assert payload(of_person(fb_login_id=1020304050607))["user_data"]["fb_login_id"] == (
        "1020304050607"
    )


@pytest.mark.parametrize(
    ("name", "sent"), [("Trial Started", "StartTrial"), ("Subscription Started", "Subscribe")]
)
def test_a_subscription_has_its_id_and_what_it_will_be_worth(name, sent):
    properties = {
        "subscription_id": "sub-0007",
        "currency": "COP",
        "value": "19900",
        "predicted_ltv": 240_000,
        "plan": "Cuidado del equipo",
    }
    found = payload(an_event(name, properties=properties))

    assert found["event_name"] == sent
    assert found["user_data"]["subscription_id"] == "sub-0007"
    assert found["custom_data"] == {
        "content_name": "Cuidado del equipo",
        "currency": "COP",
        "value": 19_900,
        "predicted_ltv": 240_000,
    }


SENT = {
    "Product Added to Wishlist": "AddToWishlist",
    "Wishlist Product Added to Cart": "AddToCart",
    "Store Located": "FindLocation",
    "Credit Requested": "SubmitApplication",
    "Payment Info Entered": "AddPaymentInfo",
}
DROPPED = [
    *("Product List Filtered", "Promotion Viewed", "Promotion Clicked", "Product Clicked"),
    *("Checkout Step Viewed", "Checkout Step Completed", "Order Updated", "Order Cancelled"),
    *("Order Refunded", "Coupon Entered", "Coupon Applied", "Coupon Removed", "Coupon Denied"),
    *("Product Removed from Wishlist", "Product Shared", "Cart Shared", "Product Reviewed"),
    *("Signed In", "Signed Out"),
]


@pytest.mark.parametrize(("name", "sent"), SENT.items())
def test_an_event_of_the_spec_goes_under_meta_s_name(name, sent):
    assert payload(example_of(name))["event_name"] == sent


@pytest.mark.parametrize("name", DROPPED)
def test_an_event_that_meta_has_no_use_for_is_dropped_with_a_reason(name):
    [decision] = decide(example_of(name))

    assert decision.verb is Verb.DROP
    assert decision.reason


def test_a_request_for_credit_tells_no_amount():
    event = example_of("Credit Requested")
    event["properties"] |= {"amount": 1_500_000, "currency": "COP", "value": 1_500_000}

    assert "custom_data" not in payload(event)


@pytest.mark.parametrize("ip", ["10.0.0.7", "192.168.1.1", "127.0.0.1", "186.80.12.0", "::1", "x"])
def test_an_address_that_is_nobody_s_is_not_sent(ip):
    assert "client_ip_address" not in payload(with_context(ip=ip))["user_data"]
