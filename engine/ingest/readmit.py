"""Out of quarantine: events judged again by the release of now, and set on their way."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import trio

from engine.ingest.accept import CHUNK, TOO_DEEP, Ingest, filling_of, memory_of
from engine.ingest.people import Remembering
from engine.model.clock import Millis, to_iso
from engine.model.event import Event, Inbound, Source
from engine.model.verdict import Accepted, Quarantined, Reason, Rejected
from engine.pipeline.admit import is_of_size, judge, take
from engine.pipeline.posted import room_of
from engine.release.release import Release
from engine.state.interface import QuarantinedEvent

NO_SOURCE = Reason("", "its source is not in encamina.yaml any more")


@dataclass(slots=True)
class Readmission:
    """What became of some quarantined events: how many are in the log, by us or before us."""

    accepted: int = 0
    duplicate: int = 0
    still: int = 0
    renewed: dict[int, tuple[Reason, ...]] = field(default_factory=dict)


async def readmit(ingest: Ingest, items: Sequence[QuarantinedEvent], now: Millis) -> Readmission:
    """Judge these again; the good ones are in the log, durably, and out of quarantine.

    Each is the event that it was when it came, with its times and what is remembered of its person;
    only its deliveries fall due now. It counts from now on, so an order is told by the figures of
    now whether it is the first, as they tell it of what they make of it. A bad one stays, with the
    reasons of today. What ends between the log and the quarantine is met as a duplicate the next
    time: nothing is sent twice.
    """
    if ingest.disk is not None:
        ingest.disk.check()
    done = Readmission()
    taken = await _take(ingest, items, done)
    release = ingest.release()
    async with memory_of(ingest, release, [event for _, _, event in taken], now) as memory:
        events = [event for _, _, event in taken]
        filling = await filling_of(ingest, release, events, now)
        good: list[Event] = []
        try:
            for number, (item, inbound, event) in enumerate(taken, 1):
                if number % CHUNK == 0:
                    await trio.lowlevel.checkpoint()
                verdict = _judge(ingest, memory, inbound, event)
                if isinstance(verdict, Accepted):
                    accepted = Accepted(verdict.event._replace(received_at=now))
                    if filling is not None:
                        again = partial(judge, release, inbound)
                        accepted = filling.fill(event, accepted, again)
                    good.append(accepted.event)
                else:
                    done.renewed[item.number] = verdict.reasons
            await memory.keep()
            await _keep(ingest, good, done)
        finally:
            if filling is not None:
                filling.close()
    await ingest.state.renew_reasons(done.renewed)
    done.still = len(items) - done.accepted - done.duplicate
    return done


async def _take(
    ingest: Ingest, items: Sequence[QuarantinedEvent], done: Readmission
) -> list[tuple[QuarantinedEvent, Inbound, Event]]:
    """Those that have the shape of an event, each as it came."""
    release = ingest.release()
    sources = {one.name: Source(one.name, one.kind, one.unplanned) for one in release.spec.sources}
    taken = []
    for item in items:
        source = sources.get(item.source)
        if source is None:
            done.renewed[item.number] = (NO_SOURCE,)
            continue
        inbound = Inbound(
            source,
            item.body,
            item.received_at,
            remote_ip=item.ip,
            user_agent=item.user_agent,
            max_bytes=_room_of(release, item),
        )
        try:
            event = take(release, inbound)
        except RecursionError:
            event = TOO_DEEP
        if isinstance(event, Event):
            taken.append((item, inbound, _as_it_was(item, event)))
        else:
            done.renewed[item.number] = event.reasons
    return taken


def _room_of(release: Release, item: QuarantinedEvent) -> int | None:
    """How large it may be: of a size that was no reason then, it may be of any."""
    if not any(map(is_of_size, item.reasons)):
        return sys.maxsize
    return room_of(release, item.body)


def _as_it_was(item: QuarantinedEvent, event: Event) -> Event:
    """The event under its own id and time: both may have come from the rest of its request."""
    timestamp = event.timestamp if item.timestamp is None else item.timestamp
    if (event.message_id, event.timestamp) == (item.message_id, timestamp):
        return event
    body = {**event.body, "messageId": item.message_id, "timestamp": to_iso(timestamp)}
    return event._replace(message_id=item.message_id, timestamp=timestamp, body=body)


def _judge(
    ingest: Ingest, memory: Remembering, inbound: Inbound, event: Event
) -> Accepted | Quarantined | Rejected:
    try:
        verdict = judge(ingest.release(), inbound, memory.recall(event))
    except RecursionError:
        return TOO_DEEP
    if isinstance(verdict, Accepted):
        memory.learn(event)
    return verdict


async def _keep(ingest: Ingest, good: Sequence[Event], done: Readmission) -> None:
    """Append these, and then let them leave the quarantine."""
    if not good:
        return
    positions = await ingest.log.append(good)
    left: dict[tuple[str, str], list[str]] = {}
    for event, position in zip(good, positions, strict=True):
        if ingest.fills is not None:
            ingest.fills.appended(event, position)
        verdict = "duplicate" if position is None else "accepted"
        left.setdefault((event.source, verdict), []).append(event.message_id)
    for (source, verdict), ids in left.items():
        await ingest.state.leave_quarantine(source, ids, verdict)
        if verdict == "accepted":
            done.accepted += len(ids)
        else:
            done.duplicate += len(ids)
        ingest.notices.readmitted(source, verdict, len(ids))
