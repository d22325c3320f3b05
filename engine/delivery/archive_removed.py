"""Which names of an archive are used up: a loader that knows a name never looks at it again.

``.removed`` in the folder tells the latest hour of which a file was removed, and the highest number
that such a file had: what comes of that hour, or one before it, begins behind it::

    2026-11-25T08            3
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

FILE = ".removed"
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d) +(\d+)\n", re.ASCII)
PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Removed:
    """The latest hour, as file names have it, and the highest number; empty and 0 for none."""

    hour: str = ""
    number: int = 0

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What was removed from a folder so far."""
        try:
            found = LINE.match((folder / FILE).read_text("ascii", "replace"))
        except FileNotFoundError:
            return cls()
        return cls() if found is None else cls(found[1], int(found[2]))

    def first(self, hour: str) -> int:
        """The first number that a new file of an hour may have."""
        return self.number + 1 if hour <= self.hour else 1

    def also(self, hour: str, number: int) -> "Removed":
        """The same with one more file."""
        return Removed(max(self.hour, hour), max(self.number, number))

    def write(self, folder: Path) -> None:
        """Keep it; on disk when it returns."""
        # In place and always as long, so that it needs no room on a disk that is full.
        file = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT, PRIVATE)
        try:
            os.write(file, f"{self.hour} {self.number:>12}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)
