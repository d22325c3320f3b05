"""One replay at work: a second, bounded read of the log, through the rules of today.

A page is decided and its payloads are recorded, then the position is moved, then they are sent; so
a crash repeats a delivery at most, under the same dedupe key. What has to be tried again is found
in the state: the log knows nothing of replays. Live traffic goes first.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import trio

from engine.delivery.attempt import Attempts
from engine.delivery.destination import NOTHING_STORED, People
from engine.delivery.gate import PROBE_EVERY_MS, Passage
from engine.delivery.pace import Pace
from engine.delivery.records import decided, stored_payload, without_consent
from engine.delivery.replayed import delivered_before, give_up_open, is_chosen, word_for
from engine.log.interface import Entry, Log
from engine.model.decision import Decision, Verb
from engine.model.delivery import Delivery
from engine.model.delivery import State as DeliveryState
from engine.model.event import Event, Source
from engine.model.person import Remembered
from engine.model.replay import TALLIED, Replay, ReplayState, Tally
from engine.pipeline.batch import Batcher, Item
from engine.pipeline.decide import decide, has_consent
from engine.pipeline.scope import view
from engine.state.interface import State

PAGE = 200
"""Events decided, and deliveries sent, in one round."""

LOOK_EVERY_S = 0.5
"""How often is looked whether live traffic is through, or a stop was asked for."""


@dataclass(slots=True)
class Replaying:
    """``is_busy`` tells whether live traffic of the destination has something to send.

    ``attempts`` has a settlement of its own; its gate and pace, and ``slots``, are those of the
    live consumer.
    """

    replay: Replay
    release: str
    sources: Mapping[str, Source]
    log: Log
    state: State
    attempts: Attempts
    slots: trio.Semaphore
    is_busy: Callable[[], Awaitable[bool]]
    people: People | None = None
    _pace: Pace = field(init=False)
    _on_the_way: int = 0
    _was_shut: bool = True
    _probes_at_s: float = 0.0
    _landed: trio.Event = field(default_factory=trio.Event)
    _reading: trio.CancelScope = field(default_factory=trio.CancelScope)

    def __post_init__(self) -> None:
        self._pace = Pace(None, self.replay.rate_per_s)

    def stop(self) -> None:
        """Begin nothing more; what is on its way is finished, the rest goes on another day."""
        self._reading.cancel()

    async def run(self) -> None:
        """Go on until the replay is done or stopped, or ``stop`` was called."""
        self._was_shut = True  # what an earlier life put off for a pause is looked at anew
        async with trio.open_nursery() as senders:
            with self._reading:
                while await self._is_running():
                    if await self._send_due(senders):
                        continue
                    if not self.replay.is_read:
                        await self._decide_page()
                    elif await self.state.count_open(self.replay.number) == 0:
                        await self._keep(replace(self.replay, state=ReplayState.DONE))
                    else:
                        await trio.sleep(LOOK_EVERY_S)

    async def _is_running(self) -> bool:
        stored = {one.number: one for one in await self.state.replays()}
        found = stored.get(self.replay.number)
        if found is None or found.state is ReplayState.DONE:
            return False
        self.replay = found
        if found.state is ReplayState.STOPPED:
            await give_up_open(self.state, found)
            return False
        return True

    async def _keep(self, replay: Replay) -> None:
        await self.state.set_replay(replay)
        self.replay = replay

    async def _decide_page(self) -> None:
        """Decide the next events, and have what is to be sent on disk before the position moves."""
        replay = self.replay
        entries = await self.log.read_range(replay.reached, PAGE, until=replay.until)
        chosen = [one for one in entries if is_chosen(replay, one.event)]
        tally = dict.fromkeys(TALLIED, 0)
        records: list[Delivery] = []
        before = await delivered_before(self.state, replay, chosen)
        stored = await self._stored_consent([one.event for one in chosen])
        for entry, consent in zip(chosen, stored, strict=True):
            await trio.lowlevel.checkpoint()
            records += self._decided(entry, consent, before.get(entry.position, ()), tally)
        await self.attempts.settlement.settle(records)
        reached = entries[-1].position if len(entries) == PAGE else replay.until
        await self._keep(replace(replay.plus(tally), reached=reached))

    def _decided(
        self,
        entry: Entry,
        stored: Mapping[str, Remembered],
        before: Sequence[Delivery],
        tally: Tally,
    ) -> list[Delivery]:
        destination, now = self.attempts.destination, self.attempts.clock()
        event = entry.event
        source = self.sources.get(event.source) or Source(event.source)
        try:
            decisions = decide(destination, event, source, now, view(event, source, stored))
        except Exception as error:  # noqa: BLE001 - our own bug: it ends here, the rest goes on
            self.attempts.notices.alarm("decide", error, destination=destination.name)
            decisions = [
                Decision(
                    destination.name,
                    Verb.ERROR,
                    reason=f"fault of Encamina: {type(error).__name__}",
                )
            ]
        tally["events"] += 1
        records = []
        for decision in decisions:
            word = word_for(decision, event, before, self.replay, now)
            tally[word] += 1
            if word in ("deliveries", "dead"):
                record = decided(decision, destination, entry, self.release, now)
                key = replace(record.key, replay=self.replay.number)
                records.append(replace(record, key=key, due_at=self.replay.asked_at))
        return records

    async def _send_due(self, senders: trio.Nursery) -> bool:
        """Send what is due by now, a page of it; whether there was any.

        What a pause or an open breaker put off is due as soon as the gate is open again.
        """
        now, reopened = self.attempts.clock(), self._was_shut and not self.attempts.gate.is_shut()
        self._was_shut = self.attempts.gate.is_shut()
        due = await self.state.open_deliveries(
            self.replay.number, limit=PAGE, due_by=None if reopened else now
        )
        batcher = Batcher(self.attempts.destination.batch)
        for item in await self._still_wanted(due):
            batcher.add(item, now)
        for batch in batcher.take(now, all_of_them=True):
            await self._pace.wait(len(batch))
            if (turn := await self._turn()) is None:
                break
            await self.slots.acquire()
            self._on_the_way += 1
            senders.start_soon(self._send, batch, turn)
        # The round ends with its last answer: what is open then is due again, or settled.
        while self._on_the_way:
            self._landed = trio.Event()
            await self._landed.wait()
        return bool(due)

    async def _send(self, batch: Sequence[Item], turn: Passage) -> None:
        try:
            await self.attempts.send(batch, probe=turn is Passage.PROBE)
        finally:
            self.slots.release()
            self._on_the_way -= 1
            self._landed.set()

    async def _turn(self) -> Passage | None:
        """Wait until live traffic is through and the gate lets through; None where a stop came."""
        gate = self.attempts.gate
        while await self._stored_state() is ReplayState.RUNNING:
            if not await self.is_busy():
                if not gate.is_shut():
                    return Passage.GO
                if self._may_probe():
                    return Passage.PROBE
            self._was_shut = self._was_shut or gate.is_shut()
            await trio.sleep(LOOK_EVERY_S)
        return None

    def _may_probe(self) -> bool:
        """Whether one batch may ask how the vendor is: live traffic may have none to ask with."""
        gate, now_s = self.attempts.gate, trio.current_time()
        if gate.is_shut(probe=True) or self._on_the_way:
            return False
        if gate.standing().state == "half-open":
            return True
        if gate.reason is None or not self._was_shut:
            self._probes_at_s = now_s + PROBE_EVERY_MS / 1000
            return False
        return now_s >= self._probes_at_s

    async def _stored_state(self) -> ReplayState | None:
        stored = await self.state.replays()
        return next((one.state for one in stored if one.number == self.replay.number), None)

    async def _still_wanted(self, due: Sequence[Delivery]) -> list[Item]:
        """What may still be sent: a refusal since it was decided stops it."""
        destination = self.attempts.destination
        entries = await self.log.read_at(sorted({one.key.position for one in due}))
        stored = await self._stored_consent([one.event for one in entries])
        refused = {
            entry.position
            for entry, said in zip(entries, stored, strict=True)
            if not has_consent(destination, entry.event, said)
        }
        now = self.attempts.clock()
        await self.attempts.settlement.settle(
            [without_consent(one, now) for one in due if one.key.position in refused]
        )
        return [
            Item(replace(one, state=DeliveryState.WAITING), stored_payload(destination, one))
            for one in due
            if one.key.position not in refused
        ]

    async def _stored_consent(self, events: Sequence[Event]) -> Sequence[Mapping[str, Remembered]]:
        if self.people is None or not events:
            return [NOTHING_STORED] * len(events)
        return await self.people.stored_consent(events)
