"""Lists: the lines that events bring, put in, add to and take out again.

How a list is kept, as JSON::

    {"set": timestamp of the newest whole list, "lines": [[timestamp, id, value], …],
     "added": [hashes of the newest events that were added up]}

An event that comes again after the log has forgotten its id adds nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import TypeAlias, cast

from engine.codec.body import dumps
from engine.mapping.faults import Misfit
from engine.mapping.filters.lists import numeric
from engine.model.clock import Millis
from engine.model.jsonvalue import Json

MOST_LINES = 100
MOST_BYTES = 24 * 1024
"""Of a list: with it the event that is made stays below the size of an event, 32 KiB."""

IDS = ("product_id", "sku")
"""What tells a line of a whole list apart: the product's own ids, as everywhere."""

MOST_ADDED = 100
HASH_BYTES = 8
MOST = 1e15
"""The largest number that is added up: whole numbers are exact up to here."""

Line: TypeAlias = list[Json]


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells of one line: ``id`` tells it apart, None where nothing does.

    ``number`` is the name of what is added up in it, None where it takes the place of the line
    before it; ``adds`` is false where it says how many there are, and not how many more.
    """

    event: str
    at: Millis
    id: Json
    value: Json
    drops: bool
    number: str | None = None
    adds: bool = True


def with_whole(kept: Json, whole: Sequence[Json], at: Millis, number: str | None) -> Json:
    """The list once an event brings all of it: of older ones what it leaves out of a line.

    ``number`` is the name of what is added up in a line; an id that comes several times is counted.
    """
    if at < _set_at(kept):
        return kept
    later = [line for line in _lines(kept) if cast("int", line[0]) > at]
    there = {str(line[1]) for line in later if line[1] is not None}
    known = {str(line[1]): _object(line[2]) for line in _lines(kept) if line[1] is not None}
    ids = Counter(str(_id_of(one)) for one in whole)
    brought: list[Line] = []
    for one in whole:
        id_ = _id_of(one)
        if str(id_) not in there:
            brought.append([at, id_, _filled(one, known.get(str(id_)), number, ids[str(id_)])])
    return _list(at, [*brought, *later], _added(kept))


def _filled(line: Json, was: Mapping[str, Json] | None, number: str | None, times: int) -> Json:
    """A line with what was known of it and it doesn't tell, such as the price of a bare id.

    Not where it tells another thing than was known, as it may be another one of this id; and not
    how many there are where the list has it ``times`` more than once: then each is one of them.
    """
    if not was or not isinstance(line, Mapping):
        return line
    others = [name for name in line if name not in (*IDS, number)]
    if any(was.get(name, line[name]) != line[name] for name in others):
        return line
    return {**{name: one for name, one in was.items() if name != number or times == 1}, **line}


def with_line(kept: Json, told: Told) -> Json:
    """The list with what an event tells of one line."""
    if told.at < _set_at(kept):
        return kept
    lines, added = _lines(kept), _added(kept)
    was = None if told.id is None else _found(lines, told.id)
    if told.number is not None and told.event and (told.adds or told.drops):
        event = blake2s(told.event.encode(), digest_size=HASH_BYTES).hexdigest()
        if event in added:
            return kept
        added = [*added, event][-MOST_ADDED:]
    now = _now(was, told)
    if now is was:
        # An event that has no line of its own takes none away either.
        return kept
    others = [line for line in lines if line is not was]
    return _list(_set_at(kept), others if now is None else [*others, now], added)


def _now(was: Line | None, told: Told) -> Line | None:
    """The line after an event; None where there is none, or none any more."""
    if told.drops:
        return None if was is None or told.number is None else _less(was, told, told.number)
    if told.value is None:
        return was
    if was is None or told.number is None:
        return [told.at, told.id, told.value]
    return _more(was, told, told.number)


def _less(was: Line, told: Told, number: str) -> Line | None:
    old, by = _object(was[2]), _number(_object(told.value).get(number))
    left = None if by is None else _counted(old, number) - by
    return None if left is None or left <= 0 else [was[0], was[1], {**old, number: left}]


def _more(was: Line, told: Told, number: str) -> Line:
    new, old, at = _object(told.value), _object(was[2]), cast("int", was[0])
    both = {**old, **new} if told.at >= at else {**new, **old}
    if told.adds:
        both[number] = _counted(old, number) + _counted(new, number)
    return [max(told.at, at), told.id, both]


def _counted(line: Mapping[str, Json], name: str) -> float:
    """The number of a line; one that has none is of one."""
    found = _number(line.get(name))
    return 1 if found is None else found


def _number(value: Json) -> float | None:
    """A number that can be added up: not below 0, and of no absurd size."""
    try:
        found = numeric(value)
    except Misfit:
        return None
    return cast("float", found) if found is not None and 0 <= found <= MOST else None


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _found(lines: list[Line], id_: Json) -> Line | None:
    """The line of an id, which may be a number here and a text there."""
    return next((line for line in lines if line[1] is not None and str(line[1]) == str(id_)), None)


def _id_of(line: Json) -> Json:
    """The first of its ids."""
    if not isinstance(line, Mapping):
        return line
    return next((line[name] for name in IDS if line.get(name) not in (None, "")), None)


def _set_at(kept: Json) -> int:
    return 0 if kept is None else cast("int", cast("Mapping[str, Json]", kept)["set"])


def _lines(kept: Json) -> list[Line]:
    return [] if kept is None else cast("list[Line]", cast("Mapping[str, Json]", kept)["lines"])


def _added(kept: Json) -> list[str]:
    return cast("list[str]", _object(kept).get("added", []))


def _list(set_at: int, lines: list[Line], added: list[str]) -> Json:
    """The newest of the lines, as many as may be kept."""
    ordered = sorted(lines, key=lambda line: cast("int", line[0]))[-MOST_LINES:]
    left = MOST_BYTES
    for at in range(len(ordered) - 1, -1, -1):
        left -= len(dumps(ordered[at]))
        if left < 0 and at + 1 < len(ordered):
            ordered = ordered[at + 1 :]
            break
    whole: dict[str, Json] = {"set": set_at, "lines": cast("Json", ordered)}
    return {**whole, "added": cast("Json", added)} if added else whole


def shown_lines(kept: Json) -> list[Json]:
    """The lines as rules see them."""
    return [line[2] for line in _lines(kept)]


def moved_lines(kept: Json, by_ms: int) -> Json:
    """The list with all its times so much earlier."""
    lines = [[cast("int", at) - by_ms, id_, line] for at, id_, line in _lines(kept)]
    set_at = _set_at(kept)
    return {**_object(kept), "set": set_at and set_at - by_ms, "lines": cast("Json", lines)}


def joined_lines(one: Json, other: Json, number: str | None) -> Json:
    """The list of two keys that turn out to be one; what was added in both is added up."""
    newer, older = (one, other) if _set_at(one) >= _set_at(other) else (other, one)
    set_at, lines = _set_at(newer), list(_lines(newer))
    for line in _lines(older):
        at, id_, value = line
        was = None if id_ is None else _found(lines, id_)
        if was is None:
            lines += [line] if cast("int", at) >= set_at else []
        elif number is not None and cast("int", at) > set_at:
            told = Told("", Millis(cast("int", at)), id_, value, drops=False, number=number)
            lines = [*(one for one in lines if one is not was), _more(was, told, number)]
    added = list(dict.fromkeys([*_added(older), *_added(newer)]))[-MOST_ADDED:]
    return _list(set_at, lines, added)
