"""Replays, and their deliveries that are not settled.

::

    replays  number INTEGER, counts up and is never given twice
             destination, event, state, reason TEXT
             after, until, reached INTEGER: positions of the log
             asked_at, since, before INTEGER, milliseconds; again INTEGER, 0 or 1
             rate_per_s REAL; events and the counts of deliveries (model/replay.py) INTEGER

Written by who asks, by who runs them, and by who retries their dead letters; a replay's deliveries
stand with all others.
"""

from dataclasses import astuple, fields
from typing import Any

from engine.model.clock import Millis
from engine.model.delivery import Delivery
from engine.model.replay import Replay, ReplayState
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed
from engine.state.sqlite.delivery_rows import WITH_PAYLOAD, deliveries_of

SCRIPTS = [
    """
    CREATE TABLE replays (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        destination TEXT NOT NULL,
        after INTEGER NOT NULL,
        until INTEGER NOT NULL,
        asked_at INTEGER NOT NULL,
        since INTEGER,
        before INTEGER,
        event TEXT,
        again INTEGER NOT NULL,
        rate_per_s REAL,
        reached INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        events INTEGER NOT NULL,
        deliveries INTEGER NOT NULL,
        skipped INTEGER NOT NULL,
        too_old INTEGER NOT NULL,
        left_out INTEGER NOT NULL,
        dead INTEGER NOT NULL
    );
    CREATE INDEX deliveries_of_replays ON deliveries (replay, next_at)
        WHERE replay > 0
        AND (state = 'waiting' OR state = 'retrying' OR state = 'paused');
    """,
    """
    ALTER TABLE replays RENAME COLUMN deliveries TO to_send;
    ALTER TABLE replays ADD COLUMN on_their_way INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE replays ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE replays ADD COLUMN no_rule INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE replays ADD COLUMN no_consent INTEGER NOT NULL DEFAULT 0;
    """,
]
"""What ``migrate`` runs, one script a version."""

_NAMES = [one.name for one in fields(Replay)]
_OPEN = "replay > 0 AND (state = 'waiting' OR state = 'retrying' OR state = 'paused')"


def insert_replay(connection: Connection, replay: Replay) -> Replay:
    """Keep a new replay; gives it with its number."""
    names = [name for name in _NAMES if name != "number"]
    done = connection.execute(
        f"INSERT INTO replays ({', '.join(names)})"  # noqa: S608 - our own text alone
        f" VALUES ({', '.join('?' * len(names))})",
        [_value(getattr(replay, name)) for name in names],
    )
    found = select_replay(connection, int(done.lastrowid or 0))
    assert found is not None
    return found


def update_replay(connection: Connection, replay: Replay) -> None:
    """Write over the replay of that number; one that was stopped stays so."""
    sets = ", ".join(f"{name} = ?" for name in _NAMES)
    connection.execute(
        f"UPDATE replays SET {sets} WHERE number = ?"  # noqa: S608 - our own text alone
        f" AND (state = '{ReplayState.RUNNING}' OR state = ?)",
        [*map(_value, astuple(replay)), replay.number, str(replay.state)],
    )


def reopen_replay(connection: Connection, number: int) -> None:
    """Have the replay of that number run once more, without reading further than it came."""
    connection.execute(
        f"UPDATE replays SET state = '{ReplayState.RUNNING}', until = reached"  # noqa: S608 - our own text alone
        f" WHERE number = ? AND state != '{ReplayState.RUNNING}'",
        (number,),
    )


def select_replay(connection: Connection, number: int) -> Replay | None:
    """The replay of that number, None if there is none."""
    found = [one for one in select_replays(connection) if one.number == number]
    return found[0] if found else None


def select_replays(connection: Connection) -> list[Replay]:
    """Every replay, the newest last."""
    rows = connection.execute(
        f"SELECT {', '.join(_NAMES)} FROM replays ORDER BY number"  # noqa: S608 - our own text alone
    )
    return [_replay(dict(zip(_NAMES, row, strict=True))) for row in rows.fetchall()]


def select_open(
    connection: Connection, number: int, due_by: Millis | None, limit: int
) -> list[Delivery]:
    """Unsettled deliveries of a replay, those due first; of any moment where it is None."""
    due = "" if due_by is None else " AND coalesce(next_at, 0) <= ?"
    query = (
        f"SELECT * FROM deliveries WHERE {_OPEN} AND replay = ?{due}"  # noqa: S608 - our own text alone
        " ORDER BY next_at, position LIMIT ?"
    )
    parameters = (number, limit) if due_by is None else (number, due_by, limit)
    return deliveries_of(read_packed(connection, WITH_PAYLOAD, query, parameters))


def count_open(connection: Connection, number: int) -> int:
    """How many unsettled deliveries a replay has."""
    query = f"SELECT count(*) FROM deliveries WHERE {_OPEN} AND replay = ?"  # noqa: S608 - our own text alone
    (count,) = connection.execute(query, (number,)).fetchone()
    return int(count)


def _value(value: object) -> object:
    return str(value) if isinstance(value, ReplayState) else value


def _replay(row: dict[str, Any]) -> Replay:
    return Replay(**{**row, "again": bool(row["again"]), "state": ReplayState(row["state"])})
