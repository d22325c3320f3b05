"""``doctor --repair``: a damaged log, state or store, saved row by row into fresh files.

The damaged file stays, under another name. Rather repeated than lost: a destination whose place in
the log is lost begins at the log's first event, and what it had put off there is handed out again;
what its records show as sent is not sent twice. What the store counts is made anew from its
documents.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from engine.log.open import open_log
from engine.model.clock import Millis, to_iso
from engine.model.errors import StorageError
from engine.server.kept import Kept
from engine.server.sense import makes_sense
from engine.sqlite.connection import Connection
from engine.sqlite.database import Databases
from engine.sqlite.mend import readable_copy
from engine.sqlite.salvage import change, counters_of, salvage
from engine.sqlite.trees import Saved
from engine.state.open import open_state
from engine.store.open import open_store
from engine.store.sqlite.recount import count_anew

EVERYWHERE = (0, 2**62)
LOST = "its event was lost with a damaged page"
SIDE_FILES = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Repaired:
    """One file after its repair: where the damaged one is, and what was saved of each table."""

    path: Path
    kept_as: Path
    tables: Sequence[Saved]


async def repair(kept: Kept, path: Path, now: Millis) -> Repaired:
    """Save what can be read of the file, and put a sound one in its place.

    The folder is held, and not served. Nothing of the old file is removed, and until the end
    nothing of it is changed. Raises ``StorageError`` where nothing can be read, or where there is
    no room for two more files.
    """
    fresh = path.with_name(f"{path.name}.repairing")
    copy = path.with_name(f"{path.name}.reading")
    try:
        for one in (copy, fresh):
            _remove(one)
        await _make_tables(kept, path, fresh)
        tables, counters = await trio.to_thread.run_sync(_save, kept, path, copy, fresh)
        finish = partial(
            _finish, tables=tables, counters=counters, names=kept.destinations, now=now
        )
        await trio.to_thread.run_sync(change, fresh, finish)
        await trio.to_thread.run_sync(_remove, copy)
        kept_as = await trio.to_thread.run_sync(_swap, path, fresh, now)
    finally:
        for one in (copy, fresh):
            _remove(one)
    return Repaired(path, kept_as, tables)


def _save(kept: Kept, path: Path, copy: Path, fresh: Path) -> tuple[list[Saved], dict[str, int]]:
    """The rows that can be read go into ``fresh``; how many, and the newest numbers given."""
    tables = salvage(readable_copy(path, copy, fresh), fresh, makes_sense)
    if not any(one.rows for one in tables):
        anew = filling(kept) if kept.is_store(path) else "move the file away to begin anew"
        raise StorageError(
            f"{path}: no row of it can be read, so nothing can be saved;"
            f" put back a backup, or {anew}"
        )
    return tables, counters_of(copy)


def filling(kept: Kept) -> str:
    """How a store is filled from the log, as far as that still holds its events."""
    return (
        "move the file away, with its -wal if there is one, serve, and fill a new one with what the"
        " log still holds:"
        f" `encamina replay --destination {kept.filler} --again`"
    )


async def _make_tables(kept: Kept, path: Path, fresh: Path) -> None:
    """The fresh file with the empty tables of whatever is kept in ``path``."""
    url = f"sqlite:{fresh.name}"
    async with Databases(path.parent) as files:
        if kept.holds(path, kept.log):
            await open_log(url, files)
        if kept.holds(path, kept.state):
            await open_state(url, files)
        if kept.holds(path, kept.store):
            await open_store(url, files)


def _finish(
    connection: Connection,
    tables: Sequence[Saved],
    counters: Mapping[str, int],
    names: Sequence[str],
    now: Millis,
) -> None:
    """Make what was saved agree with itself again."""
    saved = {one.table: one for one in tables}
    for name, newest in counters.items():
        _count_on(connection, name, newest)
    if "events" in saved:
        _restore_groups(connection, saved, names)
        _restore_put_off(connection, saved["put_off"], now)
        _restore_marks(connection, saved["seen"])
    if "deliveries" in saved:
        (replay,) = connection.execute("SELECT coalesce(max(replay), 0) FROM deliveries").fetchone()
        if replay:
            _count_on(connection, "replays", replay)
        _end_lost(connection, saved)
        connection.execute("DELETE FROM delivery_counts")
        connection.execute(
            "INSERT INTO delivery_counts (destination, state, count)"
            " SELECT destination, state, count(*) FROM deliveries GROUP BY destination, state"
        )
        _put_off_unsettled(connection, saved, now)
    if "documents" in saved:
        count_anew(connection)


def _count_on(connection: Connection, name: str, newest: int) -> None:
    """No number is given twice, also where the newest rows are lost."""
    changed = connection.execute(
        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (newest, name)
    )
    if changed.rowcount == 0 and _has(connection, name):
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, newest))


def _restore_groups(
    connection: Connection, saved: Mapping[str, Saved], names: Sequence[str]
) -> None:
    """Groups that were lost begin at the first event; positions go on behind all that is known."""
    if not saved["groups"].whole:
        for name in [*names, *_destinations(connection)]:
            connection.execute("INSERT OR IGNORE INTO groups (name, floor) VALUES (?, 0)", (name,))
        connection.execute("DELETE FROM put_off WHERE group_id NOT IN (SELECT id FROM groups)")
    # A position that was given before would find the deliveries of another event.
    asked = ["max(floor) FROM groups", "max(position) FROM events", "max(position) FROM put_off"]
    asked += ["max(position) FROM deliveries"] if _has(connection, "deliveries") else []
    known = [connection.execute(f"SELECT {one}").fetchone()[0] or 0 for one in asked]
    if furthest := max(known):
        _count_on(connection, "events", furthest)


def _destinations(connection: Connection) -> list[str]:
    if not _has(connection, "deliveries"):
        return []
    rows = connection.execute("SELECT DISTINCT destination FROM deliveries").fetchall()
    return [row[0] for row in rows]


def _restore_put_off(connection: Connection, put_off: Saved, now: Millis) -> None:
    """What may have been put off in a lost range is handed out again, to every group."""
    for after, until in [EVERYWHERE] if put_off.cut else put_off.lost:
        connection.execute(
            "INSERT OR IGNORE INTO put_off (group_id, position, due_ms)"
            " SELECT groups.id, events.position, ? FROM groups JOIN events"
            " ON events.position > ? AND events.position <= ? AND events.position <= groups.floor",
            (now, after, until),
        )


def _end_lost(connection: Connection, saved: Mapping[str, Saved]) -> None:
    """A delivery that is still to be tried, of an event that is lost, ends as a dead letter."""
    if "events" not in saved:
        return
    lost = "state IN ('retrying', 'paused') AND position NOT IN (SELECT position FROM events)"
    key = "position, destination, rule, part, replay"
    connection.execute(
        f"INSERT INTO outbox ({key}, state, reason, attempts, at)"  # noqa: S608 - our own text alone
        f" SELECT {key}, 'dead', ?, attempts, at FROM deliveries"
        f" WHERE {lost} AND EXISTS (SELECT 1 FROM outbox_readers)",
        (LOST,),
    )
    connection.execute(
        "UPDATE deliveries SET state = 'dead', next_at = NULL, payload = NULL, reason = ?"  # noqa: S608 - as above
        f" WHERE {lost}",
        (LOST,),
    )


def _put_off_unsettled(connection: Connection, saved: Mapping[str, Saved], now: Millis) -> None:
    """A delivery that is still to be tried has its event put off, whatever became of that row."""
    if "events" not in saved:
        return
    connection.execute(
        "INSERT OR IGNORE INTO put_off (group_id, position, due_ms)"
        " SELECT groups.id, deliveries.position, coalesce(deliveries.next_at, ?)"
        " FROM deliveries JOIN groups ON groups.name = deliveries.destination"
        " JOIN events ON events.position = deliveries.position"
        " WHERE deliveries.state IN ('retrying', 'paused')"
        " AND deliveries.position <= groups.floor",
        (now,),
    )


def _restore_marks(connection: Connection, seen: Saved) -> None:
    """The ids of events that are there count as seen, also where their marks were lost."""
    if not seen.whole:
        connection.execute(
            "INSERT OR IGNORE INTO seen (source, message_id, seen_at, position)"
            " SELECT source, message_id, received_at, position FROM events"
        )


def _has(connection: Connection, table: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,))
    return found.fetchone() is not None


def _swap(path: Path, fresh: Path, now: Millis) -> Path:
    """The fresh file in the place of the damaged one, which stays beside it with its WAL."""
    stamp = to_iso(now).replace(":", "").replace("-", "").partition(".")[0]
    kept_as = path.with_name(f"{path.name}.damaged-{stamp}Z")
    try:
        for suffix in ("", *SIDE_FILES):
            if (one := Path(f"{path}{suffix}")).exists():
                _keep(one, Path(f"{kept_as}{suffix}"))
        _give_owner(path, fresh)
        # A WAL of the old file beside the new one would be played into it: it goes first.
        for suffix in SIDE_FILES:
            Path(f"{path}{suffix}").unlink(missing_ok=True)
            Path(f"{fresh}{suffix}").unlink(missing_ok=True)
        fresh.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise StorageError(f"{path}: can't be replaced: {error.strerror}") from error
    return kept_as


def _keep(file: Path, name: Path) -> None:
    """The file under another name too: the same one, or a copy where a disk has no second names."""
    try:
        name.hardlink_to(file)
    except OSError:
        shutil.copy2(file, name)


def _give_owner(path: Path, fresh: Path) -> None:
    """Who served the old file may serve the fresh one, also if the administrator repaired it."""
    was = path.stat()
    fresh.chmod(was.st_mode & 0o7777)
    if os.geteuid() == 0:
        os.chown(fresh, was.st_uid, was.st_gid)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(fresh: Path) -> None:
    for suffix in ("", *SIDE_FILES):
        Path(f"{fresh}{suffix}").unlink(missing_ok=True)
