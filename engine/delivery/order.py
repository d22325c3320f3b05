"""Order: each person's events one after the other, at a destination with ``order_by: user``.

Kept in memory as positions of the log, one for each event that is not settled: of a person (userId,
else anonymousId) only the first may be on its way. The others are recorded as waiting and put off
in the log; when the first is settled for good, the next is made due. What is tried again keeps its
place, so it holds up the later ones. After a restart the state tells who is unsettled.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

import trio

from engine.delivery.records import expired
from engine.log.interface import Entry, Log
from engine.model.clock import Clock, Millis
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey
from engine.model.delivery import State as DeliveryState
from engine.model.event import Event
from engine.pipeline.batch import Item
from engine.state.interface import DeliveryFilter, State

MOST_HELD = 10_000
"""Unsettled events that are known at a time, some 2 MB; with more, nothing new is read."""

LOOK_EVERY_MS = 600_000
"""How often one that waits is looked at all the same: it may have grown too old."""

CATCH_UP_MS = 200
"""After a restart what was put off may come before an earlier event that was on its way."""

BEHIND = "waits for an earlier event of the same person"
AT_ONCE = Millis(0)
PAGE = 500


class _How(Enum):
    GOING = auto()
    """On its way, or on its way to it."""
    HELD = auto()
    """Behind another, and not put off in the log yet."""
    PARKED = auto()
    """Behind another, and put off: may be made due."""
    LATE = auto()
    """To be tried again at its own time."""


@dataclass(slots=True)
class _Place:
    person: int
    how: _How
    next_at: Millis | None = AT_ONCE
    """When the log hands it out; None while that is being written."""


@dataclass(slots=True)
class Order:
    """Who is unsettled; ``reached`` is the newest position read, ``known`` the newest restored."""

    reached: int = 0
    known: int = 0
    _people: dict[int, list[int]] = field(default_factory=dict)
    _places: dict[int, _Place] = field(default_factory=dict)
    _going: set[int] = field(default_factory=set)
    _lent: set[int] = field(default_factory=set)
    _changed: trio.Event = field(default_factory=trio.Event)

    def __len__(self) -> int:
        """How many events are unsettled."""
        return len(self._places)

    def is_open(self, position: int) -> bool:
        """Whether the event there is being worked on: handed out twice, it is left alone."""
        place = self._places.get(position)
        return place is not None and place.how in (_How.GOING, _How.HELD)

    def in_turn(
        self,
        entry: Entry,
        items: list[Item],
        done: list[Delivery],
        *,
        now: Millis,
        max_age_ms: int,
    ) -> tuple[list[Item], list[Delivery]]:
        """What of the entry is to be sent now and what is to be recorded, if it waits its turn."""
        person = person_of(entry.event)
        if person is None or not (items or any(one.state in UNSETTLED for one in done)):
            return items, done
        if not items:
            self.put(entry.position, person)
            return items, done
        again = self._wait_ms(entry, person)
        if not again:
            return items, done
        held = [_held(item.delivery, now, Millis(now + again), max_age_ms) for item in items]
        return [], [*done, *held]

    def leave(self, position: int, next_at: Millis | None) -> int | None:
        """The event is settled, or put off until ``next_at``; the position that may go by that."""
        place = self._places.get(position)
        if place is None:
            return None
        self._tell()
        if place.how is _How.GOING:
            self._going.discard(place.person)
        if next_at is None:
            self._forget(position, place.person)
        else:
            place.how = _How.PARKED if place.how in (_How.HELD, _How.PARKED) else _How.LATE
            place.next_at = next_at
        return self._free(place.person)

    def back(self, position: int) -> bool:
        """What was on its way is about to be put off; False where nothing was.

        Called before the log is told: it may hand the event out again before that returns.
        """
        place = self._places.get(position)
        if place is None or place.how is not _How.GOING:
            return False
        self._going.discard(place.person)
        place.how, place.next_at = _How.LATE, None
        return True

    def put_off(self, positions: Collection[int], at: Millis) -> None:
        """The log has it written that it hands these out at that moment."""
        for position in positions:
            if (place := self._places.get(position)) is not None:
                place.next_at = at
        self._tell()

    def put(self, position: int, person: int, *, parked: bool = False) -> None:
        """The event there is unsettled: to be tried again, or ``parked`` behind another."""
        self._place(position, person, _How.PARKED if parked else _How.LATE)

    def free(self) -> list[int]:
        """Those that are parked behind nobody."""
        found = [self._free(person) for person in self._people]
        return [position for position in found if position is not None]

    def lend(self, person: int) -> bool:
        """Let a replay send something of this person; False while live traffic has something."""
        if person in self._people or person in self._lent:
            return False
        self._lent.add(person)
        return True

    def take_back(self, people: Collection[int]) -> list[int]:
        """The replay has sent what it had of these; the positions that may go by that."""
        self._lent.difference_update(people)
        found = [self._free(person) for person in people]
        return [position for position in found if position is not None]

    def woken(self) -> None:
        """Everything that is put off was made due."""
        for place in self._places.values():
            place.next_at = AT_ONCE
        self._tell()

    async def room(self, limit: int, clock: Clock) -> int:
        """How many entries may be read, once there is room; what is due needs none."""
        while len(self._places) >= MOST_HELD and self.reached >= self.known:
            places = [one for one in self._places.values() if not self._is_busy(one)]
            late = [one.next_at for one in places if one.next_at is not None]
            if due := sum(at <= clock() for at in late):
                return min(due, limit)
            wait_s = (min(late) - clock()) / 1000 if late else float("inf")
            with trio.move_on_after(max(0.0, wait_s)):
                await self._changed.wait()
        return limit

    def _tell(self) -> None:
        """Whoever waits for room looks again."""
        self._changed.set()
        self._changed = trio.Event()

    def _wait_ms(self, entry: Entry, person: int) -> int:
        """How long the entry waits for its turn, 0 where it goes now."""
        if entry.put_off and entry.position > self.reached:
            self.put(entry.position, person)
            return CATCH_UP_MS
        place = self._place(entry.position, person, _How.HELD)
        if self._people[person][0] != entry.position or self._has_one_going(person):
            return LOOK_EVERY_MS
        place.how = _How.GOING
        self._going.add(person)
        return 0

    def _place(self, position: int, person: int, how: _How) -> _Place:
        if position not in self._places:
            insort(self._people.setdefault(person, []), position)
        place = self._places[position] = _Place(person, how)
        return place

    def _forget(self, position: int, person: int) -> None:
        del self._places[position]
        theirs = self._people[person]
        del theirs[bisect_left(theirs, position)]
        if not theirs:
            del self._people[person]

    def _free(self, person: int) -> int | None:
        theirs = self._people.get(person)
        if not theirs or self._has_one_going(person):
            return None
        first = self._places[theirs[0]]
        if first.how is not _How.PARKED:
            return None
        first.next_at = None
        return theirs[0]

    def _has_one_going(self, person: int) -> bool:
        return person in self._going or person in self._lent

    def _is_busy(self, place: _Place) -> bool:
        return place.how in (_How.GOING, _How.HELD)


async def restored(destination: str, log: Log, state: State) -> Order:
    """The order as the last life left it; who was parked behind nobody is made due.

    Call it before anything is read. An event that was on its way then is not recorded: it is read
    again, and what was put off behind it waits until it is.
    """
    order = Order()
    for which in sorted(UNSETTLED):
        for one in await _all(state, DeliveryFilter(destination=destination, state=which)):
            for entry in await log.read_range(one.key.position - 1, 1, until=one.key.position):
                if (person := person_of(entry.event)) is not None:
                    order.put(entry.position, person, parked=which is DeliveryState.WAITING)
                    order.known = max(order.known, entry.position)
    order.reached = await _head(destination, log)
    if free := order.free():
        await log.retry(destination, free, AT_ONCE)
        order.put_off(free, AT_ONCE)
    return order


async def in_log_order(
    order: Order, destination: str, log: Log, entries: Sequence[Entry]
) -> Sequence[Entry]:
    """Those that are not being worked on, in the order of the log.

    ``reached`` is then as far as the log was read.
    """
    for entry in entries:
        if not entry.put_off:
            order.reached = max(order.reached, entry.position)
    if any(entry.position > order.reached for entry in entries):
        order.reached = max(order.reached, await _head(destination, log))
    # A read gives what was put off first, also before an older event that is read anew.
    free = [entry for entry in entries if not order.is_open(entry.position)]
    return sorted(free, key=lambda entry: entry.position)


async def _head(destination: str, log: Log) -> int:
    return await log.last_position() - await log.backlog(destination)


async def _all(state: State, which: DeliveryFilter) -> list[Delivery]:
    found: list[Delivery] = []
    after = DeliveryKey(0, "")
    while page := await state.deliveries(which, limit=PAGE, after=after):
        found += [one for one in page if not one.key.replay]
        after = page[-1].key
    return found


def person_of(event: Event) -> int | None:
    """The person as a number: two who share one only wait for each other."""
    for name in ("userId", "anonymousId"):
        if isinstance(id_ := event.body.get(name), str) and id_:
            return hash((name, id_))
    return None


def _held(delivery: Delivery, now: Millis, again: Millis, max_age_ms: int) -> Delivery:
    """The record of one that waits its turn; without a payload, if no attempt fixed it."""
    if delivery.attempts:
        record = replace(delivery, state=DeliveryState.RETRYING, at=now, next_at=again)
    else:
        record = replace(
            delivery,
            state=DeliveryState.WAITING,
            reason=BEHIND,
            at=now,
            next_at=again,
            payload=None,
            digest=None,
            match_keys=None,
        )
    return expired(record, max_age_ms, now) or record
