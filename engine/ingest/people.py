"""The memory of people while requests are on their way: read once, changed here, written once.

What a request asks about is held until it has been written, and all requests share what is held.
So a page view and an order of one batch, or of two requests at once, see each other, and nobody
writes over what another has just learnt.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import trio

from engine.model.cache import ABSENT, PEOPLE, Caches
from engine.model.clock import Millis
from engine.model.errors import StorageError
from engine.model.event import Event
from engine.model.person import NOTHING, Memory, PersonKey, linked_to
from engine.pipeline.learn import learn, learn_consent
from engine.pipeline.memory import Own, own_of, recall
from engine.release.takes import is_derived
from engine.state.interface import State
from engine.telemetry.notices import Notices

NEVER = Millis(0)
LINKS_FOLLOWED = 11
"""From an id to its user, through aliases, to the browser linked last; nearly always one or two."""

AT_ONCE = 200
"""Events looked into between two checkpoints: about a millisecond."""

OLD_AT_ONCE = 1_000
"""Ids forgotten in one write: some milliseconds that ingest waits."""


class Remembering:
    """One request's memory; without ``people`` it is off, and gives back events as they came."""

    def __init__(
        self,
        people: "People | None" = None,
        own: Mapping[int, Own] | None = None,
        cutoff: Millis = NEVER,
    ) -> None:
        self._people = people
        self._own = own or {}
        self._cutoff = cutoff
        self._changed: set[PersonKey] = set()

    def recall(self, event: Event) -> Event:
        """The event with what is remembered of its person."""
        if self._people is None:
            return event
        return recall(event, self._own[id(event)], self._people.known, self._cutoff)

    def learn(self, event: Event) -> None:
        """Remember what this event tells, as it came; seen at once by every request.

        One that was made tells later what its cause has told: who has the browser by now stays so.
        """
        if self._people is None or is_derived(event.body):
            return
        if changed := learn(event, self._own[id(event)], self._people.known, self._cutoff):
            self._people.known.update(changed)
            self._changed.update(changed.keys())

    def hear(self, event: Event) -> None:
        """Remember what an event that was not accepted states of consent, and nothing else."""
        if self._people is None:
            return
        own = self._own[id(event)]
        if changed := learn_consent(event, own, self._people.known, self._cutoff):
            self._people.known.update(changed)
            self._changed.update(changed.keys())

    async def keep(self) -> None:
        """Write what was learnt."""
        if self._people is not None and self._changed:
            await self._people.write(self._changed, self._cutoff)


class People:
    """What is remembered of everybody in the requests that are on their way."""

    def __init__(self, state: State, notices: Notices, caches: Caches) -> None:
        self.known: dict[PersonKey, Memory] = {}
        self._held: Counter[PersonKey] = Counter()
        self._releases = 0
        self._unwritten: set[PersonKey] = set()
        self._turn = trio.Lock()
        self._state = state
        self._notices = notices
        self._idle = caches.shelf(PEOPLE)

    @asynccontextmanager
    async def of(self, events: Sequence[Event], cutoff: Millis) -> AsyncIterator[Remembering]:
        """The memory of the people in these events; what was seen last before ``cutoff`` is gone.

        A fault of the state costs the memory, with an alarm, and never an event.
        """
        own = {}
        for number, event in enumerate(events, 1):
            own[id(event)] = own_of(event)
            if number % AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
        held: list[PersonKey] = []
        try:
            await self._hold({key for one in own.values() for key in one.ids.asked()}, held, cutoff)
            yield Remembering(self, own, cutoff)
        finally:
            self._release(held)

    async def look_up(
        self, keys: Collection[PersonKey], cutoff: Millis
    ) -> Mapping[PersonKey, Memory]:
        """What is remembered now under these ids and those they lead to, for who only reads."""
        held: list[PersonKey] = []
        try:
            await self._hold(keys, held, cutoff)
            return {key: self.known[key] for key in held if key in self.known}
        finally:
            self._release(held)

    async def write(self, changed: Iterable[PersonKey], cutoff: Millis) -> None:
        """Have what is known of these on disk, or an alarm.

        One write at a time, of all that waits for it: two could overtake each other, and the older
        one of two requests about the same person would stay.
        """
        wanted = set(changed)
        self._unwritten |= wanted
        async with self._turn:
            if wanted.isdisjoint(self._unwritten):
                return
            people = {key: self.known[key] for key in self._unwritten if key in self.known}
            self._unwritten = set()
            try:
                await self._state.remember(people, since=cutoff)
            except StorageError as error:
                self._notices.alarm("remember", error)

    async def forget(self, before: Millis) -> None:
        """Remove what was seen last before that moment, in small steps."""
        try:
            while await self._state.forget_people(before, limit=OLD_AT_ONCE) == OLD_AT_ONCE:
                pass
        except StorageError as error:
            self._notices.alarm("forget", error)

    async def _hold(self, keys: Iterable[PersonKey], held: list[PersonKey], cutoff: Millis) -> None:
        """Hold these and who they lead to; ``held`` tells which, whatever happens."""
        wanted = set(keys)
        for _ in range(LINKS_FOLLOWED):
            # Held before it is read: then nobody can write it and let it go in between.
            self._held.update(wanted)
            held += wanted
            await self._read(wanted, cutoff)
            known = [(key, self.known[key]) for key in wanted if key in self.known]
            led_to = {other for key, memory in known for other in linked_to(key, memory)}
            wanted = led_to.difference(held)
            if not wanted:
                return

    async def _read(self, keys: Iterable[PersonKey], cutoff: Millis) -> None:
        unread = []
        for key in keys:
            if key in self.known:
                continue
            found = self._idle.get(key)
            if found is ABSENT:
                unread.append(key)
            else:
                self.known[key] = found
        if not unread:
            return
        before = self._releases
        try:
            read = await self._state.people(unread, since=cutoff)
        except StorageError as error:
            self._notices.alarm("recall", error)
            return
        for key in unread:
            self.known.setdefault(key, read.get(key, NOTHING))
        if self._releases != before:
            return
        # Who they lead to was read with them: good as long as nobody can have written meanwhile.
        for key, memory in read.items():
            if key not in self.known:
                self._idle.put(key, memory)

    def _release(self, held: Iterable[PersonKey]) -> None:
        self._releases += 1
        for key in held:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]
                if (memory := self.known.pop(key, None)) is not None:
                    self._idle.put(key, memory)
