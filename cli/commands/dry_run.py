"""``encamina dry-run``: what each destination would get, and why; sends nothing."""

from typing import Annotated

import typer
from rich.console import Console

from cli.events import dump, read_events
from cli.options import HERE, JsonOption, NowOption, ProjectOption, moment
from cli.output import Exit, out, plain, print_json
from cli.project import release_of
from engine.authoring.dry_run import Dry, request_of
from engine.authoring.dry_run import dry_run as run_dry
from engine.authoring.explain import explain
from engine.model.cache import Caches
from engine.model.clock import Millis
from engine.model.decision import Decision, Verb
from engine.model.errors import ProjectError
from engine.model.event import Source
from engine.model.jsonvalue import Json
from engine.model.names import did_you_mean
from engine.model.verdict import Accepted, verdict_name
from engine.pipeline.request import BodyFault, RequestFault
from engine.release.destination import Destination
from engine.release.release import Release

COLOURS = {
    Verb.SEND: "green",
    Verb.SHADOW: "cyan",
    Verb.SKIP: "dim",
    Verb.DROP: "dim",
    Verb.INVALID: "red",
    Verb.ERROR: "red",
}


def dry_run(
    events: Annotated[
        list[str],
        typer.Argument(
            metavar="EVENT…", help="Files or folders of JSON or JSON lines; - is stdin."
        ),
    ],
    project: ProjectOption = HERE,
    destination: Annotated[
        list[str] | None, typer.Option(help="Only this destination; may be given again.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="As which source.", show_default="the first")
    ] = None,
    now: NowOption = None,
    why: Annotated[
        bool, typer.Option("--explain", help="Show the rules tried and what each leaf gave.")
    ] = False,
    request: Annotated[
        bool, typer.Option("--request", help="Show the request too, secrets masked.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what each destination would get of these events, and why. Sends nothing.

    Exit code 1 if an event is not accepted, or a payload breaks its contract.

    Example: encamina dry-run order.json --destination meta --explain
    """
    release = release_of(project, Caches.on())
    wanted = _wanted(release, destination)
    sender = _source(release, source)
    at = moment(now)
    troubled = False
    for body in read_events(events):
        dry = run_dry(release, body, sender, at, wanted)
        troubled = troubled or _is_trouble(dry)
        if as_json:
            print_json(_as_json(dry, release, at, request))
        else:
            _show(out(), dry, release, at, request=request, why=why)
    raise typer.Exit(Exit.FINDINGS if troubled else Exit.FINE)


def _wanted(release: Release, names: list[str] | None) -> frozenset[str]:
    known = [one.name for one in release.destinations]
    for name in names or ():
        if name not in known:
            hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
            raise ProjectError(f'no destination "{name}"; {hint}')
    return frozenset(names or known)


def _source(release: Release, name: str | None) -> Source:
    sources = {
        spec.name: Source(spec.name, spec.kind, spec.unplanned) for spec in release.spec.sources
    }
    if name is None:
        return next(iter(sources.values()))
    if name not in sources:
        hint = did_you_mean(name, list(sources)) or f"known are {', '.join(sources)}"
        raise ProjectError(f'no source "{name}"; {hint}')
    return sources[name]


def _is_trouble(dry: Dry) -> bool:
    return not isinstance(dry.verdict, Accepted) or any(
        decision.verb in (Verb.INVALID, Verb.ERROR) for _, decision in dry.decisions
    )


def _as_json(dry: Dry, release: Release, at: Millis, request: bool) -> Json:
    line = dict(dry.as_json())
    if request:
        line["destinations"] = [
            {**decision.as_json(), "request": _request(release, destination, decision, at)}
            for destination, decision in dry.decisions
        ]
    return line


def _request(release: Release, destination: Destination, decision: Decision, at: Millis) -> Json:
    if decision.payload is None:
        return None
    try:
        return request_of(release, destination, decision.payload, at)
    except (BodyFault, RequestFault) as fault:
        return {"error": str(fault)}


def _show(
    console: Console, dry: Dry, release: Release, at: Millis, *, request: bool, why: bool
) -> None:
    event = dry.event
    name = (event.name or event.type) if event else "no event"
    verdict = verdict_name(dry.verdict)
    colour = "green" if isinstance(dry.verdict, Accepted) else "red"
    console.print(
        f"[bold]{plain(name)}[/]  [dim]{plain(event.message_id) if event else ''}[/]"
        f"  [{colour}]{verdict}[/]"
    )
    if not isinstance(dry.verdict, Accepted):
        for reason in dry.verdict.reasons:
            console.print(f"  {plain(reason.path or 'the event')}: {plain(reason.message)}")
    for destination, decision in dry.decisions:
        _show_decision(console, decision)
        if request and (shown := _request(release, destination, decision, at)) is not None:
            console.print(_indented(dump(shown)), markup=False)
        if why and event is not None:
            lines = explain(release, destination, event, decision, at)
            console.print("\n".join(f"      {plain(line)}" for line in lines))
    console.print()


def _show_decision(console: Console, decision: Decision) -> None:
    rule = f"  rule {decision.rule}" if decision.rule else ""
    part = f" part {decision.part}" if decision.part else ""
    reason = f"  ({decision.reason})" if decision.reason else ""
    console.print(
        f"  [bold]{plain(decision.destination):<10}[/] "
        f"[{COLOURS[decision.verb]}]{decision.verb}[/]{plain(rule + part + reason)}"
    )
    for fault in decision.faults:
        place = f"  {fault.file}:{fault.line}" if fault.file else ""
        console.print(
            f"      [red]{plain(fault.path or 'payload')}[/]: {plain(fault.message)}"
            f"[dim]{plain(place)}[/]"
        )
    if decision.payload is not None:
        console.print(_indented(dump(decision.payload.body)), markup=False)


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines())
