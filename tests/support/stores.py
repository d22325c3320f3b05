"""Every engine of the analytics store, each over an empty place of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.sqlite.database import Databases
from engine.store.interface import Store
from engine.store.open import open_store
from tests.support.ferretdb import FerretServer
from tests.support.postgres import PostgresServer

SERVERS = ("postgres", "ferretdb")


@dataclass
class ServerEngine:
    """A store on a server, in a database that no other test uses."""

    server: PostgresServer | FerretServer
    url: str
    folder: Path

    @asynccontextmanager
    async def store(self, *, look_only: bool = False) -> AsyncIterator[Store]:
        async with Databases(self.folder, look_only=look_only) as databases:
            yield await open_store(self.url, databases)

    def after_a_crash(self) -> "ServerEngine":
        """The same place, after the server has died and come back."""
        self.server.stop()
        self.server.start()
        return self


def server_engine(name: str, request: pytest.FixtureRequest, folder: Path) -> ServerEngine:
    """The engine over the server of that name, which is started if it is the first to need it."""
    server = request.getfixturevalue(name)
    return ServerEngine(server, server.new_url(), folder)
