"""What ``encamina doctor`` looks at in the data folder and on the machine; nothing is changed."""

import fcntl
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import trio

from engine.delivery.archive_files import ArchiveFiles, folder_fault, left_bytes
from engine.ingest.disk import size_text
from engine.log.open import open_log
from engine.model.clock import Millis, to_iso
from engine.model.errors import StorageError
from engine.project.spec import KeepSpec, ProjectSpec
from engine.release.destination import Mode
from engine.release.release import Release
from engine.server.folder import LOCK, mode_of
from engine.server.kept import Kept
from engine.server.repair import filling
from engine.sqlite.connection import LIBRARY_VERSION
from engine.sqlite.database import Databases
from engine.sqlite.salvage import damage_of
from engine.sqlite.size import Usage, taken_bytes

OLDEST_SQLITE = (3, 37, 0)
AHEAD_MS = 60_000
"""A newest event so far in the future tells of a clock that was set back."""

REPAIR = "stop the server, then `encamina doctor --repair`, or put back a backup"


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``doctor``: what was looked at, how it is, and what to do."""

    what: str
    level: Level
    message: str
    todo: str = ""


def ok(what: str, message: str) -> Check:
    """A check that found nothing."""
    return Check(what, Level.OK, message)


def check_machine() -> Iterator[Check]:
    """The versions that matter."""
    versions = f"Python {platform.python_version()}, SQLite {LIBRARY_VERSION}"
    if tuple(map(int, LIBRARY_VERSION.split("."))) < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        yield Check("versions", Level.ERROR, versions, f"install SQLite {wanted} or newer")
    else:
        yield ok("versions", versions)


def check_folder(kept: Kept) -> list[Check]:
    """The data folder: who holds it, its mode, its rights, and its files whole."""
    folder = kept.folder
    if not folder.is_dir():
        return [ok("data folder", f"{folder} is not there yet; `encamina serve` makes it")]
    files = [path for path in kept.files() if path.exists()]
    return [*_holding(folder), *_rights(folder), *[_file(kept, path) for path in files]]


def _file(kept: Kept, path: Path) -> Check:
    if (damage := damage_of(path)) is not None:
        todo = f"{REPAIR}, or {filling(kept)}" if kept.is_store(path) else REPAIR
        return Check(path.name, Level.ERROR, f"damaged: {damage}", todo)
    return ok(path.name, f"{size_text(taken_bytes(path))}, sound")


def _holding(folder: Path) -> Iterator[Check]:
    mode = mode_of(folder) or "not served yet"
    holder = _holder(folder)
    state = "no server holds it" if holder is None else f"held by process {holder}"
    yield ok("data folder", f"{folder}, {mode}; {state}")


def _holder(folder: Path) -> str | None:
    try:
        with (folder / LOCK).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return lock.readline().strip()
    except OSError:
        return None
    return None


def _rights(folder: Path) -> Iterator[Check]:
    if not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_RDONLY:
        todo = "see its owner and rights, and whether its disk is mounted read-only"
        yield Check("data folder", Level.ERROR, f"{folder} can't be written", todo)


async def check_room(keep: KeepSpec, kept: Kept) -> list[Check]:
    """Whether there is room for new events, by the figures that ingest goes by."""
    if not await trio.Path(kept.folder).is_dir():
        return []
    return list(_room(keep, await _usage(kept)))


async def _usage(kept: Kept) -> Usage:
    try:
        async with Databases(kept.folder, look_only=True) as files:
            for name in kept.names():
                # A store that isn't there yet is no reason to measure the others less well.
                if await trio.Path(kept.folder / name).exists():
                    await files.get(name)
            return await files.usage()
    except StorageError:
        # Not there yet, or damaged: what the files take is all that can be told.
        disk = os.statvfs(kept.folder)
        taken = sum(map(taken_bytes, kept.files()))
        return Usage(taken, 0, disk.f_bavail * disk.f_frsize)


def _room(keep: KeepSpec, usage: Usage) -> Iterator[Check]:
    left, used = usage.left_bytes, usage.used_bytes
    words = f"{size_text(left)} free on the disk, {size_text(used)} used"
    if left < keep.free_bytes:
        todo = f"make room: under disk.free ({size_text(keep.free_bytes)}) new events are refused"
        yield Check("disk", Level.ERROR, words, todo)
    elif used >= keep.most_bytes:
        todo = (
            f"raise disk.most: from {size_text(keep.most_bytes)} on new events are refused, "
            "until what is finished has gone"
        )
        yield Check("disk", Level.ERROR, words, todo)
    elif used > 0.8 * keep.most_bytes or left < 2 * keep.free_bytes:
        todo = f"room runs out: disk.most is {size_text(keep.most_bytes)}, disk.free " + size_text(
            keep.free_bytes
        )
        yield Check("disk", Level.WARNING, words, todo)
    else:
        yield ok("disk", words)


def check_archives(release: Release | None, folder: Path, free_bytes: int) -> Iterator[Check]:
    """What each archive takes, and whether its disk has room for what it may still take."""
    for one in release.destinations if release else ():
        spec = one.archive
        if spec is None or one.mode is Mode.OFF:
            continue
        files = ArchiveFiles(folder / spec.folder, spec.keep_ms, spec.most_bytes)
        if fault := folder_fault(files.folder):
            todo = "nothing is archived until it can be, and what it is to get waits"
            yield Check(one.name, Level.ERROR, f"its archive has no folder: {fault}", todo)
            continue
        taken, left = files.taken_bytes(), left_bytes(files.folder)
        words = f"{size_text(taken)} of at most {size_text(spec.most_bytes)} in {files.folder}"
        if left >= max(0, spec.most_bytes - taken) + 2 * free_bytes:
            yield ok(one.name, words)
            continue
        todo = (
            f"{size_text(left)} are left on its disk: at twice disk.free ({size_text(free_bytes)}) "
            "it stops and waits; lower archive.max_bytes, or give it another disk"
        )
        yield Check(one.name, Level.WARNING, words, todo)


async def check_clock(spec: ProjectSpec, folder: Path, now: Millis) -> list[Check]:
    """Whether the newest event came before now; nothing to tell where there is no log."""
    try:
        async with Databases(folder, look_only=True) as files:
            log = await open_log(spec.log_url, files)
            last = await log.last_position()
            newest = await log.read_range(last - 1, 1) if last else []
    except StorageError:
        # What is wrong with the file was told already.
        return []
    if newest and newest[0].event.received_at > now + AHEAD_MS:
        at = to_iso(newest[0].event.received_at)
        message = f"it is {to_iso(now)}, but the newest event came at {at}"
        return [Check("clock", Level.WARNING, message, "the clock was set back; check it")]
    return [ok("clock", to_iso(now))]
