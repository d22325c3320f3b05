"""Every replay that runs: taken up at start and when asked for, one task each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import trio

from engine.delivery.replay import Replaying
from engine.delivery.replayed import give_up_open
from engine.model.errors import StorageError
from engine.model.replay import Replay, ReplayState
from engine.state.interface import State
from engine.telemetry.notices import Notices

RESTART_AFTER_S = 5.0
"""How long a replay that failed as a whole waits: its storage may be back by then."""


@dataclass(slots=True)
class Replays:
    """``make`` gives the worker of a replay, None where its destination is gone or off."""

    state: State
    notices: Notices
    make: Callable[[Replay], Replaying | None]
    _working: dict[int, Replaying] = field(default_factory=dict)
    _given_up: set[int] = field(default_factory=set)
    _asked: trio.Event = field(default_factory=trio.Event)
    _stopping: bool = False

    def look(self) -> None:
        """A replay was asked for, or stopped: look at them all."""
        self._asked.set()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True
        for one in self._working.values():
            one.stop()
        self._asked.set()

    async def run(self) -> None:
        """Run what runs until ``stop``."""
        async with trio.open_nursery() as nursery:
            while not self._stopping:
                self._asked = trio.Event()
                try:
                    stored = await self.state.replays()
                    await self._give_up_stopped(stored)
                except StorageError as error:
                    self.notices.alarm("replays", error)
                    await trio.sleep(RESTART_AFTER_S)
                    continue
                for replay in stored:
                    is_new = replay.number not in self._working
                    if is_new and replay.state is ReplayState.RUNNING:
                        self._begin(replay, nursery)
                await self._asked.wait()

    async def _give_up_stopped(self, stored: Sequence[Replay]) -> None:
        """End what is open of replays that were stopped and have no worker to do so.

        As after a kill between the two, or where the destination is gone.
        """
        for one in stored:
            if one.state is not ReplayState.STOPPED:
                self._given_up.discard(one.number)
            elif one.number not in self._working and one.number not in self._given_up:
                await give_up_open(self.state, one)
                self._given_up.add(one.number)

    def _begin(self, replay: Replay, nursery: trio.Nursery) -> None:
        worker = self.make(replay)
        if worker is not None:
            self._working[replay.number] = worker
            nursery.start_soon(self._keep_working, worker)

    async def _keep_working(self, worker: Replaying) -> None:
        facts = {"replay": worker.replay.number, "destination": worker.replay.destination}
        self.notices.said("replay runs", **facts)
        while not self._stopping:
            try:
                await worker.run()
                break
            except Exception as error:  # noqa: BLE001 - the edge of a replay's life
                self.notices.alarm("replay", error, **facts)
                await trio.sleep(RESTART_AFTER_S)
        del self._working[worker.replay.number]
        self.notices.said(f"replay {worker.replay.state}", **facts)
        # One of its dead letters may have been retried while it ended.
        self.look()
