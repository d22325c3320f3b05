"""NestJS's TCP transport on an address: its bounds and files as ``nest:`` says."""

import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import trio

from engine.ingest.accept import Ingest
from engine.ingest.guard import Guard
from engine.model.clock import Clock
from engine.nest.answer import NestFace
from engine.nest.bounds import Bounds
from engine.nest.connection import Host
from engine.nest.serve import Door, serve
from engine.project.listeners import NestSpec
from engine.project.spec import ServerSpec
from engine.server.http import ListenError, open_listeners
from engine.store.interface import Store
from engine.webserver.tls import TlsError, server_context

ROOM_FOR = 16
"""Packets of the largest size for which there is room at any rate: each takes four bytes a unit."""


def nest_face(ingest: Ingest, store: Store | None, clock: Clock, spec: NestSpec) -> NestFace:
    """What answers packets, over what the other faces have too."""
    guard = Guard(ingest.release, ingest.notices)
    return NestFace(ingest, clock, guard, spec.source, store)


async def serve_nest(
    face: NestFace,
    spec: NestSpec,
    root: Path,
    until: Callable[[], Awaitable[None]],
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve ``face`` as ``spec`` says until ``until`` returns; gives the bound ``HOST:PORT``.

    ``root`` is the folder of the project. Raises ``ListenError`` where the address or the files of
    its TLS can't be used.
    """
    notices = face.ingest.notices
    door = Door(spec.allow, _context(spec, root))
    listeners = await open_listeners(spec.listen)
    host = Host(
        face.answer,
        face.clock,
        _bounds(spec, face.ingest.release().spec.server),
        notices.turned_away,
        partial(notices.alarm, "nest"),
    )
    async with trio.open_nursery() as tasks:
        [where, *_] = await tasks.start(serve, host, listeners, until, door)
        notices.said("nest listening", at=where, patterns=len(face.patterns()))
        task_status.started(where)


def _bounds(spec: NestSpec, server: ServerSpec) -> Bounds:
    return Bounds(
        max_connections=spec.max_connections,
        max_frame=spec.max_frame_bytes,
        max_in_flight_bytes=max(server.max_in_flight_bytes, ROOM_FOR * spec.max_frame_bytes),
        graceful_s=server.shutdown_ms / 1000,
    )


def _context(spec: NestSpec, root: Path) -> ssl.SSLContext | None:
    if spec.certificate is None or spec.key is None:
        return None
    try:
        context = server_context(root / spec.certificate, root / spec.key)
    except TlsError as error:
        raise ListenError(str(error)) from None
    if spec.client_ca is not None:
        path = root / spec.client_ca
        try:
            context.load_verify_locations(path)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror if type(error) is not ssl.SSLError else "expected a PEM file"
            raise ListenError(f"nest: client_ca {path} can't be used: {why}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context
