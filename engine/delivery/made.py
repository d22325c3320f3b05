"""Events that were made, on their way into the log: by the one way in, and each once."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.log.interface import Log
from engine.model.clock import Clock, Millis, Uptime
from engine.model.event import Inbound, Source
from engine.model.person import Memory, PersonKey
from engine.model.verdict import Accepted, Duplicate, Verdict, verdict_name
from engine.model.window import Made
from engine.state.interface import State
from engine.telemetry.notices import Notices

NEWEST = 2_000
"""Entries looked through after a start for events that were made, but not noted as sent."""

READ = 200

Accept = Callable[[Sequence[Inbound]], Awaitable[list[Verdict]]]
"""The one way in (``ingest/accept``)."""


class People(Protocol):
    """Who is asked for whom the ids of events stand."""

    async def look_up(
        self, keys: Collection[PersonKey], cutoff: Millis
    ) -> Mapping[PersonKey, Memory]:
        """What is remembered under these ids and those that they lead to."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the consumers of all files share.

    ``applied`` is told how far a file has read. Without ``people`` an id stands for itself.
    """

    sources: Mapping[str, Source]
    log: Log
    state: State
    accept: Accept
    notices: Notices
    clock: Clock
    uptime: Callable[[], Uptime | None]
    people: People | None
    remember_ms: int
    applied: Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Sending:
    """Brings the events of one file into the log; what is not noted as sent is sent again."""

    name: str
    around: Around

    async def send(self, made: Sequence[Made]) -> None:
        """Have these in the log; each is noted as sent only then."""
        by_source: dict[str, list[Made]] = {}
        for one in made:
            by_source.setdefault(one.source, []).append(one)
        for source, ones in by_source.items():
            await self._accept(self.around.sources.get(source) or Source(source), ones)
            await self.around.state.windows.sent(self.name, [one.message_id for one in ones])

    async def send_left(self) -> None:
        """What an earlier life made and may have sent: looked for, as the log forgets ids."""
        windows, log = self.around.state.windows, self.around.log
        left = await windows.unsent(self.name)
        if not left:
            return
        after = max(await log.last_position() - NEWEST, 0)
        there: set[str] = set()
        while entries := await log.read_range(after, READ):
            there.update(one.event.message_id for one in entries)
            after = entries[-1].position
        sent = [one.message_id for one in left if one.message_id in there]
        if sent:
            await windows.sent(self.name, sent)
        await self.send([one for one in left if one.message_id not in there])

    async def _accept(self, source: Source, made: Sequence[Made]) -> None:
        now = self.around.clock()
        inbounds = [Inbound(source, dict(one.body), now, at) for at, one in enumerate(made)]
        for one, verdict in zip(made, await self.around.accept(inbounds), strict=True):
            if not isinstance(verdict, Accepted | Duplicate):
                self.around.notices.said(
                    "derived event not accepted",
                    derived=self.name,
                    message_id=one.message_id,
                    verdict=verdict_name(verdict),
                )
