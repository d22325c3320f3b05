"""Settings, and how many events met which verdict.

::

    settings        name TEXT, the key; value TEXT: pauses, the mode of the data folder
    verdict_counts  source, verdict TEXT: the key; count INTEGER, only ever grows
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from engine.sqlite.connection import Connection
from engine.sqlite.rows import write_rows
from engine.state.interface import Counts

SCRIPTS = [
    """
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE verdict_counts (
        source TEXT NOT NULL,
        verdict TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (source, verdict)
    ) WITHOUT ROWID;
    """,
]
"""What ``migrate`` runs, one script a version."""


def add_verdicts(connection: Connection, noted: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    """Add the counts of each source."""
    sums: Counter[tuple[str, str]] = Counter()
    for source, counts in noted:
        for verdict, count in counts.items():
            sums[source, verdict] += count
    write_rows(
        connection,
        "INSERT INTO verdict_counts",
        [(source, verdict, count) for (source, verdict), count in sums.items()],
        "ON CONFLICT (source, verdict) DO UPDATE SET count = count + excluded.count",
    )


def select_verdicts(connection: Connection) -> Counts:
    """The counts of all sources."""
    by_source: dict[str, dict[str, int]] = {}
    rows = connection.execute("SELECT source, verdict, count FROM verdict_counts")
    for source, verdict, count in rows.fetchall():
        by_source.setdefault(source, {})[verdict] = count
    return Counts(by_source)


def select_setting(connection: Connection, name: str) -> str | None:
    """The value of one setting, None if it is not stored."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def write_setting(connection: Connection, name: str, value: str | None) -> None:
    """Store a setting or, with None, remove it."""
    if value is None:
        connection.execute("DELETE FROM settings WHERE name = ?", (name,))
        return
    connection.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))


def select_settings(connection: Connection, prefix: str) -> Mapping[str, str]:
    """The settings whose name begins with ``prefix``."""
    rows = connection.execute(
        "SELECT name, value FROM settings WHERE substr(name, 1, length(?1)) = ?1", (prefix,)
    )
    return dict(rows.fetchall())
