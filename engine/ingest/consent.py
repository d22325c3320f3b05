"""What people consented to elsewhere than in an event, for those who are about to send it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.ingest.people import People
from engine.model.clock import Clock, Millis
from engine.model.event import Event
from engine.model.person import Remembered
from engine.pipeline.consent import asked_of, stored_for


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """The statements in the memory of people, for ``remember_ms``."""

    people: People
    remember_ms: int
    clock: Clock

    async def stored_consent(self, events: Sequence[Event]) -> Sequence[Mapping[str, Remembered]]:
        """The remembered statements of each event's person, by category, as they stand now."""
        cutoff = Millis(self.clock() - self.remember_ms)
        keys = {key for event in events for key in asked_of(event)}
        known = await self.people.look_up(keys, cutoff)
        return [stored_for(event, known, cutoff) for event in events]
