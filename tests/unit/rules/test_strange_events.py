"""What shops really send, and must cost neither the event nor anybody's privacy."""

import hashlib
import json
from dataclasses import replace
from functools import cache

import pytest

from engine.authoring.dry_run import dry_run
from engine.model.cache import Caches
from engine.model.decision import Verb
from engine.pipeline.decide import payload_of
from engine.pipeline.request import Moment, build_request
from engine.project.read import read_project
from engine.release.build import build_release
from tests.support.events import NOW, PROPERTIES, SHOP, an_event
from tests.support.processes import ROOT

ADS = ("google-ads", "pinterest", "tiktok")
PRODUCT_ANALYTICS = ("amplitude", "mixpanel")
ENV = {
    "SHOP_WRITE_KEY": "key",
    "AMPLITUDE_API_KEY": "key",
    "MIXPANEL_SERVICE_SECRET": "secret",
    "KLAVIYO_API_KEY": "pk_key",
    "WEBHOOK_URL": "https://erp.example.com/hooks",
    "TIKTOK_ACCESS_TOKEN": "token",
    "TIKTOK_PIXEL_CODE": "C0DE",
    "PINTEREST_CONVERSION_TOKEN": "token",
    "GOOGLE_ADS_CREDENTIALS": "key.json",
    "GOOGLE_ADS_CUSTOMER_ID": "1234567890",
    "GOOGLE_ADS_PURCHASE_ACTION": "7001",
    "GOOGLE_ADS_MERCHANT_ID": "55",
}
NAMES = (*ADS, *PRODUCT_ANALYTICS, "klaviyo", "webhook")
HASHED = hashlib.sha256(b"ana@example.com").hexdigest()


@cache
def the_release(**env):
    project, _ = read_project(ROOT, {**ENV, **env})
    project = replace(
        project,
        destinations=tuple(one for one in project.destinations if one.name in NAMES),
        rule_files=tuple(one for one in project.rule_files if {*one.destinations} & {*NAMES}),
    )
    return build_release(project, Caches.on())[0]


def decisions(name, event):
    dry = dry_run(the_release(), event, SHOP, NOW, frozenset({name}))
    return [decision for _, decision in dry.decisions]


def sent(name, event):
    """The first payload, once every decision has sent one and no leaf was at fault."""
    found = decisions(name, event)
    assert {one.verb for one in found} == {Verb.SEND}, found
    assert [one.faults for one in found] == [()] * len(found)
    return found[0].payload.body


def an_order(traits=None, context=None, user=None, **properties):
    event = an_event(**(user or {}))
    event["properties"] = {**event["properties"], **properties}
    if traits is not None:
        event["context"] = {**event["context"], "traits": traits}
    event["context"] = {**event["context"], **(context or {})}
    consent = {"advertising": True, "analytics": True, "functional": True}
    event["context"]["consent"] = {"categoryPreferences": consent}
    return event


def another(name, properties, **context):
    return an_order(context=context) | {"event": name, "properties": properties}


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def profile(event):
    return sent("klaviyo", event)["profile"]["data"]["attributes"]


@pytest.mark.parametrize("phone", [HASHED, HASHED.upper()])
def test_contact_data_that_a_shop_hashed_costs_klaviyo_no_event(phone):
    traits = {"email": HASHED, "phone": phone, "firstName": HASHED, "lastName": "Ruiz"}

    assert profile(an_order(traits)) == {
        "external_id": "lucia",
        "anonymous_id": "anon-lucia",
        "last_name": "Ruiz",
    }


def test_a_hash_alone_is_nobody_that_klaviyo_could_write_to():
    [decision] = decisions("klaviyo", an_order({"email": HASHED}, user={"userId": ...}))

    assert decision.verb is Verb.DROP


@pytest.mark.parametrize("nobody", ["guest", "null", "0", " Guest ", 0, "x" * 256])
def test_an_id_that_means_nobody_or_has_no_end_is_left_out_at_klaviyo(nobody):
    found = profile(an_order(user={"userId": nobody, "anonymousId": "undefined"}))

    assert found == {"email": "lucia.prueba@example.com", "phone_number": "+573001234567"}


@pytest.mark.parametrize("name", PRODUCT_ANALYTICS)
def test_a_user_id_without_end_leaves_the_browser_s_id(name):
    body = sent(name, an_order(user={"userId": "x" * 256}))

    assert "xxx" not in json.dumps(body)
    assert "anon-lucia" in json.dumps(body)


@pytest.mark.parametrize("name", PRODUCT_ANALYTICS)
@pytest.mark.parametrize(
    ("contact", "told"),
    [
        (" Lucia@X.co", sha("lucia@x.co")),
        ("+57 300 765 4321", sha("573007654321")),
        ("3007654321", sha("573007654321")),
        ("cli-10023", "cli-10023"),
        (1020304050, "1020304050"),
    ],
)
def test_a_user_id_that_is_contact_data_goes_as_one_hash(name, contact, told):
    body = sent(name, an_order(user={"userId": contact}))

    found = (
        [body["user_id"]]
        if name == "amplitude"
        else [body["properties"][key] for key in ("distinct_id", "$user_id")]
    )
    assert {*found} == {told}


@pytest.mark.parametrize("name", PRODUCT_ANALYTICS)
@pytest.mark.parametrize(
    ("ip", "told"),
    [
        ("10.0.0.7", None),
        ("192.168.1.9", None),
        ("fd00::1", None),
        ("190.24.112.37", "190.24.112.0"),
    ],
)
def test_an_address_of_a_private_network_is_no_place(name, ip, told):
    body = sent(name, an_order(context={"ip": ip}))

    assert (body if name == "amplitude" else body["properties"]).get("ip") == told


@pytest.mark.parametrize("channel", ["pos", "POS", " Tienda ", "tienda_fisica", "Tienda Física"])
def test_a_sale_at_a_till_is_none_of_the_site(channel):
    order = an_order(channel=channel)

    pinterest, tiktok = sent("pinterest", order), sent("tiktok", order)
    assert sent("google-ads", order)["event"]["eventSource"] == "IN_STORE"
    assert pinterest["action_source"] == "offline"
    assert tiktok["source"] == "offline"
    assert "203.0.113.27" not in json.dumps([pinterest, tiktok])
    assert "Mozilla" not in json.dumps([pinterest, tiktok])
    assert pinterest["custom_data"]["value"] == "1414700"
    assert tiktok["item"]["properties"]["value"] == 1_414_700


def test_a_sale_by_any_other_channel_is_one_of_the_site():
    order = an_order(channel="web")

    assert sent("google-ads", order)["event"]["eventSource"] == "WEB"
    assert sent("pinterest", order)["action_source"] == "web"
    assert sent("tiktok", order)["source"] == "web"


def test_a_sale_at_a_till_to_nobody_known_is_dropped_at_pinterest_with_a_reason():
    [decision] = decisions("pinterest", an_order({"phone": "300 123 4567"}, channel="pos"))

    assert decision.verb is Verb.DROP
    assert "without an e-mail address" in decision.reason


@pytest.mark.parametrize(("event_set", "told"), [(None, "C0DE"), ("OFF1", "OFF1")])
def test_sales_at_tills_go_to_tiktok_in_requests_of_their_own(event_set, told):
    env = {"TIKTOK_OFFLINE_EVENT_SET_ID": event_set} if event_set else {}
    release = the_release(**env)
    destination = release.destination("tiktok")
    till, site = (
        payload_of(destination, sent("tiktok", an_order(channel=one))) for one in ("pos", "web")
    )

    requests = [build_request(destination, release.env, [one], Moment(NOW)) for one in (till, site)]
    bodies = [json.loads(one.body) for one in requests]

    assert till.group != site.group
    assert [(one["event_source"], one["event_source_id"]) for one in bodies] == [
        ("offline", told),
        ("web", "C0DE"),
    ]


@pytest.mark.parametrize("name", [*ADS, "klaviyo"])
def test_a_discount_s_line_below_zero_costs_no_order(name):
    lines = [*PROPERTIES["Order Completed"]["products"], {"sku": "DTO", "price": -5000}]

    assert "-5000" in json.dumps(sent(name, an_order(products=lines)))


@pytest.mark.parametrize(("quantity", "told"), [(0.5, 1), ("0.25", 1), (1.5, 2), (3, 3), (-1, 1)])
def test_part_of_a_piece_is_not_nothing(quantity, told):
    order = an_order(products=[{"sku": "ARROZ", "price": 9000, "quantity": quantity}])

    pinterest = sent("pinterest", order)["custom_data"]
    assert sent("google-ads", order)["event"]["cartData"]["items"][0]["quantity"] == str(told)
    assert sent("tiktok", order)["item"]["properties"]["contents"][0]["quantity"] == told
    assert pinterest["contents"][0]["quantity"] == told
    assert pinterest["num_items"] == told


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("es-CO", "es"),
        ("pt_BR", "pt"),
        ("es,en;q=0.9", "es"),
        ("en;q=0.9", "en"),
        ("Español", "es"),
        ("no", "no"),
        ("*", None),
        ("klingon", None),
    ],
)
def test_a_language_that_is_none_costs_pinterest_nothing_else(locale, told):
    assert sent("pinterest", an_order(context={"locale": locale})).get("language") == told


def test_pinterest_gets_one_hash_of_a_name_however_its_accents_are_written():
    composed, apart = "Jos\u00e9", "JOSE\u0301"

    found = {
        sent("pinterest", an_order({"email": "a@x.co", "firstName": one}))["user_data"]["fn"][0]
        for one in (composed, apart)
    }

    assert found == {sha("jos\u00e9")}


@pytest.mark.parametrize("nothing", ["-", "🙂", " . "])
@pytest.mark.parametrize("name", ADS)
def test_a_name_without_a_letter_is_no_name(name, nothing):
    traits = {
        "email": "a@x.co",
        "firstName": nothing,
        "lastName": nothing,
        "address": {"country": "CO", "postalCode": "-"},
    }

    body = json.dumps(sent(name, an_order(traits)))

    assert [
        key for key in ('"fn"', '"zp"', '"address"', "first_name", "zip_code") if key in body
    ] == []


@pytest.mark.parametrize("name", [*ADS, "klaviyo"])
@pytest.mark.parametrize("country", ["Atlantis", "Colombia (CO?)", "  "])
def test_a_country_that_nobody_knows_costs_no_phone(name, country):
    known, unknown = (
        json.dumps(
            sent(name, an_order({"email": "a@x.co", "phone": "300 765 4321", "address": address}))
        )
        for address in ({}, {"country": country})
    )

    for phone in ("+573007654321", sha("+573007654321"), sha("573007654321")):
        assert (phone in known) == (phone in unknown)
    assert any(
        phone in unknown for phone in ("+573007654321", sha("+573007654321"), sha("573007654321"))
    )


def test_a_refund_is_above_zero_at_klaviyo_whatever_its_sign():
    refund = {"order_id": "SO-1", "currency": "COP"}

    values = {
        sent("klaviyo", another("Order Refunded", {**refund, "total": total}))["value"]
        for total in (-50_000, 50_000)
    }

    assert values == {50_000}


@pytest.mark.parametrize("name", PRODUCT_ANALYTICS)
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"total": 1_299_900, "tax": 184_900, "shipping": 15_000}, 1_100_000),
        ({"total": 1_299_900, "revenue": 1_100_000}, 1_100_000),
        ({"total": 1_299_900, "subtotal": 1_100_000}, 1_100_000),
        ({"total": 1_299_900}, 1_299_900),
        ({"value": 900_000}, 900_000),
    ],
)
def test_revenue_is_without_tax_and_shipping_and_so_is_what_a_refund_takes_back(name, given, told):
    whole = {"order_id": "SO-1", "currency": "COP", "products": [{"sku": "A", "price": 1}], **given}

    order, refund = (
        sent(name, another(event, whole)) for event in ("Order Completed", "Order Refunded")
    )
    if name == "mixpanel":
        order, refund = order["properties"], refund["properties"]

    assert (order["revenue"], refund["revenue"]) == (told, -told)


def test_what_is_put_into_the_cart_is_worth_its_price_by_its_quantity():
    added = another("Product Added", {"sku": "A", "price": "100", "quantity": 3, "currency": "COP"})

    assert sent("amplitude", added)["event_properties"]["value"] == 300
    assert sent("mixpanel", added)["properties"]["value"] == 300
    viewed = added | {"event": "Product Viewed"}
    assert sent("klaviyo", viewed)["value"] == 300


def test_a_search_that_is_an_object_goes_to_the_webhook_without_contact_data():
    query = {"correo": "lucia@x.co", "marca": "Norte de lucia@x.co", "max": 5_000_000}

    found = sent("webhook", another("Products Searched", {"query": query}))

    assert found["properties"]["query"] == {"marca": "Norte de [email]", "max": 5_000_000}


@pytest.mark.parametrize("name", [*PRODUCT_ANALYTICS, "webhook"])
def test_a_page_s_name_goes_without_an_address(name):
    page = an_order() | {"type": "page", "name": "Perfil de lucia@x.co", "properties": {}}
    del page["event"]

    body = json.dumps(sent(name, page))

    assert "Perfil de [email]" in body
    assert "lucia@x.co" not in body
