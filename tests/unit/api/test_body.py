import gzip

import pytest
import trio
from starlette.requests import Request

from engine.api.body import inflated, read_body
from engine.api.room import Room, Roomed
from engine.model.errors import Refused

MOST = 1000
MIB = 1024 * 1024


def test_all_members_of_a_gzip_body_are_read():
    halves = gzip.compress(b"[1,", mtime=0) + gzip.compress(b"2]", mtime=0)

    assert inflated(halves, MOST) == b"[1,2]"


def test_a_body_up_to_the_limit_is_read_and_no_byte_more():
    assert len(inflated(gzip.compress(b"x" * MOST, mtime=0), MOST)) == MOST
    with pytest.raises(Refused, match="larger than 1,000 bytes"):
        inflated(gzip.compress(b"x" * (MOST + 1), mtime=0), MOST)


def test_the_limit_is_that_of_all_members_together():
    with pytest.raises(Refused, match="larger than"):
        inflated(gzip.compress(b"x" * 600, mtime=0) * 2, MOST)


def test_thousands_of_members_are_not_gone_through():
    member = gzip.compress(b"", mtime=0)

    assert inflated(member * 100, MOST) == b""
    with pytest.raises(Refused, match="members"):
        inflated(member * 100_000, MOST)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no gzip", "invalid_gzip"),
        (gzip.compress(b"whole", mtime=0)[:-4], "invalid_gzip"),
        (gzip.compress(b"whole", mtime=0) + b"rest", "invalid_gzip"),
    ],
)
def test_what_is_no_whole_gzip_is_refused(data, code):
    with pytest.raises(Refused) as refused:
        inflated(data, MOST)

    assert (refused.value.status, refused.value.code) == (400, code)


@pytest.mark.trio
@pytest.mark.parametrize(
    "data",
    [b"[" + b"1," * MIB + b"NaN]", b"[" + b'"\\ud83d",' * (MIB // 5) + b"1]"],
    ids=["no number", "half a pair"],
)
async def test_others_get_their_turn_while_a_large_body_is_mended(data):
    turns, done = 0, False

    async def read():
        nonlocal done
        await read_body(a_request(data), 8 * MIB)
        done = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        while not done:
            await trio.sleep(0.001)
            turns += 1

    assert turns > 8


def a_request(data):
    messages = iter([{"type": "http.request", "body": data, "more_body": False}])

    async def receive():
        return next(messages)

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


@pytest.mark.trio
async def test_an_inflated_body_holds_what_it_is_and_not_what_it_was():
    room, held = Room(lambda: 8 * MIB), []
    packed = gzip.compress(b'"' + b"x" * MIB + b'"', mtime=0)

    async def app(scope, receive, send):
        request = a_request(packed)
        await read_body(Request({**request.scope, **scope}, request.receive), 8 * MIB)
        held.append(room.held)

    await Roomed(app, room)({"type": "http", "headers": []}, None, None)

    assert (held, room.held) == ([MIB + 2], 0)


@pytest.mark.trio
async def test_a_body_that_has_no_room_when_inflated_is_refused():
    room = Room(lambda: MIB)
    packed = gzip.compress(b"x" * MIB, mtime=0)

    async def app(scope, receive, send):
        request = a_request(packed)
        await read_body(Request({**request.scope, **scope}, request.receive), 8 * MIB)

    with pytest.raises(Refused) as refused:
        await Roomed(app, room)({"type": "http", "headers": []}, None, None)

    assert (refused.value.status, refused.value.code, room.held) == (503, "no_room", 0)
