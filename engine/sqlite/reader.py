"""Read connections to a SQLite file: a few, each used by one thread at a time.

Works without a writer too, on the files of a server that runs or of one that has stopped.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import trio

from engine.model.errors import StorageError
from engine.sqlite.connection import Connection, SqliteError, connect_to_read, storage_fault

ResultT = TypeVar("ResultT")

# Four destinations that read at once; a fifth waits for some milliseconds.
MAX_CONNECTIONS = 4


class Reader:
    """Runs work on connections that can only read ``path``; they are opened when needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._limiter = trio.CapacityLimiter(MAX_CONNECTIONS)
        self._idle: list[Connection] = []
        self._closed = False

    async def run(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """What ``work`` gives; it runs in a thread and sees everything committed until now.

        Raises ``StorageError`` where the file is not there or can't be read.
        """
        return await trio.to_thread.run_sync(self._read, work, limiter=self._limiter)

    async def close(self) -> None:
        """Close every connection, the ones in use as soon as they are free; safe to repeat."""
        self._closed = True
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._close_idle)

    def _read(self, work: Callable[[Connection], ResultT]) -> ResultT:
        if self._closed:
            raise StorageError(f"{self.path}: closed already, nothing can be read")
        connection = self._take()
        try:
            return work(connection)
        except SqliteError as error:
            raise storage_fault(error, self.path) from error
        finally:
            self._give_back(connection)

    def _take(self) -> Connection:
        # Threads share the list: pop and append are one step each.
        try:
            return self._idle.pop()
        except IndexError:
            return connect_to_read(self.path)

    def _give_back(self, connection: Connection) -> None:
        self._idle.append(connection)
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return
