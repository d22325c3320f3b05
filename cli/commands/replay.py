"""``encamina replay``: recorded events, sent again through the rules of today."""

from functools import partial
from pathlib import Path
from typing import Annotated

import trio
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.control import changing
from cli.filters import EventOption, YesOption, asked_of, make_sure
from cli.looks import Look, looking
from cli.options import (
    HERE,
    DataOption,
    JsonOption,
    ProjectOption,
    SinceOption,
    UntilOption,
    data_folder,
)
from cli.output import err, out, plain, print_json, print_table
from cli.project import release_of
from cli.replay import Asking, previewed
from cli.tasks import run
from engine.model.cache import Caches
from engine.model.clock import to_iso
from engine.model.delivery import State
from engine.model.errors import ProjectError
from engine.model.jsonvalue import Body
from engine.model.replay import Replay
from engine.project.units import parse_rate
from engine.server.folder import served_at
from engine.state.interface import DeliveryFilter

LOOK_EVERY_S = 0.5
COUNTED = {
    "to_send": "to be sent",
    "left_out": "delivered before, left out; --again sends them too",
    "on_their_way": "on their way already, left out",
    "dropped": "dropped by hand, left out; --again sends them",
    "too_old": "too old for the vendor",
    "no_rule": "no rule takes them",
    "no_consent": "no consent",
    "skipped": "not for this destination, as a rule or its file says",
    "dead": "break the contract or a rule: new dead letters",
}


def replay(
    destination: Annotated[
        str | None, typer.Option(metavar="NAME", help="The destination to send to.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    event: EventOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send what was delivered or dropped before, too.")
    ] = False,
    rate: Annotated[
        str | None, typer.Option(metavar="RATE", help="At most so many, such as 50/s.")
    ] = None,
    yes: YesOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be sent.")
    ] = False,
    wait: Annotated[
        bool, typer.Option(help="Show how far it is until it is done.", show_default=True)
    ] = True,
    list_: Annotated[bool, typer.Option("--list", help="List all replays instead.")] = False,
    stop: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Stop that replay instead.")
    ] = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send recorded events to a destination again, through the rules of today.

    Counted first, then asked about. Live traffic goes first, and repeats carry the dedupe key that
    they had.

    Example: encamina replay --destination meta --since 2d --event "Order *"
    """
    folder = data_folder(project, data)
    if list_:
        _list(run(partial(_replays, project, folder)), as_json=as_json)
        return
    if stop is not None:
        stopped = run(partial(_change, project, folder, "replays/stop", {"number": stop}))
        _say(stopped, f"Replay {stop} is stopped.", as_json=as_json)
        return
    asked = _asked(asked_of(destination=destination, since=since, until=until, event=event))
    asked = {**asked, **({"again": True} if again else {}), **_rate(rate)}
    asking = Asking(project, folder, release_of(project, Caches.on()), asked)
    counted = run(partial(previewed, asking))
    _tell(counted, as_json=as_json, is_all=dry_run)
    if dry_run or not counted.to_send + counted.dead:
        return
    if not yes:
        make_sure(f"Send {counted.to_send:,} to {counted.destination}?")
    begun = run(partial(_change, project, folder, "replays/start", asked))
    number = int(str(begun["replay"]))
    if as_json or not wait or served_at(folder) is None:
        begins = "" if served_at(folder) else "; it begins when the server is started"
        _say(begun, f"Replay {number} is asked for{begins}.", as_json=as_json)
        return
    run(partial(_follow, project, folder, number))


def _asked(asked: Body) -> Body:
    for name in ("destination", "since"):
        if name not in asked:
            raise ProjectError(
                f"--{name} is missing; such as encamina replay --destination meta --since 2d"
            )
    return asked


def _rate(text: str | None) -> Body:
    if text is None:
        return {}
    try:
        return {"rate": parse_rate(text)}
    except ValueError:
        raise ProjectError(f'--rate "{text}": expected a rate such as 50/s') from None


def _tell(counted: Replay, *, as_json: bool, is_all: bool) -> None:
    if as_json:
        if is_all:
            print_json({**counted.as_json(), "state": "counted"})
        return
    console = err() if not is_all else out()
    console.print(
        f"{counted.events:,} events make {counted.deliveries:,} deliveries to "
        f"{plain(counted.destination)}"
    )
    width = len(f"{counted.deliveries:,}")
    for name, words in COUNTED.items():
        count = getattr(counted, name)
        if count or name == "to_send":
            console.print(f"  {count:>{width},}  {words}")


def _say(replay_: Body, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(replay_)
    else:
        out().print(words)


def _list(replays: list[Replay], *, as_json: bool) -> None:
    if as_json:
        for one in replays:
            print_json(one.as_json())
        return
    print_table(
        "",
        [
            "replay",
            "asked at",
            "destination",
            "event",
            "state",
            "events",
            "to send",
            "left out",
            "too old",
            "other",
        ],
        (
            (
                one.number,
                to_iso(one.asked_at),
                one.destination,
                one.event or "*",
                one.state,
                f"{one.events:,}",
                f"{one.to_send:,}",
                f"{one.left_out + one.on_their_way + one.dropped:,}",
                f"{one.too_old:,}",
                f"{one.no_rule + one.no_consent + one.skipped + one.dead:,}",
            )
            for one in replays
        ),
        numbers=5,
    )


async def _replays(project: Path, folder: Path) -> list[Replay]:
    async with looking(project, folder) as look:
        return await look.state.replays()


async def _change(project: Path, folder: Path, name: str, asked: Body) -> Body:
    async with changing(project, folder) as change:
        return await change(name, asked)


async def _ended(look: Look, number: int) -> dict[State, int]:
    """How many of its deliveries ended in which state."""
    counts = {
        state: await look.state.count_deliveries(DeliveryFilter(state=state, replay=number))
        for state in State
    }
    return {state: count for state, count in counts.items() if count}


async def _follow(project: Path, folder: Path, number: int) -> None:
    """Show how far it is until it is done; the replay goes on without who looks."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    try:
        async with looking(project, folder) as look:
            with Progress(*columns, console=err(), disable=not err().is_terminal) as progress:
                task = progress.add_task(f"replay {number}", total=None)
                while True:
                    [one] = [one for one in await look.state.replays() if one.number == number]
                    left = await look.state.count_open(number)
                    done = one.reached - one.after - left
                    progress.update(task, total=one.until - one.after, completed=max(0, done))
                    if not one.is_running:
                        break
                    await trio.sleep(LOOK_EVERY_S)
            ended = await _ended(look, number)
    except KeyboardInterrupt:
        err().print(f"Replay {number} goes on; encamina replay --stop {number} stops it.")
        raise typer.Exit from None
    words = ", ".join(f"{count:,} {state}" for state, count in ended.items()) or "nothing sent"
    said = f"Replay {number} to {plain(one.destination)} is {one.state}: {words}"
    out().print(f"{said}; encamina deliveries --replay {number} lists them")
