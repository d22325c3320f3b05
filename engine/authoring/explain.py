"""Why a destination gets what it gets: the gates, the rules tried, and what each leaf gave."""

import json
from collections.abc import Iterator

from engine.mapping.compile import MappingFault
from engine.mapping.missing import MISSING
from engine.mapping.trace import LeafTrace
from engine.model.clock import Millis
from engine.model.decision import Decision
from engine.model.errors import BoundPassed
from engine.model.event import Event, Source
from engine.model.jsonvalue import Body, Json
from engine.pipeline.decide import bucket, closed_gate, names_for
from engine.pipeline.privacy import consent_of
from engine.pipeline.scope import view
from engine.release.destination import Destination
from engine.release.release import Release
from engine.release.routes import Rule

VALUE_LENGTH = 60
SOURCE = Source("dry-run")


def explain(
    release: Release, destination: Destination, event: Event, decision: Decision, now: Millis
) -> list[str]:
    """Lines for a person who asks why ``decision`` was made of ``event``."""
    lines = list(_gates(destination, event))
    if closed_gate(destination, event):
        return lines
    source = next((one for one in release.write_keys.values() if one.name == event.source), SOURCE)
    names = names_for(destination, event, view(event, source), now)
    lines += _rules(destination, event, decision, names)
    chosen = next((one for one in destination.routes.rules if one.name == decision.rule), None)
    if chosen is not None:
        lines += _leaves(chosen, decision, names)
    return lines


def _gates(destination: Destination, event: Event) -> Iterator[str]:
    needed = destination.consent.all or destination.consent.any
    said = consent_of(event.body)
    words = {True: "granted", False: "refused", None: "missing"}
    if needed:
        stated = ", ".join(f"{category} {words[said.of(category)]}" for category in needed)
        yield f"consent: {stated} (when missing: {destination.consent.when_missing})"
    if destination.rollout_percent < 100:
        share = bucket(destination.name, event) / 100
        yield f"rollout: this person stands at {share:g} of 100, {destination.rollout_percent:g} go"
    if destination.ip != "full":
        yield f"ip: {destination.ip}"
    if gate := closed_gate(destination, event):
        yield f"stopped by: {gate}"


def _rules(
    destination: Destination, event: Event, decision: Decision, names: Body
) -> Iterator[str]:
    for rule in destination.routes.of(event):
        said = _when(rule, names)
        yield f"rule {rule.name} ({rule.place.file}:{rule.place.line}): {said}"
        if rule.name == decision.rule or (said.startswith("matches") and not rule.also):
            return
    if decision.rule is None:
        yield f"no rule of {len(destination.routes.rules)} takes it"


def _when(rule: Rule, names: Body) -> str:
    if rule.when is None:
        return "matches"
    try:
        return "matches" if rule.when.holds(names) else "its when: is false"
    except (MappingFault, BoundPassed) as fault:
        return f"its when: fails: {fault}"


def _leaves(rule: Rule, decision: Decision, names: Body) -> Iterator[str]:
    template = rule.traced()
    if template is None:
        return
    scope = dict(names) | {"part": decision.part}
    if rule.each is not None:
        lines = rule.each.lines(names)
        if lines is not MISSING and decision.part < len(lines):
            scope[rule.each.name] = lines[decision.part]
    try:
        leaves = template.render(scope).trace
    except BoundPassed as passed:
        yield str(passed)
        return
    yield from map(_leaf, leaves)


def _leaf(leaf: LeafTrace) -> str:
    given = f"dropped: {leaf.dropped}" if leaf.dropped else _shown(leaf.value)
    expression = " ".join(leaf.expression.split())
    return f"{leaf.path} = {given}    {expression}    {leaf.place.file}:{leaf.place.line}"


def _shown(value: object) -> str:
    text = "missing" if value is MISSING else json.dumps(_plain(value), ensure_ascii=False)
    return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 1]}…"


def _plain(value: object) -> Json:
    return value  # type: ignore[return-value]  # leaves give JSON
