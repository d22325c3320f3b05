"""What other routers get wrong for a Spanish-speaking shop, and GA4 answers 204 to: each a test."""

import re

import pytest

from engine.model.decision import Verb
from tests.support.events import PRODUCTS, an_event
from tests.unit.plan.google_payloads import (
    STREAM,
    decisions,
    hashed,
    of_person,
    order,
    params,
    payload,
    texts_in,
    with_context,
)


def test_the_user_id_is_never_put_in_the_place_of_the_client_id():
    sent = payload(an_event(anonymousId=...))

    assert re.fullmatch(r"\d+\.\d+", sent["client_id"])
    assert sent["user_id"] == "lucia"
    assert "lucia" not in sent["client_id"]


def test_the_client_id_of_a_person_without_a_browser_is_the_same_every_time():
    once, again = (payload(an_event(messageId=f"m-{at}"))["client_id"] for at in range(2))
    other = payload(an_event(anonymousId="anon-pedro"))["client_id"]

    assert once == again != other


def test_an_order_number_is_no_client_id():
    sent = payload(order(order_id="10045.20261120"))

    assert sent["client_id"] != "10045.20261120"


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({"total": 119000, "revenue": 95000, "tax": 19000, "shipping": 5000}, 95000),
        ({"total": 119000, "revenue": None, "tax": 19000, "shipping": 5000}, 95000),
        ({"total": "119000", "revenue": None, "subtotal": "95000", "tax": "19000"}, 95000),
    ],
)
def test_the_value_of_a_purchase_is_without_tax_and_shipping(properties, value):
    sent = params(order(**properties))

    assert sent["value"] == value
    assert sent["tax"] == 19000


def test_a_single_product_is_worth_price_times_quantity():
    product = {**PRODUCTS[0], "price": "649950", "quantity": "2", "currency": "COP"}

    sent = params(an_event("Product Added", properties=product))

    assert sent["value"] == 1_299_900
    assert sent["items"][0]["price"] == 649_950


def test_prices_are_numbers_also_where_they_came_as_text():
    items = params(an_event())["items"]

    assert [type(one[key]) for one in items for key in ("price", "quantity")] == [int] * 4


def test_nothing_empty_is_sent_and_nothing_is_a_hash_of_nothing():
    sent = payload(
        order(coupon="", affiliation=None) | {"context": of_person(email="", phone=" ")["context"]}
    )

    assert "" not in texts_in(sent)
    assert hashed("") not in texts_in(sent)
    assert "user_data" not in sent


def test_a_currency_is_never_invented_and_no_value_goes_without_one():
    product = {key: one for key, one in PRODUCTS[0].items() if key != "currency"}

    sent = params(an_event("Product Viewed", properties=product))

    assert "currency" not in sent
    assert "value" not in sent


def test_contact_data_goes_as_hashes_and_never_as_user_properties():
    sent = payload(
        of_person(
            email="Ana.Gómez@Tienda.co", phone="300 765 4321", firstName="Ana", lastName="Gómez"
        )
    )

    clear = " ".join(texts_in(sent)).lower()
    assert "user_properties" not in sent
    assert not any(part in clear for part in ("@tienda", "765", "gómez"))


def test_contact_data_in_free_text_and_addresses_is_taken_out():
    page = {"url": "https://tienda.co/?correo=ana@tienda.co&q=1", "title": "Hola ana@tienda.co"}
    search = {
        **with_context("Products Searched", page=page),
        "properties": {"query": "pedido de ana@tienda.co"},
    }

    sent = params(search)

    assert sent["search_term"] == "pedido de [email]"
    assert sent["page_location"] == "https://tienda.co/?q=1"
    assert sent["page_title"] == "Hola [email]"


def test_an_id_that_is_an_e_mail_address_is_no_user_id():
    assert "user_id" not in payload(an_event(userId="ana@tienda.co"))


def test_params_are_flat_whatever_the_event_carries():
    sent = params(order(custom={"a": 1}, tags=["x"], gift=True))

    assert {key for key, one in sent.items() if isinstance(one, dict | list)} == {"items"}
    assert all(not isinstance(one, dict | list) for item in sent["items"] for one in item.values())
    assert not {"custom", "tags", "gift"} & sent.keys()


@pytest.mark.parametrize(
    ("name", "properties", "sent_as"),
    [
        ("Points Earned", {"points": 3}, "points_earned"),
        ("Coupon Denied", {"coupon_id": "X"}, "coupon_denied"),
        ("Credit Requested", {"provider": "Addi"}, "credit_requested"),
    ],
)
def test_an_event_name_has_no_spaces(name, properties, sent_as):
    assert payload(an_event(name, properties=properties))["event"]["name"] == sent_as


@pytest.mark.parametrize(
    ("stated", "ad_user_data", "ad_personalization"),
    [
        ({"advertising": True}, "GRANTED", "GRANTED"),
        ({"advertising": False}, "DENIED", "DENIED"),
        ({"advertising": True, "ad_personalization": False}, "GRANTED", "DENIED"),
        ({"advertising": False, "ad_personalization": True}, "DENIED", "DENIED"),
    ],
)
def test_the_two_consent_keys_are_not_crossed(stated, ad_user_data, ad_personalization):
    sent = payload(with_context(consent={"categoryPreferences": {"analytics": True, **stated}}))

    assert sent["consent"] == {
        "ad_user_data": ad_user_data,
        "ad_personalization": ad_personalization,
    }


def test_without_a_statement_on_advertising_neither_key_is_said():
    assert "consent" not in payload(
        with_context(consent={"categoryPreferences": {"analytics": True}})
    )


def test_without_consent_to_advertising_no_contact_data_goes_not_even_hashed():
    sent = payload(
        with_context(consent={"categoryPreferences": {"analytics": True, "advertising": False}})
    )

    assert "user_data" not in sent


def test_without_consent_to_analytics_nothing_goes():
    (decision,) = decisions(with_context(consent={"categoryPreferences": {"advertising": True}}))

    assert (decision.verb, decision.reason) == (Verb.SKIP, "consent")


def test_a_moment_keeps_its_milliseconds():
    sent = params(an_event(timestamp="2026-11-20T14:59:58.123Z"))

    assert sent["timestamp_micros"] == 1_795_186_798_123_000


def test_a_line_with_a_sku_alone_does_not_cost_the_order():
    assert [one["item_id"] for one in params(an_event())["items"]] == ["CEL-A56-128", "FUN-A56"]


def test_a_search_needs_no_products():
    sent = payload(an_event("Products Searched", properties={"query": "galaxy"}))

    assert sent["event"]["name"] == "search"


def test_the_session_of_another_stream_is_not_taken_for_ours():
    sent = params(with_context(cookies={"_ga_OTHER": "GS1.1.1795186000.1.0.1795186000.0.0.0"}))

    assert "session_id" not in sent


def test_session_start_is_never_sent():
    names = {payload(with_context(cookies={STREAM: "GS2.1.s1795186000$o1"}))["event"]["name"]}

    assert names == {"purchase"}


def test_accents_are_hashed_as_utf_8_and_a_phone_by_its_country():
    sent = payload(
        of_person(
            email="a@b.co",
            phone="300 765 4321",
            firstName="ÁNGELA",
            lastName="Núñez",
            country="Colombia",
        )
    )

    assert sent["user_data"]["sha256_phone_number"] == [hashed("+573007654321")]
    assert sent["user_data"]["address"][0]["sha256_first_name"] == hashed("ángela")
    assert sent["user_data"]["address"][0]["country"] == "CO"
