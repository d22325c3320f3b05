"""Who is connected: a bound on all, on the bytes they hold, and who gives way where it is full."""

import trio

from engine.nest.bounds import Bounds


class Seat:
    """One connection: what it makes the server hold, and how it is ended.

    ``coming_bytes`` is a frame of which the rest is waited for, ``unsent_bytes`` are answers that
    the caller has not taken yet. ``work_bytes`` are packets under way: they end by themselves.
    """

    __slots__ = (
        "coming_bytes",
        "gave_way",
        "is_ended",
        "reading",
        "unsent_bytes",
        "whole",
        "work_bytes",
    )

    def __init__(self, whole: trio.CancelScope) -> None:
        self.whole = whole
        self.reading: trio.CancelScope | None = None
        self.is_ended = False
        self.gave_way: str | None = None
        self.coming_bytes = self.unsent_bytes = self.work_bytes = 0

    def end(self) -> None:
        """Have nothing more read from it; what has come is answered."""
        self.is_ended = True
        if self.reading is not None:
            self.reading.cancel()

    def give_way(self, why: str) -> None:
        """Close it at once; ``why`` is what there was too little of."""
        self.gave_way = why
        self.whole.cancel()

    @property
    def waiting_bytes(self) -> int:
        """What it makes the server hold by what its caller doesn't do."""
        return self.coming_bytes + self.unsent_bytes


class Seats:
    """The connections.

    Where there is no place for one more, the oldest that never sent a packet gives way; a proven
    one may be silent as long as it likes. Where their bytes are too many, the one gives way that
    keeps most of them waiting.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._silent: dict[Seat, None] = {}
        self._all: dict[Seat, None] = {}
        self._held = 0
        self.stopping = False

    @property
    def count(self) -> int:
        """Connections that are open."""
        return len(self._all)

    def enter(self, whole: trio.CancelScope) -> Seat | None:
        """A place, another's if need be; None where all are taken by proven ones."""
        if len(self._all) >= self._bounds.max_connections and not self.give_way():
            return None
        seat = Seat(whole)
        self._all[seat] = self._silent[seat] = None
        if self.stopping:
            seat.end()
        return seat

    def leave(self, seat: Seat) -> None:
        """Give the place back, with all that it holds."""
        self._silent.pop(seat, None)
        if seat in self._all:
            del self._all[seat]
            self._held -= seat.waiting_bytes + seat.work_bytes

    def proven(self, seat: Seat) -> None:
        """A whole packet came by this connection."""
        self._silent.pop(seat, None)

    def give_way(self) -> bool:
        """Close the oldest connection that never sent a packet; False where there is none."""
        for seat in self._silent:
            seat.give_way("connections")
            self.leave(seat)
            return True
        return False

    def waits_for(self, seat: Seat, coming_bytes: int) -> bool:
        """So much of a frame has come; False where there is no room for it."""
        more, seat.coming_bytes = coming_bytes - seat.coming_bytes, coming_bytes
        return self._hold(seat, more)

    def sends(self, seat: Seat, size_bytes: int) -> bool:
        """An answer waits to be taken, or, below 0, was taken; False where there is no room."""
        seat.unsent_bytes += size_bytes
        return self._hold(seat, size_bytes)

    def works_on(self, seat: Seat, size_bytes: int) -> bool:
        """A packet is worked on, or, below 0, done with; False where there is no room for it."""
        seat.work_bytes += size_bytes
        return self._hold(seat, size_bytes)

    def _hold(self, seat: Seat, more_bytes: int) -> bool:
        if seat not in self._all:
            return False
        self._held += more_bytes
        while more_bytes > 0 and self._held > self._bounds.max_in_flight_bytes:
            costly = max(self._all, key=lambda one: one.waiting_bytes)
            if costly is seat or not costly.waiting_bytes:
                return False
            costly.give_way("room")
            self.leave(costly)
        return True

    def stop(self) -> None:
        """Read from nobody any more; what has come is answered."""
        self.stopping = True
        for seat in self._all:
            seat.end()
