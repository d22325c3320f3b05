"""The one writer of a SQLite file: everything that waits is written in one transaction.

There is no task in the background. The first caller that finds nobody writing leads: it takes what
waits, its own work included, runs it in a thread as one transaction, answers everyone, and hands
the lead to the first that came meanwhile. So a group is what waited while the former group was
being committed: one fsync for all of it, and no delay for a lonely caller.
"""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import trio

from engine.model.errors import StorageError
from engine.sqlite.connection import Connection, SqliteError, connect_to_write
from engine.sqlite.group import Call, fail, write_group

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

# A group of 64 batches of 100 events is some 10 MB of WAL, a tenth of a second on a plain disk.
MAX_GROUP = 64
MAX_WAITING = 4096


class Writer:
    """Runs work on the one connection that writes ``path``; make it with ``Writer.open``."""

    def __init__(self, path: Path, connection: Connection) -> None:
        self.path = path
        self._connection = connection
        self._waiting: deque[Call] = deque()
        self._room = trio.Semaphore(MAX_WAITING)
        self._limiter = trio.CapacityLimiter(1)
        self._led = False
        self._closed = False
        self._idle = trio.Event()

    @classmethod
    async def open(cls, path: Path) -> Self:
        """The writer of ``path``; the file is made if it is not there, its folder is not."""
        return cls(path, await trio.to_thread.run_sync(connect_to_write, path))

    async def run(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """What ``work`` gives; when this returns, all that it wrote is on disk.

        ``work`` runs in a thread, in a transaction that it shares with others; what it raises
        undoes its own writes only, and is raised here. Raises ``StorageFull`` or ``StorageError``
        where the file fails; then nothing of it was written. A caller that is cancelled before
        its turn has written nothing; after that it waits for the end, so it always knows.
        """

        def alone(connection: Connection, _: Sequence[None]) -> list[ResultT]:
            return [work(connection)]

        return await self.run_together(alone, None)

    async def run_together(
        self, work: Callable[[Connection, Sequence[ItemT]], Sequence[ResultT]], item: ItemT
    ) -> ResultT:
        """What ``work`` gives for ``item``: as ``run``, for work that many callers bring at once.

        Items that wait with equal ``work`` are handed to it in one call, and it gives a result for
        each. If that raises, each item is tried alone, so that only the callers at fault see it;
        ``work`` may thus run twice, and does nothing but SQL.
        """
        async with self._room:
            if self._closed:
                raise StorageError(f"{self.path}: closed already, nothing was written")
            call = Call(work, item)
            self._waiting.append(call)
            if not self._led or await self._wait(call):
                await self._lead()
        result: ResultT = self._result_of(call)
        return result

    async def close(self) -> None:
        """Finish what waits, move all into the main file and close it; safe to repeat."""
        if self._closed:
            return
        self._closed = True
        with trio.CancelScope(shield=True):
            if self._led:
                await self._idle.wait()
            await trio.to_thread.run_sync(_checkpoint_and_close, self._connection)

    async def _wait(self, call: Call) -> bool:
        """Whether this caller is to lead the next group; its call is done if not."""

        def withdraw(_: object) -> trio.lowlevel.Abort:
            if call not in self._waiting:
                return trio.lowlevel.Abort.FAILED
            self._waiting.remove(call)
            return trio.lowlevel.Abort.SUCCEEDED

        call.task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(withdraw)
        return call.leads

    async def _lead(self) -> None:
        self._led = True
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_GROUP))]
        try:
            # Others depend on this group, so the leader's own cancellation can't stop it.
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(
                    write_group, self._connection, self.path, group, limiter=self._limiter
                )
        except RuntimeError as error:  # no thread could be started
            fail(group, self.path, error)
        finally:
            for call in group[1:]:
                _wake(call)
            self._hand_over()

    def _hand_over(self) -> None:
        if self._waiting:
            self._waiting[0].leads = True
            _wake(self._waiting[0])
            return
        self._led = False
        if self._closed:
            self._idle.set()

    def _result_of(self, call: Call) -> Any:
        if call.error is not None:
            raise call.error
        if not call.written:
            raise StorageError(f"{self.path}: interrupted, nothing was written")
        return call.result


def _wake(call: Call) -> None:
    if call.task is not None:
        trio.lowlevel.reschedule(call.task)


def _checkpoint_and_close(connection: Connection) -> None:
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except SqliteError:
        # Nothing is lost: what is in the WAL is read from there when the file is opened again.
        pass
    finally:
        connection.close()
