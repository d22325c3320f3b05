"""What documents and sessions count for, in collections of our own.

::

    encamina_facts    _id "ID:N"; of: the model, or "session"; from: the document's id, or the
                      session; kind, scope, key, number, amount, as engine/store/facts has them;
                      at: a date; day: 20261124
    encamina_moments  _id the document's; session; at; step, search: what it means to its session

No sums are kept: MongoDB has no transaction without a replica set, and a sum that is added to twice
is wrong for ever. A fact under a fixed id counts once, however often it is written. So a question
reads the facts of its range, through an index, and adds them up.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bson import ObjectId
from bson.datetime_ms import DatetimeMS

from engine.model.clock import Millis
from engine.store.facts import Fact, facts_of, text_at
from engine.store.interface import Document
from engine.store.mongo.connection import Collection, Database, Row, have_index
from engine.store.periods import periods_of
from engine.store.sessions import MOST, Dated, Moment, moment_of, session_facts

OF_SESSIONS: Final = "session"
_IN_TIME: Final = [("at", 1), ("_id", 1)]


def facts_in(database: Database) -> Collection:
    """The collection of facts."""
    return database["encamina_facts"]


def moments_in(database: Database) -> Collection:
    """The collection of moments."""
    return database["encamina_moments"]


def make_indexes(database: Database) -> None:
    """The indexes of both; one that is there stays."""
    have_index(facts_in(database), [("kind", 1), ("scope", 1), ("at", 1)])
    have_index(facts_in(database), [("from", 1)])
    have_index(facts_in(database), [("of", 1), ("at", 1)])
    have_index(moments_in(database), [("session", 1), *_IN_TIME])


def count_documents(database: Database, documents: Sequence[Document]) -> None:
    """Count these, in place of what their ids counted for before."""
    sessions = _forget(database, [one.id for one in documents])
    rows = [
        _fact_row(f"{one.id}:{number}", one.model.value, one.id, Dated(one.at, fact))
        for one in documents
        for number, fact in enumerate(facts_of(one))
    ]
    if rows:
        facts_in(database).insert_many(rows)
    moments = [row for one in documents if (row := _moment_row(one)) is not None]
    if moments:
        moments_in(database).insert_many(moments)
    _tell_again(database, {*sessions, *(row["session"] for row in moments)})


def uncount(database: Database, ids: Sequence[str]) -> None:
    """Take back what the documents of these ids counted for."""
    _tell_again(database, set(_forget(database, ids)))


def _forget(database: Database, ids: Sequence[str]) -> list[str]:
    """Remove facts and moments of documents; the sessions whose moments they were."""
    facts_in(database).delete_many({"from": {"$in": list(ids)}})
    among = {"_id": {"$in": [ObjectId(id_) for id_ in ids]}}
    sessions = [row["session"] for row in moments_in(database).find(among, {"session": 1})]
    if sessions:
        moments_in(database).delete_many(among)
    return sessions


def _tell_again(database: Database, sessions: Iterable[str]) -> None:
    """Work out what these sessions count for."""
    for session in sorted(sessions):
        found = moments_in(database).find({"session": session}).sort(_IN_TIME).limit(MOST)
        facts = sorted(session_facts([_moment(row) for row in found]))
        name = hashlib.sha256(session.encode()).hexdigest()
        rows = [
            _fact_row(f"{name}:{number}", OF_SESSIONS, name, one)
            for number, one in enumerate(facts)
        ]
        kept = {row["_id"]: row for row in facts_in(database).find({"from": name})}
        if kept == {row["_id"]: row for row in rows}:
            continue
        facts_in(database).delete_many({"from": name})
        if rows:
            facts_in(database).insert_many(rows)


def _fact_row(id_: str, of: str, source: str, one: Dated) -> Row:
    fact: Fact = one.fact
    return {
        "_id": id_,
        "of": of,
        "from": source,
        "kind": fact.kind,
        "scope": fact.scope,
        "key": fact.key,
        "number": fact.number,
        "amount": fact.amount,
        "at": DatetimeMS(one.at),
        "day": periods_of(one.at)[2],
    }


def _moment_row(document: Document) -> Row | None:
    found = moment_of(document.at, document.about)
    if found is None:
        return None
    return {
        "_id": ObjectId(document.id),
        "session": text_at(document.body, "sessionId"),
        "at": DatetimeMS(document.at),
        "step": found.step,
        "search": found.search,
    }


def _moment(row: Mapping[str, Any]) -> Moment:
    return Moment(Millis(int(row["at"])), row["step"], row["search"])
