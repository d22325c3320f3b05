"""``encamina dead``: dead letters, looked at, retried, dropped, exported."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.actions import actions
from cli.changes import Wanted, change_filtered, say_if_none
from cli.dead import BEGINNING, Letter, letters, shown, told, whole
from cli.filters import (
    AllOption,
    ByReasonOption,
    DestinationOption,
    EventOption,
    MessageArgument,
    ReasonOption,
    RuleOption,
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
from cli.project import release_of
from cli.reasons import grouped, print_reasons
from cli.rows import rule_text
from cli.tasks import run
from engine.control.dead import which_of
from engine.model.cache import Caches
from engine.model.clock import to_iso
from engine.model.delivery import Delivery
from engine.model.jsonvalue import Body
from engine.state.interface import DeliveryFilter, ReasonCount

NOT_RETRIED = {
    "not_kept": "not: the log keeps their event no more",
    "not_running": "not: their destination is off or gone",
    "busy": "not now: their event is still on its way there; try again later",
    "delivered": "not: they were delivered otherwise, as by a replay",
}

app = actions(
    "dead",
    "Dead letters, deliveries that can't succeed: list, show, retry, drop, export.\n\n"
    "Example: encamina dead --by-reason",
)


@app.command("list")
def list_dead(
    destination: DestinationOption = None,
    rule: RuleOption = None,
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
    """List the newest dead letters, or count them by their reasons.

    Example: encamina dead --by-reason --since 2d
    """
    asked = asked_of(
        destination=destination, rule=rule, event=event, reason=reason, since=since, until=until
    )
    which, folder = which_of(asked), data_folder(project, data)
    if by_reason:
        groups = grouped(run(partial(_reasons, project, folder, which)))
        print_reasons("destination", groups[:limit], as_json=as_json)
        return
    rows = run(partial(_newest, project, folder, which, limit))
    say_if_cut(len(rows), limit)
    if as_json:
        for one in rows:
            print_json(told(one))
        return
    print_table(
        "",
        ["at", "event", "message id", "destination", "rule", "part", "tries", "reason"],
        (_cells(one) for one in rows),
    )


@app.command("show")
def show_dead(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="The event's id.")],
    destination: DestinationOption = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an event's dead letters whole: reason, attempts, the event, the payload of today.

    Example: encamina dead show 0f0c1b6e-5a0e-4c0f-9d8e-7d1f5a3c2b10
    """
    release = release_of(project, Caches.on())
    which = which_of(asked_of(message_id=message_id, destination=destination))
    found = run(partial(_whole, project, data_folder(project, data), which))
    if not found:
        err().print(f"no dead letter of {plain(message_id)}; `encamina explain` tells its fate")
        raise typer.Exit(Exit.FINDINGS)
    for letter in found:
        if as_json:
            print_json(shown(letter, release))
        else:
            _print_letter(letter, shown(letter, release))


@app.command("retry")
def retry_dead(
    message_id: MessageArgument = None,
    destination: DestinationOption = None,
    rule: RuleOption = None,
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
    """Send dead letters anew, by the rules of today and under their old dedupe keys.

    Beside a running server at once, else when the folder is served. Exit code 1 if nothing is there
    of the event that is named.

    Example: encamina dead retry --destination meta --reason contract
    """
    asked = asked_of(
        everything=everything,
        message_id=message_id,
        destination=destination,
        rule=rule,
        event=event,
        reason=reason,
        since=since,
        until=until,
    )
    wanted = Wanted("dead/retry", asked, project, data_folder(project, data))
    count = partial(_count, wanted.project, wanted.folder, which_of(asked, some=True))
    done = change_filtered(wanted, count, "Dead letters to retry: {}. Go on?", yes=yes)
    say_if_none(wanted, done, "no dead letter of", as_json=as_json)
    if as_json:
        print_json(done)
        return
    out().print(f"{done['retried']} retried")
    for name, words in NOT_RETRIED.items():
        if done[name]:
            out().print(f"{done[name]} {words}")


@app.command("drop")
def drop_dead(
    message_id: MessageArgument = None,
    destination: DestinationOption = None,
    rule: RuleOption = None,
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
    """Give dead letters up: they end as skipped, with the reason that they died of.

    Example: encamina dead drop --destination meta --until 30d
    """
    asked = asked_of(
        everything=everything,
        message_id=message_id,
        destination=destination,
        rule=rule,
        event=event,
        reason=reason,
        since=since,
        until=until,
    )
    wanted = Wanted("dead/drop", asked, project, data_folder(project, data))
    count = partial(_count, wanted.project, wanted.folder, which_of(asked, some=True))
    done = change_filtered(wanted, count, "Dead letters to drop: {}. Go on?", yes=yes)
    say_if_none(wanted, done, "no dead letter of", as_json=as_json)
    if as_json:
        print_json(done)
        return
    out().print(f"{done['dropped']} dropped")


@app.command("export")
def export_dead(
    destination: DestinationOption = None,
    rule: RuleOption = None,
    event: EventOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
) -> None:
    """Print dead letters as JSON lines: the delivery, and the event if it is still kept.

    Example: encamina dead export --destination meta > dead.jsonl
    """
    asked = asked_of(
        destination=destination, rule=rule, event=event, reason=reason, since=since, until=until
    )
    run(partial(_export, project, data_folder(project, data), which_of(asked)))


async def _newest(project: Path, folder: Path, which: DeliveryFilter, limit: int) -> list[Delivery]:
    async with looking(project, folder) as look:
        return await look.state.deliveries(which, limit=limit)


async def _reasons(project: Path, folder: Path, which: DeliveryFilter) -> list[ReasonCount]:
    async with looking(project, folder) as look:
        return await look.state.reasons(which)


async def _count(project: Path, folder: Path, which: DeliveryFilter) -> int:
    async with looking(project, folder) as look:
        return await look.state.count_deliveries(which)


async def _whole(project: Path, folder: Path, which: DeliveryFilter) -> Sequence[Letter]:
    async with looking(project, folder) as look:
        return [await whole(look, one) for one in await letters(look, which, BEGINNING)]


async def _export(project: Path, folder: Path, which: DeliveryFilter) -> None:
    async with looking(project, folder) as look:
        after = BEGINNING
        while page := await letters(look, which, after):
            after = page[-1].delivery.key
            for one in page:
                event = None if one.event is None else one.event.body
                print_json({"delivery": told(one.delivery), "event": event})


def _cells(one: Delivery) -> Iterator[object]:
    yield to_iso(one.at)
    yield one.event
    yield one.message_id
    yield one.key.destination
    yield rule_text(one)
    yield one.key.part
    yield one.attempts
    yield one.reason


def _print_letter(letter: Letter, told_of: Body) -> None:
    one, console = letter.delivery, out()
    console.print(
        f"[bold]{plain(one.key.destination)}[/] {plain(rule_text(one))} part {one.key.part}"
        f"  {plain(one.event)}  [dim]died {to_iso(one.at)}[/]"
    )
    console.print(f"  {plain(one.reason)}")
    for tried in letter.attempts:
        status = tried.status if tried.status is not None else "no answer"
        console.print(
            f"  {tried.number}. {to_iso(tried.at)} {tried.outcome} {status} {plain(tried.answer)}"
        )
    for name, title in (("event", "the event"), ("payload_today", "the payload by today's rules")):
        value = told_of[name]
        console.print(f"  [bold]{title}[/]")
        missing = "  the log keeps it no more" if name == "event" else "  none"
        text = missing if value is None else json.dumps(value, ensure_ascii=False, indent=2)
        console.print(text, markup=False)
