"""Figures: what is kept of events that have a key in common, one event after the other.

How each verb keeps its figure, as JSON::

    count, sum   the number; with over: numbers by spans of time (``spans``)
    first        [timestamp, value]; with over: those by spans
    last         [timestamp, value]
    list         its lines (``lines``)

Events come in the order in which they were received; first, last and list go by their timestamps.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias, cast

from engine.mapping.compile import Condition, Template
from engine.mapping.missing import MISSING
from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Body, Json, as_body
from engine.pipeline import spans
from engine.pipeline.lines import (
    Told,
    joined_lines,
    moved_lines,
    shown_lines,
    with_line,
    with_whole,
)
from engine.release.derived import Derived, Figure

MOST = 1e15
"""The largest number that a sum takes: more is no money, and whole cents are exact up to here."""

AT_AND_VALUE = 2

Kept: TypeAlias = Mapping[str, Json]


class _Seen(NamedTuple):
    """The event that is counted, and what went wrong with it."""

    names: Body
    at: Millis
    id: str
    faults: list[Fault]

    def value(self, template: Template) -> Json:
        """What a template gives of the event; None for what is missing."""
        rendered = template.render(self.names)
        self.faults.extend(rendered.faults)
        return None if rendered.value is MISSING else rendered.value

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds for the event."""
        return bool(self.value(condition.template))


def counted(
    figures: Iterable[Figure], kept: Kept, names: Body, timestamp: Millis, event_id: str = ""
) -> tuple[dict[str, Json], tuple[Fault, ...]]:
    """The figures with one more event, and what went wrong with it: that costs its figure alone.

    What is added up in a list is so once for each ``event_id``; without one, each time.
    """
    new = dict(kept)
    seen = _Seen(names, timestamp, event_id, [])
    for figure in figures:
        found = _one(figure, _kept(figure, kept), seen)
        if found is not None:
            new[figure.name] = found
    return new, tuple(seen.faults)


def _kept(figure: Figure, kept: Kept) -> Json:
    """What is kept for a figure; nothing where its verb was another one when that was written."""
    value = kept.get(figure.name)
    match figure.verb:
        case "count" | "sum":
            is_whole = figure.over_ms is None
            fits = _is_number(value) if is_whole else spans.are_numbers(value)
        case "first" if figure.over_ms is not None:
            fits = spans.are_firsts(value)
        case "first" | "last":
            fits = isinstance(value, list) and len(value) == AT_AND_VALUE
        case _:
            fits = isinstance(value, Mapping) and "lines" in value
    return value if fits else None


def _one(figure: Figure, kept: Json, seen: _Seen) -> Json:
    if figure.verb == "list":
        return _listed(figure, kept, seen)
    value = True if figure.of is None else seen.value(figure.of)
    if value is None:
        return kept
    match figure.verb:
        case "count":
            return _added(figure, kept, 1 if value else 0, seen.at)
        case "sum":
            number = _summand(figure, value, seen.faults)
            return kept if number is None else _added(figure, kept, number, seen.at)
        case "first" if figure.over_ms is not None:
            return spans.with_value(kept, value, seen.at, figure.over_ms)
        case verb:
            stays = kept and (_at(kept) <= seen.at if verb == "first" else _at(kept) > seen.at)
            return kept if stays else [seen.at, value]


def _added(figure: Figure, kept: Json, number: float, timestamp: Millis) -> Json:
    if figure.over_ms is None:
        return cast("float", kept or 0) + number
    return spans.with_number(kept, number, timestamp, figure.over_ms)


def _summand(figure: Figure, value: Json, faults: list[Fault]) -> float | None:
    if _is_number(value) and abs(number := cast("float", value)) <= MOST:
        return number
    told = f"a sum takes numbers up to {MOST:g}" if _is_number(value) else "a sum takes numbers"
    faults.append(Fault(f"figures.{figure.name}", told))
    return None


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at(kept: Json) -> Millis:
    return Millis(cast("list[int]", kept)[0])


def _listed(figure: Figure, kept: Json, seen: _Seen) -> Json:
    whole = None if figure.set is None else seen.value(figure.set)
    if isinstance(whole, list | tuple):
        number = None if figure.add is None else figure.add.number
        return with_whole(kept, whole, seen.at, number)
    id_ = None if figure.by is None else seen.value(figure.by)
    if figure.by is not None and id_ is None:
        # It has no line: what the tree gives then is constants and defaults.
        return kept
    value = None if figure.of is None else seen.value(figure.of)
    drops = figure.drop is not None and seen.holds(figure.drop)
    add = figure.add
    if add is None:
        return with_line(kept, Told(seen.id, seen.at, id_, value, drops))
    adds = add.when is None or seen.holds(add.when)
    return with_line(kept, Told(seen.id, seen.at, id_, value, drops, add.number, adds))


def shown(figures: Iterable[Figure], kept: Kept, moment: Millis) -> dict[str, Json]:
    """The figures as rules see them at a moment; what was never told is missing."""
    seen: dict[str, Json] = {}
    for figure in figures:
        value = _shown(figure, _kept(figure, kept), moment)
        if value is not None:
            seen[figure.name] = value
    return seen


def told(derived: Derived, kept: Kept, moment: Millis) -> tuple[Body, Body]:
    """The figures of a key, and what ``show:`` makes of them, for people."""
    figures = shown(derived.figures, kept, moment)
    if derived.show is None:
        return figures, {}
    try:
        rendered = derived.show.render({"figures": figures, "tables": derived.tables})
    except BoundPassed:
        return figures, {}
    return figures, {} if rendered.value is MISSING else as_body(rendered.value)


def _shown(figure: Figure, kept: Json, moment: Millis) -> Json:
    over_ms = figure.over_ms
    match figure.verb:
        case "count" | "sum":
            return kept or 0 if over_ms is None else spans.total(kept, over_ms, moment)
        case "first" if over_ms is not None:
            return spans.earliest(kept, over_ms, moment)
        case "first" | "last":
            is_over = kept is None or (over_ms is not None and _at(kept) <= moment - over_ms)
            return None if is_over else cast("list[Json]", kept)[1]
        case _:
            return shown_lines(kept)


def joined(figures: Iterable[Figure], one: Kept, other: Kept) -> dict[str, Json]:
    """The figures of two keys that turn out to be one."""
    return {
        figure.name: _joined(figure, _kept(figure, one), _kept(figure, other))
        for figure in figures
        if figure.name in one or figure.name in other
    }


def moved(figures: Iterable[Figure], kept: Kept, by_ms: int) -> dict[str, Json]:
    """The figures with all their times so much earlier: the clock that told them was set back."""
    return {
        figure.name: _moved(figure, value, by_ms)
        for figure in figures
        if (value := _kept(figure, kept)) is not None
    }


def _moved(figure: Figure, kept: Json, by_ms: int) -> Json:
    over_ms = figure.over_ms
    match figure.verb:
        case "count" | "sum":
            return kept if over_ms is None else spans.moved_numbers(kept, by_ms, over_ms)
        case "first" if over_ms is not None:
            return spans.moved_values(kept, by_ms, over_ms)
        case "first" | "last":
            at, value = cast("list[Json]", kept)
            return [cast("int", at) - by_ms, value]
        case _:
            return moved_lines(kept, by_ms)


def _joined(figure: Figure, one: Json, other: Json) -> Json:
    if one is None or other is None:
        return other if one is None else one
    over_ms = figure.over_ms
    match figure.verb:
        case "count" | "sum":
            if over_ms is not None:
                return spans.joined_numbers(one, other)
            return cast("float", one) + cast("float", other)
        case "first" if over_ms is not None:
            return spans.joined_values(one, other, over_ms)
        case "first" | "last" as verb:
            is_one = _at(one) <= _at(other) if verb == "first" else _at(one) >= _at(other)
            return one if is_one else other
        case _:
            return joined_lines(one, other, None if figure.add is None else figure.add.number)
