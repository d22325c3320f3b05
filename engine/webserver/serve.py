"""Listens, and gives every connection a task of its own, until it is told to stop."""

import errno
import ssl
from collections.abc import Awaitable, Callable, Sequence

import trio

from engine.webserver.connection import Host, attend

OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
BREATH_S = 0.05
"""The wait for a file to become free where the system has none left."""


async def serve(
    host: Host,
    listeners: Sequence[trio.SocketListener],
    until: Callable[[], Awaitable[None]],
    *,
    context: ssl.SSLContext | None = None,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the app until ``until`` returns; gives the URLs at once, as it listens already.

    Connections that wait are closed then; requests under way get their time.
    """
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            for listener in listeners:
                accepting.start_soon(_accept, listener, host, context, connections)
            task_status.started([_url(listener, context) for listener in listeners])
            await until()
            accepting.cancel_scope.cancel()
        host.places.stop()
        connections.cancel_scope.deadline = trio.current_time() + host.bounds.graceful_s


async def _accept(
    listener: trio.SocketListener,
    host: Host,
    context: ssl.SSLContext | None,
    connections: trio.Nursery,
) -> None:
    async with listener:
        while True:
            try:
                stream = await listener.accept()
            except OSError as error:
                if error.errno not in OUT_OF_FILES:
                    raise
                host.places.give_way()
                await trio.sleep(BREATH_S)
                continue
            connections.start_soon(
                attend,
                host,
                stream
                if context is None
                else trio.SSLStream(stream, context, server_side=True, https_compatible=True),
            )


def _url(listener: trio.SocketListener, context: ssl.SSLContext | None) -> str:
    host, port = listener.socket.getsockname()[:2]
    scheme = "http" if context is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
