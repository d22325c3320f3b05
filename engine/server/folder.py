"""The data folder: held by one process at a time, and marked with the mode it was made in.

Files: ``encamina.lock`` (held with flock by whoever serves or changes the folder; its lines are
that process's id and, once a server listens, its URL), ``mode`` (``sandbox`` or ``live``, written
once), and the databases.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.model.errors import DataFolderError

LOCK = "encamina.lock"
MARK = "mode"
PRIVATE = 0o077
"""What is made in a data folder holds people's data and keys: for its owner alone."""
LOOKS, LOOK_S = 5, 0.01
"""How often, and how far apart, a lock is tried before it counts as held."""


class FolderHeld(DataFolderError):  # noqa: N818 - reads as what happened
    """Another process holds the folder: ``url`` is where it listens, None if it does not (yet)."""

    def __init__(self, folder: Path, holder: str, url: str | None) -> None:
        where = f" at {url}" if url else ""
        who = f" (process {holder}{where})" if holder else ""
        super().__init__(
            f"the data folder {folder} is served by another process{who}; "
            "stop it, or name another folder with --data"
        )
        self.url = url


@dataclass(frozen=True, slots=True)
class Hold:
    """The folder is ours while the block lasts."""

    lock: IO[str]

    def listens_at(self, url: str) -> None:
        """Tell commands in other processes where to ask for changes."""
        _write(self.lock, f"{os.getpid()}\n{url}\n")


@contextmanager
def held(folder: Path, mode: str) -> Iterator[Hold]:
    """Hold the folder, made if need be; raises ``FolderHeld`` if another process does.

    A folder made in one mode is refused in the other (``DataFolderError``), so that no demo event
    reaches a real vendor.
    """
    before = os.umask(PRIVATE)
    try:
        with _opened(folder) as lock:
            _take(lock, folder)
            _check_mode(folder, mode)
            yield Hold(lock)
    finally:
        os.umask(before)


def _opened(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / LOCK).open("a+")
    except OSError as error:
        raise DataFolderError(f"can't use the data folder {folder}: {error.strerror}") from error


def mode_of(folder: Path) -> str | None:
    """The mode the folder was made in, None if it was never served."""
    try:
        return (folder / MARK).read_text().strip() or None
    except OSError:
        return None


def served_at(folder: Path) -> str | None:
    """Where the server that holds the folder listens; None if none does, or not yet."""
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with (folder / LOCK).open() as lock:
            return [*lock.read().splitlines(), "", ""][1] or None
    except OSError:
        return None
    return None


def _take(lock: IO[str], folder: Path) -> None:
    try:
        _lock(lock)
    except OSError as error:
        lock.seek(0)
        holder, url, *_ = [*lock.read().splitlines(), "", ""]
        raise FolderHeld(folder, holder, url or None) from error
    _write(lock, f"{os.getpid()}\n")


def _lock(lock: IO[str]) -> None:
    """Take it; who only looks at whether it is held (``served_at``) has it for an instant."""
    for _ in range(LOOKS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_S)
        else:
            return
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write(lock: IO[str], text: str) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(text)
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
