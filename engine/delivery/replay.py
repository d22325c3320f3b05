"""One replay at work: a second, bounded read of the log, through the rules of today.

A page is decided and its payloads are recorded, then the position is moved, then they are sent; so
a crash repeats a delivery at most, under the same dedupe key. What has to be tried again is found
in the state: the log knows nothing of replays. Live traffic goes first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import trio

from engine.delivery.attempt import Attempts
from engine.delivery.destination import Consumer, People
from engine.delivery.fates import Decider
from engine.delivery.gate import PROBE_EVERY_MS, Passage
from engine.delivery.line import AT_ONCE, Line
from engine.delivery.order import Order
from engine.delivery.pace import Pace
from engine.delivery.replay_rules import PAGE, ReplayRules
from engine.delivery.replayed import give_up_open
from engine.log.interface import Log
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED
from engine.model.event import Source
from engine.model.replay import Replay, ReplayState
from engine.pipeline.batch import Batcher, Item
from engine.state.interface import State

LET_LIVE_GO_MS = 1000
"""How long who has something on its way in live traffic is left alone before the next look."""

LOOK_EVERY_S = 0.5
"""How often is looked whether live traffic is through, or a stop was asked for."""


@dataclass(slots=True)
class Replaying:
    """``live`` gives the consumer of the destination's live traffic, as far as there is one.

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
    live: Callable[[], Consumer | None]
    people: People | None = None
    _rules: ReplayRules = field(init=False)
    _pace: Pace = field(init=False)
    _line: Line | None = None
    _on_the_way: int = 0
    _sent: int = 0
    _behind_live: set[int] = field(default_factory=set)
    _was_shut: bool = True
    _probes_at_s: float = 0.0
    _landed: trio.Event = field(default_factory=trio.Event)
    _reading: trio.CancelScope = field(default_factory=trio.CancelScope)

    def __post_init__(self) -> None:
        self._pace = Pace(None, self.replay.rate_per_s)
        way = self.attempts
        decider = Decider(
            way.destination, self.release, self.sources, way.notices, way.clock, way.jitter
        )
        self._rules = ReplayRules(decider, self.log, self.state, way, self.live, self.people)

    def stop(self) -> None:
        """Begin nothing more; what is on its way is finished, the rest goes on another day."""
        self._reading.cancel()

    async def run(self) -> None:
        """Go on until the replay is done or stopped, or ``stop`` was called."""
        self._was_shut = True  # what an earlier life put off for a pause is looked at anew
        name = self.attempts.destination.name
        if self.attempts.destination.ordered:
            self._line = Line(name, self.replay.number, self.log, self.state)
        async with trio.open_nursery() as senders:
            with self._reading:
                while await self._is_running():
                    if await self._send_due(senders):
                        continue
                    if not self.replay.is_read and not (self._line and self._line.is_full):
                        await self._decide_page()
                    elif await self.state.count_open(self.replay.number) == 0:
                        await self._end()
                    else:
                        await trio.sleep(LOOK_EVERY_S)

    async def _end(self) -> None:
        """Nothing is left; one that was stopped once, and ran again for a retry, stays so."""
        ended = ReplayState.STOPPED if self.replay.reason else ReplayState.DONE
        await self._keep(replace(self.replay, state=ended))
        # A dead letter may have been retried between the look and the end.
        if await self.state.count_open(self.replay.number):
            await self.state.reopen_replay(self.replay.number)

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
        page = await self._rules.page(self.replay)
        await self.attempts.settlement.settle(page.records)
        if self._line is not None:
            open_ = {one.key.position for one in page.records if one.state in UNSETTLED}
            self._line.add([one for one in page.entries if one.position in open_])
        await self._keep(page.replay)

    async def _send_due(self, senders: trio.Nursery) -> bool:
        """Send what is due by now, a page of it; whether there was any that could go.

        What a pause or an open breaker put off is due as soon as the gate is open again.
        """
        now, reopened = self.attempts.clock(), self._was_shut and not self.attempts.gate.is_shut()
        self._was_shut = self.attempts.gate.is_shut()
        due_by, self._sent = None if reopened else now, 0
        if self._line is not None:
            due = await self._line.due(due_by, PAGE)
        else:
            due = await self.state.open_deliveries(self.replay.number, limit=PAGE, due_by=due_by)
        batcher = Batcher(self.attempts.destination.batch)
        items = await self._rules.wanted(self.replay, due)
        for item in items:
            batcher.add(item, now)
        stopped = False
        for batch in batcher.take(now, all_of_them=True):
            await self._keep_pace(len(batch))
            if stopped := (turn := await self._turn()) is None:
                break
            await self.slots.acquire()
            self._on_the_way += 1
            senders.start_soon(self._send, batch, turn)
        # The round ends with its last answer: what is open then is due again, or settled.
        while self._on_the_way:
            self._landed = trio.Event()
            await self._landed.wait()
        if self._line is not None:
            await self._line.look(sorted({one.key.position for one in due}))
            self._line.put_off(self._behind_live, Millis(now + LET_LIVE_GO_MS))
            self._behind_live.clear()
        return stopped or (bool(due) and (self._sent > 0 or not items))

    async def _send(self, batch: Sequence[Item], turn: Passage) -> None:
        order, lent, freed = None, set[int](), list[int]()
        try:
            if self._line is not None:
                consumer = self.live()
                order = consumer.order if consumer is not None else None
                batch, lent = self._lent(self._line, order, batch)
            if batch:
                self._sent += len(batch)
                await self.attempts.send(batch, probe=turn is Passage.PROBE)
        finally:
            if order is not None:
                freed = order.take_back(lent)
            self.slots.release()
            self._on_the_way -= 1
            self._landed.set()
        if order is not None and freed:
            await self.log.retry(self.attempts.destination.name, freed, AT_ONCE)
            order.put_off(freed, AT_ONCE)

    def _lent(
        self, line: Line, order: Order | None, batch: Sequence[Item]
    ) -> tuple[list[Item], set[int]]:
        """What of the batch may go, and of whom: those that live traffic has nothing of."""
        people = {line.person(one.delivery.key.position) for one in batch}
        lent = {one for one in people if order is not None and order.lend(one)}
        positions = {one.delivery.key.position for one in batch}
        self._behind_live |= {one for one in positions if line.person(one) not in lent}
        return [one for one in batch if line.person(one.delivery.key.position) in lent], lent

    async def _keep_pace(self, events: int) -> None:
        """Wait as the replay's own rate asks for, which may take minutes, or until a stop."""
        begins_s = self._pace.take(events)
        while begins_s - trio.current_time() > LOOK_EVERY_S:
            await trio.sleep(LOOK_EVERY_S)
            if await self._stored_state() is not ReplayState.RUNNING:
                return
        await trio.sleep_until(begins_s)

    async def _turn(self) -> Passage | None:
        """Wait until live traffic is through and the gate lets through; None where a stop came."""
        gate = self.attempts.gate
        while await self._stored_state() is ReplayState.RUNNING:
            if not await self._is_live_busy():
                if not gate.is_shut():
                    return Passage.GO
                if self._may_probe():
                    return Passage.PROBE
            self._was_shut = self._was_shut or gate.is_shut()
            await trio.sleep(LOOK_EVERY_S)
        return None

    async def _is_live_busy(self) -> bool:
        consumer = self.live()
        return consumer is not None and await consumer.is_busy()

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
