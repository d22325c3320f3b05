"""The one way in for foreign bodies: posted body -> mapping -> events -> ``accept`` -> documents.

Faces give the body and what came with it; they get back a verdict and the stored document of each
event that it made.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from engine.ingest.accept import Ingest, accept
from engine.ingest.assumed import with_consent
from engine.ingest.kept import document_of
from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.errors import Refused
from engine.model.event import Event, Inbound, Source
from engine.model.jsonvalue import Body, Json
from engine.model.verdict import Accepted, Duplicate, Reason, Rejected, Verdict
from engine.pipeline.admit import take as normalised
from engine.pipeline.posted import Came, Posted, is_wanted, posted_events, posted_warnings
from engine.release.inbound import InboundMapping
from engine.release.release import Release

__all__ = ["Came", "Taken", "is_wanted", "take"]

NAMED = 10
"""Reasons that a refusal names in its own text; ``errors`` has all of them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a body: a verdict for each event that it made, in order.

    ``documents`` has for each the stored document, with ``_id`` and ``timestamp``, None where it
    was not accepted or nothing is stored of it.
    """

    verdicts: list[Verdict]
    documents: list[Body | None]
    warnings: tuple[Fault, ...]


def fresh_id() -> str:
    """A ``messageId`` that nothing else has."""
    return str(uuid.uuid4())


async def take(  # noqa: PLR0913 - one body, and what came with it
    ingest: Ingest,
    mapping: InboundMapping,
    body: Json,
    came: Came,
    source: Source | None,
    now: Millis,
    fresh: Callable[[], str] = fresh_id,
) -> Taken:
    """Take a body in; what was accepted is durable when this returns.

    The events are those of ``source``, else of the mapping's own. Raises ``Refused``: 400 with
    ``errors`` where the body breaks ``post.body``, and as ``accept`` does.
    """
    check_body(mapping, body)
    release, sender = ingest.release(), source or mapping.source
    warnings = [*posted_warnings(mapping, body, came, sender, now)]
    posted = [*posted_events(release, mapping, body, came, sender, now, fresh)]
    warnings += [fault for one in posted for fault in one.faults]
    inbounds = await with_consent(ingest, release, [one.inbound for one in posted])
    verdicts = await accept(ingest, inbounds)
    documents = [
        _document(release, mapping, inbound, verdict)
        for inbound, verdict in zip(inbounds, verdicts, strict=True)
    ]
    if warnings:
        ingest.notices.warned(mapping.name, warnings)
    told = [_told(verdict, one) for verdict, one in zip(verdicts, posted, strict=True)]
    return Taken(told, documents, tuple(warnings))


def check_body(mapping: InboundMapping, body: Json) -> None:
    """Pass, or raise ``Refused`` (400) for a body that breaks ``post.body``."""
    if mapping.post is None or mapping.post.body is None:
        return
    if reasons := mapping.post.body.reasons(body):
        named = "; ".join(f"{one.path or 'the body'} {one.message}" for one in reasons[:NAMED])
        errors = [{"path": one.path, "message": one.message} for one in reasons]
        raise Refused(400, "invalid_body", named, errors=errors)


def _document(
    release: Release, mapping: InboundMapping, inbound: Inbound, verdict: Verdict
) -> Body | None:
    """What the store keeps of an event; of a repeat, which carries the same, what it kept first."""
    event: Event | None = None
    if isinstance(verdict, Accepted):
        event = verdict.event
    elif isinstance(verdict, Duplicate):
        taken = normalised(release, inbound)
        event = taken if isinstance(taken, Event) else None
    if event is None:
        return None
    model = mapping.post.model if mapping.post else None
    return document_of(release, event, inbound.source, inbound.received_at, model)


def _told(verdict: Verdict, posted: Posted) -> Verdict:
    """The verdict; over an event that could not be made, with the reason."""
    if isinstance(verdict, Rejected) and posted.inbound.body is None and posted.faults:
        return Rejected(tuple(Reason(one.path, one.message) for one in posted.faults))
    return verdict
