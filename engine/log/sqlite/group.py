"""A group in memory: what it was handed, and what of that it has not finished."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import trio

from engine.log.interface import Entry
from engine.log.sqlite.events import Placed
from engine.log.sqlite.groups import StoredGroup
from engine.model.clock import Millis

_LONG_AGO = Millis(0)


@dataclass(slots=True, eq=False)
class Group:
    """Where a group stands.

    ``head`` is the newest position it was handed; ``out`` what was handed from the log's end and is
    not finished, in order; ``again`` what was handed out again after it was put off;
    ``passed_over`` positions beyond the head that are put off or finished already; ``moving`` what
    is being put off. ``next_due`` is not later than the first due moment in the file, ``reached`` a
    moment that was waited for.
    """

    id: int
    head: int
    stored_floor: int
    known_before: int
    next_due: Millis | None = None
    reached: Millis = _LONG_AGO
    reading: bool = False
    out: dict[int, None] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)
    passed_over: set[int] = field(default_factory=set)
    moving: set[int] = field(default_factory=set)
    signal: trio.Event = field(default_factory=trio.Event)
    turn: trio.Lock = field(default_factory=trio.Lock)

    @classmethod
    def restored(cls, stored: StoredGroup, known_before: int) -> Self:
        """The group as it stands after a restart, when ``known_before`` was the last position."""
        return cls(
            known_before=known_before,
            id=stored.id,
            head=stored.floor,
            stored_floor=stored.floor,
            next_due=stored.next_due,
            passed_over=set(stored.put_off_above),
        )

    def floor(self, settled: Collection[int] = ()) -> int:
        """Up to here all is finished or put off, once ``settled`` are."""
        for position in self.out:
            if position not in settled:
                return position - 1
        return self.head

    @contextmanager
    def putting_off(self, positions: Collection[int]) -> Iterator[None]:
        """While this is written these are not handed out: the file has them as due before we know.

        Handed out in between, they would be taken for what is put off here, and go out twice.
        """
        self.moving.update(positions)
        try:
            yield
        finally:
            self.moving.difference_update(positions)

    def hand_out_again(self, found: Sequence[Placed]) -> list[Entry]:
        """These are now out, a further time, but for those that are being put off just now."""
        due = [placed for placed in found if placed.position not in self.moving]
        self.again.update(placed.position for placed in due)
        return [Entry(placed.position, placed.event, put_off=True) for placed in due]

    def hand_out(self, fresh: Iterable[Placed]) -> list[Entry]:
        """These are now out, but for those passed over; some may have been out in a former life."""
        entries = []
        for position, event, _ in fresh:
            self.head = position
            if position in self.passed_over:
                self.passed_over.discard(position)
                continue
            self.out[position] = None
            entries.append(Entry(position, event, redelivered=position <= self.known_before))
        return entries

    def finish(self, positions: Iterable[int]) -> list[int]:
        """These are no longer out; those that may be among the put off ones, for the file."""
        old = []
        for position in positions:
            if position in self.out:
                del self.out[position]
                continue
            old.append(position)
            if position > self.head:
                self.passed_over.add(position)
        return old

    def pass_to(self, position: int) -> None:
        """All up to here is finished, and nothing is put off."""
        self.head = max(self.head, position)
        self.stored_floor = max(self.stored_floor, position)
        self.out.clear()
        self.again.clear()
        self.passed_over.clear()
        self.next_due = None

    def set_back(self, now: Millis) -> None:
        """The clock was set back to ``now``; what was waited for by it counts no more."""
        self.reached = _LONG_AGO
        self.falls_due(now)
        self.signal.set()

    def falls_due(self, at: Millis | None) -> None:
        """Something falls due at ``at``."""
        if at is not None and (self.next_due is None or at < self.next_due):
            self.next_due = at
