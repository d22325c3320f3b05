"""Deliveries as they stand: listed, counted, and what is not among them yet."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from cli.looks import Look, delivery_counts, unread
from cli.rows import Today
from cli.unread import unread_by
from engine.delivery.pauses import BY_HAND, HandPause
from engine.model.delivery import Delivery
from engine.model.delivery import State as DeliveryState
from engine.state.interface import DeliveryFilter

MAY_BE_PAUSED = frozenset({DeliveryState.RETRYING, DeliveryState.PAUSED})
"""What is recorded so stands as paused while a person has paused its destination."""

Counts = Mapping[str, Mapping[DeliveryState, int]]


async def listed(look: Look, which: DeliveryFilter, limit: int, today: Today) -> list[Delivery]:
    """The newest deliveries of the filter, as they stand, in the order of the log."""
    if which.state not in MAY_BE_PAUSED or not today.pauses:
        return [today.stands(one) for one in await look.state.deliveries(which, limit=limit)]
    found: list[Delivery] = []
    for name in await _names(look, which):
        for state in sorted(MAY_BE_PAUSED if name in today.pauses else {which.state}):
            of_one = replace(which, destination=name, state=state)
            found += map(today.stands, await look.state.deliveries(of_one, limit=limit))
    found = [one for one in found if one.state is which.state]
    return sorted(found, key=_place)[-limit:]


async def counted(look: Look, which: DeliveryFilter, today: Today) -> Counts:
    """Deliveries of the filter by destination and state, those without any left out.

    What a destination has not read counts as waiting, where the filter doesn't ask for what only
    a record has.
    """
    if which == DeliveryFilter():
        return await delivery_counts(look)
    found: dict[str, dict[DeliveryState, int]] = {}
    for state in DeliveryState:
        for one in await look.state.reasons(replace(which, state=state)):
            states = found.setdefault(one.group, {})
            states[state] = states.get(state, 0) + one.count
    if may_be_unread(which):
        for name in await _names(look, which):
            states = found.setdefault(name, {})
            waiting = states.get(DeliveryState.WAITING, 0) + await unread(look, name)
            states[DeliveryState.WAITING] = waiting
    return {name: kept for name, one in found.items() if (kept := _kept(one, name, which, today))}


def _kept(
    states: Mapping[DeliveryState, int], name: str, which: DeliveryFilter, today: Today
) -> Mapping[DeliveryState, int]:
    """The counts of one destination as they stand, of the states that are asked for."""
    stands = dict(states)
    if name in today.pauses:
        on_their_way = stands.pop(DeliveryState.RETRYING, 0)
        stands[DeliveryState.PAUSED] = stands.get(DeliveryState.PAUSED, 0) + on_their_way
    return {key: count for key, count in stands.items() if count and which.state in (None, key)}


def may_be_unread(which: DeliveryFilter) -> bool:
    """Whether the filter may mean events that nothing is recorded of."""
    rest = replace(which, destination=None, state=None, replay=which.replay or None)
    return rest == DeliveryFilter()


async def not_listed(
    look: Look, which: DeliveryFilter, pauses: Mapping[str, HandPause]
) -> AsyncIterator[str]:
    """Lines on events that the filter may mean, and that no list has: they are not read yet."""
    alone = replace(which, message_id=None)
    if not may_be_unread(alone) or which.state not in (
        None,
        DeliveryState.WAITING,
        DeliveryState.PAUSED,
    ):
        return
    if which.message_id is not None:
        for name, ahead in await unread_by(look, which.message_id):
            if _takes(which, name):
                yield _of_one(name, ahead, pauses.get(name))
        return
    for name in sorted(await look.log.groups()):
        if _takes(which, name) and name in pauses and (waiting := await look.log.backlog(name)):
            yield (
                f"{name} is {_paused(pauses[name])}: {waiting:,} events wait there unread and are "
                "not listed; they go once it is resumed"
            )


def _of_one(name: str, ahead: int, pause: HandPause | None) -> str:
    if pause is not None:
        return f"{name} has not read it yet, as it is {_paused(pause)}; it waits unread"
    before = f"{ahead:,} events are read before it" if ahead else "it is the next"
    return f"{name} has not read it yet: {before}"


def _paused(pause: HandPause) -> str:
    return BY_HAND if pause.reason in ("", BY_HAND) else f"{BY_HAND} ({pause.reason})"


async def _names(look: Look, which: DeliveryFilter) -> Sequence[str]:
    """The destinations that the filter may mean."""
    if which.replay:
        of_replay = (one for one in await look.state.replays() if one.number == which.replay)
        names = {one.destination for one in of_replay}
    else:
        names = {*await look.log.groups(), *await look.state.delivery_counts()}
    return sorted(name for name in names if _takes(which, name))


def _takes(which: DeliveryFilter, name: str) -> bool:
    return which.destination is None or fnmatchcase(name, which.destination)


def _place(one: Delivery) -> tuple[int, str, str, int, int]:
    key = one.key
    return key.position, key.destination, key.rule, key.part, key.replay
