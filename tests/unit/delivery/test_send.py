"""Requests over real sockets, to servers that answer badly."""

import pytest
import trio

from engine.delivery.send import open_sender
from engine.model.delivery import Answer, NoAnswer, Request

pytestmark = [pytest.mark.trio, pytest.mark.slow]


async def answered(serve, timeout_ms=300):
    """What the sender says of a server that handles a connection with ``serve``."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, serve, 0)
        port = listeners[0].socket.getsockname()[1]
        request = Request("POST", f"http://127.0.0.1:{port}/in?a=1", {}, {"b": "2"}, b"{}")
        async with open_sender(None, proxies=False) as sender:
            answer = await sender.send("vendor", request, timeout_ms)
        nursery.cancel_scope.cancel()
    return answer


async def test_an_answer_is_parsed_and_its_headers_are_in_lower_case():
    async def serve(stream):
        await stream.receive_some()
        await stream.send_all(
            b"HTTP/1.1 200 OK\r\nX-Trace: 1\r\nContent-Length: 8\r\n\r\n" + b'{"a": 1}'
        )

    assert await answered(serve, 5000) == Answer(
        200, {"x-trace": "1", "content-length": "8"}, {"a": 1}
    )


async def test_a_server_that_drips_its_answer_is_given_up_in_time():
    async def serve(stream):
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            await stream.send_all(b"x")
            await trio.sleep(0.05)

    assert await answered(serve) == NoAnswer("no answer within 0.3 s")


async def test_a_server_that_hangs_up_gives_no_answer():
    async def serve(stream):
        await stream.receive_some()
        await stream.aclose()

    answer = await answered(serve, 5000)

    assert isinstance(answer, NoAnswer)
    assert answer.reason.startswith("no answer: ")


@pytest.mark.parametrize("media", ["application/json", "application/problem+json; charset=utf-8"])
async def test_a_refusal_whose_json_breaks_off_is_no_answer(media):
    def serving(status, body):
        async def serve(stream):
            await stream.receive_some()
            head = f"HTTP/1.1 {status} X\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
            await stream.send_all(head.encode() + body)

        return serve

    cut = await answered(serving(400, b'{"error": {"code": 1'), 5000)
    text = await answered(serving(401, b"invalid token"), 5000)
    taken = await answered(serving(200, b'{"events_received": 1'), 5000)

    assert cut == NoAnswer("the answer, HTTP 400, is JSON that breaks off")
    assert text.body == "invalid token"
    assert taken.status == 200


async def test_a_redirect_is_an_answer_and_is_not_followed():
    async def serve(stream):
        await stream.receive_some()
        await stream.send_all(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        )

    answer = await answered(serve, 5000)

    assert answer.status == 302
