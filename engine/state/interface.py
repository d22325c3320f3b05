"""State: what became of every event, beside the log: deliveries, quarantine, counts, settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.model.clock import Millis
from engine.model.delivery import Delivery, DeliveryKey
from engine.model.delivery import State as DeliveryState
from engine.model.event import Event
from engine.model.jsonvalue import Json
from engine.model.verdict import Reason


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    """An event in quarantine: ``body`` as it came, ``number`` counts up over the quarantine."""

    number: int
    source: str
    message_id: str
    received_at: Millis
    body: Json
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries to list: None and empty mean any; names may be globs."""

    destination: str | None = None
    state: DeliveryState | None = None
    message_id: str | None = None
    rule: str | None = None
    since: Millis | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many events met which verdict: ``by_source[source][verdict]``."""

    by_source: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class State(Protocol):
    """What every engine of the state promises. All writes are durable when they return."""

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """Write these deliveries, each over what its key held before; safe to repeat."""

    async def forget(self, keys: Sequence[DeliveryKey]) -> None:
        """Remove these records: what they stood for was decided, under other keys."""

    async def deliveries_at(self, destination: str, positions: Sequence[int]) -> list[Delivery]:
        """Every recorded delivery of these log positions at one destination, with payloads."""

    async def deliveries(
        self, which: DeliveryFilter, *, limit: int, after: DeliveryKey | None = None
    ) -> list[Delivery]:
        """Deliveries by position, destination, rule and part, the newest last, no payloads.

        With ``after`` the first ``limit`` behind that key (``DeliveryKey(0, "")`` begins at the
        beginning), without it the newest ``limit``.
        """

    async def delivery_counts(self) -> Mapping[str, Mapping[DeliveryState, int]]:
        """``counts[destination][state]`` of what is recorded."""

    async def quarantine(
        self, items: Sequence[tuple[Event, Json, tuple[Reason, ...]]]
    ) -> list[bool]:
        """Keep each event, its body as it came, and the reasons.

        False for one that is there already (same source and message id, still in quarantine).
        """

    async def quarantined(self, *, limit: int, after: int | None = None) -> list[QuarantinedEvent]:
        """Events in quarantine by number: those after number ``after``, else the newest."""

    async def note_verdicts(
        self, source: str, counts: Mapping[str, int], accepted: Sequence[str] = ()
    ) -> None:
        """Add to a source's durable counts: ``{"accepted": 3, "duplicate": 1}``.

        Closes its quarantined events with the message ids ``accepted`` in the same write.
        """

    async def verdict_counts(self) -> Counts:
        """The durable counts of all sources."""

    async def setting(self, name: str) -> str | None:
        """A stored setting (a destination's pause, the mode of the data folder), or None."""

    async def set_setting(self, name: str, value: str | None) -> None:
        """Store or, with None, remove a setting."""

    async def settings(self, prefix: str) -> Mapping[str, str]:
        """The stored settings whose name begins with ``prefix``."""
