"""The one way in for foreign bodies: posted body -> mapping -> events -> ``accept`` -> documents.

Faces give the body and what came with it; they get back a verdict and the stored document of each
event that it made.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.codec.lenient import without_overflow
from engine.ingest.accept import Ingest, accept
from engine.ingest.assumed import with_consent
from engine.ingest.kept import document_of
from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.errors import Refused
from engine.model.event import UNREADABLE, Event, Inbound, Source
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.verdict import Accepted, Duplicate, Reason, Rejected, Verdict
from engine.pipeline.admit import take as normalised
from engine.pipeline.posted import Came, Posted, is_wanted, posted_events, posted_warnings
from engine.release.inbound import InboundMapping
from engine.release.release import Release
from engine.state.interface import QuarantineFilter

__all__ = ["Came", "Taken", "is_wanted", "take"]

NAMED = 10
"""Reasons that a refusal names in its own text; ``errors`` has all of them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a body: a verdict for each event that it made, in order.

    Where documents are answered, ``documents`` has for each the stored one, with ``_id`` and
    ``timestamp``, None where it was not accepted or nothing is stored of it. Of a repeat it is that
    of the event that was kept first.
    """

    verdicts: list[Verdict]
    documents: list[Body | None]
    warnings: tuple[Fault, ...]

    @property
    def is_repeat(self) -> bool:
        """Whether all of it came before."""
        return bool(self.verdicts) and all(isinstance(one, Duplicate) for one in self.verdicts)


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
    ``errors`` where the body breaks ``post.body``, 400 where nothing can be made of so much, and as
    ``accept`` does.
    """
    body, mended = without_overflow(body)
    check_body(mapping, body)
    release, sender = ingest.release(), source or mapping.source
    warnings = [Fault("", one) for one in mended]
    warnings += posted_warnings(mapping, body, came, sender, now)
    posted = [*posted_events(release, mapping, body, came, sender, now, fresh)]
    warnings += [fault for one in posted for fault in one.faults]
    is_too_large = bool(posted) and all(one.is_too_large for one in posted)
    if warnings:
        ids = _ids_of([one for one in posted if one.faults] or posted)
        ingest.notices.warned(mapping.name, warnings, ids, is_taken=not is_too_large)
    if is_too_large:
        # Nothing could be kept that a later fix would make an event of, so the sender is told.
        raise Refused(400, "too_large", warnings[-1].message)
    inbounds = await with_consent(ingest, release, [one.inbound for one in posted])
    verdicts = await accept(ingest, inbounds, is_ours=True)
    documents = await _documents(ingest, mapping, inbounds, verdicts)
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


async def _documents(
    ingest: Ingest,
    mapping: InboundMapping,
    inbounds: Sequence[Inbound],
    verdicts: Sequence[Verdict],
) -> list[Body | None]:
    """The stored document of each event."""
    post, release = mapping.post, ingest.release()
    if post is None or post.answer != "document":
        return [None] * len(verdicts)
    first = await _first_of(ingest, inbounds, verdicts)
    documents: list[Body | None] = []
    for inbound, verdict in zip(inbounds, verdicts, strict=True):
        event = verdict.event if isinstance(verdict, Accepted) else None
        if isinstance(verdict, Duplicate):
            event = first.get(verdict.message_id) or _as_it_came(release, inbound)
            if await _is_set_aside(ingest, first, verdict, inbound.source):
                event = None
        documents.append(
            None
            if event is None
            else document_of(release, event, inbound.source, event.received_at, post.model)
        )
    return documents


async def _first_of(
    ingest: Ingest, inbounds: Sequence[Inbound], verdicts: Sequence[Verdict]
) -> Mapping[str, Event]:
    """By message id the events that those which came again repeat, as far as the log has them."""
    ids = [one.message_id for one in verdicts if isinstance(one, Duplicate)]
    if not ids:
        return {}
    source = inbounds[0].source.name
    entries = await ingest.log.first_of([(source, one) for one in ids])
    return {
        entry.event.message_id: entry.event
        for entry in entries
        if entry is not None and entry.event.type != UNREADABLE
    }


def _as_it_came(release: Release, inbound: Inbound) -> Event | None:
    """What a repeat says itself, where what it repeats is no longer kept."""
    taken = normalised(release, inbound)
    return taken if isinstance(taken, Event) else None


async def _is_set_aside(
    ingest: Ingest, first: Mapping[str, Event], verdict: Duplicate, source: Source
) -> bool:
    """Whether what it repeats is in quarantine."""
    if verdict.message_id in first:
        return False
    which = QuarantineFilter(source=source.name, message_id=verdict.message_id)
    return bool(await ingest.state.quarantined(limit=1, after=0, which=which))


def _ids_of(posted: Sequence[Posted]) -> list[str]:
    given = (as_body(one.inbound.body).get("messageId") for one in posted)
    return [one for one in given if isinstance(one, str)]


def _told(verdict: Verdict, posted: Posted) -> Verdict:
    """The verdict; over an event that could not be made, with the reason."""
    if isinstance(verdict, Rejected) and posted.inbound.body is None and posted.faults:
        return Rejected(tuple(Reason(one.path, one.message) for one in posted.faults))
    return verdict
