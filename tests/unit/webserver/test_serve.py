"""What an app may do, and what a client may do to it, over real sockets."""

import json
import socket
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from engine.webserver.bounds import Bounds
from engine.webserver.connection import Host
from engine.webserver.serve import serve

pytestmark = pytest.mark.trio

ASKED = b"POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
BODY = {"type": "http.response.body", "body": b"ok"}


@asynccontextmanager
async def served(app, **bounds):
    """A function that gives a connection, one that stops the server, and the faults it told of."""
    faults, stop = [], trio.Event()
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        host = Host(app, Bounds(**bounds), faults.append)
        await nursery.start(serve, host, listeners, stop.wait)
        yield partial(trio.open_tcp_stream, "127.0.0.1", port), stop.set, faults
        stop.set()
        nursery.cancel_scope.deadline = trio.current_time() + 1


async def read_all(stream):
    """All that comes until the server closes."""
    data = b""
    async with stream:
        with trio.fail_after(5):
            try:
                async for piece in stream:
                    data += piece
            except trio.BrokenResourceError:
                pass
    return data


async def asked(connect, data=ASKED):
    stream = await connect()
    await stream.send_all(data)
    await stream.send_eof()
    return await read_all(stream)


async def body_of(receive):
    data, more = b"", True
    while more:
        message = await receive()
        data += message.get("body", b"")
        more = message.get("more_body", False)
    return data


async def test_a_request_and_its_answer_go_through_whole():
    seen = []

    async def app(scope, receive, send):
        seen.append((scope, await body_of(receive)))
        await send(START)
        await send(BODY)

    async with served(app) as (connect, _, faults):
        answer = await asked(connect, ASKED + ASKED)

    [(scope, body), _] = seen
    assert (scope["method"], scope["path"], scope["query_string"]) == ("POST", "/a b", b"c=d")
    assert (scope["raw_path"], scope["client"][0], body) == (b"/a%20b", "127.0.0.1", b"body")
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.endswith(b"\r\n\r\nok")
    assert faults == []


async def test_an_app_that_raises_is_answered_for_and_told_of():
    async def app(scope, receive, send):
        raise ValueError("ours")

    async with served(app) as (connect, _, faults):
        head, _, body = (await asked(connect)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 503")
    assert b"Retry-After: 10" in head
    assert json.loads(body)["code"] == "internal_fault"
    assert [str(one) for one in faults] == ["ours"]


@pytest.mark.parametrize("raises", [False, True])
async def test_an_answer_that_ends_too_early_is_never_taken_for_a_whole_one(raises):
    async def app(scope, receive, send):
        await body_of(receive)
        await send(START)
        await send({**BODY, "body": b"o", "more_body": True})
        if raises:
            raise ValueError("ours")

    async with served(app) as (connect, _, faults):
        answer = await asked(connect)

    assert answer.endswith(b"\r\n\r\no")
    assert len(faults) == raises


async def test_an_app_that_raises_after_its_answer_costs_the_client_nothing():
    async def app(scope, receive, send):
        await body_of(receive)
        await send(START)
        await send(BODY)
        raise ValueError("told of already")

    async with served(app) as (connect, _, faults):
        answer = await asked(connect, ASKED * 2)

    assert answer.count(b"HTTP/1.1 200") == 2
    assert faults == []


async def test_an_answer_of_unknown_length_goes_out_in_chunks():
    async def app(scope, receive, send):
        await body_of(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
        await send({"type": "http.response.body"})

    async with served(app) as (connect, _, _):
        answer = await asked(connect)

    assert b"transfer-encoding: chunked" in answer.lower()
    assert answer.endswith(b"1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n")


async def test_a_body_that_nobody_read_is_skipped_where_it_is_there_already():
    async def app(scope, receive, send):
        await send(START)
        await send(BODY)

    async with served(app) as (connect, _, _):
        answer = await asked(connect, ASKED + ASKED)

    assert answer.count(b"HTTP/1.1 200") == 2


async def test_an_app_that_waits_is_told_when_its_client_goes():
    told = trio.Event()

    async def app(scope, receive, send):
        await body_of(receive)
        assert (await receive())["type"] == "http.disconnect"
        told.set()

    async with served(app) as (connect, _, faults):
        stream = await connect()
        await stream.send_all(ASKED)
        await stream.aclose()
        with trio.fail_after(2):
            await told.wait()

    assert faults == []


async def test_a_client_that_takes_nothing_is_left_and_the_app_notices_no_fault():
    done = trio.Event()

    async def app(scope, receive, send):
        await body_of(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(300):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        done.set()

    async with served(app, send_s=0.1) as (connect, _, faults):
        stream = await connect()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await stream.send_all(ASKED)
        with trio.fail_after(4):
            await done.wait()
        await stream.aclose()

    assert faults == []


async def test_a_body_that_drips_is_cut_off_by_the_clock_and_not_by_the_last_byte():
    async def app(scope, receive, send):
        await body_of(receive)
        raise AssertionError("the body never came to its end")

    async with served(app, request_s=0.2, linger_s=0.1) as (connect, _, faults):
        stream = await connect()
        await stream.send_all(ASKED[:-4])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(drip, stream)
            answer = await read_all(stream)
            nursery.cancel_scope.cancel()

    assert answer.startswith(b"HTTP/1.1 408")
    assert faults == []


async def drip(stream):
    try:
        for byte in (b"b", b"o", b"d"):
            await trio.sleep(0.09)
            await stream.send_all(byte)
    except trio.BrokenResourceError:
        pass


async def test_at_the_end_requests_under_way_are_answered_and_those_who_wait_are_closed():
    began, go_on = trio.Event(), trio.Event()

    async def app(scope, receive, send):
        await body_of(receive)
        began.set()
        await go_on.wait()
        await send(START)
        await send(BODY)

    async with served(app) as (connect, stop, _):
        waits, busy = await connect(), await connect()
        await busy.send_all(ASKED)
        await began.wait()
        stop()
        assert await read_all(waits) == b""
        go_on.set()
        answer = await read_all(busy)

    assert b"connection: close" in answer.lower()
    assert answer.endswith(b"ok")


async def test_a_request_that_never_ends_does_not_hold_up_the_end():
    began = trio.Event()

    async def app(scope, receive, send):
        began.set()
        await trio.sleep_forever()

    with trio.fail_after(3):
        async with served(app, graceful_s=0.1) as (connect, stop, _):
            stream = await connect()
            await stream.send_all(ASKED)
            await began.wait()
            stop()
            assert await read_all(stream) == b""


def with_head_of(size):
    """A request whose head has exactly so many bytes."""
    start, end = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"\r\n\r\n"
    return start + b"x" * (size - len(start) - len(end)) + end


@pytest.mark.parametrize("before", [b"", ASKED], ids=["first", "kept"])
@pytest.mark.parametrize("size", [1_000, 1_001, 16_000])
async def test_a_head_is_taken_up_to_its_bound_and_no_byte_more_however_it_comes(size, before):
    async def app(scope, receive, send):
        await body_of(receive)
        await send(START)
        await send(BODY)

    request = with_head_of(size)
    answers = []
    async with served(app, head_bytes=1_000, linger_s=0.1) as (connect, _, faults):
        for pieces in ([before + request], [before + request[:500], request[500:]]):
            stream = await connect()
            for piece in pieces:
                await stream.send_all(piece)
                await trio.sleep(0.02)
            await stream.send_eof()
            answers.append(await read_all(stream))

    last = [one[len(before) and one.rindex(b"HTTP/1.1") :] for one in answers]
    assert {one[9:12] for one in last} == {b"200" if size == 1_000 else b"431"}
    assert faults == []


async def test_what_comes_behind_a_head_does_not_count_as_head():
    async def app(scope, receive, send):
        await body_of(receive)
        await send(START)
        await send(BODY)

    async with served(app, head_bytes=1_000) as (connect, _, _):
        answer = await asked(connect, ASKED.replace(b": 4", b": 5000") + b"x" * 4_996)

    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("slow", [True, False], ids=["too slow", "fault"])
async def test_what_is_refused_in_the_app_s_place_has_the_headers_that_the_app_left_for_it(slow):
    async def app(scope, receive, send):
        scope["extensions"]["encamina.refusal"]["headers"] = [(b"x-told", b"page")]
        await body_of(receive)
        raise ValueError("ours")

    async with served(app, request_s=0.1, linger_s=0.1) as (connect, _, _):
        stream = await connect()
        await stream.send_all(ASKED[:-1] if slow else ASKED)
        answer = await read_all(stream)

    assert answer.startswith(b"HTTP/1.1 408" if slow else b"HTTP/1.1 503")
    assert b"x-told: page" in answer


def in_chunks(count, size):
    """A request whose body comes in so many chunks of so many bytes."""
    chunk = b"%x\r\n%s\r\n" % (size, b"x" * size)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunk * count + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("count", "size", "status"),
    [(1_900, 1, b"200"), (3_000, 100, b"200"), (2_200, 1, b"400"), (10, 100_000, b"200")],
)
async def test_a_body_may_come_in_chunks_but_not_in_very_many_small_ones(count, size, status):
    bodies = []

    async def app(scope, receive, send):
        bodies.append(await body_of(receive))
        await send(START)
        await send(BODY)

    async with served(app, linger_s=0.1) as (connect, _, faults):
        answer = await asked(connect, in_chunks(count, size))

    assert answer[9:12] == status
    assert bodies == ([b"x" * count * size] if status == b"200" else [])
    assert faults == []


async def test_a_body_in_many_chunks_lets_others_have_their_turn():
    turns, seen = 0, []

    async def app(scope, receive, send):
        while (await receive())["more_body"]:
            seen.append(turns)
        await send(START)
        await send(BODY)

    async def watch():
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with served(app) as (connect, _, _), trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        answer = await asked(connect, in_chunks(2_000, 64))
        nursery.cancel_scope.cancel()

    assert answer.startswith(b"HTTP/1.1 200")
    assert len(seen) > 10
    # Who is next of those who wait is drawn by lot, so that two pieces may follow each other.
    assert len(set(seen)) > len(seen) / 3
