"""``encamina deliveries``: what became of each event at each destination."""

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.filters import id_of
from cli.follow import Follower
from cli.listed import Counts, counted, listed, not_listed
from cli.looks import Look, looking
from cli.match_keys import show_match_keys
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
from cli.output import err, out, plain, print_json, print_table, say_if_cut
from cli.rows import COLUMNS, Today, ages_of
from cli.tasks import run
from engine.delivery.pauses import stored_pauses
from engine.model.clock import system_clock
from engine.model.delivery import UNSETTLED, Delivery, MatchCount, State
from engine.model.errors import ProjectError
from engine.model.names import did_you_mean
from engine.model.window import of_destinations
from engine.state.interface import DeliveryFilter


def deliveries(
    project: ProjectOption = HERE,
    data: DataOption = None,
    destination: Annotated[
        str | None, typer.Option(help="Only at this destination; may be a glob.")
    ] = None,
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only by this rule; may be a glob.")] = None,
    event: Annotated[
        str | None, typer.Option(help="Only of events of this name; may be a glob.")
    ] = None,
    message_id: Annotated[str | None, typer.Option(help="Only of this event.")] = None,
    error: Annotated[
        str | None,
        typer.Option(help='Only with this in the reason, such as 503; may be a glob: "*token*".'),
    ] = None,
    replay: Annotated[
        int | None, typer.Option(min=0, help="Only of this replay; 0 is live traffic.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    summary: Annotated[
        bool,
        typer.Option("--summary", help="Only count, by destination and state, what is asked for."),
    ] = False,
    match_keys: Annotated[
        bool,
        typer.Option("--match-keys", help="Only show how many payloads carried each match key."),
    ] = False,
    follow: FollowOption = False,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """List the newest deliveries, the oldest of them first.

    One that is on its way says when it is tried next, and when it gives up.

    Example: encamina deliveries --destination meta --state dead --since 2d
    """
    now = system_clock()
    which = DeliveryFilter(
        destination=destination,
        state=state,
        message_id=id_of(message_id),
        rule=rule,
        event=event,
        reason=error,
        replay=replay,
        since=past(since, "--since", now),
        until=past(until, "--until", now),
    )
    folder = data_folder(project, data)
    if summary:
        _print_summary(run(partial(_counts, project, folder, which)), as_json=as_json)
    elif match_keys:
        if which != DeliveryFilter(destination=destination):
            raise ProjectError("--match-keys counts all payloads; it takes --destination alone")
        show_match_keys(run(partial(_match_counts, project, folder, destination)), as_json=as_json)
    else:
        listing = partial(_list, project, folder, which, limit, follow=follow, as_json=as_json)
        with suppress(KeyboardInterrupt):
            run(listing)


async def _list(
    project: Path, folder: Path, which: DeliveryFilter, limit: int, *, follow: bool, as_json: bool
) -> None:
    async with looking(project, folder) as look:
        await _check_name(look, which.destination)
        today = Today(await stored_pauses(look.state))
        rows = await listed(look, which, limit, today)
        if follow or any(one.state in UNSETTLED for one in rows):
            today = replace(today, ages=ages_of(project))
        say_if_cut(len(rows), limit)
        if as_json:
            for one in rows:
                print_json(today.told(one))
        elif rows or not follow:
            print_table("", COLUMNS, map(today.cells, rows))
        async for line in not_listed(look, which, today.pauses):
            err().print(plain(line))
        if follow:
            await _follow(look, which, rows, today, as_json=as_json)


async def _check_name(look: Look, name: str | None) -> None:
    """Raise ``ProjectError`` where nothing is known of a destination of that name."""
    if name is None or set(name) & set("*?["):
        return
    known = sorted({*of_destinations(await look.log.groups()), *await look.state.delivery_counts()})
    if name not in known:
        hint = did_you_mean(name, known) or f"known are {', '.join(known) or 'none yet'}"
        raise ProjectError(f'no destination "{name}"; {hint}')


async def _follow(
    look: Look, which: DeliveryFilter, rows: list[Delivery], today: Today, *, as_json: bool
) -> None:
    """Print what comes and changes, for ever."""
    follower = Follower(look, which, system_clock)
    # As they are recorded: so the follower knows them again.
    await follower.start(await look.state.deliveries(which, limit=max(1, len(rows))))
    while True:
        news = await follower.news()
        today = replace(today, pauses=await stored_pauses(look.state))
        for one in map(today.stands, news):
            if which.state in (None, one.state):
                _tell(one, today, as_json=as_json)


def _tell(one: Delivery, today: Today, *, as_json: bool) -> None:
    """One line of ``--follow``."""
    if as_json:
        print_json(today.told(one))
    else:
        line = "  ".join(str(cell) for cell in today.cells(one))
        out().print(plain(line), soft_wrap=True)
    # Whoever reads a pipe wants it now.
    sys.stdout.flush()


async def _counts(project: Path, folder: Path, which: DeliveryFilter) -> Counts:
    async with looking(project, folder) as look:
        await _check_name(look, which.destination)
        return await counted(look, which, Today(await stored_pauses(look.state)))


async def _match_counts(project: Path, folder: Path, destination: str | None) -> list[MatchCount]:
    async with looking(project, folder) as look:
        return await look.state.match_counts(destination)


def _print_summary(counts: Mapping[str, Mapping[State, int]], *, as_json: bool) -> None:
    if as_json:
        print_json({name: {str(k): n for k, n in one.items()} for name, one in counts.items()})
        return
    states = [state for state in State if any(one.get(state) for one in counts.values())]
    print_table(
        "",
        ["destination", *states, "deliveries"],
        (
            [name, *(one.get(state, 0) for state in states), sum(one.values())]
            for name, one in sorted(counts.items())
        ),
        numbers=len(states) + 1,
    )
