"""The data folder: held by one server at a time, and marked with the mode it was made in.

Files: ``encamina.lock`` (held with flock by the server that serves the folder; its text is that
server's process id), ``mode`` (``sandbox`` or ``live``, written once), and the databases.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from engine.model.errors import DataFolderError

LOCK = "encamina.lock"
MARK = "mode"


@contextmanager
def held(folder: Path, mode: str) -> Iterator[None]:
    """Hold the folder, made if need be; ``DataFolderError`` if another server does.

    A folder made in one mode is refused in the other, so that no demo event reaches a real vendor.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+")
    except OSError as error:
        raise DataFolderError(f"can't use the data folder {folder}: {error.strerror}") from error
    with lock:
        _take(lock, folder)
        _check_mode(folder, mode)
        yield


def mode_of(folder: Path) -> str | None:
    """The mode the folder was made in, None if it was never served."""
    try:
        return (folder / MARK).read_text().strip() or None
    except OSError:
        return None


def _take(lock: IO[str], folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip()
        who = f" (process {holder})" if holder else ""
        raise DataFolderError(
            f"the data folder {folder} is served by another process{who}; "
            "stop it, or name another folder with --data"
        ) from error
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()


def _check_mode(folder: Path, mode: str) -> None:
    made_in = mode_of(folder)
    if made_in is None:
        (folder / MARK).write_text(f"{mode}\n")
    elif made_in != mode:
        raise DataFolderError(
            f"the data folder {folder} was made in {made_in} mode and is not served in {mode} "
            "mode; name another folder with --data"
        )
