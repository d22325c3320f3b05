"""One group of work in one transaction: what a writer's thread does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from engine.model.errors import StorageError
from engine.sqlite.connection import Connection, SqliteError, storage_fault


@dataclass(slots=True, eq=False)
class Call:
    """One caller's work; ``result`` counts once ``written``, and ``error`` says why it is not.

    ``task`` is who waits for it; ``leads`` tells that task to write the next group.
    """

    work: Callable[[Connection, Sequence[Any]], Sequence[Any]]
    item: Any
    task: trio.lowlevel.Task | None = None
    leads: bool = False
    written: bool = False
    result: Any = None
    error: Exception | None = None


def write_group(connection: Connection, path: Path, calls: Sequence[Call]) -> None:
    """Do the work of all calls in one transaction, and note in each what became of it.

    A call whose work fails is undone alone. If the transaction itself fails, nothing of the group
    was written and every call has an error.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        for alike in _by_work(calls):
            _perform(connection, alike)
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - handed to every caller of the group
        _undo(connection)
        fail(calls, path, error)
    else:
        _confirm(calls, path)


def fail(calls: Sequence[Call], path: Path, error: Exception) -> None:
    """Give ``error`` to each call that has none yet, as one of our own exceptions."""
    for call in calls:
        call.error = _ours(call.error or error, path)


def _by_work(calls: Sequence[Call]) -> list[list[Call]]:
    alike: dict[object, list[Call]] = {}
    for call in calls:
        alike.setdefault(call.work, []).append(call)
    return list(alike.values())


def _perform(connection: Connection, calls: Sequence[Call]) -> None:
    connection.execute("SAVEPOINT work")
    try:
        results = calls[0].work(connection, [call.item for call in calls])
        for call, result in zip(calls, results, strict=True):
            call.result = result
    except Exception as error:
        # A full disk and the like end the whole transaction, not this work alone.
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO work")
        _perform_alone(connection, calls, error)
    connection.execute("RELEASE work")


def _perform_alone(connection: Connection, calls: Sequence[Call], error: Exception) -> None:
    if len(calls) == 1:
        calls[0].error = error
        return
    for call in calls:
        _perform(connection, [call])


def _undo(connection: Connection) -> None:
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except SqliteError:
        # The file refuses even that; SQLite undoes it when the file is opened again.
        return


def _confirm(calls: Sequence[Call], path: Path) -> None:
    for call in calls:
        if call.error is None:
            call.written = True
        else:
            call.error = _ours(call.error, path)


def _ours(error: Exception, path: Path) -> Exception:
    if isinstance(error, SqliteError):
        return storage_fault(error, path)
    if isinstance(error, StorageError):
        return type(error)(*error.args)
    return error
