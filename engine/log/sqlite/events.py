"""SQL of the events and of the marks of seen ids; all of it runs in a thread."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.log.interface import Entry, Trimmed
from engine.model.clock import Millis
from engine.model.event import UNREADABLE, Event
from engine.model.jsonvalue import Body
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows

Id: TypeAlias = tuple[str, str]
"""(source, message_id)"""

EventRow: TypeAlias = tuple[str, str, str, str, int, int, bytes]
"""The columns of ``events`` after the position."""


class Placed(NamedTuple):
    """An event, its position, and how long its body is as JSON."""

    position: int
    event: Event
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be trimmed: received before that moment; ``horizon`` is the latest believed."""

    received_before: Millis
    horizon: Millis


_Where: TypeAlias = tuple[int, int]
_Columns: TypeAlias = tuple[str, str, str, str, Millis, Millis]
_Packed: TypeAlias = Iterable[tuple[_Where, _Columns, Body]]

# As many rows as are decoded in about a millisecond, the time that other tasks then wait.
CHUNK = 200

_ROW = (
    "'[[' || position || ',' || length(body) || '],'"
    " || json_array(source, message_id, type, name, timestamp, received_at) || ',' || body || ']'"
)
# Rows whose numbers need the exact parser (codec/body) make the whole chunk begin as they do.
_OPENING = "CASE WHEN max(substr(body, 1, 1) = x'20') THEN ' [' ELSE '[' END"


def encode_event(event: Event) -> EventRow:
    """The event as a row."""
    return (
        event.source,
        event.message_id,
        event.type,
        event.name,
        event.timestamp,
        event.received_at,
        dumps(event.body),
    )


def append_batches(
    connection: Connection, batches: Sequence[Sequence[EventRow]], now: Millis, window_ms: int
) -> list[list[int | None]]:
    """Write the events whose ids were not seen in the window, and their marks.

    For each batch, the position of each of its events; None for one that was seen.
    """
    position = last_position(connection)
    known = marked(connection, [row[:2] for batch in batches for row in batch], now - window_ms)
    fresh: list[tuple[object, ...]] = []
    positions: list[list[int | None]] = []
    for batch in batches:
        given: list[int | None] = []
        for row in batch:
            if row[:2] in known:
                given.append(None)
                continue
            known.add(row[:2])
            position += 1
            fresh.append((position, *row))
            given.append(position)
        positions.append(given)
    write_rows(connection, "INSERT INTO events", fresh)
    marks = [(row[1], row[2], now, row[0]) for row in fresh]
    write_rows(connection, "INSERT OR REPLACE INTO seen", marks)
    return positions


def last_position(connection: Connection) -> int:
    """The newest position ever given, 0 if none was."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(row[0]) if row else 0


def marked(connection: Connection, ids: Sequence[Id], cutoff: int) -> set[Id]:
    """Those of ``ids`` that were appended after ``cutoff``."""
    packed = read_packed(
        connection,
        "json_array(source, message_id)",
        "SELECT seen.source, seen.message_id FROM json_each(?) AS id CROSS JOIN seen"
        " ON seen.source = json_extract(id.value, '$[0]')"
        " AND seen.message_id = json_extract(id.value, '$[1]') WHERE seen.seen_at > ?",
        (dumps(list(ids)).decode(), cutoff),
    )
    return {(source, message_id) for source, message_id in cast("list[Id]", loads(packed))}


def select_first(connection: Connection, ids: Sequence[Id], cutoff: int) -> list[Entry | None]:
    """The event that each of ``ids`` was appended with after ``cutoff``, as far as it is kept."""
    found: dict[Id, Entry] = {}
    for start in range(0, len(ids), CHUNK):
        part = _select(
            connection,
            "SELECT events.* FROM json_each(?) AS id CROSS JOIN seen"
            " ON seen.source = json_extract(id.value, '$[0]')"
            " AND seen.message_id = json_extract(id.value, '$[1]')"
            " CROSS JOIN events ON events.position = seen.position"
            # A mark that was saved out of a damaged file may lead to another event.
            " AND events.source = seen.source AND events.message_id = seen.message_id"
            " WHERE seen.seen_at > ?",
            (dumps(list(ids[start : start + CHUNK])).decode(), cutoff),
        )
        for position, event, _ in part:
            found[event.source, event.message_id] = Entry(position, event)
    return [found.get(one) for one in ids]


def sweep_marks(connection: Connection, hand: Id, steps: int, cutoff: int) -> Id:
    """Remove old marks among the next ``steps`` after ``hand``; where the hand stands now.

    Like a clock's hand it goes round the whole table, in the order of the key, and needs no
    further index.
    """
    end = connection.execute(
        "SELECT source, message_id FROM seen WHERE (source, message_id) > (?, ?)"
        " ORDER BY source, message_id LIMIT 1 OFFSET ?",
        (*hand, steps),
    ).fetchone()
    remove = "DELETE FROM seen WHERE (source, message_id) > (?, ?) AND seen_at <= ?"
    if end is None:
        connection.execute(remove, (*hand, cutoff))
        return ("", "")
    connection.execute(f"{remove} AND (source, message_id) <= (?, ?)", (*hand, cutoff, *end))
    return (end[0], end[1])


def select_range(connection: Connection, after: int, until: int, limit: int) -> list[Placed]:
    """Events with ``after < position <= until``, in order, at most ``limit``."""
    found: list[Placed] = []
    while len(found) < limit:
        wanted = min(CHUNK, limit - len(found))
        part = _select(
            connection,
            "SELECT * FROM events WHERE position > ? AND position <= ? ORDER BY position LIMIT ?",
            (after, until, wanted),
        )
        found += part
        if len(part) < wanted:
            break
        after = part[-1].position
    return found


def select_positions(connection: Connection, positions: Sequence[int]) -> list[Placed]:
    """The events at ``positions`` that are still in the log, in order."""
    found: list[Placed] = []
    for start in range(0, len(positions), CHUNK):
        found += _select(
            connection,
            "SELECT * FROM events WHERE position IN (SELECT value FROM json_each(?))"
            " ORDER BY position",
            (dumps(list(positions[start : start + CHUNK])).decode(),),
        )
    return found


def entries_in_range(connection: Connection, after: int, until: int, limit: int) -> list[Entry]:
    """The same as ``select_range``, as entries."""
    found = select_range(connection, after, until, limit)
    return [Entry(position, event) for position, event, _ in found]


def entries_at(connection: Connection, positions: Sequence[int]) -> list[Entry]:
    """The same as ``select_positions``, as entries."""
    return [
        Entry(position, event) for position, event, _ in select_positions(connection, positions)
    ]


def trim_step(
    connection: Connection, bounds: Bounds, finished: int, after: int, limit: int
) -> Trimmed:
    """Drop what is old among the next ``limit`` events behind ``after``, up to ``finished``.

    An event from far in the future came while the clock ran ahead; it ends no search.
    """
    until, young = connection.execute(
        "SELECT max(position), sum(received_at BETWEEN ?1 AND ?2) FROM ("
        " SELECT position, received_at FROM events WHERE position > ?3 AND position <= ?4"
        " ORDER BY position LIMIT ?5)",
        (bounds.received_before, bounds.horizon, after, finished, limit),
    ).fetchone()
    if until is None:
        return Trimmed(0, None)
    gone = connection.execute(
        "DELETE FROM events WHERE position > ? AND position <= ? AND received_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM put_off WHERE put_off.position = events.position)",
        (after, until, bounds.received_before),
    ).rowcount
    return Trimmed(gone, None if young and not gone else until)


def _select(connection: Connection, query: str, parameters: Sequence[object]) -> list[Placed]:
    packed = read_packed(connection, _ROW, query, parameters, opening=_OPENING)
    try:
        rows = cast("_Packed", loads(packed))
    except ValueError:
        return [_alone(*row) for row in connection.execute(query, parameters).fetchall()]
    return [
        Placed(position, Event(*columns, body), size) for (position, size), columns, body in rows
    ]


def _alone(  # noqa: PLR0913 - the columns of a row
    position: int,
    source: str,
    message_id: str,
    type_: str,
    name: str,
    timestamp: Millis,
    received_at: Millis,
    body: bytes,
) -> Placed:
    """One row of a chunk in which one can't be read: that one alone comes as ``UNREADABLE``."""
    try:
        event = Event(
            source, message_id, type_, name, timestamp, received_at, cast("Body", loads(body))
        )
    except ValueError:
        told: Body = {"type": UNREADABLE, "messageId": message_id}
        event = Event(source, message_id, UNREADABLE, "", timestamp, received_at, told)
    return Placed(position, event, len(body))
