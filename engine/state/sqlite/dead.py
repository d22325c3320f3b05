"""Deliveries by their reasons, and how many a filter finds: for who looks at dead letters.

All of it runs in a thread. With ``state = 'dead'`` in the filter only what is watched is read.
"""

from collections.abc import Iterable
from typing import TypeAlias, cast

from engine.codec.body import loads
from engine.model.clock import Millis
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed
from engine.state.interface import DeliveryFilter, ReasonCount
from engine.state.sqlite.deliveries import conditions_of

_Row: TypeAlias = tuple[str, str, int, str, str, Millis]


def count_deliveries(connection: Connection, which: DeliveryFilter) -> int:
    """How many there are."""
    where, parameters = _where(which)
    query = f"SELECT count(*) FROM deliveries {where}"  # noqa: S608 - our own text alone
    (count,) = connection.execute(query, parameters).fetchone()
    return int(count)


def select_reasons(connection: Connection, which: DeliveryFilter) -> list[ReasonCount]:
    """How many have which reason at which destination, the most first, with the newest of them."""
    where, parameters = _where(which)
    packed = read_packed(
        connection,
        "json_array(destination, reason, count, event, message_id, at)",
        # Of the rows of a group SQLite takes the other columns from the one with the max.
        "SELECT destination, reason, count(*) AS count, event, message_id, max(at) AS at"  # noqa: S608 - our own text alone
        f" FROM deliveries {where} GROUP BY destination, reason ORDER BY count DESC, at DESC",
        parameters,
    )
    return [ReasonCount(*row) for row in cast("Iterable[_Row]", loads(packed))]


def _where(which: DeliveryFilter) -> tuple[str, list[object]]:
    conditions, parameters = conditions_of(which)
    return (f"WHERE {' AND '.join(conditions)}" if conditions else "", parameters)
