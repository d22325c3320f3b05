"""The way into a mailbox: payloads wait in the state until a browser session takes them.

Nothing is sent. A delivery is waiting from when its payload is in the mailbox, and delivered once
the browser says that it has it: what the page then does with it, nobody tells.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import trio

from engine.delivery.destination import Consumer
from engine.delivery.gate import Gate
from engine.delivery.settle import Settlement
from engine.model.clock import Clock, Millis
from engine.model.delivery import Delivery
from engine.model.delivery import State as DeliveryState
from engine.model.jsonvalue import Body, Json, as_body
from engine.pipeline.batch import Item
from engine.project.units import duration_text
from engine.release.destination import Destination
from engine.release.mailbox import Mailbox
from engine.state.interface import Mail, State
from engine.telemetry.notices import Notices

TAKEN = "handed to the browser"
"""The reason of a delivered delivery: more is not known of it."""

MOST_BYTES = 32 * 1024
"""The largest payload that a page is handed, so that an answer stays small."""

GRACE_MS = 60_000
"""A page that fetched in the last moment has a minute to say that it has it."""

EXPIRE_EVERY_S = 5.0

SESSION_KEY = re.compile(r"[A-Za-z0-9._~-]{16,128}", re.ASCII)
FEWEST_DIFFERENT = 8


def is_session_key(key: str) -> bool:
    """Whether nobody can guess ``key``: a UUID, or 16 random characters and more.

    Numbers are refused: what looks like one is a time or a counter.
    """
    letters = any(one.isalpha() for one in key)
    return bool(SESSION_KEY.fullmatch(key)) and letters and len(set(key)) >= FEWEST_DIFFERENT


@dataclass(frozen=True, slots=True)
class Handover:
    """What handing to browsers needs; a ``Way`` of a destination that has a ``mailbox``."""

    destination: Destination
    mailbox: Mailbox
    state: State
    settlement: Settlement
    gate: Gate
    notices: Notices
    clock: Clock
    jitter: Callable[[], float]

    async def send(self, batch: Sequence[Item], *, probe: bool = False) -> None:  # noqa: ARG002 - a mailbox is never paused
        """Put every payload where its session finds it; what no session can find is dead."""
        now = self.clock()
        judged = [self._mail(item, now) for item in batch]
        mail = [one for one in judged if isinstance(one, Mail)]
        # Waiting deliveries are recorded with the mailbox, in one write: between two, a browser
        # could have taken a payload that is then recorded as waiting again.
        posted = await self.state.post(mail, most=self.mailbox.max_pending, at=now)
        await self.settlement.recorded(posted, finished=[one.delivery for one in mail])
        await self.settlement.settle([one for one in judged if isinstance(one, Delivery)])

    async def let_go(self) -> None:
        """Let go, for ever, what nobody took in time."""
        while True:
            now = self.clock()
            dead = await self.state.expire(
                self.destination.name, Millis(now - GRACE_MS), reason=self._untaken(), at=now
            )
            await self.settlement.recorded(dead)
            await trio.sleep(EXPIRE_EVERY_S)

    def _mail(self, item: Item, now: Millis) -> Mail | Delivery:
        """The payload as mail, or its delivery as dead."""
        delivery = replace(item.delivery, state=DeliveryState.WAITING, next_at=None, at=now)
        key = _at(item.payload.body, self.mailbox.key)
        if not isinstance(key, str) or not is_session_key(key):
            path = ".".join(self.mailbox.key)
            return _dead(delivery, f"{path} is no key of a browser session: expected a UUID or so")
        if item.payload.size_bytes > MOST_BYTES:
            return _dead(delivery, f"larger than {MOST_BYTES:,} bytes, the most a page is handed")
        until = Millis(delivery.due_at + self.mailbox.keep_ms)
        if until <= now:
            return _dead(delivery, self._untaken())
        return Mail(key, _id(item), delivery, until)

    def _untaken(self) -> str:
        return f"no page fetched it in {duration_text(self.mailbox.keep_ms)}"


async def run_mailbox(consumer: Consumer, handover: Handover) -> None:
    """Run the consumer until it is stopped and, beside it, let go what nobody took."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(handover.let_go)
        await consumer.run()
        nursery.cancel_scope.cancel()


def _at(body: Body, path: Sequence[str]) -> Json:
    found: Json = body
    for step in path:
        found = as_body(found).get(step)
    return found


def _id(item: Item) -> str:
    """What the browser acknowledges, the same for every repeat: the dedupe key, if there is one."""
    key = item.delivery.key
    return item.payload.dedupe_key or f"{item.delivery.message_id}:{key.rule}:{key.part}"


def _dead(delivery: Delivery, reason: str) -> Delivery:
    return replace(delivery, state=DeliveryState.DEAD, reason=reason, payload=None)
