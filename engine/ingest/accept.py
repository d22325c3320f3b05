"""The one way in: Inbounds -> Verdicts, with everything accepted on disk before it returns."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import trio

from engine.log.interface import Log
from engine.model.errors import StorageError
from engine.model.event import Event, Inbound
from engine.model.jsonvalue import Json
from engine.model.verdict import (
    Accepted,
    Duplicate,
    Quarantined,
    Reason,
    Rejected,
    Verdict,
    verdict_name,
)
from engine.pipeline.admit import admit
from engine.release.release import Release
from engine.state.interface import State
from engine.telemetry.notices import Notices

CHUNK = 50
"""Events judged between two checkpoints: some 2 ms, so that other requests get their turn."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """What accepting needs; ``release`` is asked each time, so that a reload is one assignment."""

    release: Callable[[], Release]
    log: Log
    state: State
    notices: Notices


async def accept(ingest: Ingest, inbounds: Sequence[Inbound]) -> list[Verdict]:
    """A verdict for each item of one request, in order.

    When this returns, the accepted are in the log and the quarantined in the state, on disk. Raises
    ``StorageError`` if that failed; then nothing may be answered as taken.
    """
    release = ingest.release()
    verdicts: list[Verdict] = []
    for index, inbound in enumerate(inbounds):
        if index and index % CHUNK == 0:
            await trio.lowlevel.checkpoint()
        verdicts.append(_judge(release, inbound))
    await _keep(ingest, verdicts)
    await _count(ingest, inbounds, verdicts)
    return verdicts


def _judge(release: Release, inbound: Inbound) -> Verdict:
    try:
        return admit(release, inbound)
    except RecursionError:
        return Rejected((Reason("", "the event is nested too deeply"),))


async def _keep(ingest: Ingest, verdicts: list[Verdict]) -> None:
    """Write what is to be kept, and turn what was there already into duplicates.

    The quarantine first: if a write fails the request is sent again, and then what is in quarantine
    is met as a repeat, while an event in the log would have been delivered already.
    """
    good = [(at, one.event) for at, one in enumerate(verdicts) if isinstance(one, Accepted)]
    bad = [(at, one) for at, one in enumerate(verdicts) if isinstance(one, Quarantined)]
    if bad:
        await _quarantine(ingest, verdicts, bad, {event.message_id for _, event in good})
    if good:
        positions = await ingest.log.append([event for _, event in good])
        for (at, event), position in zip(good, positions, strict=True):
            if position is None:
                verdicts[at] = Duplicate(event.message_id)


async def _quarantine(
    ingest: Ingest,
    verdicts: list[Verdict],
    bad: list[tuple[int, Quarantined]],
    accepted_with_it: set[str],
) -> None:
    seen = await ingest.log.seen([(one.event.source, one.event.message_id) for _, one in bad])
    fresh = [
        (at, one)
        for (at, one), was_accepted in zip(bad, seen, strict=True)
        if not was_accepted and one.event.message_id not in accepted_with_it
    ]
    items: list[tuple[Event, Json, tuple[Reason, ...]]] = [
        (one.event, one.body, one.reasons) for _, one in fresh
    ]
    kept = dict(zip([at for at, _ in fresh], await ingest.state.quarantine(items), strict=True))
    for at, one in bad:
        if not kept.get(at):
            verdicts[at] = Duplicate(one.event.message_id)


async def _count(ingest: Ingest, inbounds: Sequence[Inbound], verdicts: Sequence[Verdict]) -> None:
    if not inbounds:
        return
    source = inbounds[0].source.name
    counts = Counter(map(verdict_name, verdicts))
    accepted = [one.event.message_id for one in verdicts if isinstance(one, Accepted)]
    try:
        await ingest.state.note_verdicts(source, counts, accepted)
    except StorageError as error:
        # The events are on disk: a 503 would say that they are not.
        ingest.notices.alarm("count", error, source=source)
    for verdict, count in counts.items():
        ingest.notices.events(source, verdict, count)
