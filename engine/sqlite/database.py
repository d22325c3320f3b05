"""A SQLite file as the rooms above get it: its reader and, unless one only looks, its writer."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import trio

from engine.model.errors import StorageError
from engine.sqlite.reader import Reader
from engine.sqlite.size import Usage, give_back_pages, gives_back, usage_of
from engine.sqlite.writer import Writer

GIVE_BACK_EVERY_S = 0.02
"""Between two steps of giving back, so that other writes come between them."""


class Database:
    """One file; several rooms may keep their tables in it and then share its commits."""

    def __init__(self, path: Path, reader: Reader, writer: Writer | None) -> None:
        self.path = path
        self.reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, path: Path, *, look_only: bool = False) -> Self:
        """The database at ``path``; with ``look_only`` nothing is written, not even the file."""
        return cls(path, Reader(path), None if look_only else await Writer.open(path))

    @property
    def look_only(self) -> bool:
        """Whether it was opened without a writer."""
        return self._writer is None

    @property
    def writer(self) -> Writer:
        """Its writer; raises ``StorageError`` where it was opened to look only."""
        if self._writer is None:
            raise StorageError(f"{self.path}: opened to look only, nothing can be written")
        return self._writer

    async def usage(self) -> Usage:
        """How much room it takes."""
        return await self.reader.run(partial(usage_of, path=self.path))

    async def give_back(self) -> None:
        """Give all room that holds nothing back to the disk, in small steps."""
        if not await self.reader.run(gives_back):
            return
        left = 1
        while left:
            left = await self.writer.run(give_back_pages)
            await trio.sleep(GIVE_BACK_EVERY_S)

    async def close(self) -> None:
        """Close the connections, the writer last so that it leaves one tidy file."""
        await self.reader.close()
        if self._writer is not None:
            await self._writer.close()


class Databases:
    """The SQLite files of a data folder, each opened once: ``async with Databases(folder)``.

    The log and the state may name the same file; then one commit serves both.
    """

    def __init__(self, folder: Path, *, look_only: bool = False) -> None:
        self._folder = folder
        self._look_only = look_only
        self._open: dict[Path, Database] = {}
        self._beside: list[Callable[[], Awaitable[None]]] = []
        self._turn = trio.Lock()

    @property
    def look_only(self) -> bool:
        """Whether nothing is written."""
        return self._look_only

    async def get(self, name: str) -> Database:
        """The file of that name in the folder (or at that path, if absolute)."""
        path = self._folder / name
        async with self._turn:
            if path not in self._open:
                self._open[path] = await Database.open(path, look_only=self._look_only)
            return self._open[path]

    async def usage(self) -> Usage:
        """How much room the open files take together; they lie on one disk."""
        each = [await database.usage() for database in self._open.values()]
        return Usage(
            sum(one.used_bytes for one in each),
            sum(one.idle_bytes for one in each),
            min((one.left_bytes for one in each), default=0),
        )

    async def usage_of(self, name: str) -> Usage | None:
        """How much room one of them takes; None if it is not open."""
        found = self._open.get(self._folder / name)
        return None if found is None else await found.usage()

    async def give_back(self) -> None:
        """Give what room holds nothing back to the disk."""
        for database in self._open.values():
            await database.give_back()

    def close_too(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have ``close`` called before the files are closed: of what is kept beside them."""
        self._beside.append(close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with trio.CancelScope(shield=True):
            for close in self._beside:
                await close()
            for database in self._open.values():
                await database.close()
