"""How each destination stands: from the files, the data folder, and the server that holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trio

from cli.control import reachable
from cli.looks import Look, delivery_counts, looking
from cli.trust import Server, asking
from engine.delivery.pauses import HandPause, stored_pauses
from engine.model.clock import to_iso
from engine.model.delivery import Answer, Request
from engine.model.delivery import State as DeliveryState
from engine.model.jsonvalue import Body, as_body
from engine.release.destination import Destination, Mode
from engine.release.release import Release
from engine.server.folder import served_at

ANSWERS_WITHIN_MS = 3_000
COUNTED = (DeliveryState.WAITING, DeliveryState.RETRYING, DeliveryState.PAUSED, DeliveryState.DEAD)


@dataclass(frozen=True, slots=True)
class Standings:
    """A line for each destination; ``url`` is the server that told its part, None if none did.

    ``why_not`` says why the server that holds the folder told nothing; None where none holds it.
    """

    lines: list[Body]
    url: str | None
    why_not: str | None = None


async def standings(project: Path, folder: Path, release: Release) -> Standings:
    """How each destination of the release stands; looks only, beside a server or without one."""
    url = served_at(folder)
    ready: Mapping[str, Body] | None = None
    why_not: str | None = None
    if url is not None:
        server = Server(reachable(url), named=False, tls=release.spec.server.tls, project=project)
        told = await _ready(server)
        ready, why_not = (None, told) if isinstance(told, str) else (told, None)
    if not await trio.Path(folder).is_dir():
        return Standings([_line(one, {}, None, {}, None) for one in release.destinations], None)
    async with looking(project, folder) as look:
        counts, pauses = await delivery_counts(look), await stored_pauses(look.state)
        lines = [
            _line(
                one,
                {state: counts.get(one.name, {}).get(state, 0) for state in COUNTED},
                await _backlog(look, one.name),
                pauses,
                ready,
            )
            for one in release.destinations
        ]
    return Standings(lines, url if ready is not None else None, why_not)


async def _backlog(look: Look, name: str) -> int | None:
    return await look.log.backlog(name) if name in await look.log.groups() else None


async def _ready(server: Server) -> Mapping[str, Body] | str:
    """What the server says of its destinations, or in words why it doesn't."""
    async with asking(server) as sender:
        request = Request("GET", f"{server.url.rstrip('/')}/readyz", {}, {}, b"")
        answer = await sender.send("", request, ANSWERS_WITHIN_MS)
    if not isinstance(answer, Answer):
        return server.why_not(answer.reason, "it may be busy, or about to stop")
    told = as_body(as_body(answer.body).get("destinations"))
    return {name: as_body(one) for name, one in told.items()}


def _line(
    destination: Destination,
    counts: Mapping[DeliveryState, int],
    backlog: int | None,
    pauses: Mapping[str, HandPause],
    ready: Mapping[str, Body] | None,
) -> Body:
    name = destination.name
    told = (ready or {}).get(name) or _without_server(destination, pauses.get(name))
    return {
        "destination": name,
        "mode": str(destination.mode),
        "state": told.get("state"),
        "reason": told.get("reason") or "",
        "since": told.get("since"),
        "until": told.get("until"),
        "by_hand": name in pauses,
        "backlog": backlog,
        **{str(state): counts.get(state, 0) for state in COUNTED},
    }


def _without_server(destination: Destination, pause: HandPause | None) -> Body:
    """What the files alone tell: a breaker, or a pause by an answer, only a server knows."""
    if destination.mode is Mode.OFF:
        return {"state": "off"}
    if pause is not None:
        return {"state": "paused", "reason": pause.reason, "since": to_iso(pause.since)}
    return {}
