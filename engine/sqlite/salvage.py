"""Saving what can be read of a damaged file into a fresh one, row by row.

SQLite refuses a page that makes no sense, and reads every other. So a table is read by ranges of
its key, and where a range fails its halves are tried, down to single keys: what is lost then is
what stood on the damaged pages. A table whose key is no number is read from both ends.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from engine.model.errors import StorageError
from engine.sqlite.connection import Connection, connect_to_read, connect_to_write

ROWS_AT_ONCE = 500
FURTHEST = 40
"""Powers of two that are tried beyond the last readable key, to find others behind the damage."""

OUR_OWN = "schema_version"

Row: TypeAlias = tuple[object, ...]
Range: TypeAlias = tuple[int, int]
"""(after, until): the keys beyond the first, up to and with the second."""

Sound: TypeAlias = Callable[[str, dict[str, object]], bool]
"""Whether a row of a table makes sense; SQLite keeps no check sum of what is in it."""


@dataclass(slots=True)
class Saved:
    """What was saved of a table: how many rows, and the ranges of keys that could not be read.

    ``cut`` says that an unknown part is lost: no key tells how much. Not every key of a lost range
    need have had a row.
    """

    table: str
    rows: int = 0
    lost: list[Range] = field(default_factory=list)
    cut: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing is lost."""
        return not self.lost and not self.cut

    def lose(self, after: int, until: int) -> None:
        """The range can't be read; it grows the last one where it touches it."""
        if self.lost and self.lost[-1][0] <= after <= self.lost[-1][1]:
            after, last = self.lost.pop()
            until = max(until, last)
        self.lost.append((after, until))


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: Sequence[str]
    key: str | None
    order: str
    is_rowid: bool


def damage_of(path: Path) -> str | None:
    """What SQLite finds wrong in a file, None where it is sound; reads all of it."""
    try:
        with closing(connect_to_read(path)) as connection:
            found = connection.execute("PRAGMA quick_check(3)").fetchall()
    except sqlite3.Error as error:
        return str(error)
    except StorageError as error:
        return str(error)
    words = [str(row[0]) for row in found]
    return None if words == ["ok"] else "; ".join(words)


def tells_its_tables(path: Path) -> bool:
    """Whether the list of tables can be read, without which no row can."""
    try:
        with closing(connect_to_read(path)) as connection:
            connection.execute("SELECT name, sql FROM sqlite_schema").fetchall()
    except (sqlite3.Error, StorageError):
        return False
    return True


def salvage(damaged: Path, fresh: Path, sound: Sound) -> list[Saved]:
    """Copy every row that can be read into ``fresh``, whose tables are there and empty.

    The list of tables can be read (``tells_its_tables``).
    """
    with closing(connect_to_read(damaged)) as old, closing(connect_to_write(fresh)) as new:
        return [_Copy(old, new, table, sound).run() for table in _tables(old, new)]


def counters_of(damaged: Path) -> dict[str, int]:
    """The newest number given in each table that counts up, as far as it can be read."""
    try:
        with closing(connect_to_read(damaged)) as connection:
            return dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    except (sqlite3.Error, StorageError):
        return {}


def change(path: Path, work: Callable[[Connection], None]) -> None:
    """Do ``work`` on a file in one transaction, and leave one tidy file."""
    with closing(connect_to_write(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        work(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _tables(old: Connection, new: Connection) -> Iterator[_Table]:
    there = {row[0] for row in old.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    made = new.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    ).fetchall()
    for name, sql in made:
        if name == OUR_OWN or name not in there:
            continue
        known = {row[1] for row in old.execute(f"PRAGMA table_info({name})")}
        info = new.execute(f"PRAGMA table_info({name})").fetchall()
        columns = [row[1] for row in info if row[1] in known]
        keys = [row for row in sorted(info, key=lambda row: row[5]) if row[5]]
        is_rowid = "WITHOUT ROWID" not in sql
        first = "rowid" if is_rowid else keys[0][1] if keys[0][2] == "INTEGER" else None
        order = "rowid" if is_rowid else ", ".join(row[1] for row in keys)
        yield _Table(name, columns, first, order, is_rowid)


@dataclass(slots=True)
class _Copy:
    """One table on its way."""

    old: Connection
    new: Connection
    table: _Table
    sound: Sound
    saved: Saved = field(init=False)
    _rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.saved = Saved(self.table.name)

    def run(self) -> Saved:
        if self.table.key is None:
            self._from_both_ends()
        else:
            self._by_ranges()
        self._write()
        (self.saved.rows,) = self.new.execute(
            f"SELECT count(*) FROM {self.table.name}"  # noqa: S608 - our own name
        ).fetchone()
        return self.saved

    def _by_ranges(self) -> None:
        bounds = self._bounds()
        open_ranges = [] if bounds is None else [bounds]
        while open_ranges:
            after, until = open_ranges.pop()
            reached = self._read(after, until)
            if reached is None:
                continue
            # The last key may have more rows than came, where several rows share it.
            begin = reached if self.table.is_rowid else max(after, reached - 1)
            if until - begin > 1:
                middle = (begin + until) // 2
                open_ranges += [(middle, until), (begin, middle)]
            elif self._read(begin, until, alone=True) is not None:
                self.saved.lose(begin, until)

    def _bounds(self) -> Range | None:
        """The range in which keys may be; None for an empty table."""
        key, name = self.table.key, self.table.name
        first = self._ask(f"SELECT min({key}) FROM {name} NOT INDEXED")  # noqa: S608 - our own
        last = self._ask(f"SELECT max({key}) FROM {name} NOT INDEXED")  # noqa: S608 - our own
        if first is False:
            first = 1
        if first is None or last is None:
            return None
        if last is False:
            last = self._last_behind_damage()
        return int(first) - 1, int(last)

    def _last_behind_damage(self) -> int:
        """The last key where the table's end can't be read."""
        known = self._ask("SELECT seq FROM sqlite_sequence WHERE name = ?", self.table.name)
        if known:
            return int(known)
        self.saved.cut = True
        furthest = 0
        for power in range(FURTHEST):
            found = self._ask(
                f"SELECT {self.table.key} FROM {self.table.name} NOT INDEXED"  # noqa: S608 - our own
                f" WHERE {self.table.key} <= ? ORDER BY {self.table.order} DESC LIMIT 1",
                1 << power,
            )
            furthest = max(furthest, int(found or 0))
        return furthest

    def _read(self, after: int, until: int, *, alone: bool = False) -> int | None:
        """Take the rows of a range; None when all came, else the last key that did."""
        key = self.table.key
        where = f"{key} = ?2" if alone else f"{key} > ?1 AND {key} <= ?2"
        query = f"{self._select()} WHERE {where} ORDER BY {self.table.order}"
        last = after
        try:
            for row in self.old.execute(query, (after, until)):
                last = row[0]
                if not self._take(row[1:]):
                    self.saved.lose(last - 1, last)
        except (sqlite3.Error, ValueError):
            return last
        return None

    def _from_both_ends(self) -> None:
        for direction in ("", " DESC"):
            order = ", ".join(f"{one}{direction}" for one in self.table.order.split(", "))
            try:
                for row in self.old.execute(f"{self._select()} ORDER BY {order}"):
                    self._take(row[1:])
            except (sqlite3.Error, ValueError):
                self.saved.cut = True
                continue
            return

    def _select(self) -> str:
        columns = ", ".join(self.table.columns)
        return f"SELECT {self.table.key or 0}, {columns} FROM {self.table.name} NOT INDEXED"  # noqa: S608 - our own names

    def _take(self, row: Row) -> bool:
        """Keep a row if it makes sense."""
        if not self.sound(self.table.name, dict(zip(self.table.columns, row, strict=True))):
            return False
        self._rows.append(row)
        if len(self._rows) >= ROWS_AT_ONCE:
            self._write()
        return True

    def _write(self) -> None:
        places = ", ".join("?" * len(self.table.columns))
        self.new.execute("BEGIN IMMEDIATE")
        self.new.executemany(
            f"INSERT OR REPLACE INTO {self.table.name} ({', '.join(self.table.columns)})"  # noqa: S608 - our own names
            f" VALUES ({places})",
            self._rows,
        )
        self.new.execute("COMMIT")
        self._rows.clear()

    def _ask(self, query: str, *parameters: object) -> int | bool | None:
        """One number; False where it can't be read, None where there is none."""
        try:
            row = self.old.execute(query, parameters).fetchone()
        except sqlite3.Error:
            return False
        return None if row is None else row[0]
