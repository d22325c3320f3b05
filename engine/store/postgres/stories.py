"""What sessions count for as a whole: worked out anew for those that a write has touched."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from engine.codec.body import dumps
from engine.model.clock import Millis
from engine.store.changes import Change
from engine.store.facts import Fact
from engine.store.postgres.connection import Connection, rows, run
from engine.store.postgres.counts import moment
from engine.store.sessions import MOST, Dated, Moment, session_facts


def millis(moment_: str) -> str:
    """The SQL of a moment in milliseconds."""
    return f"(extract(epoch FROM {moment_}) * 1000)::bigint"


MILLIS = millis("at")

_SAME = "hashtextextended(session, 0) = hashtextextended(%s, 0) AND session = %s"
_OF_ONE = f"""
    SELECT {MILLIS}, story FROM encamina_documents
    WHERE {_SAME} AND story IS NOT NULL ORDER BY at, id LIMIT %s
"""  # noqa: S608 - our own text
_TOLD = f"SELECT {MILLIS}, facts FROM encamina_stories WHERE {_SAME}"  # noqa: S608 - our own text
_FORGET = f"DELETE FROM encamina_stories WHERE {_SAME}"  # noqa: S608 - our own text
_TELL = """
    INSERT INTO encamina_stories (session, at, facts)
    SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::json[])
"""


def tell_again(connection: Connection, sessions: Iterable[str]) -> list[Change]:
    """Work out what these sessions count for; what changes by it."""
    changes: list[Change] = []
    for session in sorted(set(sessions)):
        before = _told(connection, session)
        after = session_facts(_moments(connection, session))
        if sorted(before) == sorted(after):
            continue
        run(connection, _FORGET, (session, session))
        _tell(connection, session, after)
        changes += [Change(one.at, one.fact, -1) for one in before]
        changes += [Change(one.at, one.fact, 1) for one in after]
    return changes


def _told(connection: Connection, session: str) -> list[Dated]:
    found = rows(connection, _TOLD, (session, session))
    return [Dated(Millis(at), Fact(*fact)) for at, facts in found for fact in facts]


def _moments(connection: Connection, session: str) -> list[Moment]:
    found = rows(connection, _OF_ONE, (session, session, MOST))
    return [Moment(Millis(at), step, search) for at, (step, search) in found]


def _tell(connection: Connection, session: str, dated: list[Dated]) -> None:
    if not dated:
        return
    by_time = groupby(sorted(dated), key=attrgetter("at"))
    told = [(moment(at), dumps([one.fact for one in those]).decode()) for at, those in by_time]
    times, facts = (list(column) for column in zip(*told, strict=True))
    run(connection, _TELL, ([session] * len(told), times, facts))
