"""An ASGI app on a port: the one place that knows the web server (Hypercorn's trio worker)."""

import errno
from collections.abc import Awaitable, Callable
from typing import cast

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from hypercorn.typing import ASGIFramework
from starlette.types import ASGIApp

from engine.model.errors import EncaminaError

IN_USE = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES})
KEEP_ALIVE_S = 75
"""Longer than SDKs idle between flushes, so that a kept connection is still there."""


class ListenError(EncaminaError):
    """The address can't be listened on."""


async def serve_app(
    app: ASGIApp,
    listen: str,
    until: Callable[[], Awaitable[None]],
    *,
    graceful_s: float = 10.0,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve ``app`` at ``HOST:PORT`` until ``until`` returns; gives the bound URLs once it listens.

    Port 0 takes a free one. Requests under way then get ``graceful_s`` to finish. Raises
    ``ListenError`` where the address is taken or is none.
    """
    config = Config()
    config.bind = [listen]
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.graceful_timeout = graceful_s
    config.keep_alive_timeout = KEEP_ALIVE_S
    try:
        await serve(
            cast("ASGIFramework", app), config, shutdown_trigger=until, task_status=task_status
        )
    except* (OSError, OverflowError, ValueError) as faults:
        raise ListenError(f"can't listen on {listen}: {_words(faults)}") from None


def _words(faults: BaseExceptionGroup[OSError | OverflowError | ValueError]) -> str:
    taken = faults.subgroup(lambda fault: getattr(fault, "errno", None) in IN_USE)
    if taken is not None:
        return "the address is in use, or this machine has no such address"
    return "expected HOST:PORT, such as 127.0.0.1:8080"
