"""The way into an archive: payloads become lines of files that a warehouse loads; nothing is sent.

A line is the payload as JSON. It goes into the file of the hour of its ``receivedAt``. What was
settled, at every destination, comes another way: see ``archive_deliveries.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import trio

from engine.codec.body import EXACT, dumps
from engine.delivery.archive_deliveries import DeliveryLines
from engine.delivery.archive_files import HOUR_MS, ArchiveFiles, Kind
from engine.delivery.destination import Consumer
from engine.model.clock import Clock, Millis, from_iso
from engine.model.delivery import Dead, Delivered, Outcome, Retry
from engine.pipeline.batch import Item
from engine.state.outbox import Outbox
from engine.telemetry.notices import Notices

ROTATE_EVERY_S = 30.0


@dataclass(slots=True)
class Archiving:
    """What stands in the place of a vendor: ``hand_over`` says what became of each payload.

    With an ``outbox`` what was settled is written too.
    """

    name: str
    files: ArchiveFiles
    notices: Notices
    clock: Clock
    outbox: Outbox | None = None
    _begun: bool = False
    _turn: trio.Lock = field(default_factory=trio.Lock)

    async def hand_over(self, batch: Sequence[Item]) -> list[Outcome]:
        """Write all of them, an hour at a time; Retry for those of an hour that can't be."""
        hours = [_hour(item) for item in batch]
        lines: dict[Millis, list[bytes]] = {}
        for item, hour in zip(batch, hours, strict=True):
            if hour is not None:
                # The mark of exact numbers is for our own reader: JSON holds them anyway.
                lines.setdefault(hour, []).append(
                    dumps(item.payload.body).removeprefix(EXACT) + b"\n"
                )
        async with self._turn:
            kept = {hour: await self._keep(hour, b"".join(lines[hour])) for hour in sorted(lines)}
        nowhere = Dead("receivedAt is no ISO 8601 text, so the line has no hour")
        return [nowhere if hour is None else kept[hour] for hour in hours]

    async def write(self, kind: Kind, hour: Millis, lines: bytes) -> None:
        """Add these lines to a file; on disk when it returns. Raises ``OSError``."""
        async with self._turn:
            await self._append(kind, hour, lines)

    async def rotate(self) -> None:
        """Finish the files of hours that are over, and remove what is too much, for ever."""
        while True:
            try:
                async with self._turn:
                    await self._begin()
                    await trio.to_thread.run_sync(self.files.close_over, self.clock())
                    await self._bound()
            except OSError as error:
                self.notices.alarm("archive", error, destination=self.name)
            await trio.sleep(ROTATE_EVERY_S)

    async def close(self) -> None:
        """Finish every file: loaders find all that was written, and no more than may stay."""
        try:
            async with self._turn:
                await trio.to_thread.run_sync(self.files.close_all)
                await self._bound()
        except OSError as error:
            self.notices.alarm("archive", error, destination=self.name)

    async def _bound(self) -> None:
        gone = await trio.to_thread.run_sync(self.files.bound, self.clock())
        if gone:
            self.notices.said("archive files removed", destination=self.name, files=gone)

    async def _keep(self, hour: Millis, lines: bytes) -> Outcome:
        try:
            await self._append(Kind.EVENTS, hour, lines)
        except OSError as error:
            where = error.filename or self.files.folder
            return Retry(f"the archive can't be written: {where}: {error.strerror}")
        return Delivered()

    async def _append(self, kind: Kind, hour: Millis, lines: bytes) -> None:
        await self._begin()
        await trio.to_thread.run_sync(partial(self.files.append, kind, hour, lines, self.clock()))

    async def _begin(self) -> None:
        if not self._begun:
            await trio.to_thread.run_sync(self.files.recover)
            self._begun = True


async def run_archive(consumer: Consumer, archiving: Archiving) -> None:
    """Run the consumer until it is stopped and, beside it, finish files hour by hour."""
    lines = _delivery_lines(consumer, archiving)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(archiving.rotate)
        if lines is not None:
            nursery.start_soon(lines.run)
        await consumer.run()
        nursery.cancel_scope.cancel()
    if lines is not None:
        await lines.take()
    await archiving.close()


def _delivery_lines(consumer: Consumer, archiving: Archiving) -> DeliveryLines | None:
    if archiving.outbox is None:
        return None
    return DeliveryLines(
        archiving.name,
        archiving.outbox,
        archiving.write,
        archiving.notices,
        is_paused=lambda: consumer.attempts.gate.reason is not None,
    )


def _hour(item: Item) -> Millis | None:
    text = item.payload.body.get("receivedAt")
    at = from_iso(text) if isinstance(text, str) else None
    return None if at is None else Millis(at - at % HOUR_MS)
