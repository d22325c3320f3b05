"""Why a destination gets what it gets: the gates, the rules tried, and what each leaf gave."""

import json
from collections.abc import Iterator

from engine.authoring.dry_run import Dry
from engine.mapping.compile import MappingFault
from engine.mapping.missing import MISSING
from engine.mapping.trace import LeafTrace
from engine.model.clock import Millis
from engine.model.decision import Decision
from engine.model.errors import BoundPassed
from engine.model.event import Event, Source
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import Consent
from engine.pipeline.decide import bucket, closed_gate, look_up, names_for
from engine.pipeline.memory import without_remembered
from engine.pipeline.privacy import consent_of
from engine.pipeline.scope import view
from engine.release.destination import Destination
from engine.release.release import Release
from engine.release.routes import Rule

VALUE_LENGTH = 60
OF_DATA = frozenset({"event", "properties", "context", "traits", "user"})
"""The names under which an event's own data stand."""

SOURCE = Source("dry-run")


def explain(  # noqa: PLR0913 - of what, for whom, when, and how much of it
    release: Release,
    dry: Dry,
    destination: Destination,
    decision: Decision,
    now: Millis,
    *,
    leaves: bool = True,
) -> list[str]:
    """Lines for a person who asks why ``decision`` was made of the event of ``dry``, if any.

    The gates and the rules that were tried and, with ``leaves``, what each leaf gave.
    """
    if (event := dry.event) is None:
        return []
    source = source_of(release, event)
    seen = view(event, source, dry.stored)
    lines = list(_gates(destination, event, seen))
    if closed_gate(destination, event, as_body(seen["consent"])):
        return lines
    names = names_for(destination, event, seen, now)
    came = event._replace(body=without_remembered(event.body))
    own_names = names
    if came.body is not event.body:
        own_names = names_for(destination, came, view(came, source, dry.stored), now)
    lines += _rules(destination, event, decision, names)
    chosen = next((one for one in destination.routes.rules if one.name == decision.rule), None)
    if chosen is not None and leaves:
        lines += _leaves(chosen, decision, names, own_names)
    return lines


def source_of(release: Release, event: Event) -> Source:
    """Who sent the event; a source that there is no more is one of the shop's own services."""
    spec = next((one for one in release.spec.sources if one.name == event.source), None)
    return SOURCE if spec is None else Source(spec.name, spec.kind, spec.unplanned)


def _gates(destination: Destination, event: Event, seen: Body) -> Iterator[str]:
    remembered = as_body(event.body.get("context")).get("remembered")
    if isinstance(remembered, list) and remembered:
        yield f"remembered and filled in: {', '.join(map(str, remembered))}"
    needed = destination.consent.all or destination.consent.any
    consent = as_body(seen["consent"])
    if needed:
        stated = ", ".join(_stated(event, consent, category) for category in needed)
        yield f"consent: {stated} (when missing: {destination.consent.when_missing})"
    if destination.rollout_percent < 100:
        share = bucket(destination.name, event) / 100
        yield f"rollout: this person stands at {share:g} of 100, {destination.rollout_percent:g} go"
    if destination.ip != "full":
        yield f"ip: {destination.ip}"
    if gate := closed_gate(destination, event, consent):
        yield f"stopped by: {gate}"


def _stated(event: Event, consent: Body, category: str) -> str:
    """What holds of a category, and whether the event says so or its person did elsewhere."""
    words = {True: "granted", False: "refused", None: "missing"}
    own = consent_of(event.body).of(category)
    holds = Consent({name: value is True for name, value in consent.items()}).of(category)
    return f"{category} {words[holds]}{'' if holds == own else ' by what is stored'}"


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


def _leaves(rule: Rule, decision: Decision, names: Body, own_names: Body) -> Iterator[str]:
    """What each leaf gave; remembered is what it gave only with what was filled into the event."""
    try:
        leaves = _trace(rule, decision, names)
        own = {leaf.path: leaf.value for leaf in _trace(rule, decision, own_names)}
    except BoundPassed as passed:
        yield str(passed)
        return
    for leaf in leaves:
        is_own = own_names is names or own.get(leaf.path, MISSING) == leaf.value
        yield _leaf(leaf, "" if is_own else "    remembered")
        yield from _choice(leaf, names)


def _choice(leaf: LeafTrace, names: Body) -> Iterator[str]:
    """Where an expression has several places to take a value from: which of them have one."""
    paths = [path for path in leaf.reads if path[0] in OF_DATA and "[]" not in path]
    there = [".".join(path) for path in paths if look_up(names, path) is not None]
    absent = [".".join(path) for path in paths if look_up(names, path) is None]
    if there and absent:
        yield f"    has {', '.join(there)}; has no {', '.join(absent)}"


def _trace(rule: Rule, decision: Decision, names: Body) -> tuple[LeafTrace, ...]:
    template = rule.traced()
    if template is None:
        return ()
    scope = dict(names) | {"part": decision.part}
    if rule.each is not None:
        lines = rule.each.lines(names)
        if lines is not MISSING and decision.part < len(lines):
            scope[rule.each.name] = lines[decision.part]
    return tuple(template.render(scope).trace)


def _leaf(leaf: LeafTrace, remembered: str) -> str:
    given = f"dropped: {leaf.dropped}" if leaf.dropped else _shown(leaf.value)
    expression = " ".join(leaf.expression.split())
    place = f"{leaf.place.file}:{leaf.place.line}"
    return f"{leaf.path} = {given}{remembered}    {expression}    {place}"


def _shown(value: object) -> str:
    text = "missing" if value is MISSING else json.dumps(_plain(value), ensure_ascii=False)
    return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 1]}…"


def _plain(value: object) -> Json:
    return value  # type: ignore[return-value]  # leaves give JSON
