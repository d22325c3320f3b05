"""The stream of log lines: one that can't be written ends nothing, and is told of later.

The log often goes to a file on the very disk that is full.
"""

from dataclasses import dataclass
from typing import TextIO


@dataclass(slots=True, eq=False, weakref_slot=True)  # structlog keeps a lock for each
class Unfailing:
    """Writes to ``stream`` while that can be written; ``lost`` counts what could not."""

    stream: TextIO
    lost: int = 0

    def write(self, text: str) -> int:
        """Write the text, or leave it; how much of it is done with."""
        try:
            if self.lost and text.strip():
                self.stream.write(f"({self.lost} pieces of the log could not be written)\n")
                self.lost = 0
            self.stream.write(text)
        except OSError:
            self.lost += 1
        return len(text)

    def flush(self) -> None:
        """Have it written."""
        try:
            self.stream.flush()
        except OSError:
            self.lost += 1
