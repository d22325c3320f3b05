"""What of the log a replay is of, and which count each decision belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from engine.log.interface import Entry
from engine.model.clock import Millis
from engine.model.decision import Decision, Verb
from engine.model.delivery import Delivery
from engine.model.delivery import State as DeliveryState
from engine.model.event import Event
from engine.model.replay import Replay
from engine.pipeline.decide import too_old
from engine.state.interface import State

CAME_THROUGH = frozenset({DeliveryState.DELIVERED, DeliveryState.UNVERIFIED})
AT_ONCE = 200


def is_chosen(replay: Replay, event: Event) -> bool:
    """Whether the replay is of this event: by when it was received, and by its name."""
    if replay.since is not None and event.received_at < replay.since:
        return False
    if replay.before is not None and event.received_at >= replay.before:
        return False
    return replay.event is None or fnmatchcase(event.name or event.type, replay.event)


async def delivered_before(
    state: State, replay: Replay, entries: Sequence[Entry]
) -> Mapping[int, Sequence[Delivery]]:
    """By position, what came through at the destination; nothing where it goes again anyway."""
    if replay.again or not entries:
        return {}
    found: dict[int, list[Delivery]] = {}
    positions = [one.position for one in entries]
    for one in await state.deliveries_at(replay.destination, positions):
        if one.state in CAME_THROUGH:
            found.setdefault(one.key.position, []).append(one)
    return found


def word_for(
    decision: Decision, event: Event, before: Sequence[Delivery], replay: Replay, now: Millis
) -> str:
    """Which count of a replay a decision belongs to."""
    match decision.verb:
        case Verb.SEND:
            is_through = not replay.again and any(is_same(one, decision) for one in before)
            return "left_out" if is_through else "deliveries"
        case Verb.INVALID if decision.reason != "contract" and too_old(
            event.timestamp, decision.window_ms, now
        ):
            return "too_old"
        case Verb.INVALID | Verb.ERROR:
            return "dead"
    return "skipped"


def is_same(one: Delivery, decision: Decision) -> bool:
    """Whether the vendor would see the same thing again: by its dedupe key, or by our own."""
    key = decision.payload.dedupe_key if decision.payload is not None else None
    if key is not None and one.dedupe_key is not None:
        return key == one.dedupe_key
    return (one.key.rule, one.key.part) == (decision.rule or "", decision.part)


async def give_up_open(state: State, replay: Replay) -> int:
    """Have what a stopped replay has not sent end as skipped; how many there were."""
    given_up = 0
    while found := await state.open_deliveries(replay.number, limit=AT_ONCE):
        await state.record(
            [
                replace(
                    one,
                    state=DeliveryState.SKIPPED,
                    reason=f"replay {replay.number} was stopped",
                    next_at=None,
                    payload=None,
                )
                for one in found
            ]
        )
        given_up += len(found)
    return given_up
