"""Answers on the wire, good and bad: at once, late, never, or broken off."""

from collections.abc import Awaitable, Callable

import orjson
import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from engine.sandbox.call import Reply

SLOW_S = 5.0
SILENT_S = 3_600.0
"""How long a caller without a time-out of its own is kept waiting before the connection ends."""

MISSING_BYTES = 1_000


class MannerResponse(Response):
    """A reply that travels in its manner."""

    def __init__(self, reply: Reply, sleep: Callable[[float], Awaitable[None]]) -> None:
        super().__init__(_content(reply), reply.status, dict(reply.headers), _media_type(reply))
        self._manner = reply.manner
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The reply is sent, or not, and nothing is left waiting."""
        match self._manner:
            case "answered":
                await super().__call__(scope, receive, send)
            case "slow":
                await self._sleep(SLOW_S)
                await super().__call__(scope, receive, send)
            case "silent":
                await self._wait_for_hang_up(receive)
                await self._break_off(send)
            case "cut":
                await self._break_off(send)

    async def _wait_for_hang_up(self, receive: Receive) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_disconnect, receive, nursery.cancel_scope)
            await self._sleep(SILENT_S)
            nursery.cancel_scope.cancel()

    async def _break_off(self, send: Send) -> None:
        """Less body than was announced, after which the server can only close the connection."""
        length = str(len(self.body) + MISSING_BYTES).encode()
        kept = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        headers = [*kept, (b"content-length", length)]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body[:1], "more_body": True})


async def _until_disconnect(receive: Receive, waiting: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    waiting.cancel()


def _content(reply: Reply) -> bytes | None:
    match reply.content:
        case None:
            return None
        case str() as text:
            return text.encode()
        case content:
            return orjson.dumps(content)


def _media_type(reply: Reply) -> str | None:
    if reply.content is None:
        return None
    return reply.media_type if isinstance(reply.content, str) else "application/json"
