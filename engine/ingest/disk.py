"""The disk guard: new events are refused before there is no room left for those that are kept.

Settling a delivery needs room too, so the refusal comes while there is some left: deliveries go
on, and what they finish makes room. ``disk.most`` is of the databases: log, state and a store of
SQLite. The files of an archive have their own bound, and stop before ``disk.free`` is reached.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from engine.model.errors import Refused, StorageError
from engine.project.spec import KeepSpec
from engine.sqlite.size import Usage
from engine.telemetry.disk import DiskNotices

LOOK_EVERY_S = 1.0
RETRY_AFTER_S = 30
"""What a client is asked to wait: making room takes longer than a moment."""

ALARMS = (50, 80)
"""Percent of ``disk.most`` at which an alarm is given."""

AGAIN_AT = 0.95
"""Events are taken again at so much of the limit, so that the answer doesn't flutter."""

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(slots=True)
class Disk:
    """Looks at the data folder once a second; ``check`` refuses while there is no room.

    ``usage`` gives what the folder takes and what its disk has left.
    """

    keep: KeepSpec
    usage: Callable[[], Awaitable[Usage]]
    notices: DiskNotices
    reason: str | None = None
    _told_percent: int = 0

    def check(self) -> None:
        """Raises ``Refused`` (503 with Retry-After) while there is no room for new events."""
        if self.reason is not None:
            message = f"no room for new events just now: {self.reason}; send them again later"
            raise Refused(503, "disk_nearly_full", message, retry_after_s=RETRY_AFTER_S)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await trio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Look once, and give notice of what has changed."""
        try:
            usage = await self.usage()
        except (OSError, StorageError) as error:
            # An append that fails says so itself; without a figure nothing is to be refused.
            self.notices.notices.alarm("disk", error)
            return
        self.notices.looked(usage.used_bytes, usage.left_bytes, self.keep.most_bytes)
        self._alarm(usage)
        was, self.reason = self.reason, self._judge(usage)
        if was is None and self.reason is not None:
            self.notices.refusing(self.reason)
        elif was is not None and self.reason is None:
            self.notices.taking()

    def _judge(self, usage: Usage) -> str | None:
        """Why new events are refused, None where there is room."""
        most, free = self.keep.most_bytes, self.keep.free_bytes
        margin = 1.0 if self.reason is None else AGAIN_AT
        if usage.left_bytes < free / margin:
            return f"{size_text(usage.left_bytes)} are left on the disk, disk.free is " + size_text(
                free
            )
        if usage.used_bytes >= most * margin:
            return f"the databases hold {size_text(usage.used_bytes)}, disk.most is " + size_text(
                most
            )
        return None

    def _alarm(self, usage: Usage) -> None:
        percent = 100 * usage.used_bytes // self.keep.most_bytes
        passed = max((one for one in ALARMS if percent >= one), default=0)
        if passed > self._told_percent:
            self.notices.filling(
                passed, size_text(usage.used_bytes), size_text(self.keep.most_bytes)
            )
        # Told again only after it has sunk well below, and risen anew.
        if passed > self._told_percent or percent < self._told_percent - 5:
            self._told_percent = passed


def size_text(size_bytes: int) -> str:
    """A size for people: ``499.2 MiB``."""
    size = float(size_bytes)
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
