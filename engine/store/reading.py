"""What the questions need of an engine: a handful of verbs, so that each is answered in one place.

An engine hands a ``Reading`` to ``answers.answer`` in a thread of its own; every verb is one query
or a few. ``facts`` and ``sessions`` say what is counted, so that all engines count the same.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from engine.model.clock import Millis
from engine.model.jsonvalue import Body
from engine.store.declared import Asked
from engine.store.interface import Model
from engine.store.periods import Parts, day_of

LAST: Final = "\U0010ffff"
"""Behind a prefix, what comes after every text that begins with it."""

Column: TypeAlias = Literal["session", "user", "category"]


class Whose(NamedTuple):
    """Documents of a model with that value in their session, user or category."""

    model: Model
    column: Column
    value: str


class Found(NamedTuple):
    """A document as an engine gives it back."""

    id: str
    at: Millis
    model: Model
    body: Body


class Counts(NamedTuple):
    """Which counts: of a kind and scope, given by documents of these models; none, by sessions."""

    kind: str
    scope: str
    models: tuple[Model, ...] = ()


class Counted(NamedTuple):
    """What was counted under a key."""

    key: str
    number: int
    amount: int


class Reading(Protocol):
    """One look into the store; texts are ordered by their UTF-8 bytes."""

    def newest(self, whose: Whose, asked: Asked) -> list[Found]:
        """Documents in the range and after the cursor, the newest first: one more than wanted."""

    def journey(self, session: str, asked: Asked) -> list[Found]:
        """A session's documents of every model, the oldest first: one more than wanted."""

    def views_of(self, session: str) -> tuple[Millis, Millis] | None:
        """When a session's first and last page views were; None where it has none."""

    def ends(self, model: Model | None) -> tuple[Millis, Millis] | None:
        """When the first and the last document of a model was, or what sessions count for."""

    def top(self, which: Counts, parts: Parts, limit: int) -> list[Counted]:
        """What was counted most in these parts of time: the most first, then by key."""

    def keyed(self, which: Counts, parts: Parts, keys: Sequence[str]) -> dict[str, Counted]:
        """What was counted under these keys in these parts of time."""

    def by_day(self, which: Counts, parts: Parts, prefix: str = "") -> list[tuple[int, Counted]]:
        """What was counted on each day of these parts, which hold no months.

        Only under keys that begin with ``prefix``; the newest day first, then by key.
        """


def summed_by_day(found: Iterable[tuple[int, Counted]]) -> list[tuple[int, Counted]]:
    """What was counted in days, hours and what is left of them, by day: in ``by_day``'s order."""
    sums: dict[tuple[int, str], list[int]] = {}
    for period, (key, number, amount) in found:
        both = sums.setdefault((-day_of(period), key), [0, 0])
        both[0] += number
        both[1] += amount
    return [(-day, Counted(key, *sums[day, key])) for day, key in sorted(sums)]
