"""What was settled, at every destination, as lines of an archive.

It waits in the state's outbox, written with the deliveries themselves. Here it becomes lines, by
the hour in which it was settled, and leaves the outbox once these are on disk: after a crash
between the two a line may stand twice, and none is missing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import trio

from engine.codec.body import dumps
from engine.delivery.archive_files import HOUR_MS, Kind
from engine.model.clock import Millis, to_iso
from engine.model.delivery import Attempt, Delivery
from engine.model.errors import StorageError
from engine.model.jsonvalue import Body, Json
from engine.state.outbox import Outbox, Settled
from engine.telemetry.notices import Notices

TAKE_EVERY_S = 5.0
"""How long lines are gathered: each append is compressed in one piece."""

AT_ONCE = 500


@dataclass(slots=True)
class DeliveryLines:
    """Takes what waits for the archive of that name; ``write`` raises ``OSError``."""

    name: str
    outbox: Outbox
    write: Callable[[Kind, Millis, bytes], Awaitable[None]]
    notices: Notices
    is_paused: Callable[[], bool]
    _failing: bool = False

    async def run(self) -> None:
        """Take again and again, until cancelled."""
        while True:
            await self.take()
            await trio.sleep(TAKE_EVERY_S)

    async def take(self) -> None:
        """Take what waits now; while the destination is paused, nothing."""
        try:
            while not self.is_paused() and await self._step() == AT_ONCE:
                pass
        except (OSError, StorageError) as error:
            # Told once: it is tried every few seconds, and what waits is kept.
            if not self._failing:
                self.notices.alarm("archive", error, destination=self.name)
            self._failing = True
        else:
            self._failing = False

    async def _step(self) -> int:
        """How many were taken."""
        taken = await self.outbox.next(self.name, limit=AT_ONCE)
        # In the order of their numbers, so that a failure repeats nothing that is written.
        for hour, those in groupby(taken, key=_hour):
            await self._keep(hour, list(those))
        return len(taken)

    async def _keep(self, hour: Millis | None, those: Sequence[Settled]) -> None:
        # A stop between the two would make every line of them stand twice.
        with trio.CancelScope(shield=True):
            if hour is not None:
                lines = [line_of(one.delivery, one.tries) for one in those if one.delivery]
                await self.write(Kind.DELIVERIES, hour, b"".join(lines))
            await self.outbox.done(self.name, those[-1].number)


def line_of(delivery: Delivery, tries: Sequence[Attempt]) -> bytes:
    """One line: what stands in docs/archive.md, without what is null."""
    key = delivery.key
    told: Body = {
        "messageId": delivery.message_id,
        "destination": key.destination,
        "rule": key.rule or None,
        "part": key.part,
        "replay": key.replay or None,
        "event": delivery.event,
        "state": str(delivery.state),
        "reason": delivery.reason,
        "attempts": delivery.attempts,
        "at": to_iso(delivery.at),
        "dueAt": to_iso(delivery.due_at),
        "eventAt": to_iso(delivery.event_at),
        "release": delivery.release,
        "digest": delivery.digest,
        "dedupeKey": delivery.dedupe_key,
        "tries": [_try(one) for one in tries],
    }
    return dumps(_without_null(told)) + b"\n"


def _try(attempt: Attempt) -> Json:
    return _without_null(
        {
            "number": attempt.number,
            "at": to_iso(attempt.at),
            "outcome": attempt.outcome,
            "reason": attempt.reason,
            "status": attempt.status,
            "answer": attempt.answer,
        }
    )


def _without_null(told: Body) -> Body:
    return {name: value for name, value in told.items() if value is not None}


def _hour(settled: Settled) -> Millis | None:
    """The hour in which it was settled; None where its record is gone."""
    if settled.delivery is None:
        return None
    at = settled.delivery.at
    return Millis(at - at % HOUR_MS)
