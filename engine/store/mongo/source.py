"""The collections of a shop's own analytics module, read in the order of their ids."""

from functools import partial
from typing import Self

from bson import ObjectId

from engine.model.errors import StorageError
from engine.store.imports import Batch
from engine.store.interface import Document, Model
from engine.store.mongo.bodies import body_of, time_of
from engine.store.mongo.connection import Connections, Database, address_of
from engine.store.mongo.documents import Shelves


class MongoSource:
    """A ``Source`` of documents; nothing is written there. Make it with ``MongoSource.at``."""

    def __init__(self, connections: Connections, shelves: Shelves) -> None:
        self._connections = connections
        self._shelves = shelves
        names = " ".join(shelves.names[model] for model in Model)
        self.name = f"{connections.address.shown} {names}"

    @classmethod
    def at(cls, url: str) -> Self:
        """The source at ``url``; raises ``StorageError`` for one that can't be read."""
        address = address_of(url)
        return cls(Connections(address, None), Shelves(address.collections))

    async def count(self) -> dict[Model, int]:
        """See ``Source.count``."""
        return await self._connections.read(self._shelves.count)

    async def read(self, model: Model, after: str | None, limit: int) -> Batch:
        """See ``Source.read``."""
        work = partial(_read, shelves=self._shelves, model=model, after=after, limit=limit)
        return await self._connections.read(work)

    async def close(self) -> None:
        """See ``Source.close``."""
        await self._connections.close()


def _read(
    database: Database, *, shelves: Shelves, model: Model, after: str | None, limit: int
) -> Batch:
    shelf = shelves.of(database, model)
    wanted = {} if after is None else {"_id": {"$gt": ObjectId(after)}}
    rows = list(shelf.find(wanted).sort("_id", 1).limit(limit))
    if any(not isinstance(row["_id"], ObjectId) for row in rows):
        raise StorageError(f"store: {shelf.name} has documents whose _id is no ObjectId")
    documents = [
        Document(str(row["_id"]), model, body_of(row), at)
        for row in rows
        if (at := time_of(row)) is not None
    ]
    return Batch(documents, str(rows[-1]["_id"]) if rows else None)
