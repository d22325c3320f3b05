"""Settling: state is recorded, then the log is told; entries are open until all is recorded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.delivery.order import AT_ONCE, Order
from engine.log.interface import Log
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey
from engine.state.interface import State
from engine.telemetry.notices import Notices


@dataclass(slots=True)
class _OpenEntry:
    waiting: set[DeliveryKey]
    next_at: Millis | None = None


@dataclass(slots=True)
class Settlement:
    """The open entries of one destination."""

    group: str
    log: Log
    state: State
    notices: Notices
    order: Order | None = None
    _open: dict[int, _OpenEntry] = field(default_factory=dict)

    def expect(self, position: int, keys: Sequence[DeliveryKey]) -> None:
        """The entry at ``position`` is finished when each of these deliveries is recorded."""
        self._open[position] = _OpenEntry(set(keys))

    async def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Record these, then acknowledge or put off the entries that are finished by them."""
        if not deliveries:
            return
        await self.state.record(deliveries)
        await self.recorded(deliveries, finished=deliveries)

    async def recorded(
        self, deliveries: Sequence[Delivery], *, finished: Sequence[Delivery] = ()
    ) -> None:
        """These are recorded, by whoever did; give notice, and finish the entries of ``finished``.

        Some of those may have been recorded before, as what is read again after a crash.
        """
        for state, count in Counter(str(one.state) for one in deliveries).items():
            self.notices.deliveries(self.group, state, count)
        closed = [position for one in finished if (position := self._close(one)) is not None]
        await self.release(closed)

    async def release(self, positions: Sequence[int]) -> None:
        """Tell the log of those of these entries that are open with nothing more to record."""
        done: list[int] = []
        put_off: dict[Millis, list[int]] = {}
        for position in dict.fromkeys(positions):
            entry = self._open.get(position)
            if entry is None or entry.waiting:
                continue
            del self._open[position]
            if entry.next_at is None:
                done.append(position)
            else:
                put_off.setdefault(entry.next_at, []).append(position)
        waiting = {at: list(which) for at, which in put_off.items()}
        if self.order is not None:
            # Who is tried again himself lets nobody else go.
            waiting = {
                at: [one for one in which if not self.order.back(one)]
                for at, which in put_off.items()
            }
        if done:
            await self.log.acknowledge(self.group, done)
        for at, which in put_off.items():
            await self.log.retry(self.group, which, at)
            if self.order is not None:
                self.order.put_off(which, at)
        if self.order is not None:
            await self._let_next_go(self.order, done, waiting)

    async def wake(self) -> None:
        """Have everything that was put off handed out now."""
        await self.log.wake(self.group)
        if self.order is not None:
            self.order.woken()

    def __contains__(self, position: int) -> bool:
        """Whether the entry at ``position`` is open."""
        return position in self._open

    async def _let_next_go(
        self, order: Order, done: Sequence[int], put_off: Mapping[Millis, Sequence[int]]
    ) -> None:
        """Make due who waited for these; only now, for then their own putting off is written."""
        freed = [order.leave(position, None) for position in done]
        for at, which in put_off.items():
            freed += [order.leave(position, at) for position in which]
        if due := [position for position in freed if position is not None]:
            await self.log.retry(self.group, due, AT_ONCE)
            order.put_off(due, AT_ONCE)

    def __len__(self) -> int:
        """How many entries are open."""
        return len(self._open)

    def _close(self, delivery: Delivery) -> int | None:
        entry = self._open.get(delivery.key.position)
        if entry is None:
            return None
        entry.waiting.discard(delivery.key)
        if delivery.state in UNSETTLED and delivery.next_at is not None:
            earlier = entry.next_at is None or delivery.next_at < entry.next_at
            entry.next_at = delivery.next_at if earlier else entry.next_at
        return delivery.key.position
