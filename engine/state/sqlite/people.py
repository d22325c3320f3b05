"""What is remembered of people, for a limited time.

::

    people  kind, id TEXT: the key; a browser's anonymousId or a person's userId
            seen_at INTEGER, milliseconds: the newest moment of anything in it, by which it goes
            body BLOB: JSON, [values, traits, consent, links] of engine/model/person, each an
                 object of [value, since, at] by name

Written and read by ingest, once a request. One row an id, so that a person is erased by key.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.jsonvalue import Json
from engine.model.person import Memory, PersonKey, Remembered, linked_to
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows

SCRIPTS = [
    """
    CREATE TABLE people (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        seen_at INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (kind, id)
    );
    CREATE INDEX people_by_age ON people (seen_at);
    """,
]
"""What ``migrate`` runs, one script a version."""

Rows: TypeAlias = Sequence[tuple[str, str, Millis, bytes]]
"""What one request has to remember, and the moment before which all is forgotten."""

LINKS_FOLLOWED = 4
"""From an id to its browser or user, through an alias, to the browser linked last."""

OLD_AT_ONCE = 200
"""Rows that go with a write: more than a write brings in, as a rule, so the old never pile up."""

_ROW = "'[' || json_quote(kind) || ',' || json_quote(id) || ',' || body || ']'"
# Rows whose numbers need the exact parser (codec/body) make the whole list begin as they do.
_OPENING = "CASE WHEN max(substr(body, 1, 1) = x'20') THEN ' [' ELSE '[' END"
_AMONG = (
    "SELECT p.kind, p.id, p.body FROM json_each(?) AS k CROSS JOIN people AS p"
    " ON p.kind = json_extract(k.value, '$[0]') AND p.id = json_extract(k.value, '$[1]')"
    " WHERE p.seen_at >= ?"
)


def encode_people(people: Mapping[PersonKey, Memory]) -> Rows:
    """The rows of what is remembered."""
    return [(key.kind, key.id, memory.seen_at, _encoded(memory)) for key, memory in people.items()]


def write_people(connection: Connection, batches: Sequence[tuple[Rows, Millis]]) -> list[None]:
    """Write all of these, each over what its key held, the last one of a key; some old ones go."""
    newest = {row[:2]: row for rows, _ in batches for row in rows}
    write_rows(
        connection,
        "INSERT INTO people (kind, id, seen_at, body)",
        list(newest.values()),
        "ON CONFLICT (kind, id) DO UPDATE SET seen_at = excluded.seen_at, body = excluded.body",
    )
    delete_old(connection, min(since for _, since in batches), OLD_AT_ONCE)
    return [None] * len(batches)


def delete_old(connection: Connection, before: Millis, limit: int) -> int:
    """Remove what was seen last before that moment, at most ``limit``; how many went."""
    return connection.execute(
        "DELETE FROM people WHERE rowid IN"
        " (SELECT rowid FROM people WHERE seen_at < ? ORDER BY seen_at LIMIT ?)",
        (before, limit),
    ).rowcount


def select_people(
    connection: Connection, keys: Iterable[PersonKey], since: Millis
) -> dict[PersonKey, Memory]:
    """What is remembered under these ids and those that they lead to, unless it is too old."""
    found: dict[PersonKey, Memory] = {}
    asked: set[PersonKey] = set()
    wanted = set(keys)
    for _ in range(LINKS_FOLLOWED):
        if not wanted:
            break
        asked |= wanted
        read = _read(connection, wanted, since)
        found |= read
        wanted = {other for key, memory in read.items() for other in linked_to(key, memory)} - asked
    return found


def _read(
    connection: Connection, keys: Iterable[PersonKey], since: Millis
) -> dict[PersonKey, Memory]:
    packed = read_packed(
        connection, _ROW, _AMONG, (dumps(list(map(list, keys))).decode(), since), opening=_OPENING
    )
    rows = cast("list[tuple[str, str, list[Mapping[str, _Stored]]]]", loads(packed))
    return {PersonKey(kind, id_): _memory(body) for kind, id_, body in rows}


_Stored: TypeAlias = tuple[Json, Millis, Millis]


def _encoded(memory: Memory) -> bytes:
    parts = (memory.values, memory.traits, memory.consent, memory.links)
    return dumps([{name: list(one) for name, one in part.items()} for part in parts])


def _memory(parts: Sequence[Mapping[str, _Stored]]) -> Memory:
    make = Remembered._make  # half the time of the constructor (tests.bench)
    values, traits, consent, links = (
        {name: make(stored) for name, stored in part.items()} for part in parts
    )
    return Memory(values, traits, consent, links)
