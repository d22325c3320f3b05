"""One task a destination: started, watched, stopped together."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import trio

from engine.delivery.attempt import Attempts
from engine.delivery.auth import door_of
from engine.delivery.destination import Consumer, People
from engine.delivery.gate import Gate
from engine.delivery.mailbox import Handover, run_mailbox
from engine.delivery.pace import Pace
from engine.delivery.send import Sender
from engine.delivery.settle import Settlement
from engine.delivery.way import Way
from engine.log.interface import Log
from engine.model.clock import Clock
from engine.model.errors import StorageError
from engine.model.event import Source
from engine.release.destination import Destination, Mode
from engine.release.release import Release
from engine.state.interface import State
from engine.telemetry.notices import Notices

PASS_EVERY_S = 1.0
"""How often the destinations that are off move on: nobody waits for them."""

RESTART_AFTER_S = 5.0
"""How long a consumer that failed as a whole waits: its storage may be back by then."""


@dataclass(slots=True)
class Delivery:
    """All consumers of a release. ``run`` ends when ``stop`` was called and all is finished.

    Without ``people`` an event's own word on consent is all there is.
    """

    release: Release
    log: Log
    state: State
    sender: Sender
    notices: Notices
    clock: Clock
    people: People | None = None
    _consumers: dict[str, Consumer] = field(default_factory=dict)
    _stopping: bool = False
    _stop_asked: trio.Event = field(default_factory=trio.Event)

    async def create_groups(self) -> None:
        """Make a group in the log for each destination: a new one starts at the end of the log."""
        for destination in self.release.destinations:
            await self.log.create_group(destination.name)

    async def run(self) -> None:
        """Run every consumer; one that fails starts again and disturbs no other."""
        async with trio.open_nursery() as nursery:
            for destination in self.release.destinations:
                if destination.mode is not Mode.OFF:
                    nursery.start_soon(self._keep_running, destination)
            nursery.start_soon(self._run_off)

    def stop(self) -> None:
        """Tell every consumer to read no more and to finish what is on its way."""
        self._stopping = True
        self._stop_asked.set()
        for consumer in self._consumers.values():
            consumer.stop()

    def paused(self) -> Mapping[str, str]:
        """The paused destinations, with the reason."""
        return {
            name: consumer.attempts.gate.reason
            for name, consumer in self._consumers.items()
            if consumer.attempts.gate.reason is not None
        }

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
        gate = Gate(self.clock)
        if destination.unset and destination.mode is Mode.LIVE:
            reason = f"not set: {', '.join(destination.unset)}"
            gate.close(reason)
            self.notices.paused(destination.name, reason)
        way = self._way(destination, gate)
        sources = {source.name: source for source in self._sources()}
        return Consumer(
            destination, self.release.name, sources, self.log, self.state, way, self.people
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
            Pace(destination.limits.rate_per_s),
            self.notices,
            self.clock,
            random.random,
        )

    def _sources(self) -> list[Source]:
        return [Source(spec.name, spec.kind, spec.unplanned) for spec in self.release.spec.sources]


async def _run(consumer: Consumer) -> None:
    if isinstance(consumer.attempts, Handover):
        await run_mailbox(consumer, consumer.attempts)
    else:
        await consumer.run()
