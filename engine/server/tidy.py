"""Retention: what is finished and old leaves the data folder, in steps that stall no write.

An event stays while a destination has not finished with it: whoever can't send it any more lets go
of it, as a dead letter with its reason. So nothing is removed here that could still be sent.
"""

from dataclasses import dataclass, replace
from functools import partial

import trio

from engine.delivery.timers import CLOCK
from engine.ingest.disk import Disk, size_text
from engine.log.interface import Log
from engine.model.clock import Clock, Millis, to_iso
from engine.model.delivery import UNSETTLED, State
from engine.model.errors import StorageError
from engine.model.window import GROUP
from engine.release.derived_form import FORM
from engine.release.release import Release
from engine.server.analytics import sqlite_file
from engine.sqlite.database import Databases
from engine.sqlite.size import Usage
from engine.state.interface import DeliveryFilter
from engine.state.interface import State as StateStore
from engine.store.interface import Store
from engine.telemetry.disk import DiskNotices

EVERY_S = 60.0
SHORT_EVERY_S = 5.0
"""How often it looks while room is short."""

ROWS_AT_ONCE = 500
"""What is removed in one transaction: some 15 ms that appends wait (decision 0012)."""

PAUSE_S = 0.02
"""Between two steps, so that the writes of others come between them."""

NEAR, BEGINS_AT, ENDS_AT = 0.8, 0.9, 0.85
"""Parts of ``disk.most``. Over the first it looks more often; over the second, what is finished
goes before its time, down to the third. Ingest refuses only at the whole."""

STORE_PART = 0.5
"""Of what all databases hold: while the store has more, its documents go before records do."""

AGES_DAYS = (720, 360, 180, 90, 60, 30, 14, 7, 3, 1)
"""In such steps its oldest documents go, of every model alike; the last day's stay."""

IDLE_PART, IDLE_BYTES = 0.25, 64 * 1024 * 1024
"""So much room without content is kept for what comes; more goes back to the disk."""

DAY_MS = 24 * 3_600_000
LATE_MS = 7 * DAY_MS
GONE_FOR_MS = DAY_MS
"""How long a destination may be missing from the project and still goes on where it stood."""

JUMP_S = 3600.0
TRUSTED_AFTER_S = 24 * 3600.0
"""After a jump of the clock nothing is removed by age for so long: somebody may set it right."""

EVER = Millis(2**62)


@dataclass(slots=True)
class Tidy:
    """Removes what need not be kept; ``run`` until cancelled."""

    release: Release
    log: Log
    state: StateStore
    files: Databases
    disk: Disk
    notices: DiskNotices
    clock: Clock
    store: Store | None = None
    _near: bool = False
    _trusted_s: float = 0.0
    _wall_s: float | None = None
    _time_s: float = 0.0

    async def run(self) -> None:
        """One round a minute, more often while room is short."""
        while True:
            try:
                await self.round()
            except (OSError, StorageError) as error:
                self.notices.notices.alarm("tidy", error)
            await trio.sleep(SHORT_EVERY_S if self._near or self.disk.reason else EVERY_S)

    async def round(self) -> None:
        """Remove what is to go now."""
        now = self.clock()
        await self._forget_gone(now)
        is_trusted = await self._clock_is_trusted(now)
        if is_trusted:
            keep = self.release.spec.keep
            await self._trim(Millis(now - keep.events_ms), why="older than privacy.keep.events")
            await self._forget_audit(Millis(now - keep.audit_ms))
            await self._forget_derived(now)
        await self._make_room()
        if is_trusted:
            await self._trim_store(now)
        await self._give_back()

    async def _clock_is_trusted(self, now: Millis) -> bool:
        """Whether age can be told: the clock went on as time did, also while nothing ran."""
        wall_s, time_s = now / 1000, trio.current_time()
        if self._wall_s is None:
            ahead_s = await self._since_newest_s(now)
            limit_s = TRUSTED_AFTER_S
        else:
            ahead_s = (wall_s - self._wall_s) - (time_s - self._time_s)
            limit_s = JUMP_S
        self._wall_s, self._time_s = wall_s, time_s
        if ahead_s > limit_s:
            self.notices.clock_jumped(round(ahead_s))
            self._trusted_s = time_s + TRUSTED_AFTER_S
        return time_s >= self._trusted_s

    async def _since_newest_s(self, now: Millis) -> float:
        last = await self.log.last_position()
        newest = await self.log.read_range(last - 1, 1) if last else []
        return (now - newest[0].event.received_at) / 1000 if newest else 0.0

    async def _trim(self, before: Millis, *, why: str) -> None:
        gone, reached = 0, 0
        while True:
            step = await self.log.trim(received_before=before, after=reached, limit=ROWS_AT_ONCE)
            gone += step.gone
            if step.reached is None:
                break
            reached = step.reached
            await trio.sleep(PAUSE_S)
        if gone:
            self.notices.removed("events", gone, why)

    async def _forget_audit(self, before: Millis) -> None:
        gone = 0
        while step := await self.state.forget_audit(before, limit=ROWS_AT_ONCE):
            gone += step
            await trio.sleep(PAUSE_S)
        if gone:
            self.notices.removed("records", gone, "older than privacy.keep.audit")

    async def _trim_store(self, now: Millis) -> None:
        """Documents go after ``store.keep`` of the destination that keeps them."""
        there = self.release.store
        keep_ms = there.store.keep_ms if there is not None and there.store is not None else None
        if self.store is None or keep_ms is None:
            return
        gone = 0
        while step := await self.store.trim(Millis(now - keep_ms), limit=ROWS_AT_ONCE):
            gone += step
            await trio.sleep(PAUSE_S)
        if gone:
            self.notices.removed("documents", gone, "older than store.keep")

    async def _forget_derived(self, now: Millis) -> None:
        """Figures that nothing came to for as long as records are kept; of timers, sooner."""
        ids = Millis(now - self.release.spec.keep.audit_ms)
        gone = 0
        within = {one.name: one.within_ms for one in self.release.derived}
        # Of files that are gone, too: which events they made is known as long as of any other.
        for name in {*within, *await self.state.windows.names()}:
            windows = ids
            if (within_ms := within.get(name)) is not None:
                # What comes so late is no part of what was over by then.
                windows = Millis(now - max(2 * within_ms, LATE_MS))
            forget = partial(self.state.windows.forget, windows=windows, ids=ids)
            while step := await forget(name, limit=ROWS_AT_ONCE):
                gone += step
                await trio.sleep(PAUSE_S)
        if gone:
            self.notices.removed("figures", gone, "older than they are kept")

    async def _make_room(self) -> None:
        """Where the limit is near, let finished events go before their time, the oldest first."""
        usage = await self.files.usage()
        self._near = self._is_short(usage, NEAR)
        if not self._is_short(usage, BEGINS_AT):
            return
        why = f"room is short: {size_text(usage.used_bytes)}"
        gone, reached = 0, 0
        while self._is_short(await self.files.usage(), ENDS_AT):
            step = await self.log.trim(received_before=EVER, after=reached, limit=ROWS_AT_ONCE)
            gone += step.gone
            if step.reached is None:
                break
            reached = step.reached
            await trio.sleep(PAUSE_S)
        if gone:
            self.notices.removed("events", gone, why)
        await self._make_room_of_documents(why)
        await self._make_room_of_records(why)

    async def _make_room_of_documents(self, why: str) -> None:
        """A store that holds most of it gives up its oldest documents: no record goes for it."""
        gone = 0
        for days in AGES_DAYS:
            before = Millis(self.clock() - days * DAY_MS)
            while self.store is not None and await self._store_is_to_blame():
                step = await self.store.trim(before, limit=ROWS_AT_ONCE)
                if not step:
                    break
                gone += step
                await trio.sleep(PAUSE_S)
        if gone:
            self.notices.removed("documents", gone, why)

    async def _store_is_to_blame(self) -> bool:
        """Whether room is short, and the store's own file holds more than its part."""
        name = sqlite_file(self.release.store_url)
        its = None if name is None else await self.files.usage_of(name)
        usage = await self.files.usage()
        is_large = its is not None and its.used_bytes > STORE_PART * usage.used_bytes
        return is_large and self._is_short(usage, ENDS_AT)

    async def _make_room_of_records(self, why: str) -> None:
        """With no finished event left, old records go too: else ingest would refuse for ever."""
        gone = 0
        newest_day = Millis(self.clock() - DAY_MS)
        while self._is_short(await self.files.usage(), ENDS_AT):
            step = await self.state.forget_audit(newest_day, limit=ROWS_AT_ONCE)
            # Those of the last day only where there is nothing older.
            step = step or await self.state.forget_audit(EVER, limit=ROWS_AT_ONCE)
            if not step:
                break
            gone += step
            await trio.sleep(PAUSE_S)
        if gone:
            self.notices.removed("records", gone, why)

    def _is_short(self, usage: Usage, part: float) -> bool:
        keep = self.release.spec.keep
        # What is idle in the files goes back to the disk after.
        return (
            usage.used_bytes > keep.most_bytes * part
            or usage.left_bytes + usage.idle_bytes < keep.free_bytes / part
        )

    async def _give_back(self) -> None:
        usage = await self.files.usage()
        much = max(IDLE_BYTES, IDLE_PART * (usage.used_bytes + usage.idle_bytes))
        scarce = usage.left_bytes < 2 * self.release.spec.keep.free_bytes
        if usage.idle_bytes > (0 if scarce else much):
            await self.files.give_back()

    async def _forget_gone(self, now: Millis) -> None:
        """A destination that has left the project holds the log for a day, and no longer."""
        there = {one.name for one in self.release.destinations}
        there |= {one.group for one in self.release.derived}
        for group in await self.log.groups():
            name = f"gone:{group}"
            since = await self.state.setting(name)
            if group in there:
                if since is not None:
                    await self.state.set_setting(name, None)
            elif since is None or int(since) > now:
                await self.state.set_setting(name, str(now))
                until = to_iso(Millis(now + GONE_FOR_MS))
                self.notices.notices.said("destination gone", destination=group, kept_until=until)
            elif now - int(since) >= GONE_FOR_MS:
                await self._drop(group, now)
                await self.state.set_setting(name, None)

    async def _drop(self, group: str, now: Millis) -> None:
        unread = await self.log.backlog(group)
        ended = sum([await self._end(group, state, now) for state in sorted(UNSETTLED)])
        if group.startswith(GROUP):
            # Before its group, by which this is known to be left to do.
            name = group.removeprefix(GROUP)
            await self.state.windows.begin_anew(name)
            for setting in (FORM, CLOCK):
                await self.state.set_setting(f"{setting}{name}", None)
        await self.log.drop_group(group)
        self.notices.removed("destinations", 1, f"{group} left the project")
        self.notices.notices.said(
            "destination dropped", destination=group, unread=unread, skipped=ended
        )

    async def _end(self, destination: str, state: State, now: Millis) -> int:
        """Record what was still on its way there as skipped; how many."""
        ended = 0
        which = DeliveryFilter(destination=destination, state=state)
        read = partial(self.state.deliveries, which, limit=ROWS_AT_ONCE)
        while found := await read():
            reason = "the destination left the project"
            skipped = [
                replace(one, state=State.SKIPPED, reason=reason, at=now, next_at=None)
                for one in found
            ]
            await self.state.record(skipped)
            ended += len(found)
            await trio.sleep(PAUSE_S)
        return ended
