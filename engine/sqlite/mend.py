"""A copy of a damaged file in which the library can read more than in the file itself.

It refuses the whole file where its header is damaged, or where it is shorter than the header says.
In a copy that can be set right, and the rows of every page that is there can be read.
"""

import os
import shutil
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from engine.model.errors import StorageError
from engine.sqlite.pages import HEADER_BYTES, Header

MOST_GROWTH = 64
"""A header that tells of so many times what is there is damaged itself."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy to read from; ``as_it_was`` says that its header tells of the file, all of it."""

    path: Path
    as_it_was: bool


def readable_copy(damaged: Path, copy: Path, model: Path) -> Copy:
    """Copy the file and its WAL, with a header and a length that the library takes.

    ``model`` is a sound file of ours, whose header serves where the own one is damaged. Nothing is
    written to ``damaged``. Raises ``StorageError`` where there is no room.
    """
    try:
        shutil.copyfile(damaged, copy)
        if (wal := Path(f"{damaged}-wal")).exists():
            shutil.copyfile(wal, f"{copy}-wal")
        as_it_was = _set_header(copy, model)
        _set_length(copy)
        _play_wal(copy)
        # What the WAL held may be a header too, and a length.
        _set_header(copy, model)
        return Copy(copy, _set_length(copy) and as_it_was)
    except OSError as error:
        raise StorageError(f"{copy}: no copy can be made: {error.strerror}") from error


def _set_header(path: Path, model: Path) -> bool:
    """Whether the header was sound; else it is the model's now, without a list of free pages."""
    with path.open("r+b") as file:
        head = file.read(HEADER_BYTES)
        try:
            Header.read(head)
        except ValueError:
            with model.open("rb") as other:
                its = bytearray(other.read(HEADER_BYTES))
            struct.pack_into(">2I", its, 32, 0, 0)
            file.seek(0)
            file.write(its)
            return False
    return True


def _set_length(path: Path) -> bool:
    """Whether all pages are there that the header tells of; those that were cut off are empty."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        header = Header.read(file.read(HEADER_BYTES))
        there = -(-size // header.page_bytes)
        pages = header.pages if there <= header.pages <= there * MOST_GROWTH else there
        file.truncate(pages * header.page_bytes)
        file.seek(24)
        changed = file.read(4)
        file.seek(28)
        file.write(struct.pack(">I", pages))
        file.seek(92)
        file.write(changed)
        file.flush()
        os.fsync(file.fileno())
    return pages == header.pages


def _play_wal(path: Path) -> None:
    """Move what is sound in the WAL into the copy, as the library would on opening it."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        # The rows are read as far as they go: from what is in the file.
        pass
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
