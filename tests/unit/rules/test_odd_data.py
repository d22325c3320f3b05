"""Odd but realistic data cost a leaf at most, never the order, at every destination."""

import json

import pytest

from engine.authoring.dry_run import dry_run
from engine.model.decision import Verb
from tests.support.events import NOW, SHOP
from tests.unit.rules.test_no_contact import the_release
from tests.unit.rules.test_strange_events import an_order, another, sha

EVERYONE = ("meta", "ga4", "posthog", "tiktok", "pinterest", "google-ads", "amplitude", "mixpanel")


def sent(name, event):
    """The first payload, which is sent without a fault."""
    dry = dry_run(the_release(), event, SHOP, NOW, frozenset({name}))
    decision = dry.decisions[0][1]
    assert (decision.verb, decision.faults) == (Verb.SEND, ()), decision
    return decision.payload.body


def with_line(**line):
    return an_order(products=[{"sku": "A", "name": "Arroz", "price": 9000, **line}])


@pytest.mark.parametrize("name", EVERYONE)
@pytest.mark.parametrize(
    "line",
    [
        {"position": -1},
        {"quantity": -1},
        {"quantity": 0},
        {"discount": -500},
        {"price": -9000},
        {"position": 2.5},
    ],
)
def test_a_line_with_an_odd_number_costs_no_order(name, line):
    sent(name, with_line(**line))


def test_a_position_below_zero_is_left_out_at_ga4():
    [item] = sent("ga4", with_line(position=-1))["event"]["params"]["items"]
    assert "index" not in item
    [item] = sent("ga4", with_line(position=0))["event"]["params"]["items"]
    assert item["index"] == 0


@pytest.mark.parametrize("name", ["meta", "tiktok", "pinterest", "google-ads"])
@pytest.mark.parametrize("event", ["Product Added", "Checkout Started", "Signed Up", "Lead"])
def test_a_value_below_zero_is_left_out_and_the_event_goes(name, event):
    told = another(event, {"sku": "A", "value": -5, "currency": "COP", "form": "f"})
    if event == "Checkout Started":
        told["properties"]["products"] = [{"sku": "A", "price": 10}]

    assert "-5" not in json.dumps(sent(name, told)).split('"consent"')[0]


@pytest.mark.parametrize("name", EVERYONE)
def test_numbers_as_ids_are_the_ids_as_text(name):
    order = an_order(order_id=1001.0, products=[{"product_id": 123.0, "name": "A", "price": 5}])

    body = json.dumps(sent(name, order))

    assert '"1001"' in body
    assert '"123"' in body
    assert "123.0" not in body
    assert "1001.0" not in body


def test_meta_s_two_lists_of_ids_agree():
    order = an_order(products=[{"product_id": 123.0}, {"sku": "ana@y.co"}, {"product_id": 7}])

    custom = sent("meta", order)["custom_data"]

    assert custom["content_ids"] == ["123", "[email]", "7"]
    assert [one["id"] for one in custom["contents"]] == custom["content_ids"]


@pytest.mark.parametrize("name", ["meta", "ga4", "posthog", "tiktok"])
def test_a_blank_browser_is_none(name):
    body = sent(name, an_order(context={"userAgent": "  "}))

    assert "user_agent" not in json.dumps(body)
    assert body.get("action_source") in (None, "other")


@pytest.mark.parametrize("name", ["meta", "ga4", "gtm", "pinterest", "tiktok", "posthog"])
def test_no_contract_takes_a_blank_browser(name):
    destination = the_release().destination(name)
    body = json.loads(json.dumps(sent(name, an_order())))

    assert not destination.contract.reasons(body)
    assert destination.contract.reasons(blanked(body))


def blanked(value):
    """The same with blanks for the browser."""
    keys = ("user_agent", "client_user_agent", "$raw_user_agent")
    if isinstance(value, dict):
        return {key: "  " if key in keys else blanked(one) for key, one in value.items()}
    return value


@pytest.mark.parametrize("name", ["meta", "ga4", "gtm"])
def test_a_currency_that_there_is_not_is_no_money(name):
    dry = dry_run(the_release(), an_order(currency="XQQ"), SHOP, NOW, frozenset({name}))

    assert {one.verb for _, one in dry.decisions} == {Verb.INVALID}


@pytest.mark.parametrize("name", ["meta", "pinterest", "tiktok"])
def test_a_postal_code_that_lost_its_zero_is_hashed_whole(name):
    address = {"country": "CO", "postalCode": 50010}

    assert sha("050010") in json.dumps(
        sent(name, an_order({"email": "a@x.co", "address": address}))
    )


@pytest.mark.parametrize("name", ["ga4", "google-ads"])
def test_a_postal_code_that_lost_its_zero_is_sent_whole(name):
    address = {"country": "CO", "postalCode": 50010, "state": "CO-ANT"}
    traits = {"email": "a@x.co", "firstName": "Ana", "lastName": "Ruiz", "address": address}

    body = json.dumps(sent(name, an_order(traits)))

    assert '"050010"' in body
    assert name == "google-ads" or '"antioquia"' in body


def test_meta_hashes_a_department_by_its_name():
    traits = {"address": {"state": "CO-ANT", "country": "CO"}}

    assert sent("meta", an_order(traits))["user_data"]["st"] == sha("antioquia")


@pytest.mark.parametrize(
    ("name", "path", "told"),
    [
        ("meta", ("user_data", "client_ip_address"), "190.24.112.37"),
        ("pinterest", ("user_data", "client_ip_address"), "190.24.112.37"),
        ("tiktok", ("item", "user", "ip"), "190.24.112.37"),
    ],
)
@pytest.mark.parametrize("ip", ["10.0.0.1, 190.24.112.37", "190.24.112.37:5544"])
def test_an_address_from_a_proxy_is_the_visitor_s(name, path, told, ip):
    found = sent(name, an_order(context={"ip": ip}))
    for key in path:
        found = found[key]

    assert found == told


@pytest.mark.parametrize("channel", ["Almacén", "offline", "Punto de Venta (POS)", "POS-12"])
def test_a_sale_at_a_till_says_nothing_of_the_shop_s_own_browser(channel):
    order = an_order(channel=channel)

    assert sent("meta", order)["action_source"] == "physical_store"
    assert sent("google-ads", order)["event"]["eventSource"] == "IN_STORE"
    for name in ("meta", "ga4", "tiktok", "pinterest"):
        body = json.dumps(sent(name, order))
        assert "203.0.113" not in body
        assert "Mozilla" not in body


@pytest.mark.parametrize("event", ["Order Cancelled", "Order Refunded"])
def test_neither_does_what_is_called_off_or_paid_back_there(event):
    told = another(event, {"order_id": "SO-1", "currency": "COP", "total": 5, "channel": "caja 3"})

    assert not {"ip_override", "user_agent"} & sent("ga4", told).keys()


@pytest.mark.parametrize("channel", ["Tienda online", "tienda virtual", "web", "App Store"])
def test_a_shop_on_the_net_is_no_till(channel):
    assert sent("google-ads", an_order(channel=channel))["event"]["eventSource"] == "WEB"


def listed(*granted):
    """An order of somebody whose consent is a list of what they grant."""
    order = an_order()
    order["context"]["consent"] = {"categoryPreferences": [*granted]}
    return order


def test_what_a_list_of_granted_names_leaves_out_is_refused():
    order = listed("analytics")

    dry = dry_run(the_release(), order, SHOP, NOW, frozenset(("meta", "google-ads", "tiktok")))

    assert {one.verb for _, one in dry.decisions} == {Verb.SKIP}
    consent = sent("ga4", order)["consent"]
    assert consent == {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}
    assert "user_data" not in sent("ga4", order)


def test_a_list_that_grants_advertising_limits_nothing_of_it():
    order = listed("advertising", "analytics")

    assert not {"data_processing_options", "opt_out"} & sent("meta", order).keys()
    assert sent("ga4", order)["consent"]["ad_personalization"] == "GRANTED"
    assert sent("google-ads", order)["consent"]["adPersonalization"] == "CONSENT_GRANTED"
    assert sent("pinterest", order)["opt_out"] is False
    assert "limited_data_use" not in sent("tiktok", order)["item"]
