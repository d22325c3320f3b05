"""The life of one connection: frames in, each packet a task, answers out as they are ready."""

import math
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import trio

from engine.model.clock import Clock, Millis
from engine.model.jsonvalue import Body
from engine.nest.bounds import LARGE_CHARACTERS, RECEIVED_AT_ONCE, Bounds
from engine.nest.frames import BadFrame, Frames, frame_of
from engine.nest.packets import INTERNAL, Packet, failure, read_packet
from engine.nest.seats import Seat, Seats

Stream: TypeAlias = trio.SocketStream | trio.SSLStream[trio.SocketStream]
GONE = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, OSError)
"""How a caller shows that it is no longer there, or no longer takes what it is sent."""


@dataclass(frozen=True, slots=True)
class Host:
    """What all connections share.

    ``answer`` gives the packet to send back, None for none. ``turned_away`` is told why one was
    closed, in words of a small set; ``faulty`` is given what is a fault of our own.
    """

    answer: Callable[[Packet, Millis], Awaitable[Body | None]]
    clock: Clock
    bounds: Bounds
    turned_away: Callable[[str], None]
    faulty: Callable[[Exception], None]
    seats: Seats = field(init=False)
    parsing: trio.CapacityLimiter = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seats", Seats(self.bounds))
        object.__setattr__(self, "parsing", trio.CapacityLimiter(1))


async def attend(host: Host, stream: Stream) -> None:
    """Serve a connection to its end; whatever happens within it ends with it."""
    try:
        with trio.CancelScope() as whole:
            seat = host.seats.enter(whole)
            if seat is None:
                host.turned_away("nest connections")
            else:
                await _attend(host, stream, seat)
    finally:
        # At once: a farewell by TLS would wait for who has gone.
        await trio.aclose_forcefully(stream)


async def _attend(host: Host, stream: Stream, seat: Seat) -> None:
    try:
        await _Conversation(host, stream, seat).run()
    except GONE:
        pass
    except Exception as error:  # noqa: BLE001 - the edge: nothing of one harms the others
        host.faulty(error)
    finally:
        host.seats.leave(seat)
        if seat.gave_way is not None:
            host.turned_away(f"nest {seat.gave_way}")


class _Conversation:
    """One connection's own state."""

    def __init__(self, host: Host, stream: Stream, seat: Seat) -> None:
        self._host = host
        self._bounds = host.bounds
        self._stream = stream
        self._seat = seat
        self._frames = Frames(host.bounds.max_frame)
        self._slots = trio.Semaphore(host.bounds.at_once)
        self._sending = trio.Lock()
        self._is_gone = False

    async def run(self) -> None:
        """Read until the caller ends, breaks the rules or the server stops; answer what came."""
        await self._handshake()
        async with trio.open_nursery() as work:
            ended = await self._read(work)
        if not ended and not self._is_gone:
            await self._say_goodbye()

    async def _handshake(self) -> None:
        if isinstance(self._stream, trio.SSLStream):
            try:
                with trio.fail_after(self._bounds.handshake_s):
                    await self._stream.do_handshake()
            except GONE:
                self._host.turned_away("nest tls")
                raise

    async def _read(self, work: trio.Nursery) -> bool:
        """Take in frames; whether the caller has ended its side."""
        left_s = self._bounds.frame_s
        while not self._seat.is_ended:
            # The wait for a next frame has no end, as idle callers keep their connection. That for
            # the rest of one has: it is counted in waiting alone, not while we are busy ourselves.
            begun_s = trio.current_time()
            is_between = self._frames.is_between
            data = await self._received(math.inf if is_between else left_s)
            if data is None:
                return False
            if not data:
                return True
            left_s -= 0 if is_between else trio.current_time() - begun_s
            if await self._feed(data, work):
                left_s = self._bounds.frame_s
        return False

    async def _received(self, within_s: float) -> bytes | None:
        """What comes next, nothing at the caller's end; None where it is to be waited no more."""
        with trio.move_on_after(within_s) as self._seat.reading:
            try:
                return bytes(await self._stream.receive_some(RECEIVED_AT_ONCE))
            except GONE:
                self._is_gone = True
                return b""
        if not self._seat.is_ended:
            self._host.turned_away("nest frame")
        return None

    async def _feed(self, data: bytes, work: trio.Nursery) -> bool:
        """Start what ends in ``data``; whether any frame did."""
        seats, seat, found = self._host.seats, self._seat, False
        try:
            for text in self._frames.feed(data):
                found = True
                seats.waits_for(seat, 0)
                await self._begin(text, work)
        except (BadFrame, ValueError, RecursionError):
            # As NestJS does: the connection ends, as nobody knows where the next frame begins.
            self._host.turned_away("nest frame")
            seat.end()
        if not seats.waits_for(seat, self._frames.held_bytes):
            self._no_room()
        return found

    async def _begin(self, text: str, work: trio.Nursery) -> None:
        # Where so many are under way, nothing more is read: TCP then slows the caller down.
        await self._slots.acquire()
        try:
            packet = await self._parsed(text)
        except BaseException:
            self._slots.release()
            raise
        self._host.seats.proven(self._seat)
        if packet is None:
            self._slots.release()
        elif self._host.seats.works_on(self._seat, len(text)):
            work.start_soon(self._handle, packet, self._host.clock(), len(text))
        else:
            self._slots.release()
            self._no_room()

    async def _parsed(self, text: str) -> Packet | None:
        if len(text) <= LARGE_CHARACTERS:
            return read_packet(text)
        limiter = self._host.parsing
        return await trio.to_thread.run_sync(read_packet, text, limiter=limiter)

    async def _handle(self, packet: Packet, now: Millis, size_bytes: int) -> None:
        try:
            answer = await self._host.answer(packet, now)
            if answer is not None:
                await self._send(self._framed(packet, answer))
        except Exception as error:  # noqa: BLE001 - the edge: others of this connection go on
            self._host.faulty(error)
        finally:
            self._host.seats.works_on(self._seat, -size_bytes)
            self._slots.release()

    def _framed(self, packet: Packet, answer: Body) -> bytes:
        try:
            return frame_of(answer)
        except (TypeError, ValueError, RecursionError) as error:
            # Without an answer the caller would wait for ever.
            self._host.faulty(error)
            return frame_of(failure(packet, INTERNAL))

    async def _send(self, data: bytes) -> None:
        """Send it whole; a caller that doesn't take it in time is gone."""
        if self._is_gone:
            return
        try:
            if not self._host.seats.sends(self._seat, len(data)):
                self._no_room()
                return
            async with self._sending:
                if not self._is_gone:
                    with trio.fail_after(self._bounds.send_s):
                        await self._stream.send_all(data)
        except GONE:
            # What came before goes on to its end; only answers have nobody left.
            self._is_gone = True
            self._seat.end()
        finally:
            self._host.seats.sends(self._seat, -len(data))

    def _no_room(self) -> None:
        self._host.turned_away("nest room")
        self._is_gone = True
        self._seat.end()

    async def _say_goodbye(self) -> None:
        """End our side, and take in for a while what still comes.

        A close with bytes unread resets the connection, and answers are lost on their way.
        """
        with trio.move_on_after(self._bounds.linger_s), suppress(*GONE, ssl.SSLError):
            if isinstance(self._stream, trio.SSLStream):
                await self._stream.aclose()
                return
            await self._stream.send_eof()
            while await self._stream.receive_some(RECEIVED_AT_ONCE):
                pass
