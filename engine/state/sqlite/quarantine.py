"""Events that failed their schema.

::

    quarantine  number INTEGER, counts up and is never given twice
                source, message_id TEXT, once each
                received_at INTEGER, milliseconds
                body BLOB: as it came, as engine/codec/body writes it
                reasons BLOB: a list of [path, message], written likewise
                timestamp INTEGER: the event's corrected moment, in milliseconds
                ip, user_agent TEXT: what the request told, NULL where it did not matter

Written by ingest; read by those who look. An event leaves when one of its id is accepted, when it
is admitted after a fix, or when a person drops it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.jsonvalue import Json, as_body
from engine.model.verdict import Reason
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows
from engine.state.interface import QuarantinedEvent, QuarantineFilter, ReasonCount
from engine.state.sqlite.words import part_or_glob

SCRIPTS = [
    """
    CREATE TABLE quarantine (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        message_id TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        body BLOB NOT NULL,
        reasons BLOB NOT NULL,
        UNIQUE (source, message_id)
    );
    """,
    """
    ALTER TABLE quarantine ADD COLUMN timestamp INTEGER;
    ALTER TABLE quarantine ADD COLUMN ip TEXT;
    ALTER TABLE quarantine ADD COLUMN user_agent TEXT;
    """,
]
"""What ``migrate`` runs, one script a version."""

Id: TypeAlias = tuple[str, str]
"""(source, message_id)"""

Item: TypeAlias = tuple[Event, Json, tuple[Reason, ...]]
"""An event, its body as it came, and why it is refused."""

_Count: TypeAlias = tuple[str, str, int, str, str, Millis]

# What ``body`` says it is; nested as deeply as SQLite does not read, it says nothing.
_TEXT = "trim(CAST(body AS TEXT))"
_EVENT = (
    f"CASE WHEN json_valid({_TEXT}) THEN"
    f" coalesce(json_extract({_TEXT}, '$.event'), json_extract({_TEXT}, '$.type'), '') ELSE '' END"
)
_TOLD = (
    "(SELECT group_concat("
    "CASE json_extract(r.value, '$[0]') WHEN '' THEN ''"
    " ELSE json_extract(r.value, '$[0]') || ': ' END || json_extract(r.value, '$[1]'), '; ')"
    " FROM json_each(trim(CAST(reasons AS TEXT))) AS r)"
)

# Of a JSON list of ids, those that are in quarantine.
_AMONG = (
    "FROM json_each(?) AS id CROSS JOIN quarantine AS q"
    " ON q.source = json_extract(id.value, '$[0]')"
    " AND q.message_id = json_extract(id.value, '$[1]')"
)


def insert_items(connection: Connection, items: Sequence[Item]) -> list[bool]:
    """Keep these; False for one whose id is there already."""
    known = _present(connection, [(event.source, event.message_id) for event, _, _ in items])
    fresh, kept = [], []
    for item in items:
        one = (item[0].source, item[0].message_id)
        kept.append(one not in known)
        if one not in known:
            known.add(one)
            fresh.append(_row(*item))
    write_rows(
        connection,
        "INSERT INTO quarantine"
        " (source, message_id, received_at, body, reasons, timestamp, ip, user_agent)",
        fresh,
    )
    return kept


def delete_ids(connection: Connection, ids: Iterable[Id]) -> int:
    """Let these go; an id that is not there is none; how many went."""
    gone = connection.execute(
        f"DELETE FROM quarantine WHERE number IN (SELECT q.number {_AMONG})",  # noqa: S608 - our own text alone
        (dumps(list(ids)).decode(),),
    )
    return gone.rowcount


def select_items(
    connection: Connection, limit: int, after: int | None, which: QuarantineFilter
) -> list[QuarantinedEvent]:
    """Events in quarantine by number, after that one; the newest where it is None."""
    conditions, parameters = _conditions(which)
    if after is not None:
        conditions.append("number > ?")
        parameters.append(after)
    query = (
        "SELECT number, source, message_id, received_at, body, reasons, timestamp, ip, user_agent"  # noqa: S608 - our own text alone
        f" FROM quarantine {_where(conditions)}"
        f" ORDER BY number {'' if after is not None else 'DESC'} LIMIT ?"
    )
    found = [_item(row) for row in connection.execute(query, (*parameters, limit)).fetchall()]
    return found if after is not None else found[::-1]


def count_items(connection: Connection, which: QuarantineFilter) -> int:
    """How many there are."""
    conditions, parameters = _conditions(which)
    query = f"SELECT count(*) FROM quarantine {_where(conditions)}"  # noqa: S608 - our own text alone
    (count,) = connection.execute(query, parameters).fetchone()
    return int(count)


def select_reasons(connection: Connection, which: QuarantineFilter) -> list[ReasonCount]:
    """How many are there for which reasons, by source, the most first, with the newest of them."""
    conditions, parameters = _conditions(which)
    packed = read_packed(
        connection,
        f"json_array(source, {_TOLD}, count, {_EVENT}, message_id, received_at)",
        # Of the rows of a group SQLite takes the other columns from the one with the max.
        "SELECT source, reasons, body, message_id, count(*) AS count,"  # noqa: S608 - our own text alone
        f" max(received_at) AS received_at FROM quarantine {_where(conditions)}"
        " GROUP BY source, reasons ORDER BY count DESC, received_at DESC",
        parameters,
    )
    return [ReasonCount(*row) for row in cast("Iterable[_Count]", loads(packed))]


def update_reasons(connection: Connection, found: Mapping[int, Sequence[Reason]]) -> None:
    """These numbers are there for these reasons now."""
    for number, reasons in found.items():
        connection.execute(
            "UPDATE quarantine SET reasons = ? WHERE number = ?", (_written(reasons), number)
        )


def _conditions(which: QuarantineFilter) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    parameters: list[object] = []
    for condition, value in (
        ("source = ?", which.source),
        ("message_id = ?", which.message_id),
        ("received_at >= ?", which.since),
        ("received_at < ?", which.until),
        (f"{_EVENT} GLOB ?", which.event),
        (part_or_glob(_TOLD, which.reason or ""), which.reason),
    ):
        if value is not None:
            conditions.append(condition)
            parameters.append(value)
    return conditions, parameters


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _item(row: tuple[Any, ...]) -> QuarantinedEvent:
    number, source, message_id, received_at, body, reasons, timestamp, ip, user_agent = row
    return QuarantinedEvent(
        number,
        source,
        message_id,
        received_at,
        loads(body),
        _reasons(reasons),
        timestamp,
        ip,
        user_agent,
    )


def _present(connection: Connection, ids: Sequence[Id]) -> set[Id]:
    packed = read_packed(
        connection,
        "json_array(source, message_id)",
        f"SELECT q.source, q.message_id {_AMONG}",
        (dumps(ids).decode(),),
    )
    return {(source, message_id) for source, message_id in cast("list[Id]", loads(packed))}


def _row(event: Event, body: Json, reasons: Sequence[Reason]) -> tuple[object, ...]:
    seen = as_body(event.body.get("context"))
    given = as_body(as_body(body).get("context"))
    return (
        event.source,
        event.message_id,
        event.received_at,
        dumps(body),
        _written(reasons),
        event.timestamp,
        _told_by_request(seen.get("ip"), given.get("ip")),
        _told_by_request(seen.get("userAgent"), given.get("userAgent")),
    )


def _told_by_request(seen: Json, given: Json) -> str | None:
    """What the request added to what the event says; None where it added nothing."""
    return seen if given is None and isinstance(seen, str) else None


def _written(reasons: Sequence[Reason]) -> bytes:
    return dumps([[reason.path, reason.message] for reason in reasons])


def _reasons(data: bytes) -> tuple[Reason, ...]:
    return tuple(Reason(path, message) for path, message in cast("list[Id]", loads(data)))
