"""The consumer of one destination: reads the log at its own pace, decides, batches, sends.

An entry is open from the moment it is read until all its deliveries are recorded; then it is
acknowledged, or put off until the earliest of them is due again. State is always recorded before
the log is told, so that a crash between the two repeats a delivery and loses none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import trio

from engine.delivery.fates import Decider
from engine.delivery.gate import Passage
from engine.delivery.order import Order, in_log_order, restored
from engine.delivery.records import (
    stored_payload,
    without_consent,
)
from engine.delivery.way import Way
from engine.log.interface import Entry, Log
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey
from engine.model.delivery import State as DeliveryState
from engine.model.event import Event, Source
from engine.model.person import Remembered
from engine.pipeline.batch import Batcher, Item
from engine.pipeline.decide import has_consent
from engine.release.destination import Destination
from engine.state.interface import State

READ = 200
"""Entries read and decided at a time: some 10 ms of work."""

PROBED = 1000
"""Entries looked at with each probe of a paused destination: one batch goes, the rest may age."""

CHECKPOINT_EVERY = 20
"""Entries decided between two checkpoints, about 1 ms, so that ingest gets its turn."""

MOST_HELD = 4000
"""Payloads that may wait in open batches, so that memory stays flat at any backlog."""


NOTHING_STORED: Mapping[str, Remembered] = {}


class People(Protocol):
    """Who is asked for what people consented to elsewhere than in the event."""

    async def stored_consent(self, events: Sequence[Event]) -> Sequence[Mapping[str, Remembered]]:
        """The remembered statements of each event's person, by category."""


@dataclass(slots=True)
class Consumer:
    """One destination's way out; ``run`` until ``stop`` is called."""

    destination: Destination
    release: str
    sources: Mapping[str, Source]
    log: Log
    state: State
    attempts: Way
    people: People | None = None
    order: Order | None = None
    slots: trio.Semaphore | None = None
    batcher: Batcher = field(init=False)
    _decider: Decider = field(init=False)
    _ready: int = 0
    _reading: trio.CancelScope = field(default_factory=trio.CancelScope)
    _replaced: set[DeliveryKey] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.batcher = Batcher(self.destination.batch)
        way = self.attempts
        self._decider = Decider(
            self.destination, self.release, self.sources, way.notices, way.clock, way.jitter
        )

    def stop(self) -> None:
        """Read no more; what is on its way is finished, what waits in a batch is read again."""
        self._reading.cancel()

    async def is_busy(self) -> bool:
        """Whether a batch waits for its turn, or events to be read; one that fills does not."""
        return self._ready > 0 or await self.log.backlog(self.destination.name) > 0

    async def run(self) -> None:
        """Read, decide and send until ``stop``."""
        slots = self.slots or trio.Semaphore(self.destination.limits.concurrency)
        await self.log.give_back(self.destination.name)
        await self._wake_paused()
        if self.destination.ordered:
            self.order = await restored(self.destination.name, self.log, self.state)
            self.attempts.settlement.order = self.order
        async with trio.open_nursery() as senders:
            with self._reading:
                while True:
                    await self._step(senders, slots)

    async def _wake_paused(self) -> None:
        """Have what waits for the end of a pause handed out, if it ended: the secret was mended."""
        counts = await self.state.delivery_counts()
        paused = counts.get(self.destination.name, {}).get(DeliveryState.PAUSED)
        if paused and not self.attempts.gate.is_shut():
            await self.log.wake(self.destination.name)

    async def _step(self, senders: trio.Nursery, slots: trio.Semaphore) -> None:
        if passage := await self.attempts.gate.passage():
            await self._probe(senders, slots, sends=passage is Passage.PROBE)
            return
        await self._take_in(await self._read(READ))
        all_of_them = len(self.batcher) > MOST_HELD
        ready = self.batcher.take(self.attempts.clock(), all_of_them=all_of_them)
        await self._start(ready, senders, slots)

    async def _start(
        self, batches: Sequence[Sequence[Item]], senders: trio.Nursery, slots: trio.Semaphore
    ) -> None:
        try:
            for number, batch in enumerate(batches):
                self._ready = len(batches) - number
                await slots.acquire()
                senders.start_soon(self._send, batch, slots)
        finally:
            self._ready = 0

    async def _send(self, batch: Sequence[Item], slots: trio.Semaphore) -> None:
        try:
            await self.attempts.send(batch)
        finally:
            slots.release()

    async def _probe(self, senders: trio.Nursery, slots: trio.Semaphore, *, sends: bool) -> None:
        """Try a shut destination with one batch, or none; then let go what is too old."""
        await self._take_in(await self._read(PROBED))
        batches = self._all_open()
        if batches and sends:
            # Any of them: the oldest may be what the vendor fails at.
            probe = batches.pop(int(self.attempts.jitter() * len(batches)))
            await self.attempts.send(probe, probe=True)
        await self._start(batches, senders, slots)
        while self.attempts.gate.is_shut() and await self._next_is_too_old():
            await self._take_in(await self.log.read(self.destination.name, READ))
            await self._start(self._all_open(), senders, slots)

    def _all_open(self) -> list[list[Item]]:
        return self.batcher.take(self.attempts.clock(), all_of_them=True)

    async def _next_is_too_old(self) -> bool:
        """Whether the next unread event has passed ``max_age``."""
        last = await self.log.last_position()
        head = last - await self.log.backlog(self.destination.name)
        unread = await self.log.read_range(head, 1)
        oldest = self.attempts.clock() - self.destination.retry.max_age_ms
        return bool(unread) and unread[0].event.received_at < oldest

    async def _read(self, limit: int) -> list[Entry]:
        """The next entries; none when an open batch is to go out before there are any."""
        close_at = self.batcher.next_close()
        wait_s = (
            float("inf")
            if close_at is None
            # Never longer than linger: the clock may have been set back.
            else max(0.0, min(close_at - self.attempts.clock(), self.batcher.spec.linger_ms) / 1000)
        )
        # log.read never gives up entries that it has taken, so cancelling it loses none.
        with trio.move_on_after(wait_s):
            if self.order is not None:
                limit = await self.order.room(limit, self.attempts.clock)
            return await self.log.read(self.destination.name, limit)
        return []

    async def _take_in(self, entries: Sequence[Entry]) -> None:
        if self.order is not None:
            entries = await in_log_order(self.order, self.destination.name, self.log, entries)
        recorded = await self._recorded([one for one in entries if one.redelivered or one.put_off])
        stored = await self._stored_consent(entries)
        records: list[Delivery] = []
        for index, entry in enumerate(entries):
            if index % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1:
                await trio.lowlevel.checkpoint()
            records += self._open(entry, recorded.get(entry.position, {}), stored[index])
        if self._replaced:
            await self.state.forget(list(self._replaced))
            self._replaced.clear()
        await self.attempts.settlement.settle(records)
        await self.attempts.settlement.release([entry.position for entry in entries])

    async def _stored_consent(self, entries: Sequence[Entry]) -> Sequence[Mapping[str, Remembered]]:
        if self.people is None or not entries:
            return [NOTHING_STORED] * len(entries)
        return await self.people.stored_consent([entry.event for entry in entries])

    async def _recorded(
        self, entries: Sequence[Entry]
    ) -> Mapping[int, Mapping[DeliveryKey, Delivery]]:
        recorded: dict[int, dict[DeliveryKey, Delivery]] = {}
        if entries:
            positions = [entry.position for entry in entries]
            for one in await self.state.deliveries_at(self.destination.name, positions):
                # A replay sees to its own.
                if one.key.replay == 0:
                    recorded.setdefault(one.key.position, {})[one.key] = one
        return recorded

    def _open(
        self,
        entry: Entry,
        recorded: Mapping[DeliveryKey, Delivery],
        stored: Mapping[str, Remembered],
    ) -> list[Delivery]:
        """Open the entry: payloads go to the batcher, and what needs no sending is given back."""
        items, done = self._fates(entry, recorded, stored)
        now = self.attempts.clock()
        if self.order is not None:
            max_age_ms = self.destination.retry.max_age_ms
            items, done = self.order.in_turn(entry, items, done, now=now, max_age_ms=max_age_ms)
        keys = [one.delivery.key for one in items] + [one.key for one in done]
        self.attempts.settlement.expect(entry.position, keys)
        for item in items:
            self.batcher.add(item, now)
        return done

    def _fates(
        self,
        entry: Entry,
        recorded: Mapping[DeliveryKey, Delivery],
        stored: Mapping[str, Remembered],
    ) -> tuple[list[Item], list[Delivery]]:
        """What of the entry is to be sent, and what is decided already.

        What is recorded stays as it is, with its payload; the rest is decided now. A put-off entry
        was recorded whole, so today's rules add nothing to it. Only a refusal since then stops it.
        """
        undecided = {key for key, one in recorded.items() if _is_undecided(one)}
        items = [
            Item(replace(one, state=DeliveryState.WAITING), stored_payload(self.destination, one))
            for key, one in recorded.items()
            if one.state in UNSETTLED and key not in undecided
        ]
        refused: list[Delivery] = []
        if items and not has_consent(self.destination, entry.event, stored):
            refused = [without_consent(one.delivery, self.attempts.clock()) for one in items]
            items = []
        if not undecided and (refused or (entry.put_off and recorded)):
            return items, refused
        fates = self._decider.fates(
            entry,
            stored,
            open_=[recorded[key] for key in undecided],
            known=[one for key, one in recorded.items() if key not in undecided],
        )
        self._replaced |= fates.replaced
        return items + list(fates.items), refused + list(fates.done)


def _is_undecided(delivery: Delivery) -> bool:
    """Whether it is to be decided anew: retried by hand, held back untried, or a fault of ours."""
    return delivery.state in UNSETTLED and delivery.payload is None
