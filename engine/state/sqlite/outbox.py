"""What was settled and is on its way into archives.

::

    outbox          number INTEGER, counts up and is never given twice
                    position, destination, rule, part, replay: the delivery
                    state, reason TEXT, attempts, at INTEGER: as it was settled; it may be retried
                    before anybody has read this, the rest of it stays as it is
    outbox_readers  name TEXT, the key: the archive that asks
                    reached INTEGER: the number up to which it has all

Written with the deliveries, only while there is a reader; read by archives.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED, Delivery
from engine.sqlite.connection import Connection
from engine.sqlite.database import Database
from engine.sqlite.rows import read_packed
from engine.state.outbox import Settled
from engine.state.sqlite.attempts import select_attempts_of
from engine.state.sqlite.delivery_rows import KEY, PACKED, Packed, delivery_of, parts_of

SCRIPTS = [
    """
    CREATE TABLE outbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        position INTEGER NOT NULL,
        destination TEXT NOT NULL,
        rule TEXT NOT NULL,
        part INTEGER NOT NULL,
        replay INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        at INTEGER NOT NULL
    );
    CREATE TABLE outbox_readers (name TEXT PRIMARY KEY, reached INTEGER NOT NULL) WITHOUT ROWID;
    """,
]
"""What ``migrate`` runs, one script a version."""

_AS_SETTLED = ("state", "reason", "attempts", "at")
_COLUMNS = (*KEY.split(", "), *_AS_SETTLED)
_GIVEN = ", ".join(
    f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(_COLUMNS)
)
_SAME = " AND ".join(f"d.{name} = o.{name}" for name in KEY.split(", "))

# Read before the deliveries are written: what says nothing new is not settled anew.
_NOTE = (
    f"INSERT INTO outbox ({', '.join(_COLUMNS)})"  # noqa: S608 - our own text alone
    f" SELECT {', '.join(f'o.{name}' for name in _COLUMNS)}"
    f" FROM (SELECT {_GIVEN} FROM json_each(?)) AS o LEFT JOIN deliveries AS d ON {_SAME}"
    " WHERE (d.state, d.reason, d.attempts, d.at) IS NOT (o.state, o.reason, o.attempts, o.at)"
)
_NEXT = (
    f"SELECT o.number, {', '.join(f'o.{name}' for name in _COLUMNS)}, d.message_id, d.event,"  # noqa: S608 - our own text alone
    " d.due_at, d.release, NULL AS next_at, d.digest, d.dedupe_key, NULL AS payload, d.window_ms,"
    f" d.event_at FROM outbox AS o LEFT JOIN deliveries AS d ON {_SAME}"
    " WHERE o.number > (SELECT reached FROM outbox_readers WHERE name = ?)"
    " ORDER BY o.number LIMIT ?"
)
_ROW = f"'[' || number || ',' || iif(message_id IS NULL, 'null', {PACKED}) || ']'"

_Row: TypeAlias = tuple[int, Packed | None]


def note_settled(connection: Connection, deliveries: Iterable[Delivery]) -> None:
    """Note those of these that are settled by it, before they are written; nothing if none asks."""
    readers = {name for (name,) in connection.execute("SELECT name FROM outbox_readers")}
    if not readers:
        return
    settled = [
        [*parts_of(one.key), one.state.value, one.reason, one.attempts, one.at]
        for one in deliveries
        if one.state not in UNSETTLED and one.key.destination not in readers
    ]
    if settled:
        connection.execute(_NOTE, (dumps(settled).decode(),))


def delete_old(connection: Connection, before: Millis, limit: int) -> int:
    """Remove what was settled before that moment, among the first ``limit``; how many went."""
    return connection.execute(
        "DELETE FROM outbox WHERE number IN (SELECT number FROM ("
        " SELECT number, at FROM outbox ORDER BY number LIMIT ?) WHERE at < ?)",
        (limit, before),
    ).rowcount


class SqliteOutbox:
    """An ``Outbox`` (see there for its promises)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, names: Collection[str]) -> None:
        """See ``Outbox.ask``."""
        await self._database.writer.run(lambda connection: _ask(connection, sorted(names)))

    async def next(self, name: str, *, limit: int) -> Sequence[Settled]:
        """See ``Outbox.next``."""
        return await self._database.reader.run(lambda connection: _next(connection, name, limit))

    async def done(self, name: str, number: int) -> None:
        """See ``Outbox.done``."""
        await self._database.writer.run(lambda connection: _done(connection, name, number))


def _ask(connection: Connection, names: Sequence[str]) -> None:
    asked = dumps(list(names)).decode()
    connection.execute(
        "DELETE FROM outbox_readers WHERE name NOT IN (SELECT value FROM json_each(?))", (asked,)
    )
    connection.execute(
        "INSERT OR IGNORE INTO outbox_readers (name, reached) SELECT value,"
        " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0) FROM json_each(?)",
        (asked,),
    )
    if names:
        _let_go(connection)
    else:
        # Without a condition SQLite lets go of a million rows as fast as of one.
        connection.execute("DELETE FROM outbox")


def _next(connection: Connection, name: str, limit: int) -> Sequence[Settled]:
    packed = loads(read_packed(connection, _ROW, _NEXT, (name, limit)))
    found = [
        (number, None if parts is None else delivery_of(*parts))
        for number, parts in cast("list[_Row]", packed)
    ]
    tried = select_attempts_of(connection, [one.key for _, one in found if one and one.attempts])
    return [
        Settled(number, one, [its for its in tried.get(one.key, ()) if its.number <= one.attempts])
        if one
        else Settled(number, None)
        for number, one in found
    ]


def _done(connection: Connection, name: str, number: int) -> None:
    connection.execute(
        "UPDATE outbox_readers SET reached = max(reached, ?) WHERE name = ?", (number, name)
    )
    _let_go(connection)


def _let_go(connection: Connection) -> None:
    connection.execute(
        "DELETE FROM outbox WHERE number <= (SELECT min(reached) FROM outbox_readers)"
    )
