"""What the rows of each table look like, by which they are told from damage, and from each other.

SQLite keeps no check sums, so what stands in a row may be damaged and read all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType

from engine.sqlite.connection import Connection

OF_TYPE: Mapping[str, tuple[type, ...]] = {
    "INTEGER": (int,),
    "REAL": (float, int),
    "TEXT": (str,),
    "BLOB": (bytes,),
}
"""What a column of a type can hold in our tables."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column, in the order in which it is stored."""

    name: str
    types: tuple[type, ...]

    def takes(self, value: object) -> bool:
        """Whether it can hold this."""
        return isinstance(value, self.types)


@dataclass(frozen=True, slots=True)
class Shape:
    """The rows of one tree: a table's or, with ``is_table`` false, an index's.

    ``by_rowid`` says that its rows have a row id beside what is stored; ``alias`` is the column
    that is that id, and is stored as nothing.
    """

    name: str
    root: int
    columns: Sequence[Column]
    is_table: bool
    by_rowid: bool
    alias: str | None = None

    def row(self, rowid: int | None, stored: Sequence[object]) -> dict[str, object] | None:
        """The row by its columns; None where it can't be one of these."""
        # Rows from before a column was added are shorter, and hold nothing in it.
        missing = len(self.columns) - len(stored)
        if missing < 0 or self.by_rowid != (rowid is not None):
            return None
        values = [*stored, *[None] * missing]
        for column, value in zip(self.columns, values, strict=True):
            if value is not None if column.name == self.alias else not column.takes(value):
                return None
        row = {one.name: value for one, value in zip(self.columns, values, strict=True)}
        return row | {self.alias: rowid} if self.alias else row


def shapes_of(connection: Connection) -> list[Shape]:
    """The shapes of all tables and indexes; a library's error where the list can't be read."""
    listed = connection.execute(
        "SELECT type, name, tbl_name, rootpage FROM sqlite_schema WHERE rootpage > 0"
        " AND name NOT LIKE 'sqlite_s%'"  # the counters, and what was measured
    ).fetchall()
    tables = {name: _columns(connection, name) for _, name, table, _ in listed if name == table}
    found = []
    for kind, name, table, root in listed:
        if kind == "table":
            found.append(_of_table(connection, name, root, tables[name]))
        else:
            stored = list(_of_index(connection, name, tables[table]))
            found.append(Shape(name, root, stored, is_table=False, by_rowid=False))
    return found


def _of_table(
    connection: Connection, name: str, root: int, columns: Mapping[str, tuple[Column, bool]]
) -> Shape:
    if (index := _own_order(connection, name)) is not None:
        stored = list(_of_index(connection, index, columns))
        return Shape(name, root, stored, is_table=True, by_rowid=False)
    keys = [one for one, is_key in columns.values() if is_key]
    alias = keys[0].name if len(keys) == 1 and keys[0].types == (int,) else None
    stored = [one for one, _ in columns.values()]
    return Shape(name, root, stored, is_table=True, by_rowid=True, alias=alias)


def _own_order(connection: Connection, table: str) -> str | None:
    """The name of the key's index where the table itself is kept in that order, without row ids."""
    (without,) = connection.execute(
        "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND name = ? AND wr", (table,)
    ).fetchone()
    if not without:
        return None
    (name,) = connection.execute(
        "SELECT name FROM pragma_index_list(?) WHERE origin = 'pk'", (table,)
    ).fetchone()
    return str(name)


def _columns(connection: Connection, table: str) -> dict[str, tuple[Column, bool]]:
    """The columns of a table as they were declared, and whether each is part of the key."""
    found = {}
    for _, name, declared, needed, _, key in connection.execute(f"PRAGMA table_info('{table}')"):
        types = OF_TYPE.get(declared, (int, float, str, bytes))
        nothing = () if needed or key else (NoneType,)
        found[name] = (Column(name, (*types, *nothing)), bool(key))
    return found


def _of_index(
    connection: Connection, index: str, columns: Mapping[str, tuple[Column, bool]]
) -> Iterator[Column]:
    for (name,) in connection.execute(
        "SELECT name FROM pragma_index_xinfo(?) ORDER BY seqno", (index,)
    ):
        yield columns[name][0] if name else Column("rowid", (int,))
