"""What a write changes in the counts of an engine that keeps sums by period."""

from collections.abc import Iterable
from typing import NamedTuple

from engine.model.clock import Millis
from engine.store.facts import Fact
from engine.store.periods import periods_of


class Change(NamedTuple):
    """A document of that time counts ``fact`` so many times more, or less."""

    at: Millis
    fact: Fact
    times: int


class Sum(NamedTuple):
    """What is added to one row of the counts; either may be negative."""

    kind: str
    scope: str
    period: int
    key: str
    number: int
    amount: int


def sums_of(changes: Iterable[Change]) -> list[Sum]:
    """All this by the rows that it belongs to, in their order; what evens out is left out."""
    sums: dict[tuple[str, str, int, str], list[int]] = {}
    for at, fact, times in changes:
        for period in periods_of(at):
            both = sums.setdefault((fact.kind, fact.scope, period, fact.key), [0, 0])
            both[0] += fact.number * times
            both[1] += fact.amount * times
    return [
        Sum(*key, number, amount)
        for key, (number, amount) in sorted(sums.items())
        if number or amount
    ]
