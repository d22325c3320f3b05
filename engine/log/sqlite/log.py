"""The log in a SQLite file: events, groups and retries; see ``tables`` for the layout."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Self

import trio

from engine.log.interface import Entry, Trimmed
from engine.log.sqlite import events as rows_of_events
from engine.log.sqlite import groups as rows_of_groups
from engine.log.sqlite.appends import Appends
from engine.log.sqlite.events import Bounds, EventRow, Id, Placed
from engine.log.sqlite.group import Group
from engine.log.sqlite.groups import Settlement
from engine.log.sqlite.recent import Recent
from engine.log.sqlite.tables import SCRIPTS
from engine.log.sqlite.watch import Watch
from engine.model.clock import Clock, Millis
from engine.model.errors import StorageError
from engine.model.event import Event
from engine.sqlite.database import Database
from engine.sqlite.migrate import check_version, migrate

COMPONENT = "log"
# Encoding 250 events takes about a millisecond.
ENCODED_AT_ONCE = 250
DAY_MS = 24 * 3_600_000
ROWS_AT_ONCE = 1000  # dropped or made due in one transaction: appends wait some milliseconds


class SqliteLog:
    """A ``Log`` (see the interface for its promises); make it with ``SqliteLog.open``."""

    def __init__(self, database: Database, clock: Clock, window_ms: int, recent: Recent) -> None:
        self._database = database
        self._clock = clock
        self._window_ms = window_ms
        self._recent = recent
        self._watch = Watch.over(clock)
        self._groups: dict[str, Group] = {}
        self._one_reads = trio.Lock()
        self._last = 0
        self._appends = Appends(clock, window_ms)

    @classmethod
    async def open(
        cls, database: Database, clock: Clock, window_ms: int, recent: Recent | None = None
    ) -> Self:
        """The log in ``database``, its tables made or brought up to date unless one only looks."""
        log = cls(database, clock, window_ms, recent or Recent())
        if database.look_only:
            await database.reader.run(partial(check_version, component=COMPONENT, scripts=SCRIPTS))
        else:
            await database.writer.run(partial(migrate, component=COMPONENT, scripts=SCRIPTS))
            await database.writer.run(partial(rows_of_groups.pull_in, now=clock()))
        await log._restore()
        return log

    async def append(self, events: Sequence[Event]) -> list[int | None]:
        """See ``Log.append``."""
        rows: list[EventRow] = []
        for start in range(0, len(events), ENCODED_AT_ONCE):
            part = events[start : start + ENCODED_AT_ONCE]
            rows += map(rows_of_events.encode_event, part)
            await trio.lowlevel.checkpoint()
        if not rows:
            return []
        positions = await self._database.writer.run_together(self._appends.write, rows)
        self._take_note(events, rows, positions)
        return positions

    async def seen(self, ids: Sequence[Id]) -> list[bool]:
        """See ``Log.seen``."""
        look = partial(rows_of_events.marked, ids=ids, cutoff=self._clock() - self._window_ms)
        marked = await self._database.reader.run(look)
        return [one in marked for one in ids]

    async def first_of(self, ids: Sequence[Id]) -> list[Entry | None]:
        """See ``Log.first_of``."""
        cutoff = self._clock() - self._window_ms
        look = partial(rows_of_events.select_first, ids=ids, cutoff=cutoff)
        return await self._database.reader.run(look)

    async def create_group(self, group: str) -> None:
        """See ``Log.create_group``."""
        if group in self._groups:
            return
        stored = await self._database.writer.run(
            lambda connection: rows_of_groups.create_group(connection, group)
        )
        self._groups.setdefault(group, Group.restored(stored, self._last))

    async def groups(self) -> list[str]:
        """See ``Log.groups``."""
        stored = await self._database.reader.run(rows_of_groups.load_groups)
        return [one.name for one in stored]

    async def give_back(self, group: str) -> None:
        """See ``Log.give_back``."""
        one = self._named(group)
        async with one.turn:
            stored = await self._database.reader.run(
                lambda connection: rows_of_groups.load_group(connection, group)
            )
            self._groups[group] = Group.restored(stored, self._last)

    async def read(self, group: str, limit: int) -> list[Entry]:
        """See ``Log.read``."""
        one = self._named(group)
        async with one.turn:
            one.reading = True
            while True:
                # Made before looking, so that what happens while we look is not missed.
                one.signal = trio.Event()
                await self._mind_the_clock()
                # Nothing may come between the look at what is due and handing it out.
                fresh = await self._fresh(one, limit)
                due = await self._due(one, limit)
                entries = self._hand_out(one, due, fresh[: limit - len(due)])
                if entries:
                    return entries
                if not fresh:
                    await self._wait_for_more(one)

    async def acknowledge(self, group: str, positions: Sequence[int]) -> None:
        """See ``Log.acknowledge``."""
        one = self._named(group)
        old = one.finish(positions)
        floor = one.floor()
        if old or floor > one.stored_floor:
            await self._settle(one, Settlement(one.id, floor, finished=old))
            one.again.difference_update(old)

    async def pass_over(self, groups: Sequence[str]) -> None:
        """See ``Log.pass_over``."""
        ones = [self._named(group) for group in groups]
        last = self._last
        behind = [one.id for one in ones if one.floor() < last or one.next_due is not None]
        if behind:
            await self._database.writer.run(
                lambda connection: rows_of_groups.finish_all(connection, behind, last)
            )
        for one in ones:
            one.pass_to(last)

    async def retry(self, group: str, positions: Sequence[int], at: Millis) -> None:
        """See ``Log.retry``."""
        one = self._named(group)
        floor = one.floor(frozenset(positions))
        with one.putting_off(positions):
            due: Millis | None = None
            # Once more where the clock was set back while it was written.
            while due is None or self._watch.by_this_clock(at) < due:
                due = self._watch.by_this_clock(at)
                await self._settle(one, Settlement(one.id, floor, put_off=positions, due_ms=due))
            one.finish(positions)
            one.again.difference_update(positions)
        one.falls_due(due)
        one.signal.set()

    async def wake(self, group: str) -> None:
        """See ``Log.wake``."""
        one = self._named(group)
        now = self._clock()
        changed = ROWS_AT_ONCE
        while changed == ROWS_AT_ONCE:
            changed = await self._database.writer.run(
                lambda connection: rows_of_groups.make_due(connection, one.id, now, ROWS_AT_ONCE)
            )
            one.falls_due(now if changed else None)
            one.signal.set()

    async def read_range(self, after: int, limit: int, *, until: int | None = None) -> list[Entry]:
        """See ``Log.read_range``."""
        end = 2**63 - 1 if until is None else until
        return await self._database.reader.run(
            partial(rows_of_events.entries_in_range, after=after, until=end, limit=limit)
        )

    async def read_at(self, positions: Sequence[int]) -> list[Entry]:
        """See ``Log.read_at``."""
        select = partial(rows_of_events.entries_at, positions=positions)
        return await self._database.reader.run(select)

    async def backlog(self, group: str) -> int:
        """See ``Log.backlog``; where one only looks, counted from the group's floor."""
        if not self._database.look_only:
            return max(0, self._last - self._named(group).head)
        count = partial(rows_of_groups.stored_backlog, name=group)
        if (stored := await self._database.reader.run(count)) is None:
            raise self._no_group(group)
        return stored

    async def last_position(self) -> int:
        """See ``Log.last_position``."""
        return await self._database.reader.run(rows_of_events.last_position)

    async def drop_group(self, group: str) -> None:
        """See ``Log.drop_group``."""
        self._groups.pop(group, None)
        drop = partial(rows_of_groups.drop_group, name=group, limit=ROWS_AT_ONCE)
        while not await self._database.writer.run(drop):
            pass

    async def trim(
        self, *, received_before: Millis, after: int = 0, limit: int = ROWS_AT_ONCE
    ) -> Trimmed:
        """See ``Log.trim``."""
        bounds = Bounds(received_before, Millis(self._clock() + DAY_MS))
        return await self._database.writer.run(
            partial(rows_of_groups.trim, bounds=bounds, after=after, limit=limit)
        )

    async def _restore(self) -> None:
        self._last = await self.last_position()
        for stored in await self._database.reader.run(rows_of_groups.load_groups):
            self._groups[stored.name] = Group.restored(stored, self._last)

    def _take_note(
        self, events: Sequence[Event], rows: Sequence[EventRow], positions: Sequence[int | None]
    ) -> None:
        for event, row, position in zip(events, rows, positions, strict=True):
            if position is not None:
                self._recent.keep(Placed(position, event, len(row[-1])))
                self._last = max(self._last, position)
        for group in self._groups.values():
            group.signal.set()

    async def _fresh(self, one: Group, limit: int) -> list[Placed]:
        if one.head >= self._last:
            return []
        # One group at a time goes to the file, so that the others find here what it decoded.
        async with self._one_reads:
            if kept := self._recent.after(one.head, limit):
                return kept
            after, until = one.head, self._last
            found = await self._database.reader.run(
                lambda connection: rows_of_events.select_range(connection, after, until, limit)
            )
            if any(group.head <= after for group in self._readers() if group is not one):
                for placed in found:
                    self._recent.keep(placed)
            return found

    def _readers(self) -> Iterator[Group]:
        return (group for group in self._groups.values() if group.reading)

    async def _due(self, one: Group, limit: int) -> list[Placed]:
        now = max(self._clock(), one.reached)
        if one.next_due is None or one.next_due > now:
            return []
        # What is put off meanwhile sets a moment of its own; a look that fails is made again.
        one.next_due = None
        later: Millis | None = now
        out = frozenset(one.again)
        try:
            due, later = await self._database.reader.run(
                lambda connection: rows_of_groups.select_due(connection, one.id, now, limit, out)
            )
        finally:
            one.falls_due(later)
        return due

    def _hand_out(self, one: Group, due: list[Placed], fresh: list[Placed]) -> list[Entry]:
        entries = one.hand_out_again(due) + one.hand_out(fresh)
        self._recent.forget(group.head for group in self._readers())
        return entries

    async def _wait_for_more(self, one: Group) -> None:
        if one.next_due is None:
            await one.signal.wait()
            return
        due = one.next_due
        with trio.move_on_after(max(0, due - self._clock()) / 1000):
            await one.signal.wait()
            return
        # Waited for, whatever a wall clock says that was set back or stands still.
        one.reached = max(one.reached, due)

    async def _mind_the_clock(self) -> None:
        """Where the clock was set back, what was put off by it falls due that much earlier."""
        if by_ms := self._watch.set_back_ms():
            now = self._clock()
            shift = partial(rows_of_groups.shift_due, now=now, by_ms=by_ms)
            await self._database.writer.run(shift)
            for group in self._groups.values():
                group.set_back(now)

    async def _settle(self, one: Group, settlement: Settlement) -> None:
        await self._database.writer.run_together(rows_of_groups.settle, settlement)
        one.stored_floor = max(one.stored_floor, settlement.floor)

    def _named(self, group: str) -> Group:
        if group not in self._groups:
            raise self._no_group(group)
        return self._groups[group]

    def _no_group(self, group: str) -> StorageError:
        return StorageError(f"{self._database.path}: the log has no group {group!r}")
