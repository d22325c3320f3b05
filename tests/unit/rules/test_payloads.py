"""What the rules of a destination make of a shop's events, to the letter.

``tests/cases/payloads/events.yaml`` holds events as a Spanish-speaking shop really sends them, each
by a sentence; every other file there is a destination: for each sentence the rules that fire, with
their payloads or the reason why nothing is sent.
"""

import json
from functools import cache

import pytest
import yaml

from engine.authoring.dry_run import dry_run
from engine.model.cache import Caches
from engine.model.clock import from_iso
from engine.model.decision import Verb
from engine.project.read import read_project
from engine.release.build import build_release
from tests.support.events import SHOP
from tests.support.processes import ROOT

FOLDER = ROOT / "tests/cases/payloads"
NOW = from_iso("2026-11-20T15:00:00Z")
ENV = {
    "SHOP_WRITE_KEY": "demo-write-key",
    "AMPLITUDE_API_KEY": "demo-amplitude-key",
    "MIXPANEL_SERVICE_SECRET": "demo-mixpanel-secret",
    "KLAVIYO_API_KEY": "pk_demo",
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0DEMO/B0DEMO/demo",
    "WEBHOOK_URL": "https://erp.example.com/hooks",
    "TIKTOK_ACCESS_TOKEN": "demo-tiktok-token",
    "PINTEREST_CONVERSION_TOKEN": "demo-pinterest-token",
    "GOOGLE_ADS_CREDENTIALS": "key.json",
    "GOOGLE_ADS_PURCHASE_ACTION": "7001",
    "GOOGLE_ADS_SIGN_UP_ACTION": "7002",
    "GOOGLE_ADS_LEAD_ACTION": "7003",
    "GOOGLE_ADS_MERCHANT_ID": "5500",
    "MICROSOFT_CLARITY_PROJECT_ID": "demo-clarity",
}

EVENTS = yaml.safe_load((FOLDER / "events.yaml").read_text("utf-8"))
CASES = [
    (path.stem, sentence, expected)
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.stem != "events"
    for sentence, expected in yaml.safe_load(path.read_text("utf-8")).items()
]
CLEAR = ("ana.nunez", "ana%40", "ana@", "7654321", "765 4321", "Núñez")
"""How the person's contact data would look in the clear, in whatever place."""


@cache
def the_release():
    project, _ = read_project(ROOT, ENV)
    return build_release(project, Caches.on())[0]


def decisions(destination, sentence, now=NOW):
    event = {**EVENTS["person"], **EVENTS["events"][sentence]}
    body = {key: value for key, value in event.items() if value is not None}
    dry = dry_run(the_release(), body, SHOP, now, frozenset({destination}))
    return [decision for _, decision in dry.decisions]


@pytest.mark.parametrize(("destination", "sentence", "expected"), CASES, ids=str)
def test_the_payload_is_this_one_to_the_letter(destination, sentence, expected):
    found = decisions(destination, sentence)

    assert [
        {"rule": one.rule, "dropped": one.reason}
        if one.payload is None
        else {"rule": one.rule, "payload": one.payload.body}
        for one in found
    ] == expected
    assert [one.faults for one in found] == [()] * len(found)
    assert {one.verb for one in found} <= {Verb.SEND, Verb.DROP}


@pytest.mark.parametrize(
    "destination",
    ["amplitude", "mixpanel", "slack", "webhook", "tiktok", "pinterest", "google-ads"],
)
def test_contact_data_leaves_in_the_clear_for_klaviyo_alone(destination):
    for name, sentence, _ in CASES:
        if name == destination:
            sent = [one.payload.body for one in decisions(destination, sentence) if one.payload]
            text = json.dumps(sent, ensure_ascii=False)
            assert [clear for clear in CLEAR if clear in text] == [], sentence


@pytest.mark.parametrize(
    "destination",
    ["amplitude", "mixpanel", "klaviyo", "webhook", "tiktok", "pinterest", "google-ads"],
)
def test_each_of_the_ten_use_cases_has_its_payload(destination):
    told = {sentence for name, sentence, _ in CASES if name == destination}
    types = {EVENTS["events"][one].get("event", EVENTS["events"][one]["type"]) for one in told}

    assert types >= {
        *("page", "Product Viewed", "Product Added", "Product Removed", "Checkout Started"),
        *("Payment Info Entered", "Order Completed", "Products Searched", "Signed Up", "Lead"),
        "Chatbot Message Sent",
    }
