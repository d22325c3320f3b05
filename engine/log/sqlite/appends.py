"""Appending in the writer's thread: events and marks, and now and then a sweep of old marks."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.log.sqlite.events import EventRow, Id, append_batches, sweep_marks
from engine.model.clock import Clock
from engine.sqlite.connection import Connection

# After a thousand new marks three thousand are looked at, so the old ones never pile up.
SWEEP_EVERY = 1000
SWEEP_STEPS = 3000


@dataclass(slots=True, eq=False)
class Appends:
    """Writes batches of events; ``hand`` is where the sweep of old marks stands."""

    clock: Clock
    window_ms: int
    _unswept: int = 0
    _hand: Id = ("", "")

    def write(
        self, connection: Connection, batches: Sequence[Sequence[EventRow]]
    ) -> list[list[int | None]]:
        """For each batch, the position of each of its events; None for one that was seen."""
        now = self.clock()
        positions = append_batches(connection, batches, now, self.window_ms)
        self._unswept += sum(map(len, batches))
        if self._unswept >= SWEEP_EVERY:
            self._unswept = 0
            self._hand = sweep_marks(connection, self._hand, SWEEP_STEPS, now - self.window_ms)
        return positions
