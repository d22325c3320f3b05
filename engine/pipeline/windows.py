"""The windows that events of one key fall into: counted, joined, ended, and fallen due.

Pure: ``Working`` holds what a step read of the state, is changed event by event, and tells in
``change`` what to write. Everything of one step is written at once (engine/delivery/derive).
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from engine.mapping.compile import MappingFault
from engine.mapping.missing import MISSING
from engine.model.clock import Millis, to_iso
from engine.model.decision import Fault
from engine.model.errors import BoundPassed
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.window import Change, Found, Made, Window
from engine.pipeline.derive import Keys, made_of, once_of
from engine.pipeline.figures import counted, joined, shown
from engine.project.derived import ON_DUE, ON_EVENT
from engine.release.derived import Derived

AFTER_MS = 60_000
"""What comes so shortly after an event that ends the wait belongs to what it ended: the pages of
the thanks, and clocks of browsers that differ from the shop's."""

MOST_FAULTS = 20
EVER = Millis(0)

View = Callable[[Event], Mapping[str, Json]]
"""The names that a rule sees of an event (``scope.view``)."""


@dataclass(slots=True)
class Working:
    """What one step works on: read once, changed here, written once.

    ``quiet_before`` is the moment before which nothing is made of what happens: figures alone
    change.
    """

    derived: Derived
    found: Found
    view: View
    quiet_before: Millis = EVER
    faults: list[Fault] = field(default_factory=list)
    _windows: dict[int, Window] = field(default_factory=dict)
    _numbers: dict[str, int | None] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)
    _removed: set[int] = field(default_factory=set)
    _once: dict[str, Millis] = field(default_factory=dict)
    _made: list[Made] = field(default_factory=list)
    _timers: list[tuple[Millis, int]] = field(default_factory=list)
    _moved: dict[int, int] = field(default_factory=dict)
    _new: int = 0

    def __post_init__(self) -> None:
        self._windows.update(self.found.windows)
        for one in self._windows.values():
            self._time(one)

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
                self._fall_due(window, due)
                fired += 1
        return fired

    def take(self, event: Event, keys: Keys) -> Window | None:
        """One more event, in the order of receiving; the window that it counts in, if it does.

        What was counted before changes nothing there.
        """
        derived = self.derived
        ends = derived.without is not None and derived.without.takes(event)
        if not keys.own or not (ends or derived.takes.takes(event)):
            return None
        names = {**self.view(event), "tables": derived.tables}
        if ends:
            self._end(event, keys)
            return None
        if derived.when is not None and not self._holds(derived.when.holds, names):
            return None
        once = once_of(derived, event, names)
        if once is not None:
            if once in self.found.once or once in self._once:
                return self._window(keys, event.received_at)
            self._once[once] = event.received_at
        return self._count(event, keys, names)

    def _count(self, event: Event, keys: Keys, names: Body) -> Window | None:
        window = self._window(keys, event.received_at)
        if window.closed_at is not None and event.timestamp <= window.closed_at:
            return None
        figures, faults = self._counted(window, names, event.timestamp)
        self._tell(faults)
        window = replace(
            window, figures=figures, touched_at=max(window.touched_at, event.received_at)
        )
        due = self.derived.due(event.received_at, event.timestamp)
        if due is not None:
            is_last = window.cause is None or window.cause.timestamp <= event.timestamp
            window = replace(
                window,
                due=due if window.due is None else max(window.due, due),
                cause=event if is_last else window.cause,
            )
        self._keep(window)
        if event.received_at >= self.quiet_before:
            self._emit(ON_EVENT, event, names, window, event.timestamp)
        return window

    def _counted(
        self, window: Window, names: Body, timestamp: Millis
    ) -> tuple[Mapping[str, Json], tuple[Fault, ...]]:
        try:
            return counted(self.derived.figures, window.figures, names, timestamp)
        except BoundPassed as passed:
            return window.figures, (self._fault("figures", str(passed)),)

    def _end(self, event: Event, keys: Keys) -> None:
        """What came until this event is done with, and what comes late of that time."""
        sure = any(self._number(key) is not None for key in keys.sure)
        window = self._window(keys, event.received_at)
        until = Millis(event.timestamp + AFTER_MS)
        if sure and window.cause is not None:
            until = max(until, window.cause.timestamp)
        window = replace(
            window,
            closed_at=max(until, window.closed_at or until),
            touched_at=max(window.touched_at, event.received_at),
        )
        if window.cause is None or window.cause.timestamp <= until:
            window = replace(window, figures={}, cause=None, due=None)
        self._keep(window)

    def _fall_due(self, window: Window, due: Millis) -> None:
        cause = window.cause
        if cause is not None and due >= self.quiet_before:
            names = {**self.view(cause), "tables": self.derived.tables}
            self._emit(ON_DUE, cause, names, window, due)
        self._keep(
            replace(
                window,
                due=None,
                cause=None,
                closed_at=window.closed_at if cause is None else cause.timestamp,
                figures={} if self.derived.starts_anew else window.figures,
            )
        )

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
            body = {} if rendered.value is MISSING else as_body(rendered.value)
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

    def _window(self, keys: Keys, received_at: Millis) -> Window:
        """The one window of these keys; those that were apart so far are joined."""
        numbers = [one for key in keys.all() if (one := self._number(key)) is not None]
        there = [one for one in dict.fromkeys(numbers) if one in self._windows]
        if there:
            window = self._windows[there[0]]
            for other in there[1:]:
                window = self._join(window, self._windows[other])
        else:
            self._new -= 1
            window = Window(self._new, touched_at=received_at)
        self._windows[window.number] = window
        for key in keys.own:
            if self._number(key) != window.number:
                self._numbers[key] = window.number
        for key in keys.former:
            if self._number(key) is not None:
                self._numbers[key] = None
        return window

    def _join(self, one: Window, other: Window) -> Window:
        causes = [cause for cause in (one.cause, other.cause) if cause is not None]
        dues = [due for due in (one.due, other.due) if due is not None]
        closed = [at for at in (one.closed_at, other.closed_at) if at is not None]
        window = replace(
            one,
            figures=joined(self.derived.figures, one.figures, other.figures),
            cause=max(causes, key=lambda cause: cause.timestamp, default=None),
            due=max(dues, default=None),
            closed_at=max(closed, default=None),
            touched_at=max(one.touched_at, other.touched_at),
        )
        # Whatever led to the other one leads here from now on.
        known = {**self.found.numbers, **self._numbers}
        self._numbers.update({key: one.number for key, at in known.items() if at == other.number})
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
