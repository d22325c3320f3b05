"""The state in a SQLite file; each subject's tables and SQL are in the file of its name."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Self

from engine.model.clock import Millis
from engine.model.delivery import Attempt, Delivery, DeliveryKey, MatchCount
from engine.model.delivery import State as DeliveryState
from engine.model.person import Memory, PersonKey
from engine.model.replay import Replay
from engine.model.verdict import Reason
from engine.sqlite.connection import Connection
from engine.sqlite.database import Database
from engine.sqlite.migrate import check_version, migrate
from engine.state.interface import (
    ANY_QUARANTINED,
    Counts,
    DeliveryFilter,
    Mail,
    QuarantinedEvent,
    QuarantineFilter,
    ReasonCount,
)
from engine.state.outbox import Outbox
from engine.state.sqlite import attempts as tried
from engine.state.sqlite import dead, match_keys
from engine.state.sqlite import deliveries as delivered
from engine.state.sqlite import mailbox as posted
from engine.state.sqlite import outbox as noted
from engine.state.sqlite import people as known
from engine.state.sqlite import quarantine as refused
from engine.state.sqlite import replays as replayed
from engine.state.sqlite import retention as aged
from engine.state.sqlite import settings as stored
from engine.state.sqlite import windows as windowed
from engine.state.sqlite.mailbox import Ending
from engine.state.sqlite.quarantine import Item
from engine.state.sqlite.verdicts import Noted, leave, note
from engine.state.windows import Windows

COMPONENTS = {
    "deliveries": delivered.SCRIPTS,
    "attempts": tried.SCRIPTS,
    "mailbox": posted.SCRIPTS,
    "outbox": noted.SCRIPTS,
    "people": known.SCRIPTS,
    "quarantine": refused.SCRIPTS,
    "replays": replayed.SCRIPTS,
    "settings": stored.SCRIPTS,
    "windows": windowed.SCRIPTS,
}


class SqliteState:
    """A ``State`` (see the interface for its promises); make it with ``SqliteState.open``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.windows: Windows = windowed.SqliteWindows(database)
        self.outbox: Outbox = noted.SqliteOutbox(database)

    @classmethod
    async def open(cls, database: Database) -> Self:
        """The state in ``database``, its tables brought up to date unless one only looks."""
        if database.look_only:
            await database.reader.run(_check)
        else:
            await database.writer.run(_migrate)
        return cls(database)

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """See ``State.record``."""
        if deliveries:
            await self._database.writer.run_together(delivered.write_deliveries, deliveries)

    async def attempts(self, message_id: str) -> Mapping[DeliveryKey, Sequence[Attempt]]:
        """See ``State.attempts``."""
        return await self._database.reader.run(
            partial(tried.select_attempts, message_id=message_id)
        )

    async def forget_audit(self, before: Millis, *, limit: int) -> int:
        """See ``State.forget_audit``."""
        return await self._database.writer.run(partial(aged.delete_old, before=before, limit=limit))

    async def forget(self, keys: Sequence[DeliveryKey]) -> None:
        """See ``State.forget``."""
        if keys:
            await self._database.writer.run(partial(delivered.delete_deliveries, keys=keys))

    async def deliveries_at(self, destination: str, positions: Sequence[int]) -> list[Delivery]:
        """See ``State.deliveries_at``."""
        return await self._database.reader.run(
            partial(delivered.select_at, destination=destination, positions=positions)
        )

    async def deliveries(
        self, which: DeliveryFilter, *, limit: int, after: DeliveryKey | None = None
    ) -> list[Delivery]:
        """See ``State.deliveries``."""
        return await self._database.reader.run(
            partial(delivered.select_filtered, which=which, limit=limit, after=after)
        )

    async def count_deliveries(self, which: DeliveryFilter) -> int:
        """See ``State.count_deliveries``."""
        return await self._database.reader.run(partial(dead.count_deliveries, which=which))

    async def reasons(self, which: DeliveryFilter) -> list[ReasonCount]:
        """See ``State.reasons``."""
        return await self._database.reader.run(partial(dead.select_reasons, which=which))

    async def delivery_counts(self) -> Mapping[str, Mapping[DeliveryState, int]]:
        """See ``State.delivery_counts``."""
        return await self._database.reader.run(delivered.select_counts)

    async def match_counts(self, destination: str | None) -> list[MatchCount]:
        """See ``State.match_counts``."""
        return await self._database.reader.run(
            partial(match_keys.select_match_counts, destination=destination)
        )

    async def post(self, mail: Sequence[Mail], *, most: int, at: Millis) -> list[Delivery]:
        """See ``State.post``."""
        return await self._database.writer.run(
            partial(posted.insert_mail, mail=mail, most=most, at=at)
        )

    async def mail(self, destination: str, box: str, *, now: Millis, limit: int) -> list[Mail]:
        """See ``State.mail``."""
        return await self._database.reader.run(
            partial(posted.select_mail, destination=destination, box=box, now=now, limit=limit)
        )

    async def take(
        self, destination: str, box: str, ids: Sequence[str], *, reason: str, at: Millis
    ) -> list[Delivery]:
        """See ``State.take``."""
        return await self._database.writer.run(
            partial(
                posted.take_mail,
                destination=destination,
                box=box,
                ids=ids,
                ending=Ending(DeliveryState.DELIVERED, reason, at),
            )
        )

    async def expire(
        self, destination: str, before: Millis, *, reason: str, at: Millis
    ) -> list[Delivery]:
        """See ``State.expire``."""
        # Looked up first, so that an idle server writes nothing.
        is_due = partial(posted.is_due, destination=destination, before=before)
        if not await self._database.reader.run(is_due):
            return []
        return await self._database.writer.run(
            partial(
                posted.expire_mail,
                destination=destination,
                before=before,
                ending=Ending(DeliveryState.DEAD, reason, at),
            )
        )

    async def quarantine(self, items: Sequence[Item]) -> list[bool]:
        """See ``State.quarantine``."""
        return await self._database.writer.run(partial(refused.insert_items, items=items))

    async def quarantined(
        self,
        *,
        limit: int,
        after: int | None = None,
        which: QuarantineFilter = ANY_QUARANTINED,
    ) -> list[QuarantinedEvent]:
        """See ``State.quarantined``."""
        return await self._database.reader.run(
            partial(refused.select_items, limit=limit, after=after, which=which)
        )

    async def count_quarantined(self, which: QuarantineFilter) -> int:
        """See ``State.count_quarantined``."""
        return await self._database.reader.run(partial(refused.count_items, which=which))

    async def quarantine_reasons(self, which: QuarantineFilter) -> list[ReasonCount]:
        """See ``State.quarantine_reasons``."""
        return await self._database.reader.run(partial(refused.select_reasons, which=which))

    async def renew_reasons(self, found: Mapping[int, tuple[Reason, ...]]) -> None:
        """See ``State.renew_reasons``."""
        await self._database.writer.run(partial(refused.update_reasons, found=found))

    async def leave_quarantine(self, source: str, ids: Sequence[str], verdict: str) -> int:
        """See ``State.leave_quarantine``."""
        return await self._database.writer.run(
            partial(leave, source=source, ids=ids, verdict=verdict)
        )

    async def note_verdicts(
        self, source: str, counts: Mapping[str, int], accepted: Sequence[str] = ()
    ) -> None:
        """See ``State.note_verdicts``."""
        await self._database.writer.run_together(note, Noted(source, counts, accepted))

    async def verdict_counts(self) -> Counts:
        """See ``State.verdict_counts``."""
        return await self._database.reader.run(stored.select_verdicts)

    async def people(
        self, keys: Sequence[PersonKey], *, since: Millis
    ) -> Mapping[PersonKey, Memory]:
        """See ``State.people``."""
        return await self._database.reader.run(partial(known.select_people, keys=keys, since=since))

    async def remember(self, people: Mapping[PersonKey, Memory], *, since: Millis) -> None:
        """See ``State.remember``."""
        if people:
            rows = known.encode_people(people)
            await self._database.writer.run_together(known.write_people, (rows, since))

    async def forget_people(self, before: Millis, *, limit: int) -> int:
        """See ``State.forget_people``."""
        return await self._database.writer.run(
            partial(known.delete_old, before=before, limit=limit)
        )

    async def add_replay(self, replay: Replay) -> Replay:
        """See ``State.add_replay``."""
        return await self._database.writer.run(partial(replayed.insert_replay, replay=replay))

    async def set_replay(self, replay: Replay) -> None:
        """See ``State.set_replay``."""
        await self._database.writer.run(partial(replayed.update_replay, replay=replay))

    async def reopen_replay(self, number: int) -> None:
        """See ``State.reopen_replay``."""
        await self._database.writer.run(partial(replayed.reopen_replay, number=number))

    async def replays(self) -> list[Replay]:
        """See ``State.replays``."""
        return await self._database.reader.run(replayed.select_replays)

    async def open_deliveries(
        self, replay: int, *, limit: int, due_by: Millis | None = None
    ) -> list[Delivery]:
        """See ``State.open_deliveries``."""
        return await self._database.reader.run(
            partial(replayed.select_open, number=replay, due_by=due_by, limit=limit)
        )

    async def count_open(self, replay: int) -> int:
        """See ``State.count_open``."""
        return await self._database.reader.run(partial(replayed.count_open, number=replay))

    async def setting(self, name: str) -> str | None:
        """See ``State.setting``."""
        return await self._database.reader.run(partial(stored.select_setting, name=name))

    async def set_setting(self, name: str, value: str | None) -> None:
        """See ``State.set_setting``."""
        await self._database.writer.run(partial(stored.write_setting, name=name, value=value))

    async def settings(self, prefix: str) -> Mapping[str, str]:
        """See ``State.settings``."""
        return await self._database.reader.run(partial(stored.select_settings, prefix=prefix))


def _migrate(connection: Connection) -> None:
    for component, scripts in COMPONENTS.items():
        migrate(connection, component, scripts)


def _check(connection: Connection) -> None:
    for component, scripts in COMPONENTS.items():
        check_version(connection, component, scripts)
