"""Bodies of unknown senders, many and large: the memory is bounded and the others are answered."""

import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.support.processes import a_project, sandbox_running, server_running
from tests.support.raw import Ended, Raw, request

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
SENDERS = 60
GROWTH_BYTES = 160 * MIB
"""What all of them may cost: 490 MiB without a bound; 64 MiB are held, the rest are copies."""

SOURCES = """
  web:
    kind: browser
    write_key: web-key
    origins: ["https://tienda.example:443"]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A server that waits five seconds for a body."""
    folder = tmp_path_factory.mktemp("room")
    project = a_project(folder)
    settings = project / "encamina.yaml"
    settings.write_text(
        settings.read_text()
        .replace("server:\n", "server:\n  request_timeout: 5s\n")
        .replace("sources:\n", "sources:" + SOURCES)
    )
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox, project) as running:
        yield running


def peak_bytes(shop):
    lines = Path(f"/proc/{shop.server.process.pid}/status").read_text().splitlines()
    return next(int(one.split()[1]) * 1024 for one in lines if one.startswith("VmHWM"))


def a_track(id_):
    return {"type": "track", "event": "Seen", "userId": "lucia", "messageId": id_}


def test_eight_mebibytes_from_each_of_sixty_unknown_senders_fit_in_the_room(shop):
    head = request(b"", "Content-Length: 8388608", length=False)
    before, waited = peak_bytes(shop), []
    with ExitStack() as senders:
        for number in range(SENDERS):
            sender = senders.enter_context(Raw(shop.server.url))
            with suppress(ConnectionError):  # of who had to give way
                sender.send(head).send(b"x" * (8 * MIB - 1))
            began = time.monotonic()
            assert shop.post([a_track(f"meanwhile-{number}")]).json()["accepted"] == 1
            waited.append(time.monotonic() - began)

    assert peak_bytes(shop) - before < GROWTH_BYTES
    assert max(waited) < 2
    assert 'encamina_turned_away_total{why="room"}' in httpx.get(f"{shop.server.url}/metrics").text


def test_who_had_to_give_way_is_told_to_come_back(shop):
    head = request(b"", "Content-Length: 8388608", "Origin: https://tienda.example", length=False)
    answers = []
    with ExitStack() as senders:
        held = [senders.enter_context(Raw(shop.server.url)) for _ in range(9)]
        for one in held:
            one.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MIB)
            with suppress(ConnectionError):
                one.send(head).send(b"x" * (8 * MIB - 1))
        for one in held:
            with suppress(Ended):
                answers.append(one.answer())

    full = [one for one in answers if one.status == 503]
    assert full
    assert {(one.json()["code"], one.headers["retry-after"]) for one in full} == {("no_room", "5")}
    assert {one.headers["access-control-allow-origin"] for one in answers} == {
        "https://tienda.example"
    }
    # The others were too slow, which a page can read as well.
    assert {one.status for one in answers} <= {408, 503}
    assert 408 in {one.status for one in answers}


def test_a_wrong_key_is_refused_before_its_body_comes(shop):
    with Raw(shop.server.url) as sender:
        sender.send(
            request(b"", "Content-Length: 8388608", "Authorization: Basic d3Jvbmc6", length=False)
        )
        answer = sender.answer()

    assert (answer.status, answer.json()["code"]) == (401, "invalid_write_key")
    assert answer.headers["connection"] == "close"


def test_a_client_that_sends_all_of_it_first_still_gets_its_answer(shop):
    answer = httpx.post(
        f"{shop.server.url}/v1/batch", content=b"x" * 8 * MIB, auth=("wrong", ""), timeout=20
    )

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_write_key")


def test_a_large_body_that_has_to_be_mended_holds_up_nobody(shop):
    body = b'{"writeKey": "web-key", "batch": [], "more": [' + b"1," * (4 * MIB - 40) + b"NaN]}"
    longest, done = 0.0, []
    with Raw(shop.server.url, timeout=30) as sender, httpx.Client() as others:
        sender.send(request(body))
        sender.sock.setblocking(False)
        while not done:
            began = time.monotonic()
            assert others.get(f"{shop.server.url}/healthz").status_code == 200
            longest = max(longest, time.monotonic() - began)
            try:
                done = [sender.sock.recv(65_536)]
            except BlockingIOError:
                continue

    assert done[0].startswith(b"HTTP/1.1 200")
    assert b"NaN is no JSON number" in done[0]
    assert longest < 0.5
