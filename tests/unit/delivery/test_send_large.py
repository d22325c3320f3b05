"""How much is read of an answer: little of a vendor's, all of an export."""

from dataclasses import replace

import pytest
import trio

from engine.codec.body import dumps
from engine.delivery.send import MOST_ANSWER_BYTES, open_sender
from engine.model.delivery import Request

pytestmark = [pytest.mark.trio, pytest.mark.slow]

ROWS = [{"url": "/celulares/a56", "sessionsCount": str(number)} for number in range(40_000)]


@pytest.fixture
async def asked(nursery):
    """Asks a server whose answer is larger than a vendor's ever is."""
    body = dumps(ROWS)
    assert len(body) > MOST_ANSWER_BYTES

    async def serve(stream):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
        async with stream:
            await stream.receive_some()
            try:
                await stream.send_all(head.encode() + body)
            except trio.BrokenResourceError:
                return

    listeners = await nursery.start(trio.serve_tcp, serve, 0)
    port = listeners[0].socket.getsockname()[1]

    async def ask(most_bytes):
        async with open_sender(None, proxies=False) as sender:
            request = Request("GET", f"http://127.0.0.1:{port}/", {}, {}, b"")
            return await replace(sender, most_bytes=most_bytes).send("vendor", request, 5000)

    return ask


async def test_an_export_is_read_whole(asked):
    assert (await asked(16 * 1024 * 1024)).body == ROWS


async def test_of_any_other_answer_only_the_beginning_is_read(asked):
    body = (await asked(MOST_ANSWER_BYTES)).body

    assert isinstance(body, str)
    assert len(body) == MOST_ANSWER_BYTES
