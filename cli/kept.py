"""What the data folder holds of one event: in the log, in quarantine, and of its deliveries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from cli.filters import id_of
from cli.looks import PAGE, Look
from cli.unread import floors_of, searched
from engine.authoring.story import Kept
from engine.delivery.pauses import BY_HAND, stored_pauses
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED, Delivery, paused_by_hand
from engine.model.event import Event
from engine.model.person import Remembered
from engine.pipeline.consent import stored_for
from engine.pipeline.identity import ids_of
from engine.state.interface import DeliveryFilter, QuarantinedEvent, QuarantineFilter


@dataclass(frozen=True, slots=True)
class Found:
    """Every event of one message id; two sources may use the same."""

    accepted: Sequence[Kept]
    quarantined: Sequence[QuarantinedEvent]


async def find(look: Look, message_id: str, sources: Collection[str], since: Millis) -> Found:
    """All that is held of this id; ``since`` is how far back people are remembered.

    Raises ``ProjectError`` where the id is empty: that would be of every event.
    """
    id_of(message_id)
    refused = QuarantineFilter(message_id=message_id)
    quarantined = await look.state.quarantined(limit=PAGE, after=0, which=refused)
    deliveries = await _deliveries(look, message_id)
    positions = {one.key.position for one in deliveries}
    entries = {entry.position: entry.event for entry in await look.log.read_at(sorted(positions))}
    if not positions or await _is_missing(look, message_id, sources, entries):
        wanted = not positions and not quarantined
        for entry in await searched(look, message_id, entries, whole=wanted):
            entries[entry.position] = entry.event
    floors = await floors_of(look)
    paused = {
        name: one.reason or BY_HAND for name, one in (await stored_pauses(look.state)).items()
    }
    deliveries = [_as_it_stands(one, paused) for one in deliveries]
    attempts = await look.state.attempts(message_id)
    kept = [
        Kept(
            position,
            entries.get(position),
            [one for one in deliveries if one.key.position == position],
            {key: tried for key, tried in attempts.items() if key.position == position},
            floors,
            paused,
            await _stored(look, entries.get(position), since),
        )
        for position in sorted(positions | entries.keys())
    ]
    return Found(kept, quarantined)


async def _deliveries(look: Look, message_id: str) -> list[Delivery]:
    """All recorded deliveries of the event; those on their way with their payload."""
    listed = await look.state.deliveries(DeliveryFilter(message_id=message_id), limit=PAGE)
    found: list[Delivery] = []
    by_destination = sorted(listed, key=lambda one: one.key.destination)
    for name, group in groupby(by_destination, key=lambda one: one.key.destination):
        ours = list(group)
        if any(one.state in UNSETTLED for one in ours):
            positions = sorted({one.key.position for one in ours})
            whole = await look.state.deliveries_at(name, positions)
            ours = [one for one in whole if one.message_id == message_id]
        found += ours
    return found


async def _is_missing(
    look: Look, message_id: str, sources: Collection[str], entries: Mapping[int, Event]
) -> bool:
    """Whether a source sent the id lately whose event no destination has read."""
    met = {event.source for event in entries.values()}
    rest = [name for name in sources if name not in met]
    return any(await look.log.seen([(name, message_id) for name in rest]))


def _as_it_stands(one: Delivery, paused: Mapping[str, str]) -> Delivery:
    reason = paused.get(one.key.destination)
    return one if reason is None else paused_by_hand(one, reason)


async def _stored(look: Look, event: Event | None, since: Millis) -> Mapping[str, Remembered]:
    """What the event's person stated elsewhere."""
    if event is None:
        return {}
    known = await look.state.people(list(ids_of(event.body).asked()), since=since)
    return stored_for(event, known, since)
