"""SQL of the groups: their floors, and what they have put off; all of it runs in a thread."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from engine.codec.body import dumps
from engine.log.interface import Trimmed
from engine.log.sqlite.events import (
    Bounds,
    Placed,
    last_position,
    select_positions,
    trim_step,
)
from engine.model.clock import Millis
from engine.sqlite.connection import Connection

FURTHEST_MS = 25 * 3_600_000
"""A vendor's wish to wait is believed up to a day (delivery/retry); nothing is put off longer."""


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group as the file has it; ``put_off_above`` are positions over the floor, put off."""

    id: int
    name: str
    floor: int
    next_due: Millis | None
    put_off_above: AbstractSet[int]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a group settles at once: its new floor, what it has finished, what it puts off."""

    group_id: int
    floor: int
    finished: Sequence[int] = ()
    put_off: Sequence[int] = ()
    due_ms: Millis | None = None


def load_groups(connection: Connection) -> list[StoredGroup]:
    """Every group of the log."""
    rows = connection.execute("SELECT id, name, floor FROM groups").fetchall()
    return [_stored(connection, *row) for row in rows]


def create_group(connection: Connection, name: str) -> StoredGroup:
    """The group of that name, made at the end of the log if there is none."""
    connection.execute(
        "INSERT OR IGNORE INTO groups (name, floor) VALUES (?, ?)",
        (name, last_position(connection)),
    )
    return load_group(connection, name)


def load_group(connection: Connection, name: str) -> StoredGroup:
    """The group of that name, which is there."""
    row = connection.execute("SELECT id, name, floor FROM groups WHERE name = ?", (name,))
    return _stored(connection, *row.fetchone())


def settle(connection: Connection, settlements: Sequence[Settlement]) -> list[None]:
    """Write all of these; floors never sink."""
    floors: dict[int, int] = {}
    for one in settlements:
        floors[one.group_id] = max(one.floor, floors.get(one.group_id, 0))
        _put_off(connection, one)
        _finish(connection, one)
    for group_id, floor in floors.items():
        connection.execute(
            "UPDATE groups SET floor = ?1 WHERE id = ?2 AND floor < ?1", (floor, group_id)
        )
    return [None] * len(settlements)


def select_due(
    connection: Connection, group_id: int, now: Millis, limit: int, out: AbstractSet[int]
) -> tuple[list[Placed], Millis | None]:
    """What is due by ``now`` and not among ``out``, and when the next after it falls due."""
    rows = connection.execute(
        "SELECT position, due_ms FROM put_off WHERE group_id = ? ORDER BY due_ms, position LIMIT ?",
        # Those handed out are still in the table; one more tells when the next falls due.
        (group_id, limit + len(out) + 1),
    ).fetchall()
    free = [(position, due) for position, due in rows if position not in out]
    due_now = [position for position, due in free[:limit] if due <= now]
    next_due = free[len(due_now)][1] if len(due_now) < len(free) else None
    return select_positions(connection, due_now), next_due


def make_due(connection: Connection, group_id: int, now: Millis, limit: int) -> int:
    """Make due what the group has put off beyond ``now``, at most ``limit``; how many it was."""
    changed = connection.execute(
        "UPDATE put_off SET due_ms = ?1 WHERE group_id = ?2 AND position IN ("
        " SELECT position FROM put_off WHERE group_id = ?2 AND due_ms > ?1"
        " ORDER BY due_ms LIMIT ?3)",
        (now, group_id, limit),
    )
    return changed.rowcount


def stored_floor(connection: Connection, name: str) -> int | None:
    """The group's floor as the file has it, None if there is no such group."""
    row = connection.execute("SELECT floor FROM groups WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else None


def stored_backlog(connection: Connection, name: str) -> int | None:
    """How far the file has the group behind the newest event, None if there is no such group."""
    floor = stored_floor(connection, name)
    return None if floor is None else last_position(connection) - floor


def finish_all(connection: Connection, group_ids: Sequence[int], floor: int) -> None:
    """These groups have finished with everything up to the floor, and put off nothing."""
    ids = dumps(list(group_ids)).decode()
    connection.execute(
        "UPDATE groups SET floor = ?1 WHERE id IN (SELECT value FROM json_each(?2)) AND floor < ?1",
        (floor, ids),
    )
    connection.execute(
        "DELETE FROM put_off WHERE group_id IN (SELECT value FROM json_each(?))", (ids,)
    )


def trim(connection: Connection, bounds: Bounds, after: int, limit: int) -> Trimmed:
    """One step of trimming: up to where every group has finished, but for what it has put off."""
    (floor,) = connection.execute("SELECT min(floor) FROM groups").fetchone()
    finished = last_position(connection) if floor is None else int(floor)
    return trim_step(connection, bounds, finished, after, limit)


def drop_group(connection: Connection, name: str, limit: int) -> bool:
    """Forget at most ``limit`` of what the group has put off, with the last of it the group.

    Whether it is gone.
    """
    gone = connection.execute(
        "DELETE FROM put_off WHERE (position, group_id) IN ("
        " SELECT position, group_id FROM put_off"
        " WHERE group_id = (SELECT id FROM groups WHERE name = ?) LIMIT ?)",
        (name, limit),
    )
    if gone.rowcount == limit:
        return False
    connection.execute("DELETE FROM groups WHERE name = ?", (name,))
    return True


def shift_due(connection: Connection, now: Millis, by_ms: int) -> None:
    """What is put off beyond ``now`` falls due earlier by so much, but not before ``now``."""
    connection.execute(
        "UPDATE put_off SET due_ms = max(?1, due_ms - ?2) WHERE due_ms > ?1", (now, by_ms)
    )


def pull_in(connection: Connection, now: Millis) -> None:
    """What falls due further ahead than anybody puts off was told by a clock that ran ahead."""
    connection.execute("UPDATE put_off SET due_ms = ?1 WHERE due_ms > ?1 + ?2", (now, FURTHEST_MS))


def _stored(connection: Connection, group_id: int, name: str, floor: int) -> StoredGroup:
    (next_due,) = connection.execute(
        "SELECT min(due_ms) FROM put_off WHERE group_id = ?", (group_id,)
    ).fetchone()
    above = connection.execute(
        "SELECT position FROM put_off WHERE position > ? AND group_id = ?", (floor, group_id)
    )
    return StoredGroup(group_id, name, floor, next_due, {row[0] for row in above})


def _put_off(connection: Connection, one: Settlement) -> None:
    if one.put_off:
        connection.execute(
            "INSERT OR REPLACE INTO put_off (group_id, position, due_ms)"
            " SELECT ?, position, ? FROM events"
            " WHERE position IN (SELECT value FROM json_each(?))",
            (one.group_id, one.due_ms, dumps(list(one.put_off)).decode()),
        )


def _finish(connection: Connection, one: Settlement) -> None:
    if one.finished:
        connection.execute(
            "DELETE FROM put_off WHERE group_id = ?"
            " AND position IN (SELECT value FROM json_each(?))",
            (one.group_id, dumps(list(one.finished)).decode()),
        )
