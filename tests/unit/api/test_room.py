"""How many bytes of bodies are held together, and who gives way where there is no room."""

from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from engine.api.body import received
from engine.api.problems import on_refused
from engine.api.room import SMALL_BYTES, Room, Roomed, claim_of
from engine.model.errors import Refused
from engine.webserver.bounds import Bounds
from engine.webserver.connection import Host
from engine.webserver.serve import serve

pytestmark = pytest.mark.trio

MIB = 1024 * 1024
LARGE = 2 * SMALL_BYTES


@pytest.fixture
def refused():
    return []


@pytest.fixture
def room(refused):
    """Room for four large bodies, of which they may fill three quarters."""
    return Room(lambda: 4 * LARGE, lambda: refused.append(1))


async def hold(room, size_bytes, *, known=False, task_status=trio.TASK_STATUS_IGNORED):
    """A body of which so much came, and whose end does not come."""
    claim = room.claim()
    claim.known = known
    task_status.started(claim)
    with claim.coming():
        claim.take(size_bytes)
        await trio.sleep_forever()


@asynccontextmanager
async def held(room, *sizes, known=()):
    """So many bodies on their way, each begun a second after the one before."""
    ends = []

    async def ending(size_bytes, is_known, task_status=trio.TASK_STATUS_IGNORED):
        try:
            await hold(room, size_bytes, known=is_known, task_status=task_status)
        except Refused as one:
            ends.append((size_bytes, one))

    async with trio.open_nursery() as nursery:
        for number, size_bytes in enumerate(sizes):
            await nursery.start(ending, size_bytes, number in known)
            await trio.sleep(1)
        yield ends
        nursery.cancel_scope.cancel()


async def test_what_gives_way_is_told_to_come_back(room, refused, autojump_clock):
    async with held(room, LARGE, LARGE, LARGE) as ends:
        room.claim().take(LARGE)
        await trio.testing.wait_all_tasks_blocked()

    [(_, told)] = ends
    assert (told.status, told.code, told.retry_after_s) == (503, "no_room", 5)
    assert refused == [1]


async def test_the_body_that_held_most_for_longest_gives_way_and_the_newest_comes_in(
    room, autojump_clock
):
    async with held(room, LARGE + 1, 10, LARGE) as ends:
        room.claim().take(LARGE + 10)
        await trio.testing.wait_all_tasks_blocked()

    assert [size for size, _ in ends] == [LARGE + 1]


async def test_an_unknown_sender_gives_way_before_a_known_one(room, autojump_clock):
    async with held(room, LARGE, LARGE, LARGE, known=(0, 1)) as ends:
        known = room.claim()
        known.known = True
        with known.coming():
            known.take(LARGE)
        await trio.testing.wait_all_tasks_blocked()
        unknown = room.claim()
        with pytest.raises(Refused), unknown.coming():
            unknown.take(LARGE)

    assert len(ends) == 1


async def test_bodies_that_are_here_fill_a_part_and_small_ones_still_come_in(room):
    for _ in range(3):
        room.claim().take(LARGE)

    with pytest.raises(Refused):
        room.claim().take(LARGE)
    room.claim().take(SMALL_BYTES)


async def test_what_gave_way_takes_nothing_more(room, autojump_clock):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ignoring, Refused, hold, room, LARGE)
        await trio.sleep(1)
        [late] = room._coming
        for _ in range(3):
            room.claim().take(LARGE)
        with pytest.raises(Refused):
            late.take(1)

    assert room.held == 3 * LARGE


async def ignoring(kind, does, *args):
    with suppress(kind):
        await does(*args)


async def test_with_the_answer_nothing_is_held_any_more(room):
    seen = []

    async def app(scope, receive, send):
        claim_of(Request(scope)).take(MIB)
        seen.append(room.held)
        raise ValueError("whatever comes of it")

    with pytest.raises(ValueError, match="whatever"):
        await Roomed(app, room)({"type": "http", "headers": []}, None, None)

    assert (seen, room.held) == ([MIB], 0)


@asynccontextmanager
async def served(room):
    """A server that takes bodies, over real sockets; gives a function that connects."""

    async def take(request):
        return JSONResponse({"taken": len(await received(request, 8 * MIB))})

    app = Starlette(
        routes=[Route("/", take, methods=["POST"])], exception_handlers={Refused: on_refused}
    )
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        host = Host(Roomed(app, room), Bounds(linger_s=0.2), lambda error: None)
        await nursery.start(serve, host, listeners, stop.wait)
        yield partial(trio.open_tcp_stream, "127.0.0.1", port)
        stop.set()
        nursery.cancel_scope.deadline = trio.current_time() + 1


async def sent(connect, size, of):
    """A connection on which so many of so many bytes were sent."""
    stream = await connect()
    await stream.send_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % of)
    await stream.send_all(b"x" * size)
    return stream


async def test_bodies_that_never_end_keep_nobody_out():
    room, part = Room(lambda: 4 * MIB), MIB - 1
    async with served(room) as connect:
        slow = [await sent(connect, part, MIB) for _ in range(12)]
        async with await sent(connect, MIB, MIB) as fine:
            with trio.fail_after(5):
                answer = await fine.receive_some(4096)
        most = room.held
        refused = 0
        for one in slow:
            with trio.move_on_after(0.05):
                refused += (await one.receive_some(4096)).startswith(b"HTTP/1.1 503")
            await one.aclose()

    assert answer.startswith(b"HTTP/1.1 200")
    assert most <= 4 * MIB
    assert refused >= 9
