"""``encamina quarantine``: events that failed their schema, looked at, admitted, dropped."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.actions import actions
from cli.changes import Wanted, change_filtered, say_if_none
from cli.filters import (
    AllOption,
    ByReasonOption,
    EventOption,
    MessageArgument,
    ReasonOption,
    SourceOption,
    YesOption,
    asked_of,
)
from cli.looks import looking
from cli.options import (
    HERE,
    DataOption,
    JsonOption,
    LimitOption,
    ProjectOption,
    SinceOption,
    UntilOption,
    data_folder,
)
from cli.output import Exit, err, out, plain, print_json, print_table, say_if_cut
from cli.reasons import grouped, print_reasons
from cli.tasks import run
from engine.control.quarantine import which_of
from engine.model.clock import to_iso
from engine.model.jsonvalue import Body, as_body
from engine.state.interface import QuarantinedEvent, QuarantineFilter, ReasonCount

PAGE = 500

app = actions(
    "quarantine",
    "Events that failed their schema: list, show, retry, drop, export.\n\n"
    "Example: encamina quarantine --by-reason",
)


@app.command("list")
def list_quarantined(
    source: SourceOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    by_reason: ByReasonOption = False,
    project: ProjectOption = HERE,
    data: DataOption = None,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """List the newest events in quarantine, or count them by their reasons.

    Example: encamina quarantine --by-reason
    """
    asked = asked_of(source=source, event=event, reason=reason, since=since, until=until)
    which, folder = which_of(asked), data_folder(project, data)
    if by_reason:
        groups = grouped(run(partial(_reasons, project, folder, which)))
        print_reasons("source", groups[:limit], as_json=as_json)
        return
    rows = run(partial(_newest, project, folder, which, limit))
    say_if_cut(len(rows), limit)
    if as_json:
        for one in rows:
            print_json(_told(one))
        return
    print_table(
        "", ["received", "source", "event", "message id", "why"], (_cells(one) for one in rows)
    )


@app.command("show")
def show_quarantined(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="The event's id.")],
    source: SourceOption = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an event in quarantine as it came, with its reasons.

    Example: encamina quarantine show 0f0c1b6e-5a0e-4c0f-9d8e-7d1f5a3c2b10
    """
    which = which_of(asked_of(message_id=message_id, source=source))
    found = run(partial(_newest, project, data_folder(project, data), which, PAGE))
    if not found:
        err().print(f"{plain(message_id)} is not in quarantine; `encamina explain` tells its fate")
        raise typer.Exit(Exit.FINDINGS)
    for one in found:
        if as_json:
            print_json(_told(one))
            continue
        out().print(f"[bold]{plain(one.source)}[/]  [dim]received {to_iso(one.received_at)}[/]")
        for reason in one.reasons:
            out().print(f"  {plain(reason.path or 'the event')}: {plain(reason.message)}")
        out().print(json.dumps(one.body, ensure_ascii=False, indent=2), markup=False)


@app.command("retry")
def retry_quarantined(
    message_id: MessageArgument = None,
    source: SourceOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    everything: AllOption = False,
    yes: YesOption = False,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check events again by the schemas of today; the good ones go on their way.

    A running server goes by the files that it was started with. Exit code 1 if some stay,
    or if nothing is there of the event that is named.

    Example: encamina quarantine retry --event "Order *" --source shop
    """
    asked = asked_of(
        everything=everything,
        message_id=message_id,
        source=source,
        event=event,
        reason=reason,
        since=since,
        until=until,
    )
    wanted = Wanted("quarantine/retry", asked, project, data_folder(project, data))
    count = partial(_count, wanted.project, wanted.folder, which_of(asked, some=True))
    done = change_filtered(wanted, count, "Events to check again: {}. Go on?", yes=yes)
    say_if_none(wanted, done, "nothing in quarantine of", as_json=as_json)
    if as_json:
        print_json(done)
    else:
        _print_retried(done)
    raise typer.Exit(Exit.FINDINGS if done["still"] else Exit.FINE)


@app.command("drop")
def drop_quarantined(
    message_id: MessageArgument = None,
    source: SourceOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    everything: AllOption = False,
    yes: YesOption = False,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give events in quarantine up: nothing is kept of them, and they count as rejected.

    Example: encamina quarantine drop --reason "not in the tracking plan" --until 30d
    """
    asked = asked_of(
        everything=everything,
        message_id=message_id,
        source=source,
        event=event,
        reason=reason,
        since=since,
        until=until,
    )
    wanted = Wanted("quarantine/drop", asked, project, data_folder(project, data))
    count = partial(_count, wanted.project, wanted.folder, which_of(asked, some=True))
    done = change_filtered(wanted, count, "Events to drop for good: {}. Go on?", yes=yes)
    say_if_none(wanted, done, "nothing in quarantine of", as_json=as_json)
    if as_json:
        print_json(done)
        return
    out().print(f"{done['dropped']} dropped")


@app.command("export")
def export_quarantined(
    source: SourceOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
) -> None:
    """Print events in quarantine as JSON lines, as they came, with their reasons.

    Example: encamina quarantine export > quarantine.jsonl
    """
    asked = asked_of(source=source, event=event, reason=reason, since=since, until=until)
    run(partial(_export, project, data_folder(project, data), which_of(asked)))


async def _newest(
    project: Path, folder: Path, which: QuarantineFilter, limit: int
) -> list[QuarantinedEvent]:
    async with looking(project, folder) as look:
        return await look.state.quarantined(limit=limit, which=which)


async def _reasons(project: Path, folder: Path, which: QuarantineFilter) -> list[ReasonCount]:
    async with looking(project, folder) as look:
        return await look.state.quarantine_reasons(which)


async def _count(project: Path, folder: Path, which: QuarantineFilter) -> int:
    async with looking(project, folder) as look:
        return await look.state.count_quarantined(which)


async def _export(project: Path, folder: Path, which: QuarantineFilter) -> None:
    async with looking(project, folder) as look:
        after = 0
        while page := await look.state.quarantined(limit=PAGE, after=after, which=which):
            after = page[-1].number
            for one in page:
                print_json(_told(one))


def _told(one: QuarantinedEvent) -> Body:
    return {
        "message_id": one.message_id,
        "source": one.source,
        "received_at": to_iso(one.received_at),
        "errors": [reason.as_json() for reason in one.reasons],
        "event": one.body,
    }


def _cells(one: QuarantinedEvent) -> Iterator[object]:
    body = as_body(one.body)
    yield to_iso(one.received_at)
    yield one.source
    yield body.get("event") or body.get("type") or "?"
    yield one.message_id
    yield "; ".join(f"{reason.path or 'the event'}: {reason.message}" for reason in one.reasons)


def _print_retried(done: Body) -> None:
    console = out()
    console.print(f"{done['accepted']} accepted, on their way")
    if done["duplicate"]:
        console.print(f"{done['duplicate']} were accepted before")
    if done["still"]:
        console.print(f"{done['still']} still in quarantine; `encamina quarantine` shows why")
