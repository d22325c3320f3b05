"""Events as shops really have them cost Meta no order, and tell it of nobody in particular."""

import hashlib

import pytest

from engine.model.decision import Verb
from tests.support.events import an_event
from tests.unit.plan.meta_payloads import decide, hashed, of_person, payload

NOTHING = hashlib.sha256(b"").hexdigest()
HASHED = {"em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country"}


def an_order(**properties):
    event = an_event()
    return event | {"properties": {**event["properties"], **properties}}


def of_line(**line):
    product = {"product_id": "TE-1", "price": 10000, **line}
    return payload(an_order(products=[product]))["custom_data"]


def test_the_hash_of_nothing_costs_itself_and_not_the_order():
    address = {"city": NOTHING, "postalCode": NOTHING.upper()}
    event = of_person(email=NOTHING, phone=NOTHING, firstName=NOTHING, address=address)

    assert not HASHED & set(payload(event)["user_data"])


@pytest.mark.parametrize("nobody", ["guest", "null", 0, " Guest ", "undefined"])
def test_an_id_that_means_nobody_is_no_external_id(nobody):
    known = payload(an_event(userId=nobody))["user_data"]
    unknown = payload(an_event(userId=nobody, anonymousId="undefined"))["user_data"]

    assert known["external_id"] == [hashed("anon-lucia")]
    assert "external_id" not in unknown


@pytest.mark.parametrize("country", ["República de Colombia", "Colombia (CO)", "Atlantis"])
def test_a_phone_is_read_as_one_of_the_shop_s_country_where_its_own_is_unknown(country):
    user_data = payload(of_person(phone="300 765 4321", address={"country": country}))["user_data"]

    assert user_data["ph"] == hashed("573007654321")


def test_numbers_that_were_floats_are_what_they_were():
    address = {"country": "CO", "postalCode": 110231.0}
    user_data = payload(of_person(phone=3007654321.0, address=address))["user_data"]

    assert user_data["ph"] == hashed("573007654321")
    assert user_data["zp"] == hashed("110231")


@pytest.mark.parametrize("channel", ["pos", "POS", "Tienda", "tienda_fisica", "Punto de venta"])
def test_a_sale_at_the_till_is_one_in_any_spelling(channel):
    body = payload(an_order(channel=channel))

    assert body["action_source"] == "physical_store"
    assert "client_ip_address" not in body["user_data"]


def test_a_discount_among_the_products_costs_no_order():
    discount = {"product_id": "descuento", "price": -5000, "quantity": 1}
    product = {"product_id": "TE-1", "price": 10000, "quantity": 1}
    contents = payload(an_order(products=[product, discount]))["custom_data"]["contents"]

    assert [line["item_price"] for line in contents] == [10000, -5000]


@pytest.mark.parametrize("currency", ["XCG", "CLF", "COU", "CHE"])
def test_a_currency_in_use_costs_no_order(currency):
    [decision] = decide(an_order(currency=currency))

    assert decision.verb is Verb.SEND, decision


@pytest.mark.parametrize(
    ("quantity", "pieces"), [(0.5, 1), (1.5, 2), ("0.25", 1), (3, 3), (2.0, 2), (0, 1)]
)
def test_what_is_sold_by_weight_is_whole_pieces_and_one_at_least(quantity, pieces):
    custom_data = of_line(quantity=quantity)

    assert custom_data["contents"][0]["quantity"] == pieces
    assert custom_data["num_items"] == pieces


@pytest.mark.parametrize(
    ("birthday", "day"), [("1988-07-04T00:00:00.000Z", "19880704"), ("2099-01-01", None)]
)
def test_a_birth_date_is_past(birthday, day):
    user_data = payload(of_person(birthday=birthday, email="ana@example.com"))["user_data"]

    assert user_data.get("db") == (hashed(day) if day else None)


@pytest.mark.parametrize("nothing", ["N/A", "null", "undefined", "-"])
def test_what_a_form_writes_for_nothing_is_not_hashed(nothing):
    address = {"city": nothing, "postalCode": nothing, "state": nothing}
    event = of_person(firstName=nothing, lastName=nothing, address=address)

    assert not HASHED & set(payload(event)["user_data"])
