"""What each destination of the reference project gets of an event, with all of them live."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from engine.authoring.dry_run import dry_run
from engine.model.cache import Caches
from engine.model.decision import Decision, Verb
from engine.project.read import read_project
from engine.release.build import build_release
from engine.release.release import Release
from tests.support.events import NOW, SHOP
from tests.support.processes import DEMO_ENV, ROOT

ENV = {
    **DEMO_ENV,
    "AMPLITUDE_API_KEY": "demo-amplitude-key",
    "MIXPANEL_SERVICE_SECRET": "demo-mixpanel-secret",
    "KLAVIYO_API_KEY": "pk_demo",
    "WEBHOOK_URL": "https://erp.example.com/hooks",
    "TIKTOK_ACCESS_TOKEN": "demo-tiktok-token",
    "PINTEREST_CONVERSION_TOKEN": "demo-pinterest-token",
    "GOOGLE_ADS_CREDENTIALS": "key.json",
    "GOOGLE_ADS_PURCHASE_ACTION": "7001",
    "GOOGLE_ADS_SIGN_UP_ACTION": "7002",
    "GOOGLE_ADS_LEAD_ACTION": "7003",
    "GOOGLE_ADS_ADD_TO_CART_ACTION": "7004",
    "GOOGLE_ADS_CHECKOUT_ACTION": "7005",
    "CLARITY_BRIDGE_MODE": "live",
}


@cache
def the_release() -> Release:
    """The reference release."""
    project, findings = read_project(ROOT, ENV)
    assert project is not None, findings
    return build_release(project, Caches.on())[0]


def agreed(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event of somebody who agreed to everything."""
    everything = {"advertising": True, "analytics": True, "functional": True}
    consent = {"categoryPreferences": everything}
    return {**event, "context": {**event["context"], "consent": consent}}


def decisions(destination: str, event: Mapping[str, Any]) -> list[Decision]:
    """Every decision of the destination, each without a fault."""
    dry = dry_run(the_release(), dict(event), SHOP, NOW, frozenset({destination}))
    found = [decision for _, decision in dry.decisions]
    assert found, dry.verdict
    assert [one.faults for one in found] == [()] * len(found)
    return found


def payload(destination: str, event: Mapping[str, Any]) -> Any:
    """Its first payload, which met the contract."""
    first = decisions(destination, event)[0]
    assert first.verb is Verb.SEND, (first.verb, first.reason)
    assert first.payload is not None
    return first.payload.body


def at(tree: Any, path: str) -> Any:
    """What stands at a path of keys with slashes; None where a key is missing."""
    for key in path.split("/"):
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree
