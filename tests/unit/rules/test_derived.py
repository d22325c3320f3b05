"""What the reference rules make of the events that are made from events."""

import json
from pathlib import Path

import pytest
import yaml

from engine.model.decision import Verb
from engine.model.event import Inbound
from engine.pipeline.admit import admit
from engine.pipeline.decide import decide
from tests.support.events import NOW, SHOP
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

SCHEMAS = Path(__file__).parents[3] / "schemas/events"
ENV = {**DEMO_ENV, "GA4_MODE": "live", "POSTHOG_SCOPE": "all", "KLAVIYO_API_KEY": "k"}


@pytest.fixture(scope="module")
def release():
    return the_reference_release(ENV)


def decided(release, file, destination, without=(), **ids):
    """What a destination gets of the example in a schema, with these ids of its browser."""
    example = yaml.safe_load((SCHEMAS / f"{file}.yaml").read_text())["examples"][0]
    context = {**example["context"], "ga_client_id": "1290837465.1792328412", **ids}
    properties = {key: one for key, one in example["properties"].items() if key not in without}
    body = json.loads(json.dumps({**example, "context": context, "properties": properties}))
    event = admit(release, Inbound(SHOP, body, NOW)).event
    [one] = decide(release.destination(destination), event, SHOP, NOW)
    return one


@pytest.mark.parametrize(
    ("destination", "path", "name"),
    [
        ("meta", ("event_name",), "CartAbandoned"),
        ("posthog", ("event",), "Cart Abandoned"),
        ("ga4", ("event", "name"), "cart_abandoned"),
        ("gtm", ("event", "name"), "cart_abandoned"),
        ("klaviyo", ("metric", "data", "attributes", "name"), "Abandoned Cart"),
    ],
)
def test_an_abandoned_cart_goes_out_with_what_was_in_it(release, destination, path, name):
    one = decided(release, "cart-abandoned", destination)
    found = one.payload.body
    for step in path:
        found = found[step]

    assert (one.verb, one.faults) == (Verb.SEND, ())
    assert found == name
    assert "5629800" in json.dumps(one.payload.body)
    assert "TE-BUDS4-BL" in json.dumps(one.payload.body)


@pytest.mark.parametrize("destination", ["meta", "posthog", "ga4", "gtm", "klaviyo"])
def test_a_cart_of_which_only_its_worth_is_known_goes_out_with_it(release, destination):
    one = decided(release, "cart-abandoned", destination, without=("products",))

    assert (one.verb, one.faults) == (Verb.SEND, ())
    assert "5629800" in json.dumps(one.payload.body)


@pytest.mark.parametrize("destination", ["ga4", "gtm"])
def test_an_abandoned_cart_belongs_to_the_session_that_it_was_left_in(release, destination):
    one = decided(release, "cart-abandoned", destination, ga_session_id="1795182000")
    params = one.payload.body["event"]["params"]

    assert str(params["session_id"]) == "1795182000"
    assert (params["cart_id"], params["minutes_idle"]) == ("car-58120", 60)


def test_one_of_a_session_of_the_day_before_belongs_to_none(release):
    one = decided(release, "cart-abandoned", "ga4", ga_session_id="1795000000")

    assert "session_id" not in one.payload.body["event"]["params"]


@pytest.mark.parametrize("destination", ["meta", "ga4", "gtm"])
@pytest.mark.parametrize("file", ["first-purchase", "repeat-purchase"])
def test_no_purchase_counts_twice(release, file, destination):
    assert decided(release, file, destination).verb is Verb.DROP


@pytest.mark.parametrize("file", ["first-purchase", "repeat-purchase"])
def test_posthog_gets_first_and_repeated_purchases_without_a_revenue(release, file):
    one = decided(release, file, "posthog")

    assert one.verb is Verb.SEND
    assert "revenue" not in one.payload.body["properties"]
