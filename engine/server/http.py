"""An ASGI app on an address, by our web server: its bounds and files as the settings say."""

import errno
import resource
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import trio
from starlette.types import ASGIApp

from engine.model.errors import EncaminaError
from engine.project.spec import ServerSpec
from engine.webserver.bounds import Bounds
from engine.webserver.connection import Host
from engine.webserver.serve import serve
from engine.webserver.tls import TlsError, server_context

IN_USE = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES})
MOST_PORT = 65_535
OWN_FILES = 200
"""Open files that are kept for databases and requests to vendors."""


class ListenError(EncaminaError):
    """The address can't be listened on, or the files of its TLS can't be used."""


@dataclass(frozen=True, slots=True)
class Listening:
    """How an address is listened on; ``faulty`` is told of faults of the app and the server."""

    bounds: Bounds = field(default_factory=Bounds)
    context: ssl.SSLContext | None = None
    faulty: Callable[[Exception], None] = lambda _: None


def listening_of(spec: ServerSpec, root: Path, faulty: Callable[[Exception], None]) -> Listening:
    """What ``server:`` says; raises ``ListenError`` where the certificate can't be used.

    The system's limit of open files is raised as far as it goes; there are fewer connections where
    it stays too low for as many as the settings allow.
    """
    return Listening(
        Bounds(
            request_s=spec.request_timeout_ms / 1000,
            graceful_s=spec.shutdown_ms / 1000,
            max_connections=max(10, min(spec.max_connections, _open_files() - OWN_FILES)),
        ),
        _context(spec, root),
        faulty,
    )


def _context(spec: ServerSpec, root: Path) -> ssl.SSLContext | None:
    if spec.tls is None:
        return None
    try:
        return server_context(root / spec.tls.certificate, root / spec.tls.key)
    except TlsError as error:
        raise ListenError(str(error)) from None


def _open_files() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 2**31
    if hard != soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            return soft
    return 2**31 if hard == resource.RLIM_INFINITY else hard


async def serve_app(
    app: ASGIApp,
    listen: str,
    until: Callable[[], Awaitable[None]],
    how: Listening,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve ``app`` at ``HOST:PORT`` until ``until`` returns; gives the bound URLs once it listens.

    Port 0 takes a free one. Requests under way then get ``bounds.graceful_s`` to finish. Raises
    ``ListenError`` where the address is taken or is none.
    """
    listeners = await open_listeners(listen)
    web = Host(app, how.bounds, how.faulty)
    await serve(web, listeners, until, context=how.context, task_status=task_status)


async def open_listeners(listen: str) -> list[trio.SocketListener]:
    """Sockets that listen at ``HOST:PORT``; raises ``ListenError`` where that can't be."""
    try:
        host, port = _host_and_port(listen)
        return await trio.open_tcp_listeners(port, host=host, backlog=2048)
    except (OSError, OverflowError, ValueError) as error:
        raise ListenError(f"can't listen on {listen}: {_words(error)}") from None


def _host_and_port(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()):
        raise ValueError(listen)
    if int(port) > MOST_PORT:
        raise ValueError(listen)  # the system would take the rest of a division by 65536
    return host.removeprefix("[").removesuffix("]"), int(port)


def _words(fault: Exception) -> str:
    if isinstance(fault, OSError):
        inner = fault.__cause__ if isinstance(fault.__cause__, OSError) else fault
        if IN_USE & {fault.errno, inner.errno}:
            return "the address is in use, or this machine has no such address"
    return "expected HOST:PORT, such as 127.0.0.1:8080"
