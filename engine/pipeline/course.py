"""The course of a window: what an event that counts, one that ends it, and time make of it."""

from collections.abc import Mapping
from dataclasses import replace

from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.jsonvalue import Json
from engine.model.window import Window
from engine.pipeline.derive import Keys
from engine.pipeline.joining import of_user
from engine.release.derived import Derived


def gone_on(derived: Derived, window: Window, event: Event, figures: Mapping[str, Json]) -> Window:
    """The window with an event that counts, and the figures with it."""
    touched_at = max(window.touched_at, event.received_at)
    due = derived.due(event.received_at, event.timestamp)
    if due is None:
        return replace(window, figures=figures, touched_at=touched_at)
    is_last = window.cause is None or window.cause.timestamp <= event.timestamp
    return replace(
        window,
        figures=figures,
        touched_at=touched_at,
        due=due if window.due is None else max(window.due, due),
        cause=event if is_last else window.cause,
    )


def ended(window: Window, event: Event, keys: Keys, until: Millis) -> Window:
    """The window once what came until a moment is done with, and what comes late of that time."""
    window = replace(
        window,
        closed_at=max(until, window.closed_at or until),
        touched_at=max(window.touched_at, event.received_at),
    )
    if window.cause is not None and window.cause.timestamp > until:
        return window
    return replace(window, figures={}, cause=None, due=None, users=of_user((), keys.users))


def fallen_due(derived: Derived, window: Window) -> Window:
    """The window once its time is over."""
    cause = window.cause
    anew = derived.starts_anew
    return replace(
        window,
        due=None,
        cause=None,
        closed_at=window.closed_at if cause is None else cause.timestamp,
        figures={} if anew else window.figures,
        users=() if anew else window.users,
    )
