"""The consumers of ``rules/derived/``, put together with the one way in."""

from collections.abc import Callable
from functools import partial

from engine.delivery.derived import DerivedEvents
from engine.delivery.made import Around
from engine.ingest.accept import Ingest, accept
from engine.model.clock import Clock, system_uptime
from engine.model.event import Source


def derived_events(ingest: Ingest, clock: Clock) -> DerivedEvents:
    """What reads the log for the files of the release that ``ingest`` serves."""
    release = ingest.release()
    sources = {one.name: Source(one.name, one.kind, one.unplanned) for one in release.spec.sources}
    remembers = ingest.people is not None and release.spec.remember_ms > 0
    around = Around(
        sources,
        ingest.log,
        ingest.state,
        partial(accept, ingest, is_ours=True),
        ingest.notices,
        clock,
        system_uptime,
        ingest.people if remembers else None,
        release.spec.remember_ms,
        _told(ingest),
    )
    return DerivedEvents(release.derived, around)


def _told(ingest: Ingest) -> Callable[[str, int], None]:
    if ingest.fills is None:
        return lambda _name, _position: None
    return ingest.fills.applied
