"""What other routers get wrong for a Spanish-speaking shop, and Meta never says: each a test.

An event goes in as such a shop sends it; the payload is looked at whole, the wrong form too.
"""

import hashlib
import hmac
import json

import pytest

from engine.authoring.dry_run import dry_run, request_of
from engine.model.clock import from_iso
from engine.pipeline.request import Moment, build_request
from tests.support.events import NOW, SHOP, an_event
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release
from tests.unit.plan.meta_payloads import (
    META,
    decide,
    everything_in,
    hashed,
    of_person,
    order,
    payload,
    the_release,
    with_context,
)

EMPTY_HASH = hashlib.sha256(b"").hexdigest()

LINES = [
    {"product_id": "CEL-A56", "name": "Celular A56", "price": "1299900", "quantity": "1"},
    {"sku": "FUN-A56", "name": "Funda", "price": 49900, "quantity": 2, "color": "azul"},
    {"sku": "VID-A56", "price": 15000},
]


def test_accented_names_are_hashed_as_utf_8_after_lower_casing():
    sent = payload(of_person(firstName="ÁNGELA", lastName="NÚÑEZ", email="ana@tienda.co"))

    assert sent["user_data"]["fn"] == hashed("ángela")
    assert sent["user_data"]["ln"] == hashed("núñez")
    wrong = [hashed("ÁNGELA"), hashlib.sha256("ángela".encode("latin-1")).hexdigest()]
    assert not set(wrong) & set(everything_in(sent))


def test_a_decomposed_accent_gives_the_hash_of_the_composed_one():
    sent = payload(of_person(firstName="Jose\u0301", email="ana@tienda.co"))

    assert sent["user_data"]["fn"] == hashed("jos\u00e9")


@pytest.mark.parametrize(
    "typed", ["300 765 4321", "(300) 765-4321", "300.765.4321", 3007654321, "+57 300 765 4321"]
)
@pytest.mark.parametrize("country", ["Colombia", "CO", "COL", None])
def test_a_phone_is_hashed_with_its_country_s_code_and_not_as_typed(typed, country):
    address = {"country": country} if country else {}
    sent = payload(of_person(phone=typed, address=address))

    assert sent["user_data"]["ph"] == hashed("573007654321")
    assert hashed(str(typed)) not in everything_in(sent)
    assert hashed("3007654321") not in everything_in(sent)


@pytest.mark.parametrize(
    ("told", "code"),
    [("Colombia", "co"), ("México", "mx"), ("Estados Unidos", "us"), ("COL", "co"), ("es", "es")],
)
def test_a_country_goes_as_its_iso_code(told, code):
    sent = payload(of_person(email="ana@tienda.co", address={"country": told}))

    assert sent["user_data"]["country"] == hashed(code)


def test_an_unknown_country_is_left_out_and_costs_nothing_else():
    sent = payload(of_person(email="ana@tienda.co", address={"country": "Atlantis"}))

    assert "country" not in sent["user_data"]
    assert sent["user_data"]["em"] == hashed("ana@tienda.co")


@pytest.mark.parametrize("told", ["1988-07-04", "19880704", 19880704])
def test_a_birth_date_goes_without_dashes(told):
    sent = payload(of_person(email="ana@tienda.co", birthday=told))

    assert sent["user_data"]["db"] == hashed("19880704")
    assert hashed("1988-07-04") not in everything_in(sent)


def test_a_birth_date_that_has_two_readings_is_left_out():
    assert "db" not in payload(of_person(email="a@tienda.co", birthday="04/07/1988"))["user_data"]


def test_city_and_state_go_without_blanks_and_punctuation():
    address = {"city": "Bogotá, D.C.", "state": "Valle del Cauca", "country": "CO"}
    sent = payload(of_person(email="ana@tienda.co", address=address))

    assert sent["user_data"]["ct"] == hashed("bogotádc")
    assert sent["user_data"]["st"] == hashed("valledelcauca")


@pytest.mark.parametrize("told", ["female", "Female", "F", "Mujer", "femenino"])
def test_a_gender_goes_as_its_initial_hashed(told):
    sent = payload(of_person(email="ana@tienda.co", gender=told))

    assert sent["user_data"]["ge"] == hashed("f")
    assert {"f", hashed("female"), hashed(told.lower())} & set(everything_in(sent)) <= {hashed("f")}


def test_a_hash_is_not_hashed_again():
    sent = payload(of_person(email=hashed("ana@tienda.co").upper()))

    assert sent["user_data"]["em"] == hashed("ana@tienda.co")


def test_a_purchase_has_what_was_paid_as_its_value_and_no_other_key_for_it():
    sent = payload(order(total=1_414_700, revenue=1_399_700))["custom_data"]

    assert sent["value"] == 1_414_700
    assert not {"total", "revenue", "price"} & set(sent)


@pytest.mark.parametrize("name", ["Product Viewed", "Product Added", "Product Removed"])
def test_an_event_of_one_product_is_worth_price_times_quantity(name):
    product = {"product_id": "CEL-A56", "price": "649950.50", "quantity": "2", "currency": "cop"}
    sent = payload(an_event(name, properties=product))["custom_data"]

    assert sent["value"] == 1_299_901
    assert sent["currency"] == "COP"
    assert sent["contents"] == [{"id": "CEL-A56", "quantity": 2, "item_price": 649_950.5}]


def test_prices_and_quantities_go_as_numbers_even_if_they_come_as_texts():
    sent = payload(order(products=LINES, total="1414700.00"))["custom_data"]

    assert sent["value"] == 1_414_700
    assert [line.get("item_price") for line in sent["contents"]] == [1_299_900, 49_900, 15_000]
    assert not any(isinstance(one, str) and one.isdecimal() for one in everything_in(sent))


def test_nothing_empty_goes_and_no_hash_of_nothing():
    empty = dict.fromkeys(("email", "phone", "firstName", "lastName", "gender", "birthday"), "")
    blank = {"city": "  ", "state": "-", "postalCode": "-", "country": ""}
    event = of_person(**empty, address=blank)
    event["context"] |= {"fbc": "", "fbp": "", "fbclid": ""}
    sent = payload(event)

    assert set(sent["user_data"]) == {"external_id", "client_ip_address", "client_user_agent"}
    assert EMPTY_HASH not in everything_in(sent)
    assert not [one for one in everything_in(sent) if one in ("", None, [], {})]


def test_a_currency_is_never_invented():
    added = payload(an_event("Product Added", properties={"sku": "FUN-A56", "price": 49900}))

    assert not {"currency", "value"} & set(added["custom_data"])
    assert "USD" not in everything_in(added)


def test_a_line_with_a_sku_alone_does_not_cost_the_order():
    sent = payload(order(products=LINES))["custom_data"]

    assert sent["content_ids"] == ["CEL-A56", "FUN-A56", "VID-A56"]
    assert [line["id"] for line in sent["contents"]] == sent["content_ids"]


def test_a_search_without_products_goes():
    sent = payload(an_event("Products Searched", properties={"query": "audífonos bluetooth"}))

    assert sent["event_name"] == "Search"
    assert sent["custom_data"] == {"search_string": "audífonos bluetooth"}


def test_a_search_tells_what_it_found():
    found = {"query": "funda", "products": [{"sku": "FUN-A56"}, {"product_id": 7}]}
    sent = payload(an_event("Products Searched", properties=found))["custom_data"]

    assert sent["content_ids"] == ["FUN-A56", "7"]
    assert sent["content_type"] == "product"


def test_contact_data_in_a_search_is_not_sent():
    sent = payload(an_event("Products Searched", properties={"query": "pedido ana@tienda.co"}))

    assert sent["custom_data"]["search_string"] == "pedido [email]"


SEEN = "2026-11-18T09:00:00.250Z"
SEEN_MS = from_iso(SEEN)
EVENT_MS = from_iso("2026-11-20T14:59:58.000Z")
COOKIE = "fb.1.1795180449000.IwAR2kTq7vLm"


@pytest.mark.parametrize(
    ("why", "context", "fbc"),
    [
        ("fbclid alone", {"fbclid": "AbC-1_x"}, f"fb.1.{EVENT_MS}.AbC-1_x"),
        (
            "when it was first seen",
            {"fbclid": "AbC-1_x", "fbclid_at": SEEN},
            f"fb.1.{SEEN_MS}.AbC-1_x",
        ),
        ("the cookie", {"cookies": {"_fbc": COOKIE}, "fbclid": "AbC-1_x"}, COOKIE),
        ("the id given", {"fbc": COOKIE, "cookies": {"_fbc": "fb.1.1795180449000.x"}}, COOKIE),
        (
            "the page's",
            {"page": {"url": "https://t.co/p?fbclid=AbC-1_x"}},
            f"fb.1.{EVENT_MS}.AbC-1_x",
        ),
        (
            "the page's, newer than the cookie's",
            {"page": {"url": "https://t.co/p?fbclid=NEW"}, "fbc": COOKIE},
            f"fb.1.{EVENT_MS}.NEW",
        ),
        (
            "the page's, which the cookie holds",
            {"page": {"url": "https://t.co/p?fbclid=IwAR2kTq7vLm"}, "fbc": COOKIE},
            COOKIE,
        ),
        (
            "the page's, seen before",
            {"page": {"url": "https://t.co/p?fbclid=A"}, "fbclid": "A", "fbclid_at": SEEN},
            f"fb.1.{SEEN_MS}.A",
        ),
        (
            "the page's, told twice",
            {"page": {"url": "https://t.co/p?fbclid=A"}, "fbclid": "A"},
            f"fb.1.{EVENT_MS}.A",
        ),
        (
            "the page's, another one seen before",
            {"page": {"url": "https://t.co/p?fbclid=A"}, "fbclid": "B", "fbclid_at": SEEN},
            f"fb.1.{EVENT_MS}.A",
        ),
        (
            "the referrer's",
            {"page": {"url": "https://t.co/p", "referrer": "https://t.co/a?fbclid=A"}},
            f"fb.1.{EVENT_MS}.A",
        ),
        ("no click id in the cookie", {"fbc": "fb.1.1700000000123."}, None),
        ("nothing", {}, None),
    ],
)
def test_fbc_is_made_of_the_click_id_in_milliseconds(why, context, fbc):
    sent = payload(with_context(**context))

    assert sent["user_data"].get("fbc") == fbc, why


@pytest.mark.parametrize("name", ["Order Completed", "Checkout Started", "Cart Viewed"])
def test_units_are_counted_and_not_lines(name):
    sent = payload(an_event(name, properties={**an_event()["properties"], "products": LINES}))

    assert sent["custom_data"]["num_items"] == 1 + 2 + 1


def test_whole_property_bags_are_not_copied():
    sent = payload(order(products=LINES, coupon="NEGRA10", nota="regalo para Ana", tax=1))

    assert set(sent["custom_data"]) == {
        *("order_id", "content_type", "content_ids", "contents", "num_items", "currency", "value")
    }
    assert {key for line in sent["custom_data"]["contents"] for key in line} == {
        *("id", "quantity", "item_price")
    }
    assert "azul" not in everything_in(sent)


def test_the_token_stands_in_the_header_and_not_in_the_address():
    [decision] = decide(an_event())
    destination = the_release().destination("meta")
    request = request_of(the_release(), destination, decision.payload, NOW)

    assert "access_token" not in json.dumps(request)
    assert "?" not in request["url"]
    assert request["headers"]["Authorization"].startswith("Bearer ")


def test_the_proof_of_the_app_secret_is_that_of_meta_s_sdk():
    env = {**DEMO_ENV, "META_CONVERSION_API_TOKEN": "token-abc", "META_APP_SECRET": "app-secret"}
    release = the_reference_release(env)
    destination = the_release().destination("meta")
    [(_, decision)] = dry_run(release, an_event(), SHOP, NOW, META).decisions

    body = json.loads(build_request(destination, env, [decision.payload], Moment(NOW)).body)

    assert body["appsecret_proof"] == (
        "64ad4b31c7b1a1447bd689c4c0b82425f01d8a3da1ce7a8eb468cc17c0e9d787"
    )
    assert body["appsecret_proof"] == hmac.digest(b"app-secret", b"token-abc", "sha256").hex()


def test_an_address_loses_contact_data_and_keeps_its_click_id():
    url = "https://tienda.co/pago?fbclid=A&email=ana%40tienda.co&Tel=300&u=ana@tienda.co"
    sent = payload(with_context(page={"url": url}))

    assert sent["event_source_url"] == "https://tienda.co/pago?fbclid=A&u=[email]"
