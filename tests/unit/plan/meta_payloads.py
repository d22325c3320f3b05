"""What Meta gets of an event of a Spanish-speaking shop, for the tests of its rules."""

import hashlib
from functools import cache
from typing import Any

import yaml

from engine.authoring.dry_run import dry_run
from engine.model.clock import Millis
from engine.model.decision import Decision, Verb
from engine.release.release import Release
from tests.support.events import NOW, SHOP, an_event
from tests.support.processes import DEMO_ENV, ROOT
from tests.support.releases import the_reference_release

META = frozenset({"meta"})
GRANTED = {"categoryPreferences": {"advertising": True, "analytics": True}}


@cache
def the_release() -> Release:
    """The reference project's."""
    return the_reference_release(DEMO_ENV)


def decide(
    event: dict[str, Any], release: Release | None = None, now: Millis = NOW
) -> list[Decision]:
    """What Meta would get of an event, as one decision a rule."""
    dry = dry_run(release or the_release(), event, SHOP, now, META)
    assert dry.decisions, dry.verdict
    return [decision for _, decision in dry.decisions]


def payload(event: dict[str, Any], release: Release | None = None) -> dict[str, Any]:
    """The payload of an event that is sent, without a fault on the way."""
    decision = decide(event, release)[0]
    assert (decision.verb, decision.faults) == (Verb.SEND, ()), decision
    assert decision.payload is not None
    return dict(decision.payload.body)


def hashed(text: str) -> str:
    """The SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def of_person(**traits: Any) -> dict[str, Any]:
    """An order of somebody, told by the shop's server."""
    context = an_event()["context"]
    return an_event(context={**context, "traits": traits})


def with_context(name: str = "Order Completed", **changes: Any) -> dict[str, Any]:
    """An event with another context; ``...`` removes a key."""
    context = {**an_event()["context"], **changes}
    return an_event(name, context={k: v for k, v in context.items() if v is not ...})


def order(**changes: Any) -> dict[str, Any]:
    """An order with other properties; ``...`` removes one."""
    properties = {**an_event()["properties"], **changes}
    return an_event(properties={k: v for k, v in properties.items() if v is not ...})


def everything_in(value: Any) -> list[Any]:
    """Every leaf, with every key."""
    if isinstance(value, dict):
        return [*value, *(leaf for one in value.values() for leaf in everything_in(one))]
    if isinstance(value, list):
        return [leaf for one in value for leaf in everything_in(one)]
    return [value]


def example_of(name: str) -> dict[str, Any]:
    """The example that the plan gives of an event, of somebody who agreed."""
    stem = name.lower().replace(" ", "-")
    schema = yaml.safe_load((ROOT / f"schemas/events/{stem}.yaml").read_text("utf-8"))
    example = schema["examples"][0]
    example["context"]["consent"] = GRANTED
    return {**example, "timestamp": "2026-11-20T14:59:58.000Z"}
