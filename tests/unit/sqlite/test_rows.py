import json

import pytest

from engine.sqlite.connection import connect_to_write
from engine.sqlite.rows import read_packed, write_rows


@pytest.fixture
def connection(tmp_path):
    made = connect_to_write(tmp_path / "kept.db")
    made.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)")
    yield made
    made.close()


@pytest.mark.parametrize("count", [0, 1, 3, 100, 511, 512, 1300])
def test_any_number_of_rows_is_written_whole_and_read_in_order(connection, count):
    rows = [(n, f"ñ{n}") for n in range(count)]

    changed = write_rows(connection, "INSERT INTO t", rows)
    packed = read_packed(connection, "json_array(n, text)", "SELECT * FROM t ORDER BY n DESC")

    assert changed == count
    assert json.loads(packed) == [list(row) for row in reversed(rows)]


def test_a_hundred_rows_take_few_steps(connection):
    steps = []
    connection.set_trace_callback(steps.append)

    write_rows(connection, "INSERT INTO t", [(n, "") for n in range(100)])

    assert len(steps) == 3


def test_the_tail_decides_what_becomes_of_rows_that_are_there(connection):
    write_rows(connection, "INSERT INTO t", [(1, "a")])

    tail = "ON CONFLICT (n) DO UPDATE SET text = text || excluded.text"
    write_rows(connection, "INSERT INTO t", [(1, "b"), (2, "c")], tail)

    assert connection.execute("SELECT * FROM t").fetchall() == [(1, "ab"), (2, "c")]


def test_the_opening_may_depend_on_the_rows(connection):
    write_rows(connection, "INSERT INTO t", [(1, "a")])

    opening = "CASE WHEN max(n) = 1 THEN ' [' ELSE '[' END"

    assert read_packed(connection, "n", "SELECT * FROM t", opening=opening) == b" [1]"
