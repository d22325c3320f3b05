"""What an event gets of figures when it is accepted: ``fill:`` of the files in ``rules/derived/``.

It is written with the event, so that every destination, and every replay, sees the same: whether an
order was the person's first can't be told later. The figures are those of the state, with what was
accepted since and is not counted there yet: two orders of one request see each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.mapping.missing import MISSING
from engine.model.clock import Millis, to_iso
from engine.model.errors import BoundPassed, StorageError
from engine.model.event import Event, Inbound, Source
from engine.model.jsonvalue import Json, as_body
from engine.model.verdict import Accepted, Verdict
from engine.pipeline.derive import Keys, keys_of, once_of
from engine.pipeline.figures import shown
from engine.pipeline.identity import Known
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

Id = tuple[str, str]


@dataclass(slots=True)
class _Ahead:
    """An event that was accepted, or is about to be, and is not counted in the state yet."""

    event: Event
    keys: Keys
    position: int | None = None


@dataclass(slots=True)
class Fills:
    """What is accepted and not counted yet, of all files that fill something in."""

    state: State
    notices: Notices
    ahead: dict[str, dict[Id, _Ahead]] = field(default_factory=dict)

    async def of(
        self, release: Release, inbounds: Sequence[Inbound], events: Sequence[Event], known: Known
    ) -> "Filling | None":
        """What one request's events get; None where none of them is for a file that fills."""
        files = [one for one in release.derived if one.fill is not None and one.mode is Mode.LIVE]
        taken = [
            (derived, event) for derived in files for event in events if derived.takes.takes(event)
        ]
        if not taken:
            return None
        now = inbounds[0].received_at
        cutoff = Millis(now - release.spec.remember_ms)
        source = inbounds[0].source
        fillings: dict[int, list[_Fill]] = {}
        for derived in {one.name: one for one, _ in taken}.values():
            ours = [event for one, event in taken if one is derived]
            seen = await self._seen(derived, ours, source, known, cutoff)
            if seen is None:
                continue
            for event in ours:
                keys = keys_of(derived, event, _view(event, source), known, cutoff)
                fillings.setdefault(id(event), []).append(_Fill(derived, seen, keys))
        return Filling(self, fillings)

    async def _seen(
        self,
        derived: Derived,
        events: Sequence[Event],
        source: Source,
        known: Known,
        cutoff: Millis,
    ) -> "_Seen | None":
        """The windows of these events' keys, with all that is accepted and not counted yet."""
        before = dict(self.ahead.get(derived.name, {}))
        keys: set[str] = set()
        once: set[str] = set()
        for event in [*events, *(one.event for one in before.values())]:
            names = _view(event, source)
            keys.update(keys_of(derived, event, names, known, cutoff).all())
            if (value := once_of(derived, event, names)) is not None:
                once.add(value)
        try:
            found = await self.state.windows.find(derived.name, keys, once)
        except StorageError as error:
            self.notices.alarm("fill", error, derived=derived.name)
            return None
        working = Working(derived, found, lambda event: _view(event, source), NOTHING_MADE)
        seen = _Seen(working, found.position)
        seen.catch_up(before)
        return seen

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
    """The windows of one file as a request sees them: as read, and what came since."""

    working: Working
    position: int
    _taken: set[Id] = field(default_factory=set)

    def catch_up(self, ahead: Mapping[Id, _Ahead]) -> None:
        """Count what was accepted, by any request, and is not counted here yet."""
        for id_, one in ahead.items():
            if id_ not in self._taken and (one.position is None or one.position > self.position):
                self._taken.add(id_)
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
    of_event: Mapping[int, Sequence[_Fill]]
    _added: list[tuple[str, Id]] = field(default_factory=list)

    def fill(
        self, came: Event, accepted: Accepted, source: Source, judge: Callable[[Event], Verdict]
    ) -> Accepted:
        """The accepted event with what it gets where it says nothing itself.

        ``came`` is the event as it came. What makes it unfit for its schema is left out.
        """
        for one in self.of_event.get(id(came), ()):
            filled = self._filled(one, accepted.event, source)
            verdict = accepted if filled is accepted.event else judge(filled)
            if isinstance(verdict, Accepted):
                accepted = verdict
            else:
                self.fills.notices.said("filled in wrongly, left out", derived=one.derived.name)
            self._add(one, accepted.event)
        return accepted

    def close(self) -> None:
        """What was not appended is not ahead of anything."""
        for name, id_ in self._added:
            waiting = self.fills.ahead.get(name, {})
            if id_ in waiting and waiting[id_].position is None:
                del waiting[id_]

    def _filled(self, one: _Fill, event: Event, source: Source) -> Event:
        one.seen.catch_up(self.fills.ahead.get(one.derived.name, {}))
        window = one.seen.working.take(event, one.keys)
        if window is None or one.derived.fill is None:
            return event
        names = {
            **_view(event, source),
            "tables": one.derived.tables,
            "figures": shown(one.derived.figures, window.figures, event.timestamp),
            "due": to_iso(event.timestamp),
        }
        try:
            rendered = one.derived.fill.render(names)
        except BoundPassed:
            return event
        given = {} if rendered.value is MISSING else as_body(rendered.value)
        own = as_body(event.body.get("properties"))
        missing: dict[str, Json] = {key: value for key, value in given.items() if key not in own}
        if not missing:
            return event
        context = as_body(event.body.get("context"))
        told = {**context, "filled": [f"properties.{key}" for key in missing]}
        return event._replace(
            body={**event.body, "properties": {**own, **missing}, "context": told}
        )

    def _add(self, one: _Fill, event: Event) -> None:
        waiting = self.fills.ahead.setdefault(one.derived.name, {})
        id_ = (event.source, event.message_id)
        if id_ in waiting:
            return
        if len(waiting) >= MOST_AHEAD:
            del waiting[next(iter(waiting))]
        waiting[id_] = _Ahead(event, one.keys)
        self._added.append((one.derived.name, id_))


def _view(event: Event, source: Source) -> Mapping[str, Json]:
    return view(event, source if source.name == event.source else Source(event.source))
