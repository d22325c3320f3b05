"""What GA4 and a server container get of an event, by the reference rules."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from engine.authoring.dry_run import dry_run
from engine.model.cache import Caches
from engine.model.decision import Decision
from engine.project.read import read_project
from engine.release.build import build_release
from engine.release.release import Release
from tests.support.events import NOW, SHOP, an_event
from tests.support.processes import DEMO_ENV, ROOT

GOOGLE = ("ga4", "gtm", "gtm-data")
STREAM = "_ga_ABC123"
"""The session cookie of the stream in ``DEMO_ENV``."""


@cache
def the_release(**env: str) -> Release:
    """The reference release with more in its environment, and Google's destinations alone."""
    project, findings = read_project(ROOT, {**DEMO_ENV, **env})
    assert project is not None, findings
    ours = tuple(one for one in project.destinations if one.name in GOOGLE)
    return build_release(replace(project, destinations=ours), Caches.on())[0]


def decisions(event: Mapping[str, Any], destination: str = "ga4", **env: str) -> list[Decision]:
    """Every decision of the destination."""
    dry = dry_run(the_release(**env), dict(event), SHOP, NOW, frozenset({destination}))
    assert not dry.verdict.reasons if hasattr(dry.verdict, "reasons") else True, dry.verdict
    return [decision for _, decision in dry.decisions]


def payload(event: Mapping[str, Any], destination: str = "ga4", **env: str) -> Any:
    """The one payload that goes out, its contract met."""
    (decision,) = decisions(event, destination, **env)
    assert decision.verb == "send", (decision.verb, decision.reason, decision.faults)
    assert decision.faults == ()
    return decision.payload.body


def params(event: Mapping[str, Any], **env: str) -> Any:
    """The params of that payload."""
    return payload(event, **env)["event"]["params"]


def with_context(name: str = "Order Completed", /, **context: Any) -> dict[str, Any]:
    """An event with more in its context; None takes a key out."""
    event = an_event(name)
    merged = {**event["context"], **context}
    return {**event, "context": {key: one for key, one in merged.items() if one is not None}}


def of_person(**traits: Any) -> dict[str, Any]:
    """An order of a person with these traits."""
    return with_context(traits=traits)


def order(**properties: Any) -> dict[str, Any]:
    """An order with other properties; None takes a key out."""
    event = an_event()
    merged = {**event["properties"], **properties}
    return {**event, "properties": {key: one for key, one in merged.items() if one is not None}}


def hashed(text: str) -> str:
    """Its SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def texts_in(value: Any) -> list[str]:
    """Every text, at every depth, and every key."""
    match value:
        case str():
            return [value]
        case dict():
            return [*value, *(text for one in value.values() for text in texts_in(one))]
        case list():
            return [text for one in value for text in texts_in(one)]
        case _:
            return []
