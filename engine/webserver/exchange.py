"""One request and its answer: h11's events as the messages of ASGI."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from email.utils import formatdate
from typing import Any, cast
from urllib.parse import unquote

import h11
import trio

from engine.webserver.refusals import FAULT, SMALL_CHUNKS, TOO_SLOW_BODY, Refusal, Unfit, answer
from engine.webserver.wire import GONE, Wire, next_event

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
REFUSAL = "encamina.refusal"
"""An extension of the scope: the app may put ``headers`` there, a list of pairs of bytes.

They stand on what is refused in the app's place, such as a body that is too slow.
"""

MOST_PIECES = 100
"""Of a body in chunks, gone through at once: some 1 ms."""

FREE_CHUNKS = 2_000
SMALL_CHUNK_BYTES = 64
"""Beyond the first chunks they are larger than this on average: one costs as much as 10 KB."""

GONE_AWAY: Message = {"type": "http.disconnect"}


class Exchange:
    """Hands a request to the app, and the app's answer to the client."""

    def __init__(
        self, wire: Wire, http: h11.Connection, request: h11.Request, last: Callable[[], bool]
    ) -> None:
        self._wire = wire
        self._http = http
        self._is_head = request.method == b"HEAD"
        self._last = last
        self._deadline = trio.current_time() + wire.bounds.request_s
        self._running = trio.CancelScope()
        self._start: Message | None = None
        self._began = False
        self._all_read = False
        self._chunks = 0
        self._size_bytes = 0
        self._refusal: Refusal | None = None
        self._refusal_headers: Sequence[tuple[bytes, bytes]] = ()
        self.gone = False

    async def run(self, app: App, scope: Message) -> None:
        """Have it answered, or refused; raises what the app raised in place of an answer."""
        fault: Exception | None = None
        with self._running:
            try:
                await app(scope, self._receive, self._send)
            except Exception as error:  # noqa: BLE001 - the edge: told below, the server goes on
                fault = error
        by_the_app = self.answered
        self._refusal_headers = scope["extensions"][REFUSAL]["headers"]
        if not self._began and not self.gone:
            await self.refuse(self._refusal or FAULT)
        if fault is not None and not by_the_app and not self.gone:
            raise fault

    @property
    def answered(self) -> bool:
        """Whether the client has got a whole answer, as far as we can know."""
        return self._http.our_state in {h11.DONE, h11.MUST_CLOSE}

    async def refuse(self, refusal: Refusal) -> None:
        """Answer for the app."""
        self._began = True
        await self._write(*answer(refusal, self._refusal_headers))

    async def _receive(self) -> Message:
        """The next piece of the body, or that the client has gone."""
        if self._all_read:
            await self._hung_up()
            return GONE_AWAY
        try:
            return await self._piece()
        except trio.TooSlowError:
            await self._give_up(TOO_SLOW_BODY)
        except Unfit as unfit:
            await self._give_up(unfit.refusal)
        except GONE:
            self.gone = True
        return GONE_AWAY

    async def _piece(self) -> Message:
        """The next piece, as soon as it comes; for what is here already no clock is set."""
        if (piece := self._piece_at_hand()) is not None:
            if not self._all_read:
                await trio.lowlevel.checkpoint()
            return piece
        with trio.fail_at(self._deadline):
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            while True:
                if not await self._wire.receive(self._http):
                    return GONE_AWAY
                if (piece := self._piece_at_hand()) is not None:
                    return piece

    def _piece_at_hand(self) -> Message | None:
        """What was received of the body, with its end where that was received too."""
        pieces: list[bytes] = []
        while len(pieces) < MOST_PIECES and isinstance(
            event := next_event(self._http), h11.Data | h11.EndOfMessage
        ):
            if isinstance(event, h11.EndOfMessage):
                self._all_read = True
                break
            self._count(event)
            pieces.append(bytes(event.data))
        if pieces or self._all_read:
            body = b"".join(pieces)
            return {"type": "http.request", "body": body, "more_body": not self._all_read}
        return None

    def _count(self, data: h11.Data) -> None:
        """Pass, or raise ``Unfit`` for a body of very many small chunks, each with its cost."""
        if data.chunk_start:
            self._chunks += 1
        self._size_bytes += len(data.data)
        if self._chunks > FREE_CHUNKS + self._size_bytes // SMALL_CHUNK_BYTES:
            raise Unfit(SMALL_CHUNKS)

    async def _give_up(self, refusal: Refusal) -> None:
        """End the app where it stands: its own handlers would take this for a fault of ours."""
        self._refusal = refusal
        self._running.cancel()
        await trio.lowlevel.checkpoint()

    async def _hung_up(self) -> None:
        """Returns when the client has gone; its next request, sent early, waits meanwhile."""
        try:
            while not self._http.trailing_data[0]:
                if not await self._wire.receive(self._http):
                    return
        except GONE:
            self.gone = True
            return
        await trio.sleep_forever()

    async def _send(self, message: Message) -> None:
        if self.gone:
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        events: list[h11.Event] = []
        if self._start is not None and not self._began:
            self._began = True
            events.append(self._head(self._start))
        if (body := message.get("body", b"")) and not self._is_head:
            events.append(h11.Data(data=body))
        if not message.get("more_body", False):
            events.append(h11.EndOfMessage())
        await self._write(*events)

    def _head(self, start: Message) -> h11.Response:
        headers = [*start.get("headers", ()), (b"date", formatdate(usegmt=True).encode())]
        if self._last() or not self._body_is_here():
            headers.append((b"connection", b"close"))
        return h11.Response(status_code=start["status"], headers=headers)

    def _body_is_here(self) -> bool:
        """Whether the request ends within what was received; what the app left of it is skipped."""
        try:
            while not self._all_read and isinstance(
                event := next_event(self._http), h11.Data | h11.EndOfMessage
            ):
                self._all_read = isinstance(event, h11.EndOfMessage)
        except Unfit:
            return False
        return self._all_read

    async def _write(self, *events: h11.Event) -> None:
        """All of it in one piece; a client that has gone is no fault of the app."""
        data = b"".join(self._http.send(event) or b"" for event in events)
        try:
            await self._wire.send(data)
        except GONE:
            self.gone = True


def asgi_scope(
    request: h11.Request,
    scheme: str,
    client: tuple[str, int] | None,
    server: tuple[str, int] | None,
) -> Message:
    """What ASGI calls the scope of a request."""
    raw_path, _, query = _path_of(request.target).partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": request.http_version.decode("ascii"),
        "method": request.method.decode("ascii").upper(),
        "scheme": scheme,
        "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": cast("list[tuple[bytes, bytes]]", list(request.headers)),
        "client": client,
        "server": server,
        "extensions": {REFUSAL: {"headers": []}},
    }


def _path_of(target: bytes) -> bytes:
    """The path of a target, also where it comes whole as proxies are sent it."""
    for scheme in (b"http://", b"https://"):
        if target[: len(scheme)].lower() == scheme:
            _, slash, path = target[len(scheme) :].partition(b"/")
            return slash + path or b"/"
    return target
