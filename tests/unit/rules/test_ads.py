"""TikTok, Pinterest and Google Ads: who is told in which form, requests, and what answers mean."""

import hashlib
import json
from dataclasses import replace
from functools import cache

import pytest

from engine.authoring.dry_run import dry_run, request_of
from engine.model.cache import Caches
from engine.model.decision import Payload, Verb
from engine.model.delivery import Answer, Dead, Delivered, Pause, Retry, Split, Unverified
from engine.pipeline.classify import classify
from engine.pipeline.decide import payload_of
from engine.pipeline.request import Moment, build_request
from engine.project.read import read_project
from engine.release.build import build_release
from engine.release.destination import Mode
from tests.support.events import NOW, SHOP, an_event
from tests.support.processes import ROOT

ENV = {
    "SHOP_WRITE_KEY": "key",
    "TIKTOK_ACCESS_TOKEN": "the-tiktok-token",
    "TIKTOK_PIXEL_CODE": "C0DE",
    "PINTEREST_CONVERSION_TOKEN": "the-pinterest-token",
    "PINTEREST_AD_ACCOUNT_ID": "549755885175",
    "GOOGLE_ADS_CREDENTIALS": "key.json",
    "GOOGLE_ADS_CUSTOMER_ID": "123-456-7890",
    "GOOGLE_ADS_PURCHASE_ACTION": "7001",
    "GOOGLE_ADS_SIGN_UP_ACTION": "7002",
    "GOOGLE_ADS_LEAD_ACTION": "7003",
}
NAMES = ("tiktok", "pinterest", "google-ads")
MESSY = {
    "email": " Ana.Lucía+promo@GMail.com ",
    "phone": "300 765 4321",
    "firstName": " Ana María ",
    "lastName": "O'Higgins-Ñañez",
    "address": {"country": "Colombia", "postalCode": " 110 231", "city": "Bogotá, D.C."},
}
"""A person as a Spanish-speaking shop has them."""


@cache
def the_project():
    project, _ = read_project(ROOT, {})
    # These alone: the rules of all take seconds to build, once for each environment.
    return replace(
        project,
        destinations=tuple(one for one in project.destinations if one.name in NAMES),
        rule_files=tuple(one for one in project.rule_files if {*one.destinations} & {*NAMES}),
    )


@cache
def the_release(**env):
    whole = {name: one for name, one in {**ENV, **env}.items() if one}
    return build_release(replace(the_project(), env=whole), Caches.on())[0]


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def decisions(name, event, release=None):
    dry = dry_run(release or the_release(), event, SHOP, NOW, frozenset({name}))
    return [decision for _, decision in dry.decisions]


def payload(name, event, release=None):
    [decision] = decisions(name, event, release)
    assert decision.payload is not None, decision
    return decision.payload.body


def of_person(traits=None, event="Order Completed", context=None, **consent):
    given = {"advertising": True, **consent}
    usual = an_event(event)["context"]
    return an_event(
        event,
        context={
            **usual,
            "traits": MESSY if traits is None else traits,
            "consent": {"categoryPreferences": given},
            **(context or {}),
        },
    )


def test_tiktok_takes_contact_data_hashed_with_the_plus_of_a_phone():
    user = payload("tiktok", of_person())["item"]["user"]

    assert user["email"] == sha("ana.lucía+promo@gmail.com")
    assert user["phone"] == sha("+573007654321")
    assert user["first_name"] == sha("ana maría")
    assert user["last_name"] == sha("ohigginsñañez")
    assert user["zip_code"] == sha("110231")
    assert user["country"] == "co"
    assert user["external_id"] == [sha("lucia"), sha("anon-lucia")]


def test_pinterest_takes_lists_of_hashes_and_a_phone_without_its_plus():
    user = payload("pinterest", of_person())["user_data"]

    assert user["em"] == [sha("ana.lucía+promo@gmail.com")]
    assert user["ph"] == [sha("573007654321")]
    assert user["fn"] == [sha("ana maría")]
    assert user["ln"] == [sha("o'higgins-ñañez")]
    assert user["zp"] == [sha("110231")]
    assert user["country"] == [sha("co")]


def test_google_takes_gmail_without_dots_and_suffix_and_the_place_in_the_clear():
    identifiers = payload("google-ads", of_person())["event"]["userData"]["userIdentifiers"]

    assert identifiers == [
        {"emailAddress": sha("analucía@gmail.com")},
        {"phoneNumber": sha("+573007654321")},
        {
            "address": {
                "givenName": sha("ana maría"),
                "familyName": sha("ohigginsñañez"),
                "regionCode": "CO",
                "postalCode": "110 231",
            }
        },
    ]


def test_google_s_own_example_gives_google_s_own_hashes():
    traits = {"email": "Jane.Doe+x@GoogleMail.com ", "phone": "(555) 123-4567"}
    person = of_person({**traits, "address": {"country": "US"}})

    [first, *_] = payload("google-ads", person)["event"]["userData"]["userIdentifiers"]

    assert first == {
        "emailAddress": "338abf9ef1c8793cadc7bcf51ed595338eb727ed9e06ce3d91d566d60b975937"
    }


def test_an_address_in_parts_is_left_out_at_google():
    traits = {**MESSY, "address": {"country": "Colombia"}}

    found = payload("google-ads", of_person(traits))["event"]["userData"]["userIdentifiers"]

    assert [list(one) for one in found] == [["emailAddress"], ["phoneNumber"]]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_a_hash_already_is_not_hashed_again(name):
    known = sha("ana@example.com")
    traits = {"email": known.upper(), "phone": known}

    sent = json.dumps(payload(name, of_person(traits)))

    assert sent.count(known) == 2
    assert sha(known) not in sent


@pytest.mark.parametrize("name", NAMES)
def test_contact_data_that_can_t_be_used_costs_nothing_else(name):
    traits = {"email": "no address", "phone": "12"}
    context = {"page": {"url": "https://shop.example/?gclid=Cj0"}}

    body = json.dumps(payload(name, of_person(traits, context=context)))

    assert "no address" not in body
    assert sha("") not in body


@pytest.mark.parametrize(
    ("context", "tiktok", "pinterest"),
    [
        ({"page": {"url": "https://s.example/?ttclid=new&epik=new"}}, "new", "new"),
        ({"ttclid": "kept", "epik": "kept"}, "kept", "kept"),
        ({"cookies": {"ttclid": "cookie", "_epik": "cookie"}}, "cookie", "cookie"),
        ({}, None, None),
    ],
)
def test_the_click_id_is_the_page_s_own_else_the_one_that_was_kept(context, tiktok, pinterest):
    event = of_person(context=context)

    assert payload("tiktok", event)["item"]["user"].get("ttclid") == tiktok
    assert payload("pinterest", event)["user_data"].get("click_id") == pinterest


def test_google_s_click_ids_go_as_they_are():
    context = {"page": {"url": "https://s.example/?gclid=Cj0-a_B"}, "wbraid": "w", "gbraid": "g"}

    found = payload("google-ads", of_person(context=context))["event"]["adIdentifiers"]

    assert found == {"gclid": "Cj0-a_B", "gbraid": "g", "wbraid": "w"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("consent", [{"advertising": False}, {"advertising": None}])
def test_without_consent_to_advertising_nothing_goes(name, consent):
    event = of_person()
    event["context"]["consent"] = {
        "categoryPreferences": {key: one for key, one in consent.items() if one is not None}
    }

    [decision] = decisions(name, event)

    assert (decision.verb, decision.reason) == (Verb.SKIP, "consent")


def test_who_refuses_the_sale_of_their_data_is_sent_in_the_reduced_mode():
    refused = of_person(sale_of_data=False)

    assert payload("tiktok", refused)["item"]["limited_data_use"] is True
    assert payload("pinterest", refused)["opt_out"] is True
    assert payload("google-ads", refused)["consent"] == {
        "adUserData": "CONSENT_GRANTED",
        "adPersonalization": "CONSENT_DENIED",
    }


def test_who_refuses_nothing_is_not_opted_out():
    granted = of_person()

    assert "limited_data_use" not in payload("tiktok", granted)["item"]
    assert payload("pinterest", granted)["opt_out"] is False


@pytest.mark.parametrize("name", ["tiktok", "pinterest"])
def test_a_value_without_a_currency_does_not_go(name):
    event = an_event("Product Viewed", properties={"sku": "A56", "price": "49900"})

    sent = json.dumps(payload(name, event))

    assert '"value"' not in sent
    assert '"currency"' not in sent


@pytest.mark.parametrize("name", NAMES)
def test_no_order_goes_with_a_value_in_no_currency(name):
    order = an_event()
    del order["properties"]["currency"]

    [one] = decisions(name, order)

    if name == "google-ads":
        assert "conversionValue" not in one.payload.body["event"]
    else:
        assert (one.verb, one.rule) == (Verb.DROP, "purchase-without-worth")


@pytest.mark.parametrize("name", NAMES)
def test_a_refund_is_no_negative_sale(name):
    [decision] = decisions(name, an_event("Order Refunded", properties={"order_id": "SO-1"}))

    assert decision.verb is Verb.DROP
    assert "never a negative" in decision.reason


def test_an_action_that_the_account_lacks_is_no_conversion():
    release = the_release(GOOGLE_ADS_PURCHASE_ACTION="")

    [decision] = decisions("google-ads", an_event(), release)

    assert decision.verb is Verb.DROP
    assert "GOOGLE_ADS_PURCHASE_ACTION" in decision.reason


def test_each_step_of_the_way_can_be_a_secondary_action():
    release = the_release(GOOGLE_ADS_ADD_TO_CART_ACTION="7004", GOOGLE_ADS_CHECKOUT_ACTION="7005")
    cart = {"products": an_event()["properties"]["products"], "currency": "COP"}

    added = payload(
        "google-ads",
        an_event("Product Added", properties={"sku": "A", "price": 10, "currency": "COP"}),
        release,
    )
    started = payload("google-ads", an_event("Checkout Started", properties=cart), release)

    assert (added["conversion_action"], added["event"]["conversionValue"]) == ("7004", 10)
    assert (started["conversion_action"], started["event"]["conversionValue"]) == (
        "7005",
        1_399_700,
    )


def test_an_order_s_lines_go_to_google_only_with_a_merchant():
    with_merchant = the_release(GOOGLE_ADS_MERCHANT_ID="55")

    assert "cartData" not in payload("google-ads", an_event())["event"]
    assert payload("google-ads", an_event(), with_merchant)["event"]["cartData"] == {
        "merchantId": "55",
        "items": [
            {"merchantProductId": "CEL-A56-128", "quantity": "1", "unitPrice": 1_299_900},
            {"merchantProductId": "FUN-A56", "quantity": "2", "unitPrice": 49_900},
        ],
    }


def the_request(name, *payloads, release=None):
    release = release or the_release()
    destination = release.destination(name)
    batch = [payload_of(destination, one) for one in payloads]
    return build_request(destination, release.env, batch, Moment(NOW))


def test_tiktok_s_request_holds_the_events_beside_their_source():
    events = [{"source": "web", "item": {"event": name}} for name in ("A", "B")]

    request = the_request("tiktok", *events)

    assert request.url == "https://business-api.tiktok.com/open_api/v1.3/event/track/"
    assert request.headers["Access-Token"] == "the-tiktok-token"
    assert json.loads(request.body) == {
        "event_source": "web",
        "event_source_id": "C0DE",
        "data": [{"event": "A"}, {"event": "B"}],
    }


def test_a_test_event_of_tiktok_goes_alone():
    release = the_release(TIKTOK_TEST_EVENT_CODE="TEST1")
    destination = release.destination("tiktok")
    events = [of_person() | {"messageId": f"m-{number}"} for number in range(3)]
    payloads = [decisions("tiktok", one, release)[0].payload for one in events]

    assert len({one.group for one in payloads}) == 3
    request = build_request(destination, release.env, payloads[:1], Moment(NOW))
    assert json.loads(request.body)["test_event_code"] == "TEST1"
    assert "alone" not in json.loads(request.body)["data"][0]


def test_without_a_test_code_tiktok_s_events_share_a_request():
    events = [of_person() | {"messageId": f"m-{number}"} for number in range(3)]

    groups = {decisions("tiktok", one)[0].payload.group for one in events}

    assert len(groups) == 1


def test_pinterest_s_request_is_of_the_ad_account():
    request = the_request("pinterest", {"event_name": "lead"})

    assert request.url == "https://api.pinterest.com/v5/ad_accounts/549755885175/events"
    assert request.headers["Authorization"] == "Bearer the-pinterest-token"
    assert json.loads(request.body) == {"data": [{"event_name": "lead"}]}


@pytest.mark.parametrize(("login", "account"), [("", "1234567890"), ("098-765-4321", "0987654321")])
def test_google_s_request_names_the_accounts_without_dashes(login, account):
    release = the_release(GOOGLE_ADS_LOGIN_CUSTOMER_ID=login)
    consent = {"adUserData": "CONSENT_GRANTED"}
    one = {"conversion_action": "7001", "consent": consent, "event": {"transactionId": "SO-1"}}

    body = json.loads(the_request("google-ads", one, release=release).body)

    assert body == {
        "destinations": [
            {
                "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1234567890"},
                "loginAccount": {"accountType": "GOOGLE_ADS", "accountId": account},
                "productDestinationId": "7001",
            }
        ],
        "encoding": "HEX",
        "consent": consent,
        "events": [{"transactionId": "SO-1"}],
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_shown_to_a_person(name):
    destination = the_release().destination(name)

    shown = request_of(the_release(), destination, payload_of(destination, {}), NOW)

    assert "the-" not in str(shown)
    assert "***" in str(shown["headers"])


@pytest.mark.parametrize(
    ("name", "secret", "unset"),
    [
        ("tiktok", "TIKTOK_ACCESS_TOKEN", "TIKTOK_PIXEL_CODE"),
        ("pinterest", "PINTEREST_CONVERSION_TOKEN", "PINTEREST_AD_ACCOUNT_ID"),
        ("google-ads", "GOOGLE_ADS_CREDENTIALS", "GOOGLE_ADS_CUSTOMER_ID"),
    ],
)
def test_a_destination_is_off_without_its_secret_and_says_what_else_it_lacks(name, secret, unset):
    assert the_release(**{secret: ""}).destination(name).mode is Mode.OFF
    assert the_release().destination(name).mode is Mode.LIVE
    assert the_release().destination(name).unset == ()
    assert the_release(**{unset: ""}).destination(name).unset == (unset,)


GOOGLE_TIME = {"field": "events.events[1].event_timestamp", "description": "expected a time"}


def google_error(status, word, *fields):
    details = [{"@type": "BadRequest", "fieldViolations": list(fields)}] if fields else []
    return {"error": {"code": status, "status": word, "message": "no", "details": details}}


def pinterest_answer(*statuses):
    events = [
        {"status": one} if one == "processed" else {"status": one, "error_message": "bad em"}
        for one in statuses
    ]
    return {
        "num_events_received": len(statuses),
        "num_events_processed": statuses.count("processed"),
        "events": events,
    }


ANSWERS = [
    ("tiktok", 200, {"code": 0, "message": "OK"}, Delivered),
    ("tiktok", 200, {"code": 20001, "message": "partial"}, Split),
    ("tiktok", 200, {"code": 40001, "message": "token"}, Pause),
    ("tiktok", 200, {"code": 40002, "message": "event"}, Split),
    ("tiktok", 200, {"code": 40100, "message": "slower"}, Retry),
    ("tiktok", 200, {"code": 50000, "message": "internal"}, Retry),
    ("tiktok", 200, "<html>a portal's page</html>", Retry),
    ("tiktok", 502, "<html>bad gateway</html>", Retry),
    ("tiktok", 429, "", Retry),
    ("tiktok", 413, "", Split),
    ("pinterest", 200, pinterest_answer("processed", "processed", "processed"), Delivered),
    ("pinterest", 200, pinterest_answer("failed", "failed", "failed"), Dead),
    ("pinterest", 200, "<html>a portal's page</html>", Retry),
    ("pinterest", 400, {"code": 1, "message": "data"}, Split),
    ("pinterest", 422, {"code": 1, "message": "data"}, Split),
    ("pinterest", 401, {"code": 2, "message": "token"}, Pause),
    ("pinterest", 403, {"code": 29, "message": "account"}, Pause),
    ("pinterest", 429, {"code": 8, "message": "slower"}, Retry),
    ("pinterest", 503, None, Retry),
    ("google-ads", 200, {"requestId": "r-1"}, Unverified),
    ("google-ads", 200, {}, Retry),
    ("google-ads", 400, google_error(400, "INVALID_ARGUMENT"), Split),
    (
        "google-ads",
        400,
        google_error(400, "INVALID_ARGUMENT", {"field": "destinations[0].product_destination_id"}),
        Pause,
    ),
    ("google-ads", 401, google_error(401, "UNAUTHENTICATED"), Pause),
    ("google-ads", 403, google_error(403, "PERMISSION_DENIED"), Pause),
    ("google-ads", 404, google_error(404, "NOT_FOUND"), Pause),
    ("google-ads", 429, google_error(429, "RESOURCE_EXHAUSTED"), Retry),
    ("google-ads", 500, google_error(500, "INTERNAL"), Retry),
    ("google-ads", 503, google_error(503, "UNAVAILABLE"), Retry),
    ("google-ads", 504, google_error(504, "DEADLINE_EXCEEDED"), Retry),
]


def outcomes(name, status, body, count=3):
    payloads = [Payload({"n": n}, 10, (), f"key-{n}") for n in range(count)]
    return classify(the_release().destination(name), payloads, Answer(status, {}, body), NOW)


@pytest.mark.parametrize(("name", "status", "body", "kind"), ANSWERS)
def test_an_answer_means_the_same_for_every_event(name, status, body, kind):
    assert {type(one) for one in outcomes(name, status, body)} == {kind}


def test_pinterest_s_failed_event_alone_is_dead():
    answer = pinterest_answer("processed", "failed", "processed")

    first, second, third = outcomes("pinterest", 200, answer)

    assert first == third == Delivered()
    assert second == Dead("Pinterest refuses it: bad em")


def test_an_answer_of_pinterest_that_does_not_tell_all_events_proves_nothing():
    answer = pinterest_answer("processed", "failed")

    assert {type(one) for one in outcomes("pinterest", 200, answer)} == {Retry}


def test_google_s_named_event_is_dead_and_the_others_go_again_at_once():
    first, second, third = outcomes("google-ads", 400, google_error(400, "X", GOOGLE_TIME))

    assert second == Dead("Google refuses it: events.events[1].event_timestamp expected a time")
    assert first.now is True
    assert third.now is True


def test_an_event_that_google_names_and_the_batch_lacks_is_looked_for_by_halving():
    field = {"field": "events.events[17].event_timestamp"}

    assert {type(one) for one in outcomes("google-ads", 400, google_error(400, "X", field))} == {
        Split
    }


@pytest.mark.parametrize(
    ("name", "answer", "wait_ms"),
    [
        ("tiktok", (200, {"code": 40100, "message": "slower"}), 30_000),
        ("google-ads", (429, google_error(429, "RESOURCE_EXHAUSTED")), 60_000),
    ],
)
def test_who_throttles_is_given_time(name, answer, wait_ms):
    [first, *_] = outcomes(name, *answer)

    assert first.after_ms == wait_ms


def test_the_reason_says_what_the_vendor_said():
    [tiktok, *_] = outcomes("tiktok", 200, {"code": 40001, "message": "token expired"})
    [pinterest, *_] = outcomes("pinterest", 403, {"code": 29, "message": "no such account"})

    assert tiktok.reason == "TikTok refuses the token or its rights: token expired"
    assert pinterest.reason == "the token has no access to this ad account: no such account"


@pytest.mark.parametrize("name", NAMES)
def test_a_repeat_carries_the_same_key(name):
    first, again = (decisions(name, an_event())[0].payload for _ in range(2))

    assert first.dedupe_key
    assert (first.dedupe_key, first.body) == (again.dedupe_key, again.body)


def test_the_windows_are_those_of_the_pages():
    week = 7 * 86_400_000

    assert the_release().destination("tiktok").window_ms == week
    assert the_release().destination("pinterest").window_ms == week
