"""Windows that were told by a clock which was set back since.

Events come in the order of receiving, so one that is received well before what its window holds
was told by a clock that had been set back meanwhile. What the window holds moves with it then: else
an order that follows a cart by a minute would be taken for one from hours before it.
"""

from collections.abc import Mapping
from dataclasses import replace

from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.jsonvalue import Json
from engine.model.window import Window
from engine.pipeline.figures import moved
from engine.release.derived import Derived

AFTER_MS = 60_000
"""What comes so shortly after an event that ends the wait belongs to what it ended: the pages of
the thanks, and clocks of browsers that differ from the shop's. A clock that was set back by less
makes no difference, so it isn't minded."""


def by_this_clock(derived: Derived, window: Window, received_at: Millis) -> Window:
    """The window as if its newest event had come no later than one that is received now."""
    by_ms = window.touched_at - received_at
    if by_ms <= AFTER_MS:
        return window
    figures: Mapping[str, Json] = moved(derived.figures, window.figures, by_ms)
    latest = None if derived.within_ms is None else Millis(received_at + derived.within_ms)
    return replace(
        window,
        figures=figures,
        cause=None if window.cause is None else _earlier(window.cause, by_ms),
        # The timers of a server that runs moved already.
        due=window.due if window.due is None or latest is None else min(window.due, latest),
        # Over by then: what comes now is new.
        closed_at=None
        if window.closed_at is None
        else Millis(min(window.closed_at - by_ms, received_at - 1)),
        touched_at=received_at,
    )


def _earlier(event: Event, by_ms: int) -> Event:
    """The event at other times: its body, and so what is made of it, stays as it came."""
    return event._replace(
        timestamp=Millis(event.timestamp - by_ms), received_at=Millis(event.received_at - by_ms)
    )
