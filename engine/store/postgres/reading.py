"""The questions' verbs as SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.codec.body import loads
from engine.model.clock import Millis
from engine.model.jsonvalue import as_body
from engine.store.declared import Asked
from engine.store.interface import Model
from engine.store.periods import Parts
from engine.store.postgres import counts
from engine.store.postgres.connection import Connection, rows
from engine.store.postgres.counts import moment
from engine.store.postgres.stories import MILLIS, millis
from engine.store.postgres.tables import MODELS, NUMBERS
from engine.store.reading import Column, Counted, Counts, Found, Whose

_COLUMNS: Final[dict[Column, str]] = {
    "session": "session",
    "user": "user_id",
    "category": "category",
}
_FOUND = f"SELECT id, {MILLIS}, model, body::text FROM encamina_documents"  # noqa: S608 - our own text
_VIEWS = f"SELECT {millis('min(at)')}, {millis('max(at)')} FROM encamina_documents"  # noqa: S608 - as above
_ENDS_OF_STORIES = f"SELECT {millis('min(at)')}, {millis('max(at)')} FROM encamina_stories"  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class PostgresReading:
    """A ``Reading`` on one connection, in one transaction."""

    connection: Connection

    def newest(self, whose: Whose, asked: Asked) -> list[Found]:
        """See ``Reading.newest``."""
        conditions, parameters = _same(_COLUMNS[whose.column], whose.value)
        conditions.append("model = %s")
        parameters.append(NUMBERS[whose.model])
        return self._found(conditions, parameters, asked, newest_first=True)

    def journey(self, session: str, asked: Asked) -> list[Found]:
        """See ``Reading.journey``."""
        conditions, parameters = _same("session", session)
        return self._found(conditions, parameters, asked, newest_first=False)

    def views_of(self, session: str) -> tuple[Millis, Millis] | None:
        """See ``Reading.views_of``."""
        conditions, parameters = _same("session", session)
        query = f"{_VIEWS} WHERE {' AND '.join(conditions)} AND model = %s"
        return self._ends(query, [*parameters, NUMBERS[Model.PAGE_VIEW]])

    def ends(self, model: Model | None) -> tuple[Millis, Millis] | None:
        """See ``Reading.ends``."""
        if model is None:
            return self._ends(_ENDS_OF_STORIES, ())
        return self._ends(f"{_VIEWS} WHERE model = %s", (NUMBERS[model],))

    def top(self, which: Counts, parts: Parts, limit: int) -> list[Counted]:
        """See ``Reading.top``."""
        return counts.top(self.connection, which, parts, limit)

    def keyed(self, which: Counts, parts: Parts, keys: Sequence[str]) -> dict[str, Counted]:
        """See ``Reading.keyed``."""
        return counts.keyed(self.connection, which, parts, keys)

    def by_day(self, which: Counts, parts: Parts, prefix: str = "") -> list[tuple[int, Counted]]:
        """See ``Reading.by_day``."""
        return counts.by_day(self.connection, which, parts, prefix)

    def _found(
        self, conditions: list[str], parameters: list[object], asked: Asked, *, newest_first: bool
    ) -> list[Found]:
        if asked.since is not None:
            conditions.append("at >= %s")
            parameters.append(moment(asked.since))
        if asked.until is not None:
            conditions.append("at < %s")
            parameters.append(moment(asked.until))
        if asked.after is not None:
            conditions.append(f"(at, id) {'<' if newest_first else '>'} (%s, %s)")
            parameters += [moment(asked.after[0]), asked.after[1]]
        order = "at DESC, id DESC" if newest_first else "at, id"
        query = f"{_FOUND} WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT %s"
        found = rows(self.connection, query, [*parameters, asked.limit + 1])
        return [
            Found(id_, Millis(at), MODELS[model], as_body(loads(body.encode())))
            for id_, at, model, body in found
        ]

    def _ends(self, query: str, parameters: Sequence[object]) -> tuple[Millis, Millis] | None:
        ((first, last),) = rows(self.connection, query, parameters)
        return None if first is None else (Millis(first), Millis(last))


def _same(column: str, value: str) -> tuple[list[str], list[object]]:
    """The condition that the index over a text's hash serves, and its parameters."""
    hashed = f"hashtextextended({column}, 0) = hashtextextended(%s, 0)"
    return [hashed, f"{column} = %s"], [value, value]
