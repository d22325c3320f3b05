"""What an event gets of figures when it is accepted: ``fill:`` of the files in ``rules/derived/``.

It is written with the event, so that every destination, and every replay, sees the same: whether an
order was the person's first can't be told later. The figures are those of the state, with what was
accepted since and is not counted there yet: two orders of one request see each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.ingest.people import People
from engine.log.interface import Log
from engine.mapping.missing import MISSING
from engine.model.clock import Millis, to_iso
from engine.model.errors import BoundPassed, StorageError
from engine.model.event import Event, Source
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.verdict import Accepted, Verdict
from engine.model.window import BACK_FILL, Window
from engine.pipeline.derive import Keys, keys_of, linked, links, once_of
from engine.pipeline.figures import shown
from engine.pipeline.identity import Known, ids_of
from engine.pipeline.scope import view
from engine.pipeline.windows import Working
from engine.release.derived import Derived
from engine.release.destination import Mode
from engine.release.release import Release
from engine.state.interface import State
from engine.telemetry.notices import Notices

MOST_AHEAD = 10_000
"""Events accepted and not counted yet that are minded; a consumer so far behind has stopped."""

NOTHING_MADE = Millis(2**63)
"""Figures alone are of interest here: the events that are made are the consumer's business."""

ALIAS = "alias"
MOST_READ, READ = 20_000, 200
"""How far a start looks back for what was not counted, and how much at a time."""

Id = tuple[str, str]


@dataclass(slots=True)
class _Ahead:
    """An event that was accepted, or is about to be, and is not counted in the state yet.

    An alias counts nowhere, and tells whose figures are one person's.
    """

    event: Event
    keys: Keys
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose events get something: the release, what is known of their people, and since when."""

    release: Release
    known: Known
    cutoff: Millis

    def files(self) -> list[Derived]:
        """The files that fill something in."""
        return [
            one for one in self.release.derived if one.fill is not None and one.mode is Mode.LIVE
        ]

    def view(self, event: Event) -> Mapping[str, Json]:
        """The names that a rule sees of an event."""
        of_release = (one for one in self.release.spec.sources if one.name == event.source)
        one = next(of_release, None)
        source = Source(event.source) if one is None else Source(one.name, one.kind, one.unplanned)
        return view(event, source)

    def keys(self, derived: Derived, event: Event) -> Keys:
        """The keys of an event."""
        if event.type == ALIAS:
            return linked(derived, event, self.known, self.cutoff)
        return keys_of(derived, event, self.view(event), self.known, self.cutoff)

    def once(self, derived: Derived, event: Event) -> str | None:
        """The value of an event that counts once."""
        return None if event.type == ALIAS else once_of(derived, event, self.view(event))


def concerns(derived: Derived, event: Event) -> bool:
    """Whether an event gets something of a file, or tells what another one gets."""
    return derived.takes.takes(event) or (event.type == ALIAS and links(derived, event))


@dataclass(slots=True)
class Fills:
    """What is accepted and not counted yet, of all files that fill something in."""

    state: State
    notices: Notices
    ahead: dict[str, dict[Id, _Ahead]] = field(default_factory=dict)

    async def begin(self, release: Release, log: Log, people: People | None, now: Millis) -> None:
        """What an earlier life accepted and did not count, before anything more is accepted."""
        cutoff = Millis(now - release.spec.remember_ms)
        for derived in Asking(release, {}, cutoff).files():
            if derived.group not in await log.groups():
                continue
            last = await log.last_position()
            after = max(last - await log.backlog(derived.group), last - MOST_READ)
            while entries := await log.read_range(after, READ):
                after = entries[-1].position
                ours = [one for one in entries if concerns(derived, one.event)]
                known: Known = {}
                if people is not None and ours:
                    ids = {key for one in ours for key in ids_of(one.event.body).asked()}
                    known = await people.look_up(ids, cutoff)
                asking = Asking(release, known, cutoff)
                for one in ours:
                    keys = asking.keys(derived, one.event)
                    self.add(derived.name, _Ahead(one.event, keys, one.position))

    async def of(self, asking: Asking, events: Sequence[Event]) -> "Filling | None":
        """What one request's events get; None where none of them is for a file that fills."""
        taken = [
            (derived, event)
            for derived in asking.files()
            for event in events
            if concerns(derived, event)
        ]
        if not taken:
            return None
        fillings: dict[int, list[_Fill]] = {}
        for derived in {one.name: one for one, _ in taken}.values():
            ours = [event for one, event in taken if one is derived]
            seen = await self._seen(asking, derived, ours)
            if seen is None:
                continue
            for event in ours:
                fill = _Fill(derived, seen, asking.keys(derived, event))
                fillings.setdefault(id(event), []).append(fill)
        return Filling(self, asking, fillings)

    async def _seen(
        self, asking: Asking, derived: Derived, events: Sequence[Event]
    ) -> "_Seen | None":
        """The windows of these events' keys, with all that is accepted and not counted yet."""
        before = dict(self.ahead.get(derived.name, {}))
        keys = {key for event in events for key in asking.keys(derived, event).all()}
        keys |= {key for one in before.values() for key in one.keys.all()}
        asked = [*events, *(one.event for one in before.values())]
        once = {value for event in asked if (value := asking.once(derived, event)) is not None}
        windows = self.state.windows
        try:
            is_built = await self.state.setting(f"{BACK_FILL}{derived.name}") is None
            found = await windows.find(derived.name, keys, once)
        except StorageError as error:
            self.notices.alarm("fill", error, derived=derived.name)
            return None
        working = Working(derived, found, asking.view, NOTHING_MADE)
        seen = _Seen(working, found.position, is_built)
        seen.catch_up(before)
        return seen

    def add(self, name: str, one: _Ahead) -> bool:
        """Mind an event until it is counted; whether it was not minded before."""
        waiting = self.ahead.setdefault(name, {})
        id_ = (one.event.source, one.event.message_id)
        if id_ in waiting:
            return False
        if len(waiting) >= MOST_AHEAD:
            del waiting[next(iter(waiting))]
        waiting[id_] = one
        return True

    def appended(self, event: Event, position: int | None) -> None:
        """An event stands in the log at this position; None where it stood there before."""
        for waiting in self.ahead.values():
            one = waiting.get((event.source, event.message_id))
            if one is not None and position is not None:
                one.position = position

    def applied(self, name: str, position: int) -> None:
        """The file of that name has counted everything up to this position."""
        waiting = self.ahead.get(name)
        if not waiting:
            return
        done = [id_ for id_, one in waiting.items() if one.position and one.position <= position]
        for id_ in done:
            del waiting[id_]


@dataclass(slots=True)
class _Seen:
    """The windows of one file as a request sees them: as read, and what came since.

    While a back-fill builds them they are not whole, so nothing is told of them.
    """

    working: Working
    position: int
    is_built: bool
    _taken: set[Id] = field(default_factory=set)

    def catch_up(self, ahead: Mapping[Id, _Ahead]) -> None:
        """Count what was accepted, by any request, and is not counted here yet."""
        for id_, one in ahead.items():
            if id_ not in self._taken and (one.position is None or one.position > self.position):
                self._taken.add(id_)
                if one.event.type == ALIAS:
                    self.working.link(one.event, one.keys)
                else:
                    self.working.take(one.event, one.keys)


@dataclass(frozen=True, slots=True)
class _Fill:
    """What one file gives one event."""

    derived: Derived
    seen: _Seen
    keys: Keys


@dataclass(slots=True)
class Filling:
    """What the events of one request get; ``close`` when they are in the log, or can't be."""

    fills: Fills
    asking: Asking
    of_event: Mapping[int, Sequence[_Fill]]
    _added: list[tuple[str, Id]] = field(default_factory=list)

    def fill(self, came: Event, accepted: Accepted, judge: Callable[[Event], Verdict]) -> Accepted:
        """The accepted event with what it gets where it says nothing itself.

        ``came`` is the event as it came. What makes it unfit for its schema is left out.
        """
        for one in self.of_event.get(id(came), ()):
            filled = self._filled(one, accepted.event)
            verdict = accepted if filled is accepted.event else judge(filled)
            if isinstance(verdict, Accepted):
                accepted = verdict
            else:
                self.fills.notices.said("filled in wrongly, left out", derived=one.derived.name)
            event = accepted.event
            if self.fills.add(one.derived.name, _Ahead(event, one.keys)):
                self._added.append((one.derived.name, (event.source, event.message_id)))
        return accepted

    def close(self) -> None:
        """What was not appended is not ahead of anything."""
        for name, id_ in self._added:
            waiting = self.fills.ahead.get(name, {})
            if id_ in waiting and waiting[id_].position is None:
                del waiting[id_]

    def _filled(self, one: _Fill, event: Event) -> Event:
        if event.type == ALIAS or not one.seen.is_built:
            return event
        one.seen.catch_up(self.fills.ahead.get(one.derived.name, {}))
        once, working = self.asking.once(one.derived, event), one.seen.working
        before = None if once is None else working.counted(once)
        window = working.take(event, one.keys)
        if before is not None:
            return _with(event, before.filled)
        if window is None:
            return event
        filled = _with(event, self._given(one.derived, event, window))
        if once is not None:
            working.note(once, filled, one.keys)
        return filled

    def _given(self, derived: Derived, event: Event, window: Window) -> Body:
        """What ``fill:`` gives an event, whose window counts it."""
        names = {
            **self.asking.view(event),
            "tables": derived.tables,
            "figures": shown(derived.figures, window.figures, event.timestamp),
            "due": to_iso(event.timestamp),
        }
        try:
            rendered = None if derived.fill is None else derived.fill.render(names)
        except BoundPassed:
            return {}
        return {} if rendered is None or rendered.value is MISSING else as_body(rendered.value)


def _with(event: Event, given: Body) -> Event:
    """The event with those of these properties that it doesn't tell itself."""
    own = as_body(event.body.get("properties"))
    missing: dict[str, Json] = {key: value for key, value in given.items() if key not in own}
    if not missing:
        return event
    told = {
        **as_body(event.body.get("context")),
        "filled": [f"properties.{key}" for key in missing],
    }
    return event._replace(body={**event.body, "properties": {**own, **missing}, "context": told})
