"""The questions' verbs as queries, with operators that MongoDB 5 and FerretDB 1.24 both have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any, Final

from bson import ObjectId
from bson.datetime_ms import DatetimeMS

from engine.model.clock import Millis
from engine.store.declared import Asked
from engine.store.interface import Model
from engine.store.mongo.bodies import body_of, time_of
from engine.store.mongo.connection import Database, Row
from engine.store.mongo.counted import OF_SESSIONS, facts_in
from engine.store.mongo.documents import Shelves
from engine.store.periods import EVER, Parts
from engine.store.reading import LAST, Column, Counted, Counts, Found, Whose

_FIELDS: Final[Mapping[Column, str]] = {
    "session": "sessionId",
    "user": "userId",
    "category": "eventCategory",
}


@dataclass(frozen=True, slots=True)
class MongoReading:
    """A ``Reading`` of one database."""

    database: Database
    shelves: Shelves

    def newest(self, whose: Whose, asked: Asked) -> list[Found]:
        """See ``Reading.newest``."""
        wanted = {_FIELDS[whose.column]: whose.value}
        return self._found(whose.model, wanted, asked, newest_first=True)

    def journey(self, session: str, asked: Asked) -> list[Found]:
        """See ``Reading.journey``."""
        each = [
            self._found(model, {"sessionId": session}, asked, newest_first=False) for model in Model
        ]
        return list(merge(*each, key=lambda one: (one.at, one.id)))[: asked.limit + 1]

    def views_of(self, session: str) -> tuple[Millis, Millis] | None:
        """See ``Reading.views_of``."""
        return self._ends(self.shelves.names[Model.PAGE_VIEW], {"sessionId": session}, "timestamp")

    def ends(self, model: Model | None) -> tuple[Millis, Millis] | None:
        """See ``Reading.ends``."""
        if model is None:
            return self._ends(facts_in(self.database).name, {"of": OF_SESSIONS}, "at")
        return self._ends(self.shelves.names[model], {}, "timestamp")

    def top(self, which: Counts, parts: Parts, limit: int) -> list[Counted]:
        """See ``Reading.top``."""
        wanted = _wanted(which, parts)
        most: list[Row] = [{"$sort": {"sum": -1, "_id": 1}}, {"$limit": limit}]
        numbers = self._sums(wanted, "$key", "number", most)
        return self._with_amounts(wanted, numbers)

    def keyed(self, which: Counts, parts: Parts, keys: Sequence[str]) -> dict[str, Counted]:
        """See ``Reading.keyed``."""
        wanted = {**_wanted(which, parts), "key": {"$in": list(keys)}}
        found = self._with_amounts(wanted, self._sums(wanted, "$key", "number"))
        return {one.key: one for one in found}

    def by_day(self, which: Counts, parts: Parts, prefix: str = "") -> list[tuple[int, Counted]]:
        """See ``Reading.by_day``."""
        wanted, by = _wanted(which, parts), {"day": "$day", "key": "$key"}
        if prefix:
            wanted["key"] = {"$gte": prefix, "$lt": prefix + LAST}
        amounts = {
            (row["_id"]["day"], row["_id"]["key"]): row["sum"]
            for row in self._sums({**wanted, "amount": {"$ne": 0}}, by, "amount")
        }
        found = []
        for row in self._sums(wanted, by, "number"):
            day, key = row["_id"]["day"], row["_id"]["key"]
            found.append((day, Counted(key, int(row["sum"]), int(amounts.get((day, key), 0)))))
        return sorted(found, key=lambda one: (-one[0], one[1].key))

    def _found(self, model: Model, wanted: Row, asked: Asked, *, newest_first: bool) -> list[Found]:
        conditions: list[Row] = [wanted]
        if asked.since is not None:
            conditions.append({"timestamp": {"$gte": DatetimeMS(asked.since)}})
        if asked.until is not None:
            conditions.append({"timestamp": {"$lt": DatetimeMS(asked.until)}})
        if asked.after is not None:
            at, id_ = DatetimeMS(asked.after[0]), ObjectId(asked.after[1])
            beyond = "$lt" if newest_first else "$gt"
            conditions.append(
                {"$or": [{"timestamp": {beyond: at}}, {"timestamp": at, "_id": {beyond: id_}}]}
            )
        order = -1 if newest_first else 1
        shelf = self.shelves.of(self.database, model)
        rows = shelf.find({"$and": conditions}).sort([("timestamp", order), ("_id", order)])
        return [_found_in(model, row) for row in rows.limit(asked.limit + 1)]

    def _ends(self, name: str, wanted: Row, field: str) -> tuple[Millis, Millis] | None:
        moments: list[Millis] = []
        for order in (1, -1):
            found = self.database[name].find(wanted, {field: 1}).sort(field, order).limit(1)
            moments += [time_of({"timestamp": row.get(field)}) or Millis(0) for row in found]
        return (moments[0], moments[1]) if moments else None

    def _with_amounts(self, wanted: Row, numbers: Sequence[Row]) -> list[Counted]:
        """Two questions, as FerretDB adds up one thing at a time."""
        among = {"key": {"$in": [row["_id"] for row in numbers]}, "amount": {"$ne": 0}}
        amounts = {
            row["_id"]: row["sum"] for row in self._sums({**wanted, **among}, "$key", "amount")
        }
        return [
            Counted(row["_id"], int(row["sum"]), int(amounts.get(row["_id"], 0))) for row in numbers
        ]

    def _sums(self, wanted: Row, by: Any, what: str, then: Sequence[Row] = ()) -> list[Row]:
        steps = [{"$match": wanted}, {"$group": {"_id": by, "sum": {"$sum": f"${what}"}}}, *then]
        return list(facts_in(self.database).aggregate(steps, allowDiskUse=True))


def _wanted(which: Counts, parts: Parts) -> Row:
    """The condition for the facts that count in these parts."""
    wanted: Row = {"kind": which.kind, "scope": which.scope}
    if parts != EVER:
        since, until = parts.span
        wanted["at"] = {"$gte": DatetimeMS(since), "$lt": DatetimeMS(until)}
    return wanted


def _found_in(model: Model, row: Mapping[str, Any]) -> Found:
    return Found(str(row["_id"]), time_of(row) or Millis(0), model, body_of(row))
