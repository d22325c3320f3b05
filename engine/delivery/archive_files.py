"""Files of an archive: gzip JSON lines, one file for each hour, and no half of one.

Layout below the folder, hours in UTC::

    events/2026/11/25/.events-2026-11-25T08.jsonl.gz.part     being written
    events/2026/11/25/events-2026-11-25T08.jsonl.gz           finished: never written to again
    events/2026/11/25/events-2026-11-25T08.2.jsonl.gz         what came later of that hour
    deliveries/2026/11/25/deliveries-2026-11-25T08.jsonl.gz   the other kind, by the same rules
    .removed                                                  names that are used up

Each append is a gzip member of its own, on disk when it returns. What a crash left half written is
cut off before anything is added, so a finished file can always be read to its end. One process
writes, and reads no clock.
"""

import errno
import gzip
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path

from engine.delivery.archive_removed import Removed
from engine.model.clock import Millis

HOUR_MS = 3_600_000
GRACE_MS = 5 * 60_000
"""How long after its hour a file stays open: what came in its last moments is still on its way."""

LARGEST_BYTES = 256 * 1024 * 1024
"""A larger file is finished before its hour is: loaders take it in one piece."""

READ_BYTES = 1024 * 1024
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700
PART = ".part"
NAME = re.compile(r"[a-z]+-(\d{4}-\d\d-\d\dT\d\d)(?:\.(\d+))?\.jsonl\.gz", re.ASCII)


class Kind(StrEnum):
    """What the lines of a file tell of; its folder and its name begin with it."""

    EVENTS = "events"
    DELIVERIES = "deliveries"


@dataclass(slots=True)
class _Part:
    """A file that is being written: its good bytes, and when it was last added to."""

    path: Path
    size_bytes: int
    at: Millis


@dataclass(slots=True)
class ArchiveFiles:
    """The files below ``folder``; every method may raise ``OSError``.

    ``keep_ms`` and ``most_bytes`` bound the files of both kinds together. Nothing is added while
    their disk has less than ``spare_bytes`` left: others need that.
    """

    folder: Path
    keep_ms: int | None
    most_bytes: int
    spare_bytes: int = 0
    _parts: dict[tuple[Kind, Millis], _Part] = field(default_factory=dict)

    def recover(self) -> int:
        """Finish what an earlier life left open, without what is half written; how many files."""
        found = [
            path
            for kind in Kind
            for path in sorted(self.folder.glob(f"{kind}/*/*/*/.{kind}-*{PART}"))
        ]
        for path in found:
            good_bytes = whole_bytes(path)
            os.truncate(path, good_bytes)
            self._finish(path, good_bytes)
        return len(found)

    def append(self, kind: Kind, hour: Millis, lines: bytes, now: Millis) -> None:
        """Add these lines to the file of that hour; where it fails, none of them is there."""
        self._refuse_if_short()
        member = gzip.compress(lines, mtime=0)
        part = self._parts.get((kind, hour)) or self._begin(kind, hour, now)
        try:
            _write(part.path, member)
        except OSError:
            # What is left behind it would be unreadable: the next append begins a new file.
            self._parts.pop((kind, hour))
            with suppress(OSError):
                os.truncate(part.path, part.size_bytes)
                self._finish(part.path, part.size_bytes)
            raise
        part.size_bytes += len(member)
        part.at = now
        if part.size_bytes >= LARGEST_BYTES:
            self._close((kind, hour))

    def close_over(self, now: Millis) -> int:
        """Finish the files whose hour is over; how many."""
        over = [
            which
            for which, part in self._parts.items()
            if now >= which[1] + HOUR_MS + GRACE_MS and now >= part.at + GRACE_MS
        ]
        for which in over:
            self._close(which)
        return len(over)

    def close_all(self) -> None:
        """Finish every file."""
        for which in list(self._parts):
            self._close(which)

    def bound(self, now: Millis) -> list[str]:
        """Remove finished files: those too old, then the oldest of too many bytes; their names."""
        files = sorted(self._finished())
        total_bytes = sum(size_bytes for _, _, size_bytes, _ in files)
        gone: list[Path] = []
        used = before = Removed.read(self.folder)
        for hour, number, size_bytes, path in files:
            too_old = self.keep_ms is not None and hour + HOUR_MS + self.keep_ms <= now
            if not too_old and total_bytes <= self.most_bytes:
                continue
            total_bytes -= size_bytes
            gone.append(path)
            used = used.also(_hour_of(path), number)
        if used != before:
            used.write(self.folder)
        for path in gone:
            path.unlink()
            _remove_empty(path.parent, self.folder)
        return [path.name for path in gone]

    def taken_bytes(self) -> int:
        """What all files take, also those that are being written."""
        paths = [self.folder.glob(f"{kind}/*/*/*/*{kind}-*.jsonl.gz*") for kind in Kind]
        return sum(path.stat().st_size for path in chain.from_iterable(paths))

    def _refuse_if_short(self) -> None:
        if left_bytes(self.folder) < self.spare_bytes:
            told = "its disk has less than twice disk.free left"
            raise OSError(errno.ENOSPC, told, str(self.folder))

    def _finished(self) -> Iterator[tuple[Millis, int, int, Path]]:
        paths = [self.folder.glob(f"{kind}/*/*/*/{kind}-*.jsonl.gz") for kind in Kind]
        for path in chain.from_iterable(paths):
            if found := NAME.fullmatch(path.name):
                at = datetime.strptime(found[1], "%Y-%m-%dT%H").replace(tzinfo=UTC)
                hour = Millis(round(at.timestamp() * 1000))
                yield hour, int(found[2] or 1), path.stat().st_size, path

    def _begin(self, kind: Kind, hour: Millis, now: Millis) -> _Part:
        at = datetime.fromtimestamp(hour / 1000, UTC)
        folder = self.folder / kind / at.strftime("%Y/%m/%d")
        _make(folder)
        path = folder / f".{kind}-{at:%Y-%m-%dT%H}.jsonl.gz{PART}"
        good_bytes = 0
        if path.exists():
            # A failure left it behind: what of it is whole is kept.
            good_bytes = whole_bytes(path)
            os.truncate(path, good_bytes)
        part = self._parts[kind, hour] = _Part(path, good_bytes, now)
        return part

    def _close(self, which: tuple[Kind, Millis]) -> None:
        part = self._parts[which]
        self._finish(part.path, part.size_bytes)
        del self._parts[which]

    def _finish(self, path: Path, size_bytes: int) -> None:
        """Give the file its name, the first of its hour that never was; an empty one goes."""
        if size_bytes == 0:
            path.unlink(missing_ok=True)
            return
        stem = path.name.removeprefix(".").removesuffix(f".jsonl.gz{PART}")
        number = Removed.read(self.folder).first(stem.partition("-")[2])
        while (target := _named(path.parent, stem, number)).exists():
            number += 1
        path.rename(target)
        _sync(path.parent)


def left_bytes(folder: Path) -> int:
    """What is left on the disk of a folder, which may not be there yet."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.is_dir())
    disk = os.statvfs(there)
    return disk.f_bavail * disk.f_frsize


def folder_fault(folder: Path) -> str:
    """Why nothing can be written into a folder, which may not be there yet; empty if it can."""
    there = next(one for one in (folder, *folder.absolute().parents) if os.access(one, os.F_OK))
    if not there.is_dir():
        return f"{there} is a file, and no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{there} can't be written into"


def whole_bytes(path: Path) -> int:
    """How many bytes of the file are whole gzip members."""
    whole = read = 0
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    with path.open("rb") as file, suppress(zlib.error):
        while chunk := file.read(READ_BYTES):
            read += len(chunk)
            while chunk:
                inflater.decompress(chunk)
                chunk = inflater.unused_data
                if inflater.eof:
                    whole = read - len(chunk)
                    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    return whole


def _write(path: Path, member: bytes) -> None:
    is_new = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
    try:
        left = memoryview(member)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        _sync(path.parent)


def _named(folder: Path, stem: str, number: int) -> Path:
    return folder / (f"{stem}.jsonl.gz" if number == 1 else f"{stem}.{number}.jsonl.gz")


def _hour_of(path: Path) -> str:
    found = NAME.fullmatch(path.name)
    return found[1] if found else ""


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
        _sync(folder.parent)


def _remove_empty(folder: Path, above: Path) -> None:
    while folder != above and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
