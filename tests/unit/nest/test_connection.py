"""What callers may do to a connection, over real sockets."""

import json
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network

import pytest
import trio

from engine.model.clock import Millis
from engine.nest.bounds import Bounds
from engine.nest.connection import Host
from engine.nest.frames import Frames
from engine.nest.packets import response
from engine.nest.serve import Door, serve

pytestmark = pytest.mark.trio

DEEP = '{"pattern":"a","data":%s,"id":"x"}' % ("[" * 900 + "]" * 900)


class Served:
    """A server whose answer to a packet is ``respond(data)``, and what it told of."""

    def __init__(self, port, stop, host, away, faults, seen):
        self.port, self.stop, self.host = port, stop, host
        self.away, self.faults, self.seen = away, faults, seen
        self.callers = []

    async def connect(self):
        self.callers.append(Caller(await trio.open_tcp_stream("127.0.0.1", self.port)))
        return self.callers[-1]


class Caller:
    """One connection of a caller."""

    def __init__(self, stream):
        self.stream = stream
        self.frames = Frames(1024 * 1024 * 64)
        self.read = []

    async def send(self, *packets):
        await self.raw(b"".join(map(framed, packets)))
        return self

    async def raw(self, data):
        await self.stream.send_all(data)
        return self

    async def answers(self, count):
        """The next so many."""
        with trio.fail_after(5):
            while len(self.read) < count:
                data = await self.stream.receive_some(65_536)
                assert data, f"ended after {self.read}"
                self.read += map(json.loads, self.frames.feed(data))
        found, self.read = self.read[:count], self.read[count:]
        return found

    async def rest(self):
        """All answers until the server ends, None where it resets the connection."""
        found = list(self.read)
        with trio.fail_after(5):
            try:
                async for data in self.stream:
                    found += map(json.loads, self.frames.feed(data))
            except trio.BrokenResourceError:
                return None
        await self.stream.aclose()
        return found


def framed(packet):
    text = packet if isinstance(packet, str) else json.dumps(packet, ensure_ascii=False)
    return f"{len(text.encode('utf-16-le')) // 2}#{text}".encode()


def send(data, id_="1", pattern="a"):
    return {"pattern": pattern, "data": data, "id": id_}


def emit(data, pattern="a"):
    return {"pattern": pattern, "data": data}


async def echo(data):
    return data


async def never(data):
    await trio.sleep_forever()


@asynccontextmanager
async def serving(respond=echo, allow=(), **bounds):
    away, faults, seen, stop = [], [], [], trio.Event()

    async def answer(packet, now):
        seen.append(packet.data)
        value = await respond(packet.data)
        return response(packet, value) if packet.wants_answer else None

    host = Host(answer, lambda: Millis(0), Bounds(**bounds), away.append, faults.append)
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        await nursery.start(serve, host, listeners, stop.wait, Door(allow))
        served = Served(port, stop.set, host, away, faults, seen)
        yield served
        for one in served.callers:
            await trio.aclose_forcefully(one.stream)
        stop.set()
        nursery.cancel_scope.deadline = trio.current_time() + 1


async def until(condition):
    with trio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - of a server that is told of nothing
            await trio.sleep(0.005)


async def test_a_packet_is_answered_with_its_id():
    async with serving() as served:
        caller = await (await served.connect()).send(send({"a": "ñ😀"}, "f3e"))

        assert await caller.answers(1) == [
            {"response": {"a": "ñ😀"}, "isDisposed": True, "id": "f3e"}
        ]


async def test_many_packets_in_one_segment_and_one_in_many_are_answered():
    async with serving() as served:
        caller = await served.connect()
        await caller.send(*[send(n, str(n)) for n in range(200)])
        for byte in framed(send("😀", "last")):
            await caller.raw(bytes([byte]))

        answers = await caller.answers(201)

    assert {one["id"]: one["response"] for one in answers} == {
        **{str(n): n for n in range(200)},
        "last": "😀",
    }


async def test_an_answer_that_is_ready_waits_for_no_other():
    late = trio.Event()

    async def respond(data):
        if data == "late":
            await late.wait()
        return data

    async with serving(respond) as served:
        caller = await (await served.connect()).send(send("late", "1"), send("soon", "2"))

        assert [one["id"] for one in await caller.answers(1)] == ["2"]
        late.set()
        assert [one["id"] for one in await caller.answers(1)] == ["1"]


async def test_what_is_emitted_gets_no_answer():
    async with serving() as served:
        caller = await (await served.connect()).send(emit(1), send(2))

        assert [one["response"] for one in await caller.answers(1)] == [2]
        assert sorted(served.seen) == [1, 2]


async def test_what_is_emitted_before_the_caller_goes_is_worked_on():
    async def slowly(data):
        await trio.sleep(0.02)
        return data

    async with serving(slowly) as served:
        caller = await (await served.connect()).send(*[emit(n) for n in range(150)])
        await caller.stream.aclose()

        await until(lambda: len(served.seen) == 150)


async def test_an_answer_that_nobody_takes_any_more_stops_no_work_under_way():
    done, first = [], trio.Event()

    async def respond(data):
        if data != "first":
            await first.wait()
            await trio.sleep(0.05)
            done.append(data)
        return data

    async with serving(respond) as served:
        caller = await (await served.connect()).send(send("first"), *[emit(n) for n in range(5)])
        await until(lambda: len(served.seen) == 6)
        await trio.aclose_forcefully(caller.stream)
        first.set()

        await until(lambda: sorted(done) == [0, 1, 2, 3, 4])


async def test_a_caller_that_ends_its_side_still_gets_its_answers():
    async def slowly(data):
        await trio.sleep(0.02)
        return data

    async with serving(slowly) as served:
        caller = await (await served.connect()).send(send(1), send(2))
        await caller.stream.send_eof()

        assert {one["response"] for one in await caller.rest()} == {1, 2}


@pytest.mark.parametrize("bad", [b"abc#{}", b"0#", b"-1#{}", b"3#{]}", b"9" * 64, b"99999999#{"])
async def test_a_bad_frame_ends_the_connection_after_what_came_before_is_answered(bad):
    async with serving() as served:
        caller = await (await served.connect()).send(send(1))
        await caller.raw(bad + b"more" * 1_000)

        assert [one["response"] for one in await caller.rest()] == [1]
        assert served.away == ["nest frame"]
        assert served.faults == []


async def test_answers_are_not_lost_where_a_caller_goes_on_sending_after_a_bad_frame():
    async def respond(data):
        return "x" * 300_000

    async with serving(respond) as served:
        caller = await served.connect()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(caller.raw, framed(send(1)) + b"0#" + b"more" * 500_000)
            with trio.fail_after(5):
                while len(caller.read) < 1:
                    caller.read += map(
                        json.loads, caller.frames.feed(await caller.stream.receive_some(65_536))
                    )
                    await trio.sleep(0.001)

        assert await caller.stream.receive_some(1) == b""


async def test_garbage_at_one_connection_harms_no_other():
    async with serving() as served:
        good = await (await served.connect()).send(send(1))
        for data in (b"\x16\x03\x01\x02\x00" * 20, b"GET / HTTP/1.1\r\n\r\n" * 9, b"\x00" * 9_000):
            bad = await (await served.connect()).raw(data)
            assert not await bad.rest()

        await good.send(send(2))
        assert len(await good.answers(2)) == 2


@pytest.mark.parametrize("packet", ["null", "[]", '"x"', "7", "{}", '{"id":"x"}'])
async def test_json_that_asks_for_nothing_is_passed_over(packet):
    async with serving() as served:
        caller = await (await served.connect()).send(packet, send("next"))

        assert [one["response"] for one in await caller.answers(1)] == ["next"]


async def test_json_nested_deeply_is_answered_or_refused_and_the_server_goes_on():
    async with serving() as served:
        caller = await (await served.connect()).send(DEEP)
        await caller.stream.send_eof()
        answers = await caller.rest()

        assert answers is not None
        other = await (await served.connect()).send(send("next"))
        assert len(await other.answers(1)) == 1


async def test_an_answer_that_is_no_json_is_a_fault_that_the_caller_is_told_of():
    async def respond(data):
        return float("nan")

    async with serving(respond) as served:
        caller = await (await served.connect()).send(send(1, "9"))

        assert await caller.answers(1) == [
            {
                "err": {"status": "error", "message": "Internal server error"},
                "isDisposed": True,
                "id": "9",
            }
        ]
        assert [type(one) for one in served.faults] == [ValueError]


async def test_a_frame_that_stops_half_way_is_given_up(autojump_clock):
    autojump_clock.autojump_threshold = 0.02  # what is on its way on real sockets arrives first
    async with serving(frame_s=30) as served:
        caller = await (await served.connect()).send(send(1))
        await caller.answers(1)
        await caller.raw(b'50#{"pattern"')
        begun = trio.current_time()

        with trio.fail_after(60):
            assert await caller.stream.receive_some(1) == b""
        assert trio.current_time() - begun == pytest.approx(30, abs=1)
        assert served.away == ["nest frame"]


async def test_a_frame_that_comes_drop_by_drop_is_given_up(autojump_clock):
    autojump_clock.autojump_threshold = 0.02  # what is on its way on real sockets arrives first
    async with serving(frame_s=30) as served:
        caller = await served.connect()
        begun = trio.current_time()
        await caller.raw(b"5000#")

        while not served.away:
            await caller.raw(b"x")
            await trio.sleep(5)

        assert 25 <= trio.current_time() - begun <= 40


async def test_an_idle_connection_stays(autojump_clock):
    autojump_clock.autojump_threshold = 0.02  # what is on its way on real sockets arrives first
    async with serving() as served:
        caller = await (await served.connect()).send(send(1))
        await caller.answers(1)
        await trio.sleep(80_000)

        await caller.send(send(2))
        with trio.fail_after(100):
            data = await caller.stream.receive_some(1_000)
        assert b'"response":2' in data


async def test_no_more_is_read_while_a_caller_has_enough_under_way():
    go = trio.Event()

    async def respond(data):
        await go.wait()
        return data

    async with serving(respond, at_once=4) as served:
        caller = await (await served.connect()).send(*[send(n, str(n)) for n in range(50)])
        await until(lambda: len(served.seen) == 4)
        await trio.sleep(0.05)
        assert len(served.seen) == 4

        go.set()
        assert len(await caller.answers(50)) == 50


async def test_a_caller_that_takes_no_answers_is_given_up_and_holds_little():
    async def respond(data):
        return "x" * 5_000_000

    async with serving(respond, send_s=0.1, at_once=2) as served:
        caller = await served.connect()
        with pytest.raises(trio.BrokenResourceError):
            await caller.send(*[send("x" * 50_000, str(n)) for n in range(200)])

        await until(lambda: served.host.seats.count == 0)
        assert len(served.seen) < 20


async def test_who_never_sent_a_packet_gives_way_to_new_callers():
    async with serving(max_connections=20) as served:
        proven = await (await served.connect()).send(send(1))
        await proven.answers(1)
        for _ in range(200):
            await served.connect()

        late = await (await served.connect()).send(send("late"))
        assert [one["response"] for one in await late.answers(1)] == ["late"]
        await proven.send(send("still here"))
        assert [one["response"] for one in await proven.answers(1)] == ["still here"]
        assert served.host.seats.count <= 20
        assert served.away.count("nest connections") >= 180


async def test_where_all_are_proven_one_more_is_turned_away():
    async with serving(max_connections=2) as served:
        callers = [await (await served.connect()).send(send(n)) for n in range(2)]
        for one in callers:
            await one.answers(1)

        assert not await (await served.connect()).rest()
        assert served.away == ["nest connections"]


async def test_half_sent_frames_give_way_where_they_would_fill_the_memory():
    async with serving(max_in_flight_bytes=400_000) as served:
        callers = [await served.connect() for _ in range(8)]
        for size, one in enumerate(callers, 1):
            await one.raw(b"90000#" + b"x" * (5_000 * size))
        await until(lambda: "nest room" in served.away)

        small = await (await served.connect()).send(send("small"))
        assert [one["response"] for one in await small.answers(1)] == ["small"]


async def test_a_stop_answers_what_is_under_way_and_ends_the_rest():
    go = trio.Event()

    async def respond(data):
        await go.wait()
        return data

    async with serving(respond) as served:
        busy = await (await served.connect()).send(send(1), send(2))
        idle = await served.connect()
        await until(lambda: len(served.seen) == 2)
        served.stop()

        assert await idle.rest() == []
        with pytest.raises(OSError):
            await served.connect()
        go.set()
        assert {one["response"] for one in await busy.rest()} == {1, 2}


async def test_a_stop_waits_no_longer_than_it_may():
    async with serving(never, graceful_s=0.1) as served:
        await (await served.connect()).send(send(1))
        await until(lambda: served.seen)
        served.stop()

        await until(lambda: served.host.seats.count == 0)


@pytest.mark.parametrize(("network", "allowed"), [("127.0.0.0/8", True), ("10.0.0.0/8", False)])
async def test_only_peers_of_the_allowed_networks_are_heard(network, allowed):
    async with serving(allow=[ip_network(network)]) as served:
        caller = await served.connect()
        try:
            await caller.send(send(1))
            await caller.stream.send_eof()
        except trio.BrokenResourceError:
            assert not allowed

        assert bool(await caller.rest()) == allowed
        assert served.away == ([] if allowed else ["nest network"])


async def test_a_large_packet_is_taken_whole():
    text = "ñ" * 900_000

    async with serving() as served:
        caller = await served.connect()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(caller.send, send(text)))
            [answer] = await caller.answers(1)

    assert answer["response"] == text
