"""``encamina dry-run``: what each destination would get, and why; sends nothing."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.against import NOBODY_ASKED, Opinions, exit_of, show_opinion, tell_with_opinions
from cli.events import dump, read_events
from cli.inbound import tell_inbound
from cli.options import HERE, JsonOption, NowOption, ProjectOption, moment
from cli.output import Exit, out, plain, print_json
from cli.project import release_of
from cli.stored import Stored, nothing_stored, stored_consent
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
from engine.release.destination import Destination, Mode
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
    data: Annotated[
        Path | None,
        typer.Option(
            help="Count in what this data folder knows people to have consented to.",
            show_default="the event's own word alone",
        ),
    ] = None,
    why: Annotated[
        bool, typer.Option("--explain", help="Show the rules tried and what each leaf gave.")
    ] = False,
    request: Annotated[
        bool, typer.Option("--request", help="Show the request too, secrets masked.")
    ] = False,
    against_vendor: Annotated[
        bool,
        typer.Option(
            "--against-vendor",
            help="Ask each vendor too, in a way that records nothing there; "
            "where requests go is ENCAMINA_VENDORS.",
        ),
    ] = False,
    inbound: Annotated[
        str | None,
        typer.Option(
            "--inbound",
            metavar="NAME",
            help="Read bodies of this inbound mapping, and show the events they give.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what each destination would get of these events, and why. Sends nothing.

    Exit code 1 if an event is not accepted, a payload breaks its contract, or the vendor finds a
    problem; 2 if the vendor can't be reached.

    Example: encamina dry-run order.json --destination meta --explain
    """
    release = release_of(project, Caches.on())
    if inbound is not None:
        raise typer.Exit(tell_inbound(release, inbound, events, moment(now), as_json=as_json))
    wanted = _wanted(release, destination)
    sender = _source(release, source)
    at = moment(now)
    bodies: Iterable[Json] = read_events(events)
    stored: Stored = nothing_stored
    if data is not None:
        bodies = list(bodies)
        since = Millis(at - release.spec.remember_ms)
        stored = stored_consent(project, data, bodies, since)
    dries = (run_dry(release, body, sender, at, wanted, stored) for body in bodies)

    def tell(dry: Dry, opinions: Opinions) -> Exit:
        if as_json:
            print_json(_as_json(dry, release, at, request, opinions))
        else:
            _show(
                out(),
                dry,
                release,
                at,
                opinions,
                named=destination or (),
                request=request,
                why=why,
            )
        return max(Exit.FINDINGS if _is_trouble(dry) else Exit.FINE, exit_of(opinions))

    if against_vendor:
        raise typer.Exit(tell_with_opinions(release, dries, at, destination or (), tell))
    raise typer.Exit(max((tell(dry, NOBODY_ASKED) for dry in dries), default=Exit.FINE))


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


def _as_json(dry: Dry, release: Release, at: Millis, request: bool, opinions: Opinions) -> Json:
    line = dict(dry.as_json())
    shown: list[Json] = []
    for index, (destination, decision) in enumerate(dry.decisions):
        one = dict(decision.as_json())
        if request:
            one["request"] = _request(release, destination, decision, at)
        if (opinion := opinions.get(index)) is not None:
            one["vendor"] = opinion.as_json()
        shown.append(one)
    line["destinations"] = shown
    return line


def _request(release: Release, destination: Destination, decision: Decision, at: Millis) -> Json:
    if decision.payload is None or destination.request is None:
        return None
    try:
        return request_of(release, destination, decision.payload, at)
    except (BodyFault, RequestFault) as fault:
        return {"error": str(fault)}


def _show(
    console: Console,
    dry: Dry,
    release: Release,
    at: Millis,
    opinions: Opinions,
    *,
    named: Collection[str],
    request: bool,
    why: bool,
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
    off: dict[str, None] = {}
    for index, (destination, decision) in enumerate(dry.decisions):
        if destination.mode is Mode.OFF and destination.name not in named:
            off[destination.name] = None
            continue
        _show_decision(console, decision)
        show_opinion(console, opinions.get(index))
        if request and (shown := _request(release, destination, decision, at)) is not None:
            console.print(_indented(dump(shown)), markup=False)
        if why:
            lines = explain(release, dry, destination, decision, at)
            console.print("\n".join(f"      {plain(line)}" for line in lines))
    if off:
        console.print(
            f"  [dim]off: {plain(', '.join(off))}; --destination NAME shows what one would get[/]"
        )
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
    for warning in decision.warnings:
        console.print(
            f"      [yellow]{plain(warning.path)}[/]: {plain(warning.message)}"
            f"[dim]  {plain(warning.file)}:{warning.line}[/]"
        )
    if decision.payload is not None:
        console.print(_indented(dump(decision.payload.body)), markup=False)


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines())
