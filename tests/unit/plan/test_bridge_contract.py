"""What the bridge to Clarity may ask a page to call: its contract, and what its rules make.

Clarity's own limits: docs/vendors/clarity.md, "The bridge". Nobody answers for it, so beside the
contract stands only its documented word: 255 characters and more, and what is no text, it ignores.
"""

import re

import pytest

from engine.model.decision import Verb
from engine.pipeline.decide import decide
from tests.support.events import SHOP, a_logged_event
from tests.support.processes import DEMO_ENV, ROOT, a_project
from tests.support.releases import findings_of, the_reference_release

SESSION = "01a1f90e-2be1-7f2a-823e-24e629fd4ec3"
CONTEXT = {
    "sessionId": SESSION,
    "locale": "es-CO",
    "consent": {"categoryPreferences": {"advertising": False, "analytics": True}},
}
PAGE = ("page", "")
GUESSED = (
    "its context.sessionId is a number, which others could guess; "
    "the bridge takes a long random text"
)


@pytest.fixture(scope="module")
def bridge():
    return the_reference_release({**DEMO_ENV, "CLARITY_BRIDGE_MODE": "live"}).destination("clarity")


def breaches(bridge, *calls, **changed):
    payload = {"id": "m1", "session": SESSION, "calls": list(calls), **changed}
    return [f"{one.path} {one.message}" for one in bridge.contract.reasons(payload)]


def an(op, **changed):
    whole = {
        "consentv2": {"ad_Storage": "denied", "analytics_Storage": "granted"},
        "identify": {"id": "u1", "session": SESSION, "page": "m1"},
        "set": {"key": "checkout", "value": "started"},
        "event": {"name": "purchase"},
        "upgrade": {"reason": "checkout"},
    }
    call = {"op": op, **whole[op], **changed}
    return {key: value for key, value in call.items() if value is not ...}


LIMITS = {
    "a tag's value is shorter than 255": ("set", "value", "v" * 255, "v" * 254),
    "an event's name is shorter than 255": ("event", "name", "n" * 255, "n" * 254),
    "a reason is shorter than 255": ("upgrade", "reason", "r" * 255, "r" * 254),
    "a custom id is shorter than 255": ("identify", "id", "i" * 255, "i" * 254),
    "a custom session is shorter than 255": ("identify", "session", "s" * 255, "s" * 254),
    "a custom page is shorter than 255": ("identify", "page", "p" * 255, "p" * 254),
    "a tag's value is text": ("set", "value", 3, "3"),
    "a tag's value is not true": ("set", "value", True, "true"),
    "a tag's value is not empty": ("set", "value", "", "0"),
    "a tag is one of the list": ("set", "key", "email", "checkout"),
    "an event's name is text": ("event", "name", 7, "seven"),
    "an event has a name": ("event", "name", ..., "purchase"),
    "an identify has the session": ("identify", "session", ..., SESSION),
    "consent is granted or denied": ("consentv2", "ad_Storage", "yes", "granted"),
    "consent is no boolean": ("consentv2", "analytics_Storage", True, "granted"),
    "a value holds no e-mail address": ("set", "value", "ana@tienda.co", "tienda.co"),
    "a value holds no encoded e-mail address": ("set", "value", "ana%40tienda.co", "tienda"),
    "an id is no e-mail address": ("identify", "id", "ana@tienda.co", "5e884898da28"),
    "a page is no e-mail address": ("identify", "page", "ana@tienda.co", "m-1"),
    "a value is no sentence": ("set", "value", "llámame mañana", "manana"),
    "a value is no telephone number": ("set", "value", "+573001234567", "50k-200k"),
    "a value is no exact amount": ("set", "value", "1414700.00", "1m-3m"),
    "a call has no other keys": ("event", "value", "x", ...),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_the_contract_holds(bridge, limit):
    op, key, breach, allowed = LIMITS[limit]

    assert breaches(bridge, an(op, **{key: breach})) != []
    assert breaches(bridge, an(op, **{key: allowed})) == []


@pytest.mark.parametrize("op", ["stop", "consent", "metadata", "start", "constructor", 1])
def test_no_other_call_is_known(bridge, op):
    [first, *_] = breaches(bridge, {"op": op, "name": "x"})

    assert first.startswith("calls[0].op ")


@pytest.mark.parametrize(
    "session", ["1afj2k", "1795555555555555555", "1790000000.1790000000", "ana@tienda.example.co"]
)
def test_the_session_is_one_that_nobody_guesses(bridge, session):
    assert breaches(bridge, an("event"), session=session) != []


def test_a_payload_has_at_least_one_call_and_at_most_ten(bridge):
    assert breaches(bridge) != []
    assert breaches(bridge, *[an("event")] * 11) != []
    assert breaches(bridge, *[an("event")] * 10) == []


def test_the_snippet_makes_the_calls_of_the_contract_and_no_others(bridge):
    text = (ROOT / "docs/vendors/clarity-bridge.js").read_text()
    [listed] = re.findall(r"\[(\"consentv2\"[^\]]+)\]", text)

    ops = [one.strip(' "') for one in listed.split(",")]

    assert ops == ["consentv2", "identify", "set", "event", "upgrade"]
    assert all(breaches(bridge, an(op)) == [] for op in ops)


def decided(bridge, name="Order Completed", properties=..., **changed):
    event = a_logged_event(
        **{"type": "track", "event": name, "context": CONTEXT, "properties": properties, **changed}
    )
    [decision] = decide(bridge, event, SHOP, event.received_at)
    return decision


def calls(bridge, *args, **changed):
    decision = decided(bridge, *args, **changed)
    assert (decision.verb, decision.faults) == (Verb.SEND, ())
    return [tuple(call.values()) for call in decision.payload.body["calls"]]


COP = {"currency": "cop"}
CASES = {
    "order": ("Order Completed", {**COP, "total": "1299900", "payment_method": "PSE / Débito"}),
    "dollars": ("Order Completed", {"currency": "USD", "total": 99}),
    "checkout": ("Checkout Started", {**COP, "value": 49_999}),
    "order by its value": ("Order Completed", {**COP, "value": "250000", "revenue": 1}),
    "checkout by its revenue": ("Checkout Started", {**COP, "revenue": 250_000, "total": 1}),
    "checkout by its total": ("Checkout Started", {**COP, "total": "250000"}),
    "cart by its total": ("Cart Viewed", {**COP, "total": "250000"}),
    "product": ("Product Viewed", {"category": "Celulares/Gama alta"}),
    "contact data": ("Product Viewed", {"category": "ana@tienda.co"}),
    "long": ("Chatbot Message Sent", {"topic": "x" * 300}),
    "nothing usable": ("Chatbot Message Sent", {"topic": "¿?"}),
    "search": ("Products Searched", {"query": "celular para ana@tienda.co"}),
    "search that found nothing": ("Products Searched", {"query": "x", "products": []}),
    "search that found": ("Products Searched", {"query": "x", "products": [{"sku": "A"}]}),
    "sign-in": ("Signed In", {"username": "ana"}),
    "sign-up": ("Signed Up", {"method": "Google", "email": "ana@tienda.co"}),
    "refund": ("Order Refunded", {"order_id": "A-1", "total": 5}),
}
ID = "0ac1600267d3ae64ffec3cdf39a2f05d2e55a27968336d264af2dd0e4ca6a6dd"
CHECKOUT = [
    ("set", "checkout", "started"),
    ("event", "begin_checkout"),
    ("upgrade", "checkout"),
]
EXPECTED = {
    "order": [
        ("set", "order_value_band", "1m-3m"),
        ("set", "payment_method", "pse_debito"),
        ("event", "purchase"),
    ],
    "dollars": [("event", "purchase")],
    "checkout": [
        ("set", "cart_value_band", "0-50k"),
        *CHECKOUT,
    ],
    "order by its value": [("set", "order_value_band", "200k-1m"), ("event", "purchase")],
    "checkout by its revenue": [("set", "cart_value_band", "200k-1m"), *CHECKOUT],
    "checkout by its total": [("set", "cart_value_band", "200k-1m"), *CHECKOUT],
    "cart by its total": [("set", "cart_value_band", "200k-1m")],
    "product": [("set", "product_category", "celulares_gama_alta"), ("event", "product_viewed")],
    "contact data": [("set", "product_category", "email"), ("event", "product_viewed")],
    "long": [("set", "chat_topic", "x" * 254), ("event", "chat_message")],
    "nothing usable": [("event", "chat_message")],
    "search": [("event", "search")],
    "search that found nothing": [("set", "search_results", "zero"), ("event", "search")],
    "search that found": [("set", "search_results", "some"), ("event", "search")],
    "sign-in": [("identify", ID, SESSION), ("event", "sign_in")],
    "sign-up": [
        ("identify", ID, SESSION),
        ("set", "sign_up_method", "google"),
        ("event", "sign_up"),
    ],
    "refund": [("set", "has_refund", "true")],
}


@pytest.mark.parametrize("case", CASES)
def test_an_event_becomes_these_calls(bridge, case):
    name, properties = CASES[case]

    assert calls(bridge, name, properties, userId="cli-10023") == EXPECTED[case]


def test_a_page_view_tells_who_and_what_and_nothing_of_consent(bridge):
    body = {"type": "page", "event": ..., "category": "Catálogo", "anonymousId": "a-1"}

    found = calls(bridge, properties={}, userId="cli-10023", **body)

    assert found == [
        ("identify", ID, SESSION, "message-1"),
        ("set", "page_type", "catalogo"),
        ("set", "locale", "es_co"),
    ]


def test_a_shop_whose_banner_does_not_tell_clarity_has_page_views_tell_it(tmp_path):
    project = a_project(tmp_path)
    file = project / "destinations/clarity.yaml"
    file.write_text(file.read_text().replace("tells_consent: false", "tells_consent: true"))
    release, _ = findings_of(project, {**DEMO_ENV, "CLARITY_BRIDGE_MODE": "live"})

    found = calls(release.destination("clarity"), type="page", event=..., properties={})

    assert found[0] == ("consentv2", "denied", "granted")


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({"consent": CONTEXT["consent"]}, "it names no browser session (context.sessionId)"),
        ({**CONTEXT, "sessionId": "  "}, "it names no browser session (context.sessionId)"),
        ({**CONTEXT, "sessionId": 1_795_184_123_000}, GUESSED),
        ({**CONTEXT, "sessionId": "1795184123"}, GUESSED),
        ({"sessionId": SESSION}, "consent"),
        ({**CONTEXT, "consent": {"categoryPreferences": {"analytics": False}}}, "consent"),
    ],
)
def test_without_a_session_or_consent_nothing_is_bridged(bridge, context, reason):
    decision = decided(bridge, properties={}, context=context)

    assert (decision.payload, decision.reason) == (None, reason)


def test_a_cart_without_a_band_is_no_reason_for_a_dead_letter(bridge):
    decision = decided(bridge, "Cart Viewed", {"value": 10, "currency": "USD"})

    assert (decision.verb, decision.reason) == (Verb.SKIP, "no rule")
