"""``encamina doctor``: whether all is as it must be; with --repair, saving a damaged folder."""

import os
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import trio
import typer

from cli.options import HERE, DataOption, JsonOption, ProjectOption, data_folder
from cli.output import Exit, err, out, plain, print_json
from cli.project import load
from cli.tasks import run
from engine.model.cache import Caches
from engine.model.clock import system_clock
from engine.model.errors import ProjectError
from engine.model.finding import Finding, Severity
from engine.model.jsonvalue import Json
from engine.project.read import read_project
from engine.project.spec import Project
from engine.release.checks.environment import check_environment
from engine.release.checks.sunset import check_sunset
from engine.release.destination import Mode
from engine.release.release import Release
from engine.server.checkup import (
    Check,
    Level,
    check_archives,
    check_clock,
    check_folder,
    check_machine,
    check_room,
    ok,
)
from engine.server.folder import held, mode_of
from engine.server.kept import Kept
from engine.server.losses import warnings_of
from engine.server.repair import Repaired, repair
from engine.server.vendors import vendors_of
from engine.sqlite.salvage import damage_of
from engine.sqlite.trees import Saved

REACHED_WITHIN_S = 5.0
RANGES_SHOWN = 20
COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}


def doctor(
    project: ProjectOption = HERE,
    data: DataOption = None,
    vendors: Annotated[
        bool, typer.Option("--vendors", help="Also see whether each vendor's host answers.")
    ] = False,
    repair_it: Annotated[
        bool,
        typer.Option("--repair", help="Save a damaged log, state or store into a fresh file."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at the project, its secrets, the data folder, the disk and the clock.

    Exit code 1 if something is wrong. --repair needs a folder that no server holds; the damaged
    file is kept beside the new one.

    Example: encamina doctor --project shop --vendors
    """
    if repair_it:
        # What is saved does not hang on the rules, and compiling them takes longest of all.
        only_read, _ = read_project(project)
        _repair(_usable(only_read, project), data_folder(project, data), as_json=as_json)
        return
    found, release, findings = load(project, Caches.on())
    read, folder = _usable(found, project), data_folder(project, data)
    checks = [*_project(release, findings), *check_machine()]
    kept = Kept.by(read, folder)
    checks += check_folder(kept)
    checks += run(partial(check_room, read.spec.keep, kept))
    checks += check_archives(release, folder, read.spec.keep.free_bytes)
    checks += run(partial(check_clock, read.spec, folder, system_clock()))
    if vendors:
        checks += run(partial(_vendors, read, release))
    for one in checks:
        _show(one, as_json=as_json)
    failed = any(one.level is Level.ERROR for one in checks)
    raise typer.Exit(Exit.FINDINGS if failed else Exit.FINE)


def _usable(read: Project | None, folder: Path) -> Project:
    if read is None:
        raise ProjectError(f"the project in {folder.resolve()} can't be read; encamina validate")
    return read


def _show(one: Check, *, as_json: bool) -> None:
    if as_json:
        print_json({"what": one.what, "level": one.level, "message": one.message, "todo": one.todo})
        return
    level = f"[{COLOURS[one.level]}]{one.level:<7}[/]"
    out().print(f"{level} [bold]{plain(one.what)}[/]: {plain(one.message)}")
    if one.todo:
        out().print(f"        [dim]{plain(one.todo)}[/]")


def _project(release: Release | None, findings: Sequence[Finding]) -> Iterator[Check]:
    errors = sum(one.severity is Severity.ERROR for one in findings)
    if release is None:
        message = f"{errors} errors, so nothing is served"
        yield Check("project", Level.ERROR, message, "encamina validate lists them")
        return
    yield ok("project", f"release {release.name}, {len(release.destinations)} destinations")
    for one in [*check_environment(release), *check_sunset(release, system_clock())]:
        yield Check(str(one.place), Level.WARNING, one.message, one.hint or "")


async def _vendors(project: Project, release: Release | None) -> list[Check]:
    """Whether a connection to each vendor's host can be made; nothing is sent to it."""
    vendors = vendors_of(project.env)
    if vendors.sandbox_url is not None:
        return [await _reached("sandbox", vendors.sandbox_url)]
    checks = []
    for one in project.destinations:
        url = one.request.url.value if one.request else None
        host = urlsplit(url).netloc if isinstance(url, str) else ""
        built = release.destination(one.name) if release else None
        if built is None or built.mode is Mode.OFF or not host:
            continue
        if "{" in host:
            checks.append(ok(one.name, "its host stands in a setting; not looked up"))
        else:
            checks.append(await _reached(one.name, f"https://{host}"))
    return checks


async def _reached(name: str, url: str) -> Check:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with trio.fail_after(REACHED_WITHIN_S):
            stream = await trio.open_tcp_stream(host, port)
            await stream.aclose()
    except (OSError, trio.TooSlowError) as error:
        return Check(name, Level.ERROR, *_why_not(error, host, port))
    return ok(name, f"{host}:{port} answers")


def _why_not(error: Exception, host: str, port: int) -> tuple[str, str]:
    """Why nobody answered, and what to do."""
    if isinstance(error, trio.TooSlowError):
        message = f"no answer from {host}:{port} within {REACHED_WITHIN_S:g} s"
        return message, "a firewall may drop what goes there; or the network is down"
    if isinstance(error, socket.gaierror):
        return f"the name {host} is not known: {error.strerror}", "see DNS, and whether it is right"
    causes = _causes(error)
    if all(isinstance(one, ConnectionRefusedError) for one in causes):
        return (
            f"{host}:{port} refused the connection: nothing listens there",
            "start what should listen there; else see whether host and port are right",
        )
    words = ", ".join(sorted({os.strerror(one.errno) for one in causes if one.errno}))
    return f"no connection to {host}:{port}: {words or error}", "see network and firewall"


def _causes(error: Exception) -> list[OSError]:
    """The fault of each address of the host that was tried: trio tells them in a group."""
    group = error.__cause__
    found = group.exceptions if isinstance(group, BaseExceptionGroup) else (error,)
    return [one for one in found if isinstance(one, OSError)]


def _repair(project: Project, folder: Path, *, as_json: bool) -> None:
    kept = Kept.by(project, folder)
    files = [path for path in kept.files() if path.exists()]
    if not files:
        raise ProjectError(f"no log, state or store in {folder}; name the data folder with --data")
    with held(folder, mode_of(folder) or vendors_of(project.env).mode):
        for path in files:
            _repair_one(kept, path, as_json=as_json)


def _repair_one(kept: Kept, path: Path, *, as_json: bool) -> None:
    if damage_of(path) is None:
        _say(
            {"file": path.name, "sound": True}, f"{path.name} is sound; nothing was done.", as_json
        )
        return
    done = run(partial(repair, kept, path, system_clock()))
    if as_json:
        print_json(_as_json(done))
        return
    out().print(f"{plain(path.name)} was damaged, and is now a sound file with what could be read.")
    for one in done.tables:
        strays = f", {one.strays:,} of them without their tree" if one.strays else ""
        out().print(f"  {plain(one.table):<18} {one.rows:>9,} rows{strays}{plain(_loss(one))}")
    for words in warnings_of(done.tables):
        err().print(f"[yellow]warning:[/] {plain(words)}.")
    err().print(f"The damaged file is kept as {plain(str(done.kept_as))}.")


def _loss(saved: Saved) -> str:
    if saved.whole:
        return ""
    keys = sum(until - after for after, until in saved.lost)
    ranges = [_range(after, until) for after, until in saved.lost[:RANGES_SHOWN]]
    more = "" if len(saved.lost) <= RANGES_SHOWN else f" and {len(saved.lost) - RANGES_SHOWN} more"
    told = [f"lost up to {keys:,}, at {', '.join(ranges)}{more}"] if keys else []
    told += ["a part may be lost whose size can't be told"] if saved.cut else []
    return "; " + "; ".join(told)


def _range(after: int, until: int) -> str:
    return str(until) if until - after == 1 else f"{after + 1} to {until}"


def _as_json(done: Repaired) -> dict[str, Json]:
    return {
        "file": done.path.name,
        "sound": False,
        "kept_as": str(done.kept_as),
        "tables": [
            {
                "table": one.table,
                "rows": one.rows,
                "lost": [[after + 1, until] for after, until in one.lost],
                "cut": one.cut,
                "strays": one.strays,
            }
            for one in done.tables
        ],
        "warnings": list(warnings_of(done.tables)),
    }


def _say(value: dict[str, Json], words: str, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        out().print(plain(words))
