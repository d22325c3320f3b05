"""``encamina events``: the log, accepted and quarantined events."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.looks import Look, looking
from cli.options import HERE, DataOption, JsonOption, LimitOption, ProjectOption, data_folder
from cli.output import print_json, print_table, say_if_cut
from cli.tasks import run
from engine.log.interface import Entry
from engine.model.clock import to_iso
from engine.model.jsonvalue import Body

PAGE = 1_000
"""Events looked through in one step."""


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
    as_json: JsonOption = False,
) -> None:
    """List the newest events in the log and in quarantine, the oldest of them first.

    Example: encamina events --verdict quarantined
    """
    wanted = _Wanted(limit, verdict, frozenset(messages or ()))
    rows = run(partial(_newest, project, data_folder(project, data), wanted))
    say_if_cut(len(rows), limit)
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_table(
        "",
        ["position", "received", "source", "verdict", "event", "why"],
        (_cells(row) for row in rows),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which events to list; no ``ids`` is any."""

    limit: int
    verdict: Kept | None
    ids: frozenset[str]


async def _newest(project: Path, folder: Path, wanted: _Wanted) -> list[Body]:
    async with looking(project, folder) as look:
        rows: list[Body] = []
        if wanted.verdict in (None, Kept.ACCEPTED):
            rows += await _accepted(look, wanted)
        if wanted.verdict in (None, Kept.QUARANTINED):
            rows += await _quarantined(look, wanted)
    return sorted(rows, key=lambda row: str(row["received_at"]))[-wanted.limit :]


async def _accepted(look: Look, wanted: _Wanted) -> list[Body]:
    end = await look.log.last_position()
    if wanted.ids:
        entries = await _found(look, wanted.ids, end)
    else:
        entries = await look.log.read_range(max(0, end - wanted.limit), wanted.limit)
    return [
        {
            "position": entry.position,
            "received_at": to_iso(entry.event.received_at),
            "source": entry.event.source,
            "verdict": "accepted",
            "errors": [],
            "event": entry.event.body,
        }
        for entry in entries
    ]


async def _found(look: Look, ids: frozenset[str], end: int) -> list[Entry]:
    """The entries of these message ids, looked for from the newest until each was met."""
    found: list[Entry] = []
    while end > 0 and {one.event.message_id for one in found} < ids:
        start = max(0, end - PAGE)
        page = await look.log.read_range(start, PAGE, until=end)
        found += [entry for entry in page if entry.event.message_id in ids]
        end = start
    return found


async def _quarantined(look: Look, wanted: _Wanted) -> list[Body]:
    found = await look.state.quarantined(limit=PAGE if wanted.ids else wanted.limit)
    return [
        {
            "position": None,
            "received_at": to_iso(one.received_at),
            "source": one.source,
            "verdict": "quarantined",
            "errors": [reason.as_json() for reason in one.reasons],
            "event": one.body,
        }
        for one in found
        if not wanted.ids or one.message_id in wanted.ids
    ]


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
