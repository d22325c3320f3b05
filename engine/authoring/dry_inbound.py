"""What a foreign body would give, by the very functions that serve."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.event import Inbound
from engine.model.jsonvalue import Json
from engine.model.verdict import Accepted, Quarantined, Rejected
from engine.pipeline.admit import admit
from engine.pipeline.inbound import events_of
from engine.release.inbound import InboundMapping
from engine.release.release import Release


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


def dry_inbound(
    release: Release, mapping: InboundMapping, body: Json, now: Millis
) -> Iterator[DryInbound]:
    """The events of ``body``, as if it had been fetched at ``now``, one at a time."""
    planned = mapping.pull.planned_at(now) if mapping.pull else None
    for index, made in enumerate(events_of(mapping, body, now, planned)):
        verdict = None
        if made.body is not None:
            verdict = admit(release, Inbound(mapping.source, made.body, now, index))
        yield DryInbound(made.body, verdict, made.faults)
