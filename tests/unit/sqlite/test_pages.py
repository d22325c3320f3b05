"""What the pages of a file hold is read without the library, and is what the library reads."""

import random
import sqlite3
import struct
from contextlib import closing

import pytest

from engine.sqlite.pages import FREE, LEAF_TABLE, Header, Pages
from engine.sqlite.shapes import shapes_of
from engine.sqlite.strays import Strays, without

TABLES = """
    CREATE TABLE by_number (id INTEGER PRIMARY KEY, words TEXT NOT NULL, body BLOB, size REAL);
    CREATE TABLE by_name (part INTEGER NOT NULL, name TEXT NOT NULL, words TEXT,
        PRIMARY KEY (name, part)) WITHOUT ROWID;
    CREATE INDEX by_words ON by_number (words);
"""


def some_rows():
    """Numbers of every length, rows that overflow, empty and missing values."""
    texts = ["", "ñandú", "x" * 300, "y" * 3_000, "z" * 30_000]
    numbers = [1, 2, 127, 128, 40_000, 2**31, 2**40, 2**62, -1, -(2**50)]
    return [
        (number, texts[n % 5] + str(number), None if n % 3 else b"\x00\xff" * n, n / 7)
        for n, number in enumerate(numbers)
    ]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "kept.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA auto_vacuum = INCREMENTAL")
        file.execute("PRAGMA synchronous = OFF")
        file.executescript(f"BEGIN; {TABLES}")
        file.executemany("INSERT INTO by_number VALUES (?, ?, ?, ?)", some_rows())
        many = [(n, f"name {n % 40} {'.' * (n % 900)}", "w" * (n % 1_500)) for n in range(800)]
        file.executemany("INSERT INTO by_name VALUES (?, ?, ?)", many)
        file.execute("COMMIT")
    return path


def read(path, table, columns):
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute(f"SELECT {columns} FROM {table}").fetchall()
        return rows, shapes_of(file)


def strays_of(path, shapes, table, *, roots=True, told=True):
    with closing(Pages.of(path)) as pages:
        named = {one.root: one for one in shapes} if roots else {}
        strays = Strays(pages, shapes, named, told)
        rows = [one.row for one in strays.found() if one.table == table]
        return rows, strays.told and not strays.broken(table)


@pytest.mark.parametrize("roots", [True, False])
@pytest.mark.parametrize("table", ["by_number", "by_name"])
def test_every_row_is_found_page_by_page_as_the_library_reads_it(path, table, roots):
    columns = {"by_number": "id, words, body, size", "by_name": "name, part, words"}[table]
    rows, shapes = read(path, table, columns)

    found, whole = strays_of(path, shapes, table, roots=roots)

    assert sorted(tuple(one.values())[:2] for one in found) == sorted(row[:2] for row in rows)
    assert all(row in rows for row in (tuple(one.values()) for one in found))
    assert whole is roots


def test_a_row_that_was_removed_is_not_found_again(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("DELETE FROM by_number WHERE id < 2147483648")
        file.execute("DELETE FROM by_name")
    rows, shapes = read(path, "by_number", "id")

    found, _ = strays_of(path, shapes, "by_number", roots=False)
    names, _ = strays_of(path, shapes, "by_name", roots=False)

    with closing(Pages.of(path)) as pages:
        mapped = {one for one in pages.numbers() if (it := pages.mapped(one)) and it[0] == FREE}
        assert pages.free() == mapped
        assert len(mapped) > 10
    assert sorted(one["id"] for one in found) == sorted(one for (one,) in rows)
    assert names == []


def test_without_map_and_list_of_free_pages_nothing_is_taken_by_its_looks(path):
    _, shapes = read(path, "by_number", "id")
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)

    found, whole = strays_of(path, shapes, "by_number", told=False)

    assert (found, whole) == ([], False)


def test_a_row_whose_overflow_is_of_another_row_is_damaged(path):
    rows, shapes = read(path, "by_number", "id, length(words)")
    longest = max(rows, key=lambda row: row[1])[0]
    with closing(Pages.of(path)) as pages:
        first = [one for one in pages.numbers() if (pages.mapped(one) or (0,))[0] == 3]
    data = bytearray(path.read_bytes())
    for number in first:
        struct.pack_into(">I", data, (number - 1) * 4096, 3)
    path.write_bytes(data)

    found, whole = strays_of(path, shapes, "by_number")

    assert longest not in {one["id"] for one in found}
    assert 0 < len(found) < len(rows)
    assert not whole


@pytest.mark.parametrize("seed", range(20))
def test_damage_of_any_kind_ends_in_fewer_rows_and_no_error(path, seed):
    rows, shapes = read(path, "by_number", "id")
    some = random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(60):
        at = some.randrange(100, len(data) - 8)
        data[at : at + 8] = some.randbytes(8)
    path.write_bytes(data)

    found, _ = strays_of(path, shapes, "by_number", told=seed % 2 == 0)

    assert len(found) <= len(rows) + 5


@pytest.mark.parametrize("at", [0, 16, 20, 21])
def test_a_header_that_makes_no_sense_is_told(path, at):
    data = bytearray(path.read_bytes()[:100])
    data[at] ^= 0x5A

    with pytest.raises(ValueError, match="no "):
        Header.read(bytes(data))


def test_a_page_tells_its_kind_and_its_root(path):
    _, shapes = read(path, "by_number", "id")
    root = next(one.root for one in shapes if one.name == "by_number")
    with closing(Pages.of(path)) as pages:
        leaves = [
            one
            for one in pages.numbers()
            if pages.root_of(one) == root and pages.kind(one) == LEAF_TABLE
        ]
        rows = sum(1 for one in leaves for _ in pages.cells(one))

    assert rows == len(some_rows())


def test_found_keys_are_taken_from_the_lost_ranges():
    assert without([(0, 10), (20, 25)], [1, 2, 5, 5, 15, 21, 25, 99]) == [
        (2, 4),
        (5, 10),
        (21, 24),
    ]
    assert without([(0, 3)], [1, 2, 3]) == []
    assert without([(0, 3)], []) == [(0, 3)]
