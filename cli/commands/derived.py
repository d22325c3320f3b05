"""``encamina derived``: events made from events: how they stand, their figures, back-fills."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.actions import actions
from cli.control import changing
from cli.looks import looking
from cli.options import HERE, DataOption, JsonOption, LimitOption, ProjectOption, data_folder, past
from cli.output import out, plain, print_json, print_table
from cli.project import release_of
from cli.tasks import run
from engine.codec.body import dumps
from engine.model.cache import Caches
from engine.model.clock import Millis, system_clock, to_iso
from engine.model.errors import ProjectError
from engine.model.jsonvalue import Body, as_body
from engine.model.names import did_you_mean
from engine.model.window import BACK_FILL, Standing, Window
from engine.pipeline.figures import told
from engine.release.derived import Derived
from engine.release.derived_form import FORM, Form
from engine.release.release import Release

app = actions(
    "derived",
    "Events made from events: list, show figures, back-fill.\n\n"
    "Example: encamina derived show average-cart-value",
)

GONE = "gone"
"""The mode of a file that left the project, as long as anything is kept of it."""

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="What derived: says in rules/derived/.")
]


@app.command("list")
def list_derived(
    project: ProjectOption = HERE, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List the files of rules/derived/: how many figures they keep, since when, and what waits.

    Example: encamina derived list
    """
    release = release_of(project, Caches.on())
    lines = run(partial(_standings, project, data_folder(project, data), release))
    if as_json:
        for line in lines:
            print_json(line)
        return
    columns = ("derived", "mode", "since", "next_due", "unread", "keys", "waiting", "unsent")
    print_table("", columns, ([_cell(line[name]) for name in columns] for line in lines), numbers=4)
    for line in lines:
        for remark in _remarks(line):
            out().print(plain(remark))


@app.command("show")
def show_derived(
    name: NameArgument,
    key: Annotated[str | None, typer.Option(help="Only keys that hold this text.")] = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the figures of a file by key, what changed last first.

    Example: encamina derived show purchases --key cli-10023
    """
    derived = _known(release_of(project, Caches.on()), name)
    found = run(partial(_figures, project, data_folder(project, data), derived, key, limit))
    for line in found:
        if as_json:
            print_json(line)
            continue
        out().print(plain(", ".join(map(str, line["keys"]))))  # type: ignore[arg-type]  # a list
        for part in ("figures", "show"):
            for figure, value in dict(line[part]).items():  # type: ignore[arg-type]  # an object
                out().print(plain(f"    {figure}: {_text(value)}"))
        if line["due"] is not None:
            out().print(plain(f"    due: {line['due']}"))
    if not found and not as_json:
        out().print("No figures yet.")


@app.command("backfill")
def back_fill(
    name: NameArgument,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="From when on events count: 30d (ago), or a timestamp.",
            show_default="all that the log holds",
        ),
    ] = None,
    project: ProjectOption = HERE,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget the figures of a file, and build them anew from the log.

    What was due before now makes no event. What the log no longer holds, or what
    encamina store import told, counts no more: see since in encamina derived list.

    Example: encamina derived backfill cart-abandoned --since 30d
    """
    began = past(since, "--since", system_clock())
    asked: Body = {"derived": name, **({} if began is None else {"since": to_iso(began)})}
    done = run(partial(_change, project, data_folder(project, data), asked))
    if as_json:
        print_json(done)
        return
    which = f"what came since {done['since']}" if done["since"] else "all that the log holds"
    out().print(plain(f"{done['derived']} builds its figures anew from {which}"))
    begins = done["log_begins"]
    holds = f"begins at {begins}" if begins else "holds nothing"
    out().print(plain(f"The log {holds}: what came before that, or was imported, counts no more."))
    out().print("How far it is: encamina derived list")


async def _change(project: Path, folder: Path, asked: Body) -> Body:
    async with changing(project, folder) as change:
        return await change("derived/backfill", asked)


async def _standings(project: Path, folder: Path, release: Release) -> list[Body]:
    async with looking(project, folder) as look:
        groups = await look.log.groups()
        lines = []
        for one in release.derived:
            standing = await look.state.windows.standing(one.name)
            unread = await look.log.backlog(one.group) if one.group in groups else None
            form = Form.read(await look.state.setting(f"{FORM}{one.name}"))
            is_asked = await look.state.setting(f"{BACK_FILL}{one.name}") is not None
            lines.append(_line(one, standing, unread, form, is_building=is_asked))
        there = {one.name for one in release.derived}
        for name in await look.state.windows.names():
            standing = await look.state.windows.standing(name)
            if name not in there and standing.windows:
                lines.append(_line(name, standing, None, None, is_building=False))
        return lines


def _line(
    derived: Derived | str,
    standing: Standing,
    unread: int | None,
    form: Form | None,
    *,
    is_building: bool,
) -> Body:
    form = form or Form()
    return {
        "derived": derived if isinstance(derived, str) else derived.name,
        "mode": GONE if isinstance(derived, str) else str(derived.mode),
        "since": None if form.since is None else to_iso(form.since),
        "next_due": None if standing.next_due is None else to_iso(standing.next_due),
        "unread": unread,
        "keys": standing.windows,
        "waiting": standing.waiting,
        "unsent": standing.unsent,
        "changed": {part: to_iso(at) for part, at in form.changed.items()},
        "building": is_building,
    }


def _cell(value: object) -> object:
    return "-" if value is None else value


def _remarks(line: Body) -> Iterator[str]:
    """What a line leaves to be said, and what to do about it."""
    name = line["derived"]
    if line["mode"] == GONE:
        yield f"{name}: its file is gone; what is kept goes a day after it, put it back before"
    if line["building"]:
        yield f"{name}: a back-fill is asked for or running; its figures are not whole until then"
    for part, at in as_body(line["changed"]).items():
        yield (
            f"{name}: {part} was edited, and counts so since {at}; to count what the log holds by "
            f"it: encamina derived backfill {name}"
        )


async def _figures(
    project: Path, folder: Path, derived: Derived, key: str | None, limit: int
) -> list[Body]:
    async with looking(project, folder) as look:
        found = await look.state.windows.list(derived.name, holding=key, limit=limit)
    now = system_clock()
    return [_shown(derived, keys, window, now) for keys, window in found]


def _shown(derived: Derived, keys: Sequence[str], window: Window, now: Millis) -> Body:
    figures, show = told(derived, window.figures, now)
    return {
        "derived": derived.name,
        "keys": list(_bare(keys)),
        "figures": figures,
        "show": show,
        "due": None if window.due is None else to_iso(window.due),
    }


def _bare(keys: Sequence[str]) -> Iterator[str]:
    """Keys as people know them, without the number of the ``key:`` that gave each."""
    for key in keys:
        yield key.partition(":")[2]


def _text(value: object) -> str:
    return value if isinstance(value, str) else dumps(value).decode()  # type: ignore[arg-type]  # it came as JSON


def _known(release: Release, name: str) -> Derived:
    for one in release.derived:
        if one.name == name:
            return one
    names = [one.name for one in release.derived]
    hint = did_you_mean(name, names) or f"there are {', '.join(names) or 'none'}"
    raise ProjectError(f'no file of rules/derived/ is called "{name}"; {hint}')
