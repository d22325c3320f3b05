"""The log: the durable, append-only record of accepted events, read by groups at their own pace.

Written as stream engines see it, so that SQLite, Redis Streams and Kafka can stand behind it:
append a batch; read a group's next items; acknowledge; redeliver what a dead worker held. One
destination is one group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.model.clock import Millis
from engine.model.event import Event


@dataclass(frozen=True, slots=True)
class Entry:
    """An event at its position in the log; positions rise, and start at 1.

    ``put_off``: the group put it off with ``retry``, and it is due. ``redelivered``: it may have
    been handed out in an earlier life of the process, so its deliveries may be recorded in part.
    """

    position: int
    event: Event
    redelivered: bool = False
    put_off: bool = False


@dataclass(frozen=True, slots=True)
class Trimmed:
    """One step of trimming: how many entries went, and where the next step begins.

    ``reached`` is None where no further step would find anything.
    """

    gone: int
    reached: int | None


class Log(Protocol):
    """What every engine of the log promises."""

    async def append(self, events: Sequence[Event]) -> list[int | None]:
        """The position of each event, in order; None for one whose id was seen in the window.

        An id is (source, message_id). When this returns, events and their marks are on disk,
        written together; after a crash before that, none or all of the batch is there. Raises
        ``StorageFull`` or ``StorageError``; then nothing was written.
        """

    async def seen(self, ids: Sequence[tuple[str, str]]) -> list[bool]:
        """For each (source, message_id): whether it was appended within the window."""

    async def first_of(self, ids: Sequence[tuple[str, str]]) -> list[Entry | None]:
        """For each (source, message_id): the entry that was appended under it within the window.

        None where none was, or where it is no longer kept.
        """

    async def create_group(self, group: str) -> None:
        """Make the group, at the end of the log; nothing if there is one of that name."""

    async def groups(self) -> list[str]:
        """The names of all groups."""

    async def give_back(self, group: str) -> None:
        """What was handed out and is neither acknowledged nor put off is handed out again.

        For a group whose reader has ended; as after a restart, some of it may have been finished.
        """

    async def read(self, group: str, limit: int) -> list[Entry]:
        """The group's next entries, at most ``limit``: first those whose retry is due.

        Waits until there is one. An entry is handed out once until it is acknowledged or put off;
        after a restart, everything neither acknowledged nor put off is handed out again.
        """

    async def acknowledge(self, group: str, positions: Sequence[int]) -> None:
        """The group has finished with these; safe to repeat."""

    async def pass_over(self, groups: Sequence[str]) -> None:
        """These groups have finished with all there is by now, also with what they put off.

        For groups that nobody reads; one write for all of them, none where there is nothing new.
        """

    async def retry(self, group: str, positions: Sequence[int], at: Millis) -> None:
        """Hand these out again at ``at``; they hold up nothing. Durable when it returns."""

    async def wake(self, group: str) -> None:
        """Hand out now everything that this group has put off."""

    async def read_range(self, after: int, limit: int, *, until: int | None = None) -> list[Entry]:
        """Entries with ``after < position <= until``, in order, whatever any group has read."""

    async def read_at(self, positions: Sequence[int]) -> list[Entry]:
        """The entries at these positions that are still kept, in order."""

    async def backlog(self, group: str) -> int:
        """How many entries the group has not been handed yet (those put off are not counted)."""

    async def last_position(self) -> int:
        """The position of the newest entry, 0 if there is none."""

    async def drop_group(self, group: str) -> None:
        """Forget the group, with what it put off; it holds nothing any more.

        Nothing if there is none. A later ``create_group`` of that name makes a new one.
        """

    async def trim(self, *, received_before: Millis, after: int = 0, limit: int = 1000) -> Trimmed:
        """Drop entries that came before that moment and that every group has finished with.

        One step, that holds appends up for milliseconds: at most ``limit`` entries behind the
        position ``after`` are looked at. What a group has put off stays. The step says where the
        next begins; there is none once what follows is younger, or is not finished with.
        """
