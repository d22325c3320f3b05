"""PostHog: nothing that tells who somebody is, and nobody placed where they aren't."""

import hashlib

import pytest

from tests.support.events import an_event
from tests.unit.plan.posthog_payloads import COOKIE, a_cookie, an_order, payload

ALL = {"POSTHOG_SCOPE": "all"}


@pytest.mark.parametrize("ip", ["10.0.0.7", "fd00::7", "0.0.0.0", "192.168.1.4"])
def test_a_private_address_places_nobody(ip):
    properties = payload(an_order(ip=ip))["properties"]

    assert "$ip" not in properties
    assert properties["$geoip_disable"] is True


def test_a_search_by_filters_holds_no_contact_data():
    event = an_event("Products Searched")
    event["properties"]["query"] = {"correo": "lucia@x.co", "q": "tv 300 765 4321"}

    assert payload(event, **ALL)["properties"]["query"] == {"q": "tv [number]"}


def test_a_page_s_name_and_address_hold_no_contact_data():
    page = {"url": "https://shop.example/p?tel=300&celular=1&cedula=2&a=1"}
    event = {**an_order(page=page), "type": "page", "name": "Perfil de lucia@x.co"}
    event.pop("event")

    properties = payload({**event, "properties": {}}, **ALL)["properties"]

    assert properties["name"] == "Perfil de [email]"
    assert properties["$current_url"] == "https://shop.example/p?a=1"


@pytest.mark.parametrize(
    ("user_id", "stands_for"),
    [("Lucia@X.co", "lucia@x.co"), ("300 765 4321", "573007654321")],
)
def test_contact_data_as_a_user_id_goes_as_its_hash(user_id, stands_for):
    found = payload(an_order(cookies={}) | {"userId": user_id})

    assert found["distinct_id"] == hashlib.sha256(stands_for.encode()).hexdigest()


def test_the_cookie_of_another_project_tells_nothing():
    found = payload(an_order(cookies={"ph_phc_x_posthog": a_cookie("b-1")}))

    assert found["distinct_id"] != "b-1"
    assert "$session_id" not in found["properties"]


def test_the_cookie_of_our_project_tells_who_it_is():
    assert payload(an_order(cookies={COOKIE: a_cookie("b-1")}))["distinct_id"] == "b-1"


def test_a_product_in_the_cart_is_worth_its_price_by_its_quantity():
    event = an_event("Product Added")
    event["properties"] = {"product_id": "p-1", "price": "1000", "quantity": 3, "currency": "COP"}

    assert payload(event, **ALL)["properties"]["value"] == 3000
