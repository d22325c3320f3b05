"""What became of each event at each destination.

::

    deliveries       position, destination, rule, part, replay: the key, in the log's order
                     message_id, event, state, reason, release, digest, dedupe_key TEXT
                     attempts INTEGER
                     at, due_at, next_at, window_ms, event_at INTEGER, milliseconds
                     payload BLOB: JSON that the first attempt fixed, NULL once settled
                     request, match_keys: see ``attempts.py`` and ``match_keys.py``
    delivery_counts  destination, state: the key; count INTEGER
                     changed with each delivery, so that nobody ever counts millions of rows

Written by whoever settles a delivery; read by consumers after a restart and by those who look.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey, State
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows
from engine.state.interface import DeliveryFilter
from engine.state.sqlite import attempts, match_keys, outbox
from engine.state.sqlite.delivery_rows import (
    COLUMNS,
    FACTS,
    KEY,
    MORE,
    WITH_PAYLOAD,
    WITHOUT_PAYLOAD,
    deliveries_of,
    parts_of,
    row_of,
)
from engine.state.sqlite.words import part_or_glob

SCRIPTS = [
    """
    CREATE TABLE deliveries (
        position INTEGER NOT NULL,
        destination TEXT NOT NULL,
        rule TEXT NOT NULL,
        part INTEGER NOT NULL,
        message_id TEXT NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        release TEXT NOT NULL,
        next_at INTEGER,
        digest TEXT,
        dedupe_key TEXT,
        payload BLOB,
        window_ms INTEGER,
        event_at INTEGER NOT NULL,
        PRIMARY KEY (position, destination, rule, part)
    ) WITHOUT ROWID;
    CREATE INDEX deliveries_by_message ON deliveries (message_id);
    -- Most deliveries succeed and never enter it; it is in the order of the key.
    CREATE INDEX deliveries_to_watch ON deliveries (state)
        WHERE state = 'waiting' OR state = 'retrying' OR state = 'paused' OR state = 'dead';
    CREATE TABLE delivery_counts (
        destination TEXT NOT NULL,
        state TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (destination, state)
    ) WITHOUT ROWID;
    """,
    match_keys.SCRIPT,
    """
    CREATE TABLE deliveries_with_replay (
        position INTEGER NOT NULL,
        destination TEXT NOT NULL,
        rule TEXT NOT NULL,
        part INTEGER NOT NULL,
        replay INTEGER NOT NULL DEFAULT 0,
        message_id TEXT NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        release TEXT NOT NULL,
        next_at INTEGER,
        digest TEXT,
        dedupe_key TEXT,
        payload BLOB,
        window_ms INTEGER,
        event_at INTEGER NOT NULL,
        match_keys INTEGER,
        PRIMARY KEY (position, destination, rule, part, replay)
    ) WITHOUT ROWID;
    INSERT INTO deliveries_with_replay
        SELECT position, destination, rule, part, 0, message_id, event, state, reason, attempts,
            at, due_at, release, next_at, digest, dedupe_key, payload, window_ms, event_at,
            match_keys
        FROM deliveries;
    DROP TABLE deliveries;
    ALTER TABLE deliveries_with_replay RENAME TO deliveries;
    CREATE INDEX deliveries_by_message ON deliveries (message_id);
    -- Most deliveries succeed and never enter it; it is in the order of the key.
    CREATE INDEX deliveries_to_watch ON deliveries (state)
        WHERE state = 'waiting' OR state = 'retrying' OR state = 'paused' OR state = 'dead';
    """,
    attempts.DELIVERIES_SCRIPT,
]
"""What ``migrate`` runs, one script a version."""

_OVERWRITE = f"ON CONFLICT ({KEY}) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in f"{FACTS}, {MORE}".split(", ")
)
_OVERWRITE += ", request = excluded.request"
# Only the decision knows them; what is recorded of an attempt leaves them as they are.
_OVERWRITE += ", match_keys = coalesce(excluded.match_keys, match_keys)"
# Whether a recorded delivery is the one whose key stands in a JSON list (see _keys).
_SAMEKEY = " AND ".join(
    f"d.{name} = json_extract(k.value, '$[{place}]')" for place, name in enumerate(KEY.split(", "))
)


_Key: TypeAlias = tuple[int, str, str, int, int]


def write_deliveries(connection: Connection, batches: Sequence[Sequence[Delivery]]) -> list[None]:
    """Write all of these, each over what its key held; the last one of a key counts."""
    newest = {delivery.key: delivery for batch in batches for delivery in batch}
    if newest:
        outbox.note_settled(connection, newest.values())
        changes = _states_now(connection, list(newest))
        sets = {one.match_keys for one in newest.values() if one.match_keys is not None}
        ids = match_keys.set_ids(connection, sets)
        requests = attempts.write_attempts(connection, newest.values())
        write_rows(
            connection,
            f"INSERT INTO deliveries ({COLUMNS}, request, match_keys)",
            [
                (
                    *row_of(one),
                    requests.get(one.key),
                    None if one.match_keys is None else ids[one.match_keys],
                )
                for one in newest.values()
            ],
            _OVERWRITE,
        )
        for key, delivery in newest.items():
            changes[key.destination, delivery.state.value] += 1
        _count(connection, changes)
    return [None] * len(batches)


def delete_deliveries(connection: Connection, keys: Sequence[DeliveryKey]) -> None:
    """Remove the deliveries of these keys, and their counts."""
    once = list(dict.fromkeys(keys))
    attempts.move_own(connection, once)
    _count(connection, _states_now(connection, once))
    connection.execute(
        f"DELETE FROM deliveries WHERE ({KEY}) IN ("  # noqa: S608 - our own text alone
        f"SELECT {', '.join(f'd.{name}' for name in KEY.split(', '))}"
        f" FROM json_each(?) AS k CROSS JOIN deliveries AS d ON {_SAMEKEY})",
        (_keys(once),),
    )


def delete_old(connection: Connection, before: Millis, limit: int) -> int:
    """Remove settled deliveries, attempts and requests of before that moment; how many went.

    Of deliveries at most ``limit``, looked for among the first in the log's order.
    """
    old = read_packed(
        connection,
        f"json_array({KEY})",
        f"SELECT {KEY} FROM (SELECT * FROM deliveries ORDER BY {KEY} LIMIT ?)"  # noqa: S608 - our own text alone
        " WHERE at < ? AND state NOT IN (SELECT value FROM json_each(?))",
        (limit, before, dumps(sorted(UNSETTLED)).decode()),
    )
    keys = [DeliveryKey(*parts) for parts in cast("list[_Key]", loads(old))]
    if keys:
        delete_deliveries(connection, keys)
    return len(keys) + attempts.delete_old_attempts(connection, before, limit)


def select_at(connection: Connection, destination: str, positions: Sequence[int]) -> list[Delivery]:
    """Every delivery of these positions at one destination, with payloads, in order."""
    query = (
        "SELECT * FROM deliveries WHERE destination = ?"  # noqa: S608 - our own text alone
        f" AND position IN (SELECT value FROM json_each(?)) ORDER BY {KEY}"
    )
    packed = read_packed(
        connection, WITH_PAYLOAD, query, (destination, dumps(list(positions)).decode())
    )
    return deliveries_of(packed)


def select_filtered(
    connection: Connection, which: DeliveryFilter, limit: int, after: DeliveryKey | None
) -> list[Delivery]:
    """The first ``limit`` after that key, or the last ``limit`` of all; in order, no payloads."""
    conditions, parameters = conditions_of(which)
    if after is not None:
        conditions.append(f"({KEY}) > (?, ?, ?, ?, ?)")
        parameters += parts_of(after)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    order = ", ".join(f"{name} DESC" for name in KEY.split(", ")) if after is None else KEY
    found = deliveries_of(
        read_packed(
            connection,
            WITHOUT_PAYLOAD,
            f"SELECT * FROM deliveries {where} ORDER BY {order} LIMIT ?",  # noqa: S608 - our own text alone
            (*parameters, limit),
        )
    )
    return found[::-1] if after is None else found


def select_counts(connection: Connection) -> Mapping[str, Mapping[State, int]]:
    """``counts[destination][state]``, without those that are none."""
    counts: dict[str, dict[State, int]] = {}
    rows = connection.execute("SELECT destination, state, count FROM delivery_counts")
    for destination, state, count in rows.fetchall():
        if count:
            counts.setdefault(destination, {})[State(state)] = count
    return counts


def _states_now(connection: Connection, keys: Sequence[DeliveryKey]) -> Counter[tuple[str, str]]:
    """How many of these are recorded in which state, as what leaves it: below zero."""
    packed = read_packed(
        connection,
        "json_array(destination, state, count)",
        "SELECT d.destination, d.state, count(*) AS count"  # noqa: S608 - our own text alone
        f" FROM json_each(?) AS k CROSS JOIN deliveries AS d ON {_SAMEKEY}"
        " GROUP BY d.destination, d.state",
        (_keys(keys),),
    )
    rows = cast("list[tuple[str, str, int]]", loads(packed))
    return Counter({(destination, state): -count for destination, state, count in rows})


def _keys(keys: Iterable[DeliveryKey]) -> str:
    return dumps([parts_of(key) for key in keys]).decode()


def _count(connection: Connection, changes: Mapping[tuple[str, str], int]) -> None:
    write_rows(
        connection,
        "INSERT INTO delivery_counts",
        [(*where, change) for where, change in changes.items() if change],
        "ON CONFLICT (destination, state) DO UPDATE SET count = count + excluded.count",
    )


def conditions_of(which: DeliveryFilter) -> tuple[list[str], list[object]]:
    """The SQL of a filter, to be joined by AND, and its parameters."""
    conditions: list[str] = []
    parameters: list[object] = []
    for name, text in (
        ("destination", which.destination),
        ("rule", which.rule),
        ("event", which.event),
    ):
        if text:
            conditions.append(f"{name} GLOB ?" if set(text) & set("*?[") else f"{name} = ?")
            parameters.append(text)
    if which.reason:
        conditions.append(part_or_glob("reason", which.reason))
        parameters.append(which.reason)
    if which.message_id:
        conditions.append("message_id = ?")
        parameters.append(which.message_id)
    if which.state is not None:
        # Written out, not a parameter: SQLite then knows that the partial index has them all.
        conditions.append(f"state = '{which.state.value}'")
    if which.since is not None:
        conditions.append("at >= ?")
        parameters.append(which.since)
    if which.until is not None:
        conditions.append("at < ?")
        parameters.append(which.until)
    if which.replay is not None:
        conditions.append("replay = ?")
        parameters.append(which.replay)
    return conditions, parameters
