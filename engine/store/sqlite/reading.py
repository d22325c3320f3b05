"""The questions' verbs as SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from engine.codec.body import loads
from engine.model.clock import Millis
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed
from engine.store.declared import Asked
from engine.store.interface import Model
from engine.store.periods import Parts
from engine.store.reading import Counted, Counts, Found, Whose
from engine.store.sqlite import counts
from engine.store.sqlite.tables import MODELS, NUMBERS

_ROW = """'["' || id || '",' || at || ',' || model || ',' || body || ']'"""
# A body with a number beyond 64 bits begins with a space, and so then must the list.
_OPENING = "CASE WHEN max(substr(body, 1, 1) = ' ') THEN ' [' ELSE '[' END"
_FOUND = "SELECT id, at, model, body FROM documents"
# Each end by itself is one step of an index.
_VIEWS = """
    SELECT (SELECT min(at) FROM documents WHERE session = :session AND model = :model),
           (SELECT max(at) FROM documents WHERE session = :session AND model = :model)
"""
_ENDS = """
    SELECT (SELECT min(at) FROM documents WHERE model = :model),
           (SELECT max(at) FROM documents WHERE model = :model)
"""
_ENDS_OF_STORIES = "SELECT (SELECT min(at) FROM stories), (SELECT max(at) FROM stories)"


@dataclass(frozen=True, slots=True)
class SqliteReading:
    """A ``Reading`` on one connection."""

    connection: Connection

    def newest(self, whose: Whose, asked: Asked) -> list[Found]:
        """See ``Reading.newest``."""
        query, parameters = _in_range(asked, "<")
        condition = f"WHERE {whose.column} = ? AND model = ? {query}"
        whole = f"{_FOUND} {condition} ORDER BY at DESC, id DESC LIMIT ?"
        values = [whose.value, NUMBERS[whose.model], *parameters, asked.limit + 1]
        return self._found(whole, values)

    def journey(self, session: str, asked: Asked) -> list[Found]:
        """See ``Reading.journey``."""
        query, parameters = _in_range(asked, ">")
        condition = f"WHERE session = ? AND model = ? {query}"
        # By model first, as the index is: each gives at most what is wanted.
        part = f"SELECT * FROM ({_FOUND} {condition} ORDER BY at, id LIMIT ?)"  # noqa: S608 - our own text
        whole = f"{' UNION ALL '.join([part] * len(MODELS))} ORDER BY at, id LIMIT ?"
        wanted = asked.limit + 1
        values = [
            value
            for number in range(len(MODELS))
            for value in (session, number, *parameters, wanted)
        ]
        return self._found(whole, [*values, wanted])

    def views_of(self, session: str) -> tuple[Millis, Millis] | None:
        """See ``Reading.views_of``."""
        named = {"session": session, "model": NUMBERS[Model.PAGE_VIEW]}
        return _both(self.connection.execute(_VIEWS, named).fetchone())

    def ends(self, model: Model | None) -> tuple[Millis, Millis] | None:
        """See ``Reading.ends``."""
        if model is None:
            return _both(self.connection.execute(_ENDS_OF_STORIES).fetchone())
        return _both(self.connection.execute(_ENDS, {"model": NUMBERS[model]}).fetchone())

    def top(self, which: Counts, parts: Parts, limit: int) -> list[Counted]:
        """See ``Reading.top``."""
        return counts.top(self.connection, which, parts, limit)

    def keyed(self, which: Counts, parts: Parts, keys: Sequence[str]) -> dict[str, Counted]:
        """See ``Reading.keyed``."""
        return counts.keyed(self.connection, which, parts, keys)

    def by_day(self, which: Counts, parts: Parts, prefix: str = "") -> list[tuple[int, Counted]]:
        """See ``Reading.by_day``."""
        return counts.by_day(self.connection, which, parts, prefix)

    def _found(self, query: str, parameters: Sequence[object]) -> list[Found]:
        packed = read_packed(self.connection, _ROW, query, parameters, opening=_OPENING)
        # As ``_ROW`` makes it.
        found = cast("list[Any]", loads(packed))
        return [Found(id_, at, MODELS[model], body) for id_, at, model, body in found]


def _in_range(asked: Asked, beyond: str) -> tuple[str, list[object]]:
    """The further conditions of a list that goes on beyond its cursor, and their parameters."""
    conditions = ""
    parameters: list[object] = []
    if asked.since is not None:
        conditions += " AND at >= ?"
        parameters.append(asked.since)
    if asked.until is not None:
        conditions += " AND at < ?"
        parameters.append(asked.until)
    if asked.after is not None:
        conditions += f" AND (at, id) {beyond} (?, ?)"
        parameters += asked.after
    return conditions, parameters


def _both(ends: tuple[int | None, int | None]) -> tuple[Millis, Millis] | None:
    first, last = ends
    return None if first is None or last is None else (Millis(first), Millis(last))
