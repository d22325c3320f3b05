"""Figures over the last so many days: kept by spans of time, of which the oldest are let go.

An object by the start of each span, in milliseconds: of a count or a sum the number of that span,
of a first the ``[timestamp, value]`` of its earliest event.
"""

from collections.abc import Mapping
from typing import TypeAlias, cast

from engine.codec.body import dumps
from engine.model.clock import Millis
from engine.model.jsonvalue import Json

SPANS = 60
"""Into how many spans a window is cut: so far off may a figure over 30 days be 12 hours."""

MOST_BYTES = 24 * 1024
"""Of the first values of all spans: those of later ones are left out then."""

Numbers: TypeAlias = Mapping[str, float]
Firsts: TypeAlias = Mapping[str, list[Json]]


def are_numbers(value: Json) -> bool:
    """Whether something was kept of a count or a sum."""
    return isinstance(value, Mapping) and all(
        isinstance(one, int | float) for one in value.values()
    )


def are_firsts(value: Json) -> bool:
    """Whether something was kept of a first."""
    return isinstance(value, Mapping) and all(isinstance(one, list) for one in value.values())


def with_number(kept: Json, number: float, timestamp: Millis, over_ms: int) -> Json:
    """The numbers with one more."""
    spans = dict(cast("Numbers", kept or {}))
    start = _start_of(timestamp, over_ms)
    spans[start] = spans.get(start, 0) + number
    return {span: spans[span] for span in _living(spans, over_ms)}


def with_value(kept: Json, value: Json, timestamp: Millis, over_ms: int) -> Json:
    """The earliest values with one more."""
    spans = dict(cast("Firsts", kept or {}))
    start = _start_of(timestamp, over_ms)
    if start not in spans or timestamp < cast("int", spans[start][0]):
        spans[start] = [timestamp, value]
    return _small({span: spans[span] for span in _living(spans, over_ms)})


def total(kept: Json, over_ms: int, moment: int) -> float:
    """The sum of the numbers as of a moment."""
    spans = cast("Numbers", kept or {})
    return sum(one for span, one in spans.items() if _ends(span, over_ms) > moment - over_ms)


def earliest(kept: Json, over_ms: int, moment: int) -> Json:
    """The earliest value as of a moment; None where there is none."""
    spans = cast("Firsts", kept or {})
    there = [one for span, one in spans.items() if _ends(span, over_ms) > moment - over_ms]
    return min(there, key=lambda one: cast("int", one[0]), default=[0, None])[1]


def moved_numbers(kept: Json, by_ms: int, over_ms: int) -> Json:
    """The numbers with all their times so much earlier."""
    spans: dict[str, float] = {}
    for span, number in cast("Numbers", kept).items():
        start = _start_of(int(span) - by_ms, over_ms)
        spans[start] = spans.get(start, 0) + number
    return cast("Json", spans)


def moved_values(kept: Json, by_ms: int, over_ms: int) -> Json:
    """The earliest values with all their times so much earlier."""
    moved: Json = {}
    for at, value in cast("Firsts", kept).values():
        moved = with_value(moved, value, Millis(cast("int", at) - by_ms), over_ms)
    return moved


def joined_numbers(one: Json, other: Json) -> Json:
    """The numbers of two keys that turn out to be one."""
    a, b = cast("Numbers", one), cast("Numbers", other)
    return {span: a.get(span, 0) + b.get(span, 0) for span in {**a, **b}}


def joined_values(one: Json, other: Json, over_ms: int) -> Json:
    """The earliest values of two keys that turn out to be one."""
    joined = one
    for at, value in cast("Firsts", other).values():
        joined = with_value(joined, value, Millis(cast("int", at)), over_ms)
    return joined


def _width(over_ms: int) -> int:
    return -(-over_ms // SPANS)


def _start_of(timestamp: int, over_ms: int) -> str:
    width = _width(over_ms)
    return str(timestamp // width * width)


def _ends(span: str, over_ms: int) -> int:
    return int(span) + _width(over_ms)


def _living(spans: Mapping[str, object], over_ms: int) -> list[str]:
    """Those that are not older than the time before the newest."""
    newest = max(map(int, spans))
    return [span for span in spans if _ends(span, over_ms) > newest - over_ms]


def _small(spans: Firsts) -> Json:
    """The earliest ones, as many as may be kept."""
    kept: dict[str, Json] = {}
    left = MOST_BYTES
    for span in sorted(spans, key=int):
        left -= len(dumps(spans[span]))
        if left < 0 and kept:
            break
        kept[span] = spans[span]
    return kept
