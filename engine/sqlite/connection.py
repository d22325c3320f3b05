"""Connections to SQLite files, and its errors in words that a user can act on."""

import os
import sqlite3
from pathlib import Path
from typing import TypeAlias

from engine.model.errors import StorageError, StorageFull

Connection: TypeAlias = sqlite3.Connection
"""What a piece of work is given to run its SQL on."""

SqliteError: TypeAlias = sqlite3.Error
"""Whatever the library raises; ``storage_fault`` puts it into words."""

LIBRARY_VERSION = sqlite3.sqlite_version

BUSY_TIMEOUT_S = 5.0
# Ten sizes of each multi-row statement (see rows) for a handful of tables, and the rest.
STATEMENTS_KEPT = 256
# 16 MiB: fewer rewrites of pages that change often than with SQLite's 4 MiB, at a WAL that is
# still read quickly after a crash.
CHECKPOINT_PAGES = 4096
WAL_KEPT_BYTES = 64 * 1024 * 1024
WRITE_CACHE_KIB = 16 * 1024
READ_CACHE_KIB = 2 * 1024

_HELD = f"another process holds it (waited {BUSY_TIMEOUT_S:g} s); stop that one"
_DAMAGED = (
    "damaged, or no SQLite file; stop the server and run `encamina doctor --repair`, which saves "
    "what can be read, or put back a backup"
)
_HIDDEN = (
    "its newest writes stand in the -wal beside it, which can't be read where nothing can be "
    "written; copy the data folder to where you may write, and look there"
)
_CLOSED_DOOR = "can't be opened; is it there, and are its rights enough?"
_WORDS = {
    sqlite3.SQLITE_FULL: "no room is left on the disk; free some and try again",
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED_DOOR,
    sqlite3.SQLITE_PERM: _CLOSED_DOOR,
    sqlite3.SQLITE_READONLY: "may not be written; check the rights of file and folder",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write; check disk and quota",
}


def connect_to_write(path: Path) -> Connection:
    """The connection that writes ``path``, made if it is not there; a COMMIT on it is on disk."""
    try:
        connection = _connect(path.absolute().as_uri())
    except sqlite3.Error as error:
        raise storage_fault(error, path) from error
    try:
        _prepare_to_write(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise storage_fault(error, path) from error
    except StorageError:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> Connection:
    """A connection that can only read ``path``, while another process writes it or none does."""
    try:
        return _connect_and_look(f"{path.absolute().as_uri()}?mode=ro")
    except sqlite3.Error as error:
        if _hides_writes(path):
            raise StorageError(f"{path}: {_HIDDEN}") from error
        if not _stands_still(path):
            raise storage_fault(error, path) from error
    try:
        return _connect_and_look(f"{path.absolute().as_uri()}?mode=ro&immutable=1")
    except sqlite3.Error as error:
        raise storage_fault(error, path) from error


def storage_fault(error: Exception, path: Path) -> StorageError:
    """The error of the library as one of ours: what happened to which file, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    words = _WORDS.get(code, f"SQLite refused: {error}")
    kind = StorageFull if code == sqlite3.SQLITE_FULL else StorageError
    return kind(f"{path}: {words}")


def _connect(uri: str) -> Connection:
    return sqlite3.connect(
        uri,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        # Each connection is used by one thread at a time, but not always by the same.
        check_same_thread=False,
        cached_statements=STATEMENTS_KEPT,
    )


def _prepare_to_write(connection: Connection, path: Path) -> None:
    # Only a file without tables takes it: then what is removed can go back to the disk.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StorageError(f"{path}: this file system can't hold it; use a local disk")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA cache_size = -{WRITE_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")


def _connect_and_look(uri: str) -> Connection:
    connection = _connect(uri)
    try:
        # Opening is lazy: only a first look tells whether the file can be read.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        connection.execute(f"PRAGMA cache_size = -{READ_CACHE_KIB}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _stands_still(path: Path) -> bool:
    """Whether no one writes the file, and we couldn't make the companions that reading needs."""
    return path.exists() and not _has_wal(path) and not os.access(path.parent, os.W_OK)


def _hides_writes(path: Path) -> bool:
    """Whether whoever wrote the file died, and we couldn't make what reading the rest needs."""
    return path.exists() and _has_wal(path) and not os.access(path.parent, os.W_OK)


def _has_wal(path: Path) -> bool:
    wal = path.with_name(f"{path.name}-wal")
    return wal.exists() and wal.stat().st_size > 0
