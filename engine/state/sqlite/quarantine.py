"""Events that failed their schema.

::

    quarantine  number INTEGER, counts up and is never given twice
                source, message_id TEXT, once each
                received_at INTEGER, milliseconds
                body BLOB: as it came, as engine/codec/body writes it
                reasons BLOB: a list of [path, message], written likewise

Written by ingest; read by those who look. An event leaves when one of its id is accepted.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.model.event import Event
from engine.model.jsonvalue import Json
from engine.model.verdict import Reason
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows
from engine.state.interface import QuarantinedEvent

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
]
"""What ``migrate`` runs, one script a version."""

Id: TypeAlias = tuple[str, str]
"""(source, message_id)"""

Item: TypeAlias = tuple[Event, Json, tuple[Reason, ...]]
"""An event, its body as it came, and why it is refused."""

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
        "INSERT INTO quarantine (source, message_id, received_at, body, reasons)",
        fresh,
    )
    return kept


def delete_ids(connection: Connection, ids: Iterable[Id]) -> None:
    """Let these go; an id that is not there is none."""
    connection.execute(
        f"DELETE FROM quarantine WHERE number IN (SELECT q.number {_AMONG})",  # noqa: S608 - our own text alone
        (dumps(list(ids)).decode(),),
    )


def select_items(connection: Connection, limit: int, after: int | None) -> list[QuarantinedEvent]:
    """Events in quarantine by number, after that one; the newest where it is None."""
    columns = "SELECT number, source, message_id, received_at, body, reasons FROM quarantine"
    if after is None:
        newest = connection.execute(f"{columns} ORDER BY number DESC LIMIT ?", (limit,))
        return [_item(row) for row in reversed(newest.fetchall())]
    rows = connection.execute(f"{columns} WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
    return [_item(row) for row in rows.fetchall()]


def _item(row: tuple[Any, ...]) -> QuarantinedEvent:
    number, source, message_id, received_at, body, reasons = row
    return QuarantinedEvent(number, source, message_id, received_at, loads(body), _reasons(reasons))


def _present(connection: Connection, ids: Sequence[Id]) -> set[Id]:
    packed = read_packed(
        connection,
        "json_array(source, message_id)",
        f"SELECT q.source, q.message_id {_AMONG}",
        (dumps(ids).decode(),),
    )
    return {(source, message_id) for source, message_id in cast("list[Id]", loads(packed))}


def _row(event: Event, body: Json, reasons: Sequence[Reason]) -> tuple[object, ...]:
    told = dumps([[reason.path, reason.message] for reason in reasons])
    return (event.source, event.message_id, event.received_at, dumps(body), told)


def _reasons(data: bytes) -> tuple[Reason, ...]:
    return tuple(Reason(path, message) for path, message in cast("list[Id]", loads(data)))
