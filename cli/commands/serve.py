"""``encamina serve``: ingest and delivery in one process."""

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer
from structlog.typing import FilteringBoundLogger

from cli.options import HERE, DataOption, ProjectOption, data_folder
from cli.output import err, plain, print_findings
from cli.project import load
from cli.tasks import run
from engine.model.cache import Caches
from engine.model.clock import system_clock
from engine.model.errors import ProjectError
from engine.nest.patterns import does, patterns_of
from engine.project.listeners import NestSpec
from engine.release.checks.environment import check_environment
from engine.release.checks.sunset import check_sunset
from engine.release.destination import Mode
from engine.release.release import Release
from engine.server.run import Setup
from engine.server.run import run as serve_until_stopped
from engine.server.vendors import vendors_of
from engine.store.questions import QUESTIONS
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from engine.telemetry.redact import secrets_of

LOG_FORMATS = ("text", "json")


def serve(
    project: ProjectOption = HERE,
    data: DataOption = None,
    listen: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where to listen.", show_default="server.listen"),
    ] = None,
    nest_tcp: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where to take NestJS message patterns over TCP.",
            show_default="nest.listen, if it is written",
        ),
    ] = None,
    log_json: Annotated[bool, typer.Option(help="Write the log as JSON lines.")] = False,
) -> None:
    """Take events and deliver them, until SIGTERM or Ctrl-C.

    Requests go to the sandbox unless ENCAMINA_VENDORS=live.

    Example: encamina serve --project shop --listen 127.0.0.1:8080
    """
    caches = Caches.on()
    _, release, findings = load(project, caches, with_off=False)
    print_findings(findings)
    if release is None:
        raise ProjectError(f"the project in {project.resolve()} has errors; nothing is served")
    vendors = vendors_of(release.env)
    print_findings(check_sunset(release, system_clock()))
    if vendors.mode == "live":
        print_findings(check_environment(release))
    elsewhere = listen or release.spec.server.listen
    err().print(f"Encamina, release {release.name}. Vendors: {plain(str(vendors))}.")
    nest = _nest(release, nest_tcp)
    setup = Setup(
        release=release,
        data=data_folder(project, data),
        listen=elsewhere,
        vendors=vendors,
        notices=Notices(_logger(release, as_json=log_json)),
        caches=caches,
        listening=lambda url: _say_listening(url, release, nest),
        root=project,
        nest=nest,
    )
    run(partial(serve_until_stopped, setup))


def _nest(release: Release, listen: str | None) -> NestSpec | None:
    """NestJS's transport, as the settings have it or at the address that the option says."""
    spec = release.spec.nest
    if listen is None:
        return spec
    spec = NestSpec(listen) if spec is None else replace(spec, listen=listen)
    if ":" in listen and spec.takes_anybody:
        raise ProjectError(
            f"--nest-tcp {listen}: anybody who reaches that address could send and read;"
            " take 127.0.0.1, or name nest.allow or nest.tls.client_ca in encamina.yaml"
        )
    return spec


def _logger(release: Release, *, as_json: bool) -> FilteringBoundLogger:
    """The log, as JSON where the option, ENCAMINA_LOG or the settings ask for it."""
    form = release.env.get("ENCAMINA_LOG", release.spec.server.log_format)
    if form not in LOG_FORMATS:
        raise ProjectError(f'ENCAMINA_LOG is "{form}"; expected {" or ".join(LOG_FORMATS)}')
    return make_logger(as_json=as_json or form == "json", secrets=secrets_of(release.env))


def _say_listening(url: str, release: Release, nest: NestSpec | None) -> None:
    console = err()
    url = plain(url)
    console.print(f"Listening on {url} for events at {url}/v1/batch.")
    on = [one for one in release.destinations if one.mode is not Mode.OFF]
    for destination in on:
        mode = f"[dim]{destination.mode}[/]"
        console.print(f"  {destination.name:<12} {mode}  {plain(destination.title)}")
    if off := [one.name for one in release.destinations if one not in on]:
        console.print(f"  [dim]off: {plain(', '.join(off))}[/]")
    if made := [one.name for one in release.derived if one.mode is not Mode.OFF]:
        console.print(f"Events are made from events by {plain(', '.join(made))}.")
    if nest is not None:
        _say_patterns(release, nest)


def _say_patterns(release: Release, nest: NestSpec) -> None:
    """What NestJS callers may send and ask for, a line each."""
    console = err()
    console.print(f"NestJS patterns at {plain(nest.listen)}:")
    questions = QUESTIONS if release.store is not None else ()
    lines = [(plain(one), does(by)) for one, by in sorted(patterns_of(release, questions).items())]
    width = max((len(pattern) for pattern, _ in lines), default=0)
    for pattern, what in lines:
        console.print(f"  {pattern:<{width}}  [dim]{plain(what)}[/]")
