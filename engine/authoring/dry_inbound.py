"""What a foreign body would give, by the very functions that serve."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.event import Inbound
from engine.model.jsonvalue import Json
from engine.model.verdict import Accepted, Quarantined, Reason, Rejected
from engine.pipeline.admit import admit
from engine.pipeline.inbound import events_of
from engine.pipeline.posted import Came, posted_events, posted_warnings
from engine.release.inbound import InboundMapping
from engine.release.release import Release

FIRST_ID = "00000000-0000-4000-8000-{:012}"
"""Stands for the ids that a server makes up: the same body gives the same events."""


@dataclass(frozen=True, slots=True)
class DryInbound:
    """One event of a body with its verdict; without a body it could not be made."""

    body: Json
    verdict: Accepted | Quarantined | Rejected | None
    faults: tuple[Fault, ...]

    @property
    def is_fine(self) -> bool:
        """Whether it is accepted as it was meant."""
        return isinstance(self.verdict, Accepted) and not self.faults

    @property
    def name(self) -> str:
        """The event's name or type, for people."""
        if isinstance(self.verdict, Accepted | Quarantined):
            return self.verdict.event.name or self.verdict.event.type or "no type"
        return "no event"


def refusals_of(mapping: InboundMapping, body: Json) -> tuple[Reason, ...]:
    """Why a posted body would be refused whole; empty where it would be taken."""
    if mapping.post is None or mapping.post.body is None:
        return ()
    return mapping.post.body.reasons(body)


def dry_inbound(
    release: Release, mapping: InboundMapping, body: Json, now: Millis
) -> Iterator[DryInbound]:
    """The events of ``body``, as if it had been fetched or posted at ``now``, one at a time.

    Nothing comes with one that is posted: no headers, no cookies.
    """
    if mapping.post is not None:
        yield from _posted(release, mapping, body, now)
        return
    planned = mapping.pull.planned_at(now) if mapping.pull else None
    for index, made in enumerate(events_of(mapping, body, now, planned)):
        verdict = None
        if made.body is not None:
            verdict = admit(release, Inbound(mapping.source, made.body, now, index))
        yield DryInbound(made.body, verdict, made.faults)


def _posted(
    release: Release, mapping: InboundMapping, body: Json, now: Millis
) -> Iterator[DryInbound]:
    if reasons := refusals_of(mapping, body):
        yield DryInbound(None, Rejected(reasons), ())
        return
    ids = (FIRST_ID.format(number) for number in range(1, 10**12))
    told = posted_warnings(mapping, body, Came(), mapping.source, now)
    source = mapping.source
    for one in posted_events(release, mapping, body, Came(), source, now, lambda: next(ids)):
        item = one.inbound.body
        verdict = admit(release, one.inbound) if item is not None else None
        yield DryInbound(item, verdict, (*told, *one.faults))
        told = ()
    if told:
        yield DryInbound(None, None, told)
