"""State: what became of every event, beside the log: deliveries, quarantine, counts, settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.model.clock import Millis
from engine.model.delivery import Attempt, Delivery, DeliveryKey, MatchCount
from engine.model.delivery import State as DeliveryState
from engine.model.event import Event
from engine.model.jsonvalue import Json
from engine.model.person import Memory, PersonKey
from engine.model.replay import Replay
from engine.model.verdict import Reason
from engine.state.outbox import Outbox
from engine.state.windows import Windows


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    """An event in quarantine: ``body`` as it came, ``number`` counts up over the quarantine.

    ``timestamp`` is its corrected moment, ``ip`` and ``user_agent`` what its request told of who
    sent it, as far as the event did not.
    """

    number: int
    source: str
    message_id: str
    received_at: Millis
    body: Json
    reasons: tuple[Reason, ...]
    timestamp: Millis | None = None
    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries to list: None and empty mean any; names may be globs.

    ``reason`` is a glob too or, without ``*`` and ``?``, a part of it; ``until`` is not included.
    """

    destination: str | None = None
    state: DeliveryState | None = None
    message_id: str | None = None
    rule: str | None = None
    since: Millis | None = None
    until: Millis | None = None
    event: str | None = None
    reason: str | None = None
    replay: int | None = None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many have one reason: ``group`` is a destination or, in quarantine, a source.

    ``event`` is the name of the newest one's event (its type where it has none), ``message_id`` its
    id, ``at`` its moment.
    """

    group: str
    reason: str
    count: int
    event: str
    message_id: str
    at: Millis


@dataclass(frozen=True, slots=True)
class QuarantineFilter:
    """Which events in quarantine: None and empty mean any, ``event`` may be a glob.

    ``reason`` as in ``DeliveryFilter``, over ``path: message``; the moments are of receiving.
    """

    source: str | None = None
    message_id: str | None = None
    event: str | None = None
    reason: str | None = None
    since: Millis | None = None
    until: Millis | None = None


ANY_QUARANTINED = QuarantineFilter()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many events met which verdict: ``by_source[source][verdict]``."""

    by_source: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mail:
    """A payload that waits for a browser session until ``until``.

    ``box`` is the session's key, ``delivery`` holds the payload, ``id`` is what the session
    acknowledges, once for each destination.
    """

    box: str
    id: str
    delivery: Delivery
    until: Millis


class State(Protocol):
    """What every engine of the state promises. All writes are durable when they return.

    ``windows`` keeps what events are made from, ``outbox`` what archives are to get.
    """

    windows: Windows
    outbox: Outbox

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """Write these deliveries, each over what its key held before; safe to repeat."""

    async def attempts(self, message_id: str) -> Mapping[DeliveryKey, Sequence[Attempt]]:
        """The kept attempts of every delivery of this message, also of forgotten ones, by number.

        Recorded with the delivery that brings them as ``tried``, in one write. Of a delivery with
        many the first and the newest are kept.
        """

    async def forget_audit(self, before: Millis, *, limit: int) -> int:
        """Remove what is recorded before that moment: settled deliveries, attempts, quarantine.

        Some at a time, about ``limit``, the oldest first; how many went, 0 where none is left.
        """

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

    async def count_deliveries(self, which: DeliveryFilter) -> int:
        """How many deliveries there are of these."""

    async def reasons(self, which: DeliveryFilter) -> list[ReasonCount]:
        """How many of these deliveries have which reason at which destination, the most first."""

    async def delivery_counts(self) -> Mapping[str, Mapping[DeliveryState, int]]:
        """``counts[destination][state]`` of what is recorded."""

    async def match_counts(self, destination: str | None) -> list[MatchCount]:
        """Of the payloads of each event how many carried which match key; a name may be a glob."""

    async def post(self, mail: Sequence[Mail], *, most: int, at: Millis) -> list[Delivery]:
        """Keep each for its session and record its delivery as waiting, in one write.

        Safe to repeat. Another delivery with an id that is known ends as skipped; of more than
        ``most`` that wait in one box the oldest end dead. Gives every delivery that was recorded.
        """

    async def mail(self, destination: str, box: str, *, now: Millis, limit: int) -> list[Mail]:
        """What waits in a box at ``now``, the oldest first; the same again until it is taken."""

    async def take(
        self, destination: str, box: str, ids: Sequence[str], *, reason: str, at: Millis
    ) -> list[Delivery]:
        """Those of these ids that wait in the box are delivered, with that reason.

        Safe to repeat: an id that is not there, or was taken, is none. Gives what was recorded.
        """

    async def expire(
        self, destination: str, before: Millis, *, reason: str, at: Millis
    ) -> list[Delivery]:
        """What was to wait until ``before`` or less ends dead, with that reason; some at a time.

        Gives what was recorded. What was taken is forgotten at that moment, with its id.
        """

    async def quarantine(
        self, items: Sequence[tuple[Event, Json, tuple[Reason, ...]]]
    ) -> list[bool]:
        """Keep each event, its body as it came, and the reasons.

        False for one that is there already (same source and message id, still in quarantine).
        """

    async def quarantined(
        self,
        *,
        limit: int,
        after: int | None = None,
        which: QuarantineFilter = ANY_QUARANTINED,
    ) -> list[QuarantinedEvent]:
        """Events in quarantine by number: those after number ``after``, else the newest."""

    async def count_quarantined(self, which: QuarantineFilter) -> int:
        """How many events there are of these in quarantine."""

    async def quarantine_reasons(self, which: QuarantineFilter) -> list[ReasonCount]:
        """How many of these have which reasons, by source, the most first.

        Of each event all its reasons in one text, as ``path: message``, with ``; `` between.
        """

    async def renew_reasons(self, found: Mapping[int, tuple[Reason, ...]]) -> None:
        """The events of these numbers are in quarantine for these reasons now."""

    async def leave_quarantine(self, source: str, ids: Sequence[str], verdict: str) -> int:
        """The events of these ids leave the quarantine; the source's counts move to that verdict.

        In one write, so that the counts add up. An id that is not there is none; how many left.
        """

    async def note_verdicts(
        self, source: str, counts: Mapping[str, int], accepted: Sequence[str] = ()
    ) -> None:
        """Add to a source's durable counts: ``{"accepted": 3, "duplicate": 1}``.

        Closes its quarantined events with the message ids ``accepted`` in the same write.
        """

    async def verdict_counts(self) -> Counts:
        """The durable counts of all sources."""

    async def people(
        self, keys: Sequence[PersonKey], *, since: Millis
    ) -> Mapping[PersonKey, Memory]:
        """What is remembered under these ids, and under those that they lead to.

        An id that nothing is remembered of is left out, and so is what was seen last before
        ``since``, whether or not it is still on disk.
        """

    async def remember(self, people: Mapping[PersonKey, Memory], *, since: Millis) -> None:
        """Write each over what its id held; safe to repeat.

        A part of what was seen last before ``since`` is removed with it.
        """

    async def forget_people(self, before: Millis, *, limit: int) -> int:
        """Remove what was seen last before that moment, at most ``limit`` ids; how many went."""

    async def add_replay(self, replay: Replay) -> Replay:
        """Keep a new replay; gives it with its number."""

    async def set_replay(self, replay: Replay) -> None:
        """Write over the replay of that number; one that was stopped stays stopped."""

    async def reopen_replay(self, number: int) -> None:
        """A replay that is done or stopped runs once more, for its dead letters that are retried.

        It reads no further than it came. Nothing where it runs; safe to repeat.
        """

    async def replays(self) -> list[Replay]:
        """Every replay, the newest last."""

    async def open_deliveries(
        self, replay: int, *, limit: int, due_by: Millis | None = None
    ) -> list[Delivery]:
        """Unsettled deliveries of a replay, with payloads: those due by then, else all of them."""

    async def count_open(self, replay: int) -> int:
        """How many unsettled deliveries a replay has."""

    async def setting(self, name: str) -> str | None:
        """A stored setting (a destination's pause, the mode of the data folder), or None."""

    async def set_setting(self, name: str, value: str | None) -> None:
        """Store or, with None, remove a setting."""

    async def settings(self, prefix: str) -> Mapping[str, str]:
        """The stored settings whose name begins with ``prefix``."""
