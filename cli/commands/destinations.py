"""``encamina destinations``: how each one stands; pausing one, and letting it go on."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.actions import actions
from cli.control import changing
from cli.options import HERE, DataOption, JsonOption, ProjectOption, data_folder
from cli.output import err, out, plain, print_json, print_table
from cli.project import release_of
from cli.standings import standings
from cli.tasks import run
from engine.model.cache import Caches
from engine.model.jsonvalue import Body

app = actions(
    "destinations",
    "How each destination stands: list, pause, resume.\n\n"
    'Example: encamina destinations pause meta --reason "new token"',
)

TOLD = ("destination", "mode", "state", "since", "until", "reason")
COUNTS = ("backlog", "waiting", "retrying", "paused", "dead")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The destination.")]


@app.command("list")
def list_destinations(
    project: ProjectOption = HERE, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List the destinations: mode, state and why, until when, and what waits.

    Example: encamina destinations list

    The state is running, paused, open or half-open (the circuit breaker), slowed (the vendor asked
    for it) or off. Only a running server knows all of it.
    """
    release = release_of(project, Caches.on())
    found = run(partial(standings, project, data_folder(project, data), release))
    if as_json:
        for line in found.lines:
            print_json(line)
        return
    if found.url is None:
        why = plain(found.why_not or "no server holds this data folder")
        err().print(f"[dim]{why}. States are what the folder holds.[/]")
    print_table(
        "",
        [*TOLD, *COUNTS],
        (_cells(line) for line in found.lines),
        numbers=len(COUNTS),
    )


@app.command("pause")
def pause_destination(
    name: NameArgument,
    reason: Annotated[str, typer.Option(help="Why, for people.")] = "",
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop sending to a destination and keep everything, through restarts, until resume.

    Example: encamina destinations pause meta --reason "the account moves"

    What grows older than the vendor counts becomes a dead letter meanwhile.
    """
    asked: Body = {"destination": name, **({"reason": reason} if reason else {})}
    done = run(partial(_change, project, data_folder(project, data), "destinations/pause", asked))
    _say(done, "paused", "was paused before", as_json=as_json)


@app.command("resume")
def resume_destination(
    name: NameArgument,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send to a destination again, at once, whatever stopped it.

    Example: encamina destinations resume meta
    """
    asked: Body = {"destination": name}
    done = run(partial(_change, project, data_folder(project, data), "destinations/resume", asked))
    _say(done, "resumed", "was not stopped", as_json=as_json)


async def _change(project: Path, folder: Path, name: str, asked: Body) -> Body:
    async with changing(project, folder, make=True) as change:
        return await change(name, asked)


def _say(done: Body, word: str, otherwise: str, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    out().print(plain(f"{done['destination']} {word if done[word] else otherwise}"))


def _cells(line: Body) -> Iterator[object]:
    for name in TOLD:
        yield line[name] or "-"
    for name in COUNTS:
        yield "-" if line[name] is None else line[name]
