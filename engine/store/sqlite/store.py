"""The store on SQLite: questions to the reading connections, documents to the one that writes."""

from collections.abc import Sequence
from functools import partial
from typing import Self

from engine.model.clock import Millis
from engine.sqlite.connection import Connection
from engine.sqlite.database import Database
from engine.sqlite.migrate import check_version, migrate
from engine.store.answers import answer
from engine.store.interface import Answer, Document, Model
from engine.store.questions import Asked
from engine.store.sqlite.documents import count_documents, remove_before, write_documents
from engine.store.sqlite.reading import SqliteReading
from engine.store.sqlite.tables import SCRIPTS

COMPONENT = "store"


class SqliteStore:
    """A ``Store`` (see the interface for its promises); make it with ``SqliteStore.open``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, database: Database) -> Self:
        """The store in ``database``, its tables brought up to date unless one only looks."""
        if database.look_only:
            await database.reader.run(_check)
        else:
            await database.writer.run(_migrate)
        return cls(database)

    async def write(self, documents: Sequence[Document]) -> None:
        """See ``Store.write``."""
        if documents:
            await self._database.writer.run(partial(write_documents, documents=documents))

    async def ask(self, asked: Asked) -> Answer:
        """See ``Store.ask``."""
        return await self._database.reader.run(
            lambda connection: answer(SqliteReading(connection), asked)
        )

    async def count(self) -> dict[Model, int]:
        """See ``Store.count``."""
        return await self._database.reader.run(count_documents)

    async def trim(self, before: Millis, *, limit: int) -> int:
        """See ``Store.trim``."""
        return await self._database.writer.run(partial(remove_before, before=before, limit=limit))

    async def close(self) -> None:
        """See ``Store.close``; the file itself lives as long as its ``Databases``."""


def _migrate(connection: Connection) -> None:
    migrate(connection, COMPONENT, SCRIPTS)


def _check(connection: Connection) -> None:
    check_version(connection, COMPONENT, SCRIPTS)
