"""Frames: ``LENGTH#JSON`` one after another, cut anywhere, and back.

``LENGTH`` counts UTF-16 code units, as JavaScript counts a text: ``ñ`` is 1, ``😀`` is 2, and on
the wire they are 2 and 4 bytes (docs/nest.md).
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO

from engine.model.jsonvalue import Body, Json

DELIMITER = "#"
HEAD = re.compile(r"\s*\+?([0-9]+)")
"""How JavaScript's ``parseInt`` reads a length: what follows the digits doesn't count."""

LONGEST_HEAD = 64
"""Characters in which the length must have come."""

BYTES_EACH = 4
"""What a character takes while a text is put together, at most."""


class BadFrame(Exception):  # noqa: N818 - reads as what happened
    """What came is no frame, or one that is too large; the text says which."""


class Frames:
    """Puts the frames of one connection together from the bytes as they come."""

    def __init__(self, most_units: int) -> None:
        self._most = most_units
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._head = ""
        self._text = StringIO()
        self._left: int | None = None

    @property
    def is_between(self) -> bool:
        """Whether nothing of a next frame has come yet, so that a silent peer may stay."""
        return self._left is None and not self._head and not self._decoder.getstate()[0]

    @property
    def held_bytes(self) -> int:
        """What a frame takes whose rest has not come."""
        return BYTES_EACH * self._text.tell()

    def feed(self, data: bytes) -> Iterator[str]:
        """The texts of the frames that end in ``data``; raises ``BadFrame`` where no more can."""
        text = self._decoder.decode(data)
        at = 0
        while at < len(text):
            if self._left is None:
                at = self._read_length(text, at)
            else:
                at = self._read_text(text, at, self._left)
                if not self._left:
                    whole, self._text, self._left = self._text.getvalue(), StringIO(), None
                    yield whole

    def _read_length(self, text: str, at: int) -> int:
        """Take the length, or what there is of it; where its text begins."""
        end = text.find(DELIMITER, at, at + LONGEST_HEAD)
        until = end if end >= 0 else min(len(text), at + LONGEST_HEAD)
        # White space, such as a line's end between two frames, is the beginning of none.
        head = (self._head + text[at:until]).lstrip()
        if end < 0 or len(head) > LONGEST_HEAD:
            self._head = head
            if len(head) >= LONGEST_HEAD:
                raise BadFrame(f"no length in the first {LONGEST_HEAD} characters of a frame")
            return until
        self._head = ""
        self._left = self._length(head)
        return end + 1

    def _length(self, head: str) -> int:
        digits = HEAD.match(head)
        length = int(digits[1]) if digits else 0
        if length == 0:
            raise BadFrame("the length of a frame is no number above 0")
        if length > self._most:
            raise BadFrame(f"a frame is longer than {self._most:,} characters")
        return length

    def _read_text(self, text: str, at: int, left: int) -> int:
        """Take what belongs to the frame under way; where the next begins."""
        piece = text[at : at + left]
        if piece.isascii():
            units = len(piece)
        else:
            encoded = piece.encode("utf-16-le")
            if len(encoded) > 2 * left:
                piece = _cut(encoded, left)
            units = min(len(encoded) // 2, left)
        self._text.write(piece)
        self._left = left - units
        return at + len(piece)


def _cut(encoded: bytes, units: int) -> str:
    try:
        return encoded[: 2 * units].decode("utf-16-le")
    except UnicodeDecodeError:
        raise BadFrame("a frame ends within a character") from None


def frame_of(packet: Body) -> bytes:
    """A frame; it is ASCII alone, where bytes, characters and UTF-16 units are the same number."""
    text = json.dumps(packet, separators=(",", ":"), allow_nan=False, default=_plain)
    return f"{len(text)}{DELIMITER}{text}".encode("ascii")


def _plain(value: object) -> Json:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
