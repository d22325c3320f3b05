"""The whole fate of one event: what was recorded of it, and why, computed again by today's files.

What is recorded is told as it is. Why a destination decided so is computed again from the event,
as long as it is kept, by the functions that serve; where another release recorded it, that is said.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.authoring.dry_run import Dry, Statements
from engine.authoring.explain import explain, source_of
from engine.codec.body import dumps
from engine.model.clock import Millis
from engine.model.decision import Decision, Verb
from engine.model.delivery import Attempt, Delivery, DeliveryKey, gives_up_at
from engine.model.event import Event
from engine.model.verdict import Accepted
from engine.pipeline.decide import age_text, bucket, decide
from engine.pipeline.scope import view
from engine.release.destination import Destination, Mode
from engine.release.release import Release


class Reading(StrEnum):
    """How far a destination has come with an event."""

    READ = "read"
    WAITING = "waiting"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a data folder holds of one accepted event.

    ``event`` is None where the log keeps it no longer. ``floors`` tells for each destination up to
    which position it has finished or put off everything, ``paused`` who paused it by hand and why.
    ``stored`` is what its person stated elsewhere.
    """

    position: int
    event: Event | None
    deliveries: Sequence[Delivery] = ()
    attempts: Mapping[DeliveryKey, Sequence[Attempt]] = field(default_factory=dict)
    floors: Mapping[str, int] = field(default_factory=dict)
    paused: Mapping[str, str] = field(default_factory=dict)
    stored: Statements = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A recorded delivery, its attempts, and what today's rules make of the same rule and part.

    ``same_payload`` tells whether that is, byte for byte, what was fixed by the first attempt; None
    where it can't be told.
    """

    delivery: Delivery
    attempts: Sequence[Attempt]
    gives_up_at: Millis | None
    today: Decision | None = None
    same_payload: bool | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an event at one destination.

    ``ahead`` is how many entries of the log it reads before this one. ``destination`` is None for
    one that today's files do not have. ``why`` are lines for people, ``decisions`` what today's
    rules say; of a destination that is off, what it would get. ``earlier`` are attempts under rules
    that a later decision replaced.
    """

    name: str
    destination: Destination | None
    reading: Reading
    ahead: int
    paused: str | None
    deliveries: Sequence[Told]
    why: Sequence[str]
    decisions: Sequence[Decision]
    bucket: float | None = None
    earlier: Mapping[DeliveryKey, Sequence[Attempt]] = field(default_factory=dict)


def fates(kept: Kept, release: Release | None, now: Millis, *, leaves: bool) -> list[Fate]:
    """What became of the event at every destination that there is or was.

    Without ``release``, as where today's files have errors, what was recorded alone.
    """
    today = () if release is None else release.destinations
    names = [one.name for one in today]
    recorded = {one.key.destination for one in kept.deliveries}
    gone = sorted((recorded | set(kept.floors)) - set(names))
    told = [_fate(kept, release, one, one.name, now, leaves=leaves) for one in today]
    told += [_fate(kept, release, None, name, now, leaves=leaves) for name in gone]
    # A destination that is gone and never had to do with the event has nothing to tell.
    return [one for one in told if one.destination or one.deliveries or release is None]


def _fate(  # noqa: PLR0913 - of what, for whom, when, and how much of it
    kept: Kept,
    release: Release | None,
    destination: Destination | None,
    name: str,
    now: Millis,
    *,
    leaves: bool,
) -> Fate:
    records = [one for one in kept.deliveries if one.key.destination == name]
    reading, ahead = _reading(kept, name, records)
    why: list[str] = []
    decisions: list[Decision] = []
    at = min((one.at for one in records if one.key.replay == 0), default=now)
    if (
        release is not None
        and destination is not None
        and kept.event is not None
        and (
            # One that is off may have been left uncompiled.
            destination.mode is not Mode.OFF or destination.routes.rules
        )
    ):
        dry = _decided(kept, kept.event, release, destination, at)
        decisions = [one for _, one in dry.decisions]
        why = list(_why(release, dry, destination, at, leaves=leaves))
    return Fate(
        name,
        destination,
        reading,
        ahead,
        kept.paused.get(name),
        [_told(one, kept, decisions, destination) for one in records],
        why,
        decisions,
        bucket(name, kept.event) / 100 if destination and kept.event else None,
        {
            key: tried
            for key, tried in kept.attempts.items()
            if key.destination == name and key not in {one.key for one in records}
        },
    )


def _reading(kept: Kept, name: str, records: Sequence[Delivery]) -> tuple[Reading, int]:
    if records:
        return Reading.READ, 0
    floor = kept.floors.get(name)
    if floor is None or kept.position <= floor:
        return Reading.PASSED, 0
    return Reading.WAITING, kept.position - floor - 1


def _decided(
    kept: Kept, event: Event, release: Release, destination: Destination, at: Millis
) -> Dry:
    source = source_of(release, event)
    seen = view(event, source, kept.stored)
    decisions = decide(destination, event, source, at, seen)
    return Dry(event, Accepted(event), tuple((destination, one) for one in decisions), kept.stored)


def _why(
    release: Release, dry: Dry, destination: Destination, at: Millis, *, leaves: bool
) -> Iterator[str]:
    """The gates, the rules tried, and of each payload whether its contract and its age allow it."""
    told: dict[str, None] = {}
    for _, decision in dry.decisions:
        lines = explain(release, dry, destination, decision, at, leaves=leaves)
        told |= dict.fromkeys(lines)
        if decision.payload is not None and dry.event is not None:
            told |= dict.fromkeys(_checks(destination, dry.event, decision, at))
    yield from told


def _checks(
    destination: Destination, event: Event, decision: Decision, at: Millis
) -> Iterator[str]:
    part = f"part {decision.part}: " if decision.part else ""
    if destination.contract_path is not None:
        is_broken = decision.verb is Verb.INVALID and decision.reason == "contract"
        yield f"{part}contract {destination.contract_path}: {'broken' if is_broken else 'met'}"
    for fault in decision.faults:
        place = f" ({fault.file}:{fault.line})" if fault.file else ""
        yield f"{part}{fault.path or 'payload'}: {fault.message}{place}"
    if decision.window_ms is not None:
        age = _duration(at - event.timestamp)
        window = age_text(decision.window_ms).removeprefix("older than ")
        yield f"{part}age: {age}, of {window} that the vendor counts"


def _told(
    delivery: Delivery, kept: Kept, decisions: Sequence[Decision], destination: Destination | None
) -> Told:
    key = delivery.key
    today = next(
        (one for one in decisions if (one.rule or "", one.part) == (key.rule, key.part)), None
    )
    same = None
    if today is not None and today.payload is not None and delivery.digest is not None:
        same = hashlib.sha256(dumps(today.payload.body)).hexdigest() == delivery.digest
    ends = None
    if destination is not None:
        keep_ms = destination.mailbox.keep_ms if destination.mailbox else None
        ends = gives_up_at(delivery, destination.retry.max_age_ms, keep_ms)
    return Told(delivery, kept.attempts.get(key, ()), ends, today, same)


def is_off(fate: Fate) -> bool:
    """Whether the destination is off today."""
    return fate.destination is not None and fate.destination.mode is Mode.OFF


def _duration(ms: int) -> str:
    """A time in words, to the two largest units: ``2 h 5 min``."""
    seconds = max(ms, 0) // 1000
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
