"""Stories and counts made anew from the documents that are there, after a repair."""

from typing import Any, cast

from engine.codec.body import loads
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed
from engine.store.changes import Change
from engine.store.facts import Fact
from engine.store.sqlite.counts import change_counts
from engine.store.sqlite.stories import tell_again

AT_ONCE = 2000

_ROW = "'[' || seq || ',' || at || ',' || facts || ',' || json_quote(story_of) || ']'"
_PAGE = """
    SELECT seq, at, facts, iif(story IS NULL, NULL, session) AS story_of
    FROM documents WHERE seq > ? ORDER BY seq LIMIT ?
"""


def count_anew(connection: Connection) -> None:
    """Whatever the counts said before, they are the sums over the documents now."""
    connection.execute("DELETE FROM stories")
    connection.execute("DELETE FROM counts")
    reached = 0
    while page := _page(connection, reached):
        reached = page[-1][0]
        changes = [Change(at, Fact(*one), 1) for _, at, facts, _ in page for one in facts]
        touched = [session for _, _, _, session in page if session is not None]
        change_counts(connection, changes + tell_again(connection, touched))


def _page(connection: Connection, after: int) -> list[Any]:
    return cast("list[Any]", loads(read_packed(connection, _ROW, _PAGE, (after, AT_ONCE))))
