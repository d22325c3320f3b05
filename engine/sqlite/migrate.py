"""Versions of a file's tables: each component that lives in it has its own.

Layout: ``schema_version(component TEXT PRIMARY KEY, version INTEGER)``; version N means that the
first N scripts of the component have run. Written when a file is opened to write.
"""

import sqlite3
from collections.abc import Iterator, Sequence

from engine.model.errors import StorageError
from engine.sqlite.connection import Connection


def migrate(connection: Connection, component: str, scripts: Sequence[str]) -> None:
    """Bring the tables of ``component`` up to date: the scripts that have not run yet, in order.

    Runs within the caller's transaction, so that a script is there whole or not at all; a script
    that was published is never changed. Raises ``StorageError`` if the file is newer than we are.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version ("
        " component TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID"
    )
    version = _version(connection, component)
    _refuse_newer(component, version, len(scripts))
    for script in scripts[version:]:
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(
        "INSERT OR REPLACE INTO schema_version (component, version) VALUES (?, ?)",
        (component, len(scripts)),
    )


def check_version(connection: Connection, component: str, scripts: Sequence[str]) -> None:
    """Raise ``StorageError`` unless the tables of ``component`` are just of our version."""
    version = _version(connection, component) if _has_versions(connection) else 0
    _refuse_newer(component, version, len(scripts))
    if version == 0:
        raise StorageError(f"the file holds no {component} yet; start `encamina serve` once")
    if version < len(scripts):
        raise StorageError(
            f"the {component} is of version {version}, this Encamina reads {len(scripts)};"
            " start `encamina serve` once to bring it up to date"
        )


def _has_versions(connection: Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'")
    return found.fetchone() is not None


def _version(connection: Connection, component: str) -> int:
    row = connection.execute(
        "SELECT version FROM schema_version WHERE component = ?", (component,)
    ).fetchone()
    return int(row[0]) if row else 0


def _refuse_newer(component: str, version: int, known: int) -> None:
    if version > known:
        raise StorageError(
            f"the {component} is of version {version}, this Encamina knows up to {known};"
            " it was written by a newer one: install that, or use another data folder"
        )


def _statements(script: str) -> Iterator[str]:
    # The library's own way to run a script would end the transaction first.
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""
    if text.strip():
        raise ValueError(f"a script ends within a statement: {text.strip()}")
