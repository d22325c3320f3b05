"""What sessions count for as a whole: worked out anew for those that a write has touched."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

from engine.codec.body import dumps, loads
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows
from engine.store.changes import Change
from engine.store.facts import Fact
from engine.store.sessions import MOST, Dated, Moment, session_facts

_OF_ONE = """
    SELECT at, story FROM documents WHERE session = ? AND story IS NOT NULL ORDER BY at, id LIMIT ?
"""


def tell_again(connection: Connection, sessions: Iterable[str]) -> list[Change]:
    """Work out what these sessions count for; what changes by it."""
    changes: list[Change] = []
    for session in sorted(set(sessions)):
        before = _told(connection, session)
        after = session_facts(_moments(connection, session))
        if sorted(before) == sorted(after):
            continue
        connection.execute("DELETE FROM stories WHERE session = ?", (session,))
        write_rows(connection, "INSERT INTO stories", _rows(session, after))
        changes += [Change(one.at, one.fact, -1) for one in before]
        changes += [Change(one.at, one.fact, 1) for one in after]
    return changes


def _told(connection: Connection, session: str) -> list[Dated]:
    row, query = (
        "'[' || at || ',' || facts || ']'",
        "SELECT at, facts FROM stories WHERE session = ?",
    )
    # As ``_rows`` wrote it.
    found = cast("list[Any]", loads(read_packed(connection, row, query, (session,))))
    return [Dated(at, Fact(*fact)) for at, facts in found for fact in facts]


def _moments(connection: Connection, session: str) -> list[Moment]:
    row = "'[' || at || ',' || story || ']'"
    found = cast("list[Any]", loads(read_packed(connection, row, _OF_ONE, (session, MOST))))
    return [Moment(at, step, search) for at, (step, search) in found]


def _rows(session: str, dated: list[Dated]) -> list[tuple[str, int, str]]:
    by_time = groupby(sorted(dated), key=attrgetter("at"))
    return [(session, at, dumps([one.fact for one in those]).decode()) for at, those in by_time]
