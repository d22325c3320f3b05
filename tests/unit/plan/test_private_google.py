"""GA4: nothing that tells who somebody is, and no event lost over one of its values."""

import pytest

from tests.support.events import an_event
from tests.unit.plan.google_payloads import (
    STREAM,
    decisions,
    hashed,
    order,
    params,
    payload,
    texts_in,
    with_context,
)

GUEST = {"userId": "guest", "anonymousId": "undefined"}


def test_guests_are_nobody_and_each_order_of_theirs_counts_for_itself():
    one, other = (payload({**without_cookies(), **GUEST, "messageId": m}) for m in ("m-1", "m-2"))

    assert "user_id" not in one
    assert one["client_id"] != other["client_id"]


def without_cookies():
    return with_context(cookies=None, ga_client_id=None)


@pytest.mark.parametrize("user_id", ["+573007654321", "3007654321", "lucia@shop.example"])
def test_contact_data_as_a_user_id_is_not_sent(user_id):
    assert "user_id" not in payload(an_event(userId=user_id))


def test_a_client_id_that_came_as_a_number_has_lost_digits_and_is_not_used():
    found = payload(with_context(ga_client_id=1162820436.1749482, cookies=None))

    assert not found["client_id"].startswith("1162820436")


@pytest.mark.parametrize("session", ["1795554363000", "1995554363"])
def test_a_session_in_milliseconds_or_of_the_future_is_not_one(session):
    event = with_context(ga_session_id=session, cookies={STREAM: "x"})

    assert "session_id" not in params(event)


def test_no_address_of_a_page_tells_a_phone_or_an_identity_card():
    url = "https://shop.example/p?tel=3007654321&cedula=1020304050&whatsapp=3007654321&page=2"
    found = payload(with_context(page={"url": url, "referrer": url}))

    assert found["event"]["params"]["page_location"] == "https://shop.example/p?page=2"
    assert not any("3007654321" in text or "1020304050" in text for text in texts_in(found))


def test_what_somebody_searched_for_holds_no_number_of_theirs():
    event = an_event("Products Searched")
    event["properties"]["query"] = "tv llamar 300 765 4321 lucia@x.co cc 1020304050"

    assert params(event)["search_term"] == "tv llamar [number] [email] cc [number]"


def test_an_order_with_e_mail_addresses_in_it_goes_without_them():
    event = order(order_id="lucia@x.co-1", coupon="lucia@x.co")
    event["properties"]["products"] = [
        {"product_id": "de lucia@x.co", "name": "para lucia@x.co", "price": 1, "quantity": 1}
    ]
    found = payload(event)

    assert not any("@" in text for text in texts_in(found))
    assert found["event"]["params"]["transaction_id"]


def test_an_order_of_201_lines_goes_with_200():
    lines = [{"product_id": f"p-{n}", "price": 1, "quantity": 1} for n in range(201)]

    assert len(params(order(products=lines))["items"]) == 200


@pytest.mark.parametrize(("quantity", "goes"), [(0.5, 1), (2, 2), (2.4, 2)])
def test_half_a_kilo_is_one_piece(quantity, goes):
    lines = [{"product_id": "p-1", "price": 1000, "quantity": quantity}]

    assert params(order(products=lines))["items"][0]["quantity"] == goes


def test_a_refund_is_positive_whichever_sign_it_came_with():
    event = an_event("Order Refunded")
    event["properties"] |= {"order_id": "SO-1", "total": -50000, "currency": "COP"}
    for key in ("revenue", "subtotal", "tax", "shipping", "value"):
        event["properties"].pop(key, None)

    assert params(event)["value"] == 50000


def test_who_forbids_the_sale_of_data_gets_no_personal_ads():
    consent = {
        "categoryPreferences": {"analytics": True, "advertising": True, "sale_of_data": False}
    }

    found = payload(with_context(consent=consent))

    assert found["consent"] == {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}


@pytest.mark.parametrize(
    "country", ["República de Colombia", "Colombia (CO)", "Atlantis", None, "CO"]
)
def test_a_country_that_nobody_knows_costs_no_phone(country):
    traits = {"phone": "300 765 4321", "address": {"country": country}}

    found = payload(with_context(traits=traits))

    assert found["user_data"]["sha256_phone_number"] == [hashed("+573007654321")]


@pytest.mark.parametrize(("given", "goes"), [(110231.0, "110231"), ("110 231", "110231")])
def test_a_postal_code_is_the_same_as_a_number_or_as_text(given, goes):
    assert place(given)["postal_code"] == goes


def test_a_postal_code_of_a_dash_is_none():
    assert "postal_code" not in place("-")


def place(postal_code):
    address = {"postalCode": postal_code, "country": "CO"}
    traits = {"firstName": "Ana", "lastName": "Ruiz", "address": address}
    return payload(with_context(traits=traits))["user_data"]["address"][0]


@pytest.mark.parametrize("channel", ["pos", "POS", "Tienda", "Tienda física", "punto de venta"])
def test_a_till_s_address_and_browser_are_not_the_buyer_s(channel):
    found = payload(order(channel=channel))

    assert "ip_override" not in found
    assert "user_agent" not in found


def test_an_order_of_the_web_keeps_address_and_browser():
    (one,) = decisions(order(channel="web"))

    assert {"ip_override", "user_agent"} <= {*one.payload.body}
