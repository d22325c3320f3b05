"""``encamina events``: the log, accepted and quarantined events."""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.looks import Look, looking
from cli.options import HERE, DataOption, JsonOption, LimitOption, ProjectOption, data_folder
from cli.output import print_json, print_table, say_if_cut
from cli.tasks import run
from engine.model.clock import to_iso
from engine.model.jsonvalue import Body


class Kept(StrEnum):
    """The verdicts whose events are kept."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"


def events(
    project: ProjectOption = HERE,
    data: DataOption = None,
    limit: LimitOption = 50,
    verdict: Annotated[Kept | None, typer.Option(help="Only those with this verdict.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest events in the log and in quarantine, the oldest of them first.

    Example: encamina events --verdict quarantined
    """
    rows = run(partial(_newest, project, data_folder(project, data), limit, verdict))
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


async def _newest(project: Path, folder: Path, limit: int, verdict: Kept | None) -> list[Body]:
    async with looking(project, folder) as look:
        rows: list[Body] = []
        if verdict in (None, Kept.ACCEPTED):
            rows += await _accepted(look, limit)
        if verdict in (None, Kept.QUARANTINED):
            rows += await _quarantined(look, limit)
    return sorted(rows, key=lambda row: str(row["received_at"]))[-limit:]


async def _accepted(look: Look, limit: int) -> list[Body]:
    last = await look.log.last_position()
    entries = await look.log.read_range(max(0, last - limit), limit)
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


async def _quarantined(look: Look, limit: int) -> list[Body]:
    return [
        {
            "position": None,
            "received_at": to_iso(one.received_at),
            "source": one.source,
            "verdict": "quarantined",
            "errors": [reason.as_json() for reason in one.reasons],
            "event": one.body,
        }
        for one in await look.state.quarantined(limit=limit)
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
