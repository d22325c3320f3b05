"""One task a destination: started, watched, stopped together."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trio

from engine.delivery.archive import Archiving, run_archive
from engine.delivery.attempt import Attempts
from engine.delivery.auth import door_of
from engine.delivery.breaker import Breaker
from engine.delivery.destination import Consumer, People
from engine.delivery.gate import Gate, Standing
from engine.delivery.mailbox import Handover, run_mailbox
from engine.delivery.pace import Pace
from engine.delivery.pauses import HandPause, stored_pauses
from engine.delivery.replay import Replaying
from engine.delivery.replays import Replays
from engine.delivery.send import Sender
from engine.delivery.settle import Settlement
from engine.delivery.takers import Takers
from engine.delivery.way import Way
from engine.log.interface import Log
from engine.model.clock import Clock
from engine.model.errors import StorageError
from engine.model.event import Source
from engine.model.replay import Replay
from engine.release.destination import Destination, Mode
from engine.release.release import Release
from engine.state.interface import State
from engine.store.interface import Store
from engine.telemetry.notices import Notices

PASS_EVERY_S = 1.0
"""How often the destinations that are off move on: nobody waits for them."""

RESTART_AFTER_S = 5.0
"""How long a consumer that failed as a whole waits: its storage may be back by then."""


@dataclass(slots=True)
class Delivery:
    """All consumers of a release. ``run`` ends when ``stop`` was called and all is finished.

    Without ``people`` an event's own word on consent is all there is; ``store`` is where the
    destination of that kind keeps its documents, ``data`` the folder that archives lie in.
    """

    release: Release
    log: Log
    state: State
    sender: Sender
    notices: Notices
    clock: Clock
    people: People | None = None
    store: Store | None = None
    data: Path = field(default_factory=Path)
    _takers: Takers = field(init=False)
    _consumers: dict[str, Consumer] = field(default_factory=dict)
    replays: Replays = field(init=False)
    _gates: dict[str, Gate] = field(default_factory=dict)
    _paces: dict[str, Pace] = field(default_factory=dict)
    _slots: dict[str, trio.Semaphore] = field(default_factory=dict)
    _stopping: bool = False
    _stop_asked: trio.Event = field(default_factory=trio.Event)

    def __post_init__(self) -> None:
        self.replays = Replays(self.state, self.notices, self._replaying)
        self._takers = Takers(
            self.state, self.notices, self.clock, self.store, self.data, self.release.spec.keep
        )

    async def create_groups(self) -> None:
        """Make a group in the log for each destination: a new one starts at the end of the log.

        Archives get what is settled from now on.
        """
        await self._takers.ask(self.release)
        for destination in self.release.destinations:
            await self.log.create_group(destination.name)

    async def run(self) -> None:
        """Run every consumer; one that fails starts again and disturbs no other."""
        for name, pause in (await stored_pauses(self.state)).items():
            self.pause(name, pause)
        async with trio.open_nursery() as nursery:
            for destination in self.release.destinations:
                if destination.mode is not Mode.OFF:
                    nursery.start_soon(self._keep_running, destination)
            nursery.start_soon(self._run_off)
            nursery.start_soon(self.replays.run)

    def stop(self) -> None:
        """Tell every consumer to read no more and to finish what is on its way."""
        self._stopping = True
        self._stop_asked.set()
        self.replays.stop()
        for consumer in self._consumers.values():
            consumer.stop()

    def standings(self) -> Mapping[str, Standing]:
        """How each destination stands."""
        off = Standing("off")
        return {
            one.name: off if one.mode is Mode.OFF else self._gate(one).standing()
            for one in self.release.destinations
        }

    def pause(self, name: str, pause: HandPause) -> bool:
        """Send nothing to the destination until ``resume``; True if it was not paused.

        Whoever asks keeps the pause in the state as well; nothing where there is no such
        destination any more.
        """
        found = self._running(name)
        if found is None:
            return False
        was_open = self._gate(found).close(pause.reason, by_hand=True, since=pause.since)
        self.notices.paused(name, pause.reason)
        return was_open

    async def resume(self, name: str) -> bool:
        """Send again, and at once what was put off, whatever stopped it; True if something did.

        What an unset variable stops stays stopped.
        """
        found = self._running(name)
        if found is None or not self._gate(found).open():
            return False
        self.notices.resumed(name)
        self.notices.breaker_closed(name)
        self._close_if_unset(found)
        await self._wake(name)
        return True

    async def _wake(self, name: str) -> None:
        consumer = self._consumers.get(name)
        if consumer is None:
            await self.log.wake(name)
        else:
            await consumer.attempts.settlement.wake()

    def is_open(self, name: str, position: int) -> bool:
        """Whether the destination has the entry at ``position`` in hand just now."""
        consumer = self._consumers.get(name)
        return consumer is not None and position in consumer.attempts.settlement

    def _running(self, name: str) -> Destination | None:
        found = (one for one in self.release.destinations if one.name == name)
        return next((one for one in found if one.mode is not Mode.OFF), None)

    def _close_if_unset(self, destination: Destination) -> None:
        if destination.unset and destination.mode is Mode.LIVE:
            reason = f"not set: {', '.join(destination.unset)}"
            if self._gate(destination).close(reason):
                self.notices.paused(destination.name, reason)

    def _gate(self, destination: Destination) -> Gate:
        """The one gate of a destination: it outlives a consumer that starts again."""
        gate = self._gates.get(destination.name)
        if gate is None:
            gate = Gate(self.clock, Breaker(destination.breaker))
            self._gates[destination.name] = gate
        return gate

    async def _run_off(self) -> None:
        """Destinations that are off: cursors move on, mailboxes let go what waits in them."""
        off = [one for one in self.release.destinations if one.mode is Mode.OFF]
        async with trio.open_nursery() as nursery:
            for destination in off:
                if destination.mailbox is not None:
                    nursery.start_soon(self._let_go, destination)
            await self._pass_over([one.name for one in off])
            nursery.cancel_scope.cancel()

    async def _let_go(self, destination: Destination) -> None:
        way = self._way(destination, Gate(self.clock))
        while isinstance(way, Handover):
            try:
                await way.let_go()
            except StorageError as error:
                self.notices.alarm("let go", error, destination=destination.name)
                await trio.sleep(RESTART_AFTER_S)

    async def _pass_over(self, names: Sequence[str]) -> None:
        while names and not self._stopping:
            try:
                await self.log.pass_over(names)
            except StorageError as error:
                self.notices.alarm("pass over", error)
            with trio.move_on_after(PASS_EVERY_S):
                await self._stop_asked.wait()

    async def _keep_running(self, destination: Destination) -> None:
        while not self._stopping:
            consumer = self._consumers[destination.name] = self._consumer(destination)
            try:
                await _run(consumer)
            except Exception as error:  # noqa: BLE001 - the edge of a consumer's life
                self.notices.alarm("consumer", error, destination=destination.name)
                await trio.sleep(RESTART_AFTER_S)

    def _consumer(self, destination: Destination) -> Consumer:
        gate = self._gate(destination)
        self._close_if_unset(destination)
        way = self._way(destination, gate)
        sources = {source.name: source for source in self._sources()}
        return Consumer(
            destination,
            self.release.name,
            sources,
            self.log,
            self.state,
            way,
            self.people,
            slots=self._places(destination),
        )

    def _way(self, destination: Destination, gate: Gate) -> Way:
        settlement = Settlement(destination.name, self.log, self.state, self.notices)
        if destination.mailbox is not None:
            return Handover(
                destination,
                destination.mailbox,
                self.state,
                settlement,
                gate,
                self.notices,
                self.clock,
                random.random,
            )
        return Attempts(
            destination,
            self.release.env,
            door_of(self.sender, destination, self.clock),
            settlement,
            gate,
            self._pace(destination),
            self.notices,
            self.clock,
            random.random,
            taker=self._takers.of(destination),
        )

    def _pace(self, destination: Destination) -> Pace:
        """The one pace of a destination, which its replays keep too."""
        limits = destination.limits
        made = Pace(limits.rate_per_s, limits.events_per_s)
        return self._paces.setdefault(destination.name, made)

    def _places(self, destination: Destination) -> trio.Semaphore:
        """The places of a destination's requests, which its replays take too."""
        made = trio.Semaphore(destination.limits.concurrency)
        return self._slots.setdefault(destination.name, made)

    def _replaying(self, replay: Replay) -> Replaying | None:
        """Who runs a replay; nobody where its destination is gone or off."""
        destination = self._running(replay.destination)
        if destination is None or destination.mailbox is not None:
            return None
        way = self._way(destination, self._gate(destination))
        assert isinstance(way, Attempts)
        sources = {source.name: source for source in self._sources()}
        return Replaying(
            replay,
            self.release.name,
            sources,
            self.log,
            self.state,
            way,
            self._places(destination),
            lambda: self._consumers.get(destination.name),
            self.people,
        )

    def _sources(self) -> list[Source]:
        return [Source(spec.name, spec.kind, spec.unplanned) for spec in self.release.spec.sources]


async def _run(consumer: Consumer) -> None:
    if isinstance(consumer.attempts, Handover):
        await run_mailbox(consumer, consumer.attempts)
    elif isinstance(consumer.attempts, Attempts) and isinstance(consumer.attempts.taker, Archiving):
        await run_archive(consumer, consumer.attempts.taker)
    else:
        await consumer.run()
