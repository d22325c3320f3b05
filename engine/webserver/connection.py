"""The life of one connection: handshake, one request after another, and its end."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import h11
import trio

from engine.webserver.bounds import Bounds
from engine.webserver.exchange import App, Exchange, asgi_scope
from engine.webserver.places import Places
from engine.webserver.refusals import FULL, Refusal, Unfit, answer
from engine.webserver.wire import GONE, Stream, Wire

Address = tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Host:
    """What all connections share; ``faulty`` is told of what the app let through."""

    app: App
    bounds: Bounds
    faulty: Callable[[Exception], None]
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", Places(self.bounds))


async def attend(host: Host, stream: Stream) -> None:
    """Serve a connection to its end; whatever happens within it ends with it."""
    try:
        if host.places.enter():
            await _attend(host, stream)
        else:
            await _turn_away(host, stream)
    finally:
        # At once: a farewell by TLS would wait for who has gone.
        await trio.aclose_forcefully(stream)


async def _attend(host: Host, stream: Stream) -> None:
    with trio.CancelScope() as scope:
        try:
            await _converse(host, stream, scope)
        except GONE:
            pass
        except Exception as error:  # noqa: BLE001 - the edge: nothing of one harms the others
            host.faulty(error)
        finally:
            host.places.leave(scope)


async def _converse(host: Host, stream: Stream, scope: trio.CancelScope) -> None:
    host.places.waits(scope, kept=False)
    scheme = await _handshake(stream, host.bounds)
    client, server = _addresses(stream)
    wire = Wire(stream, host.bounds)
    kept = False
    while (request := await _next(host, wire, scope, kept=kept)) is not None:
        http = wire.http
        assert http is not None
        exchange = Exchange(wire, http, request, lambda: host.places.stopping)
        await exchange.run(host.app, asgi_scope(request, scheme, client, server))
        if exchange.gone:
            return
        if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
            if exchange.answered:
                await wire.linger()
            return
        http.start_next_cycle()
        kept = True


async def _next(
    host: Host, wire: Wire, scope: trio.CancelScope, *, kept: bool
) -> h11.Request | None:
    """The next request, None at the end; what is none is answered, and is the end too."""
    host.places.waits(scope, kept=kept)
    try:
        request = await wire.head(kept=kept)
    except Unfit as unfit:
        host.places.busy(scope)
        await _refuse(wire, unfit.refusal)
        return None
    host.places.busy(scope)
    return request


async def _refuse(wire: Wire, refusal: Refusal) -> None:
    # A connection of its own: the one that met the fault answers nothing any more.
    http = h11.Connection(h11.SERVER)
    await wire.send(b"".join(http.send(one) or b"" for one in answer(refusal)))
    await wire.linger()


async def _turn_away(host: Host, stream: Stream) -> None:
    if isinstance(stream, trio.SocketStream):
        with trio.move_on_after(1):
            with suppress(*GONE):
                await _refuse(Wire(stream, host.bounds), FULL)


async def _handshake(stream: Stream, bounds: Bounds) -> str:
    if isinstance(stream, trio.SocketStream):
        return "http"
    with trio.fail_after(bounds.head_s):
        await stream.do_handshake()
    return "https"


def _addresses(stream: Stream) -> tuple[Address, Address]:
    socket = (stream if isinstance(stream, trio.SocketStream) else stream.transport_stream).socket
    return socket.getpeername()[:2], socket.getsockname()[:2]
