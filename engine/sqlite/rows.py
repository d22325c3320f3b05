"""Many rows in few steps of SQLite.

Python's library lets go of the interpreter at each step and takes it back after. While another
thread computes, taking it back waits for up to 5 ms, so a hundred rows one by one take a quarter
of a second (measured: 252 ms; in one step 13 ms; idle 1 ms). Hence one step for many rows.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

from engine.sqlite.connection import Connection

# Powers of two, so that any number of rows takes few statements, all of them prepared before.
# 512 rows of 16 values stay far under SQLite's 32,766 parameters.
_LARGEST = 512


def write_rows(
    connection: Connection, head: str, rows: Sequence[Sequence[object]], tail: str = ""
) -> int:
    """Run ``head VALUES (…), (…) tail`` for all rows, each of equal width; how many it changed."""
    changed = 0
    start = 0
    for size in _sizes(len(rows)):
        part = rows[start : start + size]
        statement = _statement(head, len(part[0]), size, tail)
        cursor = connection.execute(statement, list(chain.from_iterable(part)))
        changed += cursor.rowcount
        start += size
    return changed


def read_packed(
    connection: Connection,
    row: str,
    query: str,
    parameters: Sequence[object] = (),
    *,
    opening: str = "'['",
) -> bytes:
    """The rows of ``query`` as one JSON list, in its order.

    ``row`` is an SQL expression over its columns that gives one row as JSON text, ``opening`` one
    that gives the list's first characters.
    """
    (packed,) = connection.execute(
        f"SELECT CAST({opening} || group_concat({row}, ',') || ']' AS BLOB) FROM ({query})",  # noqa: S608 - both are our own text
        parameters,
    ).fetchone()
    return b"[]" if packed is None else bytes(packed)


def _sizes(count: int) -> Iterable[int]:
    while count > 0:
        size = min(_LARGEST, 1 << (count.bit_length() - 1))
        yield size
        count -= size


@lru_cache(maxsize=256)
def _statement(head: str, width: int, size: int, tail: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{head} VALUES {', '.join([row] * size)} {tail}"
