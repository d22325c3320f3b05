"""Consent that nobody stated: a source's own default, below what the person once said."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.ingest.accept import Ingest
from engine.ingest.consent import StoredConsent
from engine.model.event import Inbound
from engine.model.jsonvalue import as_body
from engine.pipeline.normalise import normalise
from engine.pipeline.privacy import NOT_OF_A_MAPPING, OTHERS, as_told, category_of, stated_in
from engine.release.release import Release

EVENT, PERSON, SOURCE = "event", "person", "source"
"""``context.consent.basis``: whose word it was at acceptance, the first of them that said anything.

An event that Encamina made has ``cause``: what held for the event that it is made of
(pipeline/derive).
"""


async def with_consent(
    ingest: Ingest, release: Release, inbounds: Sequence[Inbound]
) -> list[Inbound]:
    """The events, each with whose word on consent counted, and with the source's where it may.

    Of each category the event's own goes first, then what the person stated before, then what
    encamina.yaml says of the source. That last is written apart from what was stated: nothing is
    learnt of it about the person, and what they state later goes before it. What came in its place
    is not taken over.
    """
    if not inbounds:
        return []
    default = _default(release, inbounds[0].source.name)
    told = [as_told(one, NOT_OF_A_MAPPING) for one in inbounds]
    silent = [one for one in told if not _stated(one)]
    known = await _stated_before(ingest, release, silent)
    return [_marked(one, _basis(one, known), _left_open(_stated(one), default)) for one in told]


def _basis(inbound: Inbound, known: Mapping[int, bool]) -> str:
    """Whose word it is; ``known`` has those whose event says nothing."""
    if id(inbound) not in known:
        return EVENT
    return PERSON if known[id(inbound)] else SOURCE


def _left_open(stated: Mapping[str, bool], default: Mapping[str, bool]) -> dict[str, bool]:
    """What is assumed: of the categories that were not stated. A list states all of them."""
    if OTHERS in stated:
        return {}
    assumed = {category_of(name): is_granted for name, is_granted in default.items()}
    return {name: is_granted for name, is_granted in assumed.items() if name not in stated}


def _default(release: Release, source: str) -> Mapping[str, bool]:
    return next((one.consent for one in release.spec.sources if one.name == source), {})


def _stated(inbound: Inbound) -> Mapping[str, bool]:
    body = as_body(inbound.body)
    return stated_in(as_body(body.get("context")))


async def _stated_before(
    ingest: Ingest, release: Release, silent: Sequence[Inbound]
) -> Mapping[int, bool]:
    """Whether the person of each of these stated anything, by the id of the object."""
    if not silent:
        return {}
    remember_ms = release.spec.remember_ms
    if ingest.people is None or not remember_ms:
        return {id(one): False for one in silent}
    now = silent[0].received_at
    stored = StoredConsent(ingest.people, remember_ms, lambda: now)
    events = [normalise(one, as_body(one.body)) for one in silent]
    statements = await stored.stored_consent(events)
    return {id(one): bool(said) for one, said in zip(silent, statements, strict=True)}


def _marked(inbound: Inbound, basis: str, assumed: Mapping[str, bool]) -> Inbound:
    body = inbound.body
    if not isinstance(body, Mapping) or (basis == SOURCE and not assumed):
        return inbound
    context = as_body(body.get("context"))
    consent = {**as_body(context.get("consent")), "basis": basis}
    if assumed:
        consent["assumed"] = dict(assumed)
    return replace(inbound, body={**body, "context": {**context, "consent": consent}})
