"""``dry-run --inbound``: the events that a foreign body gives, and what ingest says of them."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from cli.events import EventsError, dump
from cli.output import Exit, err, out, plain, print_json
from engine.authoring.dry_inbound import DryInbound, dry_inbound
from engine.codec.lenient import read_json
from engine.model.clock import Millis
from engine.model.errors import ProjectError
from engine.model.jsonvalue import Json
from engine.model.names import did_you_mean
from engine.model.verdict import Accepted, verdict_name
from engine.release.inbound import InboundMapping
from engine.release.release import Release


def tell_inbound(
    release: Release, name: str, files: Sequence[str], at: Millis, *, as_json: bool
) -> Exit:
    """Print the events of each body; as JSON they can be given to ``dry-run`` again."""
    mapping = _mapping(release, name)
    code = Exit.FINE
    for body in _bodies(files):
        for one in dry_inbound(release, mapping, body, at):
            code = max(code, Exit.FINE if one.is_fine else Exit.FINDINGS)
            if as_json and one.body is not None:
                print_json(one.body)
            _show(err() if as_json else out(), one, whole=not as_json)
    return code


def _mapping(release: Release, name: str) -> InboundMapping:
    if (mapping := release.inbound(name)) is not None:
        return mapping
    known = [one.name for one in release.inbounds]
    hint = did_you_mean(name, known) or (
        f"known are {', '.join(known)}" if known else f"write rules/inbound/{name}.yaml"
    )
    raise ProjectError(f'no inbound mapping "{name}"; {hint}')


def _bodies(files: Sequence[str]) -> Iterator[Json]:
    """Each file whole: a list in it is the body's own."""
    for file in files:
        try:
            data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
            yield read_json(data)[0]
        except OSError as fault:
            raise EventsError(f"{file}: {fault.strerror}; name a file or - for stdin") from fault
        except ValueError as fault:
            raise EventsError(f"{file}: no JSON: {fault}") from fault


def _show(console: Console, one: DryInbound, *, whole: bool) -> None:
    """An event and its verdict; not ``whole``, only what is wrong with it."""
    if one.verdict is not None and (whole or not isinstance(one.verdict, Accepted)):
        colour = "green" if isinstance(one.verdict, Accepted) else "red"
        console.print(f"[bold]{plain(one.name)}[/]  [{colour}]{verdict_name(one.verdict)}[/]")
        for reason in () if isinstance(one.verdict, Accepted) else one.verdict.reasons:
            console.print(f"  {plain(reason.path or 'the event')}: {plain(reason.message)}")
    for fault in one.faults:
        place = f"  {fault.file}:{fault.line}" if fault.file else ""
        console.print(
            f"  [red]{plain(fault.path or 'event')}[/]: {plain(fault.message)}"
            f"[dim]{plain(place)}[/]"
        )
    if whole and one.body is not None:
        console.print(dump(one.body), markup=False)
