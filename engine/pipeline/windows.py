"""The windows that events of one key fall into: counted, joined, ended, and fallen due.

Pure: ``Working`` holds what a step read of the state, is changed event by event, and tells in
``change`` what to write. Everything of one step is written at once (engine/delivery/derive).
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from engine.mapping.compile import MappingFault
from engine.mapping.missing import MISSING
from engine.model.clock import Millis, to_iso
from engine.model.decision import Fault
from engine.model.errors import BoundPassed
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.window import SOMEBODY, Change, Counted, Found, Made, Window
from engine.pipeline.clocked import AFTER_MS, by_this_clock
from engine.pipeline.course import ended, fallen_due, gone_on
from engine.pipeline.derive import Keys, is_anonymous, made_of, once_of, user_for
from engine.pipeline.figures import counted, shown
from engine.pipeline.joining import buyers, is_theirs, joined_window, of_user, tells_one_buyer
from engine.project.derived import ON_DUE, ON_EVENT
from engine.release.derived import Derived

MOST_FAULTS = 20
EVER = Millis(0)

View = Callable[[Event], Mapping[str, Json]]
"""The names that a rule sees of an event (``scope.view``)."""


@dataclass(slots=True)
class Working:
    """What one step works on: read once, changed here, written once.

    ``quiet_before`` is the moment before which nothing is made of what happens: figures alone
    change. Events come ``in_order`` of receiving, unless they are of a time before the log.
    """

    derived: Derived
    found: Found
    view: View
    quiet_before: Millis = EVER
    in_order: bool = True
    faults: list[Fault] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    _windows: dict[int, Window] = field(default_factory=dict)
    _numbers: dict[str, int | None] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)
    _removed: set[int] = field(default_factory=set)
    _once: dict[str, Counted] = field(default_factory=dict)
    _made: list[Made] = field(default_factory=list)
    _timers: list[tuple[Millis, int]] = field(default_factory=list)
    _moved: dict[int, int] = field(default_factory=dict)
    _new: int = 0

    def __post_init__(self) -> None:
        self._windows.update(self.found.windows)
        for one in self._windows.values():
            self._time(one)

    @property
    def has_changed(self) -> bool:
        """Whether there is anything to write but how far the log was read."""
        return bool(self._changed or self._numbers or self._once or self._made)

    def change(self, position: int | None) -> Change:
        """What is to be written, with how far the log was read."""
        return Change(
            position,
            [self._windows[number] for number in sorted(self._changed, reverse=True)],
            sorted(one for one in self._removed if one > 0),
            dict(self._numbers),
            {one: other for one, other in self._moved.items() if one > 0},
            dict(self._once),
            list(self._made),
        )

    def fire(self, until: Millis) -> int:
        """Let what is due by then fall due, the earliest first; how many did."""
        fired = 0
        while self._timers and self._timers[0][0] <= until:
            due, number = heapq.heappop(self._timers)
            window = self._windows.get(number)
            if window is not None and window.due == due:
                fired += 1
                try:
                    self._fall_due(window, due)
                except Exception as error:  # noqa: BLE001 - one that fails must not hold up all
                    self.errors.append(error)
                    self._keep(replace(window, due=None, cause=None))
        return fired

    def take(self, event: Event, keys: Keys) -> Window | None:
        """One more event, in the order of receiving; the window that it counts in, if it does.

        What was counted before changes nothing there. One that fails by a fault of ours is told in
        ``errors``, and holds up nobody.
        """
        try:
            return self._take(event, keys)
        except Exception as error:  # noqa: BLE001 - read again, it would fail for ever
            self.errors.append(error)
            return None

    def _take(self, event: Event, keys: Keys) -> Window | None:
        derived = self.derived
        may_end = derived.without is not None and derived.without.takes(event)
        counts = derived.takes.takes(event)
        if not keys.own or not (may_end or counts):
            return None
        names = {**self.view(event), "tables": derived.tables}
        condition = derived.without_when
        if may_end and (condition is None or self._holds(condition.holds, names)):
            self._end(event, keys)
            return None
        if not counts or (derived.when is not None and not self._holds(derived.when.holds, names)):
            return None
        once = once_of(derived, event, names)
        if once is not None:
            if (counted := self.counted(once)) is not None:
                self._again(counted, event, keys)
                return None
            self.note(once, event, keys)
        return self._count(event, keys, names)

    def counted(self, once: str) -> Counted | None:
        """What is kept of a value that was counted; None of one that was not."""
        return self._once.get(once) or self.found.once.get(once)

    def note(self, once: str, event: Event, keys: Keys) -> None:
        """Keep that a value was counted, with what its event was filled with."""
        told = as_body(event.body.get("properties"))
        filled = {name: told[name] for name in self.derived.filled if name in told}
        key = keys.person if self.derived.once is not None else None
        self._once[once] = Counted(event.received_at, key, filled)

    def _again(self, counted: Counted, event: Event, keys: Keys) -> None:
        """What counted before is told again: that counts nothing, and may tell whose it was."""
        self.link(event, keys)
        if not tells_one_buyer(counted, keys):
            return
        first, now = cast("str", counted.key), cast("str", keys.person)
        before, here = (self._led(key) for key in (first, now))
        if before is None:  # it moved on with its person, or is forgotten
            return
        users = buyers(before, here, keys)
        if len(users) == 1 and SOMEBODY not in users:
            both = replace(keys, own=(*keys.own, first))
            self._keep(self._window(both, event.received_at))
            return
        # A browser from which two users' orders are told is a till, or a family's: it is nobody's.
        browser, window = (first, before) if is_anonymous(first) else (now, here)
        if window is not None and window.user is not None:
            self._numbers[browser] = self._begun(event.received_at, users).number

    def link(self, event: Event, keys: Keys) -> None:
        """An event that counts for nothing here, but tells that keys apart so far are one's."""
        own = {self._number(key) for key in keys.own}
        before = [led for key in keys.former if (led := self._led(key)) and is_theirs(led, keys)]
        if before or (len(own) > 1 and own != {None}):
            self._keep(self._window(keys, event.received_at))

    def _count(self, event: Event, keys: Keys, names: Body) -> Window | None:
        window = self._window(keys, event.received_at)
        if window.closed_at is not None and event.timestamp <= window.closed_at:
            return None
        figures, faults = self._counted(window, names, event)
        self._tell(faults)
        window = gone_on(self.derived, window, event, figures)
        self._keep(window)
        if event.received_at >= self.quiet_before:
            self._emit(ON_EVENT, event, names, window, event.timestamp)
        return window

    def _counted(
        self, window: Window, names: Body, event: Event
    ) -> tuple[Mapping[str, Json], tuple[Fault, ...]]:
        try:
            id_ = f"{event.source}\0{event.message_id}"
            return counted(self.derived.figures, window.figures, names, event.timestamp, id_)
        except BoundPassed as passed:
            return window.figures, (self._fault("figures", str(passed)),)

    def _end(self, event: Event, keys: Keys) -> None:
        """What came until this event is done with, and what comes late of that time."""
        sure = any(self._number(key) is not None for key in keys.sure)
        window = self._window(keys, event.received_at)
        until = Millis(event.timestamp + AFTER_MS)
        if sure and window.cause is not None:
            until = max(until, window.cause.timestamp)
        self._keep(ended(window, event, keys, until))

    def _fall_due(self, window: Window, due: Millis) -> None:
        cause = window.cause
        if cause is not None and due >= self.quiet_before:
            names = {**self.view(cause), "tables": self.derived.tables}
            self._emit(ON_DUE, cause, names, window, due)
        self._keep(fallen_due(self.derived, window))

    def _emit(self, on: str, cause: Event, names: Body, window: Window, at: Millis) -> None:
        figures = shown(self.derived.figures, window.figures, at)
        seen = {**names, "figures": figures, "due": to_iso(at)}
        for index, emit in enumerate(self.derived.emits):
            if emit.on != on:
                continue
            if emit.when is not None and not self._holds(emit.when.holds, seen):
                continue
            try:
                rendered = emit.template.render(seen)
            except BoundPassed as passed:
                self._tell((self._fault("emit", str(passed)),))
                continue
            self._tell(rendered.faults)
            given = {} if rendered.value is MISSING else rendered.value
            body = {**user_for(cause, window.user), **as_body(given)}
            self._made.append(made_of(self.derived, index, cause, body, at))

    def _holds(self, condition: Callable[[Body], bool], names: Body) -> bool:
        """A condition; where it fails, this one event counts for nothing here."""
        try:
            return condition(names)
        except MappingFault as fault:
            self._tell((fault.fault,))
        except BoundPassed as passed:
            self._tell((self._fault("when", str(passed)),))
        return False

    def _fault(self, path: str, message: str) -> Fault:
        return Fault(path, message, self.derived.place.file, self.derived.place.line)

    def _tell(self, faults: Iterable[Fault]) -> None:
        self.faults += faults
        del self.faults[MOST_FAULTS:]

    def _number(self, key: str) -> int | None:
        return self._numbers[key] if key in self._numbers else self.found.numbers.get(key)

    def _led(self, key: str) -> Window | None:
        """The window that a key leads to."""
        return self._windows.get(self._number(key) or 0)

    def _window(self, keys: Keys, received_at: Millis) -> Window:
        """The one window of these keys; those that were apart so far are joined."""
        there: dict[int, Window] = {}
        for key in keys.all():
            led = self._led(key)
            if led is not None and (key in keys.own or is_theirs(led, keys)):
                there[led.number] = (
                    by_this_clock(self.derived, led, received_at) if self.in_order else led
                )
        window, *others = there.values() or (self._begun(received_at),)
        for other in others:
            window = self._join(window, other)
        if (users := of_user(window.users, keys.users)) != window.users:
            window = replace(window, users=users)
        self._windows[window.number] = window
        for key in keys.own:
            if self._number(key) != window.number:
                self._numbers[key] = window.number
        for key in keys.former:
            if self._number(key) == window.number:
                self._numbers[key] = None
        return window

    def _begun(self, received_at: Millis, users: tuple[str, ...] = ()) -> Window:
        """A new window. It is kept: else the next one would be found under what leads to it."""
        self._new -= 1
        window = Window(self._new, touched_at=received_at, users=users)
        self._keep(window)
        return window

    def _join(self, one: Window, other: Window) -> Window:
        window = joined_window(self.derived, one, other)
        # Whatever led to the other one leads here from now on.
        known = {**self.found.numbers, **self._numbers}
        self._numbers.update({key: one.number for key, at in known.items() if at == other.number})
        # That of one that was joined before leads on.
        self._moved.update(
            {was: one.number for was, at in self._moved.items() if at == other.number}
        )
        self._moved[other.number] = one.number
        self._windows.pop(other.number)
        self._changed.discard(other.number)
        self._removed.add(other.number)
        self._keep(window)
        return window

    def _keep(self, window: Window) -> None:
        self._windows[window.number] = window
        self._changed.add(window.number)
        self._time(window)

    def _time(self, window: Window) -> None:
        if window.due is not None:
            heapq.heappush(self._timers, (window.due, window.number))
