"""The pages of a SQLite file, read without the library: it gives up a tree with a damaged page.

By https://www.sqlite.org/fileformat2.html. Our files are made with incremental vacuum, so they hold
a map that names the parent of each page: a leaf whose root is damaged still tells its table.
Whatever makes no sense raises ``ValueError``: it is damaged.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

HEADER_BYTES = 100
MAGIC = b"SQLite format 3\0"
FIXED = b"\x40\x20\x20"
LOCK_BYTE = 1 << 30
"""The page with this byte is never used."""

INTERIOR_INDEX, INTERIOR_TABLE, LEAF_INDEX, LEAF_TABLE = 0x02, 0x05, 0x0A, 0x0D
SMALLEST = 4
"""The bytes that a row takes on its page at least."""

KINDS = frozenset((INTERIOR_INDEX, INTERIOR_TABLE, LEAF_INDEX, LEAF_TABLE))
ROOT, FREE, OVERFLOW_FIRST, OVERFLOW_MORE, CHILD = 1, 2, 3, 4, 5
"""What the map says a page is."""

MAP_ENTRY = 5
DEEPEST = 20
"""Levels of a tree; a file of the largest size has fewer."""

Value: TypeAlias = int | float | str | bytes | None
Cell: TypeAlias = tuple[int | None, list[Value]]
"""A row as it lies on a page: its row id, where the tree has them, and what is stored."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the first hundred bytes say; ``pages`` is 0 where it is not to be believed."""

    page_bytes: int
    pages: int
    first_free: int
    free: int
    has_map: bool

    @classmethod
    def read(cls, data: bytes | mmap.mmap) -> Self:
        """The header of a file of ours; raises ``ValueError`` where it is none."""
        head = data[:HEADER_BYTES]
        if len(head) < HEADER_BYTES or head[:16] != MAGIC or head[21:24] != FIXED or head[20]:
            raise ValueError("no header")
        (page_bytes,) = struct.unpack_from(">H", head, 16)
        page_bytes = 65536 if page_bytes == 1 else page_bytes
        if page_bytes < 512 or page_bytes & (page_bytes - 1):
            raise ValueError("no size of pages")
        changed, pages, first_free, free = struct.unpack_from(">4I", head, 24)
        (largest_root,) = struct.unpack_from(">I", head, 52)
        (valid_for,) = struct.unpack_from(">I", head, 92)
        known = pages if changed == valid_for else 0
        return cls(page_bytes, known, first_free, free, largest_root > 0)


class Pages:
    """The pages of a file whose header is sound, numbered from 1."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.header = Header.read(data)
        self.size = self.header.page_bytes
        self.count = len(data) // self.size
        self._each_map = self.size // MAP_ENTRY + 1
        self._lock_page = LOCK_BYTE // self.size + 1

    @classmethod
    def of(cls, path: Path) -> Self:
        """The pages of the file at ``path``, which is not written meanwhile; ``close`` them."""
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def close(self) -> None:
        """Let go of the file."""
        self.data.close()

    def numbers(self) -> Iterator[int]:
        """The pages that may belong to a tree."""
        for number in range(1, self.count + 1):
            if number != self._lock_page and not self._is_map(number):
                yield number

    def kind(self, number: int) -> int | None:
        """Which kind of a tree's page it says it is; None where it is none."""
        found = self.data[self._start(number)]
        return found if found in KINDS else None

    def mapped(self, number: int) -> tuple[int, int] | None:
        """What the map says of a page: what it is, and its parent; None where it says nothing."""
        if not self.header.has_map or number < 2 or number > self.count:
            return None
        of_map = self._map_of(number)
        at = (of_map - 1) * self.size + MAP_ENTRY * (number - of_map - 1)
        kind, parent = struct.unpack_from(">BI", self.data, at)
        has_parent = kind in (OVERFLOW_FIRST, OVERFLOW_MORE, CHILD)
        if not ROOT <= kind <= CHILD or has_parent != (0 < parent <= self.count):
            return None
        return kind, parent

    def root_of(self, number: int) -> int | None:
        """The root of the tree that a page belongs to, by the map; None where it doesn't say."""
        for _ in range(DEEPEST):
            if number == 1:
                return 1  # the list of tables: the map has no entry of it
            match self.mapped(number):
                case (kind, _) if kind == ROOT:
                    return number
                case (kind, parent) if kind == CHILD:
                    number = parent
                case _:
                    return None
        return None

    def free(self) -> set[int] | None:
        """The pages that hold nothing any more, but old rows; None where their list is damaged."""
        found: set[int] = set()
        trunk = self.header.first_free
        while trunk:
            if trunk > self.count or trunk in found:
                return None
            start = self._start(trunk)
            following, leaves = struct.unpack_from(">2I", self.data, start)
            if leaves > self.size // 4 - 2:
                return None
            found.add(trunk)
            found.update(struct.unpack_from(f">{leaves}I", self.data, start + 8))
            trunk = following
        return found if len(found) == self.header.free else None

    def cells(self, number: int) -> Iterator[Cell | None]:
        """The rows on a page that holds any, None for each that is damaged.

        A None more where they don't fill the page as its head says: there were others.
        """
        start, base = self._start(number), (number - 1) * self.size
        kind = self.data[start]
        (count,) = struct.unpack_from(">H", self.data, start + 3)
        first = start + (12 if kind == INTERIOR_INDEX else 8)
        used: int | None = 0
        if first + 2 * count > base + self.size:
            count, used = 0, None
        for offset in struct.unpack_from(f">{count}H", self.data, first):
            try:
                cell, end = self._cell(number, kind, base + offset)
            except (ValueError, IndexError, struct.error):
                used = None
                yield None
            else:
                used = None if used is None else used + max(SMALLEST, end - base - offset)
                yield cell
        if used != self._filled(number):
            yield None

    def _filled(self, number: int) -> int:
        """How many bytes the rows of a page take by its head; -1 where that makes no sense."""
        start, base = self._start(number), (number - 1) * self.size
        gap, content, fragments = struct.unpack_from(">HxxHB", self.data, start + 1)
        filled, last = self.size - (content or 65536) - fragments, 0
        while gap:
            if not last < gap <= self.size - 4:
                return -1
            last = gap
            gap, length = struct.unpack_from(">2H", self.data, base + gap)
            filled -= length
        return int(filled)

    def _cell(self, number: int, kind: int, at: int) -> tuple[Cell, int]:
        """A row, and where on its page it ends."""
        end = number * self.size
        if at + 4 > end:
            raise ValueError("beyond its page")
        if kind == INTERIOR_INDEX:
            at += 4
        length, at = _varint(self.data, at)
        rowid: int | None = None
        if kind == LEAF_TABLE:
            unsigned, at = _varint(self.data, at)
            rowid = unsigned - (1 << 64) if unsigned >> 63 else unsigned
        local = self._local(length, is_table=kind == LEAF_TABLE)
        if at + local + (4 if local < length else 0) > end or length > len(self.data):
            raise ValueError("beyond its page")
        stored = self.data[at : at + local]
        at += local
        if local < length:
            (overflow,) = struct.unpack_from(">I", self.data, at)
            stored += self._overflow(number, overflow, length - local)
            at += 4
        return (rowid, _record(stored)), at

    def _local(self, length: int, *, is_table: bool) -> int:
        """How much of a record lies on its page; the rest overflows."""
        most = self.size - 35 if is_table else (self.size - 12) * 64 // 255 - 23
        if length <= most:
            return length
        least = (self.size - 12) * 32 // 255 - 23
        local = least + (length - least) % (self.size - 4)
        return local if local <= most else least

    def _overflow(self, parent: int, number: int, left: int) -> bytes:
        found, expected = bytearray(), OVERFLOW_FIRST
        while left:
            if not 1 < number <= self.count:
                raise ValueError("its rest is on no page")
            if self.header.has_map and self.mapped(number) != (expected, parent):
                raise ValueError("its rest is of another row")
            start = (number - 1) * self.size
            part = min(left, self.size - 4)
            found += self.data[start + 4 : start + 4 + part]
            left -= part
            parent, expected = number, OVERFLOW_MORE
            (number,) = struct.unpack_from(">I", self.data, start)
        if number:
            raise ValueError("its rest goes on")
        return bytes(found)

    def _start(self, number: int) -> int:
        return (number - 1) * self.size + (HEADER_BYTES if number == 1 else 0)

    def _map_of(self, number: int) -> int:
        page = (number - 2) // self._each_map * self._each_map + 2
        return page + 1 if page == self._lock_page else page

    def _is_map(self, number: int) -> bool:
        return self.header.has_map and number > 1 and self._map_of(number) == number


def _varint(data: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value << 8 | data[at + 8], at + 9


def _record(stored: bytes) -> list[Value]:
    """The values of a record, whose parts must fill it exactly."""
    head, at = _varint(stored, 0)
    if head > len(stored):
        raise ValueError("no record")
    types, at_value = [], head
    while at < head:
        kind, at = _varint(stored, at)
        types.append(kind)
    if at != head:
        raise ValueError("no record")
    values = []
    for kind in types:
        value, at_value = _value(stored, kind, at_value)
        values.append(value)
    if at_value != len(stored):
        raise ValueError("its length is another")
    return values


_WHOLE = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""The bytes of whole numbers, by their type."""


def _value(stored: bytes, kind: int, at: int) -> tuple[Value, int]:
    """One value, and where it ends."""
    if kind in _WHOLE:
        end = at + _WHOLE[kind]
        return int.from_bytes(stored[at:end], "big", signed=True), end
    if kind >= 12:
        end = at + (kind - 12) // 2
        return (stored[at:end].decode() if kind % 2 else stored[at:end]), end
    match kind:
        case 0:
            return None, at
        case 7:
            return struct.unpack_from(">d", stored, at)[0], at + 8
        case 8 | 9:
            return kind - 8, at
        case _:
            raise ValueError("no type of a value")
