"""The rows of a table as far as its tree leads to them.

SQLite refuses a page that makes no sense, and reads every other. So a table is read by ranges of
its key, and where a range fails its halves are tried, down to single keys: what is lost then is
what stood on the damaged pages. A table whose key is no number is read from both ends.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.sqlite.connection import Connection
from engine.sqlite.shapes import Column, Shape

ROWS_AT_ONCE = 500
FURTHEST = 40
"""Powers of two that are tried beyond the last readable key, to find others behind the damage."""

Row: TypeAlias = tuple[object, ...]
Range: TypeAlias = tuple[int, int]
"""(after, until): the keys beyond the first, up to and with the second."""

Sound: TypeAlias = Callable[[str, Mapping[str, object]], bool]
"""Whether a row of a table makes sense; SQLite keeps no check sum of what is in it."""


@dataclass(slots=True)
class Saved:
    """What was saved of a table: how many rows, and the ranges of keys that could not be read.

    ``cut`` says that an unknown part may be lost: no key tells how much. Not every key of a lost
    range need have had a row. ``strays`` of the rows were found on pages that no tree leads to.
    """

    table: str
    rows: int = 0
    lost: list[Range] = field(default_factory=list)
    cut: bool = False
    strays: int = 0

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
class Table:
    """A table to be saved: its columns, and the number in its key, if any, by which it is read."""

    name: str
    columns: Sequence[Column]
    key: str | None
    order: str
    is_rowid: bool

    @property
    def names(self) -> str:
        """Its columns, as SQL lists them."""
        return ", ".join(one.name for one in self.columns)


def table_of(shape: Shape, new: Connection, known: Collection[str]) -> Table:
    """A table of the fresh file, with those of its columns that are known in the damaged one."""
    columns = [one for one in shape.columns if one.name in known]
    if shape.by_rowid:
        return Table(shape.name, columns, "rowid", "rowid", is_rowid=True)
    info = new.execute(f"PRAGMA table_info('{shape.name}')").fetchall()
    keys = [row for row in sorted(info, key=lambda row: row[5]) if row[5]]
    first = keys[0][1] if keys[0][2] == "INTEGER" else None
    return Table(shape.name, columns, first, ", ".join(row[1] for row in keys), is_rowid=False)


@dataclass(slots=True)
class TreeCopy:
    """One table on its way from the damaged file into the fresh one; ``taken`` counts its rows."""

    old: Connection
    new: Connection
    table: Table
    sound: Sound
    taken: int = 0
    saved: Saved = field(init=False)
    _rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.saved = Saved(self.table.name)

    def run(self) -> Saved:
        """Copy each row that the tree leads to."""
        if self.table.key is None:
            self._from_both_ends()
        else:
            self._by_ranges()
        self._write()
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
                    if not self._take(row[1:]):
                        self.saved.cut = True
            except (sqlite3.Error, ValueError):
                self.saved.cut = True
                continue
            return

    def _select(self) -> str:
        columns = self.table.names
        return f"SELECT {self.table.key or 0}, {columns} FROM {self.table.name} NOT INDEXED"  # noqa: S608 - our own names

    def _take(self, row: Row) -> bool:
        """Keep a row if it makes sense."""
        columns = self.table.columns
        if not all(one.takes(value) for one, value in zip(columns, row, strict=True)):
            return False
        names = [one.name for one in columns]
        if not self.sound(self.table.name, dict(zip(names, row, strict=True))):
            return False
        self.taken += 1
        self._rows.append(row)
        if len(self._rows) >= ROWS_AT_ONCE:
            self._write()
        return True

    def _write(self) -> None:
        insert(self.new, self.table, self._rows)
        self._rows.clear()

    def _ask(self, query: str, *parameters: object) -> int | bool | None:
        """One number; False where it can't be read, None where there is none."""
        try:
            row = self.old.execute(query, parameters).fetchone()
        except sqlite3.Error:
            return False
        return None if row is None else row[0]


def insert(new: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows; one whose key is there already is left out."""
    places = ", ".join("?" * len(table.columns))
    new.execute("BEGIN IMMEDIATE")
    new.executemany(
        f"INSERT OR IGNORE INTO {table.name} ({table.names}) VALUES ({places})",  # noqa: S608 - our own names
        rows,
    )
    new.execute("COMMIT")
