"""The layout of the log in its SQLite file. Written by the process that serves, read by all.

::

    events    position INTEGER, counts up from 1 without gaps and is never given twice
              source, message_id, type, name TEXT
              timestamp, received_at INTEGER, milliseconds
              body BLOB, JSON as engine/codec/body writes it
    seen      source, message_id TEXT, the key; seen_at INTEGER: appended when
              position INTEGER, of the event; NULL where it isn't known (marks of before version 2)
              written with the event; old ones are swept some at a time, by append
    groups    id INTEGER; name TEXT
              floor INTEGER: this position and all before it are finished or put off
    put_off   group_id, position, the key; due_ms INTEGER: hand it out again then
              stays until acknowledged, so that a crash after it was handed out loses nothing

What a group holds beyond its floor (handed out, finished out of order) is in memory only: after a
restart everything above the floor is handed out again, but for what is put off.
"""

SCRIPTS = [
    """
    CREATE TABLE events (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        message_id TEXT NOT NULL,
        type TEXT NOT NULL,
        name TEXT NOT NULL,
        timestamp INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE seen (
        source TEXT NOT NULL,
        message_id TEXT NOT NULL,
        seen_at INTEGER NOT NULL,
        PRIMARY KEY (source, message_id)
    ) WITHOUT ROWID;
    CREATE TABLE groups (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        floor INTEGER NOT NULL
    );
    CREATE TABLE put_off (
        group_id INTEGER NOT NULL,
        position INTEGER NOT NULL,
        due_ms INTEGER NOT NULL,
        PRIMARY KEY (position, group_id)
    ) WITHOUT ROWID;
    CREATE INDEX put_off_by_due ON put_off (group_id, due_ms);
    """,
    # So that a repeat can be answered with what was kept first.
    "ALTER TABLE seen ADD COLUMN position INTEGER;",
]
"""What ``migrate`` runs, one script a version."""
