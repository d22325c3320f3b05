"""A replay before it begins: what it would do, counted by the rules of today, sending nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from cli.looks import Look, looking
from cli.output import err
from engine.control.replays import replay_of
from engine.delivery.destination import NOTHING_STORED
from engine.delivery.replayed import (
    AT_ONCE,
    Before,
    is_chosen,
    recorded_before,
    words_for,
)
from engine.ingest.consent import StoredConsent
from engine.ingest.people import People
from engine.log.interface import Entry
from engine.model.cache import Caches
from engine.model.clock import system_clock
from engine.model.event import Source
from engine.model.jsonvalue import Body
from engine.model.replay import TALLIED, Replay, Tally
from engine.pipeline.decide import decide
from engine.pipeline.scope import view
from engine.release.destination import Destination
from engine.release.release import Release
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of which folder."""

    project: Path
    folder: Path
    release: Release
    asked: Body


async def previewed(asking: Asking) -> Replay:
    """The replay that is asked for, with the counts that it would end with.

    Raises ``ControlError`` where there can't be such a replay.
    """
    async with looking(asking.project, asking.folder) as look:
        replay = await replay_of(asking.release, look.log, system_clock(), asking.asked)
        return replay.plus(await _tally(look, asking.release, replay))


async def _tally(look: Look, release: Release, replay: Replay) -> Tally:
    destination = release.destination(replay.destination)
    assert destination is not None
    sources = {one.name: Source(one.name, one.kind, one.unplanned) for one in release.spec.sources}
    people = _people(look, release)
    tally = dict.fromkeys(TALLIED, 0)
    unread = await _unread_from(look, replay)
    with Progress(console=err(), disable=not err().is_terminal, transient=True) as progress:
        task = progress.add_task("counting", total=replay.until - replay.after)
        at = replay.after
        while entries := await look.log.read_range(at, AT_ONCE, until=replay.until):
            chosen = [one for one in entries if is_chosen(replay, one.event)]
            in_hand = {one.position for one in chosen if one.position >= unread}
            before = await recorded_before(look.state, replay, chosen, in_hand)
            await _count(people, replay, (destination, sources, chosen, before), tally)
            progress.update(task, advance=entries[-1].position - at)
            at = entries[-1].position
    return tally


async def _unread_from(look: Look, replay: Replay) -> int:
    """The first position that live traffic of the destination has not finished with."""
    last = await look.log.last_position()
    if replay.destination not in await look.log.groups():
        return last + 1  # a new one: live traffic begins at the log's end
    return last - await look.log.backlog(replay.destination) + 1


async def _count(
    people: StoredConsent | None,
    replay: Replay,
    page: tuple[Destination, dict[str, Source], list[Entry], Mapping[int, Before]],
    tally: Tally,
) -> None:
    destination, sources, chosen, before = page
    events = [one.event for one in chosen]
    stored = [NOTHING_STORED] * len(events)
    if people is not None and events:
        stored = list(await people.stored_consent(events))
    for entry, said in zip(chosen, stored, strict=True):
        event, now = entry.event, replay.asked_at
        source = sources.get(event.source) or Source(event.source)
        tally["events"] += 1
        decisions = decide(destination, event, source, now, view(event, source, said))
        for word, _ in words_for(decisions, event, before[entry.position], replay, now):
            tally[word] += 1


def _people(look: Look, release: Release) -> StoredConsent | None:
    if not release.spec.remember_ms:
        return None
    people = People(look.state, Notices(make_logger(as_json=False)), Caches.on())
    return StoredConsent(people, release.spec.remember_ms, system_clock)
