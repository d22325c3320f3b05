"""``encamina explain``: the whole fate of one event."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.filters import id_of
from cli.kept import Found, find
from cli.looks import looking
from cli.options import HERE, DataOption, JsonOption, ProjectOption, data_folder
from cli.output import Exit, err, out, plain, print_findings, print_json
from cli.story import quarantined_json, show_quarantined, show_story, story_json
from cli.tasks import run
from engine.authoring.narrow import narrowed
from engine.authoring.story import Fate, Kept, fates
from engine.model.cache import Caches
from engine.model.clock import Millis, system_clock
from engine.model.errors import ProjectError
from engine.model.finding import Finding, has_errors, in_order
from engine.model.jsonvalue import Json
from engine.model.names import did_you_mean
from engine.project.read import read_project
from engine.project.spec import Project, ProjectSpec
from engine.release.build import build_release
from engine.release.release import Release


def explain(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="The event's id.")],
    project: ProjectOption = HERE,
    data: DataOption = None,
    destination: Annotated[
        str | None, typer.Option(help="Only at this destination; may be a glob.")
    ] = None,
    payload: Annotated[
        bool,
        typer.Option("--payload", help="Show the payload too, and what each of its leaves gave."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what became of an event at each destination, and why. Changes nothing.

    What was recorded is told as it was; why it was decided so is computed again by today's files.
    Exit code 1 if nothing is known of the event.

    Example: encamina explain 0f0c1b6e-5a0e-4c0f-9d8e-7d1f5a3c2b10 --destination meta
    """
    now = system_clock()
    wanted = _Wanted(message_id, destination, payload)
    id_of(message_id)
    read, findings = read_project(project)
    spec = None if read is None else read.spec
    found = run(partial(_look, project, data_folder(project, data), message_id, spec, now))
    if not found.accepted and not found.quarantined:
        _say_nothing_known(wanted, as_json=as_json)
        raise typer.Exit(Exit.FINDINGS)
    # Compiled only now, and only what the event can meet: all rules take a second or two.
    events = [kept.event for kept in found.accepted if kept.event is not None]
    part = None if read is None else narrowed(read, events)
    release = _release(part, findings, wanted) if found.accepted else None
    if as_json:
        print_json(_as_json(wanted, found, release, now))
        return
    console = out()
    for kept in found.accepted:
        told = _fates(wanted, kept, release, now)
        name = release.name if release is not None else None
        show_story(console, message_id, kept, told, name, payload=payload)
    for one in found.quarantined:
        show_quarantined(console, message_id, one)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for."""

    message_id: str
    destination: str | None
    payload: bool


def _release(read: Project | None, findings: Sequence[Finding], wanted: _Wanted) -> Release | None:
    """What today's files say; without one where they have errors, which are printed.

    Destinations that are off are compiled only where one is asked for. Raises ``ProjectError``
    where a destination is asked for that there is not.
    """
    release: Release | None = None
    if read is not None:
        release, faults = build_release(read, Caches.off(), with_off=wanted.destination is not None)
        findings = [*findings, *faults]
    if release is None or has_errors(findings):
        print_findings(in_order(findings))
        err().print("[yellow]Today's files have errors[/]: what was recorded is told, and no more.")
        return None
    if wanted.destination is not None:
        _check_name(wanted.destination, release)
    return release


async def _look(
    project: Path, folder: Path, message_id: str, spec: ProjectSpec | None, now: Millis
) -> Found:
    sources = [one.name for one in spec.sources] if spec is not None else []
    since = Millis(now - (spec.remember_ms if spec is not None else 0))
    async with looking(project, folder) as look:
        return await find(look, message_id, sources, since)


def _check_name(name: str, release: Release) -> None:
    """Raise ``ProjectError`` where no destination of the release has that name or meets the glob.

    One that is recorded and no more among today's files is met by a glob alone.
    """
    known = [one.name for one in release.destinations]
    if set(name) & set("*?[") or name in known:
        return
    hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
    raise ProjectError(f'no destination "{name}"; {hint}')


def _fates(wanted: _Wanted, kept: Kept, release: Release | None, now: Millis) -> list[Fate]:
    return [
        fate
        for fate in fates(kept, release, now, leaves=wanted.payload)
        if wanted.destination is None or fnmatchcase(fate.name, wanted.destination)
    ]


def _as_json(wanted: _Wanted, found: Found, release: Release | None, now: Millis) -> Json:
    name = release.name if release is not None else None
    accepted: list[Json] = [
        story_json(kept, _fates(wanted, kept, release, now), name, payload=wanted.payload)
        for kept in found.accepted
    ]
    quarantined: list[Json] = [quarantined_json(one) for one in found.quarantined]
    return {"message_id": wanted.message_id, "events": [*accepted, *quarantined]}


def _say_nothing_known(wanted: _Wanted, *, as_json: bool) -> None:
    if as_json:
        print_json({"message_id": wanted.message_id, "events": []})
    err().print(
        f'nothing is known of "{plain(wanted.message_id)}": it never came, was rejected or '
        "suppressed (nothing is kept of those), or is older than what is kept. An event "
        "without a messageId gets one: encamina events lists them"
    )
