"""Windows of derived events in the state's SQLite file.

::

    derived_windows   number INTEGER, the key; name TEXT, of the file in rules/derived/
                      due_ms INTEGER or NULL: when it falls due; touched_at INTEGER, milliseconds
                      body BLOB: JSON, [figures, cause, closed_at, users] of engine/model/window;
                           cause: [source, message_id, type, name, timestamp, received_at, body]
    derived_keys      name, key TEXT, the key; number INTEGER: the window that it leads to
    derived_once      name, value TEXT, the key; at INTEGER: values that were counted
                      person TEXT or NULL: the key under which; filled BLOB or NULL: JSON, with what
    derived_made      name, message_id TEXT, the key; at INTEGER: events that were made
    derived_unsent    number INTEGER, the key; name, message_id, source TEXT; body BLOB, JSON:
                      events that are not in the log yet
    derived_progress  name TEXT, the key; position INTEGER: how far the log was read

Written by the one consumer of each file, one transaction a step; read by ingest and by commands.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.jsonvalue import Body
from engine.model.window import Change, Counted, Found, Made, Standing, Window
from engine.sqlite.connection import Connection
from engine.sqlite.database import Database
from engine.state.sqlite import window_rows as rows
from engine.state.sqlite.settings import write_setting

SCRIPTS = [
    """
    CREATE TABLE derived_windows (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        due_ms INTEGER,
        touched_at INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX derived_windows_by_due ON derived_windows (name, due_ms)
        WHERE due_ms IS NOT NULL;
    CREATE INDEX derived_windows_by_age ON derived_windows (name, touched_at);
    CREATE TABLE derived_keys (
        name TEXT NOT NULL,
        key TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (name, key)
    ) WITHOUT ROWID;
    CREATE INDEX derived_keys_by_window ON derived_keys (number);
    CREATE TABLE derived_once (
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (name, value)
    ) WITHOUT ROWID;
    CREATE INDEX derived_once_by_age ON derived_once (name, at);
    CREATE TABLE derived_made (
        name TEXT NOT NULL,
        message_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (name, message_id)
    ) WITHOUT ROWID;
    CREATE INDEX derived_made_by_age ON derived_made (name, at);
    CREATE TABLE derived_unsent (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        message_id TEXT NOT NULL,
        source TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE derived_progress (
        name TEXT PRIMARY KEY,
        position INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    DELETE FROM derived_keys WHERE number < 0;
    ALTER TABLE derived_once ADD COLUMN person TEXT;
    ALTER TABLE derived_once ADD COLUMN filled BLOB;
    """,
]
"""What ``migrate`` runs, one script a version."""

ROWS_AT_ONCE = 1_000
"""Removed in one transaction: appends wait some milliseconds."""

COLUMNS = "number, due_ms, touched_at, body"


class SqliteWindows:
    """A ``Windows`` (see the interface for its promises)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str, keys: Collection[str], once: Collection[str]) -> Found:
        """See ``Windows.find``."""
        work = partial(_find, name=name, keys=list(keys), once=list(once))
        return await self._database.reader.run(work)

    async def due(self, name: str, until: Millis, *, limit: int) -> Sequence[Window]:
        """See ``Windows.due``."""
        return await self._database.reader.run(partial(_due, name=name, until=until, limit=limit))

    async def next_due(self, name: str) -> Millis | None:
        """See ``Windows.next_due``."""
        return await self._database.reader.run(partial(_next_due, name=name))

    async def write(self, name: str, change: Change) -> Sequence[Made]:
        """See ``Windows.write``."""
        return await self._database.writer.run(partial(rows.write_change, name=name, change=change))

    async def unsent(self, name: str) -> Sequence[Made]:
        """See ``Windows.unsent``."""
        return await self._database.reader.run(partial(_unsent, name=name))

    async def sent(self, name: str, ids: Sequence[str]) -> None:
        """See ``Windows.sent``."""
        await self._database.writer.run(partial(rows.delete_unsent, name=name, ids=ids))

    async def names(self) -> Sequence[str]:
        """See ``Windows.names``."""
        rows_ = await self._database.reader.run(
            lambda connection: connection.execute("SELECT name FROM derived_progress").fetchall()
        )
        return [name for (name,) in rows_]

    async def standing(self, name: str) -> Standing:
        """See ``Windows.standing``."""
        return await self._database.reader.run(partial(_standing, name=name))

    async def list(
        self, name: str, *, holding: str | None = None, limit: int
    ) -> Sequence[tuple[Sequence[str], Window]]:
        """See ``Windows.list``."""
        work = partial(_list, name=name, holding=holding, limit=limit)
        return await self._database.reader.run(work)

    async def shift(self, name: str, by_ms: int, setting: tuple[str, str]) -> None:
        """See ``Windows.shift``."""
        work = partial(_shift, name=name, by_ms=by_ms, setting=setting)
        await self._database.writer.run(work)

    async def pull_in(self, name: str, until: Millis) -> None:
        """See ``Windows.pull_in``."""
        await self._set(
            "UPDATE derived_windows SET due_ms = ?1 WHERE name = ?2 AND due_ms > ?1", (until, name)
        )

    async def let_go(self, name: str) -> None:
        """See ``Windows.let_go``."""
        await self._set(
            "UPDATE derived_windows SET due_ms = NULL WHERE name = ? AND due_ms NOT NULL", (name,)
        )

    async def begin_anew(self, name: str) -> None:
        """See ``Windows.begin_anew``."""
        delete = partial(rows.delete_some, name=name, limit=ROWS_AT_ONCE)
        while await self._database.writer.run(delete):
            pass

    async def forget(self, name: str, *, windows: Millis, ids: Millis, limit: int) -> int:
        """See ``Windows.forget``."""
        return await self._database.writer.run(
            partial(rows.delete_old, name=name, windows=windows, ids=ids, limit=limit)
        )

    async def _set(self, statement: str, parameters: Sequence[object]) -> None:
        await self._database.writer.run(
            lambda connection: connection.execute(statement, parameters)
        )


def _find(connection: Connection, name: str, keys: Sequence[str], once: Sequence[str]) -> Found:
    connection.execute("BEGIN")  # one moment for all four
    try:
        position = _position(connection, name)
        counted = _counted(connection, name, once)
        asked = {*keys, *(one.key for one in counted.values() if one.key is not None)}
        numbers = dict(
            connection.execute(
                "SELECT key, number FROM derived_keys WHERE name = ?"
                " AND key IN (SELECT value FROM json_each(?))",
                (name, dumps(list(asked)).decode()),
            ).fetchall()
        )
        windows = connection.execute(
            f"SELECT {COLUMNS} FROM derived_windows"  # noqa: S608 - our own text
            " WHERE number IN (SELECT value FROM json_each(?))",
            (dumps(sorted(set(numbers.values()))).decode(),),
        ).fetchall()
    finally:
        connection.execute("COMMIT")
    found = {row[0]: rows.decode_window(*row) for row in windows}
    there = {key: number for key, number in numbers.items() if number in found}
    return Found(position, there, found, counted)


def _counted(connection: Connection, name: str, once: Sequence[str]) -> dict[str, Counted]:
    read = connection.execute(
        "SELECT value, at, person, filled FROM derived_once WHERE name = ?"
        " AND value IN (SELECT value FROM json_each(?))",
        (name, dumps(list(once)).decode()),
    )
    return {value: rows.decode_counted(*row) for value, *row in read.fetchall()}


def _position(connection: Connection, name: str) -> int:
    row = connection.execute(
        "SELECT position FROM derived_progress WHERE name = ?", (name,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def _due(connection: Connection, name: str, until: Millis, limit: int) -> list[Window]:
    read = connection.execute(
        f"SELECT {COLUMNS} FROM derived_windows"  # noqa: S608 - our own text
        " WHERE name = ? AND due_ms <= ? ORDER BY due_ms, number LIMIT ?",
        (name, until, limit),
    )
    return [rows.decode_window(*row) for row in read.fetchall()]


def _next_due(connection: Connection, name: str) -> Millis | None:
    (due,) = connection.execute(
        "SELECT min(due_ms) FROM derived_windows WHERE name = ? AND due_ms NOT NULL", (name,)
    ).fetchone()
    return None if due is None else Millis(due)


def _unsent(connection: Connection, name: str) -> list[Made]:
    read = connection.execute(
        "SELECT u.message_id, u.source, u.body, m.at FROM derived_unsent AS u"
        " JOIN derived_made AS m ON m.name = u.name AND m.message_id = u.message_id"
        " WHERE u.name = ? ORDER BY u.number",
        (name,),
    )
    return [
        Made(message_id, source, cast("Body", loads(body)), Millis(at))
        for message_id, source, body, at in read.fetchall()
    ]


def _shift(connection: Connection, name: str, by_ms: int, setting: tuple[str, str]) -> None:
    connection.execute(
        "UPDATE derived_windows SET due_ms = due_ms + ? WHERE name = ? AND due_ms NOT NULL",
        (by_ms, name),
    )
    write_setting(connection, *setting)


def _standing(connection: Connection, name: str) -> Standing:
    (windows,) = connection.execute(
        "SELECT count(*) FROM derived_windows WHERE name = ?", (name,)
    ).fetchone()
    waiting, next_due = connection.execute(
        "SELECT count(*), min(due_ms) FROM derived_windows WHERE name = ? AND due_ms NOT NULL",
        (name,),
    ).fetchone()
    (unsent,) = connection.execute(
        "SELECT count(*) FROM derived_unsent WHERE name = ?", (name,)
    ).fetchone()
    return Standing(_position(connection, name), windows, waiting, next_due, unsent)


def _list(
    connection: Connection, name: str, holding: str | None, limit: int
) -> list[tuple[Sequence[str], Window]]:
    read = connection.execute(
        f"SELECT {COLUMNS} FROM derived_windows AS w WHERE name = ?1 AND (?2 IS NULL OR EXISTS"  # noqa: S608 - our own text
        " (SELECT 1 FROM derived_keys AS k WHERE k.number = w.number AND instr(k.key, ?2)))"
        " ORDER BY touched_at DESC, number DESC LIMIT ?3",
        (name, holding, limit),
    ).fetchall()
    return [(_keys(connection, row[0]), rows.decode_window(*row)) for row in read]


def _keys(connection: Connection, number: int) -> list[str]:
    read = connection.execute(
        "SELECT key FROM derived_keys WHERE number = ? ORDER BY key", (number,)
    )
    return [key for (key,) in read.fetchall()]
