"""Every engine that the conformance tests run on, and the values they use."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.log.interface import Log
from engine.log.open import DAY_MS, LogSettings, open_log
from engine.model.clock import Millis
from engine.model.event import Event
from engine.sqlite.database import Databases
from engine.state.interface import State
from engine.state.open import open_state
from engine.store.interface import Store
from engine.store.open import open_store
from tests.support.stores import SERVERS, ServerEngine, server_engine

NOW = Millis(1_790_000_000_000)


@dataclass
class HandClock:
    """A clock that tests set."""

    at: Millis = NOW

    def __call__(self) -> Millis:
        return self.at

    def pass_ms(self, duration: int) -> None:
        self.at = Millis(self.at + duration)


@dataclass
class SqliteEngine:
    """SQLite, log and state in one file."""

    folder: Path
    clock: HandClock

    @asynccontextmanager
    async def log(self) -> AsyncIterator[Log]:
        async with Databases(self.folder) as databases:
            yield await open_log("sqlite:kept.db", databases, LogSettings(self.clock, DAY_MS))

    @asynccontextmanager
    async def state(self) -> AsyncIterator[State]:
        async with Databases(self.folder) as databases:
            yield await open_state("sqlite:kept.db", databases)

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        async with Databases(self.folder) as databases:
            yield await open_store("sqlite:analytics.db", databases)

    def after_a_crash(self) -> "SqliteEngine":
        """What is found if the process dies now: the files as they are, not closed."""
        image = self.folder.with_name(f"{self.folder.name}-crashed")
        shutil.copytree(self.folder, image)
        return SqliteEngine(image, self.clock)


ENGINES = ("SqliteEngine",)
"""What keeps all three; the store is also kept by servers."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        of_store = metafunc.module.__name__.rpartition(".")[2].startswith("test_store")
        metafunc.parametrize("engine", [*ENGINES, *(SERVERS if of_store else ())], indirect=True)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock
) -> SqliteEngine | ServerEngine:
    folder = tmp_path / "data"
    folder.mkdir()
    if request.param in SERVERS:
        return server_engine(request.param, request, folder)
    return SqliteEngine(folder, clock)


@pytest.fixture
def an_event() -> Callable[..., Event]:
    def make(message_id: str, source: str = "shop", **more: object) -> Event:
        body = {
            "type": "track",
            "event": "Order Completed",
            "messageId": message_id,
            "properties": {"order_id": "10045", "total": 1899000.5, "currency": "COP"},
            **more,
        }
        return Event(source, message_id, "track", "Order Completed", NOW, NOW, body)

    return make
