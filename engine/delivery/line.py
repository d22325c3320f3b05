"""The line of a replay at a destination with ``order_by: user``: who of it may go next.

Of each person only the earliest unsettled event is in turn; one that is tried again keeps its
place and holds up the person's others. Kept in memory as positions of the log, of what the replay
has decided and not settled. Live traffic goes first: see ``Order.lend``.
"""

from bisect import insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from engine.delivery.order import person_of
from engine.log.interface import Entry, Log
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey
from engine.state.interface import DeliveryFilter, State

MOST_HELD = 10_000
"""Unsettled events that are known at a time, some 2 MB; with more, no further ones are decided."""

AT_ONCE = Millis(0)
PAGE = 500


@dataclass(slots=True)
class Line:
    """Who of the replay of that number waits for whom."""

    destination: str
    number: int
    log: Log
    state: State
    _people: dict[int, list[int]] = field(default_factory=dict)
    _person: dict[int, int] = field(default_factory=dict)
    _next_at: dict[int, Millis] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether no further events are to be decided before some are settled."""
        return len(self._person) >= MOST_HELD

    def person(self, position: int) -> int:
        """Whose event it is, as a number."""
        return self._person[position]

    def add(self, entries: Sequence[Entry]) -> None:
        """The replay has something to send of these."""
        for entry in entries:
            self._put(entry.position, person_of(entry.event))

    async def due(self, now: Millis | None, limit: int) -> list[Delivery]:
        """What is in turn and due by ``now``, with payloads; at any moment where that is None."""
        if not self._person:
            await self._restore()
        firsts = sorted(theirs[0] for theirs in self._people.values())
        due = [one for one in firsts if now is None or self._next_at.get(one, AT_ONCE) <= now]
        return await self._open_at(due[:limit])

    async def look(self, positions: Sequence[int]) -> None:
        """See what became of these: who is settled lets the next go."""
        left: dict[int, Millis] = {}
        for one in await self._open_at(positions):
            at = one.key.position
            left[at] = min(left.get(at, one.next_at or AT_ONCE), one.next_at or AT_ONCE)
        self._next_at |= left
        for position in positions:
            if position not in left:
                self._leave(position)

    def put_off(self, positions: Collection[int], at: Millis) -> None:
        """Live traffic has something of their people: others go first, until ``at``."""
        self._next_at |= {one: at for one in positions if one in self._person}

    async def _open_at(self, positions: Sequence[int]) -> list[Delivery]:
        if not positions:
            return []
        found = await self.state.deliveries_at(self.destination, positions)
        return [one for one in found if one.key.replay == self.number and one.state in UNSETTLED]

    async def _restore(self) -> None:
        """All that is unsettled, as an earlier life or a retry of dead letters left it."""
        for which in sorted(UNSETTLED):
            wanted = DeliveryFilter(destination=self.destination, state=which, replay=self.number)
            after = DeliveryKey(0, "")
            while page := await self.state.deliveries(wanted, limit=PAGE, after=after):
                after = page[-1].key
                positions = sorted({one.key.position for one in page})
                events = {one.position: one.event for one in await self.log.read_at(positions)}
                for one in page:
                    event = events.get(one.key.position)
                    self._put(one.key.position, None if event is None else person_of(event))
                    if one.next_at is not None:
                        self._next_at[one.key.position] = one.next_at

    def _put(self, position: int, person: int | None) -> None:
        if position in self._person:
            return
        # Nobody waits for an event of nobody.
        known = hash(("position", position)) if person is None else person
        self._person[position] = known
        insort(self._people.setdefault(known, []), position)

    def _leave(self, position: int) -> None:
        person = self._person.pop(position, None)
        self._next_at.pop(position, None)
        if person is None:
            return
        theirs = self._people[person]
        theirs.remove(position)
        if not theirs:
            del self._people[person]
