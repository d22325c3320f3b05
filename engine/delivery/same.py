"""Which of two lists of an event's deliveries are the same thing, whatever their rules are named.

A delivery is known by its rule and part. A rule may have been renamed since, and then the bytes
tell, or the vendor's dedupe key. The key alone does not: two rules that both go on by ``also`` may
send two things under one key, such as TikTok's registration and lead of one sign-up.

Parts are lines of ``each``, which may come in another order today. So among the parts of one rule
the bytes tell first, and only then the number. Where the number stands in the bytes, as it has to
in a dedupe key, it is all there is to tell by.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import NamedTuple, TypeAlias

from engine.model.delivery import Delivery

Name: TypeAlias = tuple[str, int]
"""The rule and part of a delivery."""


class Mark(NamedTuple):
    """What a delivery of one event to one destination is known by."""

    name: Name
    dedupe_key: str | None
    digest: str | None


def name_of(delivery: Delivery) -> Name:
    """Its rule and part."""
    return (delivery.key.rule, delivery.key.part)


def marks_of(deliveries: Iterable[Delivery]) -> list[Mark]:
    """What these are known by; of several under one name, as of replays, the last."""
    marks = (Mark(name_of(one), one.dedupe_key, one.digest) for one in deliveries)
    return list({one.name: one for one in marks}.values())


def paired(
    fresh: Sequence[Mark], recorded: Sequence[Mark], open_: Collection[Name]
) -> dict[Name, Name]:
    """For the name of each fresh one that is recorded already, the name that it has there.

    ``open_`` names the recorded ones that are to go again: where a key tells no two apart, those
    count. What may not have been sent goes again so, under the dedupe key that it had.
    """
    names = {one.name for one in recorded}
    found = _lines(fresh, recorded, open_)
    free = names - set(found.values())
    found |= {one.name: one.name for one in _left(fresh, found) if one.name in free}
    for telling in (_digest, _dedupe_key):
        new = _by(telling, _left(fresh, found))
        old = _by(telling, _left(recorded, found.values()))
        for value in new.keys() & old.keys():
            found |= _told_apart(new[value], old[value], open_)
    # Whose number another line has takes what is left of its rule: else it would be a new one.
    moved = _by(_rule, (one for one in _left(fresh, found) if one.name in names))
    left = _by(_rule, _left(recorded, found.values()))
    for rule in moved.keys() & left.keys():
        found |= _in_turn(moved[rule], left[rule], open_)
    return found


def seats(
    fresh: Sequence[Name], recorded: Collection[Name], places: Mapping[Name, Name]
) -> dict[Name, Name]:
    """The name under which each fresh one is recorded, so that it takes that of no other.

    ``places`` is what ``paired`` found. A line keeps the part that it has on record.
    """
    found: dict[Name, Name] = {}
    for name in fresh:
        place = places.get(name)
        if place is not None and place[0] == name[0]:
            found[name] = place
        elif name not in recorded:
            found[name] = name
    taken = {*recorded, *found.values()}
    for name in fresh:
        if name not in found:
            found[name] = next(one for at in count() if (one := (name[0], at)) not in taken)
            taken.add(found[name])
    return found


def _lines(
    fresh: Sequence[Mark], recorded: Sequence[Mark], open_: Collection[Name]
) -> dict[Name, Name]:
    """The pairs among the parts of one rule that their bytes tell."""
    found: dict[Name, Name] = {}
    several = {one.name[0] for one in (*fresh, *recorded) if one.name[1]}
    for rule in several:
        new = _by(_digest, (one for one in fresh if one.name[0] == rule))
        old = _by(_digest, (one for one in recorded if one.name[0] == rule))
        for value in new.keys() & old.keys():
            found |= _in_turn(new[value], old[value], open_)
    return found


def _left(marks: Iterable[Mark], names: Collection[Name]) -> list[Mark]:
    return [one for one in marks if one.name not in names]


def _in_turn(new: Sequence[Name], old: Sequence[Name], open_: Collection[Name]) -> dict[Name, Name]:
    """Pairs of what is alike: by name, then in turn; those that are to go again come first."""
    found = {name: name for name in new if name in old}
    rest = sorted((one for one in old if one not in found), key=lambda one: one not in open_)
    return found | dict(zip((one for one in new if one not in found), rest, strict=False))


def _told_apart(
    new: Sequence[Name], old: Sequence[Name], open_: Collection[Name]
) -> dict[Name, Name]:
    if to_go := [name for name in old if name in open_]:
        return dict(zip(new, to_go, strict=False))
    return dict(zip(new, old, strict=False)) if len(new) <= len(old) else {}


def _by(telling: Callable[[Mark], str | None], marks: Iterable[Mark]) -> dict[str, list[Name]]:
    found: dict[str, list[Name]] = {}
    for one in marks:
        if (value := telling(one)) is not None:
            found.setdefault(value, []).append(one.name)
    return found


def _rule(mark: Mark) -> str:
    return mark.name[0]


def _digest(mark: Mark) -> str | None:
    return mark.digest


def _dedupe_key(mark: Mark) -> str | None:
    return mark.dedupe_key
