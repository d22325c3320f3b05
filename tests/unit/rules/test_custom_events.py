"""Events that stand in no plan: where they go under their own names, and what of them."""

import json
from typing import Any

import pytest

from engine.model.decision import Verb
from engine.model.event import Inbound
from engine.pipeline.admit import admit
from engine.pipeline.decide import decide
from tests.support.events import NOW, SHOP
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

ON = {**DEMO_ENV, "GTM_MODE": "live", "GA4_CUSTOM_EVENTS": "on", "META_CUSTOM_EVENTS": "on"}
VENDORS = ("posthog", "ga4", "gtm", "meta")
TOLD = {"event_category": "custom", "event_action": "girar", "event_label": "10% ana@y.co"}
CLICK = {"interaction_type": "click", "element_id": "btn", "element_text": "Ana", "x": 5}


def decided(vendor: str, name: str, env: dict[str, str] | None = None, **given: Any) -> Any:
    context = {
        "consent": {"categoryPreferences": {"advertising": True, "analytics": True}},
        "ga_client_id": "1290837465.1792328412",
        "userAgent": "Mozilla/5.0 (Linux; Android 15; SM-S938B) Mobile",
        "ip": "203.0.113.24",
        "page": {"url": "https://tienda.example.com/ruleta"},
    }
    body = {
        "type": "track",
        "event": name,
        "messageId": "m-1",
        "anonymousId": "b-1",
        "context": {**context, **given.pop("context", {})},
        "properties": given,
    }
    release = the_reference_release(ON if env is None else env)
    event = admit(release, Inbound(SHOP, body, NOW)).event
    [one] = decide(release.destination(vendor), event, SHOP, NOW)
    assert one.faults == ()
    return one


def sent(vendor: str, name: str, **given: Any) -> tuple[str, dict[str, Any]]:
    """The name and the data of an event there, without those that every event has."""
    one = decided(vendor, name, **given)
    assert one.verb is Verb.SEND, one
    body = one.payload.body
    if vendor == "posthog":
        own = {key: value for key, value in body["properties"].items() if key[0] != "$"}
        return body["event"], own
    if vendor == "meta":
        return body["event_name"], body.get("custom_data", {})
    common = {"event_id", "timestamp_micros", "engagement_time_msec", "page_location"}
    params = body["event"]["params"]
    return body["event"]["name"], {key: params[key] for key in params if key not in common}


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_event_of_the_shop_goes_under_its_own_name_with_what_is_named_alone(vendor):
    name, data = sent(vendor, "mi_evento", **TOLD, value=5, currency="COP", nombre="Ana")

    assert name == "mi_evento"
    assert (data["event_category"], data["event_action"]) == ("custom", "girar")
    assert 5 in data.values()
    assert "Ana" not in json.dumps(data)
    assert "ana@y.co" not in json.dumps(data)


@pytest.mark.parametrize(
    ("vendor", "name"), [("posthog", "click"), ("ga4", "interaction_click"), ("gtm", "interaction_click")]
)  # fmt: skip
def test_an_interaction_goes_with_its_element(vendor, name):
    found, data = sent(vendor, "click", **CLICK)

    assert found == name
    assert (data["interaction_type"], data["element_id"]) == ("click", "btn")
    assert "Ana" not in json.dumps(data)


def test_an_interaction_is_no_signal_for_ads():
    assert decided("meta", "click", **CLICK).verb is Verb.DROP


@pytest.mark.parametrize("vendor", VENDORS)
def test_nothing_of_it_goes_unless_it_is_asked_for(vendor):
    env = {**DEMO_ENV, "GTM_MODE": "live", "POSTHOG_SCOPE": "server-only"}

    assert decided(vendor, "mi_evento", env, **TOLD).verb in (Verb.SKIP, Verb.DROP)


@pytest.mark.parametrize(
    ("vendor", "name"),
    [
        ("posthog", "$identify"),
        ("posthog", "$pageview"),
        *((vendor, one) for vendor in ("ga4", "gtm") for one in ("purchase", "Page View", "scroll")),
        *((vendor, one) for vendor in ("ga4", "gtm") for one in ("session_start", "ga_x", "google_x")),
        *(("meta", one) for one in ("Purchase", "purchase", "add_to_cart", "Page View")),
        *((vendor, "Clarity Insights Imported") for vendor in VENDORS),
    ],
)  # fmt: skip
def test_what_would_count_as_something_else_is_dropped(vendor, name):
    assert decided(vendor, name, metric="traffic", day="2026-11-20").verb is Verb.DROP


@pytest.mark.parametrize("vendor", ["ga4", "gtm", "meta"])
def test_what_lacks_what_its_event_needs_goes_nowhere_under_another_word(vendor):
    posted = {"model": "event", "meant": "Order Completed", "wrong": ["metadata.order_id"]}

    assert decided(vendor, "compra", context={"posted": posted}).verb is Verb.DROP


@pytest.mark.parametrize(
    ("vendor", "name", "becomes"),
    [
        ("ga4", "Ruleta Girada!", "ruleta_girada"),
        ("ga4", "3D visto", "e_3d_visto"),
        ("ga4", "x" * 300, "x" * 40),
        ("ga4", "de ana@y.co", "de_email"),
        ("posthog", "de ana@y.co", "de [email]"),
        ("posthog", "x" * 300, "x" * 200),
        ("meta", "de ana@y.co", "de [email]"),
        ("meta", "x" * 300, "x" * 50),
    ],
)
def test_names_are_as_the_vendor_takes_them(vendor, name, becomes):
    assert sent(vendor, name)[0] == becomes


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("odd", [{"a": 1}, [1], "x" * 3000, -1.5, True, 7])
def test_odd_data_cost_no_event(vendor, odd):
    keys = ("event_category", "event_action", "event_label", "value", "currency", "element_id")

    sent(vendor, "mi_evento", **dict.fromkeys(keys, odd))
