"""Saving what can be read of a damaged file into a fresh one, row by row.

Every page of the file is looked at by itself (``strays``). Of the tables that miss anything then,
the trees tell what, as SQLite reads them (``trees``), and lead to what its page doesn't tell.
"""

import sqlite3
from array import array
from collections.abc import Callable, Collection, Mapping, MutableSequence, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from engine.model.errors import StorageError
from engine.sqlite.connection import Connection, connect_to_read, connect_to_write
from engine.sqlite.mend import Copy
from engine.sqlite.pages import KINDS, Pages
from engine.sqlite.shapes import Shape, shapes_of
from engine.sqlite.strays import Stray, Strays, without
from engine.sqlite.trees import ROWS_AT_ONCE, Row, Saved, Sound, Table, TreeCopy, insert, table_of

OUR_OWN = "schema_version"


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


def salvage(damaged: Copy, fresh: Path, sound: Sound) -> list[Saved]:
    """Copy every row that can be read into ``fresh``, whose tables are there and empty."""
    with closing(connect_to_write(fresh)) as new, closing(Pages.of(damaged.path)) as pages:
        shapes = shapes_of(new)
        listed = _listed(damaged.path)
        columns = _columns(listed or shapes)
        tables = {
            one.name: table_of(one, new, columns[one.name])
            for one in shapes
            if one.is_table and one.name != OUR_OWN and one.name in columns
        }
        # Of the shapes of the damaged file, which may be of an older version.
        roots = {one.root: one for one in listed}
        strays = Strays(pages, listed or shapes, roots, damaged.as_it_was)
        found = _by_pages(new, strays, tables, sound)
        saved = _by_trees(damaged.path, _sound_roots(pages, listed), found)
        return [*saved, *_missing(damaged.path, new, shapes, tables)]


def counters_of(damaged: Path) -> dict[str, int]:
    """The newest number given in each table that counts up, as far as it can be read."""
    try:
        with closing(connect_to_read(damaged)) as connection:
            rows = connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    except (sqlite3.Error, StorageError):
        return {}
    return {name: seq for name, seq in rows if isinstance(name, str) and isinstance(seq, int)}


def change(path: Path, work: Callable[[Connection], None]) -> None:
    """Do ``work`` on a file in one transaction, and leave one tidy file."""
    with closing(connect_to_write(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        work(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _listed(damaged: Path) -> list[Shape]:
    """The tables and indexes that the damaged file tells of; none where it can't."""
    try:
        with closing(connect_to_read(damaged)) as old:
            return shapes_of(old)
    except (sqlite3.Error, StorageError, KeyError, TypeError):
        return []


def _sound_roots(pages: Pages, listed: Sequence[Shape]) -> set[str]:
    """The tables whose tree can be begun with."""
    return {one.name for one in listed if one.root <= pages.count and pages.kind(one.root) in KINDS}


def _missing(
    damaged: Path, new: Connection, shapes: Sequence[Shape], tables: Collection[str]
) -> list[Saved]:
    """The tables that were there once, and that the damaged list doesn't name any more."""
    names = [one.name for one in shapes if one.is_table and one.name not in {*tables, OUR_OWN}]
    if not names:
        return []
    with closing(connect_to_read(damaged)) as old:
        older = _versions(old) not in (_versions(new), None)
    return [] if older else [Saved(one, cut=True) for one in names]


def _versions(connection: Connection) -> list[Row] | None:
    """The versions of what is kept in a file; None where that can't be read."""
    try:
        return connection.execute(
            "SELECT component, version FROM schema_version ORDER BY component"
        ).fetchall()
    except sqlite3.Error:
        return None


@dataclass(slots=True)
class _Found:
    """The rows of one table, found page by page, on their way into the fresh file.

    ``whole`` says that they were all, for certain; ``damaged`` that there were others, and ``torn``
    that a tree which leads to their page may tell nothing of them.
    """

    new: Connection
    table: Table
    sound: Sound
    keys: MutableSequence[int] = field(default_factory=lambda: array("q"))
    whole: bool = False
    damaged: bool = False
    torn: bool = False
    _rows: list[Row] = field(default_factory=list)

    def add(self, stray: Stray) -> None:
        if not self.sound(stray.table, stray.row):
            self.damaged = True
            return
        self._rows.append(tuple(stray.row[one.name] for one in self.table.columns))
        if stray.rowid is not None:
            self.keys.append(stray.rowid)
        if len(self._rows) >= ROWS_AT_ONCE:
            self.write()

    def write(self) -> None:
        insert(self.new, self.table, self._rows)
        self._rows.clear()

    def count(self) -> int:
        """The rows that are in the fresh file."""
        (count,) = self.new.execute(f"SELECT count(*) FROM {self.table.name}").fetchone()  # noqa: S608 - our own name
        return int(count)


def _by_pages(
    new: Connection, strays: Strays, tables: Mapping[str, Table], sound: Sound
) -> list[_Found]:
    found = {name: _Found(new, table, sound) for name, table in tables.items()}
    for stray in strays.found():
        if (its := found.get(stray.table)) is not None:
            its.add(stray)
    for name, its in found.items():
        its.write()
        its.damaged = its.damaged or strays.broken(name)
        its.torn = strays.torn(name)
        its.whole = strays.told and not its.damaged
    return list(found.values())


def _by_trees(damaged: Path, roots: Collection[str], found: Sequence[_Found]) -> list[Saved]:
    """What is lost of each table, by its tree; what only that leads to is added."""
    if not roots:
        return [_without_tree(its, None) for its in found]
    counters = counters_of(damaged)
    with closing(connect_to_read(damaged)) as old:
        return [
            _by_tree(old, its)
            if its.table.name in roots
            else _without_tree(its, counters.get(its.table.name))
            for its in found
        ]


def _by_tree(old: Connection, its: _Found) -> Saved:
    if its.whole:
        return Saved(its.table.name, its.count())
    copy = TreeCopy(old, its.new, its.table, its.sound)
    saved = copy.run()
    saved.rows = its.count()
    saved.strays = max(0, saved.rows - copy.taken)
    if its.table.is_rowid:
        saved.lost = without(saved.lost, sorted(its.keys))
    # A damaged key may have ended the reading too early, without a word.
    misled = saved.whole and (its.damaged or saved.strays > 0)
    saved.cut = saved.cut or its.torn or misled
    return saved


def _without_tree(its: _Found, newest: int | None) -> Saved:
    """What is lost where no tree tells it: up to the newest number given, where that is known."""
    rows = its.count()
    saved = Saved(its.table.name, rows, strays=rows)
    if not its.whole and newest is not None and its.table.is_rowid:
        saved.lost = without([(0, newest)], sorted(its.keys))
    elif not its.whole:
        saved.cut = True
    return saved


def _columns(shapes: Sequence[Shape]) -> dict[str, set[str]]:
    """The names of the columns by table."""
    return {one.name: {column.name for column in one.columns} for one in shapes if one.is_table}
