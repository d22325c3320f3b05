"""How much room the files take, what of it is free to be written anew, and giving it back."""

import os
from dataclasses import dataclass
from pathlib import Path

from engine.sqlite.connection import WAL_KEPT_BYTES, Connection

GIVEN_BACK_AT_ONCE = 500
"""Pages (of 4 KiB) that go back to the disk in one transaction: 4 ms (decision 0012)."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What files hold (``used_bytes``), what they take beyond that, and what their disk has left.

    ``idle_bytes`` are pages without content: they are written before a file grows.
    """

    used_bytes: int
    idle_bytes: int
    left_bytes: int


def usage_of(connection: Connection, path: Path) -> Usage:
    """The usage of one file; of its WAL what goes beyond the part that is always written anew."""
    page_bytes = _number(connection, "page_size")
    idle, pages = _number(connection, "freelist_count"), _number(connection, "page_count")
    waiting = max(0, _size(path.with_name(f"{path.name}-wal")) - WAL_KEPT_BYTES)
    disk = os.statvfs(path.parent)
    return Usage(
        (pages - idle) * page_bytes + waiting, idle * page_bytes, disk.f_bavail * disk.f_frsize
    )


def taken_bytes(path: Path) -> int:
    """What a file takes on the disk, with what waits in its WAL."""
    return _size(path) + _size(path.with_name(f"{path.name}-wal"))


def give_back_pages(connection: Connection) -> int:
    """Give some pages without content back to the disk; how many are left."""
    # The library stops this pragma after one page, whatever number it is given.
    for _ in range(min(GIVEN_BACK_AT_ONCE, _number(connection, "freelist_count"))):
        connection.execute("PRAGMA incremental_vacuum(1)")
    return _number(connection, "freelist_count")


def gives_back(connection: Connection) -> bool:
    """Whether the file can give pages back at all: it was made so."""
    return _number(connection, "auto_vacuum") != 0


def _number(connection: Connection, pragma: str) -> int:
    (number,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(number)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
