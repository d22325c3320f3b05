"""Payloads -> Batches: what may share a request, by count, by bytes, and by the values shared."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.codec.body import dumps
from engine.model.clock import Millis
from engine.model.decision import Payload
from engine.model.delivery import Delivery
from engine.project.policy import BatchSpec

ENVELOPE_BYTES = 4096
"""Room that a request's own words take beside the payloads, kept free of ``max_bytes``."""


AGAIN = b" again"
"""What is tried again goes apart from what is new: a batch may be refused for one in it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One payload on its way, with the record of its delivery so far."""

    delivery: Delivery
    payload: Payload


@dataclass(slots=True)
class _Open:
    items: list[Item]
    size_bytes: int
    closes_at: Millis


@dataclass(slots=True)
class Batcher:
    """Batches that still fill: ``add`` takes an item in, ``take`` gives those that are ready.

    A batch is ready when it is full or its first item has waited ``linger``.
    """

    spec: BatchSpec
    _open: dict[bytes, _Open] = field(default_factory=dict)
    _full: list[list[Item]] = field(default_factory=list)

    def add(self, item: Item, now: Millis) -> None:
        """Put an item to those it may share a request with."""
        key = dumps(item.payload.group)
        if item.delivery.attempts:
            key += AGAIN
        batch = self._open.get(key)
        room = self.spec.max_bytes - ENVELOPE_BYTES
        if batch is not None and batch.size_bytes + item.payload.size_bytes > room:
            self._close(key)
            batch = None
        if batch is None:
            batch = self._open[key] = _Open([], 0, Millis(now + self.spec.linger_ms))
        batch.items.append(item)
        batch.size_bytes += item.payload.size_bytes + 1
        if len(batch.items) >= self.spec.max_events:
            self._close(key)

    def take(self, now: Millis, *, all_of_them: bool = False) -> list[list[Item]]:
        """The batches that are ready, or with ``all_of_them`` every one."""
        for key in [
            key
            for key, one in self._open.items()
            # One that would close later than a new one was opened before the clock was set back.
            if all_of_them or not now < one.closes_at <= now + self.spec.linger_ms
        ]:
            self._close(key)
        ready, self._full = self._full, []
        return ready

    def next_close(self) -> Millis | None:
        """When the next batch becomes ready by waiting, None if none is open."""
        return min((batch.closes_at for batch in self._open.values()), default=None)

    def __len__(self) -> int:
        """How many items wait in open batches."""
        return sum(len(batch.items) for batch in self._open.values())

    def _close(self, key: bytes) -> None:
        self._full.append(self._open.pop(key).items)


def halves(items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """A refused batch in two, to find the payload that the vendor refuses."""
    middle = (len(items) + 1) // 2
    return items[:middle], items[middle:]
