"""Windows of derived events: how rows are written, in the writer's thread (layout: ``windows``)."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.jsonvalue import Json, as_body
from engine.model.window import Change, Counted, Made, Window
from engine.sqlite.connection import Connection
from engine.sqlite.rows import write_rows

WHOLE = (("derived_windows", "number"), ("derived_keys", "key"), ("derived_once", "value"))
"""What makes up the figures of a name, each table with the rest of its key."""


def write_change(connection: Connection, name: str, change: Change) -> list[Made]:
    """Write it all; those of its events that were not made before."""
    numbers = _write_windows(connection, name, change.windows)
    for old, new in change.moved.items():
        connection.execute(
            "UPDATE derived_keys SET number = ? WHERE number = ?", (numbers.get(new, new), old)
        )
    _write_keys(connection, name, change.keys, numbers)
    if change.removed:
        connection.execute(
            "DELETE FROM derived_windows WHERE number IN (SELECT value FROM json_each(?))",
            (dumps(list(change.removed)).decode(),),
        )
    write_rows(
        connection,
        "INSERT INTO derived_once (name, value, at, person, filled)",
        [(name, value, *_counted(one)) for value, one in change.once.items()],
        "ON CONFLICT (name, value) DO NOTHING",
    )
    if change.position is not None:
        connection.execute(
            "INSERT OR REPLACE INTO derived_progress (name, position) VALUES (?, ?)",
            (name, change.position),
        )
    return _write_made(connection, name, change.made) if change.made else []


def _write_windows(
    connection: Connection, name: str, windows: Sequence[Window]
) -> Mapping[int, int]:
    """Write all in few steps (engine/sqlite/rows); the numbers that new windows got."""
    numbers: dict[int, int] = {}
    new = [one.number for one in windows if one.number < 0]
    if new:
        row = connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'derived_windows'"
        ).fetchone()
        last = 0 if row is None else int(row[0])
        numbers = {number: last + at for at, number in enumerate(new, 1)}
    write_rows(
        connection,
        "INSERT INTO derived_windows (number, name, due_ms, touched_at, body)",
        [
            (numbers.get(one.number, one.number), name, one.due, one.touched_at, _encoded(one))
            for one in windows
        ],
        "ON CONFLICT (number) DO UPDATE SET due_ms = excluded.due_ms,"
        " touched_at = excluded.touched_at, body = excluded.body",
    )
    return numbers


def _write_keys(
    connection: Connection, name: str, keys: Mapping[str, int | None], numbers: Mapping[int, int]
) -> None:
    there = {key: numbers.get(at, at) for key, at in keys.items() if at is not None}
    # The number of a window that isn't written would lead to the next one that has it.
    rows = [(name, key, number) for key, number in there.items() if number > 0]
    write_rows(
        connection,
        "INSERT INTO derived_keys (name, key, number)",
        rows,
        "ON CONFLICT (name, key) DO UPDATE SET number = excluded.number",
    )
    if gone := [key for key, at in keys.items() if at is None]:
        connection.execute(
            "DELETE FROM derived_keys WHERE name = ? AND key IN (SELECT value FROM json_each(?))",
            (name, dumps(cast("Json", gone)).decode()),
        )


def _write_made(connection: Connection, name: str, made: Sequence[Made]) -> list[Made]:
    """Those that were never made before; they wait for the log now."""
    ids = dumps([one.message_id for one in made]).decode()
    rows = connection.execute(
        "SELECT message_id FROM derived_made WHERE name = ?"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (name, ids),
    )
    known = {message_id for (message_id,) in rows.fetchall()}
    fresh: dict[str, Made] = {}
    for one in made:
        if one.message_id not in known:
            fresh.setdefault(one.message_id, one)
    new = list(fresh.values())
    write_rows(
        connection,
        "INSERT INTO derived_made (name, message_id, at)",
        [(name, one.message_id, one.at) for one in new],
    )
    write_rows(
        connection,
        "INSERT INTO derived_unsent (name, message_id, source, body)",
        [(name, one.message_id, one.source, dumps(dict(one.body))) for one in new],
    )
    return new


def delete_unsent(connection: Connection, name: str, ids: Sequence[str]) -> None:
    """These are in the log, or never will be."""
    connection.execute(
        "DELETE FROM derived_unsent WHERE name = ?"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (name, dumps(list(ids)).decode()),
    )


def delete_some(connection: Connection, name: str, limit: int) -> int:
    """Forget windows of a name, and what was counted, at most so many rows; how many went."""
    gone = 0
    for table, key in WHOLE:
        gone += connection.execute(
            f"DELETE FROM {table} WHERE name = ?1 AND {key} IN"  # noqa: S608 - our own text
            f" (SELECT {key} FROM {table} WHERE name = ?1 LIMIT ?2)",
            (name, limit - gone),
        ).rowcount
        if gone >= limit:
            break
    return gone


def delete_old(connection: Connection, name: str, windows: Millis, ids: Millis, limit: int) -> int:
    """Remove what waits for nothing and is older; of each at most ``limit``."""
    old = connection.execute(
        "SELECT number FROM derived_windows WHERE name = ? AND touched_at < ? AND due_ms IS NULL"
        " ORDER BY touched_at LIMIT ?",
        (name, windows, limit),
    ).fetchall()
    numbers = dumps([number for (number,) in old]).decode()
    for table in ("derived_keys", "derived_windows"):
        connection.execute(
            f"DELETE FROM {table} WHERE number IN (SELECT value FROM json_each(?))",  # noqa: S608 - our own text
            (numbers,),
        )
    gone = len(old)
    for table, key in (("derived_once", "value"), ("derived_made", "message_id")):
        gone += connection.execute(
            f"DELETE FROM {table} WHERE name = ?1 AND {key} IN"  # noqa: S608 - our own text
            f" (SELECT {key} FROM {table} WHERE name = ?1 AND at < ?2 ORDER BY at LIMIT ?3)",
            (name, ids, limit),
        ).rowcount
    return gone


def _encoded(window: Window) -> bytes:
    cause = None if window.cause is None else [*window.cause[:6], dict(window.cause.body)]
    users = list(window.users)
    return dumps(cast("Json", [dict(window.figures), cause, window.closed_at, users]))


def decode_window(number: int, due: int | None, touched_at: int, body: bytes) -> Window:
    """A row as a window."""
    figures, cause, closed_at, *users = cast("list[Any]", loads(body))
    return Window(
        number,
        figures,
        None if cause is None else Event(*cause),
        None if due is None else Millis(due),
        closed_at,
        Millis(touched_at),
        tuple(users[0]) if users else (),
    )


def _counted(one: Counted) -> tuple[int, str | None, bytes | None]:
    return one.at, one.key, dumps(dict(one.filled)) if one.filled else None


def decode_counted(at: int, person: str | None, filled: bytes | None) -> Counted:
    """A row as what was counted."""
    return Counted(Millis(at), person, {} if filled is None else as_body(loads(filled)))
