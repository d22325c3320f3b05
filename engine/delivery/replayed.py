"""What of the log a replay is of, and which count each decision belongs to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from engine.codec.body import dumps
from engine.delivery.records import DROPPED, digest_of
from engine.delivery.same import Mark, Name, marks_of, name_of, paired, seats
from engine.log.interface import Entry
from engine.model.clock import Millis
from engine.model.decision import Decision, Verb
from engine.model.delivery import UNSETTLED, Delivery
from engine.model.delivery import State as DeliveryState
from engine.model.event import Event
from engine.model.replay import Replay
from engine.pipeline.decide import NO_RULE, too_old
from engine.state.interface import State


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of an entry: its ``records``, and whether live traffic still has it."""

    records: Sequence[Delivery] = ()
    in_hand: bool = False


CAME_THROUGH = frozenset({DeliveryState.DELIVERED, DeliveryState.UNVERIFIED})
AT_ONCE = 200


def is_chosen(replay: Replay, event: Event) -> bool:
    """Whether the replay is of this event: by when it was received, and by its name."""
    if replay.since is not None and event.received_at < replay.since:
        return False
    if replay.before is not None and event.received_at >= replay.before:
        return False
    return replay.event is None or fnmatchcase(event.name or event.type, replay.event)


async def recorded_before(
    state: State, replay: Replay, entries: Sequence[Entry], in_hand: Collection[int]
) -> Mapping[int, Before]:
    """By position, what is known of these entries at the destination beside this replay.

    ``in_hand`` are the positions that live traffic had not finished with, asked for first.
    """
    found: dict[int, list[Delivery]] = {}
    positions = [one.position for one in entries]
    if positions:
        for one in await state.deliveries_at(replay.destination, positions):
            if one.key.replay != replay.number or not replay.number:
                found.setdefault(one.key.position, []).append(one)
    return {at: Before(tuple(found.get(at, ())), at in in_hand) for at in positions}


def words_for(
    decisions: Sequence[Decision], event: Event, before: Before, replay: Replay, now: Millis
) -> list[tuple[str, int]]:
    """Which count of a replay each decision of an event belongs to, and the part it goes under."""
    places: Mapping[Name, Name] = {}
    seat: Mapping[Name, Name] = {}
    if before.records:
        to_go = {name_of(one) for one in before.records if one.state is DeliveryState.DEAD}
        fresh = [_mark(one) for one in decisions]
        marks = marks_of(before.records)
        places = paired(fresh, marks, to_go)
        seat = seats(list(map(_name, decisions)), {one.name for one in marks}, places)
    words = []
    for one in decisions:
        if one.verb is Verb.SEND:
            same = [old for old in before.records if name_of(old) == places.get(_name(one))]
            word = _word_of(same, replay, in_hand=before.in_hand)
        else:
            word = _word_of_unsent(one, event, now)
        words.append((word, seat.get(_name(one), _name(one))[1]))
    return words


def _word_of(same: Sequence[Delivery], replay: Replay, *, in_hand: bool) -> str:
    """Which count something belongs to that is recorded so, live or of other replays."""
    if any(one.state in UNSETTLED for one in same) or (in_hand and not same):
        return "on_their_way"
    if not same or replay.again:
        return "to_send"
    if any(one.state in CAME_THROUGH for one in same):
        return "left_out"
    newest = max(same, key=lambda one: one.at)
    return "dropped" if newest.reason.startswith(DROPPED) else "to_send"


def _word_of_unsent(decision: Decision, event: Event, now: Millis) -> str:
    match decision.verb:
        case Verb.INVALID if decision.reason != "contract" and too_old(
            event.timestamp, decision.window_ms, now
        ):
            return "too_old"
        case Verb.INVALID | Verb.ERROR:
            return "dead"
    return {NO_RULE: "no_rule", "consent": "no_consent"}.get(decision.reason, "skipped")


def _name(decision: Decision) -> Name:
    return (decision.rule or "", decision.part)


def _mark(decision: Decision) -> Mark:
    payload = decision.payload
    if payload is None:
        return Mark(_name(decision), None, None)
    return Mark(_name(decision), payload.dedupe_key, digest_of(dumps(payload.body)))


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
