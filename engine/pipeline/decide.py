"""Event x destination -> Decisions: what a release says of an event for one destination.

The gates stand in the order of the design: integrations, sources, consent, rollout, rules, age,
contract. What each skip is called is in ``docs/states.md``.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from engine.codec.body import dumps
from engine.mapping.compile import MappingFault
from engine.mapping.missing import MISSING
from engine.model.clock import Millis
from engine.model.decision import Decision, Fault, Payload, Verb
from engine.model.errors import BoundPassed
from engine.model.event import UNREADABLE, Event, Source
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import Remembered
from engine.pipeline.breaches import breaches
from engine.pipeline.consent import consent_for
from engine.pipeline.privacy import consent_of, context_for, is_granted, with_assumed
from engine.pipeline.scope import at, view
from engine.release.destination import Destination, Mode
from engine.release.routes import Rule

BUCKETS = 10_000
NO_RULE = "no rule"
LOST = "the stored event can't be read: the disk gave back other bytes than were written"


class _Case(NamedTuple):
    """An event on its way to one destination at one moment."""

    destination: Destination
    event: Event
    now: Millis


def decide(
    destination: Destination, event: Event, source: Source, now: Millis, seen: Body | None = None
) -> list[Decision]:
    """One decision a delivery, or one that says why there is none.

    ``seen`` is ``scope.view`` of the event, for callers that ask for several destinations. A
    destination that is off gives ``skip`` with the payload that it would get.
    """
    if event.type == UNREADABLE:
        return [Decision(destination.name, Verb.ERROR, reason=LOST)]
    if seen is None:
        seen = view(event, source)
    if reason := closed_gate(destination, event, _object(seen["consent"])):
        return [Decision(destination.name, Verb.SKIP, reason=reason)]
    names = names_for(destination, event, seen, now)
    decisions = _by_rules(_Case(destination, event, now), names)
    if destination.mode is Mode.LIVE:
        return decisions
    return [_by_mode(destination.mode, decision) for decision in decisions]


def bucket(destination: str, event: Event) -> int:
    """0 to 9,999: where the event's person stands in this rollout, always the same.

    Who that is was found at acceptance where the event's own ids don't say it (pipeline/memory).
    """
    body = event.body
    person = (
        as_body(body.get("context")).get("remembered_person")
        or body.get("anonymousId")
        or body.get("userId")
        or event.message_id
    )
    digest = hashlib.sha256(f"{destination}{person}".encode()).digest()
    return int.from_bytes(digest) % BUCKETS


def too_old(event_at: Millis, window_ms: int | None, now: Millis) -> bool:
    """Whether the vendor no longer counts an event of that moment."""
    return window_ms is not None and now - event_at > window_ms


def age_text(window_ms: int) -> str:
    """A window in words: ``older than 7d``."""
    hours = window_ms // 3_600_000
    return f"older than {hours // 24}d" if hours % 24 == 0 else f"older than {hours}h"


def has_consent(destination: Destination, event: Event, stored: Mapping[str, Remembered]) -> bool:
    """Whether the destination may still have the event, by all that its person stated."""
    own = consent_of(event.body).categories
    consent = consent_for(own, event.timestamp, stored)
    context = as_body(event.body.get("context"))
    return is_granted(with_assumed(consent, context), destination.consent)


def closed_gate(destination: Destination, event: Event, consent: Mapping[str, Json]) -> str:
    """The gate before the rules that keeps the event from this destination, empty if none does.

    ``consent`` is what holds of each category, as ``scope.view`` tells it.
    """
    body = event.body
    if "integrations" in body and not _integrated(destination, as_body(body["integrations"])):
        return "integrations"
    if destination.sources and event.source not in destination.sources:
        return "sources"
    if not is_granted(consent, destination.consent):
        return "consent"
    share = destination.rollout_percent
    if share < 100 and bucket(destination.name, event) >= share * BUCKETS / 100:
        return "rollout"
    return ""


def _integrated(destination: Destination, integrations: Body) -> bool:
    """The Segment spec's switch: the destination's own entry, else ``All``, else on."""
    everything = True
    for name, value in integrations.items():
        folded = name.casefold()
        if folded in destination.names:
            return value is not False
        if folded == "all":
            everything = value is not False
    return everything


def names_for(destination: Destination, event: Event, seen: Body, now: Millis) -> dict[str, Json]:
    """Every name that a rule of this destination sees; ``seen`` is ``scope.view`` of the event."""
    names: dict[str, Json] = {
        **seen,
        "tables": destination.rule_tables,
        "settings": destination.settings,
        "part": 0,
        # Without the text of ``now``, which takes 2 µs to write (tests.bench).
        "age_s": (now - event.timestamp) // 1000,
    }
    if destination.ip != "full":
        context = context_for(_object(seen["context"]), destination.ip)
        names["context"] = context
        names["event"] = {**event.body, "context": context}
    if destination.routes.reads_now:
        names["now"] = at(now)
    return names


def _object(value: Json) -> Body:
    """``as_body``, faster for what is nearly always an object (tests.bench)."""
    return value if isinstance(value, dict) else as_body(value)


def _by_mode(mode: Mode, decision: Decision) -> Decision:
    if mode is Mode.OFF:
        return decision._replace(verb=Verb.SKIP, reason="mode")
    if mode is Mode.SHADOW and decision.verb is Verb.SEND:
        return decision._replace(verb=Verb.SHADOW)
    return decision


def _by_rules(case: _Case, names: dict[str, Json]) -> list[Decision]:
    decisions: list[Decision] = []
    for rule in case.destination.routes.of(case.event):
        if rule.when is not None:
            try:
                if not rule.when.holds(names):
                    continue
            except (MappingFault, BoundPassed) as fault:
                return [*decisions, _error(case, rule, fault)]
        decisions += _by_rule(case, rule, names)
        if not rule.also:
            return decisions
    return decisions or [Decision(case.destination.name, Verb.SKIP, reason=NO_RULE)]


def _by_rule(case: _Case, rule: Rule, names: dict[str, Json]) -> list[Decision]:
    if rule.drop is not None:
        return [Decision(case.destination.name, Verb.DROP, rule.name, reason=rule.drop)]
    if rule.each is None:
        return [_render(case, rule, names)]
    try:
        lines = rule.each.lines(names)
    except (MappingFault, BoundPassed) as fault:
        return [_error(case, rule, fault)]
    if lines is MISSING or not lines:
        return [Decision(case.destination.name, Verb.SKIP, rule.name, reason="no lines")]
    return [
        _render(case, rule, {**names, rule.each.name: line, "part": part}, part)
        for part, line in enumerate(lines)
    ]


def _render(case: _Case, rule: Rule, names: Body, part: int = 0) -> Decision:
    assert rule.template is not None
    try:
        rendered = rule.template.render(names)
    except BoundPassed as passed:
        return _error(case, rule, passed, part)
    destination, faults = case.destination, rendered.faults
    # A rule's own window replaces the destination's.
    window_ms = destination.window_ms if rule.window_ms is None else rule.window_ms
    body = {} if rendered.value is MISSING else _object(rendered.value)
    verb, reason, contract = Verb.SEND, "", destination.contract
    if contract is not None and not contract.is_valid(body):
        verb, reason, faults = Verb.INVALID, "contract", faults + breaches(contract, rule, body)
    elif window_ms is not None and too_old(case.event.timestamp, window_ms, case.now):
        verb, reason = Verb.INVALID, age_text(window_ms)
    payload = payload_of(destination, body, rendered.size_bytes)
    return Decision(destination.name, verb, rule.name, part, reason, payload, faults, window_ms)


def payload_of(destination: Destination, body: Body, size_bytes: int | None = None) -> Payload:
    """A rendered body with its size, the values it shares with others, and its dedupe key."""
    key = look_up(body, destination.dedupe) if destination.dedupe else None
    return Payload(
        body,
        len(dumps(body)) if size_bytes is None else size_bytes,
        # Nearly always keys at the top: a call of ours for each costs 2 us more (tests.bench).
        tuple(map(body.get, destination.group_keys))
        if destination.group_keys
        else tuple([look_up(body, path) for path in destination.group_by]),
        key if isinstance(key, str) else None,
    )


def look_up(body: Body, path: tuple[str, ...]) -> Json:
    """What stands at a path of a payload, None where nothing does."""
    found = body.get(path[0])
    for step in path[1:]:
        found = as_body(found).get(step)
    return found


def _error(case: _Case, rule: Rule, fault: MappingFault | BoundPassed, part: int = 0) -> Decision:
    found = fault.fault if isinstance(fault, MappingFault) else _bound(rule, fault)
    reason = f"{found.path}: {found.message}" if found.path else found.message
    return Decision(case.destination.name, Verb.ERROR, rule.name, part, reason, None, (found,))


def _bound(rule: Rule, passed: BoundPassed) -> Fault:
    return Fault("payload", str(passed), rule.place.file, rule.place.line)
