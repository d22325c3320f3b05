"""The store on PostgreSQL: tables of its own, each write in one transaction."""

from collections.abc import Sequence
from functools import partial
from typing import Self

from engine.model.clock import Millis
from engine.store.answers import answer
from engine.store.interface import Answer, Document, Model
from engine.store.postgres.connection import Connections, address_of
from engine.store.postgres.documents import count_documents, remove_before, write_documents
from engine.store.postgres.reading import PostgresReading
from engine.store.postgres.tables import check_version, migrate
from engine.store.questions import Asked


class PostgresStore:
    """A ``Store`` (see the interface for its promises); make it with ``PostgresStore.at``."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @classmethod
    def at(cls, url: str, *, look_only: bool = False) -> Self:
        """The store at ``url``; nothing is asked of the server before the first call needs it.

        Raises ``StorageError`` for a URL that can't be read.
        """
        address = address_of(url)
        prepare = check_version if look_only else partial(migrate, schema=address.schema)
        return cls(Connections(address, prepare))

    async def write(self, documents: Sequence[Document]) -> None:
        """See ``Store.write``."""
        if documents:
            await self._connections.write(partial(write_documents, documents=documents))

    async def ask(self, asked: Asked) -> Answer:
        """See ``Store.ask``."""
        return await self._connections.read(
            lambda connection: answer(PostgresReading(connection), asked)
        )

    async def count(self) -> dict[Model, int]:
        """See ``Store.count``."""
        return await self._connections.read(count_documents)

    async def trim(self, before: Millis, *, limit: int) -> int:
        """See ``Store.trim``."""
        return await self._connections.write(partial(remove_before, before=before, limit=limit))

    async def close(self) -> None:
        """See ``Store.close``."""
        await self._connections.close()
