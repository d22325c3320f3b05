"""Figures: what is kept of events that have a key in common, one event after the other.

How each verb keeps its figure, as JSON::

    count, sum   the number; with over: an object of numbers by the start of their span
    first, last  [timestamp, value]
    list         {"set": timestamp of the newest whole list, "lines": [[timestamp, id, value], …]}

Events come in the order in which they were received; first, last and list go by their timestamps.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

from engine.mapping.compile import Template
from engine.mapping.missing import MISSING
from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Body, Json, as_body
from engine.release.derived import Derived, Figure

SPANS = 60
"""Into how many spans a window is cut: so far off may a figure over 30 days be 12 hours."""

MOST_LINES = 100

Kept: TypeAlias = Mapping[str, Json]
Line: TypeAlias = list[Json]


def counted(
    figures: Iterable[Figure], kept: Kept, names: Body, timestamp: Millis
) -> tuple[dict[str, Json], tuple[Fault, ...]]:
    """The figures with one more event, and what went wrong with it: that costs its figure alone."""
    new = dict(kept)
    faults: list[Fault] = []
    for figure in figures:
        found = _one(figure, kept.get(figure.name), names, timestamp, faults)
        if found is not None:
            new[figure.name] = found
    return new, tuple(faults)


def _one(figure: Figure, kept: Json, names: Body, timestamp: Millis, faults: list[Fault]) -> Json:
    if figure.verb == "list":
        return _listed(figure, kept, names, timestamp, faults)
    value = True if figure.of is None else _value(figure.of, names, faults)
    if value is None:
        return kept
    match figure.verb:
        case "count":
            return _added(kept, 1 if value else 0, timestamp, figure.over_ms)
        case "sum":
            number = value if _is_number(value) else 0
            if not _is_number(value):
                faults.append(Fault(f"figures.{figure.name}", "a sum takes numbers"))
            return _added(kept, cast("float", number), timestamp, figure.over_ms)
        case "first":
            return kept if kept and _at(kept) <= timestamp else [timestamp, value]
        case _:
            return kept if kept and _at(kept) > timestamp else [timestamp, value]


def _value(template: Template, names: Body, faults: list[Fault]) -> Json:
    rendered = template.render(names)
    faults += rendered.faults
    return None if rendered.value is MISSING else rendered.value


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at(kept: Json) -> Millis:
    return Millis(cast("list[int]", kept)[0])


def _added(kept: Json, number: float, timestamp: Millis, over_ms: int | None) -> Json:
    if over_ms is None:
        return cast("float", kept or 0) + number
    spans = dict(cast("Mapping[str, float]", kept or {}))
    width = -(-over_ms // SPANS)
    start = str(timestamp // width * width)
    spans[start] = spans.get(start, 0) + number
    newest = max(map(int, spans))
    return {span: sum_ for span, sum_ in spans.items() if int(span) + width > newest - over_ms}


def _listed(
    figure: Figure, kept: Json, names: Body, timestamp: Millis, faults: list[Fault]
) -> Json:
    was = cast("Mapping[str, Json]", kept or {"set": 0, "lines": []})
    set_at, lines = cast("int", was["set"]), cast("list[Line]", was["lines"])
    whole = None if figure.set is None else _value(figure.set, names, faults)
    if isinstance(whole, list | tuple):
        if timestamp < set_at:
            return kept
        brought: list[Line] = [[timestamp, _line_id(one), one] for one in whole]
        later = [line for line in lines if cast("int", line[0]) > timestamp]
        return _list(timestamp, [*brought, *later])
    if timestamp < set_at:
        return kept
    id_ = None if figure.by is None else _value(figure.by, names, faults)
    value = None if figure.of is None else _value(figure.of, names, faults)
    drops = figure.drop is not None and bool(_value(figure.drop.template, names, faults))
    if id_ is not None:
        lines = [line for line in lines if line[1] != id_]
    if drops or value is None:
        # An event that has no line of its own takes none away either.
        return _list(set_at, lines) if drops else kept
    return _list(set_at, [*lines, [timestamp, id_, value]])


def _line_id(line: Json) -> Json:
    """What tells a line of a whole list apart: the product's own ids, as everywhere."""
    if not isinstance(line, Mapping):
        return line
    return line.get("product_id", line.get("sku"))


def _list(set_at: int, lines: list[Line]) -> Json:
    ordered = sorted(lines, key=lambda line: cast("int", line[0]))
    return {"set": set_at, "lines": cast("Json", ordered[-MOST_LINES:])}


def shown(figures: Iterable[Figure], kept: Kept, moment: Millis) -> dict[str, Json]:
    """The figures as rules see them at a moment; what was never told is missing."""
    seen: dict[str, Json] = {}
    for figure in figures:
        value = _shown(figure, kept.get(figure.name), moment)
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
    match figure.verb:
        case "count" | "sum":
            if figure.over_ms is None:
                return kept or 0
            spans = cast("Mapping[str, float]", kept or {})
            width = -(-figure.over_ms // SPANS)
            since = moment - figure.over_ms
            return sum(one for span, one in spans.items() if int(span) + width > since)
        case "first" | "last":
            return None if kept is None else cast("list[Json]", kept)[1]
        case _:
            lines = [] if kept is None else cast("Mapping[str, list[Line]]", kept)["lines"]
            return [line[2] for line in lines]


def joined(figures: Iterable[Figure], one: Kept, other: Kept) -> dict[str, Json]:
    """The figures of two keys that turn out to be one."""
    return {
        figure.name: _joined(figure, one.get(figure.name), other.get(figure.name))
        for figure in figures
        if figure.name in one or figure.name in other
    }


def _joined(figure: Figure, one: Json, other: Json) -> Json:
    if one is None or other is None:
        return other if one is None else one
    match figure.verb:
        case "count" | "sum":
            if figure.over_ms is None:
                return cast("float", one) + cast("float", other)
            a, b = cast("Mapping[str, float]", one), cast("Mapping[str, float]", other)
            return {span: a.get(span, 0) + b.get(span, 0) for span in {**a, **b}}
        case "first":
            return one if _at(one) <= _at(other) else other
        case "last":
            return one if _at(one) >= _at(other) else other
        case _:
            return _lists_joined(one, other)


def _lists_joined(one: Json, other: Json) -> Json:
    a, b = cast("Mapping[str, Json]", one), cast("Mapping[str, Json]", other)
    newer, older = (a, b) if cast("int", a["set"]) >= cast("int", b["set"]) else (b, a)
    set_at = cast("int", newer["set"])
    lines = list(cast("list[Line]", newer["lines"]))
    there = {str(line[1]) for line in lines if line[1] is not None}
    lines += [
        line
        for line in cast("list[Line]", older["lines"])
        if cast("int", line[0]) >= set_at and str(line[1]) not in there
    ]
    return _list(set_at, lines)
