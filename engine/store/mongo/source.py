"""The collections of a shop's own analytics module, read in the order of their ids.

Ids that are no ObjectId have an order among their own kind only, so kinds are read one after the
other. The place that was reached is the id as text, with its kind before it.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Self

from bson import Binary, Decimal128, ObjectId
from bson.errors import BSONError

from engine.store.ids import imported_id
from engine.store.imports import SCHEMES, Batch, Imported
from engine.store.interface import Document, Model
from engine.store.mongo.address import Address
from engine.store.mongo.bodies import body_of, time_of
from engine.store.mongo.connection import (
    Collection,
    Connections,
    Database,
    Row,
    address_of,
)
from engine.store.mongo.documents import Shelves

KINDS: Final = ("objectId", "string", "number", "binData")
"""Types of ``_id`` that are taken over, as ``$type`` names them; the first keeps its id."""

NO_OBJECT_ID: Final = {"_id": {"$not": {"$type": KINDS[0]}}}

OF_ANOTHER_KIND = "_id is neither an ObjectId nor a text, a number or bytes"
WITHOUT_TIME = "_id is no ObjectId, and timestamp no time"
OF_THE_STORE = "_id is no ObjectId, and in the store's own collection it can't get another"


class MongoSource:
    """A ``Source`` of documents; nothing is written there. Make it with ``MongoSource.at``."""

    def __init__(
        self, connections: Connections, shelves: Shelves, own: frozenset[Model] = frozenset()
    ) -> None:
        self._connections = connections
        self._shelves = shelves
        self._own = own
        names = " ".join(shelves.names[model] for model in Model)
        self.name = f"{connections.address.shown} {names}"

    @classmethod
    def at(cls, url: str, store_url: str = "") -> Self:
        """The source at ``url``; raises ``StorageError`` for one that can't be read.

        ``store_url`` is where the documents will go, which may be the same collections.
        """
        address = address_of(url)
        own = _shared(address, store_url)
        return cls(Connections(address, None), Shelves(address.collections), own)

    async def count(self) -> list[Imported]:
        """See ``Source.count``."""
        return await self._connections.read(self._count)

    async def read(self, model: Model, after: str | None, limit: int) -> Batch:
        """See ``Source.read``."""
        return await self._connections.read(
            partial(self._read, model=model, after=after, limit=limit)
        )

    async def close(self) -> None:
        """See ``Source.close``."""
        await self._connections.close()

    def _count(self, database: Database) -> list[Imported]:
        found = []
        for model, count in self._shelves.count(database).items():
            shelf = self._shelves.of(database, model)
            left_out = Counter[str]()
            for row in shelf.find(NO_OBJECT_ID, {"_id": 1, "timestamp": 1}):
                if why := self._left_out(model, row):
                    left_out[why] += 1
            found.append(Imported(model, count - left_out.total(), left_out=dict(left_out)))
        return found

    def _read(self, database: Database, model: Model, after: str | None, limit: int) -> Batch:
        shelf = self._shelves.of(database, model)
        kind, condition = _beyond(after)
        for one in KINDS[KINDS.index(kind) :]:
            wanted = condition if one == kind and condition else {"$type": one}
            rows = list(shelf.find({"_id": wanted}).sort("_id", 1).limit(limit))
            if rows:
                return self._batch(model, rows)
        return Batch((), None, _others(shelf))

    def _batch(self, model: Model, rows: list[Row]) -> Batch:
        documents, left_out = [], Counter[str]()
        for row in rows:
            if why := self._left_out(model, row):
                left_out[why] += 1
            elif (at := time_of(row)) is not None:
                documents.append(Document(_name_of(model, row), model, body_of(row), at))
        return Batch(documents, _place_of(rows[-1]["_id"]), dict(left_out))

    def _left_out(self, model: Model, row: Mapping[str, Any]) -> str | None:
        """Why a document can't be taken over; None where it can."""
        id_ = row["_id"]
        if isinstance(id_, ObjectId):
            return None
        if _place_of(id_) is None:
            return OF_ANOTHER_KIND
        if model in self._own:
            # It would stand there twice.
            return OF_THE_STORE
        return WITHOUT_TIME if time_of(row) is None else None


def _shared(address: Address, store_url: str) -> frozenset[Model]:
    """The models whose collection the store has too."""
    if not store_url.startswith(SCHEMES):
        return frozenset()
    store = address_of(store_url)
    if store.place != address.place:
        return frozenset()
    names = set(store.collections.values())
    return frozenset(model for model, name in address.collections.items() if name in names)


def _others(shelf: Collection) -> dict[str, int]:
    count = shelf.count_documents({"_id": {"$not": {"$type": list(KINDS)}}})
    return {OF_ANOTHER_KIND: count} if count else {}


def _name_of(model: Model, row: Mapping[str, Any]) -> str:
    id_ = row["_id"]
    return str(id_) if isinstance(id_, ObjectId) else imported_id(model.value, _place_of(id_) or "")


def _place_of(id_: Any) -> str | None:
    """An id as text; None for one of a kind that is not taken over."""
    match id_:
        case ObjectId():
            return str(id_)
        case str():
            return f"string:{id_}"
        case int() | float() if not isinstance(id_, bool):
            return f"number:{float(id_)!r}" if isinstance(id_, float) else f"number:{int(id_)}"
        case Decimal128():
            return f"number:d{id_}"
        case bytes():
            return f"binData:{getattr(id_, 'subtype', 0)}:{id_.hex()}"
        case _:
            return None


def _beyond(place: str | None) -> tuple[str, dict[str, Any]]:
    """The kind of id that was reached, and the condition for what comes after in it.

    The beginning where the place makes no sense.
    """
    kind, colon, text = (place or "").partition(":")
    try:
        return (kind, {"$gt": _id_in(kind, text)}) if colon else (KINDS[0], {"$gt": ObjectId(kind)})
    except (BSONError, ValueError, ArithmeticError):
        return KINDS[0], {}


def _id_in(kind: str, text: str) -> Any:
    """The id that ``_place_of`` wrote; raises ``ValueError`` and others for what it did not."""
    match kind:
        case "string":
            return text
        case "number" if text.startswith("d"):
            return Decimal128(text[1:])
        case "number":
            return int(text) if text.lstrip("-").isdigit() else float(text)
        case "binData":
            subtype, _, digits = text.partition(":")
            return Binary(bytes.fromhex(digits), int(subtype))
        case _:
            raise ValueError(kind)
