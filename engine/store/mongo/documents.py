"""Documents in the collections of the four models, in the shape of the shop's own entities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bson import ObjectId
from bson.datetime_ms import DatetimeMS

from engine.model.clock import Millis
from engine.store.interface import Document, Model
from engine.store.mongo.bodies import to_kept
from engine.store.mongo.connection import Collection, Database, Row, have_index
from engine.store.mongo.counted import count_documents, make_indexes, uncount

_BY_TIME: Final = [("timestamp", 1), ("_id", 1)]


@dataclass(frozen=True, slots=True)
class Shelves:
    """The collection of each model in a database."""

    names: Mapping[Model, str]

    def of(self, database: Database, model: Model) -> Collection:
        """The collection of one model."""
        return database[self.names[model]]

    def prepare(self, database: Database) -> None:
        """Make the indexes; those that are there stay."""
        for model in Model:
            shelf = self.of(database, model)
            have_index(shelf, _BY_TIME)
            have_index(shelf, [("sessionId", 1), *_BY_TIME])
            have_index(shelf, [("userId", 1), *_BY_TIME])
        have_index(self.of(database, Model.EVENT), [("eventCategory", 1), *_BY_TIME])
        make_indexes(database)

    def write(self, database: Database, documents: Sequence[Document]) -> None:
        """Keep these; of several under one id the last.

        Each step can be repeated: what a crash left half done is done when the write comes again.
        """
        newest = {one.id: one for one in documents}
        for model in Model:
            mine = [one for one in newest.values() if one.model is model]
            others = [ObjectId(one.id) for one in newest.values() if one.model is not model]
            shelf = self.of(database, model)
            if others:
                # Today's rules may make another model of an event than those of yesterday.
                shelf.delete_many({"_id": {"$in": others}})
            if mine:
                _put(shelf, [_row(one) for one in mine])
        count_documents(database, list(newest.values()))

    def remove_before(self, database: Database, before: Millis, limit: int) -> int:
        """Remove documents older than that moment, the oldest of each model first; how many."""
        gone = 0
        for model in Model:
            if gone == limit:
                break
            shelf = self.of(database, model)
            old = shelf.find({"timestamp": {"$lt": DatetimeMS(before)}}, {"_id": 1})
            ids = [row["_id"] for row in old.sort(_BY_TIME).limit(limit - gone)]
            if ids:
                uncount(database, [str(id_) for id_ in ids])
                shelf.delete_many({"_id": {"$in": ids}})
            gone += len(ids)
        return gone

    def count(self, database: Database) -> dict[Model, int]:
        """How many documents of each model there are."""
        return {model: self.of(database, model).count_documents({}) for model in Model}


def _put(shelf: Collection, rows: Sequence[Row]) -> None:
    """Insert what is new in one step, and replace the rest.

    One by one, as FerretDB hangs on many replacements in one step; what is there already comes
    from a replay or a second try only.
    """
    there = shelf.find({"_id": {"$in": [row["_id"] for row in rows]}}, {"_id": 1})
    known = {row["_id"] for row in there}
    new = [row for row in rows if row["_id"] not in known]
    if new:
        shelf.insert_many(new)
    for row in rows:
        if row["_id"] in known:
            shelf.replace_one({"_id": row["_id"]}, row, upsert=True)


def _row(document: Document) -> Row:
    fields: Row = to_kept(document.body)
    return {"_id": ObjectId(document.id), **fields, "timestamp": DatetimeMS(document.at)}
