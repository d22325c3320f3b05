"""The store on MongoDB: the shop's own collections, and two of ours for what is counted."""

from collections.abc import Sequence
from functools import partial
from typing import Self

from engine.model.clock import Millis
from engine.model.errors import DocumentsRefused
from engine.store.answers import answer
from engine.store.interface import Answer, Document, Model
from engine.store.mongo.connection import Connections, address_of
from engine.store.mongo.documents import Shelves
from engine.store.mongo.reading import MongoReading
from engine.store.questions import Asked


class MongoStore:
    """A ``Store`` (see the interface for its promises); make it with ``MongoStore.at``."""

    def __init__(self, connections: Connections, shelves: Shelves) -> None:
        self._connections = connections
        self._shelves = shelves

    @classmethod
    def at(cls, url: str, *, look_only: bool = False) -> Self:
        """The store at ``url``; nothing is asked of the server before the first call needs it.

        Raises ``StorageError`` for a URL that can't be read.
        """
        address = address_of(url)
        shelves = Shelves(address.collections)
        return cls(Connections(address, None if look_only else shelves.prepare), shelves)

    async def write(self, documents: Sequence[Document]) -> None:
        """See ``Store.write``."""
        if not documents:
            return
        refused = await self._connections.write(partial(self._shelves.write, documents=documents))
        if refused:
            raise DocumentsRefused(refused)

    async def ask(self, asked: Asked) -> Answer:
        """See ``Store.ask``."""
        return await self._connections.read(
            lambda database: answer(MongoReading(database, self._shelves), asked)
        )

    async def count(self) -> dict[Model, int]:
        """See ``Store.count``."""
        return await self._connections.read(self._shelves.count)

    async def trim(self, before: Millis, *, limit: int) -> int:
        """See ``Store.trim``."""
        work = partial(self._shelves.remove_before, before=before, limit=limit)
        return await self._connections.write(work)

    async def close(self) -> None:
        """See ``Store.close``."""
        await self._connections.close()
