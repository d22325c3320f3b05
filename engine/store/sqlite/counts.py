"""Counts in their table: changed with the documents, and read over any range."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.jsonvalue import Json
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows
from engine.store.changes import Change, sums_of
from engine.store.periods import EVER, Parts, periods_of
from engine.store.reading import LAST, Counted, Counts, summed_by_day
from engine.store.sqlite.tables import NUMBERS

_HEAD = "INSERT INTO counts (kind, scope, period, key, number, amount)"
_TAIL = (
    "ON CONFLICT (kind, scope, period, key) DO UPDATE SET"
    " number = number + excluded.number, amount = amount + excluded.amount"
)
_TOP_EVER = """
    SELECT key, number, amount FROM counts
    WHERE kind = ? AND scope = ? AND period = 0 ORDER BY number DESC, key LIMIT ?
"""
_PARTS = """
    SELECT key, number, amount FROM counts
    WHERE kind = ? AND scope = ? AND period IN (SELECT value FROM json_each(?))
"""
_EDGE = """
    UNION ALL
    SELECT fact.value ->> 2, fact.value ->> 3, fact.value ->> 4
    FROM documents, json_each(documents.facts) AS fact
    WHERE model IN (SELECT value FROM json_each(?))
    AND at >= ? AND at < ? AND fact.value ->> 0 = ? AND fact.value ->> 1 = ?
"""
_EDGE_OF_STORIES = _EDGE.replace("documents", "stories").replace(
    "model IN (SELECT value FROM json_each(?))\n    AND ", ""
)
_DAYS = f"SELECT period, key, number, amount {_PARTS.partition('amount')[2]}"
_BEGINS = " AND key >= ? AND key < ?"
_ROW_OF_DAY = "json_array(period, key, number, amount)"
_AMONG = "WHERE key IN (SELECT value FROM json_each(?))"
_SUMS = "SELECT key, sum(number) AS number, sum(amount) AS amount FROM ({})"


def change_counts(connection: Connection, changes: Iterable[Change]) -> None:
    """Add all this to the counts of every period that it belongs to."""
    # In the order of the table, so that neighbours are changed one after the other.
    sums = sums_of(changes)
    write_rows(connection, _HEAD, sums, _TAIL)
    gone: list[list[Json]] = [[*one[:4]] for one in sums if one.number <= 0]
    if gone:
        _forget_empty(connection, gone)


def top(connection: Connection, which: Counts, parts: Parts, limit: int) -> list[Counted]:
    """See ``Reading.top``."""
    if parts == EVER:
        return _counted(connection, _TOP_EVER, (which.kind, which.scope, limit))
    query, parameters = _over(which, parts)
    query = f"{_SUMS.format(query)} GROUP BY key ORDER BY 2 DESC, key LIMIT ?"
    return _counted(connection, query, (*parameters, limit))


def keyed(
    connection: Connection, which: Counts, parts: Parts, keys: Sequence[str]
) -> dict[str, Counted]:
    """See ``Reading.keyed``."""
    query, parameters = _over(which, parts)
    query = f"{_SUMS.format(query)} {_AMONG} GROUP BY key"
    found = _counted(connection, query, (*parameters, dumps(list(keys)).decode()))
    return {one.key: one for one in found}


def by_day(
    connection: Connection, which: Counts, parts: Parts, prefix: str
) -> list[tuple[int, Counted]]:
    """See ``Reading.by_day``."""
    listed = [which.kind, which.scope, dumps(list(parts.periods)).decode()]
    begins = [prefix, prefix + LAST] if prefix else []
    query = _DAYS + _BEGINS if prefix else _DAYS
    rows = loads(read_packed(connection, _ROW_OF_DAY, query, listed + begins))
    found = [(period, Counted(*one)) for period, *one in cast("list[Any]", rows)]
    for edge in parts.edges:
        day = periods_of(edge[0])[2]
        found += [(day, one) for one in _at_edge(connection, which, edge, prefix)]
    return summed_by_day(found)


def _at_edge(
    connection: Connection, which: Counts, edge: tuple[Millis, Millis], prefix: str
) -> list[Counted]:
    query, parameters = _over(which, Parts((), (edge,)))
    found = _counted(connection, f"{_SUMS.format(query)} GROUP BY key", parameters)
    return [one for one in found if one.key.startswith(prefix)]


def _over(which: Counts, parts: Parts) -> tuple[str, list[object]]:
    """The query for every row that counts in these parts, and its parameters."""
    edge = _EDGE if which.models else _EDGE_OF_STORIES
    query = _PARTS + edge * len(parts.edges)
    parameters: list[object] = [which.kind, which.scope, dumps(list(parts.periods)).decode()]
    models = [dumps([NUMBERS[one] for one in which.models]).decode()] if which.models else []
    for since, until in parts.edges:
        parameters += [*models, since, until, which.kind, which.scope]
    return query, parameters


def _counted(connection: Connection, query: str, parameters: Sequence[object]) -> list[Counted]:
    row = "json_array(key, number, amount)"
    found = cast("list[Any]", loads(read_packed(connection, row, query, parameters)))
    return [Counted(*one) for one in found]


def _forget_empty(connection: Connection, keys: Sequence[Sequence[Json]]) -> None:
    connection.execute(
        "DELETE FROM counts WHERE number = 0 AND amount = 0 AND (kind, scope, period, key) IN"
        " (SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?))",
        (dumps(keys).decode(),),
    )
