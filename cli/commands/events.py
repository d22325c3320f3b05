"""``encamina events``: the log, accepted and quarantined events."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Annotated

import trio
import typer

from cli.looks import Look, looking
from cli.options import (
    HERE,
    DataOption,
    FollowOption,
    JsonOption,
    LimitOption,
    ProjectOption,
    SinceOption,
    UntilOption,
    data_folder,
    past,
)
from cli.output import out, plain, print_json, print_table, say_if_cut
from cli.tasks import run
from engine.log.interface import Entry
from engine.model.clock import Millis, system_clock, to_iso
from engine.model.event import Event
from engine.model.jsonvalue import Body
from engine.state.interface import QuarantinedEvent, QuarantineFilter

PAGE = 1_000
"""Events looked through in one step."""

FOLLOW_EVERY_S = 1.0


class Kept(StrEnum):
    """The verdicts whose events are kept."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"


def events(
    messages: Annotated[
        list[str] | None, typer.Argument(metavar="MESSAGE…", help="Only these message ids.")
    ] = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
    limit: LimitOption = 50,
    verdict: Annotated[Kept | None, typer.Option(help="Only those with this verdict.")] = None,
    event: Annotated[
        str | None,
        typer.Option(help="Only of this name (or type, where it has none); may be a glob."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only from this source.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    follow: FollowOption = False,
    as_json: JsonOption = False,
) -> None:
    """List the newest events in the log and in quarantine, the oldest of them first.

    Example: encamina events --verdict quarantined --since 2d
    """
    now = system_clock()
    wanted = _Wanted(
        limit,
        verdict,
        frozenset(messages or ()),
        event,
        source,
        past(since, "--since", now),
        past(until, "--until", now),
    )
    with suppress(KeyboardInterrupt):
        run(partial(_list, project, data_folder(project, data), wanted, follow, as_json))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which events to list; no ``ids`` is any. The moments are of receiving."""

    limit: int
    verdict: Kept | None
    ids: frozenset[str]
    event: str | None
    source: str | None
    since: Millis | None
    until: Millis | None

    @property
    def is_any(self) -> bool:
        """Whether every event of the log is meant."""
        return not self.ids and (self.event, self.source, self.since, self.until) == (None,) * 4

    def takes(self, event: Event) -> bool:
        """Whether this event of the log is meant."""
        return (
            (not self.ids or event.message_id in self.ids)
            and (self.event is None or fnmatchcase(event.name or event.type, self.event))
            and (self.source is None or event.source == self.source)
            and (self.since is None or event.received_at >= self.since)
            and (self.until is None or event.received_at < self.until)
        )

    def is_met(self, found: Sequence[Entry]) -> bool:
        """Whether no more need be looked for."""
        ids = self.ids and {one.event.message_id for one in found} >= self.ids
        return bool(ids) or len(found) >= self.limit


async def _list(project: Path, folder: Path, wanted: _Wanted, follow: bool, as_json: bool) -> None:
    async with looking(project, folder) as look:
        end = await look.log.last_position()
        newest = await look.state.quarantined(limit=1)
        number = newest[-1].number if newest else 0
        rows = await _newest(look, wanted, end)
        say_if_cut(len(rows), wanted.limit)
        _tell(rows, as_json=as_json, table=bool(rows) or not follow)
        while follow:
            await trio.sleep(FOLLOW_EVERY_S)
            entries, refused = await _since(look, wanted, end, number)
            end = max(end, *(one.position for one in entries), end)
            number = max(number, *(one.number for one in refused), number)
            fresh = [_accepted(one) for one in entries if wanted.takes(one.event)]
            fresh += [_quarantined(one) for one in refused]
            _tell(sorted(fresh, key=_received), as_json=as_json, table=False)


async def _newest(look: Look, wanted: _Wanted, end: int) -> list[Body]:
    rows: list[Body] = []
    if wanted.verdict in (None, Kept.ACCEPTED):
        rows += map(_accepted, await _found(look, wanted, end))
    if wanted.verdict in (None, Kept.QUARANTINED):
        rows += map(_quarantined, await _refused(look, wanted))
    return sorted(rows, key=_received)[-wanted.limit :]


async def _since(
    look: Look, wanted: _Wanted, end: int, number: int
) -> tuple[list[Entry], list[QuarantinedEvent]]:
    """What came behind that position of the log and that number of the quarantine."""
    entries, refused = [], []
    if wanted.verdict in (None, Kept.ACCEPTED):
        entries = await look.log.read_range(end, PAGE)
    if wanted.verdict in (None, Kept.QUARANTINED):
        refused = await _refused(look, wanted, after=number)
    return entries, refused


async def _found(look: Look, wanted: _Wanted, end: int) -> list[Entry]:
    """The newest entries that are meant, looked for from the end until there are enough."""
    found: list[Entry] = []
    size = min(PAGE, wanted.limit) if wanted.is_any else PAGE
    while end > 0 and not wanted.is_met(found):
        start = max(0, end - size)
        page = await look.log.read_range(start, size, until=end)
        found = [one for one in page if wanted.takes(one.event)] + found
        if wanted.since is not None and page and _all_before(page, wanted.since):
            break
        end = start
    return found[-wanted.limit :]


def _all_before(page: Sequence[Entry], since: Millis) -> bool:
    return all(one.event.received_at < since for one in page)


async def _refused(look: Look, wanted: _Wanted, after: int | None = None) -> list[QuarantinedEvent]:
    which = QuarantineFilter(
        source=wanted.source, event=wanted.event, since=wanted.since, until=wanted.until
    )
    limit = PAGE if wanted.ids or after is not None else wanted.limit
    found = await look.state.quarantined(limit=limit, after=after, which=which)
    return [one for one in found if not wanted.ids or one.message_id in wanted.ids]


def _accepted(entry: Entry) -> Body:
    return {
        "position": entry.position,
        "received_at": to_iso(entry.event.received_at),
        "source": entry.event.source,
        "verdict": "accepted",
        "errors": [],
        "event": entry.event.body,
    }


def _quarantined(one: QuarantinedEvent) -> Body:
    return {
        "position": None,
        "received_at": to_iso(one.received_at),
        "source": one.source,
        "verdict": "quarantined",
        "errors": [reason.as_json() for reason in one.reasons],
        "event": one.body,
    }


def _received(row: Body) -> str:
    return str(row["received_at"])


def _tell(rows: Sequence[Body], *, as_json: bool, table: bool) -> None:
    if as_json:
        for row in rows:
            print_json(row)
    elif table:
        columns = ["position", "received", "source", "verdict", "event", "why"]
        print_table("", columns, (_cells(row) for row in rows))
    else:
        for row in rows:
            out().print(plain("  ".join(map(str, _cells(row)))), soft_wrap=True)
    # Whoever reads a pipe wants it now.
    sys.stdout.flush()


def _cells(row: Body) -> Iterator[object]:
    event = row["event"]
    body = event if isinstance(event, dict) else {}
    errors = row["errors"] if isinstance(row["errors"], list) else []
    yield "-" if row["position"] is None else row["position"]
    yield row["received_at"]
    yield row["source"]
    yield row["verdict"]
    yield body.get("event") or body.get("type") or "?"
    yield "; ".join(f"{one['path'] or 'the event'}: {one['message']}" for one in errors)
