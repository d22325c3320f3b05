"""Documents in the collections of the four models, in the shape of the shop's own entities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bson import ObjectId
from bson.datetime_ms import DatetimeMS

from engine.model.clock import Millis
from engine.store.interface import Document, Model
from engine.store.mongo.bodies import fields_of
from engine.store.mongo.connection import (
    Collection,
    Database,
    Row,
    have_index,
    unless_refused,
)
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

    def write(self, database: Database, documents: Sequence[Document]) -> dict[str, str]:
        """Keep these; of several under one id the last. Those that never can be, by id, and why.

        Each step can be repeated: what a crash left half done is done when the write comes again.
        """
        newest = {one.id: one for one in documents}
        refused: dict[str, str] = {}
        for model in Model:
            mine = [one for one in newest.values() if one.model is model]
            others = [ObjectId(one.id) for one in newest.values() if one.model is not model]
            shelf = self.of(database, model)
            if others:
                # Today's rules may make another model of an event than those of yesterday.
                shelf.delete_many({"_id": {"$in": others}})
            if mine:
                refused |= _put(shelf, mine)
        count_documents(database, [one for one in newest.values() if one.id not in refused])
        return refused

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


def _put(shelf: Collection, documents: Sequence[Document]) -> dict[str, str]:
    """Keep these; why of each that will never be kept."""
    rows = [_row(one) for one in documents]
    if unless_refused(partial(_put_all, shelf, rows)) is None:
        return {}
    # The server names the first that it refused: which others it would is seen one by one.
    each = {one.id: _put_single(shelf, one) for one in documents}
    return {id_: f"store: {shelf.name}: {why}" for id_, why in each.items() if why is not None}


def _put_all(shelf: Collection, rows: Sequence[Row]) -> None:
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
            _replace(shelf, row)


def _put_single(shelf: Collection, document: Document) -> str | None:
    """Keep it, None when done; FerretDB keeps no list directly in a list, so these as text."""
    if unless_refused(partial(_replace, shelf, _row(document))) is None:
        return None
    return unless_refused(partial(_replace, shelf, _row(document, flat=True)))


def _replace(shelf: Collection, row: Row) -> None:
    shelf.replace_one({"_id": row["_id"]}, row, upsert=True)


def _row(document: Document, *, flat: bool = False) -> Row:
    fields = fields_of(document.body, flat=flat)
    return {"_id": ObjectId(document.id), **fields, "timestamp": DatetimeMS(document.at)}
