"""Counts in their table: changed with the documents, and read over any range."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from engine.store.changes import Change, sums_of
from engine.store.periods import EVER, Parts, periods_of
from engine.store.postgres.connection import Connection, rows, run
from engine.store.postgres.tables import NUMBERS
from engine.store.reading import Counted, Counts, summed_by_day

_ADD = """
    INSERT INTO encamina_counts AS kept
        (of_what, kind, scope, period, key_digest, key, number, amount)
    SELECT * FROM unnest(
        %s::bytea[], %s::text[], %s::text[], %s::bigint[],
        %s::bytea[], %s::text[], %s::bigint[], %s::numeric[]
    )
    ON CONFLICT (of_what, period, key_digest) DO UPDATE
    SET number = kept.number + excluded.number, amount = kept.amount + excluded.amount
"""
_FORGET_EMPTY = """
    DELETE FROM encamina_counts WHERE number = 0 AND amount = 0
    AND (of_what, period, key_digest) IN
        (SELECT * FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[]))
"""
_TOP_EVER = """
    SELECT key, number, amount FROM encamina_counts
    WHERE of_what = %s AND period = 0 ORDER BY number DESC, key LIMIT %s
"""
_PARTS = """
    SELECT key, number, amount FROM encamina_counts
    WHERE of_what = %s AND period = ANY(%s::bigint[])
"""
_DAYS = """
    SELECT period, key, number, amount FROM encamina_counts
    WHERE of_what = %s AND period = ANY(%s::bigint[]) AND starts_with(key, %s)
"""
_FACTS = """
    UNION ALL
    SELECT (fact ->> 2) COLLATE "C", (fact ->> 3)::bigint, (fact ->> 4)::numeric
    FROM {table}, json_array_elements(facts) AS fact
    WHERE {model} at >= %s AND at < %s AND fact ->> 0 = %s AND fact ->> 1 = %s
"""
_EDGE = _FACTS.format(table="encamina_documents", model="model = ANY(%s) AND")
_EDGE_OF_STORIES = _FACTS.format(table="encamina_stories", model="")
_SUMS = "SELECT key, sum(number) AS number, sum(amount) AS amount FROM ({}) AS counted"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: int) -> datetime:
    """A moment in milliseconds as the library takes it."""
    return _EPOCH + timedelta(milliseconds=at)


def change_counts(connection: Connection, changes: Iterable[Change]) -> None:
    """Add all this to the counts of every period that it belongs to."""
    sums = sums_of(changes)
    if not sums:
        return
    places = [(_digest(one.kind, one.scope), one.period, _digest(one.key)) for one in sums]
    of_what, periods, keys = (list(column) for column in zip(*places, strict=True))
    kinds, scopes, _, texts, numbers, amounts = (list(one) for one in zip(*sums, strict=True))
    run(connection, _ADD, (of_what, kinds, scopes, periods, keys, texts, numbers, amounts))
    gone = [place for place, one in zip(places, sums, strict=True) if one.number <= 0]
    if gone:
        run(connection, _FORGET_EMPTY, [list(column) for column in zip(*gone, strict=True)])


def top(connection: Connection, which: Counts, parts: Parts, limit: int) -> list[Counted]:
    """See ``Reading.top``."""
    if parts == EVER:
        return _counted(connection, _TOP_EVER, (_of(which), limit))
    query, parameters = _over(which, parts)
    query = f"{_SUMS.format(query)} GROUP BY key ORDER BY 2 DESC, key LIMIT %s"
    return _counted(connection, query, (*parameters, limit))


def keyed(
    connection: Connection, which: Counts, parts: Parts, keys: Sequence[str]
) -> dict[str, Counted]:
    """See ``Reading.keyed``."""
    query, parameters = _over(which, parts)
    query = f"{_SUMS.format(query)} WHERE key = ANY(%s) GROUP BY key"
    return {one.key: one for one in _counted(connection, query, (*parameters, list(keys)))}


def by_day(
    connection: Connection, which: Counts, parts: Parts, prefix: str
) -> list[tuple[int, Counted]]:
    """See ``Reading.by_day``."""
    listed = rows(connection, _DAYS, (_of(which), list(parts.periods), prefix))
    found = [(period, Counted(key, number, int(amount))) for period, key, number, amount in listed]
    for edge in parts.edges:
        query, parameters = _over(which, Parts((), (edge,)))
        counted = _counted(connection, f"{_SUMS.format(query)} GROUP BY key", parameters)
        day = periods_of(edge[0])[2]
        found += [(day, one) for one in counted if one.key.startswith(prefix)]
    return summed_by_day(found)


def _over(which: Counts, parts: Parts) -> tuple[str, list[object]]:
    """The query for every row that counts in these parts, and its parameters."""
    edge = _EDGE if which.models else _EDGE_OF_STORIES
    query = _PARTS + edge * len(parts.edges)
    parameters: list[object] = [_of(which), list(parts.periods)]
    models = [[NUMBERS[one] for one in which.models]] if which.models else []
    for since, until in parts.edges:
        parameters += [*models, moment(since), moment(until), which.kind, which.scope]
    return query, parameters


def _counted(connection: Connection, query: str, parameters: Sequence[object]) -> list[Counted]:
    found = rows(connection, query, parameters)
    return [Counted(key, int(number), int(amount)) for key, number, amount in found]


def _of(which: Counts) -> bytes:
    return _digest(which.kind, which.scope)


def _digest(*texts: str) -> bytes:
    return hashlib.sha256("\0".join(texts).encode()).digest()[:16]
