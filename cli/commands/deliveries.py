"""``encamina deliveries``: what became of each event at each destination."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.follow import Follower
from cli.looks import Look, delivery_counts, looking
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
from cli.output import out, plain, print_json, print_table, say_if_cut
from cli.tasks import run
from engine.model.clock import Millis, system_clock, to_iso
from engine.model.delivery import UNSETTLED, Delivery, MatchCount, State, gives_up_at
from engine.model.errors import ProjectError
from engine.model.jsonvalue import Body
from engine.model.names import did_you_mean
from engine.project.read import read_project
from engine.state.interface import DeliveryFilter

MaxAges = Mapping[str, int]
"""``retry.max_age`` of each destination, in milliseconds."""


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
        bool, typer.Option("--summary", help="Only count, by destination and state.")
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
        message_id=message_id,
        rule=rule,
        event=event,
        reason=error,
        replay=replay,
        since=past(since, "--since", now),
        until=past(until, "--until", now),
    )
    folder = data_folder(project, data)
    if summary:
        _print_summary(run(partial(_counts, project, folder)), as_json=as_json)
    elif match_keys:
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
        rows = await look.state.deliveries(which, limit=limit)
        on_their_way = follow or any(one.state in UNSETTLED for one in rows)
        max_ages = _max_ages(project) if on_their_way else {}
        say_if_cut(len(rows), limit)
        if as_json:
            for one in rows:
                print_json(_as_json(one, max_ages))
        elif rows or not follow:
            _print(rows, max_ages)
        if follow:
            follower = Follower(look, which, system_clock)
            await follower.start(rows)
            while True:
                for one in await follower.news():
                    _tell(one, max_ages, as_json=as_json)


async def _check_name(look: Look, name: str | None) -> None:
    """Raise ``ProjectError`` where nothing is known of a destination of that name."""
    if name is None or set(name) & set("*?["):
        return
    known = sorted({*await look.log.groups(), *await look.state.delivery_counts()})
    if name not in known:
        hint = did_you_mean(name, known) or f"known are {', '.join(known) or 'none yet'}"
        raise ProjectError(f'no destination "{name}"; {hint}')


def _max_ages(project: Path) -> MaxAges:
    """What today's files say; nothing of those that can't be read."""
    read, _ = read_project(project)
    return {} if read is None else {one.name: one.retry.max_age_ms for one in read.destinations}


def _ends(one: Delivery, max_ages: MaxAges) -> Millis | None:
    max_age_ms = max_ages.get(one.key.destination)
    return None if max_age_ms is None else gives_up_at(one, max_age_ms)


def _as_json(one: Delivery, max_ages: MaxAges) -> Body:
    ends = _ends(one, max_ages)
    return {
        **one.as_json(),
        "event": one.event,
        "at": to_iso(one.at),
        "next_at": None if one.next_at is None else to_iso(one.next_at),
        "gives_up_at": None if ends is None else to_iso(ends),
    }


def _print(rows: Sequence[Delivery], max_ages: MaxAges) -> None:
    print_table(
        "",
        ["at", "event", "message id", "destination", "rule", "part", "state", "tries", "reason"],
        (_cells(one, max_ages) for one in rows),
    )


def _cells(one: Delivery, max_ages: MaxAges) -> Iterator[object]:
    yield to_iso(one.at)
    yield one.event
    yield one.message_id
    yield one.key.destination
    yield (one.key.rule or "-") + (f" (replay {one.key.replay})" if one.key.replay else "")
    yield one.key.part
    yield one.state
    yield one.attempts
    yield "; ".join(_words(one, max_ages))


def _words(one: Delivery, max_ages: MaxAges) -> Iterator[str]:
    """The reason and, of one on its way, when it is tried next and when it gives up."""
    if one.reason:
        yield one.reason
    if one.state in UNSETTLED and one.next_at is not None:
        yield f"next {to_iso(one.next_at)}"
    if (ends := _ends(one, max_ages)) is not None:
        yield f"gives up {to_iso(ends)}"


def _tell(one: Delivery, max_ages: MaxAges, *, as_json: bool) -> None:
    """One line of ``--follow``."""
    if as_json:
        print_json(_as_json(one, max_ages))
    else:
        line = "  ".join(str(cell) for cell in _cells(one, max_ages))
        out().print(plain(line), soft_wrap=True)
    # Whoever reads a pipe wants it now.
    sys.stdout.flush()


async def _counts(project: Path, folder: Path) -> Mapping[str, Mapping[State, int]]:
    async with looking(project, folder) as look:
        return await delivery_counts(look)


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
