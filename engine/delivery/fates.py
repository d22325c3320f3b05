"""What the rules of today make of an entry, beside what is recorded of it.

Used for live traffic and for replays; it sends nothing and records nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.delivery.records import (
    decided,
    expired,
    faulted,
    taken_up,
    without_place,
)
from engine.delivery.retry import retry_at
from engine.delivery.same import Name, marks_of, name_of, paired, seats
from engine.log.interface import Entry
from engine.model.clock import Clock, Millis
from engine.model.decision import Decision
from engine.model.delivery import Delivery, DeliveryKey, State
from engine.model.event import Source
from engine.model.person import Remembered
from engine.pipeline.batch import Item
from engine.pipeline.decide import decide
from engine.pipeline.scope import view
from engine.release.destination import Destination
from engine.telemetry.notices import Notices


@dataclass(frozen=True, slots=True)
class Fates:
    """What is to be sent, what is decided without that, and whose records are to be removed."""

    items: Sequence[Item] = ()
    done: Sequence[Delivery] = ()
    replaced: frozenset[DeliveryKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides for one destination by one release; ``jitter`` gives numbers in [0, 1)."""

    destination: Destination
    release: str
    sources: Mapping[str, Source]
    notices: Notices
    clock: Clock
    jitter: Callable[[], float]

    def decisions(
        self, entry: Entry, stored: Mapping[str, Remembered], now: Millis
    ) -> list[Decision]:
        """What the rules say of the entry's event."""
        event = entry.event
        source = self.sources.get(event.source) or Source(event.source)
        return decide(self.destination, event, source, now, view(event, source, stored))

    @property
    def name(self) -> str:
        """The destination's."""
        return self.destination.name

    def record(self, decision: Decision, entry: Entry, now: Millis) -> Delivery:
        """The record of one of these decisions before any attempt."""
        return decided(decision, self.destination, entry, self.release, now)

    def fates(
        self,
        entry: Entry,
        stored: Mapping[str, Remembered],
        *,
        open_: Sequence[Delivery] = (),
        known: Sequence[Delivery] = (),
        replay: int = 0,
    ) -> Fates:
        """What is to be sent of the entry, and recorded.

        ``open_`` are records without a payload, to be decided anew, such as a dead letter that is
        retried; ``known`` are all others, which stay as they are. A retried letter is never
        forgotten: where nothing takes its place, it ends with the reason.
        """
        now = self.clock()
        try:
            decisions = self.decisions(entry, stored, now)
            records = [self.record(one, entry, now) for one in decisions]
        except Exception as error:  # noqa: BLE001 - our own bug: kept, alarmed, tried again
            return Fates(done=self._faulted(entry, error, open_, replay))
        made = list(zip(records, decisions, strict=True))
        if not open_ and not known:
            return _split(made)
        to_go = {name_of(one) for one in open_}
        before = marks_of([*known, *open_])
        places = paired(marks_of(records), before, to_go)
        seat = seats(list(map(name_of, records)), {one.name for one in before}, places)
        stays = {name_of(one) for one in known} - to_go
        made = [
            (taken_up(_under(record, seat[name_of(record)], replay), open_), decision)
            for record, decision in made
            if places.get(name_of(record)) not in stays
        ]
        return _with_ends(_split(made), _gone(made, open_), places, entry, now)

    def _faulted(
        self, entry: Entry, error: Exception, open_: Sequence[Delivery], replay: int
    ) -> list[Delivery]:
        """The records of an event that our own fault kept from being decided: to be tried again."""
        self.notices.alarm("decide", error, destination=self.destination.name)
        now, retry = self.clock(), self.destination.retry
        reason = f"fault of Encamina: {type(error).__name__}"
        fault = faulted(entry, self.destination, self.release, reason, now)
        fault = _under(fault, name_of(fault), replay)
        attempts = max((one.attempts for one in open_), default=0) + 1
        again = retry_at(attempts, now, retry, None, self.jitter())
        retried = [one for one in open_ if _was_retried(one, entry)]
        records = [
            replace(one, reason=reason, at=now, attempts=attempts, next_at=again)
            for one in retried or [taken_up(fault, open_)]
        ]
        return [expired(one, retry.max_age_ms, now) or one for one in records]


def _split(made: Sequence[tuple[Delivery, Decision]]) -> Fates:
    items = [
        Item(record, decision.payload)
        for record, decision in made
        if record.state is State.WAITING and decision.payload is not None
    ]
    return Fates(items, [one for one, _ in made if one.state is not State.WAITING])


def _under(record: Delivery, seat: Name, replay: int) -> Delivery:
    key = replace(record.key, rule=seat[0], part=seat[1], replay=replay)
    return replace(record, key=key)


def _gone(made: Sequence[tuple[Delivery, Decision]], open_: Sequence[Delivery]) -> list[Delivery]:
    """Those that were to be decided anew, and of which there is nothing under their own name."""
    names = {name_of(record) for record, _ in made}
    return [one for one in open_ if name_of(one) not in names]


def _with_ends(
    fates: Fates, gone: Sequence[Delivery], places: Mapping[Name, Name], entry: Entry, now: Millis
) -> Fates:
    """The fates with an end for each that is gone: a retried letter's is told, others go."""
    retried = [one for one in gone if _was_retried(one, entry)]
    replaced = {one.key for one in gone} - {one.key for one in retried}
    if not retried:
        return replace(fates, replaced=frozenset(replaced))
    heirs = {old: new for new, old in places.items() if new != old}
    # A skip of the whole event is told under the letter's own name, not once more without one.
    skips = [one for one in fates.done if not one.key.rule and one.state is State.SKIPPED]
    ends = [without_place(one, heirs.get(name_of(one)), skips, now) for one in retried]
    done = [one for one in fates.done if one not in skips]
    return Fates(fates.items, [*done, *ends], frozenset(replaced))


def _was_retried(one: Delivery, entry: Entry) -> bool:
    """Whether it was a dead letter: only a retry lets a delivery fall due anew."""
    return bool(one.key.rule) and one.due_at > entry.event.received_at
