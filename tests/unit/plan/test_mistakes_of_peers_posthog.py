"""PostHog: what other routers get wrong, seen in their real output; each is a promise of ours."""

import json
import re
import uuid

import pytest

from engine.model.clock import to_iso
from tests.support.events import NOW, an_event
from tests.unit.plan.posthog_payloads import (
    COOKIE,
    a_cookie,
    an_order,
    decisions,
    destination,
    payload,
    sent,
    url_of,
)

PEOPLE = {
    "email": "ana.perez@example.com",
    "phone": "300 765 4321",
    "firstName": "Ana",
    "lastName": "Pérez",
    "address": {"street": "Calle 10 # 5-51", "city": "Medellín"},
}


def test_an_event_has_a_uuid_that_is_the_same_every_time():
    one, other = (payload(an_event(messageId="node-next-1-a")) for _ in range(2))

    assert one["uuid"] == other["uuid"]
    assert str(uuid.UUID(one["uuid"])) == one["uuid"]
    given = "3F2A6C1E-0000-4000-8000-000000000001"
    assert payload(an_event(messageId=given))["uuid"] == given.lower()


def test_an_event_without_a_user_id_is_not_refused():
    found = payload(an_event(userId=...))

    assert found["distinct_id"] == "anon-lucia"
    assert found["properties"]["$process_person_profile"] is False


@pytest.mark.parametrize(
    ("ip", "kept"),
    [
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3::"),
        ("203.0.113.61", "203.0.113.0"),
    ],
)
def test_an_address_of_either_version_goes_cut_short(ip, kept):
    properties = payload(an_order(ip=ip))["properties"]

    assert properties["$ip"] == kept
    assert "$geoip_disable" not in properties


@pytest.mark.parametrize("context", [{"ip": None}, {"ip": "no address"}])
def test_without_an_address_nobody_is_placed_where_the_router_stands(context):
    properties = payload(an_order(**context))["properties"]

    assert "$ip" not in properties
    assert properties["$geoip_disable"] is True


@pytest.mark.parametrize(
    ("given", "goes"),
    [
        ("2026-11-20T14:59:58.123Z", "2026-11-20T14:59:58.123Z"),
        ("2026-11-20T09:59:58.123-05:00", "2026-11-20T14:59:58.123Z"),
    ],
)
def test_a_timestamp_keeps_its_milliseconds_and_says_its_zone(given, goes):
    assert payload(an_event(timestamp=given))["timestamp"] == goes


def test_the_time_of_sending_is_not_told_so_that_waiting_shifts_nothing():
    body = sent([an_event(timestamp=to_iso(NOW - 3_600_000))])

    assert body.keys() == {"api_key", "historical_migration", "batch"}


def test_no_bag_of_properties_is_copied():
    body = an_event()
    body["properties"] |= {"margin": 0.31, "note": "ok", "customer": PEOPLE, "email": "a@b.co"}

    properties = payload(body)["properties"]

    assert not {"margin", "note", "customer", "email"} & properties.keys()


@pytest.mark.parametrize("constant", ["anonymous", "backend", "server", "system", "guest"])
def test_no_constant_stands_for_everybody(constant):
    found = {
        payload(an_event(userId=..., anonymousId=f"anon-{n}", messageId=f"m-{n}"))["distinct_id"]
        for n in range(3)
    }

    assert len(found) == 3
    assert constant not in found


def test_contact_data_stays_here_wherever_it_stands():
    body = an_order(
        traits=PEOPLE,
        page={
            "url": "https://tienda.example.com/gracias?email=ana.perez%40example.com&phone=3007654321",
            "path": "/gracias/ana.perez@example.com",
            "title": "Gracias ana.perez@example.com",
            "referrer": "https://tienda.example.com/?correo=ana.perez@example.com",
        },
    )
    body["properties"]["customer_email"] = PEOPLE["email"]

    text = json.dumps(payload(body), ensure_ascii=False)

    for word in ("ana.perez", "300 765", "3007654321", "Pérez", "Calle 10"):
        assert word not in text


def test_contact_data_in_free_text_stays_here():
    search = an_event("Products Searched", properties={"query": "pedido de ana.perez@example.com"})
    cancelled = an_event(
        "Order Cancelled", properties={"order_id": "1", "reason": "escriba a ana.perez@example.com"}
    )

    assert payload(search)["properties"]["query"] == "pedido de [email]"
    assert payload(cancelled)["properties"]["reason"] == "escriba a [email]"


def test_what_somebody_writes_to_the_chatbot_stays_here():
    body = an_event(
        "Chatbot Message Sent", properties={"message": "mi cédula es 123", "action": "asked"}
    )

    found = payload(body)

    assert "cédula" not in json.dumps(found, ensure_ascii=False)
    assert found["properties"]["action"] == "asked"


def test_amounts_are_numbers_and_no_currency_is_guessed():
    body = an_event()
    body["properties"] |= {"total": "1414700.50", "currency": None}

    event = body | {"event": "Order Refunded"}

    properties = payload(event)["properties"]
    assert properties["total"] == 1414700.5
    assert "currency" not in properties


def test_nothing_empty_is_sent():
    body = an_order(campaign={"source": "", "medium": None}, page={"url": "", "title": ""})
    body["properties"] |= {"coupon": "", "products": [{"sku": "A", "name": ""}]}

    text = json.dumps(payload(body))

    assert not re.search(r'""|\[\]|\{\}|null', text)


def test_one_line_without_a_product_id_costs_no_order():
    body = an_event()
    body["properties"]["products"] = [{"sku": "FUN-A56", "price": "49900"}, {"product_id": "1"}]

    products = payload(body)["properties"]["products"]

    assert products == [{"sku": "FUN-A56", "price": 49900}, {"product_id": "1"}]


def test_server_and_browser_are_not_two_persons():
    found = payload(an_order(cookies={COOKIE: a_cookie("b-1")}) | {"userId": "cli-7"})

    assert found["distinct_id"] == "b-1"


def test_the_app_s_address_is_put_right():
    assert "us.i.posthog.com" in url_of("https://us.posthog.com")
    assert "eu.i.posthog.com" in url_of("https://eu.posthog.com/")
    assert url_of("https://t.tienda.example.com/ph") == "https://t.tienda.example.com/ph/batch/"


def test_without_consent_nothing_goes():
    (found,) = decisions(an_event(context={"ip": "203.0.113.61"}))

    assert (found.verb, found.reason) == ("skip", "consent")
    assert destination().consent.when_missing == "deny"
