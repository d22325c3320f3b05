"""One connection's bytes as h11's events and back: the one door to that library's connection."""

from dataclasses import dataclass

import h11
import trio

from engine.webserver.bounds import RECEIVED_AT_ONCE, Bounds
from engine.webserver.refusals import (
    NOT_HTTP_1,
    TOO_LARGE_HEAD,
    TOO_SLOW_HEAD,
    TWO_LENGTHS,
    Unfit,
    unfit,
)

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]
GONE = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, OSError)
"""How a client shows that it is no longer there, or no longer takes what it is sent."""


@dataclass(slots=True)
class Wire:
    """A stream with its place in the protocol; a silent one has none yet, and costs little."""

    stream: Stream
    bounds: Bounds
    http: h11.Connection | None = None

    async def head(self, *, kept: bool) -> h11.Request | None:
        """The next request's head; None where the client went, or said nothing for too long.

        Raises ``Unfit`` for what is no request, or stops half way.
        """
        http = self.http
        size = 0 if http is None else len(http.trailing_data[0])
        begun = size > 0
        wait_s = self.bounds.keep_alive_s if kept and not begun else self.bounds.head_s
        deadline = trio.current_time() + wait_s
        while True:
            if http is not None:
                event = next_event(http)
                if isinstance(event, h11.Request):
                    self._measure(http, size)
                    return _checked(event)
                if isinstance(event, h11.ConnectionClosed):
                    return None
            with trio.move_on_at(deadline) as scope:
                data = await self.stream.receive_some(RECEIVED_AT_ONCE)
            if scope.cancelled_caught:
                if begun:
                    raise Unfit(TOO_SLOW_HEAD)
                return None
            if not data:
                return None
            if not begun:
                begun, deadline = True, trio.current_time() + self.bounds.head_s
            if http is None:
                self.http = http = h11.Connection(
                    h11.SERVER, max_incomplete_event_size=self.bounds.head_bytes
                )
            size += len(data)
            http.receive_data(bytes(data))

    def _measure(self, http: h11.Connection, received_bytes: int) -> None:
        """Pass, or raise ``Unfit`` for a head that is too large.

        h11 bounds only what it waits for: a head that came whole it takes at any size.
        """
        most = self.bounds.head_bytes
        if received_bytes > most and received_bytes - len(http.trailing_data[0]) > most:
            raise Unfit(TOO_LARGE_HEAD)

    async def receive(self, http: h11.Connection) -> bool:
        """Have more bytes; False at their end."""
        data = await self.stream.receive_some(RECEIVED_AT_ONCE)
        http.receive_data(bytes(data))
        return bool(data)

    async def send(self, data: bytes) -> None:
        """Send all of it; raises one of ``GONE`` where the client doesn't take it in time."""
        if data:
            with trio.fail_after(self.bounds.send_s):
                await self.stream.send_all(data)

    async def linger(self) -> None:
        """Take in what the client is still sending for a while.

        A close with bytes unread resets the connection, and the answer is lost on its way.
        """
        with trio.move_on_after(self.bounds.linger_s):
            if isinstance(self.stream, trio.SocketStream):
                await self.stream.send_eof()
            while await self.stream.receive_some(RECEIVED_AT_ONCE):
                pass


def next_event(http: h11.Connection) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
    """The next event; raises ``Unfit`` for what is no HTTP."""
    try:
        return http.next_event()
    except h11.RemoteProtocolError as error:
        raise unfit(error) from None


def _checked(request: h11.Request) -> h11.Request:
    if request.http_version not in {b"1.0", b"1.1"}:
        raise Unfit(NOT_HTTP_1)
    names = {name for name, _ in request.headers}
    if b"content-length" in names and b"transfer-encoding" in names:
        # Two servers in a row may read such a request differently: the way to smuggle a second.
        raise Unfit(TWO_LENGTHS)
    return request
