"""``encamina deliveries``: what became of each event at each destination."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.looks import delivery_counts, looking
from cli.match_keys import show_match_keys
from cli.options import HERE, DataOption, JsonOption, LimitOption, ProjectOption, data_folder
from cli.output import print_json, print_table, say_if_cut
from cli.tasks import run
from engine.model.clock import to_iso
from engine.model.delivery import Delivery, MatchCount, State
from engine.state.interface import DeliveryFilter


def deliveries(
    project: ProjectOption = HERE,
    data: DataOption = None,
    destination: Annotated[
        str | None, typer.Option(help="Only at this destination; may be a glob.")
    ] = None,
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    message_id: Annotated[str | None, typer.Option(help="Only of this event.")] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Only count, by destination and state.")
    ] = False,
    match_keys: Annotated[
        bool,
        typer.Option("--match-keys", help="Only show how many payloads carried each match key."),
    ] = False,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """List the newest deliveries, the oldest of them first.

    Example: encamina deliveries --destination meta --state dead
    """
    which = DeliveryFilter(destination=destination, state=state, message_id=message_id)
    folder = data_folder(project, data)
    if summary:
        _print_summary(run(partial(_counts, project, folder)), as_json=as_json)
        return
    if match_keys:
        show_match_keys(run(partial(_match_counts, project, folder, destination)), as_json=as_json)
        return
    rows = run(partial(_newest, project, folder, which, limit))
    say_if_cut(len(rows), limit)
    if as_json:
        for one in rows:
            print_json({**one.as_json(), "at": to_iso(one.at)})
        return
    print_table(
        "",
        ["at", "event", "message id", "destination", "rule", "part", "state", "tries", "reason"],
        (_cells(one) for one in rows),
    )


async def _newest(project: Path, folder: Path, which: DeliveryFilter, limit: int) -> list[Delivery]:
    async with looking(project, folder) as look:
        return await look.state.deliveries(which, limit=limit)


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


def _cells(one: Delivery) -> Iterator[object]:
    yield to_iso(one.at)
    yield one.event
    yield one.message_id
    yield one.key.destination
    yield one.key.rule or "-"
    yield one.key.part
    yield one.state
    yield one.attempts
    yield one.reason
