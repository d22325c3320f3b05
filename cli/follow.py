"""Deliveries as they come and change, looked for in the state again and again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import trio

from cli.looks import PAGE, Look
from engine.model.clock import Clock, Millis
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey, State
from engine.state.interface import DeliveryFilter

EVERY_S = 1.0
MOST_WATCHED = 10_000
"""Deliveries on their way whose end is waited for, of each state."""

NEVER = Millis(0)
GRACE_MS = 5_000
"""A record is written some time after the moment it bears."""


@dataclass(slots=True)
class Follower:
    """Finds what is new since the last look, by three ways that need no reading of all records.

    First records stand beyond what each destination had finished with at the last look; ends are
    of what was on its way then; what was put back by hand is on its way again.
    """

    look: Look
    which: DeliveryFilter
    clock: Clock
    _told: dict[DeliveryKey, tuple[Millis, State]] = field(default_factory=dict)
    _watched: Mapping[DeliveryKey, Delivery] = field(default_factory=dict)
    _floor: int = 0
    _since: Millis = NEVER

    async def start(self, listed: Sequence[Delivery]) -> None:
        """Begin after those that are ``listed`` already."""
        self._told = {one.key: (one.at, one.state) for one in listed}
        self._since = Millis(self.clock() - GRACE_MS)
        self._watched = await self._on_their_way()
        self._floor = await self._lowest_floor()

    async def news(self) -> list[Delivery]:
        """What came or changed since the last look, by its moment."""
        await trio.sleep(EVERY_S)
        since, floor = self._since, self._floor
        self._since = Millis(self.clock() - GRACE_MS)
        self._floor = await self._lowest_floor()
        watched, self._watched = self._watched, await self._on_their_way()
        found = {one.key: one for one in self._watched.values() if one.at >= since}
        for key in watched.keys() - self._watched.keys():
            if (ended := await self._one(key)) is not None:
                found[key] = ended
        found |= await self._beyond(floor, since)
        news = [one for one in found.values() if self._told.get(one.key) != (one.at, one.state)]
        # What is older than a look can't be found as new again: no need to know it for ever.
        self._told = {key: told for key, told in self._told.items() if told[0] >= since}
        self._told |= {one.key: (one.at, one.state) for one in news}
        return sorted(news, key=lambda one: (one.at, one.key.position))

    async def _on_their_way(self) -> Mapping[DeliveryKey, Delivery]:
        found: dict[DeliveryKey, Delivery] = {}
        for state in sorted(UNSETTLED):
            if self.which.state in (None, state) or self.which.state not in UNSETTLED:
                which = replace(self.which, state=state)
                rows = await self.look.state.deliveries(which, limit=MOST_WATCHED)
                found |= {one.key: one for one in rows}
        return found

    async def _one(self, key: DeliveryKey) -> Delivery | None:
        """The delivery as it is now, None where it does not meet the filter any more."""
        before = replace(key, replay=key.replay - 1)
        found = await self.look.state.deliveries(self.which, limit=1, after=before)
        return found[0] if found and found[0].key == key else None

    async def _beyond(self, floor: int, since: Millis) -> Mapping[DeliveryKey, Delivery]:
        which = replace(self.which, since=max(since, self.which.since or NEVER))
        after = DeliveryKey(floor + 1, "")
        found: dict[DeliveryKey, Delivery] = {}
        while page := await self.look.state.deliveries(which, limit=PAGE, after=after):
            found |= {one.key: one for one in page}
            after = page[-1].key
        return found

    async def _lowest_floor(self) -> int:
        """Up to which position every destination has finished or put off what it read."""
        last = await self.look.log.last_position()
        backlogs = [await self.look.log.backlog(name) for name in await self.look.log.groups()]
        return last - max(backlogs, default=0)
