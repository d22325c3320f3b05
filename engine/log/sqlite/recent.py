"""The newest events, kept decoded for the groups that have yet to read them.

Four destinations that keep up read an event once from here instead of four times from the file.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.log.sqlite.events import Placed

MAX_EVENTS = 5000
# Of JSON; as Python objects it is four to five times as much.
MAX_BYTES = 6 * 1024 * 1024


@dataclass(slots=True)
class Recent:
    """Events by position, bounded; with ``max_events=0`` it keeps none."""

    max_events: int = MAX_EVENTS
    max_bytes: int = MAX_BYTES
    _events: OrderedDict[int, Placed] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _forgotten: int = 0

    def keep(self, placed: Placed) -> None:
        """Keep this one; the ones kept longest go where there is no room."""
        if placed.position in self._events or placed.position <= self._forgotten:
            return
        self._events[placed.position] = placed
        self._bytes += placed.size_bytes
        while len(self._events) > self.max_events or self._bytes > self.max_bytes:
            _, gone = self._events.popitem(last=False)
            self._bytes -= gone.size_bytes

    def after(self, position: int, limit: int) -> list[Placed]:
        """The events at the positions that follow without a gap, as far as they are kept."""
        found: list[Placed] = []
        while len(found) < limit and (kept := self._events.get(position + 1)) is not None:
            position += 1
            found.append(kept)
        return found

    def forget(self, heads: Iterable[int]) -> None:
        """Drop what all readers, now at ``heads``, have passed."""
        lowest = min(heads, default=0)
        for position in range(self._forgotten + 1, lowest + 1) if self._events else ():
            if (kept := self._events.pop(position, None)) is not None:
                self._bytes -= kept.size_bytes
        self._forgotten = max(self._forgotten, lowest)
