"""The one way in: Inbounds -> Verdicts, with everything accepted on disk before it returns."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import trio

from engine.ingest.disk import Disk
from engine.ingest.fill import Asking, Filling, Fills
from engine.ingest.people import People, Remembering
from engine.log.interface import Log
from engine.model.clock import Millis
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
from engine.pipeline.admit import judge, take
from engine.pipeline.privacy import as_told
from engine.release.release import Release
from engine.state.interface import State
from engine.telemetry.notices import Notices

CHUNK = 50
"""Events judged between two checkpoints: some 2 ms, so that other requests get their turn."""

TOO_DEEP = Rejected((Reason("", "the event is nested too deeply"),))

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Ingest:
    """What accepting needs; ``release`` is asked each time, so that a reload is one assignment.

    Without ``people`` nothing is remembered of anybody, without ``disk`` nobody minds its room,
    without ``fills`` no event gets anything of derived figures.
    """

    release: Callable[[], Release]
    log: Log
    state: State
    notices: Notices
    people: People | None = None
    disk: Disk | None = None
    fills: Fills | None = None


async def accept(
    ingest: Ingest, inbounds: Sequence[Inbound], *, is_ours: bool = False
) -> list[Verdict]:
    """A verdict for each item of one request, in order.

    ``is_ours`` where what stands there of assumed consent, and of how the event came to be, was
    written by Encamina; of all that others send it is taken out.

    When this returns, the accepted are in the log and the quarantined in the state, on disk. Raises
    ``StorageError`` if that failed, and ``Refused`` where the disk has no room for more; then
    nothing may be answered as taken.
    """
    if not inbounds:
        return []
    if ingest.disk is not None:
        ingest.disk.check()
    if not is_ours:
        inbounds = [as_told(one) for one in inbounds]
    release = ingest.release()
    taken = await _in_turns(partial(_take, release), inbounds)
    events = [event for one in taken if (event := _event_of(one)) is not None]
    async with memory_of(ingest, release, events, inbounds[0].received_at) as memory:
        filling = await filling_of(ingest, release, events, inbounds[0].received_at)
        try:
            verdicts = await _in_turns(
                lambda item: _judge(release, memory, filling, *item),
                list(zip(inbounds, taken, strict=True)),
            )
            await _keep_both(ingest, memory, verdicts)
        finally:
            if filling is not None:
                filling.close()
    await _count(ingest, inbounds, verdicts)
    return verdicts


async def _in_turns(work: Callable[[ItemT], ResultT], items: Sequence[ItemT]) -> list[ResultT]:
    """What ``work`` gives for each item, with pauses in which other requests get their turn."""
    results: list[ResultT] = []
    for index, item in enumerate(items):
        if index and index % CHUNK == 0:
            await trio.lowlevel.checkpoint()
        results.append(work(item))
    return results


def _take(release: Release, inbound: Inbound) -> Event | Verdict:
    try:
        return take(release, inbound)
    except RecursionError:
        return TOO_DEEP


def _event_of(taken: Event | Verdict) -> Event | None:
    """What may tell of a person: of what goes to quarantine, its word on consent counts."""
    if isinstance(taken, Event):
        return taken
    return taken.event if isinstance(taken, Quarantined) else None


def memory_of(
    ingest: Ingest, release: Release, events: Sequence[Event], now: Millis
) -> AbstractAsyncContextManager[Remembering]:
    """What is remembered of the people in these events, held while they are judged and kept."""
    remember_ms = release.spec.remember_ms
    if ingest.people is None or not remember_ms:
        return nullcontext(Remembering())
    return ingest.people.of(events, Millis(now - remember_ms))


async def filling_of(
    ingest: Ingest, release: Release, events: Sequence[Event], now: Millis
) -> Filling | None:
    """What these events get of figures; the people in them are held already."""
    if ingest.fills is None or not release.derived:
        return None
    known = {} if ingest.people is None else ingest.people.known
    asking = Asking(release, known, Millis(now - release.spec.remember_ms))
    return await ingest.fills.of(asking, events)


def _judge(
    release: Release,
    memory: Remembering,
    filling: Filling | None,
    inbound: Inbound,
    taken: Event | Verdict,
) -> Verdict:
    if not isinstance(taken, Event):
        if isinstance(taken, Quarantined):
            memory.hear(taken.event)
        return taken
    try:
        verdict = judge(release, inbound, memory.recall(taken))
    except RecursionError:
        return TOO_DEEP
    if isinstance(verdict, Accepted):
        if filling is not None:
            again = partial(judge, release, inbound)
            verdict = filling.fill(taken, verdict, again)
        memory.learn(taken)
    elif isinstance(verdict, Quarantined):
        memory.hear(taken)
    return verdict


async def _keep_both(ingest: Ingest, memory: Remembering, verdicts: list[Verdict]) -> None:
    """Have events and memory on disk, in one commit where they meet.

    After a crash between the two an event is kept of whose person less is known, or one that is
    sent again finds that it was learnt from already: it teaches nothing new.
    """
    failed: StorageError | None = None
    async with trio.open_nursery() as writes:
        writes.start_soon(memory.keep)
        try:
            await _keep(ingest, verdicts)
        except StorageError as error:
            failed = error
    if failed is not None:
        raise failed


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
            elif ingest.fills is not None and ingest.fills.ahead:
                ingest.fills.appended(event, position)


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
