"""The consumer of one file of ``rules/derived/``: log -> windows -> events made, into the log.

What a step changes is written at once, with how far the log was read and with the events that it
made; only then they go into the log, and the entries are acknowledged. So a crash anywhere neither
loses nor doubles a count or an event: what was read is known by its position, and what was made is
made again under the same id until it is in the log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import trio

from engine.delivery.made import Around, Sending
from engine.delivery.timers import Timers
from engine.log.interface import Entry
from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.event import Event, Source
from engine.model.jsonvalue import Json
from engine.model.person import USER, Memory, PersonKey
from engine.model.window import BACK_FILL, Found
from engine.pipeline.derive import Keys, browsers_of, keys_of, linked, links, matches, once_of
from engine.pipeline.identity import Ids, ids_of
from engine.pipeline.scope import view
from engine.pipeline.windows import Working
from engine.release.derived import Derived
from engine.release.derived_form import FORM, Form

READ = 200
"""Entries read at a time: some 10 ms of work."""

CHECKPOINT_EVERY = 20
DUE_AT_ONCE = 50
"""Taken at a time of what falls due: some 40 ms of work, between which others get their turn. Four
times as many are made in four fifths of the time, and a post waits twice as long meanwhile."""
NEVER = Millis(0)
FOREVER = Millis(2**62)
NOBODY: Mapping[PersonKey, Memory] = {}
MOST_MET = 10_000
"""Pairs of ids that are remembered as seen together: those of the visits that go on."""


@dataclass(frozen=True, slots=True)
class Read:
    """An event of the log with its keys; ``links_only`` where it doesn't count itself."""

    position: int
    event: Event
    names: Mapping[str, Json]
    keys: Keys
    once: str | None = None
    links_only: bool = False


@dataclass(slots=True)
class Deriving:
    """One file; ``run`` until cancelled, which may be at any moment."""

    derived: Derived
    around: Around
    timers: Timers = field(init=False)
    _sending: Sending = field(init=False)
    _position: int = 0
    _met: set[Ids] = field(default_factory=set)
    _waiting: trio.CancelScope = field(default_factory=trio.CancelScope)

    def __post_init__(self) -> None:
        around = self.around
        self.timers = Timers.over(self.derived, around.state, around.clock, around.uptime)
        self._sending = Sending(self.derived.name, around)

    @property
    def _name(self) -> str:
        return self.derived.name

    def look(self) -> None:
        """Something was asked of it: look at once."""
        self._waiting.cancel()

    async def run(self) -> None:
        """Read the log, and let fall due what does, until cancelled."""
        await self.begin()
        while True:
            await self.step()

    async def begin(self) -> None:
        """What is to be done once, before the first step."""
        log, windows = self.around.log, self.around.state.windows
        await log.give_back(self.derived.group)
        standing = await windows.standing(self._name)
        self._position = standing.position
        await self._mind_the_file(is_empty=not standing.windows)
        await self._sending.send_left()
        self._say_jump(await self.timers.begin(log))

    async def _mind_the_file(self, *, is_empty: bool) -> None:
        """Keep how the file stands; what was edited while figures were there is told."""
        state, now = self.around.state, self.around.clock()
        kept = Form.read(await state.setting(f"{FORM}{self._name}"))
        form = Form.begun(self.derived, now if is_empty else None)
        if kept is not None:
            form = kept.now(self.derived, now)
            if edited := sorted(one for one, at in form.changed.items() if at == now):
                self.around.notices.said(
                    "derived file changed", derived=self._name, parts=", ".join(edited)
                )
        if form != kept:
            await state.set_setting(f"{FORM}{self._name}", form.text())

    async def step(self) -> None:
        """Take what the log has next, or wait for it; then let fall due what is over."""
        log, group = self.around.log, self.derived.group
        if (since := await self._asked()) is not None:
            await self._rebuild(since)
        entries = await self._read()
        self._say_jump(await self.timers.mind_the_clock(log))
        if entries:
            fresh = [one for one in entries if one.position > self._position]
            await self._take(fresh)
            await log.acknowledge(group, [one.position for one in entries])
        elif self.derived.within_ms is not None and not await log.backlog(group):
            await self._fire(self.timers.over_by())

    def _say_jump(self, by_ms: int) -> None:
        if by_ms:
            by_s = round(by_ms / 1000)
            self.around.notices.said("clock changed", derived=self._name, by_s=by_s)

    async def count_history(self, events: Sequence[Event]) -> None:
        """Count events of a time before the log, making nothing of them; it is not running.

        Events that share ``once``, or their id, count once, however often they are given.
        """
        windows = self.around.state.windows
        position = (await windows.standing(self._name)).position
        await self._take([Entry(position, one) for one in events], position, FOREVER)

    async def _read(self) -> list[Entry]:
        """What the log has next; nothing once something is due and the log is read to its end."""
        log, group = self.around.log, self.derived.group
        if await log.backlog(group):
            return await log.read(group, READ)
        wait_s = await self.timers.wait_s()
        self._waiting = trio.CancelScope(deadline=trio.current_time() + wait_s)
        if wait_s > 0:
            with self._waiting:
                return await log.read(group, READ)
        return []

    async def _take(
        self, entries: Sequence[Entry], until: int | None = None, quiet_before: Millis = NEVER
    ) -> None:
        """Count these, in their order; what their keys have that fell due before comes first.

        The log is then read to the last of them, or to ``until``. Other keys' turn comes after.
        """
        reads = await self._keyed(entries)
        if not reads:
            return
        found = await self.around.state.windows.find(
            self._name,
            {key for one in reads for key in one.keys.all()},
            {one.once for one in reads if one.once is not None},
        )
        working = await self._worked(reads, found, quiet_before)
        if working.has_changed or not all(one.links_only for one in reads):
            await self._write(working, reads[-1].position if until is None else until)
        await self._fire(reads[-1].event.received_at, quiet_before)

    async def _worked(self, reads: Sequence[Read], found: Found, quiet_before: Millis) -> Working:
        seen = {id(one.event): one.names for one in reads}
        working = Working(
            self.derived, found, lambda event: seen.get(id(event)) or self._view(event)
        )
        working.quiet_before = quiet_before
        working.in_order = quiet_before != FOREVER
        for number, one in enumerate(reads, 1):
            if number % CHECKPOINT_EVERY == 0:
                await trio.lowlevel.checkpoint()
            working.fire(one.event.received_at)
            if one.links_only:
                working.link(one.event, one.keys)
            else:
                working.take(one.event, one.keys)
        return working

    async def _keyed(self, entries: Sequence[Entry]) -> list[Read]:
        """Those of these that count here, or tell who a person is that something is kept of."""
        derived = self.derived
        ours = [one for one in entries if matches(derived, one.event) or self._is_new(one.event)]
        known = await self._known([one.event for one in ours])
        cutoff = self._cutoff()
        reads = []
        for number, entry in enumerate(ours, 1):
            if number % CHECKPOINT_EVERY == 0:
                await trio.lowlevel.checkpoint()
            event = self.timers.by_this_clock(entry)
            if not matches(derived, event):
                keys = linked(derived, event, known, cutoff)
                if len(keys.all()) > 1:
                    reads.append(Read(entry.position, event, {}, keys, links_only=True))
                continue
            names = self._view(event)
            keys = keys_of(derived, event, names, known, cutoff)
            if keys.own:
                once = once_of(derived, event, names)
                reads.append(Read(entry.position, event, names, keys, once))
        return reads

    def _is_new(self, event: Event) -> bool:
        """Whether an event tells who a browser is, or was, and nobody told so lately."""
        if not links(self.derived, event):
            return False
        ids = ids_of(event.body)
        if len(self._met) >= MOST_MET:
            self._met.clear()
        before = len(self._met)
        self._met.add(ids)
        return len(self._met) > before

    def _view(self, event: Event) -> Mapping[str, Json]:
        source = self.around.sources.get(event.source) or Source(event.source)
        return view(event, source)

    async def _known(self, events: Sequence[Event]) -> Mapping[PersonKey, Memory]:
        if self.around.people is None or not self.derived.by_person or not events:
            return NOBODY
        look_up, cutoff = self.around.people.look_up, self._cutoff()
        ids = {key for event in events for key in ids_of(event.body).asked()}
        known = await look_up(ids, cutoff)
        users = (key for key in known if key.kind == USER)
        more = {one for user in users for one in browsers_of(user, known)} - known.keys()
        return {**known, **await look_up(more, cutoff)} if more else known

    def _cutoff(self) -> Millis:
        return Millis(self.around.clock() - self.around.remember_ms)

    async def _fire(self, until: Millis, quiet_before: Millis = NEVER) -> None:
        """Let all that is due by then fall due."""
        if self.derived.within_ms is None:
            return
        windows = self.around.state.windows
        while due := await windows.due(self._name, until, limit=DUE_AT_ONCE):
            found = Found(windows={one.number: one for one in due})
            working = Working(self.derived, found, self._view, quiet_before)
            working.fire(until)
            await self._write(working, None)

    async def _write(self, working: Working, position: int | None) -> None:
        made = await self.around.state.windows.write(self._name, working.change(position))
        if position is not None:
            self._position = position
            self.around.applied(self._name, position)
        if working.faults:
            self._tell(working.faults)
        for error in working.errors[:1]:
            self.around.notices.alarm("derived", error, derived=self._name)
        await self._sending.send(made)

    def _tell(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        told = f"{first.file}:{first.line} {first.path}: {first.message}"
        self.around.notices.said("derived faults", derived=self._name, first=told)

    async def _asked(self) -> Millis | None:
        """From when on its figures are to be built anew, if that was asked for."""
        value = await self.around.state.setting(f"{BACK_FILL}{self._name}")
        return None if value is None else Millis(int(value))

    async def _rebuild(self, since: Millis) -> None:
        """Build the figures anew from what was received since; nothing is made of what is over."""
        log, windows = self.around.log, self.around.state.windows
        begun = self.around.clock()
        end = await log.last_position() - await log.backlog(self.derived.group)
        await windows.begin_anew(self._name)
        self._met.clear()
        after, count = 0, 0
        while entries := await log.read_range(after, READ, until=end):
            after = entries[-1].position
            kept = [one for one in entries if one.event.received_at >= since]
            count += len(kept)
            await self._take(kept, end, begun)
        await self._fire(begun, begun)
        state, oldest = self.around.state, await log.read_range(0, 1)
        began = max([since, *(one.event.received_at for one in oldest)])
        await state.set_setting(f"{FORM}{self._name}", Form.begun(self.derived, began).text())
        await state.set_setting(f"{BACK_FILL}{self._name}", None)
        self.around.notices.said("derived back-fill done", derived=self._name, events=count)
