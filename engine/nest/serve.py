"""Listens, and gives every connection a task of its own, until it is told to stop."""

import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

import trio

from engine.nest.connection import Host, attend
from engine.project.networks import Network

OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Seconds of silence, seconds between two questions, questions: gone after two minutes."""

BREATH_S = 0.05
"""The wait for a file to become free where the system has none left."""


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in: peers of ``allow`` (empty: all), by TLS where there is a ``context``."""

    allow: Sequence[Network] = ()
    context: ssl.SSLContext | None = None


OPEN = Door()


async def serve(
    host: Host,
    listeners: Sequence[trio.SocketListener],
    until: Callable[[], Awaitable[None]],
    door: Door = OPEN,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``until`` returns; gives the bound ``HOST:PORT`` at once, as it listens already.

    Others than the door lets in are closed unheard. At the end nothing more is read, and packets
    under way are answered within ``bounds.graceful_s``.
    """
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            for listener in listeners:
                accepting.start_soon(_accept, listener, host, door, connections)
            task_status.started([_address(listener) for listener in listeners])
            await until()
            accepting.cancel_scope.cancel()
        host.seats.stop()
        connections.cancel_scope.deadline = trio.current_time() + host.bounds.graceful_s


async def _accept(
    listener: trio.SocketListener,
    host: Host,
    door: Door,
    connections: trio.Nursery,
) -> None:
    async with listener:
        while True:
            try:
                stream = await listener.accept()
            except OSError as error:
                if error.errno not in OUT_OF_FILES:
                    raise
                host.seats.give_way()
                await trio.sleep(BREATH_S)
                continue
            if door.allow and not _is_allowed(stream, door.allow):
                host.turned_away("nest network")
                await trio.aclose_forcefully(stream)
                continue
            _keep_alive(stream)
            connections.start_soon(attend, host, _secured(stream, door.context))


def _keep_alive(stream: trio.SocketStream) -> None:
    """Have the system find out whose machine is gone: such a connection looks like an idle one."""
    with suppress(OSError):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEP_ALIVE.items():
            if hasattr(socket, name):
                stream.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _secured(
    stream: trio.SocketStream, context: ssl.SSLContext | None
) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
    if context is None:
        return stream
    return trio.SSLStream(stream, context, server_side=True, https_compatible=True)


def _is_allowed(stream: trio.SocketStream, allow: Sequence[Network]) -> bool:
    try:
        peer = ip_address(stream.socket.getpeername()[0].partition("%")[0])
    except OSError:
        return False
    address = getattr(peer, "ipv4_mapped", None) or peer
    return any(address in network for network in allow)


def _address(listener: trio.SocketListener) -> str:
    host, port = listener.socket.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
